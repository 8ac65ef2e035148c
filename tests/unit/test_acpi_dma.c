/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of the units that confine DMA: DMAR and IVRS.
 *
 * Rule: each table is parsed from memory of exactly its size, so that the sanitizer sees one byte
 * too many. What is malformed leaves nothing.
 */
#include "tests/unit/check.h"

#include "tests/unit/dma_tables.h"

#include <errno.h>
#include <stdlib.h>

typedef int parser(struct acpi_table table, struct dma_tables *out);

static struct dma_tables found;

static int parse_first(parser *parse, const struct built *t, size_t length)
{
	uint8_t *bytes = malloc(length ? length : 1);

	memcpy(bytes, t->bytes, length);
	memset(&found, 0xa5, sizeof(found));
	int error = parse((struct acpi_table){ bytes, length }, &found);
	free(bytes);
	return error;
}

static int parse(parser *p, const struct built *t)
{
	return parse_first(p, t, t->length);
}

static bool covers(unsigned function)
{
	return found.covered[function / 32] >> function % 32 & 1;
}

static void expect_nothing(void)
{
	static const struct dma_tables nothing;

	assert_memory_equal(&found, &nothing, sizeof(nothing));
}

static void a_dmar_names_units_and_reserved_memory(void **state)
{
	struct built t = dmar_of_pc();

	(void)state;
	assert_int_equal(parse(acpi_parse_dmar, &t), 0);
	assert_int_equal(found.kind, DMA_VTD);
	assert_int_equal(found.units, 2);
	assert_int_equal(found.unit[0].registers, 0xfed90000);
	assert_int_equal(found.unit[1].registers, 0xfed91000);
	for (unsigned f = 0; f < DMA_BUS_FUNCTIONS; f++)
		assert_true(covers(f));
	assert_int_equal(found.special_count, 2);
	assert_int_equal(found.special[0].function, 0xf0 << 8 | 31 << 3);
	assert_int_equal(found.special[0].type, DMA_IOAPIC);
	assert_int_equal(found.special[0].id, 2);
	assert_int_equal(found.special[1].function, 0xf0 << 8 | 15 << 3);
	assert_int_equal(found.special[1].type, DMA_HPET);
	assert_int_equal(found.flags, 1);
	assert_int_equal(found.reserved_count, 1);
	assert_int_equal(found.reserved[0].functions.first, 20 << 3);
	assert_int_equal(found.reserved[0].functions.last, 20 << 3);
	assert_int_equal(found.reserved[0].first, 0x7b800000);
	assert_int_equal(found.reserved[0].last, 0x7bffffff);
}

static void a_unit_may_cover_what_it_names_alone(void **state)
{
	struct built t = dmar_empty();

	(void)state;
	dmar_add_unit(&t, 0, 0, 0xfed90000);
	dmar_add_scope(&t, 1, 0, 0, 2, 0);  /* an endpoint */
	dmar_add_scope(&t, 2, 0, 0, 28, 0); /* a bridge: nobody knows its buses */
	assert_int_equal(parse(acpi_parse_dmar, &t), 0);
	for (unsigned f = 0; f < DMA_BUS_FUNCTIONS; f++)
		assert_int_equal(covers(f), f == 2 << 3);
}

static void R01_a_dmar_that_is_cut_short_or_contradicts_itself_is_malformed(void **state)
{
	(void)state;
	struct built whole = dmar_of_pc();

	for (size_t length = 0; length < whole.length; length++) {
		int error = parse_first(acpi_parse_dmar, &whole, length);

		if (error != 0)
			expect_nothing();
		else /* the cut is between two structures */
			assert_true(found.units >= 1 && found.units <= 2);
	}
	struct built t = dmar_empty();

	assert_int_equal(parse(acpi_parse_dmar, &t), -ENODEV);
	dmar_add_unit(&t, 1, 1, 0xfed90000); /* another segment */
	assert_int_equal(parse(acpi_parse_dmar, &t), -ENODEV);
	dmar_add_unit(&t, 1, 0, 0xfed90000);
	assert_int_equal(parse(acpi_parse_dmar, &t), 0);
	dmar_add_unit(&t, 1, 0, 0xfed90000);
	assert_int_equal(parse(acpi_parse_dmar, &t), -EINVAL);
	expect_nothing();
	t = dmar_empty();
	dmar_add_unit(&t, 1, 0, 0xfed90800);
	assert_int_equal(parse(acpi_parse_dmar, &t), -EINVAL);
	t = dmar_empty();
	dmar_add_unit(&t, 1, 0, 0x1fed90000);
	assert_int_equal(parse(acpi_parse_dmar, &t), -ENODEV);
	t = dmar_empty();
	dmar_add_unit(&t, 1, 0, 0x10000000);
	assert_int_equal(parse(acpi_parse_dmar, &t), -ENODEV);
	t = dmar_of_pc();
	dmar_add_reserved(&t, 0x2000, 0x1000);
	dmar_add_scope(&t, 1, 0, 0, 2, 0);
	assert_int_equal(parse(acpi_parse_dmar, &t), -EINVAL);
	t = dmar_empty();
	for (unsigned i = 0; i <= DMA_UNITS_MAX; i++)
		dmar_add_unit(&t, 1, 0, 0xfed90000 + i * 0x1000);
	assert_int_equal(parse(acpi_parse_dmar, &t), -ENOSPC);
	expect_nothing();
}

static void an_ivrs_names_units_and_reserved_memory(void **state)
{
	struct built t = ivrs_of_pc();

	(void)state;
	assert_int_equal(parse(acpi_parse_ivrs, &t), 0);
	assert_int_equal(found.kind, DMA_AMDVI);
	assert_int_equal(found.units, 1); /* two blocks tell of it */
	assert_int_equal(found.unit[0].registers, 0xfeb80000);
	assert_int_equal(found.unit[0].function, 2);
	assert_int_equal(found.unit[0].flags, 0xb0);
	for (unsigned f = 0; f < DMA_BUS_FUNCTIONS; f++)
		assert_int_equal(covers(f), f == 8 || (f >= 0x10 && f <= 0x1f));
	assert_int_equal(found.special_count, 1);
	assert_int_equal(found.special[0].function, 0xa0);
	assert_int_equal(found.special[0].type, DMA_IOAPIC);
	assert_int_equal(found.reserved_count, 1);
	assert_int_equal(found.reserved[0].functions.first, 0x90);
	assert_int_equal(found.reserved[0].functions.last, 0x97);
	assert_int_equal(found.reserved[0].first, 0x7b000000);
	assert_int_equal(found.reserved[0].last, 0x7b0fffff);
}

static void R01_an_ivrs_that_is_cut_short_or_contradicts_itself_is_malformed(void **state)
{
	static const uint8_t end_alone[4] = { 4, 0x1f, 0 }, begin_alone[4] = { 3, 0x10, 0 };
	struct built whole = ivrs_of_pc();

	(void)state;
	for (size_t length = 0; length < whole.length; length++)
		if (parse_first(acpi_parse_ivrs, &whole, length) != 0)
			expect_nothing();
	struct built t = ivrs_empty();

	assert_int_equal(parse(acpi_parse_ivrs, &t), -ENODEV);
	ivrs_add_unit(&t, 0x10, end_alone, sizeof(end_alone));
	assert_int_equal(parse(acpi_parse_ivrs, &t), -EINVAL);
	t = ivrs_empty();
	ivrs_add_unit(&t, 0x10, begin_alone, sizeof(begin_alone));
	assert_int_equal(parse(acpi_parse_ivrs, &t), -EINVAL);
	expect_nothing();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dmar_names_units_and_reserved_memory),
		cmocka_unit_test(a_unit_may_cover_what_it_names_alone),
		cmocka_unit_test(R01_a_dmar_that_is_cut_short_or_contradicts_itself_is_malformed),
		cmocka_unit_test(an_ivrs_names_units_and_reserved_memory),
		cmocka_unit_test(R01_an_ivrs_that_is_cut_short_or_contradicts_itself_is_malformed),
	};

	return cmocka_run_group_tests_name("acpi_dma", tests, NULL, NULL);
}
