/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM proper as report.h sees it: structures that a test fills in.
 *
 * Rule: every number a test prints comes from here, and every request a command makes ends here.
 */
#ifndef TESTS_UNIT_FAKE_VMM_H
#define TESTS_UNIT_FAKE_VMM_H

#include "vmm/operator/report.h"

enum { FAKE_VMS = 8, FAKE_RESULTS = 10 };

struct fake_vmm {
	unsigned vms, results;
	struct vm_report vm[FAKE_VMS];
	struct line_report line[LINES];
	struct sb_result result[FAKE_RESULTS];
	const char *result_vm[FAKE_RESULTS];
	struct vmm_totals totals;
	struct stack_report stack;
	int answer;        /* of stop, start, restart */
	const char *asked; /* "stop", ... */
	char asked_name[96];
	unsigned quits, nmis;
	char typed[64]; /* keys of the VM that has the keys */
	bool given;     /* a VM has the keys */
	int stays;      /* 1: the run is to go on, -1: not, 0: nobody has asked */
	int watched;    /* 1: the watch is on, -1: off, 0: nobody has asked */
	int stop_event; /* an enum trace_event */
	uint64_t stop_least;
};

extern struct fake_vmm fake_vmm;

/* Two VMs at work, some lines, some results. */
void fake_vmm_reset(void);

#endif
