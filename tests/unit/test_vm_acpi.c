/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables of a VM.
 *
 * Rule: the tables are read as a system reads them: by offsets of the specification, from the RSDP
 * on. Each table has to lie in the page, and its bytes have to add up to 0.
 */
#include "tests/unit/check.h"

#include "vmm/load/vm_acpi.h"

#include <string.h>

enum { PAGE_BYTES = 4096 };

static uint8_t page[PAGE_BYTES] __attribute__((aligned(64)));

static void build(bool keyboard)
{
	memset(page, 0, sizeof(page));
	for (unsigned part = 0; part < VM_ACPI_PARTS; part++)
		vm_acpi_build(page, part, keyboard);
}

static uint64_t field(const uint8_t *table, unsigned offset, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, table + offset, bytes);
	return value;
}

static void expect_sum(const uint8_t *table, unsigned bytes)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + table[i]);
	assert_int_equal(sum, 0);
}

/* The table at a guest-physical address, which has to have this signature. */
static const uint8_t *table_at(uint64_t address, const char *signature)
{
	assert_in_range(address, VM_ACPI_AT, VM_ACPI_AT + PAGE_BYTES - 36);
	const uint8_t *table = page + (address - VM_ACPI_AT);

	assert_memory_equal(table, signature, 4);
	uint64_t bytes = field(table, 4, 4);
	assert_in_range(bytes, 36, VM_ACPI_AT + PAGE_BYTES - address);
	if (memcmp(signature, "FACS", 4) != 0)
		expect_sum(table, (unsigned)bytes);
	return table;
}

/* As a system looks: on each boundary of 16 bytes. */
static const uint8_t *find_rsdt(void)
{
	const uint8_t *found = NULL;

	for (unsigned at = 0; at < PAGE_BYTES; at += 16)
		if (memcmp(page + at, "RSD PTR ", 8) == 0) {
			assert_null(found);
			found = page + at;
		}
	assert_non_null(found);
	expect_sum(found, 20);
	assert_int_equal(found[15], 0); /* ACPI 1.0 */
	return table_at(field(found, 16, 4), "RSDT");
}

static const uint8_t *find(const char *signature)
{
	const uint8_t *rsdt = find_rsdt();
	unsigned count = ((unsigned)field(rsdt, 4, 4) - 36) / 4;

	for (unsigned i = 0; i < count; i++) {
		uint64_t address = field(rsdt, 36 + 4 * i, 4);
		if (memcmp(page + (address - VM_ACPI_AT), signature, 4) == 0)
			return table_at(address, signature);
	}
	fail_msg("no table %s", signature);
	return NULL;
}

static void the_fadt_names_the_registers_of_the_view(void **state)
{
	(void)state;
	build(false);
	const uint8_t *fadt = find("FACP");
	assert_int_equal(field(fadt, 4, 4), 244);
	assert_int_equal(fadt[8], 4);
	assert_int_equal(field(fadt, 46, 2), 9);      /* SCI_INT */
	assert_int_equal(field(fadt, 48, 4), 0);      /* SMI_CMD: in ACPI mode from the start */
	assert_int_equal(field(fadt, 56, 4), 0x8904); /* PM1a_EVT_BLK */
	assert_int_equal(field(fadt, 64, 4), 0x8908); /* PM1a_CNT_BLK */
	assert_int_equal(field(fadt, 76, 4), 0);      /* PM_TMR_BLK */
	assert_int_equal(fadt[88], 4);
	assert_int_equal(fadt[89], 2);
	assert_true(field(fadt, 96, 2) > 100 && field(fadt, 98, 2) > 1000); /* no C2, no C3 */
	assert_int_equal(fadt[108], 0x32);
	assert_int_equal(field(fadt, 109, 2), 0x9);
	assert_int_equal(field(fadt, 112, 4), 0x475);
	assert_int_equal(field(fadt, 116, 4), 0x01000801); /* a byte of I/O space */
	assert_int_equal(field(fadt, 120, 8), 0xcf9);
	assert_int_equal(fadt[128], 6);
	for (unsigned i = 129; i < 244; i++)
		assert_int_equal(fadt[i], 0);
	build(true);
	assert_int_equal(field(find("FACP"), 109, 2), 0xb);
}

static void the_facs_is_aligned(void **state)
{
	(void)state;
	build(false);
	uint64_t address = field(find("FACP"), 36, 4);
	const uint8_t *facs = table_at(address, "FACS");
	assert_int_equal(address % 64, 0);
	assert_int_equal(field(facs, 4, 4), 64);
	assert_int_equal(facs[32], 1);
}

static void the_dsdt_has_s5_alone(void **state)
{
	/* iasl's encoding of Name (_S5, Package () { 5, 5, Zero, Zero }) */
	static const uint8_t aml[] = { 0x08, '_',  'S', '5',  '_', 0x12, 0x08,
		                       0x04, 0x0a, 5,   0x0a, 5,   0,    0 };

	(void)state;
	build(false);
	const uint8_t *dsdt = table_at(field(find("FACP"), 40, 4), "DSDT");
	assert_int_equal(field(dsdt, 4, 4), 36 + sizeof(aml));
	assert_int_equal(dsdt[8], 2);
	assert_memory_equal(dsdt + 36, aml, sizeof(aml));
}

static void the_madt_has_a_processor_and_8259s(void **state)
{
	(void)state;
	build(false);
	const uint8_t *madt = find("APIC");
	assert_int_equal(field(madt, 4, 4), 44 + 8);
	assert_int_equal(field(madt, 40, 4), 1); /* PCAT_COMPAT */
	assert_int_equal(field(madt, 44, 4), 0x00000800);
	assert_int_equal(field(madt, 48, 4), 1);
}

/* A PC's lines: IRQ0 enters pin 2, and IRQ9 is level triggered. IRQ2 reaches no pin. */
static void the_madt_names_the_io_apic_and_the_lines(void **state)
{
	(void)state;
	struct platform machine = { .ioapic = 0xfec00000 };
	for (int n = 0; n < LINES; n++)
		machine.line[n].pin = n;
	machine.line[0].pin = 2;
	machine.line[2].pin = -1;
	machine.line[9].level = machine.line[9].low = true;
	build(false);
	vm_acpi_add_apics(page, &machine);
	const uint8_t *madt = find("APIC");
	assert_int_equal(field(madt, 4, 4), 44 + 8 + 12 + 2 * 10);
	assert_int_equal(field(madt, 52, 4), 0x00000c01); /* type 1, 12 bytes, id 0 */
	assert_int_equal(field(madt, 56, 4), 0xfec00000);
	assert_int_equal(field(madt, 60, 4), 0); /* the first pin's number */
	assert_int_equal(field(madt, 64, 4), 0x00000a02);
	assert_int_equal(field(madt, 68, 4), 2);
	assert_int_equal(field(madt, 72, 2), 0x5); /* edge, high */
	assert_int_equal(field(madt, 74, 4), 0x09000a02);
	assert_int_equal(field(madt, 78, 4), 9);
	assert_int_equal(field(madt, 82, 2), 0xf); /* level, low */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fadt_names_the_registers_of_the_view),
		cmocka_unit_test(the_facs_is_aligned),
		cmocka_unit_test(the_dsdt_has_s5_alone),
		cmocka_unit_test(the_madt_has_a_processor_and_8259s),
		cmocka_unit_test(the_madt_names_the_io_apic_and_the_lines),
	};

	return cmocka_run_group_tests_name("vm_acpi", tests, NULL, NULL);
}
