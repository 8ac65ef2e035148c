/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's own run loop over a simulated processor: guests that drive their 8259 pair and their
 * devices at random, and know at each moment what a real pair would let through to them.
 *
 * Rule: what a guest may not see is checked at the very delivery; what it may not miss is checked
 * when all is quiet.
 */
#ifndef TESTS_UNIT_SIM_GUEST_H
#define TESTS_UNIT_SIM_GUEST_H

#include "arch/x86/machine/lines.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_VMS = 8 };

/* How a guest behaves. */
struct sim_habits {
	line_set lines;
	line_set
		/* of them: the device does not hold its line but ticks (PIT); the others hold it
		 * until served */
		pulsed;
	uint8_t base[2]; /* vectors of master and slave */
	bool auto_eoi, specific_eoi, eoi_first, nests;
	bool reinitialises; /* programs its pair anew now and then */
	bool halts;
	bool sleepy;  /* and does little else */
	bool hostile; /* writes anything to the controller's ports; nothing is promised to it */
	bool shares;  /* its lines may belong to others too */
	unsigned priority;
	/* irqmux and soft */
	uint64_t controller_input,
		/* where its lines enter (R03, R04), four bits a line; 0: by their numbers */
		block_input;
	bool routes_at_exit; /* R17 */
};

/* What the world does. */
struct sim_world {
	const char *chipset; /* NULL: pc */
	unsigned banks;      /* R16; 0: all there are */
	uint64_t seed;
	unsigned fire_one_in; /* each device fires about once in so many moments */
	bool vmm_device;      /* the VMM has one as well, on line 4 */
	bool external_nmis;
	/* and while lines speak, too: where the block has a status bit for it */
	bool external_anytime;
	bool restarts; /* a guest is started anew now and then */
	/* no guest may get an interrupt, or wake, where a machine of its own would not give it
	 * one */
	bool exact;
	line_set level; /* lines that the firmware set to level */
	/* Bochs: an NMI exit, or an interrupt's, leaves a halted guest active */
	bool nmi_exit_wakes;
	/* Bochs: entered with interrupts off, a guest does not exit for one until that changes */
	bool entry_with_if_clear;
	bool timer_by_nmi; /* the slice timer's end is an NMI */
	uint64_t active_steps, quiet_steps;
	unsigned rounds; /* of both */
	/* fails the test, and does not return; NULL: the process aborts */
	void (*violated)(void);
};

/* What came of it, per VM. */
struct sim_counts {
	uint64_t fired; /* by its devices */
	uint64_t deliveries;
	uint64_t causeless; /* handlers that found nothing to do */
	uint64_t spurious;  /* of them: as spurious IRQ7 or IRQ15 */
	uint64_t foreign;   /* hostile guests only; for others it is a violation */
};

struct sim_result {
	struct sim_counts vm[SIM_VMS];
	uint64_t switches, external_raised, starts;
};

extern struct sim_result sim_result;

/* Builds the machine and the VMs, runs, checks. Returns when all rounds are over. A violation is
 * printed, and fails the test. Call sim_image_load() (tests/unit/sim_image.h) before. */
void sim_run(const struct sim_world *world, const struct sim_habits *habits, unsigned vms);

#endif
