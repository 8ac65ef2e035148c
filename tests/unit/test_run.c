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
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEEDS_DEFAULT = 24, ROUNDS = 6, ACTIVE = 8000, QUIET = 12000 };

/* pulse and scribe as they are: PIT and COM2; RTC and disk. */
#define PULSE .lines = LINE(0) | LINE(3), .pulsed = LINE(0), .base = { 0x20, 0x28 }, .halts = true, .priority = 2
#define SCRIBE .lines = LINE(8) | LINE(15), .base = { 0x30, 0x38 }, .halts = true, .specific_eoi = true, .priority = 1

struct scenario {
	const char *name;
	unsigned vms;
	struct sim_habits habits[SIM_VMS];
	struct sim_world world;
	bool forgets_fallen_edges; /* always; else every other seed has a chip that keeps them latched */
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
	sim_pic.keeps_fallen_edges = (seed & 2) && !s->forgets_fallen_edges;
	sim_pic.silent_in_initialisation = seed & 4;
	sim_run(&world, s->habits, s->vms);
	for (unsigned i = 0; i < s->vms && tells; i++)
		fprintf(stderr,
		        "seed %lu vm %u: fired %lu delivered %lu causeless %lu spurious %lu foreign %lu switches %lu\n",
		        (unsigned long)seed, i, (unsigned long)sim_result.vm[i].fired,
		        (unsigned long)sim_result.vm[i].deliveries, (unsigned long)sim_result.vm[i].causeless,
		        (unsigned long)sim_result.vm[i].spurious, (unsigned long)sim_result.vm[i].foreign,
		        (unsigned long)sim_result.switches);
}

/* Seeds 1 to 24, or to SEEDS; or one scenario with one seed in this very process, for a debugger: SCENARIO=two SEED=15. */
static void play_all(const struct scenario *s)
{
	const char *name = getenv("SCENARIO"), *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t seeds = many ? strtoull(many, NULL, 0) : SEEDS_DEFAULT;

	if (name && strcmp(name, s->name) != 0)
		skip();
	if (name && one) {
		play(s, strtoull(one, NULL, 0), true);
		exit(0);
	}
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			play(s, seed, false);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("SCENARIO=%s SEED=%lu", s->name, (unsigned long)seed);
	}
}

static void R08_R11_nothing_is_lost_between_two_guests(void **state)
{
	(void)state;
	play_all(&(const struct scenario){ .name = "two", .vms = 2, .habits = { { PULSE }, { SCRIBE } } });
}

static void R18_nothing_is_lost_in_slices_among_equals(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "equals",
		.vms = 3,
		.habits = { { .lines = LINE(0) | LINE(3), .pulsed = LINE(0), .base = { 0x20, 0x28 }, .priority = 1 },
	                    { .lines = LINE(8) | LINE(15),
	                      .base = { 0x20, 0x28 },
	                      .specific_eoi = true,
	                      .priority = 1 },
	                    { .lines = LINE(1) | LINE(5) | LINE(12),
	                      .base = { 0x08, 0x70 },
	                      .eoi_first = true,
	                      .priority = 1 } },
	});
}

static void R11_handlers_may_nest_and_end_in_any_way(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "nested",
		.vms = 2,
		.habits = { { .lines = LINE(0) | LINE(3) | LINE(6) | LINE(9) | LINE(14),
	                      .base = { 0x20, 0x28 },
	                      .nests = true,
	                      .priority = 1 },
	                    { .lines = LINE(1) | LINE(5) | LINE(8) | LINE(13),
	                      .base = { 0x30, 0x38 },
	                      .nests = true,
	                      .specific_eoi = true,
	                      .halts = true,
	                      .priority = 1 } },
	});
}

static void R11_automatic_eoi_and_the_other_way_side_by_side(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "auto-eoi",
		.vms = 2,
		.habits = { { .lines = LINE(0) | LINE(3) | LINE(10),
	                      .pulsed = LINE(0),
	                      .base = { 0x20, 0x28 },
	                      .auto_eoi = true,
	                      .priority = 1 },
	                    { SCRIBE } },
	});
}

static void R19_a_guest_may_initialise_its_pair_at_any_time(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "reinitialises",
		.vms = 2,
		.habits = { { .lines = LINE(0) | LINE(3) | LINE(11),
	                      .base = { 0x20, 0x28 },
	                      .reinitialises = true,
	                      .halts = true,
	                      .priority = 1 },
	                    { SCRIBE } },
	});
}

static void R14_the_vmm_has_a_device_too(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "vmm-device", .vms = 2, .habits = { { PULSE }, { SCRIBE } }, .world = { .vmm_device = true } });
}

static void R06_an_external_nmi_is_told_apart(void **state)
{
	(void)state;
	play_all(&(const struct scenario){ .name = "external",
	                                   .vms = 2,
	                                   .habits = { { PULSE }, { SCRIBE } },
	                                   .world = { .external_nmis = true } });
}

/* Where the 8259 keeps an edge latched whose line has fallen, a line that the VMM itself serves looks asserted for ever, and every
 * NMI might be its own: there an external NMI is told apart by port 61h only. */
static void R06_an_external_nmi_is_told_from_the_vmm_device(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "external-device",
		.vms = 2,
		.habits = { { PULSE }, { SCRIBE } },
		.world = { .vmm_device = true, .external_nmis = true },
		.forgets_fallen_edges = true,
	});
}

static void R13_seven_guests_of_four_priorities(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "seven",
		.vms = 7,
		.habits = { { .lines = LINE(0),
	                      .pulsed = LINE(0),
	                      .base = { 0x20, 0x28 },
	                      .halts = true,
	                      .priority = 4 },
	                    { .lines = LINE(3) | LINE(9), .base = { 0x20, 0x28 }, .halts = true, .priority = 3 },
	                    { .lines = LINE(5) | LINE(10),
	                      .base = { 0x20, 0x28 },
	                      .halts = true,
	                      .nests = true,
	                      .priority = 3 },
	                    { .lines = LINE(8), .base = { 0x30, 0x38 }, .halts = true, .priority = 2 },
	                    { .lines = LINE(11) | LINE(12),
	                      .base = { 0x30, 0x38 },
	                      .halts = true,
	                      .specific_eoi = true,
	                      .priority = 2 },
	                    { .lines = LINE(13),
	                      .base = { 0x30, 0x38 },
	                      .halts = true,
	                      .auto_eoi = true,
	                      .priority = 2 },
	                    { .lines = LINE(6) | LINE(14), .base = { 0x20, 0x28 }, .priority = 1 } },
		.world = { .vmm_device = true },
	});
}

static void R02_a_hostile_guest_takes_nothing_from_the_others(void **state)
{
	(void)state;
	play_all(&(const struct scenario){
		.name = "hostile",
		.vms = 3,
		.habits = { { .lines = LINE(0) | LINE(3), .pulsed = LINE(0), .base = { 0x20, 0x28 }, .priority = 1 },
	                    { .lines = LINE(8) | LINE(15),
	                      .base = { 0x30, 0x38 },
	                      .specific_eoi = true,
	                      .halts = true,
	                      .priority = 1 },
	                    { .lines = LINE(5) | LINE(12), .base = { 0x40, 0x48 }, .hostile = true, .priority = 1 } },
	});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R08_R11_nothing_is_lost_between_two_guests),
		cmocka_unit_test(R18_nothing_is_lost_in_slices_among_equals),
		cmocka_unit_test(R11_handlers_may_nest_and_end_in_any_way),
		cmocka_unit_test(R11_automatic_eoi_and_the_other_way_side_by_side),
		cmocka_unit_test(R19_a_guest_may_initialise_its_pair_at_any_time),
		cmocka_unit_test(R14_the_vmm_has_a_device_too),
		cmocka_unit_test(R06_an_external_nmi_is_told_apart),
		cmocka_unit_test(R06_an_external_nmi_is_told_from_the_vmm_device),
		cmocka_unit_test(R13_seven_guests_of_four_priorities),
		cmocka_unit_test(R02_a_hostile_guest_takes_nothing_from_the_others),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
