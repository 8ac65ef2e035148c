/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as ACPI's tables: libFuzzer where clang is, else good tables with random bytes in
 * random places.
 *
 * Rule: the sanitizers see every byte read out of bounds; what is taken is within the limits that
 * platform.h states.
 */
#include "arch/x86/machine/acpi_parse.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/dma_tables.h"
#include "tests/unit/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void take_madt(struct acpi_table table)
{
	struct platform p = { 0 };
	int error = acpi_parse_madt(table, &p);

	require(error == 0 || error == -EINVAL, "the MADT is whole or malformed");
	require(p.processors <= table.length / 8, "a processor's entry has 8 bytes");
	for (unsigned n = 0; n < LINES; n++)
		require(p.line[n].pin >= -1 && p.line[n].pin <= UINT8_MAX,
		        "a pin is none or a byte");
}

static void take_hpet(struct acpi_table table)
{
	struct platform p = { 0 };
	int error = acpi_parse_hpet(table, &p);

	require(error == (p.hpet ? 0 : -ENODEV), "there is an HPET or there is none");
	require(!(p.hpet >> 32) && p.hpet % 1024 == 0, "an HPET is where it can be reached");
	require(p.hpet == 0 || table.length >= 52, "an address comes from the table");
}

static void take_fadt(struct acpi_table table)
{
	struct platform p = { 0 };
	uint64_t dsdt = acpi_parse_fadt(table, &p);

	require(dsdt == 0 || table.length >= 44, "an address comes from the table");
}

static void take_s5(struct acpi_table table)
{
	enum { NONE = 0xa5a5 };
	struct platform p = { .slp_typ_a = NONE, .slp_typ_b = NONE };

	if (acpi_parse_s5(table, &p) == 0)
		require(p.slp_typ_a <= 7 && p.slp_typ_b <= 7, "a sleep type has three bits");
	else
		require(p.slp_typ_a == NONE && p.slp_typ_b == NONE,
		        "nothing found, nothing changed");
}

static void take_dma(int error, const struct dma_tables *t, size_t length)
{
	require(error == 0 || error == -EINVAL || error == -ENOSPC || error == -ENODEV,
	        "the table is whole, malformed, too long or out of reach");
	require((error == 0) == (t->kind != DMA_NONE), "a table that is not whole has no unit");
	require((error == 0) == (t->units != 0), "a table that is whole has a unit");
	require(t->units <= DMA_UNITS_MAX && t->units <= length / 16, "a unit has 16 bytes");
	require(t->reserved_count <= DMA_LISTS_MAX && t->special_count <= DMA_LISTS_MAX,
	        "the lists have an end");
	for (unsigned i = 0; i < t->units; i++)
		require(t->unit[i].registers % 4096 == 0 && t->unit[i].registers >= 0xc0000000 &&
		                t->unit[i].registers + DMA_UNIT_BYTES <= 1ull << 32,
		        "a unit is where it can be reached");
	for (unsigned i = 0; i < t->reserved_count; i++)
		require(t->reserved[i].first <= t->reserved[i].last &&
		                t->reserved[i].functions.first <= t->reserved[i].functions.last,
		        "reserved memory does not run backwards");
}

static void take_units(struct acpi_table table)
{
	struct dma_tables t;

	take_dma(acpi_parse_dmar(table, &t), &t, table.length);
	take_dma(acpi_parse_ivrs(table, &t), &t, table.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1); /* of its own, so that its ends are watched */
	struct acpi_table table = { bytes, size };

	if (size)
		memcpy(bytes, data, size);
	acpi_sum_holds(bytes, size);
	take_madt(table);
	take_hpet(table);
	take_fadt(table);
	take_s5(table);
	take_units(table);
	free(bytes);
	return 0;
}

/* Lengths, types and AML's opcodes are what breaks a parser. */
static size_t mutate(struct built *t, uint32_t seed)
{
	static const uint8_t numbers[] = { 0,  1,  2,    7,    8,    9,    10,   11,   12,   0x0e,
		                           15, 16, 0x12, 0x40, 0x5c, 0x7f, 0x80, 0xc0, 0xfe, 0xff };
	unsigned changes = 1 + seed % 4;

	for (; changes > 0; changes--) {
		seed = seed * 1664525 + 1013904223;
		size_t at = ACPI_HEADER + (seed >> 8) % (t->length - ACPI_HEADER);

		t->bytes[at] = numbers[(seed >> 24) % sizeof(numbers)];
	}
	return seed % 4 == 0 ? (seed >> 8) % (t->length + 1) : t->length;
}

void tries(void)
{
	enum { TRIES = 100000 };

	for (uint32_t n = 0; n < TRIES; n++) {
		struct built t = n % 7 == 0   ? madt_of_pc()
		                 : n % 7 == 1 ? fadt_of_pc(0x7fe0000)
		                 : n % 7 == 2 ? hpet_of_pc(0xfed00000)
		                 : n % 7 < 5  ? dmar_of_pc()
		                 : n % 7 == 5 ? ivrs_of_pc()
		                              : dsdt_of_pc();
		size_t size = mutate(&t, n * 2654435761u);

		LLVMFuzzerTestOneInput(t.bytes, size);
	}
	printf("acpi: %d broken tables ... ok\n", TRIES);
}
