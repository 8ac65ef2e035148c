/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of a VM's RAM: what lies below 3 GiB, what lies above 4 GiB, and the holes.
 *
 * Rule: each byte of the VM's memory is at one guest-physical address and at one address of the
 * machine.
 */
#include "tests/unit/check.h"

#include "arch/x86/virt/guest_ram.h"

#define GIB (1ull << 30)
#define MIB (1ull << 20)

static void expect_part(const struct guest_ram *ram, unsigned i, uint64_t guest, uint64_t bytes)
{
	assert_int_equal(ram->part[i].guest, guest);
	assert_int_equal(ram->part[i].bytes, bytes);
}

static void expect_plan(uint64_t bytes, uint64_t low_most, uint64_t low, uint64_t high)
{
	const struct guest_ram ram = guest_ram_plan(bytes, low_most);

	expect_part(&ram, GUEST_RAM_LOW_PART, 0, low);
	expect_part(&ram, GUEST_RAM_HIGH_PART, 4 * GIB, high);
}

static void R01_ram_begins_at_0_and_goes_on_at_4_gib(void **state)
{
	(void)state;
	expect_plan(MIB, GUEST_RAM_LOW_END, MIB, 0);
	expect_plan(3 * GIB, GUEST_RAM_LOW_END, 3 * GIB, 0);
	expect_plan(3 * GIB + 4096, GUEST_RAM_LOW_END, 3 * GIB, 4096);
	expect_plan(8 * GIB, GUEST_RAM_LOW_END, 3 * GIB, 5 * GIB);
	expect_plan(511 * GIB, GUEST_RAM_LOW_END, 3 * GIB, 508 * GIB);
	/* the machine has no piece as long as that */
	expect_plan(8 * GIB, 2 * GIB, 2 * GIB, 6 * GIB);
	expect_plan(GIB, 2 * GIB, GIB, 0);
	expect_plan(8 * GIB, 7 * GIB, 3 * GIB, 5 * GIB); /* never into the devices */
}

static void expect_piece(const struct guest_ram_part *p, uint64_t guest, uint64_t host,
                         uint64_t end)
{
	assert_int_equal(p->guest, guest);
	assert_int_equal(p->host, host);
	assert_int_equal(p->guest + p->bytes, end);
}

static void R01_the_guest_finds_ram_around_its_holes(void **state)
{
	struct guest_ram ram = guest_ram_plan(8 * GIB, GUEST_RAM_LOW_END);
	struct guest_ram_part p[GUEST_RAM_PIECES];

	(void)state;
	ram.part[GUEST_RAM_LOW_PART].host = 20 * GIB;
	ram.part[GUEST_RAM_HIGH_PART].host = GIB;
	assert_int_equal(guest_ram_pieces(&ram, HOLE_END, p), 3);
	expect_piece(&p[0], 0, 20 * GIB, 0xa0000);
	expect_piece(&p[1], MIB, 20 * GIB + MIB, 3 * GIB);
	expect_piece(&p[2], 4 * GIB, GIB, 9 * GIB);
	assert_int_equal(guest_ram_pieces(&ram, 0xc0000, p), 3); /* a BIOS's */
	expect_piece(&p[1], 0xc0000, 20 * GIB + 0xc0000, 3 * GIB);
	ram = guest_ram_plan(16 * MIB, GUEST_RAM_LOW_END);
	assert_int_equal(guest_ram_pieces(&ram, HOLE_END, p), 2);
	ram = guest_ram_plan(MIB, GUEST_RAM_LOW_END); /* nothing lies above the hole */
	assert_int_equal(guest_ram_pieces(&ram, HOLE_END, p), 1);
	expect_piece(&p[0], 0, 0, 0xa0000);
}

static void R01_devices_may_lie_between_and_above(void **state)
{
	const struct guest_ram large = guest_ram_plan(8 * GIB, GUEST_RAM_LOW_END),
			       small = guest_ram_plan(16 * MIB, GUEST_RAM_LOW_END);

	(void)state;
	assert_true(guest_ram_overlaps(&large, 0, 0));
	assert_true(guest_ram_overlaps(&large, 3 * GIB - 1, 3 * GIB));
	assert_false(guest_ram_overlaps(&large, 3 * GIB, 4 * GIB - 1));
	assert_true(guest_ram_overlaps(&large, 4 * GIB - 1, 4 * GIB));
	assert_true(guest_ram_overlaps(&large, 9 * GIB - 1, UINT64_MAX));
	assert_false(guest_ram_overlaps(&large, 9 * GIB, UINT64_MAX));
	assert_false(guest_ram_overlaps(&small, 16 * MIB, UINT64_MAX));
	assert_true(guest_ram_overlaps(&small, 16 * MIB - 1, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_ram_begins_at_0_and_goes_on_at_4_gib),
		cmocka_unit_test(R01_the_guest_finds_ram_around_its_holes),
		cmocka_unit_test(R01_devices_may_lie_between_and_above),
	};

	return cmocka_run_group_tests_name("guest_ram", tests, NULL, NULL);
}
