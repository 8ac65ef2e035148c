/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home of a line: the VMs that have the line, its handler where the VMM has the line, and the
 * counts of what happened on the line.
 *
 * Rule: a line belongs to the VMM, to one VM, or to VMs that all say `share`. line_assign() and
 * line_reserve() refuse a line that is taken. The scheduler, the dispatcher and the reports ask
 * this table.
 */
#ifndef VMM_LINES_H
#define VMM_LINES_H

#include "vmm/vm.h"

/* A line's entry fills one cache line of the processor. */
struct line {
	_Alignas(64) vm_set vms; /* the VMs that have the line */
	struct vm *owner;        /* the only VM that has the line; NULL: no VM, or several */
	void (*handler)(void);   /* serves the device of the VMM's; NULL: not a line of the VMM's */
	uint64_t exits;          /* NMI exits because of the line */
	uint64_t injected;       /* interrupts that the VMM injected for the line */
	uint64_t wakeups;        /* turns that ended because a VM above has the line */
	uint64_t held_by_vmm;    /* assertions while the VMM itself had the processor */
};
extern struct line line_table[LINES];

/* The lines of the VMM's own devices (R14). */
extern line_set line_vmm;

/* Lines of the VMM's with a cause that their handler has left standing, because serving has to be
 * short. A handler sets its line's bit; dispatch_again() calls the handler once more. */
extern line_set line_again;

/* Gives vm the lines that its controller has. Returns 0, or -EBUSY where the VMM has one of the
 * lines, or a VM that does not share the line; *taken is that line then, and nothing is given. Call
 * it once for each VM, before the VM's first turn. */
int line_assign(struct vm *vm, unsigned *taken);
/* Keeps a line for a device of the VMM's and claims the line at the chipset. handler serves the
 * device. Returns 0, or -EBUSY where a VM has the line or the VMM has it already. */
int line_reserve(unsigned line, void (*handler)(void));

#endif
