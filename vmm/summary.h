/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What came of a run, on one screen: to be read last, or photographed.
 *
 * Rule: it fits into 80 columns and SUMMARY_ROWS rows, however many VMs and probes there were; what
 * has no room is counted.
 */
#ifndef VMM_SUMMARY_H
#define VMM_SUMMARY_H

/* Leaves two rows of a screen's 24 to what comes after it. */
enum { SUMMARY_ROWS = 22 };

struct summary {
	const char *version, *processor, *virtualisation, *chipset;
	unsigned refused; /* modules that did not become a VM */
	int status;       /* of the run */
};

void summary_print(const struct summary *s);

#endif
