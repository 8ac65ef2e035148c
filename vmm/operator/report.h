/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's text for its user: the owners of the lines, the status line, and the tables at the end.
 *
 * Rule: this part only reads and prints. The part knows VMs and lines by the small structures
 * below, and the VMM proper fills the structures.
 */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include "arch/x86/machine/lines.h"
#include "arch/x86/virt/virt.h"
#include "vmm/abi.h"

#include <stdbool.h>
#include <stdint.h>

/* A VM at the time of the call. */
struct vm_report {
	const char *name;
	const char *state; /* "ready", "running", "halted", "stopped", ... */
	unsigned priority;
	uint64_t memory; /* Bytes. */
	/* The lines that the VM owns. */
	line_set lines;
	uint64_t run_ticks;   /* TSC ticks inside the guest, since its start. */
	uint64_t switches_in; /* Number of switches to this VM. */
	uint64_t probes;      /* Accesses to ports and memory without a device. */
	/* Number of times that the guest's ICW1 was caught after the fact. */
	uint64_t reinitialised;
	uint64_t faults; /* Denied accesses of the guest and its devices since its last start. */
	/* Exits by reason. */
	uint64_t exits[VM_EXIT_COUNT];
	/* All exits, without VM_EXIT_ABORTED. */
	uint64_t exits_total;
	const char *status; /* The guest's own words; may hold any byte. */
	int exit_status;    /* Valid when done is set. */
	/* budget=, or the parts of frame=, in microseconds; 0: the VM has none. */
	uint32_t budget_us, period_us;
	/* The longest wait for other VMs in microseconds, or BLOCKING_NONE or BLOCKING_LONG
	 * (vmm/budget/blocking.h). 0: no VM has a budget. */
	uint32_t worst_wait_us;
	uint64_t used_up;             /* Times that the budget was used up. */
	uint64_t woken_up, too_often; /* Turns that the VM ended, and attempts beyond wakeups=. */
	uint64_t held_for_budget;     /* Interrupts that were held in both kinds of waits. */
	uint64_t most_over;           /* TSC ticks; the longest time beyond a budget. */
	/* The guest said so, or a fault ended the VM. A stop by the operator does not count. */
	bool done;
};

/* A line at the time of the call. */
struct line_report {
	const char *owner; /* A VM's name, "vmm", or NULL for no owner. */
	uint64_t exits;    /* NMI exits that the line caused. */
	uint64_t held;     /* Assertions held pending for a VM that did not run (R08). */
	/* Requests that had to be injected, because the controller had lost them. */
	uint64_t injected;
	uint64_t wakeups;   /* Turns of another VM that the line ended (R13). */
	bool to_controller; /* The line's multiplexer: to the controller, else to the VMM block. */
	bool masked, pending; /* The line's bits in the VMM block's mask and status. */
};

/* The sums over all VMs and lines. */
struct vmm_totals {
	uint64_t nmis;          /* All NMIs; on soft, pulses of the block in software too. */
	uint64_t nmi_windows;   /* NMIs between a last check and an entry. */
	uint64_t external_nmis; /* NMIs from no line. */
	/* External NMIs that may have come from a line without leaving a trace. */
	uint64_t unattributed_nmis;
	uint64_t held;     /* Assertions held pending, of all lines together. */
	uint64_t switches; /* VM switches. */
	uint64_t ticks;    /* TSC ticks since the first VM was entered. */
	uint64_t dropped;  /* Bytes that the console had no room for. */
};

/* A stack of the VMM's own. */
struct stack_report {
	const char *name;
	uint64_t bytes, deepest; /* deepest: the most bytes that have been in use. */
};

/* ---- Provided by the VMM proper ---- */

/* Returns the number of VMs. */
unsigned vmm_vm_count(void);
/* Fills out for VM i, from 0 on. */
void vmm_vm_report(unsigned i, struct vm_report *out);
/* Fills out for a line. */
void vmm_line_report(unsigned line, struct line_report *out);
/* Returns how many results the guests have reported. */
unsigned vmm_result_count(void);
/* Returns result i, and the name of its VM in *vm. */
const struct sb_result *vmm_result(unsigned i, const char **vm);
/* Fills out with the sums so far. */
void vmm_totals(struct vmm_totals *out);
/* Fills out for stack i of the VMM's own. Returns false where there is no stack i. */
bool vmm_stack_report(unsigned i, struct stack_report *out);

/* Stops a VM for the operator. Returns 0, -ENOENT (no such VM), or -EINVAL (the VM is stopped
 * already). Call the three functions from the background work. */
int vmm_vm_stop(const char *name);
/* Starts a stopped VM anew. Returns 0, -ENOENT, or -EINVAL (the VM is not stopped). */
int vmm_vm_start(const char *name);
/* Starts a VM anew, in any state. Returns 0 or -ENOENT. */
int vmm_vm_restart(const char *name);
/* Gives the console's keys to a VM with uart=com1. Returns 0, -ENOENT, -ENODEV (the VM has no such
 * UART), or -EINVAL (the VM is stopped). */
int vmm_keys(const char *name);
/* Gives the keys back to the console, and says so. */
void vmm_keys_back(void);
/* Returns true while a VM has the keys. A VM that has stopped gives the keys back. */
bool vmm_keys_given(void);
/* Gives a key to the VM that has the keys. */
void vmm_type(char key);
/* Tells the UART of VM i that the VM's text was printed. */
void vmm_printed(unsigned i);
/* Raises an external NMI, at a moment without an NMI of a line under way. Call it from the
 * background work. */
void vmm_raise_nmi(void);
/* Ends the run after the present work. */
void vmm_quit(void);
/* on: the run goes on when all VMs are done. */
void vmm_stay(bool on);

/* ---- Lines and tables for the user ---- */

/* Prints the lines and their owners. counters: prints each line's events too. */
void report_lines(bool counters);
/* Prints a row for each VM. */
void report_vms(void);
/* Prints a row for each VM: the budget, the worst wait for other VMs, and the counts so far. Prints
 * nothing where no VM has a budget. */
void report_budgets(void);
/* Prints the status line: the time; then for each VM its state, its share of the processor and its
 * exits since the last status line, and its own words; then the number of held assertions, and the
 * unexplained NMIs if there are any. */
void report_status(void);
/* Prints the latencies that the guests measured. */
void report_results(void);
/* Prints what the block has measured of each line, as lines of key=value, and says so where the
 * block keeps no time. at_end: the histograms, too, and no word where there is no block. */
void report_times(bool at_end);
/* Prints the exits by reason and VM. */
void report_exits(void);
/* Prints all tables, then the same as lines of key=value for programs: result, exits, line, stack,
 * totals. Call it after the run. */
void report_final(void);

/* Prints the trace's last entries, or the last before the trace stopped, oldest first, a line each:
 * TSC ticks since the first printed entry and since the entry before, VM, event. Call it from the
 * background work. */
void trace_print(unsigned last);
/* Returns the name of an event of the trace, or NULL after the last event. */
const char *trace_event_name(unsigned i);
/* Returns true where the event's b is a number that may be compared. */
bool trace_event_counts(unsigned i);

#endif
