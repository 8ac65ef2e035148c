/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * picprobe: plays programs on a pair of 8259As and prints what it saw. Its parts: run.c (words, and
 * all programs in turn), play.c (one program, and its transcript), recorded.c (programs by hand),
 * random.c (programs from a seed); and, on the machine, main.c (ports and interrupts) with levers.c
 * (lines, driven by real devices).
 *
 * Rule: a program depends on the words alone and a transcript on the controller alone, so the
 * transcripts of any two controllers can be laid side by side. On the host the same parts play on
 * the model (tests/unit/picprobe_host.c).
 */
#ifndef GUESTS_PICPROBE_PICPROBE_H
#define GUESTS_PICPROBE_PICPROBE_H

#include <stdbool.h>
#include <stdint.h>

/* ---- Programs ---- */

/* Where an operation reads or writes. */
enum probe_port {
	MASTER_COMMAND,
	MASTER_DATA,
	SLAVE_COMMAND,
	SLAVE_DATA,
	ELCR_MASTER,
	ELCR_SLAVE,
	PROBE_PORTS
};

enum op_kind {
	OP_OUT,  /* write value to port at */
	OP_IN,   /* read port at */
	OP_LINE, /* drive line at high (1) or low (0) */
	OP_TAKE, /* open the processor's interrupts for a moment: a vector comes, or none */
};

struct op {
	uint8_t kind, at, value;
};

/* What a program makes use of beside masks, requests, EOI and reads: one controller may not have
 * all of it. */
#define PROBE_FEATURES(X)                                                                        \
	X(ROTATE, "rotate") /* rotation and set priority, OCW2 with R */                         \
	X(AEOI, "aeoi")     /* automatic EOI, with rotation where that is on too */              \
	X(SMM, "smm")       /* special mask mode */                                              \
	X(SFNM, "sfnm")     /* special fully nested mode of the master */                        \
	X(POLL, "poll")     /* the poll command */                                               \
	X(REINIT, "reinit") /* initialisation at any moment */                                   \
	X(PARTIAL,                                                                               \
	  "partial")      /* an initialisation with something in between, or one that is left */ \
	X(ELCR, "elcr")   /* level triggered inputs by the edge/level control registers */       \
	X(LTIM, "ltim")   /* level triggered chips by ICW1 */                                    \
	X(SNGL, "sngl")   /* ICW1 says single, so there is no ICW3 */                            \
	X(ICW3, "icw3")   /* a cascade that is not a PC's */                                     \
	X(MCS80, "mcs80") /* no ICW4, or one that asks for MCS-80 mode */                        \
	X(NOP, "nop")     /* OCW2 without an operation, and levels where none is asked for */

#define PROBE_ENUM(id, name) PROBE_BIT_##id,
enum { PROBE_FEATURES(PROBE_ENUM) PROBE_FEATURE_COUNT };
#undef PROBE_ENUM
#define PROBE_ENUM(id, name) FEATURE_##id = 1 << PROBE_BIT_##id,
enum { PROBE_FEATURES(PROBE_ENUM) FEATURES_ALL = (1 << PROBE_FEATURE_COUNT) - 1 };
#undef PROBE_ENUM

enum { PROBE_OPS_MAX = 512 };

/* Both are the keyboard controller's, which has one output buffer: raising one lowers the other. */
enum { LINE_KEYBOARD = 1, LINE_AUX = 12 };

struct program {
	const char *name; /* NULL: a random one */
	uint32_t features;
	const struct op *ops;
	unsigned count;
};

/* recorded.c */
extern const struct program probe_recorded[];
extern const unsigned probe_recorded_count;
/* random.c: program number index of seed, made of what features and lines allow, about ops
 * operations long; the operations are good until the next call. */
struct program probe_random(uint32_t seed, uint32_t index, uint32_t features, uint16_t lines,
                            unsigned ops);

/* ---- Play ---- */

enum probe_show {
	SHOW_SUMS, /* one line for each program: a checksum of its transcript */
	SHOW_ALL,  /* each value read and each vector taken */
	SHOW_LIST, /* writes and lines as well */
};

struct probe_result {
	uint32_t sum;        /* of the transcript, writes and lines left out */
	unsigned operations; /* played, the preamble's left out */
};

/* The lines that a program drives. */
uint16_t probe_lines(const struct program *program);
/* Bring lines and controller to a known state, play, print. */
struct probe_result probe_play(const struct program *program, uint16_t lines, enum probe_show show);
/* The word lines=, or its default. */
uint16_t probe_word_lines(void);
/* Everything that the words ask for (args.h); prints the last line as well. */
void probe_run(void);

/* ---- What the machine, or a model in its place, has to provide ---- */

void probe_out(enum probe_port port, uint8_t value);
uint8_t probe_in(enum probe_port port);
/* A device drives its line; only called where the level changes, but for probe_lines_low(). */
void probe_line(unsigned line, bool high);
void probe_lines_low(uint16_t lines);
/* The vector that came, -1 for none. */
int probe_take(void);
/* A program's operations are over; its text follows. */
void probe_done(void);
/* A line of text, without its end. */
void probe_print(const char *line);

#endif
