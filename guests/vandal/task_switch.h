/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware. Such a switch exists in 32-bit mode only (SDM 3A 7.3): down from long
 * mode, switch, and up again.
 */
#ifndef GUESTS_VANDAL_TASK_SWITCH_H
#define GUESTS_VANDAL_TASK_SWITCH_H

/* 32-bit task state segment (SDM 3A 7.2.1): offsets of the fields in use */
#define TSS_BYTES 104
#define TSS_EIP 32
#define TSS_EFLAGS 36
#define TSS_ESP 56
#define TSS_ES 72
#define TSS_CS 76
#define TSS_SS 80
#define TSS_DS 84
#define TSS_IOMAP 100

#define TASK_VECTORS 32
#define TASK_STACK_BYTES 256

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Returns 1 when the new task ran, 0 when an exception came instead. Call with both TSS descriptors
 * and the IDT below filled in, and interrupts off. Load the IDT of long mode again afterwards. */
uint32_t task_switch(void);
/* Entry of the new task, and of every exception on the way. */
void task_switch_task(void);
void task_switch_fault(void);
extern uint64_t task_switch_idt[TASK_VECTORS];
extern uint8_t task_switch_stack[TASK_STACK_BYTES];
#endif

#endif
