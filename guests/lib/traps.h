/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts and exceptions of a guest: the IDT, handlers of the interrupt lines, expected
 * exceptions.
 *
 * Rule: only this part knows a line's vector; handlers go by line. An unexpected exception ends the
 * guest with a report.
 */
#ifndef GUESTS_LIB_TRAPS_H
#define GUESTS_LIB_TRAPS_H

#define TRAP_LINES 16    /* IRQ0-IRQ15; the entry after the lines is the threads' own switch */
#define TRAP_SWITCH 0xf0 /* vector of the threads' own switch (a software interrupt) */
#define TRAP_ENTRY_BYTES 16
#define CONTEXT_BYTES 528 /* FXSAVE area and the stack pointer under the area (struct context) */
#define CONTEXT_STACK 512

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* General registers after a line's entry, lowest address first. */
struct registers {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rbx, rsi, rcx, rdi, rdx, rax;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* State of the interrupted code, at the foot of the code's stack. */
struct context {
	uint8_t fpu[512];
	struct registers *registers;
	uint64_t unused;
} __attribute__((aligned(16)));

/* Loads the IDT: exceptions and unknown vectors report and end the guest; lines are not connected
 * yet. */
void traps_init(void);

/* Loads the IDT once more, unchanged. */
void traps_load(void);

/* Sets the address of a vector's code. Returns the earlier address: give it back in the end. The
 * code gets the processor's own frame. */
uint64_t traps_take(unsigned vector, uint64_t entry);

/* Handler of a line; tsc is the TSC at the entry's first action. The EOI follows the handler. */
typedef void irq_handler(uint64_t tsc);
void irq_install(unsigned line, irq_handler *handler);
/* Connects lines 0-7 to vectors master.., 8-15 to slave..; earlier vectors become unknown again. */
void irq_connect(uint8_t master, uint8_t slave);
/* Returns the interrupts taken on a line so far, without spurious interrupts. A line without a
 * handler is counted as well. */
uint32_t irq_count(unsigned line);
uint32_t irq_count_all(void);
/* Returns the spurious IRQ7 and IRQ15 so far (8259A datasheet, "Spurious interrupts"). */
uint32_t irq_count_spurious(void);
/* Sets the function that is called at the end of every interrupt and of the threads' own switch.
 * The function returns the context to go on with. */
void irq_set_switch(struct context *(*choose)(struct context *));

/* Runs body. Returns the vector of the exception that ended body, or -1 when body ran to its end.
 * Calls must not be nested. */
int trap_try(void (*body)(void *argument), void *argument);
#endif

#endif
