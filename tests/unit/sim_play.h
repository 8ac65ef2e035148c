/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios: who shares the machine, and what happens to them; each is one test with many seeds.
 *
 * Rule: each seed is a machine of its own (tests/unit/sim_image.h); a failure prints its scenario
 * and seed.
 */
#ifndef TESTS_UNIT_SIM_PLAY_H
#define TESTS_UNIT_SIM_PLAY_H

#include "tests/unit/sim_guest.h"

struct sim_scenario {
	const char *test, *name;
	unsigned vms;
	struct sim_habits habits[SIM_VMS];
	struct sim_world world;
	/* always; else every other seed has an 8259 that keeps them latched */
	bool forgets_fallen_edges;
	/* Makes up what is not given, another for each seed; NULL: all is given. */
	void (*make)(uint64_t seed, struct sim_scenario *made);
	unsigned seeds; /* how many are played; 0: as usual */
};

/* What every chipset has to get right; ends with one that has no test. */
extern const struct sim_scenario sim_common[];
/* And what the block's model has to, as a device and in memory; the same. */
extern const struct sim_scenario sim_block_only[];

/* Both lists on this chipset, as one group of tests: its status. own may be NULL. */
int sim_play_all(const char *group, const char *chipset, const struct sim_scenario *common,
                 const struct sim_scenario *own);

/* pulse and scribe as they are: PIT and COM2; RTC and disk. */
#define SIM_PULSE                                                                             \
	.lines = LINE(0) | LINE(3), .pulsed = LINE(0), .base = { 0x20, 0x28 }, .halts = true, \
	.priority = 2
#define SIM_SCRIBE                                                                                \
	.lines = LINE(8) | LINE(15), .base = { 0x30, 0x38 }, .halts = true, .specific_eoi = true, \
	.priority = 1

#endif
