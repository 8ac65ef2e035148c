/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of ACPI's tables that Signalbox uses: interrupt controllers and lines (MADT), the HPET,
 * and the power-off (FADT, DSDT).
 *
 * Rule: the functions depend on the table's bytes only, and never read outside the table, whatever
 * bytes it has.
 */
#ifndef ARCH_X86_MACHINE_ACPI_PARSE_H
#define ARCH_X86_MACHINE_ACPI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct platform;

struct acpi_table {
	const uint8_t *bytes; /* the header included; NULL: no such table */
	size_t length;
};

enum { ACPI_HEADER = 36, ACPI_HEADER_LENGTH = 4 };

/* Returns a little-endian field of 1 to 8 bytes, or 0 when the table ends before the field. */
uint64_t acpi_field(struct acpi_table table, size_t offset, unsigned size);
/* Returns true when the bytes sum up to 0. */
bool acpi_sum_holds(const uint8_t *bytes, size_t length);

/* MADT: sets lapic, ioapic, processors, has_8259, line. Returns 0, or -EINVAL when an entry is
 * malformed; the entries before it count. */
int acpi_parse_madt(struct acpi_table madt, struct platform *out);
/* HPET: sets hpet. Returns 0, or -ENODEV when the address is not in memory below 4 GiB or no HPET
 * can lie there. */
int acpi_parse_hpet(struct acpi_table hpet, struct platform *out);
/* FADT: sets the control ports and the switch to ACPI mode. Returns the DSDT's physical address, or
 * 0. */
uint64_t acpi_parse_fadt(struct acpi_table fadt, struct platform *out);
/* DSDT: sets slp_typ_a and slp_typ_b from the package \_S5_. Returns 0 or -ENOENT. */
int acpi_parse_s5(struct acpi_table dsdt, struct platform *out);

#endif
