/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel's units and the page tables of dma.c, against a unit that follows the manual.
 *
 * Rule: the verdict is what an access by DMA reaches, not what lies in a table.
 */
#include "tests/unit/check.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim_iommu.h"

#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* CAP: 3 levels, 39 bits, 256 domains, a record at 220h. ECAP: IOTLB at 100h, coherent. */
#define CAP_3 (2ull | 2 << 8 | 38 << 16 | 0x22ull << 24)
#define CAP_4 (2ull | 4 << 8 | 47 << 16 | 0x22ull << 24)
#define CAP_2M (1ull << 34)
#define CAP_1G (1ull << 35)
#define ECAP (0x10ull << 8 | 1)
#define ECAP_REMAPS (ECAP | 1 << 3 | 1 << 1)
enum {
	FUNCTION = 6 << 3,
	OTHER = 5 << 3,
	FAR = 3 << 8 | 1 << 3,
	CAP_FLUSHES = 1 << 4,
	CACHING = 1 << 7
};
enum { FSTS = 0x34, FECTL = 0x38, RECORD = 0x220, GIB = 1 << 30, MIB = 1 << 20 };

static uint64_t host, seed = 1;
static unsigned level;

static bool reaches(unsigned function, uint64_t address, bool write)
{
	return sim_vtd_access(function, address, write, &host, &level);
}

static void power_on(uint64_t cap, uint64_t ecap, uint8_t flags)
{
	sim_vtd_reset(cap, ecap);
	platform.dma.flags = flags;
	dma_init();
	assert_true(dma_is_on());
}

static void R01_a_function_without_a_domain_reaches_nothing(void **state)
{
	(void)state;
	power_on(CAP_3 | CAP_2M, ECAP, 0);
	for (unsigned f = 0; f < 0x10000; f += 7)
		assert_false(reaches(f, random_next(&seed) & 0xfffff000, f & 1));
	assert_string_equal(dma_describe(),
	                    "VT-d, 1 unit, 3 levels, pages of 4K, 2M, interrupts not confined");
}

/* Each page of the range is where it has to be, and the pages beside the range are blocked. */
static void check_range(unsigned function, uint64_t guest, uint64_t to, uint64_t bytes)
{
	for (unsigned n = 0; n < 200; n++) {
		uint64_t at = n == 0 ? 0 : n == 1 ? bytes - 1 : random_next(&seed) % bytes;
		assert_true(reaches(function, guest + at, n & 1));
		assert_int_equal(host, to + at);
	}
	assert_false(reaches(function, guest + bytes, true));
	assert_false(reaches(function, guest + bytes, false));
	if (guest != 0)
		assert_false(reaches(function, guest - 1, true));
}

static void map_and_check(uint64_t cap, uint64_t guest, uint64_t to, uint64_t bytes)
{
	struct dma_domain d;

	power_on(cap, ECAP, 0);
	assert_int_equal(dma_create(&d), 0);
	assert_int_equal(dma_map(&d, guest, to, bytes), 0);
	assert_int_equal(dma_attach(FUNCTION, &d), 0);
	check_range(FUNCTION, guest, to, bytes);
	assert_false(reaches(OTHER, guest, false));
}

static void pages_are_as_large_as_fit_and_as_the_unit_can(void **state)
{
	static const uint64_t sizes[] = { 0, CAP_2M, CAP_1G, CAP_2M | CAP_1G };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unsigned largest = sizes[i] & CAP_1G ? 2 : sizes[i] & CAP_2M ? 1 : 0;

		map_and_check(CAP_3 | sizes[i], 3ull * GIB, 5ull * GIB, 2ull * GIB);
		assert_true(reaches(FUNCTION, 3ull * GIB, true));
		assert_int_equal(level, largest);
		map_and_check(CAP_4 | sizes[i], 0x201000, 0x5401000, 5 * MIB);
		assert_true(reaches(FUNCTION, 0x401000, true));
		assert_int_equal(level, sizes[i] & CAP_2M ? 1 : 0);
		assert_true(reaches(FUNCTION, 0x201000, true));
		assert_int_equal(level, 0);
	}
}

/* A domain's addresses end where the unit's do, by its levels or by CAP.MGAW. */
static void addresses_that_the_unit_has_not_are_refused(void **state)
{
	struct dma_domain d;

	(void)state;
	power_on(CAP_3 | CAP_1G, ECAP, 0);
	assert_int_equal(dma_create(&d), 0);
	assert_int_equal(dma_map(&d, 511ull * GIB, 0, GIB), 0);
	assert_int_equal(dma_map(&d, 511ull * GIB, 0, GIB + 4096), -ERANGE);
	power_on((CAP_3 & ~(63ull << 16)) | 32 << 16 | CAP_1G, ECAP, 0); /* 33 bits */
	assert_int_equal(dma_create(&d), 0);
	assert_int_equal(dma_map(&d, 4ull * GIB, 0, 4ull * GIB), 0);
	assert_int_equal(dma_map(&d, 4ull * GIB, 0, 4ull * GIB + 4096), -ERANGE);
}

static void random_ranges_are_where_they_have_to_be(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 60; n++) {
		uint64_t guest = (random_next(&seed) & 0x7fffff) << 12;
		uint64_t to = (random_next(&seed) & 0x7fffff) << 12, bytes;

		if (n % 3 == 0)
			to = (to & ~0x1fffffull) | (guest & 0x1fffff); /* large pages fit inside */
		bytes = (1 + (uint64_t)random_below(&seed, 4096)) << 12;
		map_and_check((n & 1 ? CAP_3 : CAP_4) | (n & 2 ? CAP_2M : 0) | (n & 4 ? CAP_1G : 0),
		              guest, to, bytes);
	}
}

static void a_change_is_told_in_caching_mode_too(void **state)
{
	struct dma_domain first, second;

	(void)state;
	power_on(CAP_3 | CACHING | CAP_FLUSHES, ECAP & ~1ull, 0);
	assert_int_equal(dma_create(&first), 0);
	assert_int_equal(dma_create(&second), 0);
	assert_int_equal(dma_map(&first, 0, MIB, MIB), 0);
	assert_int_equal(dma_map(&second, 0, 4 * MIB, MIB), 0);
	assert_false(reaches(FUNCTION, 0x1234, true)); /* and the unit keeps that */
	assert_false(reaches(FAR, 0x1234, true));
	sim_iommu.write_backs = sim_iommu.buffers_flushed = 0;
	assert_int_equal(dma_attach(FUNCTION, &first), 0);
	assert_int_equal(dma_attach(FAR, &second), 0);
	assert_int_equal(sim_iommu.write_backs, 2);
	assert_int_equal(sim_iommu.buffers_flushed, 2);
	assert_true(reaches(FUNCTION, 0x1234, true));
	assert_int_equal(host, MIB + 0x1234);
	assert_true(reaches(FAR, 0x1234, true));
	assert_int_equal(host, 4 * MIB + 0x1234);
	assert_int_equal(dma_attach(FUNCTION, &second), 0); /* another domain */
	assert_true(reaches(FUNCTION, 0x1234, true));
	assert_int_equal(host, 4 * MIB + 0x1234);
}

static int start(uint64_t cap, uint64_t ecap, struct dma_units *u)
{
	sim_vtd_reset(cap, ecap);
	*u = (struct dma_units){ .tables = &platform.dma };
	return dma_vtd.start(u);
}

static void interrupts_come_by_their_entries_alone(void **state)
{
	struct dma_units u;
	struct dma_domain d;

	(void)state;
	assert_int_equal(start(CAP_3, ECAP_REMAPS, &u), 0);
	d.root = frames_alloc_vmm(PAGE, PAGE);
	assert_true(strstr(u.text, "interrupts confined") != NULL);
	assert_true(sim_vtd_message(0, 0xf0f8));
	assert_true(sim_vtd_message(1, 0xf078));
	assert_false(sim_vtd_message(0, 0xf078)); /* another's handle */
	for (unsigned handle = 0; handle < 600; handle++)
		assert_false(sim_vtd_message(handle, FUNCTION));
	assert_int_equal(platform.hpet_message, 0xfee00010 | 1 << 5);
	assert_int_equal(platform.ioapic_route, 1 << 16);
	/* the queue, which wraps after 64 changes */
	for (unsigned n = 0; n < 100; n++) {
		unsigned before = sim_iommu.pages_forgotten;
		d.id = (uint16_t)(n + 1);
		assert_int_equal(dma_vtd.attach(&u, n, &d), 0);
		assert_true(sim_iommu.pages_forgotten > before);
	}
	assert_true(sim_iommu.interrupts_forgotten > 100);
}

static void a_unit_that_cannot_do_it_says_the_capability(void **state)
{
	static const struct {
		uint64_t cap, ecap;
		const char *text;
	} bad[] = {
		{ 0, ECAP, "no unit answers" },
		{ UINT64_MAX, ECAP, "no unit answers" },
		{ CAP_3 & ~(0x1full << 8), ECAP, "CAP.SAGAW has neither 3 nor 4 levels" },
		{ (CAP_3 & ~(0x1full << 8)) | 1 << 8, ECAP,
		  "CAP.SAGAW has neither 3 nor 4 levels" },
		{ (CAP_3 & ~(0x3full << 16)) | 30 << 16, ECAP, "CAP.MGAW is below 32 bits" },
		{ CAP_3 | 0x3ffull << 24 | 0xffull << 40, ECAP,
		  "CAP.FRO or ECAP.IRO leaves the registers' pages" },
		{ CAP_3, 0x3ffull << 8 | 1, NULL }, /* the last place that fits */
		{ CAP_3, ECAP, NULL },
	};
	char wanted[DMA_TEXT];
	struct dma_units u;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int error = start(bad[i].cap, bad[i].ecap, &u);
		assert_int_equal(error, bad[i].text != NULL ? -ENODEV : 0);
		if (bad[i].text == NULL)
			continue;
		snprintf(wanted, sizeof(wanted), "VT-d at fed90000h: %s", bad[i].text);
		assert_string_equal(u.text, wanted);
	}
}

static void a_unit_that_does_not_answer_is_refused(void **state)
{
	struct dma_units u = { .tables = &platform.dma };

	(void)state;
	sim_vtd_reset(CAP_3, ECAP);
	sim_iommu.mute = true;
	assert_int_equal(dma_vtd.start(&u), -ENODEV);
	assert_string_equal(u.text, "VT-d at fed90000h: the unit does not answer");
	sim_vtd_reset(CAP_3, ECAP);
	sim_iommu.absent = true;
	assert_int_equal(dma_vtd.start(&u), -ENODEV);
	assert_string_equal(u.text, "VT-d at fed90000h: no unit answers");
}

static void domains_have_an_end(void **state)
{
	struct dma_units u;

	(void)state;
	assert_int_equal(start(CAP_3 & ~7ull, ECAP, &u), 0);
	assert_int_equal(u.domains, 15);
	assert_int_equal(start((CAP_3 & ~7ull) | 6, ECAP, &u), 0);
	assert_int_equal(u.domains, 65535);
}

/* The unit writes a record, or says that there is none left. */
static void block(unsigned function, uint64_t address, unsigned reason, bool read)
{
	uint64_t high = 1ull << 63 | (uint64_t)read << 62 | (uint64_t)reason << 32 | function;

	if (sim_get(RECORD + 12, 4) >> 31) {
		sim_put(FSTS, 1, 4);
		return;
	}
	sim_put(RECORD, address & ~0xfffull, 8);
	sim_put(RECORD + 8, high, 8);
	sim_iommu.messages += !(sim_get(FECTL, 4) >> 31);
}

static void R01_a_record_names_function_address_and_direction(void **state)
{
	struct dma_fault f;

	(void)state;
	power_on(CAP_3, ECAP, 0);
	dma_listen();
	assert_false(dma_has_fault());
	assert_int_equal(sim_get(0x3c, 4), 0x400); /* an NMI of this processor */
	assert_int_equal(sim_get(0x40, 4), 0xfee05000);
	block(FUNCTION, 0x12345678, 5, false);
	assert_int_equal(sim_iommu.messages, 1);
	assert_true(dma_has_fault());
	assert_true(dma_take_fault(&f));
	assert_int_equal(f.function, FUNCTION);
	assert_int_equal(f.address, 0x12345000);
	assert_string_equal(f.direction, "write");
	assert_false(f.lost);
	block(OTHER, 0x7000, 6, true);
	assert_int_equal(sim_iommu.messages, 1); /* silent until dma_listen() */
	block(OTHER, 0x8000, 6, true);           /* without a record */
	assert_true(dma_take_fault(&f));
	assert_string_equal(f.direction, "read");
	assert_true(dma_take_fault(&f));
	assert_true(f.lost);
	assert_false(dma_take_fault(&f));
	dma_listen();
	block(FUNCTION, 0, 0x22, false);
	assert_int_equal(sim_iommu.messages, 2);
	assert_true(dma_take_fault(&f));
	assert_string_equal(f.direction, "message");
	assert_false(dma_has_fault());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_a_function_without_a_domain_reaches_nothing),
		cmocka_unit_test(pages_are_as_large_as_fit_and_as_the_unit_can),
		cmocka_unit_test(addresses_that_the_unit_has_not_are_refused),
		cmocka_unit_test(random_ranges_are_where_they_have_to_be),
		cmocka_unit_test(a_change_is_told_in_caching_mode_too),
		cmocka_unit_test(interrupts_come_by_their_entries_alone),
		cmocka_unit_test(a_unit_that_cannot_do_it_says_the_capability),
		cmocka_unit_test(a_unit_that_does_not_answer_is_refused),
		cmocka_unit_test(domains_have_an_end),
		cmocka_unit_test(R01_a_record_names_function_address_and_direction),
	};

	return cmocka_run_group_tests_name("vtd", tests, NULL, NULL);
}
