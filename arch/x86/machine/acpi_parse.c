/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's tables, read field by field (ACPI specification 6.4, chapters 5 and 20).
 *
 * Rule: every read goes through acpi_field(), which checks the end of the table.
 */
#include "arch/x86/machine/acpi_parse.h"

#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <string.h>

uint64_t acpi_field(struct acpi_table table, size_t offset, unsigned size)
{
	uint64_t value = 0;

	if (offset > table.length || size > table.length - offset)
		return 0;
	memcpy(&value, table.bytes + offset, size);
	return value;
}

bool acpi_sum_holds(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;

	while (length--)
		sum += *bytes++;
	return sum == 0;
}

/* ---- MADT (5.2.12) ---- */

enum { MADT_LAPIC_ADDRESS = 36, MADT_FLAGS = 40, MADT_ENTRIES = 44, MADT_PCAT_COMPAT = 1 << 0 };

/* An entry: type, length, and fields by type. */
enum {
	ENTRY_LAPIC = 0,
	ENTRY_IOAPIC = 1,
	ENTRY_OVERRIDE = 2,
	ENTRY_LAPIC_ADDRESS = 5,
	ENTRY_X2APIC = 9,
	ENTRY_TYPES
};

/*
 * MPS INTI flags of an override: 3:2 trigger (1 edge, 3 level) | 1:0 polarity (1 high, 3 low)
 * 0 means the default of the bus. The default of ISA is edge and high.
 */
enum { INTI_POLARITY = 3, INTI_LOW = 3, INTI_TRIGGER_SHIFT = 2, INTI_LEVEL = 3 };

static void madt_lapic(struct acpi_table entry, struct platform *out)
{
	out->processors += acpi_field(entry, 4, 4) & 1;
}

static void madt_x2apic(struct acpi_table entry, struct platform *out)
{
	out->processors += acpi_field(entry, 8, 4) & 1;
}

static void madt_ioapic(struct acpi_table entry, struct platform *out)
{
	if (acpi_field(entry, 8, 4) != 0) /* the first global interrupt of this chip */
		return;
	out->ioapic = acpi_field(entry, 4, 4);
	out->ioapic_id = (uint8_t)acpi_field(entry, 2, 1);
}

static void madt_lapic_address(struct acpi_table entry, struct platform *out)
{
	out->lapic = acpi_field(entry, 4, 8);
}

static void madt_override(struct acpi_table entry, struct platform *out)
{
	unsigned bus = (unsigned)acpi_field(entry, 2, 1), line = (unsigned)acpi_field(entry, 3, 1);
	uint32_t pin = (uint32_t)acpi_field(entry, 4, 4);
	unsigned flags = (unsigned)acpi_field(entry, 8, 2);

	if (bus != 0 || line >= LINES || pin > UINT8_MAX)
		return;
	/* The line with the number of this pin loses its pin, unless an override of that line has
	 * given or will give a pin. */
	if (pin < LINES && pin != line && out->line[pin].pin == (int)pin)
		out->line[pin].pin = -1;
	out->line[line] = (struct line_pin){
		.pin = (int)pin,
		.level = (flags >> INTI_TRIGGER_SHIFT & 3) == INTI_LEVEL,
		.low = (flags & INTI_POLARITY) == INTI_LOW,
	};
}

struct madt_entry {
	uint8_t least; /* length of a well-formed entry */
	void (*take)(struct acpi_table entry, struct platform *out);
};
static const struct madt_entry madt_entries[ENTRY_TYPES] = {
	[ENTRY_LAPIC] = { 8, madt_lapic },
	[ENTRY_IOAPIC] = { 12, madt_ioapic },
	[ENTRY_OVERRIDE] = { 10, madt_override },
	[ENTRY_LAPIC_ADDRESS] = { 12, madt_lapic_address },
	[ENTRY_X2APIC] = { 16, madt_x2apic },
};

/* Puts each line on the pin of its number, which overrides may change later. The cascade is no line
 * of the bus. */
static void madt_lines_default(struct platform *out)
{
	for (unsigned n = 0; n < LINES; n++)
		out->line[n] = (struct line_pin){ .pin = n == LINE_CASCADE ? -1 : (int)n };
}

int acpi_parse_madt(struct acpi_table madt, struct platform *out)
{
	size_t at = MADT_ENTRIES;

	out->processors = 0;
	out->lapic = acpi_field(madt, MADT_LAPIC_ADDRESS, 4);
	out->has_8259 = acpi_field(madt, MADT_FLAGS, 4) & MADT_PCAT_COMPAT;
	madt_lines_default(out);
	while (at < madt.length) {
		unsigned type = (unsigned)acpi_field(madt, at, 1),
			 length = (unsigned)acpi_field(madt, at + 1, 1);

		if (length < 2 || length > madt.length - at)
			return -EINVAL;
		if (type < ENTRY_TYPES && madt_entries[type].take) {
			if (length < madt_entries[type].least)
				return -EINVAL;
			madt_entries[type].take((struct acpi_table){ madt.bytes + at, length },
			                        out);
		}
		at += length;
	}
	return 0;
}

/* ---- HPET (IA-PC HPET specification 1.0a, 3.2.4) ---- */

/* The base address is a generic address (5.2.3.2): 1 address space | 1 bits | 1 first bit |
 * 1 access size | 8 address */
enum { HPET_SPACE = 40, HPET_ADDRESS = 44, SPACE_MEMORY = 0, HPET_BLOCK = 1024 };

int acpi_parse_hpet(struct acpi_table hpet, struct platform *out)
{
	uint64_t address = acpi_field(hpet, HPET_ADDRESS, 8);

	out->hpet = 0;
	if (!address || address >> 32 || address % HPET_BLOCK ||
	    acpi_field(hpet, HPET_SPACE, 1) != SPACE_MEMORY)
		return -ENODEV;
	out->hpet = address;
	return 0;
}

/* ---- FADT (5.2.9) ---- */

enum {
	FADT_DSDT = 40,
	FADT_SMI_CMD = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_CNT = 64,
	FADT_PM1B_CNT = 68,
	FADT_X_DSDT = 140,
};

uint64_t acpi_parse_fadt(struct acpi_table fadt, struct platform *out)
{
	uint64_t dsdt = acpi_field(fadt, FADT_X_DSDT, 8);

	out->pm1a_control = (uint16_t)acpi_field(fadt, FADT_PM1A_CNT, 4);
	out->pm1b_control = (uint16_t)acpi_field(fadt, FADT_PM1B_CNT, 4);
	out->smi_command = (uint16_t)acpi_field(fadt, FADT_SMI_CMD, 4);
	out->acpi_enable = (uint8_t)acpi_field(fadt, FADT_ACPI_ENABLE, 1);
	return dsdt ? dsdt : acpi_field(fadt, FADT_DSDT, 4);
}

/* ---- \_S5_ in the DSDT's AML (20.2) ----
 *
 * Name(\_S5_, Package { SLP_TYPa, SLP_TYPb, ... }):
 *   08 [5C] '_' 'S' '5' '_' 12 PkgLength NumElements Element Element ...
 * PkgLength: bits 7:6 of the first byte give the number of bytes that follow. An element: 00, 01,
 * or 0A byte, 0B word, 0C dword. */
enum {
	AML_ZERO = 0x00,
	AML_ONE = 0x01,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_WORD = 0x0b,
	AML_DWORD = 0x0c
};
enum { AML_PACKAGE = 0x12, AML_ROOT = 0x5c, SLP_TYP_MASK = 7 };

/* Returns the integer at *at and moves *at behind it, or returns -EINVAL for any other element. */
static int aml_integer(struct acpi_table t, size_t *at)
{
	unsigned size = 0;
	uint8_t op = (uint8_t)acpi_field(t, *at, 1);

	if (*at >= t.length)
		return -EINVAL;
	if (op == AML_ZERO || op == AML_ONE) {
		*at += 1;
		return op;
	}
	if (op == AML_BYTE || op == AML_WORD || op == AML_DWORD)
		size = 1u << (op - AML_BYTE);
	if (!size || t.length - *at <= size)
		return -EINVAL;
	int value = (int)(acpi_field(t, *at + 1, size) & SLP_TYP_MASK);

	*at += 1 + size;
	return value;
}

/* Reads the package and returns true when `name` is the name in a definition of _S5_ as a
 * package. */
static bool s5_take(struct acpi_table dsdt, size_t name, struct platform *out)
{
	bool defined = acpi_field(dsdt, name - 1, 1) == AML_NAME ||
	               (acpi_field(dsdt, name - 1, 1) == AML_ROOT &&
	                acpi_field(dsdt, name - 2, 1) == AML_NAME);

	if (!defined || acpi_field(dsdt, name + 4, 1) != AML_PACKAGE)
		return false;
	size_t at = name + 5;

	at += 1 + (acpi_field(dsdt, at, 1) >> 6); /* PkgLength */
	unsigned elements = (unsigned)acpi_field(dsdt, at++, 1);
	int a = elements >= 1 ? aml_integer(dsdt, &at) : -EINVAL;
	int b = elements >= 2 ? aml_integer(dsdt, &at) : 0;

	if (a < 0)
		return false;
	out->slp_typ_a = (uint16_t)a;
	out->slp_typ_b = (uint16_t)(b < 0 ? 0 : b);
	return true;
}

int acpi_parse_s5(struct acpi_table dsdt, struct platform *out)
{
	for (size_t at = ACPI_HEADER + 1; at + 4 < dsdt.length; at++)
		if (!memcmp(dsdt.bytes + at, "_S5_", 4) && s5_take(dsdt, at, out))
			return 0;
	return -ENOENT;
}
