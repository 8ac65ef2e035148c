/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that see how an instruction ends, in 64-bit, 32-bit and real mode.
 *
 * Rule: an exception is noted and gone on behind; #DB ends the stepping.
 */
#ifndef GUESTS_VANDAL_STEPS_H
#define GUESTS_VANDAL_STEPS_H

/* Real mode's code, and what was noted there. */
#define REAL_CODE 0x7000
#define REAL_NOTES 0x6000
#define REAL_STACK 0x6F00

#define NOTES_TRAPS 0   /* how many #DB */
#define NOTES_AT 4      /* where the last one came from, less where it had to */
#define NOTES_DR6 8     /* as it was then */
#define NOTES_FAULTS 12 /* how many #GP */
#define NOTES_ERROR 16  /* the last one's error code, */
#define NOTES_FLAGS 20  /* and the flags that it pushed */
#define NOTES_STACK 24  /* bytes that the handlers left on the stack */
#define NOTES_BYTES 28

#define STEPS_VECTORS 32
#define STEPS_PORT 0x3F5 /* of a floppy controller */
#define STEPS_MSR 0x4567ABCD

#ifndef __ASSEMBLER__
#include <stdint.h>

struct notes {
	uint32_t traps, at, dr6, faults, error, flags, stack;
};

/* 64-bit handlers of #DB and #GP, and what they note; at is RIP itself. The fault is of two
 * bytes. */
void steps_trap(void);
void steps_fault(void);
extern struct notes steps_notes;

/* The same in 32-bit mode without paging and in real mode: a step over IN, and a refused RDMSR.
 * Interrupts off; the IDT of long mode has to be loaded again afterwards. steps_idt: 32-bit gates
 * to the two below. */
void steps_modes(void);
void steps_trap32(void);
void steps_fault32(void);
extern uint64_t steps_idt[STEPS_VECTORS];
extern struct notes steps_notes32;
/* To be copied to REAL_CODE. */
extern const uint8_t steps_real[], steps_real_end[];
#endif

#endif
