/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables of a PC, built as firmware builds them, to break in tests.
 *
 * Rule: a table is right when it is made; after a change that is meant to be right too,
 * acpi_seal().
 */
#ifndef TESTS_UNIT_ACPI_TABLES_H
#define TESTS_UNIT_ACPI_TABLES_H

#include "arch/x86/machine/acpi_parse.h"

#include <stdint.h>
#include <string.h>

enum { BUILT_MOST = 512, BUILT_SUM_AT = 9 };

struct built {
	uint8_t bytes[BUILT_MOST];
	size_t length;
};

static inline void acpi_put(struct built *t, size_t at, uint64_t value, unsigned size)
{
	for (unsigned n = 0; n < size; n++)
		t->bytes[at + n] = (uint8_t)(value >> 8 * n);
}

/* Length and checksum. */
static inline void acpi_seal(struct built *t)
{
	uint8_t sum = 0;

	acpi_put(t, ACPI_HEADER_LENGTH, t->length, 4);
	t->bytes[BUILT_SUM_AT] = 0;
	for (size_t n = 0; n < t->length; n++)
		sum = (uint8_t)(sum + t->bytes[n]);
	t->bytes[BUILT_SUM_AT] = (uint8_t)-sum;
}

static inline struct built acpi_begin(const char *signature, size_t length)
{
	struct built t = { .length = length };

	memcpy(t.bytes, signature, 4);
	t.bytes[8] = 1;
	memcpy(t.bytes + 10, "SIGNALBOX   ", 12); /* OEM id, OEM table id */
	acpi_seal(&t);
	return t;
}

static inline void acpi_append(struct built *t, const void *bytes, size_t size)
{
	memcpy(t->bytes + t->length, bytes, size);
	t->length += size;
	acpi_seal(t);
}

/* ---- MADT ---- */

static inline struct built madt_empty(void)
{
	struct built t = acpi_begin("APIC", 44);

	acpi_put(&t, 36, 0xfee00000, 4);
	acpi_put(&t, 40, 1, 4); /* PCAT_COMPAT: there are 8259s */
	acpi_seal(&t);
	return t;
}

/* One processor's local APIC, by its id. */
static inline void madt_add_lapic(struct built *t, uint8_t id, bool enabled)
{
	const uint8_t entry[8] = { 0, 8, id, id, enabled };

	acpi_append(t, entry, sizeof(entry));
}

static inline void madt_add_ioapic(struct built *t, uint32_t address, uint32_t first)
{
	size_t at = t->length;
	const uint8_t entry[12] = { 1, 12, 0 };

	acpi_append(t, entry, sizeof(entry));
	acpi_put(t, at + 4, address, 4);
	acpi_put(t, at + 8, first, 4);
	acpi_seal(t);
}

static inline void madt_add_override(struct built *t, uint8_t bus, uint8_t line, uint32_t pin,
                                     uint16_t flags)
{
	size_t at = t->length;
	const uint8_t entry[10] = { 2, 10, bus, line };

	acpi_append(t, entry, sizeof(entry));
	acpi_put(t, at + 4, pin, 4);
	acpi_put(t, at + 8, flags, 2);
	acpi_seal(t);
}

enum { INTI_LEVEL_LOW = 0x0f, INTI_LEVEL_HIGH = 0x0d, INTI_EDGE_HIGH = 0x05, INTI_EDGE_LOW = 0x07 };

/* As a PC has it: two processors of four, an I/O APIC, the timer on pin 2, SCI level and low on IRQ
 * 9, a type 4 entry. */
static inline struct built madt_of_pc(void)
{
	static const uint8_t nmi[6] = { 4, 6, 0xff, 0, 0, 1 };
	struct built t = madt_empty();

	for (uint8_t n = 0; n < 4; n++)
		madt_add_lapic(&t, n, n < 2);
	madt_add_ioapic(&t, 0xfec01000, 24);
	madt_add_ioapic(&t, 0xfec00000, 0);
	madt_add_override(&t, 0, 0, 2, 0);
	madt_add_override(&t, 0, 9, 9, INTI_LEVEL_LOW);
	acpi_append(&t, nmi, sizeof(nmi));
	return t;
}

/* ---- HPET ---- */

enum { HPET_BYTES = 56 };

/* As a PC has it: id of an 8086h with three comparators, in memory, the first one. */
static inline struct built hpet_of_pc(uint64_t address)
{
	struct built t = acpi_begin("HPET", HPET_BYTES);

	acpi_put(&t, 36, 0x8086a201, 4);
	acpi_put(&t, 41, 64, 1);
	acpi_put(&t, 44, address, 8);
	acpi_seal(&t);
	return t;
}

/* ---- FADT and DSDT ---- */

enum { FADT1_BYTES = 116, FADT6_BYTES = 276 };

static inline struct built fadt_of_pc(uint32_t dsdt)
{
	struct built t = acpi_begin("FACP", FADT6_BYTES);

	acpi_put(&t, 40, dsdt, 4);
	acpi_put(&t, 48, 0xb2, 4);
	acpi_put(&t, 52, 0xf1, 1);
	acpi_put(&t, 64, 0xb004, 4);
	acpi_put(&t, 68, 0xb044, 4);
	acpi_put(&t, 140, dsdt, 8);
	acpi_seal(&t);
	return t;
}

static inline struct built dsdt_of(const void *aml, size_t size)
{
	struct built t = acpi_begin("DSDT", ACPI_HEADER);

	acpi_append(&t, aml, size);
	return t;
}

/* Name(\_S5_, Package(4) { 5, 6, 0, 0 }) after another name. */
static inline struct built dsdt_of_pc(void)
{
	static const char aml[] = "\x08_S3_\x12\x06\x04\x01\x01\x00\x00"
				  "\x08\\_S5_\x12\x08\x04\x0a\x05\x0a\x06\x00\x00";

	return dsdt_of(aml, sizeof(aml) - 1);
}

#endif
