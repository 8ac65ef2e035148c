/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Playing scenarios. See the header for the rule.
 */
#include "tests/unit/check.h"

#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_image.h"
#include "tests/unit/sim_internal.h"
#include "tests/unit/sim_play.h"

#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS_USUAL = 5, ROUNDS = 6, ACTIVE = 8000, QUIET = 12000, TESTS_MAX = 48 };

static const char *chipset_name;

/* What is played now, so that a failure names it. scenario is NULL between two seeds. */
static struct {
	const char *scenario;
	uint64_t seed;
} playing;

static void tell_where(void)
{
	if (playing.scenario != NULL)
		fprintf(stderr, "SCENARIO=%s SEED=%lu\n", playing.scenario,
		        (unsigned long)playing.seed);
	playing.scenario = NULL;
}

static void fail_test(void)
{
	fail();
}

static void play(const struct sim_scenario *scenario, uint64_t seed, bool tells)
{
	static struct sim_scenario made;
	struct sim_scenario *s = &made;

	made = *scenario;
	if (s->make)
		s->make(seed, s);
	struct sim_world world = s->world;

	playing.scenario = s->name;
	playing.seed = seed;
	sim_image_load();
	world.chipset = chipset_name;
	world.seed = seed;
	world.rounds = ROUNDS;
	world.violated = fail_test;
	world.active_steps = ACTIVE;
	world.quiet_steps = QUIET;
	world.nmi_exit_wakes = seed & 1;
	world.entry_with_if_clear = seed & 2;
	/* with each mix of the two above */
	world.timer_by_nmi = __builtin_parity((unsigned)seed & 7);
	if (world.fire_one_in == 0)
		world.fire_one_in = 10 + (unsigned)(seed % 7) * 40;
	sim_pic.keeps_fallen_edges = (seed & 2) && !s->forgets_fallen_edges;
	sim_pic.silent_in_initialisation = seed & 4;
	sim_pic.intr_stays = seed & 1 &&
	                     /* to the guests' own pair it adds spurious ones */
	                     strcmp(chipset_name, "soft") == 0;
	sim_run(&world, s->habits, s->vms);
	playing.scenario = NULL;
	for (unsigned i = 0; i < s->vms && tells; i++)
		fprintf(stderr,
		        "seed %lu vm %u: fired %lu delivered %lu causeless %lu spurious %lu "
		        "foreign %lu switches %lu\n",
		        (unsigned long)seed, i, (unsigned long)sim_result.vm[i].fired,
		        (unsigned long)sim_result.vm[i].deliveries,
		        (unsigned long)sim_result.vm[i].causeless,
		        (unsigned long)sim_result.vm[i].spurious,
		        (unsigned long)sim_result.vm[i].foreign,
		        (unsigned long)sim_result.switches);
}

/* Plays some seeds from 1 on, or SEEDS of them; or one scenario with one seed, for a debugger:
 * SCENARIO=two SEED=15. */
static void play_seeds(void **state)
{
	const struct sim_scenario *s = *state;
	const char *name = getenv("SCENARIO"), *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t seeds = many ? strtoull(many, NULL, 0) : s->seeds ? s->seeds : SEEDS_USUAL;

	if (name && strcmp(name, s->name) != 0)
		skip();
	if (name && one) {
		play(s, strtoull(one, NULL, 0), true);
		return;
	}
	for (uint64_t seed = 1; seed <= seeds; seed++)
		play(s, seed, false);
}

/* After each test. A test that failed has not come to the end of its seed. */
static int end_of_test(void **state)
{
	(void)state;
	tell_where();
	return 0;
}

/* A seed names a run, whatever the process played before. */
static void a_machine_knows_nothing_of_the_machine_before_it(void **state)
{
	enum { SEED = 3, OTHER = 4 };
	const struct sim_scenario *s = *state;
	struct sim_result first;
	struct board board_then;
	uint64_t steps;

	if (getenv("SCENARIO"))
		skip();
	play(s, SEED, false);
	first = sim_result;
	board_then = board;
	steps = sim_steps;
	play(s, OTHER, false);
	assert_memory_not_equal(&sim_result, &first, sizeof(first));
	play(s, SEED, false);
	assert_memory_equal(&sim_result, &first, sizeof(first));
	assert_memory_equal(&board, &board_then, sizeof(board));
	assert_int_equal(sim_steps, steps);
}

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

static void add_tests(const struct sim_scenario *s)
{
	for (; s != NULL && s->test != NULL && test_count < TESTS_MAX; s++)
		tests[test_count++] = (struct CMUnitTest){ s->test, play_seeds, NULL, end_of_test,
			                                   (void *)(uintptr_t)s };
}

int sim_play_all(const char *group, const char *chipset, const struct sim_scenario *common,
                 const struct sim_scenario *own)
{
	chipset_name = chipset;
	__sanitizer_set_death_callback(tell_where);
	tests[test_count++] = (struct CMUnitTest){
		"a_machine_knows_nothing_of_the_machine_before_it",
		a_machine_knows_nothing_of_the_machine_before_it, NULL, end_of_test,
		(void *)(uintptr_t)common
	};
	add_tests(common);
	add_tests(own);
	return _cmocka_run_group_tests(group, tests, test_count, NULL, NULL);
}
