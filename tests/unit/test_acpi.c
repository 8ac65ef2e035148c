/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is taken from ACPI's tables: MADT, HPET, FADT, and \_S5_ in the DSDT.
 *
 * Rule: each table is parsed from memory of exactly its size, so that the sanitizer sees one byte
 * too many.
 */
#include "tests/unit/check.h"

#include "arch/x86/machine/platform.h"
#include "tests/unit/acpi_tables.h"

#include <errno.h>
#include <stdlib.h>

static struct platform found;

/* The first bytes of a table, as many as are to be seen, where nothing else is. */
static struct acpi_table exactly(const struct built *t, size_t length)
{
	uint8_t *bytes = malloc(length ? length : 1);

	memcpy(bytes, t->bytes, length);
	return (struct acpi_table){ bytes, length };
}

static void drop(struct acpi_table table)
{
	free((void *)table.bytes);
}

static int madt_first(const struct built *t, size_t length)
{
	struct acpi_table table = exactly(t, length);

	memset(&found, 0xa5, sizeof(found));
	int error = acpi_parse_madt(table, &found);

	drop(table);
	return error;
}

static int madt(const struct built *t)
{
	return madt_first(t, t->length);
}

static uint64_t fadt_first(const struct built *t, size_t length)
{
	struct acpi_table table = exactly(t, length);

	memset(&found, 0xa5, sizeof(found));
	uint64_t dsdt = acpi_parse_fadt(table, &found);

	drop(table);
	return dsdt;
}

enum { SLP_TYP_NONE = 0xa5a5 };

static int s5_first(const struct built *t, size_t length)
{
	struct acpi_table table = exactly(t, length);

	memset(&found, 0xa5, sizeof(found));
	int error = acpi_parse_s5(table, &found);

	drop(table);
	return error;
}

static void expect_line(unsigned line, int pin, bool level, bool low)
{
	assert_int_equal(found.line[line].pin, pin);
	assert_int_equal(found.line[line].level, level);
	assert_int_equal(found.line[line].low, low);
}

/* ---- Fields and sums ---- */

static void a_field_beyond_the_table_reads_0(void **state)
{
	static const uint8_t bytes[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	const struct acpi_table t = { bytes, sizeof(bytes) }, none = { NULL, 0 };

	(void)state;
	assert_int_equal(acpi_field(t, 0, 8), 0x0807060504030201);
	assert_int_equal(acpi_field(t, 1, 8), 0x0908070605040302);
	assert_int_equal(acpi_field(t, 2, 8), 0);
	assert_int_equal(acpi_field(t, 5, 4), 0x09080706);
	assert_int_equal(acpi_field(t, 6, 4), 0);
	assert_int_equal(acpi_field(t, 8, 1), 9);
	assert_int_equal(acpi_field(t, 9, 1), 0);
	assert_int_equal(acpi_field(t, SIZE_MAX, 8), 0);
	assert_int_equal(acpi_field(t, SIZE_MAX - 1, 2), 0);
	assert_int_equal(acpi_field(none, 0, 1), 0);
}

static void one_wrong_byte_breaks_the_checksum(void **state)
{
	struct built t = madt_of_pc();

	(void)state;
	assert_true(acpi_sum_holds(t.bytes, t.length));
	for (size_t n = 0; n < t.length; n++) {
		t.bytes[n]++;
		assert_false(acpi_sum_holds(t.bytes, t.length));
		t.bytes[n]--;
	}
	assert_true(acpi_sum_holds(t.bytes, 0));
}

/* ---- MADT ---- */

static void a_pcs_madt_gives_controllers_processors_and_lines(void **state)
{
	struct built t = madt_of_pc();

	(void)state;
	assert_int_equal(madt(&t), 0);
	assert_int_equal(found.lapic, 0xfee00000);
	assert_int_equal(found.ioapic, 0xfec00000);
	assert_int_equal(found.processors, 2);
	assert_true(found.has_8259);
	expect_line(0, 2, false, false);
	expect_line(LINE_CASCADE, -1, false, false);
	expect_line(9, 9, true, true);
	for (unsigned n = 1; n < LINES; n++)
		if (n != LINE_CASCADE && n != 9)
			expect_line(n, (int)n, false, false);
}

static void without_entries_every_line_but_the_cascade_is_on_its_own_pin(void **state)
{
	struct built t = madt_empty();

	(void)state;
	acpi_put(&t, 40, 0xfffffffe, 4);
	assert_int_equal(madt(&t), 0);
	assert_int_equal(found.processors, 0);
	assert_false(found.has_8259);
	for (unsigned n = 0; n < LINES; n++)
		expect_line(n, n == LINE_CASCADE ? -1 : (int)n, false, false);
}

static void x2apics_count_and_the_apics_address_may_be_overridden(void **state)
{
	static const uint8_t on[16] = { 9, 16, 0, 0, 0, 1, 0, 0, 1 },
			     off[16] = { 9, 16, 0, 0, 1, 1, 0, 0, 2 };
	static const uint8_t address[12] = { 5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0 };
	struct built t = madt_empty();

	(void)state;
	madt_add_lapic(&t, 0, true);
	acpi_append(&t, on, sizeof(on));
	acpi_append(&t, off, sizeof(off));
	acpi_append(&t, address, sizeof(address));
	assert_int_equal(madt(&t), 0);
	assert_int_equal(found.processors, 2);
	assert_int_equal(found.lapic, 0x1fee00000);
}

static void an_overrides_flags_give_trigger_and_polarity(void **state)
{
	static const struct {
		uint16_t flags;
		bool level, low;
	} cases[] = {
		{ 0, false, false },
		{ INTI_EDGE_HIGH, false, false },
		{ INTI_EDGE_LOW, false, true },
		{ INTI_LEVEL_HIGH, true, false },
		{ INTI_LEVEL_LOW, true, true },
		{ 0x03, false, true },    /* low; trigger as the bus has it */
		{ 0x0c, true, false },    /* level; polarity as the bus has it */
		{ 0x0a, false, false },   /* reserved values */
		{ 0xfff0, false, false }, /* reserved bits */
		{ INTI_LEVEL_LOW | 0x80, true, true },
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct built t = madt_empty();

		madt_add_override(&t, 0, 0, 2, cases[n].flags);
		assert_int_equal(madt(&t), 0);
		expect_line(0, 2, cases[n].level, cases[n].low);
		expect_line(LINE_CASCADE, -1, false, false);
	}
}

static void a_line_whose_pin_is_taken_has_none(void **state)
{
	struct built t = madt_empty();

	(void)state;
	madt_add_override(&t, 0, 5, 10, 0);
	assert_int_equal(madt(&t), 0);
	expect_line(5, 10, false, false);
	expect_line(10, -1, false, false);
}

static void lines_may_change_places(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		struct built t = madt_empty();

		madt_add_override(&t, 0, first ? 10 : 5, first ? 5 : 10, 0);
		madt_add_override(&t, 0, first ? 5 : 10, first ? 10 : 5, INTI_LEVEL_LOW);
		assert_int_equal(madt(&t), 0);
		expect_line(5, 10, first, first);
		expect_line(10, 5, !first, !first);
	}
}

static void overrides_that_are_about_no_isa_line_are_passed_over(void **state)
{
	struct built t = madt_empty();

	(void)state;
	madt_add_override(&t, 1, 3, 20, INTI_LEVEL_LOW);
	madt_add_override(&t, 0, LINES, 20, INTI_LEVEL_LOW);
	madt_add_override(&t, 0, 0xff, 20, INTI_LEVEL_LOW);
	madt_add_override(&t, 0, 4, 256, INTI_LEVEL_LOW);
	madt_add_override(&t, 0, 5, UINT32_MAX, INTI_LEVEL_LOW);
	madt_add_override(&t, 0, 11, 23, INTI_LEVEL_LOW);
	assert_int_equal(madt(&t), 0);
	for (unsigned n = 0; n < LINES; n++)
		if (n != 11)
			expect_line(n, n == LINE_CASCADE ? -1 : (int)n, false, false);
	expect_line(11, 23, true, true);
}

static void a_malformed_entry_ends_the_madt_and_those_before_it_count(void **state)
{
	/* type, length that is told; 16 bytes of it are there */
	static const uint8_t bad[][2] = {
		{ 0, 0 }, { 0, 1 },  { 0xff, 0 }, { 0xff, 1 }, { 0xff, 17 }, { 0, 255 },
		{ 0, 7 }, { 1, 11 }, { 2, 9 },    { 5, 11 },   { 9, 15 },    { 2, 2 },
	};

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		struct built t = madt_of_pc();
		uint8_t entry[16] = { bad[n][0], bad[n][1], 0, 1, 1 };

		acpi_append(&t, entry, sizeof(entry));
		assert_int_equal(madt(&t), -EINVAL);
		assert_int_equal(found.processors, 2);
		expect_line(0, 2, false, false);
		expect_line(9, 9, true, true);
	}
}

static void a_madt_that_is_cut_off_is_malformed_but_between_entries(void **state)
{
	struct built t = madt_of_pc();

	(void)state;
	for (size_t length = 0, whole = 44; length <= t.length; length++) {
		if (length > whole)
			whole += t.bytes[whole + 1];
		assert_int_equal(madt_first(&t, length),
		                 length <= 44 || length == whole ? 0 : -EINVAL);
	}
	assert_int_equal(madt_first(&t, 39), 0);
	assert_int_equal(found.lapic, 0);
	assert_false(found.has_8259);
}

/* ---- HPET ---- */

static int hpet_first(const struct built *t, size_t length)
{
	struct acpi_table table = exactly(t, length);

	memset(&found, 0xa5, sizeof(found));
	int error = acpi_parse_hpet(table, &found);

	drop(table);
	assert_int_equal(error, found.hpet ? 0 : -ENODEV);
	return error;
}

static void a_pcs_hpet_is_where_its_table_says(void **state)
{
	struct built t = hpet_of_pc(0xfed00000);

	(void)state;
	assert_int_equal(hpet_first(&t, t.length), 0);
	assert_int_equal(found.hpet, 0xfed00000);
}

static void an_hpet_that_cannot_be_reached_is_none(void **state)
{
	static const uint64_t nowhere[] = { 0,          0x100000000, 0x1fed00000,
		                            UINT64_MAX, 0xfed00008,  0xfed00200 };

	(void)state;
	for (size_t n = 0; n < sizeof(nowhere) / sizeof(nowhere[0]); n++) {
		struct built t = hpet_of_pc(nowhere[n]);

		assert_int_equal(hpet_first(&t, t.length), -ENODEV);
	}
	for (unsigned space = 1; space <= UINT8_MAX; space++) { /* ports, PCI configuration ... */
		struct built t = hpet_of_pc(0xfed00000);

		acpi_put(&t, 40, space, 1);
		assert_int_equal(hpet_first(&t, t.length), -ENODEV);
	}
}

static void an_hpet_table_that_is_cut_off_before_its_address_has_none(void **state)
{
	struct built t = hpet_of_pc(0xfed00000);

	(void)state;
	for (size_t length = 0; length <= t.length; length++)
		assert_int_equal(hpet_first(&t, length), length >= 52 ? 0 : -ENODEV);
}

/* ---- FADT ---- */

static void a_fadt_gives_control_ports_and_the_dsdt(void **state)
{
	struct built t = fadt_of_pc(0x7fe0000);

	(void)state;
	assert_int_equal(fadt_first(&t, t.length), 0x7fe0000);
	assert_int_equal(found.pm1a_control, 0xb004);
	assert_int_equal(found.pm1b_control, 0xb044);
	assert_int_equal(found.smi_command, 0xb2);
	assert_int_equal(found.acpi_enable, 0xf1);
}

static void the_dsdts_64_bit_address_comes_first_where_there_is_one(void **state)
{
	struct built t = fadt_of_pc(0x7fe0000);

	(void)state;
	acpi_put(&t, 140, 0x17fe0000, 8);
	assert_int_equal(fadt_first(&t, t.length), 0x17fe0000);
	assert_int_equal(fadt_first(&t, FADT1_BYTES), 0x7fe0000); /* ACPI 1.0 */
	assert_int_equal(fadt_first(&t, 147), 0x7fe0000);
	assert_int_equal(fadt_first(&t, 148), 0x17fe0000);
	acpi_put(&t, 140, 0, 8);
	assert_int_equal(fadt_first(&t, t.length), 0x7fe0000);
	acpi_put(&t, 40, 0, 4);
	assert_int_equal(fadt_first(&t, t.length), 0);
}

static void what_a_fadt_is_too_short_for_is_0(void **state)
{
	struct built t = fadt_of_pc(0x7fe0000);

	(void)state;
	for (size_t length = 0; length <= FADT1_BYTES; length++) {
		assert_int_equal(fadt_first(&t, length), length >= 44 ? 0x7fe0000 : 0);
		assert_int_equal(found.smi_command, length >= 52 ? 0xb2 : 0);
		assert_int_equal(found.acpi_enable, length >= 53 ? 0xf1 : 0);
		assert_int_equal(found.pm1a_control, length >= 68 ? 0xb004 : 0);
		assert_int_equal(found.pm1b_control, length >= 72 ? 0xb044 : 0);
	}
}

/* ---- \_S5_ ---- */

/* AML as a string, without its terminator; a below 0: nothing is found. */
#define EXPECT_S5(aml, a, b) expect_s5(aml, sizeof(aml) - 1, a, b)

static void expect_s5(const char *aml, size_t size, int a, int b)
{
	struct built t = dsdt_of(aml, size);

	assert_int_equal(s5_first(&t, t.length), a < 0 ? -ENOENT : 0);
	assert_int_equal(found.slp_typ_a, a < 0 ? SLP_TYP_NONE : a);
	assert_int_equal(found.slp_typ_b, a < 0 ? SLP_TYP_NONE : b);
}

static void a_pcs_s5_is_found(void **state)
{
	struct built t = dsdt_of_pc();

	(void)state;
	assert_int_equal(s5_first(&t, t.length), 0);
	assert_int_equal(found.slp_typ_a, 5);
	assert_int_equal(found.slp_typ_b, 6);
}

static void s5s_name_may_be_anywhere_and_have_a_root_or_not(void **state)
{
	(void)state;
	EXPECT_S5("\x08_S5_\x12\x06\x04\x0a\x05\x0a\x06\x00\x00", 5, 6); /* the DSDT's first term */
	EXPECT_S5("\x08\\_S5_\x12\x06\x04\x0a\x05\x0a\x06\x00\x00", 5, 6);
	EXPECT_S5("\xa3\x08_S5_\x12\x06\x04\x0a\x05\x0a\x06\x00\x00", 5, 6);
	EXPECT_S5("\xa3\x08\\_S5_\x12\x06\x04\x0a\x05\x0a\x06\x00\x00", 5, 6);
	EXPECT_S5("\x08_S5_\x12\x04\x02\x0a\x05\x01", 5, 1); /* its last */
}

static void s5s_elements_are_integers_of_any_width(void **state)
{
	(void)state;
	EXPECT_S5("\x08_S5_\x12\x04\x02\x00\x00", 0, 0);
	EXPECT_S5("\x08_S5_\x12\x04\x02\x01\x01", 1, 1);
	EXPECT_S5("\x08_S5_\x12\x05\x02\x00\x0a\x07", 0, 7);
	EXPECT_S5("\x08_S5_\x12\x08\x02\x0b\x05\x00\x0b\x06\x00", 5, 6);
	EXPECT_S5("\x08_S5_\x12\x0c\x02\x0c\x05\x00\x00\x00\x0c\x06\x00\x00\x00", 5, 6);
	EXPECT_S5("\x08_S5_\x12\x06\x02\x0a\x3d\x0a\xff", 5, 7); /* three bits count */
	EXPECT_S5("\x08_S5_\x12\x04\x01\x0a\x05", 5, 0);         /* one element: for PM1a alone */
	EXPECT_S5("\x08_S5_\x12\x05\x02\x0a\x05\xff", 5, 0);     /* Ones is no sleep type */
}

static void s5s_package_may_tell_its_length_in_up_to_four_bytes(void **state)
{
	(void)state;
	EXPECT_S5("\x08_S5_\x12\x46\x00\x02\x0a\x05\x0a\x06", 5, 6);
	EXPECT_S5("\x08_S5_\x12\x87\x00\x00\x02\x0a\x05\x0a\x06", 5, 6);
	EXPECT_S5("\x08_S5_\x12\xc8\x00\x00\x00\x02\x0a\x05\x0a\x06", 5, 6);
}

static void an_s5_that_is_no_name_of_a_package_is_none(void **state)
{
	(void)state;
	EXPECT_S5("", -1, -1);
	EXPECT_S5("_S5_", -1, -1);
	EXPECT_S5("\x08_S4_\x12\x06\x02\x0a\x05\x0a\x06", -1, -1);
	EXPECT_S5("\x10_S5_\x12\x06\x02\x0a\x05\x0a\x06", -1, -1);     /* a scope */
	EXPECT_S5("\x10\\_S5_\x12\x06\x02\x0a\x05\x0a\x06", -1, -1);   /* the same with a root */
	EXPECT_S5("\x08\\\\_S5_\x12\x06\x02\x0a\x05\x0a\x06", -1, -1); /* two roots */
	/* nothing before it but the header */
	EXPECT_S5("_S5_\x12\x06\x02\x0a\x05\x0a\x06", -1, -1);
	EXPECT_S5("\\_S5_\x12\x06\x02\x0a\x05\x0a\x06", -1, -1);
	EXPECT_S5("\x08_S5_\x0a\x05", -1, -1);                 /* an integer */
	EXPECT_S5("\x08_S5_\x12\x02\x00\x0a\x05", -1, -1);     /* no elements */
	EXPECT_S5("\x08_S5_\x12\x06\x02\xff\x0a\x06", -1, -1); /* Ones */
	EXPECT_S5("\x08_S5_\x12\x06\x02\x0d\x35\x00", -1, -1); /* a string */
	EXPECT_S5("\x08_S5_\x12\x0c\x01\x0e\x05\x00\x00\x00\x00\x00\x00\x00", -1, -1);
}

static void a_false_s5_does_not_hide_the_true_one(void **state)
{
	(void)state;
	EXPECT_S5("\x0d_S5_\x00\x10_S5_\x08_S5_\x0a\x05\x08_S5_\x12\x06\x02\x0a\x05\x0a\x06", 5, 6);
}

static void an_s5_that_is_cut_off_gives_what_is_whole(void **state)
{
	static const char aml[] = "\x08_S5_\x12\x08\x04\x0a\x05\x0a\x06\x00\x00";
	struct built t = dsdt_of(aml, sizeof(aml) - 1);

	(void)state;
	for (size_t length = 0; length <= t.length; length++) {
		size_t seen = length < ACPI_HEADER ? 0 : length - ACPI_HEADER;

		assert_int_equal(s5_first(&t, length), seen >= 10 ? 0 : -ENOENT);
		assert_int_equal(found.slp_typ_a, seen >= 10 ? 5 : SLP_TYP_NONE);
		assert_int_equal(found.slp_typ_b, seen >= 12 ? 6 : seen >= 10 ? 0 : SLP_TYP_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_beyond_the_table_reads_0),
		cmocka_unit_test(one_wrong_byte_breaks_the_checksum),
		cmocka_unit_test(a_pcs_madt_gives_controllers_processors_and_lines),
		cmocka_unit_test(without_entries_every_line_but_the_cascade_is_on_its_own_pin),
		cmocka_unit_test(x2apics_count_and_the_apics_address_may_be_overridden),
		cmocka_unit_test(an_overrides_flags_give_trigger_and_polarity),
		cmocka_unit_test(a_line_whose_pin_is_taken_has_none),
		cmocka_unit_test(lines_may_change_places),
		cmocka_unit_test(overrides_that_are_about_no_isa_line_are_passed_over),
		cmocka_unit_test(a_malformed_entry_ends_the_madt_and_those_before_it_count),
		cmocka_unit_test(a_madt_that_is_cut_off_is_malformed_but_between_entries),
		cmocka_unit_test(a_pcs_hpet_is_where_its_table_says),
		cmocka_unit_test(an_hpet_that_cannot_be_reached_is_none),
		cmocka_unit_test(an_hpet_table_that_is_cut_off_before_its_address_has_none),
		cmocka_unit_test(a_fadt_gives_control_ports_and_the_dsdt),
		cmocka_unit_test(the_dsdts_64_bit_address_comes_first_where_there_is_one),
		cmocka_unit_test(what_a_fadt_is_too_short_for_is_0),
		cmocka_unit_test(a_pcs_s5_is_found),
		cmocka_unit_test(s5s_name_may_be_anywhere_and_have_a_root_or_not),
		cmocka_unit_test(s5s_elements_are_integers_of_any_width),
		cmocka_unit_test(s5s_package_may_tell_its_length_in_up_to_four_bytes),
		cmocka_unit_test(an_s5_that_is_no_name_of_a_package_is_none),
		cmocka_unit_test(a_false_s5_does_not_hide_the_true_one),
		cmocka_unit_test(an_s5_that_is_cut_off_gives_what_is_whole),
	};

	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
