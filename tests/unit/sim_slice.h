/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A slice timer whose end is an NMI (arch/x86/machine/slice_timer.h), for the simulated board.
 *
 * Rule: its NMI comes at the end or some moments after it, and one that was under way comes
 * although the timer was armed anew.
 */
#ifndef TESTS_UNIT_SIM_SLICE_H
#define TESTS_UNIT_SIM_SLICE_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_SLICE_NMI = -2 }; /* who raised it: board.nmi_line[] */

struct sim_slice {
	bool armed, told;
	uint64_t end;
	uint64_t nmi_at;    /* when its NMI comes; 0: it has come, or never will */
	unsigned pending;   /* NMIs of ends that are history, to come before it is armed anew */
	unsigned late_nmis; /* and those that were under way then */
	uint64_t late_until;
	unsigned ends, past; /* how many were told */
	/* NULL: no delay, and nothing is under way once it was armed anew */
	unsigned (*random)(unsigned limit);
};
extern struct sim_slice sim_slice;

/* The board has one from now on. */
void sim_slice_attach(unsigned (*random)(unsigned limit));
/* A moment has passed. */
void sim_slice_moment(void);
/* Would an external NMI be told from it, now and for some moments to come? */
bool sim_slice_is_far(void);

#endif
