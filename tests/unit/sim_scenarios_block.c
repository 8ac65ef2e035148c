/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios for the chipset block's model, as a device (irqmux) and in the VMM's memory (soft):
 * what only it can do, and any configuration.
 *
 * Rule: where a scenario is exact, no guest gets an interrupt that a machine of its own would not
 * give it.
 */
#include "tests/unit/check.h"

#include "tests/unit/sim_play.h"

/* To be laid on LINE_INPUTS_OWN: line enters input. */
#define WIRED(line, input) (((uint64_t)(line) ^ (uint64_t)(input)) << 4 * (line))

/* ---- Any configuration ---- */

static uint64_t dice;

static bool one_in(unsigned n)
{
	return random_below(&dice, n) == 0;
}

static line_set some_lines(line_set of)
{
	return (uint16_t)(random_next(&dice) >> 20) & (uint16_t)(random_next(&dice) >> 20) & of;
}

static uint64_t rewire(uint64_t inputs, line_set lines, unsigned (*to)(void))
{
	for (line_set rest = lines; rest; rest &= rest - 1)
		if (one_in(3))
			inputs = line_set_input(inputs, line_first(rest), to());
	return inputs;
}

static unsigned controller_input(void)
{
	unsigned input = random_below(&dice, LINES);

	return input == LINE_CASCADE ? LINE_CASCADE + 1 : input;
}

/* The VMM block's inputs: only those of the VM's own lines, as the configuration wants it. */
static line_set inputs_of_its_own;

static unsigned block_input(void)
{
	unsigned n = random_below(&dice, (unsigned)__builtin_popcount(inputs_of_its_own));
	line_set rest = inputs_of_its_own;

	while (n-- > 0)
		rest &= rest - 1;
	return line_first(rest);
}

static void make_guest(struct sim_habits *h, line_set lines, line_set shared)
{
	uint8_t base = (uint8_t)(0x20 + 0x10 * random_below(&dice, 4));
	bool wired = one_in(3);

	*h = (struct sim_habits){ .lines = lines | shared,
		                  .pulsed = some_lines(lines) | shared,
		                  .base = { base, (uint8_t)(base + 8) },
		                  .auto_eoi = one_in(5),
		                  .specific_eoi = one_in(2),
		                  .nests = one_in(3),
		                  .reinitialises = one_in(4),
		                  .halts = !one_in(3),
		                  .sleepy = one_in(3),
		                  .routes_at_exit = one_in(3),
		                  .priority = random_below(&dice, 3),
		                  .shares = shared != 0 };
	inputs_of_its_own = lines;
	h->controller_input = wired ? rewire(LINE_INPUTS_OWN, lines, controller_input)
	                            : LINE_INPUTS_OWN;
	h->block_input = wired ? rewire(LINE_INPUTS_OWN, lines, block_input) : LINE_INPUTS_OWN;
	/* Two that hold their line at one input of an edge-triggered 8259: a driver would have to
	 * look at both. */
	line_set entered = 0;
	for (line_set rest = h->lines; rest; rest &= rest - 1) {
		line_set input = LINE(line_input(h->controller_input, line_first(rest)));

		if (entered & input)
			h->pulsed |= h->lines;
		entered |= input;
	}
}

static void make_anything(uint64_t seed, struct sim_scenario *s)
{
	dice = seed * UINT64_C(0xd1342543de82ef95) + 7;
	bool vmm_device = one_in(2);
	line_set left = (uint16_t) ~(LINE(LINE_CASCADE) | LINE(4)),
		 shared = one_in(2) ? 0 : some_lines(left);

	left &= (line_set)~shared;
	s->vms = 2 + random_below(&dice, 5);
	for (unsigned i = 0; i < s->vms; i++) {
		line_set lines = some_lines(left) | LINE(line_first(left));

		left &= (line_set)~lines;
		if (left == 0)
			s->vms = i + 1;
		make_guest(&s->habits[i], lines, some_lines(shared) | (one_in(2) ? shared : 0));
	}
	s->world = (struct sim_world){ .banks = random_below(&dice, 4),
		                       .vmm_device = vmm_device,
		                       .external_nmis = one_in(3),
		                       .external_anytime = one_in(3),
		                       .restarts = vmm_device && one_in(4) };
	s->world.fire_one_in = 10 + random_below(&dice, 200);
}

const struct sim_scenario sim_block_only[] = {
	{ .test = "R07_R11_no_switch_gives_a_guest_an_interrupt_of_its_own",
	  .name = "exact",
	  .vms = 3,
	  .habits = { { .lines = LINE(3) | LINE(6) | LINE(9) | LINE(14),
	                .base = { 0x20, 0x28 },
	                .nests = true,
	                .priority = 1 },
	              { .lines = LINE(1) | LINE(5) | LINE(8) | LINE(13),
	                .base = { 0x30, 0x38 },
	                .nests = true,
	                .specific_eoi = true,
	                .halts = true,
	                .priority = 1 },
	              { .lines = LINE(10) | LINE(11),
	                .base = { 0x40, 0x48 },
	                .auto_eoi = true,
	                .priority = 2,
	                .halts = true } },
	  .world = { .exact = true } },
	{ .test = "R07_R11_level_lines_are_as_they_are",
	  .name = "exact-level",
	  .vms = 2,
	  .habits = { { .lines = LINE(3) | LINE(5) | LINE(11),
	                .base = { 0x20, 0x28 },
	                .nests = true,
	                .priority = 1,
	                .halts = true },
	              { .lines = LINE(10) | LINE(9) | LINE(6),
	                .base = { 0x30, 0x38 },
	                .halts = true,
	                .priority = 1 } },
	  .world = { .exact = true, .level = LINE(5) | LINE(9) | LINE(10) | LINE(11) } },
	{ .test = "R08_no_wake_is_missed_where_everybody_sleeps",
	  .name = "sleepy",
	  .vms = 4,
	  .habits = { { .lines = LINE(3),
	                .base = { 0x20, 0x28 },
	                .halts = true,
	                .sleepy = true,
	                .priority = 2 },
	              { .lines = LINE(8) | LINE(9),
	                .base = { 0x30, 0x38 },
	                .halts = true,
	                .sleepy = true,
	                .priority = 1 },
	              { .lines = LINE(5),
	                .base = { 0x40, 0x48 },
	                .halts = true,
	                .sleepy = true,
	                .priority = 1 },
	              { .lines = LINE(6),
	                .base = { 0x40, 0x48 },
	                .halts = true,
	                .sleepy = true,
	                .priority = 1 } },
	  .world = { .exact = true } },
	{ .test = "R03_lines_enter_other_inputs_of_the_controller",
	  .name = "wired",
	  .vms = 3,
	  .habits = { { .lines = LINE(0) | LINE(1),
	                .pulsed = LINE(0),
	                .base = { 0x20, 0x28 },
	                .halts = true,
	                .controller_input = LINE_INPUTS_OWN ^ WIRED(0, 1) ^ WIRED(1, 0),
	                .priority = 1 },
	              { .lines = LINE(3) | LINE(15),
	                .base = { 0x20, 0x28 },
	                .controller_input = LINE_INPUTS_OWN ^ WIRED(3, 12) ^ WIRED(15, 7),
	                .halts = true,
	                .priority = 1 },
	              { .lines = LINE(8) | LINE(9) | LINE(10),
	                .base = { 0x40, 0x48 },
	                /* all three at one */
	                .controller_input = LINE_INPUTS_OWN ^ WIRED(8, 9) ^ WIRED(10, 9),
	                .pulsed = LINE(8) | LINE(9) | LINE(10),
	                .halts = true,
	                .priority = 2 } } },
	{ .test = "R04_lines_enter_other_inputs_of_the_vmm_block",
	  .name = "block-inputs",
	  .vms = 3,
	  .habits = { { .lines = LINE(0) | LINE(3),
	                .pulsed = LINE(0),
	                .base = { 0x20, 0x28 },
	                .halts = true,
	                /* both at one */
	                .block_input = LINE_INPUTS_OWN ^ WIRED(0, 7) ^ WIRED(3, 7),
	                .priority = 2 },
	              { .lines = LINE(8) | LINE(15),
	                .base = { 0x30, 0x38 },
	                .halts = true,
	                .block_input = LINE_INPUTS_OWN ^ WIRED(8, 0),
	                .priority = 1 },
	              { .lines = LINE(5) | LINE(12),
	                .base = { 0x40, 0x48 },
	                .halts = true,
	                .block_input = LINE_INPUTS_OWN ^ WIRED(5, 12) ^ WIRED(12, 5),
	                .priority = 1 } },
	  .world = { .vmm_device = true } },
	{ .test = "R06_the_external_signal_beside_lines_at_any_time",
	  .name = "external-anytime",
	  .vms = 2,
	  .habits = { { SIM_PULSE }, { SIM_SCRIBE } },
	  .world = { .vmm_device = true, .external_nmis = true, .external_anytime = true } },
	{ .test = "R15_two_guests_share_a_line",
	  .name = "share-two",
	  .vms = 3,
	  .habits = { { .lines = LINE(0) | LINE(3),
	                .pulsed = LINE(0) | LINE(3),
	                .base = { 0x20, 0x28 },
	                .halts = true,
	                .priority = 1 },
	              { .lines = LINE(3) | LINE(8),
	                .pulsed = LINE(3),
	                .base = { 0x30, 0x38 },
	                .halts = true,
	                .priority = 1 },
	              { .lines = LINE(5),
	                .base = { 0x40, 0x48 },
	                .halts = true,
	                .priority = 1 } } },
	{ .test = "R15_three_guests_of_three_priorities_share_a_line",
	  .name = "share-three",
	  .vms = 4,
	  .habits = { { .lines = LINE(3) | LINE(9),
	                .pulsed = LINE(3) | LINE(9),
	                .base = { 0x20, 0x28 },
	                .halts = true,
	                .priority = 3 },
	              { .lines = LINE(3) | LINE(9),
	                .pulsed = LINE(3) | LINE(9),
	                .base = { 0x30, 0x38 },
	                .halts = true,
	                .priority = 2 },
	              { .lines = LINE(3) | LINE(8),
	                .pulsed = LINE(3),
	                .base = { 0x40, 0x48 },
	                .halts = true,
	                .priority = 1 },
	              { .lines = LINE(5), .base = { 0x40, 0x48 }, .priority = 1 } },
	  .world = { .vmm_device = true } },
	{ .test = "R15_sharers_that_never_halt",
	  .name = "share-busy",
	  .vms = 3,
	  .habits = { { .lines = LINE(3) | LINE(4),
	                .pulsed = LINE(3),
	                .base = { 0x20, 0x28 },
	                .priority = 1 },
	              { .lines = LINE(3) | LINE(8),
	                .pulsed = LINE(3),
	                .base = { 0x30, 0x38 },
	                .priority = 1 },
	              { .lines = LINE(3) | LINE(5),
	                .pulsed = LINE(3),
	                .base = { 0x40, 0x48 },
	                .priority = 1 } } },
#define FOUR                                                 \
	.vms = 4, .habits = { { .lines = LINE(0) | LINE(3),  \
		                .pulsed = LINE(0),           \
		                .base = { 0x20, 0x28 },      \
		                .halts = true,               \
		                .priority = 1 },             \
		              { .lines = LINE(8) | LINE(15), \
		                .base = { 0x30, 0x38 },      \
		                .halts = true,               \
		                .specific_eoi = true,        \
		                .priority = 1 },             \
		              { .lines = LINE(5) | LINE(12), \
		                .base = { 0x40, 0x48 },      \
		                .nests = true,               \
		                .halts = true,               \
		                .priority = 1 },             \
		              { .lines = LINE(6) | LINE(9),  \
		                .base = { 0x50, 0x58 },      \
		                .auto_eoi = true,            \
		                .priority = 2,               \
		                .halts = true } }
	{ .test = "R16_four_guests_with_one_bank",
	  .name = "bank-1",
	  FOUR,
	  .world = { .banks = 1 } },
	{ .test = "R16_four_guests_with_two_banks",
	  .name = "banks-2",
	  FOUR,
	  .world = { .banks = 2 } },
	{ .test = "R16_four_guests_with_three_banks",
	  .name = "banks-3",
	  FOUR,
	  .world = { .banks = 3 } },
	{ .test = "R16_guests_that_stop_and_start_again_with_a_bank_each",
	  .name = "restart",
	  FOUR,
	  .world = { .restarts = true, .vmm_device = true } },
	{ .test = "R16_guests_that_stop_and_start_again_with_two_banks",
	  .name = "restart-2",
	  FOUR,
	  .world = { .banks = 2, .restarts = true, .vmm_device = true } },
	{ .test = "R17_routes_are_changed_at_each_exit",
	  .name = "routes-exit",
	  .vms = 3,
	  .habits = { { SIM_PULSE, .routes_at_exit = true },
	              { SIM_SCRIBE, .routes_at_exit = true },
	              { .lines = LINE(5), .base = { 0x40, 0x48 }, .halts = true, .priority = 1 } },
	  .world = { .vmm_device = true } },
	{ .test = "R17_routes_are_changed_at_each_exit_with_a_line_shared_and_one_bank",
	  .name = "routes-exit-1",
	  .vms = 2,
	  .habits = { { .lines = LINE(3) | LINE(9),
	                .pulsed = LINE(3),
	                .base = { 0x20, 0x28 },
	                .halts = true,
	                .routes_at_exit = true,
	                .priority = 3 },
	              { .lines = LINE(3) | LINE(8),
	                .pulsed = LINE(3),
	                .base = { 0x30, 0x38 },
	                .halts = true,
	                .routes_at_exit = true,
	                .priority = 2 } },
	  .world = { .banks = 1, .vmm_device = true } },
	{ .test = "R08_R15_nothing_is_lost_in_any_configuration",
	  .name = "anything",
	  .make = make_anything,
	  .seeds = 16 },
	{ .test = NULL },
};
