/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An 8259A pair with rules: how the 8259s of QEMU and of Bochs differ from the datasheet (Intel 231468-003) and from the model.
 * docs/differential.md says for each rule who does it and who is right.
 *
 * Rule: with no rule on it is the datasheet's, written down apart from the model. A rule changes one thing, where its name is asked
 * for in the source.
 */
#ifndef TESTS_UNIT_RULED8259_H
#define TESTS_UNIT_RULED8259_H

#include <stdbool.h>
#include <stdint.h>

#define RULED_RULES(X)                                                                                                 \
	/* requests */                                                                                                 \
	X(EDGE_STAYS, "edge-stays")     /* a request stays when its edge triggered input falls */                      \
	X(LEVEL_STORED, "level-stored") /* a level is a request from its rise on, whatever ELCR says in between */     \
	X(LTIM_IGNORED, "ltim-ignored") /* ICW1's LTIM does nothing */                                                 \
	/* INT */                                                                                                      \
	X(INT_LATER, "int-later")     /* a new mode shows at INT only when something else happens */                   \
	X(INT_LATCHED, "int-latched") /* INT and its level are decided by the first request, and stay so */            \
	X(INT_IN_INIT, "int-in-init") /* requests come through between ICW1 and the last ICW */                        \
	/* the cascade */                                                                                              \
	X(CASCADE_FIXED, "cascade-fixed")     /* the slave is at input 2 and named 2, whatever SNGL and ICW3 say */    \
	X(CASCADE_NO_EDGE, "cascade-no-edge") /* a slave that asks for more after the acknowledge makes no new edge */ \
	X(SFNM_NONE, "sfnm-none")             /* there is no special fully nested mode */                              \
	X(SFNM_LOWER, "sfnm-lower")           /* in that mode a slave in service holds nothing back at all */          \
	/* commands */                                                                                                 \
	X(ROTATE_BY_ONE, "rotate-by-one")     /* rotate on non-specific EOI moves the priorities by one */             \
	X(SMM_ALL, "smm-all")                 /* special mask mode: what is in service holds only itself back */       \
	X(EOI_ENDS_MASKED, "eoi-ends-masked") /* non-specific EOI in that mode ends masked levels too */               \
	X(OCW2_LISTED, "ocw2-listed")         /* OCW2 with a level where none is asked for is ignored */               \
	X(POLL_ENDS, "poll-ends")             /* a poll is an EOI, and tells the last level without a flag */          \
	X(POLL_STAYS, "poll-stays")           /* OCW3 without P does not take a poll command back */                   \
	X(POLL_ALONE, "poll-alone")           /* OCW3 with P does nothing else */                                      \
	/* initialisation */                                                                                           \
	X(MCS80_IGNORED, "mcs80-ignored")           /* always 8086 mode */                                             \
	X(SNGL_IGNORED, "sngl-ignored")             /* ICW3 is expected from a single chip */                          \
	X(INIT_KEEPS, "init-keeps")                 /* ICW1 keeps special mask mode, read select and poll command */   \
	X(INIT_DROPS_LEVEL, "init-drops-level")     /* ICW1 drops requests of levels that are high */                  \
	X(INIT_FORGETS, "init-forgets")             /* ICW1 takes every input for low */                               \
	X(INIT_NO_BASE, "init-no-base")             /* ICW1 clears ICW2 */                                             \
	X(INIT_LEAVES_MASTER, "init-leaves-master") /* a slave's ICW1 does not take back its request at the master */

#define RULED_ENUM(id, name) RULED_BIT_##id,
enum { RULED_RULES(RULED_ENUM) RULED_RULE_COUNT };
#undef RULED_ENUM
#define RULED_ENUM(id, name) RULE_##id = 1 << RULED_BIT_##id,
enum { RULED_RULES(RULED_ENUM) };
#undef RULED_ENUM

void ruled_reset(uint32_t rules);
void ruled_line(unsigned line, bool high);
bool ruled_intr(void);
uint8_t ruled_acknowledge(void);
/* port: 20h, 21h, A0h, A1h, 4D0h, 4D1h */
uint8_t ruled_read(uint16_t port);
void ruled_write(uint16_t port, uint8_t value);

#endif
