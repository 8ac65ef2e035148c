/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seed's figures as functions: Figure 4 invokes a VM, Figure 5 switches to another VM. The
 * dispatcher is the part of Figure 3 for software: the handling of an interrupt that reached the
 * VMM block.
 *
 * Rule: the steps stand in the figure's order, marked with its block numbers.
 */
#ifndef VMM_FLOWS_H
#define VMM_FLOWS_H

#include "vmm/core/vm.h"

/* Enters vm (Figure 4). Returns the reason of the exit. Call it for the VM that vm_switch() brought
 * in. */
enum vm_exit_reason vm_invoke(struct vm *vm);

/* Sends every line to the VMM block until the next entry. Call it after an exit of a VM with
 * routes=exit (R17). */
void vm_leave(void);

/* The calls at both ends of a VM's turns in the processor, for the trace (vmm/operator/watch.c). */
struct flow_watch {
	void (*on_exit)(struct vm *vm, enum vm_exit_reason reason);
	void (*on_entry)(struct vm *vm); /* in block 408, before the entry */
};
/* NULL: nobody watches. A VM with AT_EXIT_WATCH and AT_ENTRY_WATCH is watched. */
extern const struct flow_watch *flow_watch;

/* Does the first work after an exit of a VM with a bit in at_exit. Call it right before the trace
 * gets the exit: behind the trace's entry the call costs each exit 2 instructions. Returns reason:
 * a caller that keeps its own copy over the call costs each exit an instruction. */
enum vm_exit_reason vm_exited(struct vm *vm, enum vm_exit_reason reason);

/* Takes the running VM out and brings next in (Figure 5). Returns 0, or -EBUSY where the running VM
 * has an interrupt in service and force is not set; the running VM then goes on until its EOI. now:
 * the TSC, for the VMs' accounts. */
int vm_switch(struct vm *next, bool force, uint64_t now);
/* Does the same where VMs have PITs of their own (vmm/core/pit.h). The way of a switch without such
 * VMs has no test for them. */
int vm_switch_with_pit(struct vm *next, bool force, uint64_t now);
/* Does the first half of Figure 5, where the VMM itself takes the processor: block 520 for the VM
 * that ran, if there is such a VM. Returns 0 or -EBUSY, like vm_switch(). */
int vm_put_away(bool force, uint64_t now);

/* Dispatches an NMI exit of running (Figure 3 from block 312 on, in software). */
void dispatch_exit(struct vm *running);
/* Dispatches the NMIs that the host's handler counted. running is NULL when the VMM has the
 * processor. */
void dispatch_counted(struct vm *running);
/* Dispatches an exit of the slice timer, where the timer's end is an NMI
 * (arch/x86/machine/slice_timer.h). The same NMI may stand for lines as well. slice: the end of a
 * slice (turn_look()); false: the processor's back end had asked for the exit. */
void dispatch_timer(struct vm *running, bool slice);

/* Calls the handlers of the lines in line_again. Call it from the run loop's housekeeping. */
void dispatch_again(void);

/* Sets the effect of an external NMI: nmi=panic|log|vm:NAME. vm: the VM of the NAME, else NULL. */
void dispatch_set_policy(enum nmi_policy policy, struct vm *vm);
/* Returns true where external NMIs go to vm: an NMI ends a HLT with interrupts off. */
bool dispatch_gives_nmis_to(const struct vm *vm);

/* A source of NMIs beside lines and timer: the units that confine DMA (vmm/confine.h). */
struct dispatch_source {
	/* Returns true where the source may have sent an NMI that has no other explanation. The
	 * source is silent then until serve(). */
	bool (*spoke)(void);
	/* Serves the source, where it has spoken. May stop or start a VM. The run loop's
	 * housekeeping calls the function each time. */
	void (*serve)(void);
};
/* Call at boot. */
void dispatch_set_source(const struct dispatch_source *source);

/* The dispatcher's counters since boot. */
struct dispatch_counters {
	uint64_t counted;  /* NMIs that the host's handler counted; NMI exits are counted by VM. */
	uint64_t external; /* NMIs from no line. */
	/* External NMIs that may have come from a line without leaving a trace. */
	uint64_t unattributed;
};
/* The counters; vmm/core/dispatch.c counts. */
extern struct dispatch_counters dispatch_counters;

#endif
