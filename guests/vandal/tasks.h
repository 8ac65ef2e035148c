/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks of 32-bit mode, in this order: a called task, a task behind a task gate, a task in
 * virtual-8086 mode.
 */
#ifndef GUESTS_VANDAL_TASKS_H
#define GUESTS_VANDAL_TASKS_H

/* The GDT: like the guest's own, with a task state segment for each task. */
#define TASKS_MAIN 0x20
#define TASKS_CALLED 0x28
#define TASKS_GATED 0x30
#define TASKS_V86 0x38
#define TASKS_REFUSED 0x40 /* a segment that cannot be loaded */
#define TASKS_GDT_BYTES 0x48

/* The TSSs in the order of the selectors. Each lies across two pages, EIP in the second. */
#define TASKS_TSS_AT(n) (4096 * ((n) + 1) - 32)
#define TASKS_COUNT 5

#define TASKS_VECTORS 32
#define TASKS_STACK_BYTES 256
#define TASKS_V86_CODE 0x7800
#define TASKS_ERROR 0xfff8 /* a selector that no GDT has */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Counts of the events: the called task, the gate's task with its error code, virtual-8086 mode,
 * the fault of a task that cannot be loaded with its error code, NT in the called task, the way
 * back, single steps and the tasks of the first two. */
struct tasks_notes {
	uint32_t called, gated, error, v86, refused, refused_error, nested, back, steps, stepped[2];
};

/* Runs the tasks. Call with the tables below filled in, and interrupts off. Load the IDT of long
 * mode again afterwards. */
void tasks_run(void);
void tasks_called(void);
void tasks_gated(void);
void tasks_of_v86(void);
void tasks_refused(void);
void tasks_step(void);
extern uint64_t tasks_gdt[TASKS_GDT_BYTES / 8], tasks_idt[TASKS_VECTORS];
extern uint8_t tasks_tss[(TASKS_COUNT + 1) * 4096];
/* The page tables of PAE paging, or 0: no paging. */
extern uint32_t tasks_cr3;
extern uint8_t tasks_stacks[4][TASKS_STACK_BYTES];
extern struct tasks_notes tasks_notes;
extern const uint8_t tasks_v86[], tasks_v86_end[];
#endif

#endif
