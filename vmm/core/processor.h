/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of one processor: the VM that runs, the VMs by state, and the VMM's next look.
 *
 * Rule: there is one processor today. Nothing of a processor lies anywhere else in vmm/, so that a
 * second processor is a second structure. Three parts of a processor lie below vmm/, because code
 * there writes the parts: the account of NMIs (arch/x86/cpu/nmi_account.h), the slice timer
 * (arch/x86/machine/slice_timer.h), and the block's routes and mask (struct chipset_present). Each
 * is a single object with a single name.
 */
#ifndef VMM_PROCESSOR_H
#define VMM_PROCESSOR_H

#include "vmm/core/trace_ring.h"
#include "vmm/core/vm.h"

#include <stdbool.h>
#include <stdint.h>

enum { PRIORITIES = 16 };

/* The turn that is under way. vmm/core/turn.h has the calls. */
struct turn {
	/* The low half of trace.count. An exit at or after this count calls turn_look(). */
	uint32_t look;
	/* The VM has an interrupt in service (switch_waits), and there is no more time to wait for
	 * its end. */
	bool waited;
	uint64_t slice_end; /* TSC. 0: no VM waits for the processor, or the slice is used up. */
	uint64_t deadline;  /* TSC of the earliest look. */
};

/* The VMs by state. Only vmm/core/sched.c touches the schedule. */
struct schedule {
	vm_set ready[PRIORITIES];  /* VMs by number */
	vm_set halted;             /* VMs by number */
	vm_set frozen;             /* the halted VMs outside a HLT */
	uint16_t priorities;       /* priorities with a ready VM */
	line_set awaited;          /* lines of the halted VMs */
	uint8_t first[PRIORITIES]; /* the next VM among equals; the search begins here */
	struct vm *woken_last;
	vm_set sleepless; /* VMs in whose HLT the processor does not sleep */
};

/* The time that is allotted to VMs. Only vmm/core/allot.c changes the structure. */
struct allotments {
	bool on;             /* there is a VM with a budget or a limit of wake-ups */
	struct vm *last;     /* the VM whose turn began last; NULL: it had to wait */
	vm_set waiting;      /* VMs that were sent to wait */
	struct vm *charged;  /* the VM whose budget the time since `since` counts for, or NULL */
	uint64_t since;      /* TSC of the last decision */
	bool masks_due;      /* a VM has begun or ended a wait */
	struct frame *frame; /* of frame=, or NULL */
	uint64_t due;        /* TSC at which the first waiting VM has time again, or ALLOT_NEVER */
};

struct processor {
	/* First: a debugger, and `make trace`, find the ring at the processor's address. */
	struct trace_ring trace;
	/* The VM whose state is in the processor and the chipset; NULL before the first VM. */
	struct vm *vm;
	/* An event outside the running VM wants a decision. The run loop looks after each exit. */
	bool attention;
	bool vm_stopped; /* A VM has stopped since the last look. */
	/* TSC of the run loop's next housekeeping, besides running VMs; 0: now. */
	uint64_t housekeeping_due;
	struct turn turn;
	struct schedule schedule;
	struct allotments allot;
	struct trace_kept kept;
};
extern struct processor processor;

/* Has the run loop do its housekeeping and decide anew before the next entry. Call it where an
 * event cannot wait for the next housekeeping. */
static inline void processor_look_at_once(void)
{
	processor.housekeeping_due = 0;
	processor.attention = true;
}

#endif
