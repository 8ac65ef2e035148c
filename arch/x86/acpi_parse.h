/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Signalbox takes from ACPI's tables: interrupt controllers and lines (MADT), the HPET, and
 * how to power off (FADT, DSDT).
 *
 * Rule: pure functions of the table's bytes; whatever a table holds, nothing outside it is read.
 */
#ifndef ARCH_X86_ACPI_PARSE_H
#define ARCH_X86_ACPI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct platform;

struct acpi_table {
	const uint8_t *bytes; /* the header included; NULL: no such table */
	size_t length;
};

enum { ACPI_HEADER = 36, ACPI_HEADER_LENGTH = 4 };

/* A little-endian field of 1 to 8 bytes; 0 where the table is too short to hold it. */
uint64_t acpi_field(struct acpi_table table, size_t offset, unsigned size);
/* Do the bytes of the table sum up to 0? */
bool acpi_sum_holds(const uint8_t *bytes, size_t length);

/* MADT: lapic, ioapic, processors, has_8259, line. 0, or -EINVAL when an entry is malformed: those
 * before it count. */
int acpi_parse_madt(struct acpi_table madt, struct platform *out);
/* HPET: hpet. 0, or -ENODEV where what it describes is not in memory below 4 GiB, at a place that
 * an HPET can have. */
int acpi_parse_hpet(struct acpi_table hpet, struct platform *out);
/* FADT: control ports and the switch to ACPI mode. Returns the DSDT's physical address, 0 for
 * none. */
uint64_t acpi_parse_fadt(struct acpi_table fadt, struct platform *out);
/* DSDT: the package \_S5_ gives slp_typ_a and slp_typ_b. 0, or -ENOENT. */
int acpi_parse_s5(struct acpi_table dsdt, struct platform *out);

#endif
