/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's units and the page tables of dma.c, against a unit that follows the manual.
 *
 * Rule: the verdict is what an access by DMA reaches, not what lies in a table.
 */
#include "tests/unit/check.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim_iommu.h"

#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <string.h>

enum { FORGETS_ALL = 1 << 6, FUNCTION = 6 << 3, OTHER = 5 << 3, FAR = 3 << 8 | 1 << 3 };
enum { EVENTS = 0x10, CONTROL = 0x18, EVENT_HEAD = 0x2010, EVENT_TAIL = 0x2018, STATUS = 0x2020 };
enum { GIB = 1 << 30, MIB = 1 << 20, ABORTED = 1 << 27 };

static uint64_t host, seed = 1;
static unsigned level;

static bool reaches(unsigned function, uint64_t address, bool write)
{
	return sim_amdvi_access(function, address, write, &host, &level);
}

static void power_on(uint64_t features)
{
	sim_amdvi_reset(features);
	dma_init();
	assert_true(dma_is_on());
}

static void R01_a_function_without_a_domain_reaches_nothing(void **state)
{
	(void)state;
	power_on(FORGETS_ALL);
	for (unsigned f = 0; f < 0x10000; f += 7) {
		assert_false(reaches(f, random_next(&seed) & 0xfffff000, f & 1));
		assert_false(sim_amdvi_fixed_passes(f));
		assert_int_equal(sim_amdvi_nmi_passes(f), f == 0xa0);
	}
	assert_true(sim_amdvi_nmi_passes(0xa0)); /* the I/O APIC */
	assert_string_equal(dma_describe(), "AMD-Vi, 1 unit, 3 levels, pages of 4K, 2M, 1G, "
	                                    "interrupts confined");
}

static void map_and_check(uint64_t guest, uint64_t to, uint64_t bytes)
{
	struct dma_domain d;

	power_on(0);
	assert_int_equal(dma_create(&d), 0);
	assert_int_equal(dma_map(&d, guest, to, bytes), 0);
	assert_int_equal(dma_attach(FUNCTION, &d), 0);
	for (unsigned n = 0; n < 200; n++) {
		uint64_t at = n == 0 ? 0 : n == 1 ? bytes - 1 : random_next(&seed) % bytes;
		assert_true(reaches(FUNCTION, guest + at, n & 1));
		assert_int_equal(host, to + at);
	}
	assert_false(reaches(FUNCTION, guest + bytes, true));
	assert_false(reaches(OTHER, guest, false));
	if (guest != 0)
		assert_false(reaches(FUNCTION, guest - 1, false));
	assert_false(sim_amdvi_fixed_passes(FUNCTION));
	assert_false(sim_amdvi_nmi_passes(FUNCTION));
}

static void pages_are_as_large_as_fit(void **state)
{
	(void)state;
	map_and_check(3ull * GIB, 5ull * GIB, 2ull * GIB);
	assert_true(reaches(FUNCTION, 3ull * GIB, true));
	assert_int_equal(level, 2);
	map_and_check(0x201000, 0x5401000, 5 * MIB);
	assert_true(reaches(FUNCTION, 0x401000, true));
	assert_int_equal(level, 1);
	assert_true(reaches(FUNCTION, 0x201000, true));
	assert_int_equal(level, 0);
}

static void random_ranges_are_where_they_have_to_be(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		uint64_t guest = (random_next(&seed) & 0x7fffff) << 12;
		uint64_t to = (random_next(&seed) & 0x7fffff) << 12;

		if (n % 3 == 0)
			to = (to & ~0x1fffffull) | (guest & 0x1fffff); /* large pages fit inside */
		map_and_check(guest, to, (1 + (uint64_t)random_below(&seed, 4096)) << 12);
	}
}

static void a_change_of_a_domain_is_told(void **state)
{
	struct dma_domain first, second;

	(void)state;
	power_on(0);
	assert_int_equal(dma_create(&first), 0);
	assert_int_equal(dma_create(&second), 0);
	assert_int_equal(dma_map(&first, 0, MIB, MIB), 0);
	assert_int_equal(dma_map(&second, 0, 4 * MIB, MIB), 0);
	for (unsigned n = 0; n < 100; n++) { /* the commands' page wraps */
		const struct dma_domain *d = n & 1 ? &second : &first;
		unsigned function = n & 2 ? FUNCTION : FAR;
		assert_int_equal(dma_attach(function, d), 0);
		assert_true(reaches(function, 0x1234, true));
		assert_int_equal(host, (n & 1 ? 4 : 1) * MIB + 0x1234);
	}
	assert_true(sim_iommu.interrupts_forgotten >= 100);
}

static void what_firmware_left_on_needs_a_unit_that_forgets_all(void **state)
{
	struct dma_units u = { .tables = &platform.dma };

	(void)state;
	sim_amdvi_reset(0);
	sim_put(CONTROL, 1, 8);
	assert_int_equal(dma_amdvi.start(&u), -ENODEV);
	assert_string_equal(u.text,
	                    "AMD-Vi at fed90000h: the firmware left it on, and EFR.IASup is 0");
	sim_amdvi_reset(FORGETS_ALL);
	sim_put(CONTROL, 1, 8);
	assert_int_equal(dma_amdvi.start(&u), 0);
}

static void a_unit_that_does_not_answer_is_refused(void **state)
{
	struct dma_units u = { .tables = &platform.dma };

	(void)state;
	sim_amdvi_reset(FORGETS_ALL);
	sim_iommu.mute = true;
	assert_int_equal(dma_amdvi.start(&u), -ENODEV);
	assert_string_equal(u.text, "AMD-Vi at fed90000h: the unit does not answer");
	sim_amdvi_reset(FORGETS_ALL);
	sim_iommu.absent = true;
	assert_int_equal(dma_amdvi.start(&u), -ENODEV);
	assert_string_equal(u.text, "AMD-Vi at fed90000h: no unit answers");
}

/* The unit writes an event, and sets its status; a full page ends the events (2.5.1). */
static void block(unsigned function, uint64_t address, uint64_t bits)
{
	uint64_t tail = sim_get(EVENT_TAIL, 4), next = (tail + 16) % PAGE;
	uint64_t *event = (uint64_t *)((sim_get(EVENTS, 8) & 0x000ffffffffff000ull) + tail);

	if (!(sim_get(CONTROL, 8) & 4) || sim_get(STATUS, 4) & 1)
		return;
	if (next == sim_get(EVENT_HEAD, 4)) {
		sim_put(STATUS, sim_get(STATUS, 4) | 1, 4);
		return;
	}
	event[0] = 2ull << 60 | bits | function;
	event[1] = address;
	sim_put(EVENT_TAIL, next, 4);
}

static void R01_an_event_names_function_address_and_direction(void **state)
{
	struct dma_fault f;

	(void)state;
	power_on(FORGETS_ALL);
	dma_listen();
	assert_int_equal(pci_read(SIM_UNIT_FUNCTION, 0x54), 0xfee05000);
	assert_int_equal(pci_read(SIM_UNIT_FUNCTION, 0x5c), 0x400);
	assert_true(pci_read(SIM_UNIT_FUNCTION, 0x50) & 1 << 16);
	assert_false(dma_has_fault());
	block(FUNCTION, 0x12345678, 3ull << 52);
	block(OTHER, 0x8000, 1ull << 52);
	block(OTHER, 0x9000, 0);
	static const char *const directions[] = { "write", "read", "access" };
	for (unsigned i = 0; i < 3; i++) {
		assert_true(dma_has_fault());
		assert_true(dma_take_fault(&f));
		assert_string_equal(f.direction, directions[i]);
		assert_int_equal(f.function, i == 0 ? FUNCTION : OTHER);
		assert_int_equal(f.address, i == 0 ? 0x12345678 : 0x7000 + 0x1000 * i);
		assert_false(f.lost);
	}
	assert_false(dma_take_fault(&f));
	pci_write(SIM_UNIT_FUNCTION, PCI_COMMAND, 6);
}

static void a_full_page_of_events_begins_anew(void **state)
{
	struct dma_fault f;
	unsigned taken = 0;

	(void)state;
	power_on(FORGETS_ALL);
	for (unsigned n = 0; n < 300; n++)
		block(FUNCTION, n << 12, 1ull << 52);
	while (dma_take_fault(&f))
		assert_int_equal(f.address, taken++ << 12);
	assert_int_equal(taken, 255);
	dma_listen();
	assert_true(sim_get(CONTROL, 8) & 4);
	block(FUNCTION, 0x5000, 1ull << 52);
	assert_true(dma_take_fault(&f));
	assert_int_equal(f.address, 0x5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_a_function_without_a_domain_reaches_nothing),
		cmocka_unit_test(pages_are_as_large_as_fit),
		cmocka_unit_test(random_ranges_are_where_they_have_to_be),
		cmocka_unit_test(a_change_of_a_domain_is_told),
		cmocka_unit_test(what_firmware_left_on_needs_a_unit_that_forgets_all),
		cmocka_unit_test(a_unit_that_does_not_answer_is_refused),
		cmocka_unit_test(R01_an_event_names_function_address_and_direction),
		cmocka_unit_test(a_full_page_of_events_begins_anew),
	};

	return cmocka_run_group_tests_name("amdvi", tests, NULL, NULL);
}
