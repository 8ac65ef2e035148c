/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apicprobe: plays random programs on the local APIC in x2APIC mode and prints the answers. Its
 * parts: random.c (programs from a seed), play.c (a program, its transcript, all programs in turn),
 * and, on the machine, main.c (RDMSR, WRMSR and interrupts).
 *
 * Rule: a program depends on the words alone, and a transcript on the local APIC alone. On the host
 * the same parts play on the model (tests/unit/apicprobe_host.c).
 */
#ifndef GUESTS_APICPROBE_APICPROBE_H
#define GUESTS_APICPROBE_APICPROBE_H

#include <stdbool.h>
#include <stdint.h>

enum op_kind {
	OP_WRITE, /* WRMSR of value to register */
	OP_READ,  /* RDMSR of register */
	OP_TAKE,  /* open the processor's interrupts for a moment: a vector comes, or none */
};

struct op {
	uint8_t kind, reg; /* register: MSR 800h + reg */
	uint64_t value;
};

enum { PROBE_OPS_MAX = 256, PROBE_MSRS = 0x800 };
/* Registers (SDM 3A table 10-6). */
enum {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_LDR = 0x0d,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_TIMER = 0x32,
	REG_ERROR = 0x37,
	REG_INITIAL = 0x38,
	REG_COUNT = 0x39,
	REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f
};
enum { WORDS = 8 };

/* random.c: makes program number index of seed, at most about length operations. Returns their
 * number. */
unsigned probe_random(uint32_t seed, uint32_t index, unsigned length, struct op ops[PROBE_OPS_MAX]);

/* play.c: plays what the words ask for (args.h): count=100 seed=1 first=0 ops=40. */
void probe_run(void);

/* ---- Functions that the machine, or the model in its place, has to provide ---- */

/* Return false where the access faults. */
bool probe_write(unsigned reg, uint64_t value);
bool probe_read(unsigned reg, uint64_t *value);
/* Returns the vector that came, -1 for none. */
int probe_take(void);
/* Prints a line of text, without its end. */
void probe_print(const char *line);

#endif
