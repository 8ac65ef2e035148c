/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seed's figures as functions: Figure 4 invokes a VM, Figure 5 switches to another, and what
 * Figure 3 leaves to software dispatches an interrupt that reached the VMM block.
 *
 * Rule: the steps stand in the figure's order, marked with its block numbers.
 */
#ifndef VMM_FLOWS_H
#define VMM_FLOWS_H

#include "vmm/vm.h"

/* Figure 4. vm is the one that vm_switch() brought in; returns at its exit. */
enum vm_exit_reason vm_invoke(struct vm *vm);

/* After an exit, for a VM with routes=exit (R17): every line to the VMM block until the next
 * entry. */
void vm_leave(void);

/* Figure 5. -EBUSY: the running VM has an interrupt in service and force is not set; it goes on
 * until its EOI. now: the TSC, for the VMs' accounts. */
int vm_switch(struct vm *next, bool force, uint64_t now);
/* Figure 5's first half, where the VMM itself takes the processor: block 520 for the VM that
 * ran, if there is one. */
int vm_put_away(bool force, uint64_t now);

/* Figure 3 from block 312 on, in software: an NMI exit, and NMIs that the host's handler counted
 * (running is NULL when the VMM idles). */
void dispatch_exit(struct vm *running);
void dispatch_counted(struct vm *running);
/* An exit for the slice timer where its end is an NMI (arch/x86/slice_timer.h): that NMI may
 * stand for lines as well. slice: it was the end of a slice (turn_look()), not of something that
 * the processor's back end had asked for. */
void dispatch_timer(struct vm *running, bool slice);

/* Calls the handlers of the lines in line_again. Call it now and then. */
void dispatch_again(void);

/* What an external NMI leads to: nmi=panic|log|vm:NAME. */
void dispatch_set_policy(enum nmi_policy policy, struct vm *vm);

struct dispatch_counters {
	uint64_t counted;      /* by the host's handler; NMI exits are counted by VM */
	uint64_t external;     /* from no line */
	uint64_t unattributed; /* of them: a line's, perhaps, of which no trace was left */
};
extern struct dispatch_counters dispatch_counters;

#endif
