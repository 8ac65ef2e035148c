/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Save and restore of the local APIC (Figure 5, R19): a guest with a switch at every instruction
 * boundary reads and feels the same as the guest alone.
 *
 * Rule: everything that the guest can read is compared after each step, to the bit. The guests'
 * vectors come in the same order at the same steps.
 */
#include "tests/unit/check.h"

#include "tests/unit/apic_kit.h"

#include <string.h>

/* As Bochs is (docs/apic-model.md). */
enum { AS_BOCHS = SIM_RULE_INT_LATCHED | SIM_RULE_INT_IN_CLASS | SIM_RULE_SPURIOUS_STAYS };
/* A period up to twice the shortest rest is loaded to the tick. */
enum { GUESTS = 100, SHORT_PERIOD = 1200, LONG_COUNT = 4000 };

static struct kit_result shared, alone;

static void tell(const char *name, const struct kit_view *v)
{
	print_message("%s: tsc %llu vector %d open %d tpr %x ppr %x timer %x initial %u count %u "
	              "divide %x "
	              "deadline %llu\n",
	              name, (unsigned long long)v->tsc, v->vector, v->open, v->tpr, v->ppr,
	              v->timer, v->initial, v->count, v->divide, (unsigned long long)v->deadline);
	for (unsigned i = 0; i < KIT_WORDS; i++)
		print_message("  %u: irr %08x isr %08x\n", i, v->irr[i], v->isr[i]);
}

static void same(const struct kit_plan *plan)
{
	kit_play(plan, &shared, &alone);
	for (unsigned i = 0; i < KIT_STEPS; i++) {
		if (memcmp(&shared.view[i], &alone.view[i], sizeof(alone.view[i])) == 0)
			continue;
		if (i > 0)
			tell("before", &alone.view[i - 1]);
		tell("alone ", &alone.view[i]);
		tell("shared", &shared.view[i]);
		fail_msg("seed %llu: the two differ after step %u", (unsigned long long)plan->seed,
		         i);
	}
}

static void guests_are_the_same(struct kit_plan plan)
{
	unsigned taken = 0, nested = 0, expired = 0, held = 0, switches = 0;

	for (plan.seed = 1; plan.seed <= GUESTS; plan.seed++) {
		same(&plan);
		taken += shared.taken;
		nested += shared.nested;
		expired += shared.expired_away;
		held += shared.held;
		switches += shared.switches;
	}
	print_message("%u switches, %u of them in nested handlers; %u interrupts taken; %u timers "
	              "expired while away; %u edges held\n",
	              switches, nested, taken, expired, held);
	assert_true(taken > 20 * GUESTS && nested > GUESTS && expired > GUESTS / 10);
	assert_true(plan.mean > 1 || switches == GUESTS * KIT_STEPS);
	assert_true(!plan.pins || held > GUESTS);
}

static void R19_a_switch_at_every_boundary(void **state)
{
	(void)state;
	guests_are_the_same((struct kit_plan){ .mean = 1, .longest = LONG_COUNT });
}

static void R19_with_edges_at_any_moment(void **state)
{
	(void)state;
	guests_are_the_same((struct kit_plan){ .mean = 1, .pins = true, .longest = LONG_COUNT });
}

static void R19_with_short_periods(void **state)
{
	(void)state;
	guests_are_the_same(
		(struct kit_plan){ .mean = 1, .periodic = true, .longest = SHORT_PERIOD });
}

static void R19_with_switches_now_and_then(void **state)
{
	(void)state;
	guests_are_the_same((struct kit_plan){
		.mean = 5, .pins = true, .periodic = true, .longest = SHORT_PERIOD });
}

static void R19_on_a_local_apic_that_is_as_bochs_is(void **state)
{
	(void)state;
	guests_are_the_same((struct kit_plan){
		.mean = 1, .rules = AS_BOCHS, .pins = true, .longest = LONG_COUNT });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R19_a_switch_at_every_boundary),
		cmocka_unit_test(R19_with_edges_at_any_moment),
		cmocka_unit_test(R19_with_short_periods),
		cmocka_unit_test(R19_with_switches_now_and_then),
		cmocka_unit_test(R19_on_a_local_apic_that_is_as_bochs_is),
	};

	return cmocka_run_group_tests_name("apic_replay", tests, NULL, NULL);
}
