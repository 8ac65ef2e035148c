/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a task switch by hardware that is under way (task.c). A virtual processor has one.
 *
 * Rule: the guest does not run between two steps, so the pages that were found stay valid.
 */
#ifndef ARCH_X86_VIRT_VMX_TASK_CHANGE_H
#define ARCH_X86_VIRT_VMX_TASK_CHANGE_H

#include "arch/x86/virt/guest_memory.h"

#include <stdbool.h>
#include <stdint.h>

struct task_descriptor {
	uint64_t raw, at; /* at: linear address */
	uint32_t base, limit, rights;
};

/* The registers of a task, from either format of TSS. segment: in the order of enum segment
 * (task.h). */
struct task_registers {
	uint32_t eip, eflags, general[8];
	uint16_t segment[6], ldt;
};

struct task_change {
	uint8_t step;        /* the next step, from 1 on; 0: no switch is under way */
	uint8_t source;      /* an enum source (task.h) */
	bool later;          /* the step needs one more walk */
	bool wide, old_wide; /* true: TSS of 32 bits */
	/* the bits of DR6 that a trap behind the switch sets; 0: there is no trap */
	uint16_t traps;
	uint16_t selector, old_selector;
	uint32_t old_base;
	uint32_t cr3; /* of the new task */
	struct task_descriptor tss;
	struct task_registers next;
	unsigned fault; /* vector of the fault of a failed step */
	uint32_t error;
	struct guest_memory memory;
};

#endif
