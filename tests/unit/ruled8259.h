/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An 8259A pair with rules: how the 8259s of QEMU and of Bochs differ from the datasheet (Intel
 * 231468-003) and from the model. docs/differential.md says for each rule who does it and who is
 * right.
 *
 * Rule: with no rule on it is the datasheet's, written down apart from the model. A rule changes
 * one thing, where its name is asked for in the source.
 */
#ifndef TESTS_UNIT_RULED8259_H
#define TESTS_UNIT_RULED8259_H

#include <stdbool.h>
#include <stdint.h>

#define RULED_RULES(X)                                                                     \
	/* requests */                                                                     \
	/* a request stays when its edge triggered input falls */                          \
	X(EDGE_STAYS, "edge-stays")                                                        \
	/* a level is a request from its rise on, whatever ELCR says in between */         \
	X(LEVEL_STORED, "level-stored")                                                    \
	X(LTIM_IGNORED, "ltim-ignored") /* ICW1's LTIM does nothing */                     \
	/* INT */                                                                          \
	/* a new mode shows at INT only when something else happens */                     \
	X(INT_LATER, "int-later")                                                          \
	/* INT and its level are decided by the first request, and stay so */              \
	X(INT_LATCHED, "int-latched")                                                      \
	/* requests come through between ICW1 and the last ICW */                          \
	X(INT_IN_INIT, "int-in-init")                                                      \
	/* the cascade */                                                                  \
	/* the slave is at input 2 and named 2, whatever SNGL and ICW3 say */              \
	X(CASCADE_FIXED, "cascade-fixed")                                                  \
	/* a slave that asks for more after the acknowledge makes no new edge */           \
	X(CASCADE_NO_EDGE, "cascade-no-edge")                                              \
	X(SFNM_NONE, "sfnm-none") /* there is no special fully nested mode */              \
	/* in that mode a slave in service holds nothing back at all */                    \
	X(SFNM_LOWER, "sfnm-lower")                                                        \
	/* commands */                                                                     \
	/* rotate on non-specific EOI moves the priorities by one */                       \
	X(ROTATE_BY_ONE, "rotate-by-one")                                                  \
	/* special mask mode: what is in service holds only itself back */                 \
	X(SMM_ALL, "smm-all")                                                              \
	/* non-specific EOI in that mode ends masked levels too */                         \
	X(EOI_ENDS_MASKED, "eoi-ends-masked")                                              \
	/* OCW2 with a level where none is asked for is ignored */                         \
	X(OCW2_LISTED, "ocw2-listed")                                                      \
	/* a poll is an EOI, and tells the last level without a flag */                    \
	X(POLL_ENDS, "poll-ends")                                                          \
	X(POLL_STAYS, "poll-stays") /* OCW3 without P does not take a poll command back */ \
	X(POLL_ALONE, "poll-alone") /* OCW3 with P does nothing else */                    \
	/* initialisation */                                                               \
	X(MCS80_IGNORED, "mcs80-ignored") /* always 8086 mode */                           \
	X(SNGL_IGNORED, "sngl-ignored")   /* ICW3 is expected from a single chip */        \
	/* ICW1 keeps special mask mode, read select and poll command */                   \
	X(INIT_KEEPS, "init-keeps")                                                        \
	/* ICW1 drops requests of levels that are high */                                  \
	X(INIT_DROPS_LEVEL, "init-drops-level")                                            \
	X(INIT_FORGETS, "init-forgets") /* ICW1 takes every input for low */               \
	X(INIT_NO_BASE, "init-no-base") /* ICW1 clears ICW2 */                             \
	/* a slave's ICW1 does not take back its request at the master */                  \
	X(INIT_LEAVES_MASTER, "init-leaves-master")

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
