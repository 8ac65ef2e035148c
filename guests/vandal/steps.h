/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that see how an instruction ends, in 64-bit, 32-bit, 16-bit protected, virtual-8086 and
 * real mode.
 *
 * Rule: a handler notes the exception and continues behind the instruction. #DB ends the stepping.
 */
#ifndef GUESTS_VANDAL_STEPS_H
#define GUESTS_VANDAL_STEPS_H

/* Real mode's code, and the notes of real mode. */
#define REAL_CODE 0x7000
#define REAL_NOTES 0x6000
#define REAL_STACK 0x6f00
/* The notes of 16-bit protected mode: the mode reaches 64 KiB. */
#define PM16_NOTES 0x6080
/* The segments of the guest, and a TSS for virtual-8086 mode behind. */
#define SELECTOR_TSS 0x30
#define STEPS_GDT_BYTES 0x38
#define STEPS_TSS_BYTES 104

#define NOTES_TRAPS 0   /* number of #DB */
#define NOTES_AT 4      /* address of the last #DB, minus the expected address */
#define NOTES_DR6 8     /* DR6 at the last #DB */
#define NOTES_FAULTS 12 /* number of #GP */
#define NOTES_ERROR 16  /* error code of the last #GP */
#define NOTES_FLAGS 20  /* flags that the last #GP pushed */
#define NOTES_STACK 24  /* bytes that the handlers left on the stack */
#define NOTES_OTHERS 28 /* number of #UD of instructions that no guest has */
#define NOTES_RINGS 32  /* number of #GP of these */
#define NOTES_BYTES 36

/* Instructions that no guest has, and both vendors' calls. Each lies in a slot of 8 bytes. */
#define STEPS_OTHERS 29
/* A byte: not 0 while instructions of slots run. The handlers then go on at the next slot. */
#define IN_SLOTS 0x60f0

#define STEPS_VECTORS 32
#define STEPS_PORT 0x3f5 /* a floppy controller's port */
#define STEPS_MSR 0x4567abcd

#ifndef __ASSEMBLER__
#include <stdint.h>

struct notes {
	uint32_t traps, at, dr6, faults, error, flags, stack, others, rings;
};

/* 64-bit handlers of #DB and #GP, and their notes; at is RIP itself. The faulting instruction has
 * two bytes. */
void steps_trap(void);
void steps_fault(void);
extern struct notes steps_notes;
extern uint64_t steps_operand[2];

/* The same in 32-bit mode without paging, in 16-bit protected mode and in real mode: a step over
 * IN, and a refused RDMSR. In virtual-8086 mode: a step over CPUID, and a refused RDMSR. In all
 * four: the instructions of the slots.
 * Call with interrupts off; load the IDT of long mode again afterwards. steps_idt: 32-bit gates to
 * steps_trap32(), steps_other32() and steps_fault32(). */
void steps_modes(void);
void steps_trap32(void);
void steps_other32(void);
void steps_fault32(void);
extern uint64_t steps_idt[STEPS_VECTORS];
extern uint64_t steps_gdt[STEPS_GDT_BYTES / 8];
extern uint32_t steps_tss[STEPS_TSS_BYTES / 4];
extern char stack_v86_top[];
extern struct notes steps_notes32, steps_notes_v86;
/* Code to be copied to REAL_CODE. */
extern const uint8_t steps_real[], steps_real_end[];
#endif

#endif
