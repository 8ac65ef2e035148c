/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home of a line: the owners, the handler where the VMM has the line, and the counts of the
 * line's events.
 *
 * Rule: a line belongs to the VMM, to a single VM, or to VMs whose configurations all say 'share'.
 * line_assign() and line_reserve() refuse a taken line. The scheduler, the dispatcher and the
 * reports ask this table.
 */
#ifndef VMM_LINES_H
#define VMM_LINES_H

#include "vmm/core/vm.h"

/* A line. The entry fills a cache line of the processor. */
struct line {
	_Alignas(64) vm_set vms; /* the owners, where they are VMs */
	struct vm *owner;        /* the only owner; NULL: no VM, or several */
	void (*handler)(void);   /* serves the VMM's device; NULL: no line of the VMM's */
	uint64_t exits;          /* NMI exits because of the line */
	uint64_t injected;       /* injected interrupts of the line */
	uint64_t wakeups;        /* turns of another VM that the line ended (R13) */
	uint64_t held_by_vmm;    /* assertions while the VMM itself had the processor */
};
/* All lines by number, with room for as many as a set can hold. */
extern struct line line_table[LINE_ROOM];

/* The lines of the VMM's own devices (R14). */
extern line_set line_vmm;

/* Lines of the VMM's whose handler has left a cause standing, because a service has to be short. A
 * handler sets its line's bit; dispatch_again() calls the handler once more. */
extern line_set line_again;

/* Gives vm the lines of its controller. Returns 0, or -EBUSY where the VMM has a line of the set,
 * or a VM has a line that vm does not share; then *taken is the line, and vm gets no line. Call it
 * once for each VM, before the VM's first turn. */
int line_assign(struct vm *vm, unsigned *taken);
/* Keeps a line for a device of the VMM's, and claims the line at the chipset. handler serves the
 * device. Returns 0, or -EBUSY where a VM or the VMM has the line already. */
int line_reserve(unsigned line, void (*handler)(void));

#endif
