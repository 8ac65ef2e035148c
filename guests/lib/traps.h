/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts and exceptions of a guest: the IDT, handlers of the interrupt lines, exceptions that
 * are expected.
 *
 * Rule: a line's vector is known here alone; handlers go by line. An exception that nobody expected
 * ends the guest with a report.
 */
#ifndef GUESTS_LIB_TRAPS_H
#define GUESTS_LIB_TRAPS_H

#define TRAP_LINES 16    /* IRQ0-IRQ15; the entry after them is the threads' own switch */
#define TRAP_SWITCH 0xF0 /* vector of the threads' own switch (a software interrupt) */
#define TRAP_ENTRY_BYTES 16
#define CONTEXT_BYTES 528 /* FXSAVE area and the stack pointer under it (struct context) */
#define CONTEXT_STACK 512

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* General registers as a line's entry leaves them, lowest address first. */
struct registers {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rbx, rsi, rcx, rdi, rdx, rax;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* What was interrupted, at the foot of its stack. */
struct context {
	uint8_t fpu[512];
	struct registers *registers;
	uint64_t unused;
} __attribute__((aligned(16)));

/* Load the IDT: exceptions and unknown vectors report and end the guest, lines are not connected
 * yet. */
void traps_init(void);

/* Load the IDT once more, as it is. */
void traps_load(void);

/* Handler of a line; tsc is the TSC as the entry's first action read it. The EOI follows the
 * handler. */
typedef void irq_handler(uint64_t tsc);
void irq_install(unsigned line, irq_handler *handler);
/* Connect lines 0-7 to vectors master.., 8-15 to slave..; earlier vectors are unknown ones
 * again. */
void irq_connect(uint8_t master, uint8_t slave);
/* Interrupts taken on a line so far, spurious ones left out; a line without a handler is counted as
 * well. */
uint32_t irq_count(unsigned line);
uint32_t irq_count_all(void);
/* Spurious IRQ7 and IRQ15 so far (8259A datasheet, "Spurious interrupts"). */
uint32_t irq_count_spurious(void);
/* Called at the end of every interrupt and of the threads' own switch: gives the context to go on
 * with. */
void irq_set_switch(struct context *(*choose)(struct context *));

/* Run body; the vector of the exception that ended it, or -1 when it ran to its end. Not to be
 * nested. */
int trap_try(void (*body)(void *argument), void *argument);
#endif

#endif
