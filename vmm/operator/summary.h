/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The result of a run, on a single screen: to be read last, or photographed.
 *
 * Rule: the summary fits into 80 columns and SUMMARY_ROWS rows, for any number of VMs and probes.
 * Rows without room are counted.
 */
#ifndef VMM_SUMMARY_H
#define VMM_SUMMARY_H

/* The summary leaves two of a screen's 24 rows to later text. */
enum { SUMMARY_ROWS = 22 };

/* The head of the summary. */
struct summary {
	/* Names for the first four rows. */
	const char *version, *processor, *virtualisation, *chipset;
	unsigned refused; /* Modules that did not become a VM. */
	int status;       /* The run's status. */
};

/* Prints the summary. Call it after report_final(). */
void summary_print(const struct summary *s);

#endif
