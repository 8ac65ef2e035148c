/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Playing scenarios. See the header for the rule.
 */
#include "tests/unit/check.h"

#include "tests/unit/sim8259.h"
#include "tests/unit/sim_play.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEDS_USUAL = 5, ROUNDS = 6, ACTIVE = 8000, QUIET = 12000, TESTS_MAX = 48 };

static const char *chipset_name;

static void play(const struct sim_scenario *scenario, uint64_t seed, bool tells)
{
	static struct sim_scenario made;
	struct sim_scenario *s = &made;

	made = *scenario;
	if (s->make)
		s->make(seed, s);
	struct sim_world world = s->world;

	world.chipset = chipset_name;
	world.seed = seed;
	world.rounds = ROUNDS;
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

/* cmocka's handlers would go on with the next test, in a process that has no business there. */
static void die_of_signals(void)
{
	static const int fatal[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		(void)signal(fatal[i], SIG_DFL);
}

/* Some seeds from 1 on, or SEEDS of them; or one scenario with one seed in this very process, for a
 * debugger: SCENARIO=two SEED=15. */
static void play_seeds(void **state)
{
	const struct sim_scenario *s = *state;
	const char *name = getenv("SCENARIO"), *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t seeds = many ? strtoull(many, NULL, 0) : s->seeds ? s->seeds : SEEDS_USUAL;

	if (name && strcmp(name, s->name) != 0)
		skip();
	if (name && one) {
		die_of_signals();
		play(s, strtoull(one, NULL, 0), true);
		exit(0);
	}
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			die_of_signals();
			play(s, seed, false);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("SCENARIO=%s SEED=%lu", s->name, (unsigned long)seed);
	}
}

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

static void add_tests(const struct sim_scenario *s)
{
	for (; s != NULL && s->test != NULL && test_count < TESTS_MAX; s++)
		tests[test_count++] = (struct CMUnitTest){ s->test, play_seeds, NULL, NULL,
			                                   (void *)(uintptr_t)s };
}

int sim_play_all(const char *group, const char *chipset, const struct sim_scenario *common,
                 const struct sim_scenario *own)
{
	chipset_name = chipset;
	add_tests(common);
	add_tests(own);
	return _cmocka_run_group_tests(group, tests, test_count, NULL, NULL);
}
