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
#include "tests/unit/acpi_tables.h"
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
		struct built t = n % 5 == 0   ? madt_of_pc()
		                 : n % 5 == 1 ? fadt_of_pc(0x7fe0000)
		                 : n % 5 == 2 ? hpet_of_pc(0xfed00000)
		                              : dsdt_of_pc();
		size_t size = mutate(&t, n * 2654435761u);

		LLVMFuzzerTestOneInput(t.bytes, size);
	}
	printf("acpi: %d broken tables ... ok\n", TRIES);
}
