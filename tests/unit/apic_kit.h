/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random guests of a local APIC that several guests share, and each guest alone: for the tests of
 * save and restore (chipset/apic/apic_local.c).
 *
 * Rule: the shared run comes first, and says when the guest had the processor. The same guest alone
 * gets the same steps at the same times, stands still in between, and has its own local APIC. So a
 * difference is the switch's.
 */
#ifndef TESTS_UNIT_APIC_KIT_H
#define TESTS_UNIT_APIC_KIT_H

#include "chipset/apic/apic_local.h"
#include "tests/unit/sim_apic.h"

enum { KIT_STEPS = 300, KIT_WORDS = 8, KIT_VECTORS = 64 };

/* What a run's guests use. */
struct kit_plan {
	uint64_t seed;
	uint32_t rules;      /* of the local APIC (sim_apic.h) */
	unsigned mean;       /* steps between two switches, about; 1: a switch at each step */
	bool periodic, pins; /* periodic timers; interrupts by pins */
	uint32_t longest;    /* the longest count of the timer */
};

/* All that a guest can read of its local APIC, and what it felt: the vector that came. */
struct kit_view {
	uint32_t irr[KIT_WORDS], isr[KIT_WORDS], tpr, ppr, timer, initial, count, divide;
	uint64_t deadline, tsc;
	int vector;
	bool open; /* interrupts are on */
};

struct kit_result {
	struct kit_view view[KIT_STEPS];
	unsigned taken, switches, nested, held, expired_away;
};

/* Plays the guest with another guest beside it, then alone, by the same plan. */
void kit_play(const struct kit_plan *plan, struct kit_result *shared, struct kit_result *alone);

#endif
