/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * picprobe: plays programs on a pair of 8259As and prints the observations. picprobe's parts: run.c
 * (words, and all programs in turn), play.c (a program, and its transcript), recorded.c (programs
 * by hand), random.c (programs from a seed); and, on the machine, main.c (ports and interrupts)
 * with levers.c (lines, driven by real devices).
 *
 * Rule: a program depends on the words alone and a transcript on the controller alone. So the
 * transcripts of any two controllers can be compared side by side. On the host the same parts play
 * on the model (tests/unit/picprobe_host.c).
 */
#ifndef GUESTS_PICPROBE_PICPROBE_H
#define GUESTS_PICPROBE_PICPROBE_H

#include <stdbool.h>
#include <stdint.h>

/* ---- Programs ---- */

/* Places where an operation reads or writes. */
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

/* Features that a program uses beside masks, requests, EOI and reads. A controller may lack some of
 * these. */
#define PROBE_FEATURES(X)                                                                          \
	X(ROTATE, "rotate")   /* rotation and set priority, OCW2 with R */                         \
	X(AEOI, "aeoi")       /* automatic EOI, with rotation where rotation is on too */          \
	X(SMM, "smm")         /* special mask mode */                                              \
	X(SFNM, "sfnm")       /* special fully nested mode of the master */                        \
	X(POLL, "poll")       /* the poll command */                                               \
	X(REINIT, "reinit")   /* initialisation at any moment */                                   \
	X(PARTIAL, "partial") /* an initialisation with other accesses in between, or abandoned */ \
	X(ELCR, "elcr")       /* level triggered inputs by the edge/level control registers */     \
	X(LTIM, "ltim")       /* level triggered chips by ICW1 */                                  \
	X(SNGL, "sngl")       /* ICW1 says single, so there is no ICW3 */                          \
	X(ICW3, "icw3")       /* a cascade unlike a PC's */                                        \
	X(MCS80, "mcs80")     /* no ICW4, or an ICW4 for MCS-80 mode */                            \
	X(NOP, "nop")         /* OCW2 without an operation, and levels where none is asked for */

#define PROBE_ENUM(id, name) PROBE_BIT_##id,
enum { PROBE_FEATURES(PROBE_ENUM) PROBE_FEATURE_COUNT };
#undef PROBE_ENUM
#define PROBE_ENUM(id, name) FEATURE_##id = 1 << PROBE_BIT_##id,
enum { PROBE_FEATURES(PROBE_ENUM) FEATURES_ALL = (1 << PROBE_FEATURE_COUNT) - 1 };
#undef PROBE_ENUM

enum { PROBE_OPS_MAX = 512 };

/* Both lines are the keyboard controller's, which has a single output buffer: raising a line lowers
 * the other line. */
enum { LINE_KEYBOARD = 1, LINE_AUX = 12 };

struct program {
	const char *name; /* NULL: a random program */
	uint32_t features;
	const struct op *ops;
	unsigned count;
};

/* recorded.c */
extern const struct program probe_recorded[];
extern const unsigned probe_recorded_count;
/* random.c: returns program number index of seed, made of allowed features and lines, about ops
 * operations long. The operations are valid until the next call. */
struct program probe_random(uint32_t seed, uint32_t index, uint32_t features, uint16_t lines,
                            unsigned ops);

/* ---- Play ---- */

enum probe_show {
	SHOW_SUMS, /* one line for each program: a checksum of its transcript */
	SHOW_ALL,  /* each value read and each vector taken */
	SHOW_LIST, /* writes and lines as well */
};

struct probe_result {
	uint32_t sum;        /* checksum of the transcript, without writes and lines */
	unsigned operations; /* number of operations played, without the preamble */
};

/* Returns the lines that a program drives. */
uint16_t probe_lines(const struct program *program);
/* Brings lines and controller to a known state, plays the program and prints the transcript. */
struct probe_result probe_play(const struct program *program, uint16_t lines, enum probe_show show);
/* Returns the lines of the word lines=, or the default. */
uint16_t probe_word_lines(void);
/* Does everything that the words ask for (args.h); prints the last line as well. */
void probe_run(void);

/* ---- Functions that the machine, or a model in its place, has to provide ---- */

/* Writes or reads a port. */
void probe_out(enum probe_port port, uint8_t value);
uint8_t probe_in(enum probe_port port);
/* Makes a device drive its line. Only called where the level changes, except by
 * probe_lines_low(). */
void probe_line(unsigned line, bool high);
void probe_lines_low(uint16_t lines);
/* Returns the vector that came, -1 for none. */
int probe_take(void);
/* Called when a program's operations are over; the program's text follows. */
void probe_done(void);
/* Prints a line of text, without its end. */
void probe_print(const char *line);

#endif
