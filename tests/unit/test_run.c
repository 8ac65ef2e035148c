/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM (run loop, dispatcher, Figures 4 and 5, chipset/pc.c) with random guests, devices and moments, on a simulated machine.
 *
 * Rule: each seed is a process of its own; its guests know what they may see, and nothing that was asserted may be missing when
 * all is quiet. A failure prints its seed.
 */
#include "tests/unit/check.h"

#include "tests/unit/sim8259.h"
#include "tests/unit/sim_guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEDS = 40, ROUNDS = 6, ACTIVE = 8000, QUIET = 12000 };

/* pulse and scribe as they are: PIT and COM2; RTC and disk. */
#define PULSE                                                                                                          \
	.lines = LINE(0) | LINE(3), .pulsed = LINE(0), .base = {0x20, 0x28}, .halts = true, .priority = 2
#define SCRIBE                                                                                                         \
	.lines = LINE(8) | LINE(15), .base = {0x30, 0x38}, .halts = true, .specific_eoi = true, .priority = 1

struct scenario {
	const char *name;
	unsigned vms;
	struct sim_habits habits[SIM_VMS];
	struct sim_world world;
	bool keeps_fallen_edges, silent_in_initialisation;
	unsigned foreign_allowed; /* to hostile guests only */
};

static void play(const struct scenario *s, uint64_t seed, bool tells)
{
	struct sim_world world = s->world;

	world.seed = seed;
	world.rounds = ROUNDS;
	world.active_steps = ACTIVE;
	world.quiet_steps = QUIET;
	world.nmi_exit_wakes = seed & 1;
	if (world.fire_one_in == 0)
		world.fire_one_in = 10 + (unsigned)(seed % 7) * 40;
	sim_pic.keeps_fallen_edges = s->keeps_fallen_edges || (seed & 2);
	sim_pic.silent_in_initialisation = s->silent_in_initialisation || (seed & 4);
	sim_run(&world, s->habits, s->vms);
	for (unsigned i = 0; i < s->vms && tells; i++)
		fprintf(stderr, "seed %lu vm %u: fired %lu delivered %lu causeless %lu spurious %lu foreign %lu switches %lu\n",
			(unsigned long)seed, i, (unsigned long)sim_result.vm[i].fired, (unsigned long)sim_result.vm[i].deliveries,
			(unsigned long)sim_result.vm[i].causeless, (unsigned long)sim_result.vm[i].spurious,
			(unsigned long)sim_result.vm[i].foreign, (unsigned long)sim_result.switches);
}

static void play_all(const struct scenario *s)
{
	const char *one = getenv("SEED");
	uint64_t first = one ? strtoull(one, NULL, 0) : 1, last = one ? first : SEEDS;

	for (uint64_t seed = first; seed <= last; seed++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			play(s, seed, one != NULL);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("%s, SEED=%lu", s->name, (unsigned long)seed);
	}
}

static void R08_R11_nothing_is_lost_between_two_guests(void **state)
{
	(void)state;
	play_all(&(const struct scenario){.name = "two", .vms = 2, .habits = {{PULSE}, {SCRIBE}}});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R08_R11_nothing_is_lost_between_two_guests),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
