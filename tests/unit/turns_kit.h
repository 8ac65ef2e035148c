/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop alone: run.c and the scheduler, with stand-ins for all lower parts.
 *
 * Rule: the test moves the TSC, asks for a single decision, and looks at the timer, the mask and
 * the calls afterwards. kit_begin() sets all state anew.
 */
#ifndef TESTS_UNIT_TURNS_KIT_H
#define TESTS_UNIT_TURNS_KIT_H

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/run.h"
#include "vmm/core/run_parts.h"
#include "vmm/core/sched.h"
#include "vmm/core/turn.h"

#include <stdbool.h>
#include <stdint.h>

/* KIT_SLICE: the slice of a VM. KIT_STEP: the time of a step of a VM's start. In TSC ticks. */
enum { KIT_VMS = 3, KIT_ROOM = 8, KIT_SLICE = 5000, KIT_STEP = 100, KIT_TICKS_PER_US = 5 };

struct turns_kit {
	struct vm own[KIT_ROOM]; /* kit_begin() takes the first KIT_VMS */
	/* Set by the test. */
	line_set requests;       /* deliverable to the running VM */
	line_set requests_after; /* further requests, while the VM is put away */
	bool handler;            /* the running VM is in a handler */
	bool quits;              /* the operator quits at the next exit */
	uint64_t work_due;       /* TSC of the background work; UINT64_MAX: never */
	unsigned starved;        /* so many portions of the work more go on behind an NMI */
	void (*on_step)(void);   /* called at each step of a start */
	void (*on_work)(void);   /* called in each portion of the background work */
	bool halted;             /* the running VM is in a HLT */
	bool if_clear;           /* the running VM has its interrupts off */
	bool gets_nmis;          /* external NMIs go to the running VM */
	bool exact;              /* a switch refuses only while handler is set, and ends a turn */
	line_set asserted;       /* the block's status */
	/* Noted by the stand-ins. */
	uint64_t timer;       /* the time at the last arming, in TSC ticks */
	unsigned steps;       /* of VMs' starts */
	unsigned attempts;    /* calls of vm_switch() */
	unsigned put_away;    /* calls of vm_put_away() */
	unsigned left;        /* calls of vm_exited() with AT_EXIT_ROUTES */
	unsigned portions;    /* of the background work */
	unsigned halts;       /* sleeps until an NMI */
	unsigned looks;       /* at the NMI count */
	line_set mask_now;    /* the last mask */
	bool mask_is_current; /* the mask was written since the last look at the NMI count */
};
extern struct turns_kit kit;

/* Priorities of the VMs. */
extern const unsigned kit_equals[KIT_VMS], kit_ladder[KIT_VMS];
extern const struct operator_calls kit_nobody;

/* Begins a run of ready VMs with the given priorities. No VM runs, and no housekeeping is due.
 * kit_begin() has a configuration without a word. */
void kit_begin(const unsigned priorities[KIT_VMS]);
void kit_begin_run(const struct vmm_config *config, const unsigned priorities[KIT_VMS]);

/* For a chipset of a test's own. */
void kit_set_route(struct controller *c);
void kit_set_mask(line_set masked);

#endif
