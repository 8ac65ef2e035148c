/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMM tells its user: who owns which line, the status line, and the tables at the end.
 *
 * Rule: this part only reads and prints; it knows VMs and lines by the small structures below,
 * which the VMM proper fills.
 */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include "arch/x86/lines.h"
#include "arch/x86/virt.h"
#include "vmm/abi.h"

#include <stdbool.h>
#include <stdint.h>

struct vm_report {
	const char *name;
	const char *state; /* "ready", "running", "halted", "stopped", ... */
	unsigned priority;
	uint64_t memory; /* bytes */
	line_set lines;
	uint64_t run_ticks;     /* TSC ticks inside the guest, since its start */
	uint64_t switches_in;   /* how often it became the VM that runs */
	uint64_t probes;        /* of ports and memory where nothing is */
	uint64_t reinitialised; /* how often its ICW1 was caught after the fact */
	uint64_t exits[VM_EXIT_COUNT];
	uint64_t exits_total;
	const char *status; /* the guest's own words; may hold any byte */
	int exit_status;    /* valid when done */
	bool done;          /* it said so, or a fault ended it; not: the operator stopped it */
};

struct line_report {
	const char *owner; /* a VM's name, "vmm", or NULL: nobody's */
	uint64_t exits;    /* NMI exits it caused */
	uint64_t held;     /* assertions held pending for a VM that did not run (R08) */
	/* requests that had to be injected, because the controller had lost them */
	uint64_t injected;
	uint64_t wakeups;     /* turns of another VM that it ended (R13) */
	bool to_controller;   /* its multiplexer: to the controller, else to the VMM block */
	bool masked, pending; /* its bits in the VMM block's mask and status */
};

struct vmm_totals {
	uint64_t nmis;              /* NMIs altogether */
	uint64_t nmi_windows;       /* of them: between a last check and an entry */
	uint64_t external_nmis;     /* of them: from no line */
	uint64_t unattributed_nmis; /* of those: a line's, perhaps, of which no trace was left */
	uint64_t held;              /* assertions held pending, of all lines together */
	uint64_t switches;          /* VM switches */
	uint64_t ticks;             /* TSC ticks since the first VM was entered */
	uint64_t dropped;           /* bytes that the console had no room for */
};

struct stack_report {
	const char *name;
	uint64_t bytes, deepest; /* deepest: what has been in use at most */
};

/* ---- What the VMM provides ---- */

unsigned vmm_vm_count(void);
void vmm_vm_report(unsigned i, struct vm_report *out);
void vmm_line_report(unsigned line, struct line_report *out);
unsigned vmm_result_count(void);
/* Result i, and in *vm whose it is. */
const struct sb_result *vmm_result(unsigned i, const char **vm);
void vmm_totals(struct vmm_totals *out);
/* Stack i of the VMM's own; false: there is none. */
bool vmm_stack_report(unsigned i, struct stack_report *out);

/* 0, -ENOENT (no such VM), or -EINVAL (it is in that state already). */
int vmm_vm_stop(const char *name);
int vmm_vm_start(const char *name);
int vmm_vm_restart(const char *name);
/* Raise an external NMI, at a moment when no line has one under way. */
void vmm_raise_nmi(void);
/* End the run after what is under way now. */
void vmm_quit(void);
/* Does the run go on when all VMs are done? */
void vmm_stay(bool on);

/* ---- What can be printed ---- */

/* Lines and their owners; with counters also what happened on them. */
void report_lines(bool counters);
/* One row for each VM. */
void report_vms(void);
/* One line: time, then for each VM its state, its share of the processor and its exits since the
 * last status line, and its own words. Then what is held so far, and the NMIs that no line
 * explains, where one has come. */
void report_status(void);
/* Latencies that the guests measured. */
void report_results(void);
/* Exits by reason and VM. */
void report_exits(void);
/* All tables, and after them the same as lines of key=value for programs: result, exits, line,
 * stack, totals. */
void report_final(void);

/* Prints the trace's last entries, oldest first, a line each: TSC ticks since the first one printed and since the
 * one before, VM, event. */
void trace_print(unsigned last);

#endif
