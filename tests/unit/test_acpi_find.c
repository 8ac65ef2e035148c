/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding ACPI's tables: RSDP, RSDT, XSDT, and what is said of tables that are bad or missing.
 *
 * Rule: physical memory is an array that starts at 0; each test lays out a PC's tables and changes
 * one thing.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/hypervisor.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/acpi_parse.h"
#include "arch/x86/machine/physical.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/acpi_tables.h"
#include "tests/unit/fake_log.h"

#include <errno.h>

enum { MEMORY = 8 << 20, ROM_FIRST = 0xe0000, ROM_END = 0x100000 };
enum { RSDP_BYTES = 20, RSDP2_BYTES = 36, OEM_ID = 10 };

static uint8_t memory[MEMORY];

/* What is at an address: memory, or the ones that a bus reads where nothing is. */
const uint8_t *physical(uint64_t address)
{
	static const uint8_t nothing[4] = { 0xff, 0xff, 0xff, 0xff };

	return address < MEMORY ? memory + address : nothing;
}

/* ---- The machine's other answers ---- */

static uint8_t given[36]; /* the loader's copy of the RSDP */
static uint8_t debug_port;
static uint32_t cpuid_ecx;

uint8_t io_in8(uint16_t port)
{
	assert_int_equal(port, 0xe9);
	return debug_port;
}

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	assert_int_equal(leaf, 1);
	assert_int_equal(subleaf, 0);
	return (struct cpuid){ .ecx = cpuid_ecx };
}

/* ---- A PC's tables ---- */

enum {
	EBDA = 0x9fc00,
	RSDP_AT = 0xf5a40,
	RSDT_AT = 0x200000,
	XSDT_AT = 0x201000,
	MADT_AT = 0x202000,
	FADT_AT = 0x203000,
	DSDT_AT = 0x204000,
	HPET_AT = 0x206000,
	OTHER_MADT_AT = 0x205000, /* four processors: told apart by it */
};

static void place(uint32_t at, const struct built *t)
{
	memset(memory + at, 0, BUILT_MOST);
	memcpy(memory + at, t->bytes, t->length);
}

/* Both of an RSDP's checksums; revision 0 has but the first. */
static void place_rsdp(uint32_t at, uint8_t revision, uint32_t rsdt, uint64_t xsdt)
{
	struct built r = { .length = RSDP2_BYTES };
	uint8_t sum = 0, extended = 0;

	memcpy(r.bytes, "RSD PTR ", 8);
	r.bytes[15] = revision;
	acpi_put(&r, 16, rsdt, 4);
	if (revision >= 2) {
		acpi_put(&r, 20, RSDP2_BYTES, 4);
		acpi_put(&r, 24, xsdt, 8);
	}
	for (unsigned n = 0; n < 20; n++)
		sum = (uint8_t)(sum + r.bytes[n]);
	r.bytes[8] = (uint8_t)-sum;
	for (unsigned n = 20; n < 36; n++)
		extended = (uint8_t)(extended + r.bytes[n]);
	r.bytes[32] = (uint8_t)-extended;
	memcpy(memory + at, r.bytes, revision >= 2 ? RSDP2_BYTES : RSDP_BYTES);
}

static void place_root(uint32_t at, unsigned entry, const uint64_t *tables, unsigned count)
{
	struct built t = acpi_begin(entry == 8 ? "XSDT" : "RSDT", ACPI_HEADER);

	for (unsigned n = 0; n < count; n++) {
		acpi_put(&t, t.length, tables[n], entry);
		t.length += entry;
	}
	acpi_seal(&t);
	place(at, &t);
}

static int lay_out(void **state)
{
	static const uint64_t tables[] = { FADT_AT, MADT_AT };
	struct built madt = madt_of_pc(), fadt = fadt_of_pc(DSDT_AT), dsdt = dsdt_of_pc(),
		     other = madt_empty();

	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(&platform, 0xa5, sizeof(platform));
	debug_port = 0xff;
	cpuid_ecx = 0;
	place(MADT_AT, &madt);
	place(FADT_AT, &fadt);
	place(DSDT_AT, &dsdt);
	for (uint8_t n = 0; n < 4; n++)
		madt_add_lapic(&other, n, true);
	place(OTHER_MADT_AT, &other);
	place_root(RSDT_AT, 4, tables, 2);
	place_rsdp(RSDP_AT, 0, RSDT_AT, 0);
	memset(given, 0, sizeof(given));
	printed_clear();
	return 0;
}

static void expect_pc(void)
{
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), "");
	assert_true(platform.acpi);
	assert_true(platform.has_8259);
	assert_true(platform.can_power_off);
	assert_false(platform.bochs);
	assert_int_equal(platform.processors, 2);
	assert_int_equal(platform.ioapic, 0xfec00000);
	assert_int_equal(platform.line[0].pin, 2);
	assert_int_equal(platform.pm1a_control, 0xb004);
	assert_int_equal(platform.slp_typ_a, 5);
	assert_int_equal(platform.slp_typ_b, 6);
}

static void expect_no_acpi(const char *text)
{
	assert_int_equal(acpi_init(given), -ENOENT);
	assert_string_equal(printed(), text);
	assert_false(platform.acpi);
	assert_true(platform.has_8259);
	assert_false(platform.can_power_off);
	assert_int_equal(platform.processors, 1);
	assert_int_equal(platform.ioapic, 0);
	for (unsigned n = 0; n < LINES; n++)
		assert_int_equal(platform.line[n].pin, -1);
}

#define NO_RSDP "signalbox: no ACPI: no RSDP in the BIOS's memory\n"
#define BAD_ROOT "signalbox: no ACPI: the root table is not valid\n"
#define BAD_TABLE(at) \
	"signalbox: ACPI: the table at " at "h has a bad length or checksum; passed over\n"
#define NO_MADT "signalbox: ACPI: no MADT: no I/O APIC is known\n"

/* ---- RSDP ---- */

static void a_pcs_tables_are_found(void **state)
{
	(void)state;
	expect_pc();
}

static void without_an_rsdp_there_is_no_acpi(void **state)
{
	(void)state;
	memset(memory + RSDP_AT, 0, RSDP_BYTES);
	expect_no_acpi(NO_RSDP);
}

static void the_rsdp_is_found_wherever_the_bios_may_put_it(void **state)
{
	static const uint32_t places[] = { ROM_FIRST, 0xfffe0, EBDA, EBDA + 1024 - 32 };

	for (unsigned n = 0; n < sizeof(places) / sizeof(places[0]); n++) {
		lay_out(state);
		memset(memory + RSDP_AT, 0, RSDP_BYTES);
		memory[0x40e] = EBDA >> 4 & 0xff;
		memory[0x40f] = EBDA >> 12;
		place_rsdp(places[n], 0, RSDT_AT, 0);
		expect_pc();
	}
}

static void the_rsdp_is_not_looked_for_elsewhere(void **state)
{
	static const uint32_t places[] = { ROM_FIRST - 16, 0xffff0, ROM_END,
		                           RSDP_AT + 8,    EBDA,    EBDA + 1024 };

	for (unsigned n = 0; n < sizeof(places) / sizeof(places[0]); n++) {
		lay_out(state);
		memset(memory + RSDP_AT, 0, RSDP_BYTES);
		memory[0x40f] = places[n] == EBDA ? 0xa0 : EBDA >> 12; /* A000h is the VGA's */
		memory[0x40e] = places[n] == EBDA ? 0 : EBDA >> 4 & 0xff;
		place_rsdp(places[n], 0, RSDT_AT, 0);
		expect_no_acpi(NO_RSDP);
	}
}

static void an_rsdp_with_a_bad_checksum_is_passed_over(void **state)
{
	(void)state;
	place_rsdp(ROM_FIRST, 0, 0x300000, 0);
	memory[ROM_FIRST + 9]++;
	expect_pc();
	lay_out(state);
	memory[RSDP_AT + 9]++;
	expect_no_acpi(NO_RSDP);
}

/* UEFI has no RSDP in the BIOS's memory. A copy that is not valid is no copy. */
static void the_loader_s_copy_comes_before_the_bios_s_memory(void **state)
{
	static const uint64_t tables[] = { OTHER_MADT_AT, FADT_AT };

	(void)state;
	place_root(XSDT_AT, 8, tables, 2);
	place_rsdp(0x700000, 2, RSDT_AT, XSDT_AT);
	memcpy(given, memory + 0x700000, RSDP2_BYTES);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), "");
	assert_int_equal(platform.processors, 4);
	memset(memory + RSDP_AT, 0, RSDP_BYTES);
	assert_int_equal(acpi_init(given), 0);
	assert_int_equal(platform.processors, 4);
	given[9]++;
	expect_no_acpi(NO_RSDP);
}

/* ---- RSDT and XSDT ---- */

static void the_xsdt_comes_before_the_rsdt(void **state)
{
	static const uint64_t tables[] = { OTHER_MADT_AT, FADT_AT };

	(void)state;
	place_root(XSDT_AT, 8, tables, 2);
	place_rsdp(RSDP_AT, 2, RSDT_AT, XSDT_AT);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), "");
	assert_int_equal(platform.processors, 4);
	assert_true(platform.can_power_off);
}

static void without_a_good_xsdt_the_rsdt_counts(void **state)
{
	static const uint64_t tables[] = { OTHER_MADT_AT, FADT_AT };

	(void)state;
	place_root(XSDT_AT, 8, tables, 2);
	place_rsdp(RSDP_AT, 2, RSDT_AT, 0); /* none */
	expect_pc();
	place_rsdp(RSDP_AT, 2, RSDT_AT, 0x100000000 + XSDT_AT); /* out of reach */
	expect_pc();
	place_rsdp(RSDP_AT, 2, RSDT_AT, XSDT_AT); /* the extended checksum is wrong */
	memory[RSDP_AT + 33]++;
	expect_pc();
	place_rsdp(RSDP_AT, 2, RSDT_AT, XSDT_AT); /* no length of revision 2 */
	memory[RSDP_AT + 20]--;
	memory[RSDP_AT + 33]++;
	expect_pc();
	place_rsdp(RSDP_AT, 2, RSDT_AT, MADT_AT); /* another table */
	expect_pc();
	place_rsdp(RSDP_AT, 2, RSDT_AT, XSDT_AT); /* the table's checksum is wrong */
	memory[XSDT_AT + ACPI_HEADER]++;
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), BAD_TABLE("201000"));
	assert_int_equal(platform.processors, 2);
}

static void without_a_good_root_table_there_is_no_acpi(void **state)
{
	static const uint32_t lengths[] = { 0, ACPI_HEADER - 1, (4 << 20) + 1, UINT32_MAX };

	(void)state;
	place_rsdp(RSDP_AT, 0, 0, 0);
	expect_no_acpi(BAD_ROOT);
	printed_clear();
	place_rsdp(RSDP_AT, 0, UINT32_MAX, 0);
	expect_no_acpi(BAD_ROOT);
	for (unsigned n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
		lay_out(state);
		memcpy(memory + RSDT_AT + ACPI_HEADER_LENGTH, &lengths[n], 4);
		expect_no_acpi(BAD_TABLE("200000") BAD_ROOT);
	}
}

static void an_empty_root_table_leaves_the_defaults(void **state)
{
	(void)state;
	place_root(RSDT_AT, 4, NULL, 0);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(),
	                    NO_MADT "signalbox: ACPI: no FADT: cannot power off by it\n");
	assert_true(platform.acpi);
	assert_int_equal(platform.processors, 1);
	assert_int_equal(platform.ioapic, 0);
	assert_false(platform.can_power_off);
}

static void pointers_to_nothing_are_passed_over(void **state)
{
	static const uint64_t tables[] = { 0,          0x700000, 0xf0000000, UINT32_MAX,
		                           UINT64_MAX, MADT_AT,  FADT_AT };

	(void)state;
	place_root(XSDT_AT, 8, tables, 7);
	place_rsdp(RSDP_AT, 2, 0, XSDT_AT);
	expect_pc();
}

static void a_root_table_that_ends_within_a_pointer_has_not_got_it(void **state)
{
	static const uint64_t tables[] = { FADT_AT, MADT_AT };
	struct built t = acpi_begin("RSDT", ACPI_HEADER + 7);

	(void)state;
	acpi_put(&t, ACPI_HEADER, tables[0], 4);
	acpi_put(&t, ACPI_HEADER + 4, tables[1], 3);
	acpi_seal(&t);
	place(RSDT_AT, &t);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), NO_MADT);
	assert_true(platform.can_power_off);
}

/* ---- The tables themselves ---- */

static void a_bad_madt_is_said_and_the_next_one_counts(void **state)
{
	static const uint64_t tables[] = { MADT_AT, OTHER_MADT_AT, FADT_AT };

	(void)state;
	memory[MADT_AT + 40]++;
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), BAD_TABLE("202000") NO_MADT);
	assert_int_equal(platform.processors, 1);
	printed_clear();
	place_root(RSDT_AT, 4, tables, 3);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), BAD_TABLE("202000"));
	assert_int_equal(platform.processors, 4);
}

static void a_malformed_entry_of_the_madt_is_said(void **state)
{
	static const uint8_t endless[2] = { 0, 0 };
	struct built t = madt_of_pc();

	(void)state;
	acpi_append(&t, endless, sizeof(endless));
	place(MADT_AT, &t);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(
		printed(),
		"signalbox: ACPI: the MADT has a malformed entry; what follows it is not read\n");
	assert_int_equal(platform.processors, 2);
}

static void an_io_apic_at_a_place_that_none_can_have_is_none(void **state)
{
	struct built t = madt_empty();

	(void)state;
	madt_add_ioapic(&t, 0xfec00008, 0);
	place(MADT_AT, &t);
	assert_int_equal(acpi_init(given), 0);
	assert_int_equal(platform.ioapic, 0);
}

static void an_hpet_is_found_and_not_missed_where_there_is_none(void **state)
{
	static const uint64_t tables[] = { FADT_AT, HPET_AT, MADT_AT };
	struct built t = hpet_of_pc(0xfed00000);

	expect_pc();
	assert_int_equal(platform.hpet, 0);

	lay_out(state);
	place(HPET_AT, &t);
	place_root(RSDT_AT, 4, tables, 3);
	expect_pc();
	assert_int_equal(platform.hpet, 0xfed00000);

	t = hpet_of_pc(0x1fed00000);
	place(HPET_AT, &t);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(
		printed(),
		"signalbox: ACPI: the HPET is at no place that can be used; passed over\n");
	assert_int_equal(platform.hpet, 0);

	printed_clear();
	memory[HPET_AT + ACPI_HEADER]++;
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(), BAD_TABLE("206000"));
	assert_int_equal(platform.hpet, 0);
}

static void what_powering_off_lacks_is_named(void **state)
{
	static const char none[] = "\x08_S4_\x12\x06\x04\x0a\x05\x0a\x06\x00\x00";
	struct built fadt = fadt_of_pc(DSDT_AT), dsdt = dsdt_of(none, sizeof(none) - 1);

	(void)state;
	acpi_put(&fadt, 64, 0, 4);
	acpi_seal(&fadt);
	place(FADT_AT, &fadt);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(),
	                    "signalbox: ACPI: no PM1a control port: cannot power off by it\n");
	assert_false(platform.can_power_off);

	lay_out(state);
	place(DSDT_AT, &dsdt);
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(printed(),
	                    "signalbox: ACPI: no \\_S5_ in the DSDT: cannot power off by it\n");
	assert_false(platform.can_power_off);

	lay_out(state);
	memory[DSDT_AT + ACPI_HEADER]++;
	assert_int_equal(acpi_init(given), 0);
	assert_string_equal(
		printed(),
		BAD_TABLE("204000") "signalbox: ACPI: no \\_S5_ in the DSDT: cannot power off by "
				    "it\n");
	assert_false(platform.can_power_off);
}

static void bochs_shows_itself_by_its_port_or_its_tables(void **state)
{
	struct built rsdt = acpi_begin("RSDT", ACPI_HEADER);

	debug_port = 0xe9;
	assert_int_equal(acpi_init(given), 0);
	assert_true(platform.bochs);

	lay_out(state);
	memcpy(rsdt.bytes + OEM_ID, "BOCHS ", 6);
	acpi_seal(&rsdt);
	place(RSDT_AT, &rsdt);
	assert_int_equal(acpi_init(given), 0);
	assert_true(platform.bochs);
	cpuid_ecx = CPUID_ECX_HYPERVISOR; /* QEMU's tables say the same */
	assert_int_equal(acpi_init(given), 0);
	assert_false(platform.bochs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_pcs_tables_are_found, lay_out),
		cmocka_unit_test_setup(without_an_rsdp_there_is_no_acpi, lay_out),
		cmocka_unit_test_setup(the_rsdp_is_found_wherever_the_bios_may_put_it, lay_out),
		cmocka_unit_test_setup(the_rsdp_is_not_looked_for_elsewhere, lay_out),
		cmocka_unit_test_setup(an_rsdp_with_a_bad_checksum_is_passed_over, lay_out),
		cmocka_unit_test_setup(the_loader_s_copy_comes_before_the_bios_s_memory, lay_out),
		cmocka_unit_test_setup(the_xsdt_comes_before_the_rsdt, lay_out),
		cmocka_unit_test_setup(without_a_good_xsdt_the_rsdt_counts, lay_out),
		cmocka_unit_test_setup(without_a_good_root_table_there_is_no_acpi, lay_out),
		cmocka_unit_test_setup(an_empty_root_table_leaves_the_defaults, lay_out),
		cmocka_unit_test_setup(pointers_to_nothing_are_passed_over, lay_out),
		cmocka_unit_test_setup(a_root_table_that_ends_within_a_pointer_has_not_got_it,
		                       lay_out),
		cmocka_unit_test_setup(a_bad_madt_is_said_and_the_next_one_counts, lay_out),
		cmocka_unit_test_setup(a_malformed_entry_of_the_madt_is_said, lay_out),
		cmocka_unit_test_setup(an_io_apic_at_a_place_that_none_can_have_is_none, lay_out),
		cmocka_unit_test_setup(an_hpet_is_found_and_not_missed_where_there_is_none,
		                       lay_out),
		cmocka_unit_test_setup(what_powering_off_lacks_is_named, lay_out),
		cmocka_unit_test_setup(bochs_shows_itself_by_its_port_or_its_tables, lay_out),
	};

	return cmocka_run_group_tests_name("acpi_find", tests, NULL, NULL);
}
