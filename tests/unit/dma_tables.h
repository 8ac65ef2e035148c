/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMAR and IVRS, built as firmware builds them, to break in tests.
 *
 * Rule: as in acpi_tables.h. A structure's length grows with what is appended to it.
 */
#ifndef TESTS_UNIT_DMA_TABLES_H
#define TESTS_UNIT_DMA_TABLES_H

#include "arch/x86/machine/acpi_dma.h"
#include "tests/unit/acpi_tables.h"

/* ---- DMAR ---- */

static inline struct built dmar_empty(void)
{
	struct built t = acpi_begin("DMAR", 48);

	acpi_put(&t, 36, 38, 1); /* 39 bits */
	acpi_put(&t, 37, 1, 1);  /* interrupts can be remapped */
	acpi_seal(&t);
	return t;
}

static inline size_t dmar_begin(struct built *t, unsigned type, size_t length)
{
	static const uint8_t zeros[40];
	size_t at = t->length;

	acpi_append(t, zeros, length);
	acpi_put(t, at, type, 2);
	acpi_put(t, at + 2, length, 2);
	return at;
}

/* flags: 1 covers all functions of the segment. */
static inline void dmar_add_unit(struct built *t, uint8_t flags, uint16_t segment,
                                 uint64_t registers)
{
	size_t at = dmar_begin(t, 0, 16);

	acpi_put(t, at + 4, flags, 1);
	acpi_put(t, at + 6, segment, 2);
	acpi_put(t, at + 8, registers, 8);
	acpi_seal(t);
}

static inline void dmar_add_reserved(struct built *t, uint64_t first, uint64_t last)
{
	size_t at = dmar_begin(t, 1, 24);

	acpi_put(t, at + 8, first, 8);
	acpi_put(t, at + 16, last, 8);
	acpi_seal(t);
}

/* Appends a scope to the last structure. */
static inline void dmar_add_scope(struct built *t, uint8_t type, uint8_t id, uint8_t bus,
                                  uint8_t device, uint8_t function)
{
	const uint8_t scope[8] = { type, 8, 0, 0, id, bus, device, function };
	size_t at = 48, length = 0;

	while (at < t->length) {
		length = (size_t)(t->bytes[at + 2] | t->bytes[at + 3] << 8);
		at += length;
	}
	acpi_append(t, scope, sizeof(scope));
	acpi_put(t, at - length + 2, length + sizeof(scope), 2);
	acpi_seal(t);
}

/* A unit for the graphics, a unit for all else, with an I/O APIC and an HPET, and memory for USB's
 * keyboard. */
static inline struct built dmar_of_pc(void)
{
	struct built t = dmar_empty();

	dmar_add_unit(&t, 0, 0, 0xfed90000);
	dmar_add_scope(&t, 1, 0, 0, 2, 0);
	dmar_add_unit(&t, 1, 0, 0xfed91000);
	dmar_add_scope(&t, 3, 2, 0xf0, 31, 0);
	dmar_add_scope(&t, 4, 0, 0xf0, 15, 0);
	dmar_add_reserved(&t, 0x7b800000, 0x7bffffff);
	dmar_add_scope(&t, 1, 0, 0, 20, 0);
	return t;
}

/* ---- IVRS ---- */

static inline struct built ivrs_empty(void)
{
	return acpi_begin("IVRS", 48);
}

static inline void ivrs_add_unit(struct built *t, uint8_t type, const void *entries, size_t size)
{
	static const uint8_t zeros[40];
	size_t at = t->length, head = type == 0x10 ? 24 : 40;

	acpi_append(t, zeros, head);
	acpi_append(t, entries, size);
	acpi_put(t, at, type, 1);
	acpi_put(t, at + 1, 0xb0, 1);
	acpi_put(t, at + 2, head + size, 2);
	acpi_put(t, at + 4, 2, 2);
	acpi_put(t, at + 6, 0x40, 2);
	acpi_put(t, at + 8, 0xfeb80000, 8);
	acpi_seal(t);
}

/* A unit by two blocks, with functions, a device of ACPI's and an I/O APIC; memory of a device. */
static inline struct built ivrs_of_pc(void)
{
	static const uint8_t first[] = { 2, 8, 0,    0, 3, 0x10, 0, 0,    4, 0x1f,
		                         0, 0, 0x48, 0, 0, 0,    0, 0xa0, 0, 1 };
	static const uint8_t second[] = { 2,   8,   0,   0,   0xf0, 0,   0,   0,  'A', 'M',
		                          'D', 'I', '0', '0', '0',  '1', 0,   0,  0,   0,
		                          0,   0,   0,   0,   1,    2,   'a', 'b' };
	static const uint8_t memory[32] = { 0x22, 1, 32, 0, 0x90, 0, 0x97, 0 };
	struct built t = ivrs_empty();

	ivrs_add_unit(&t, 0x10, first, sizeof(first));
	ivrs_add_unit(&t, 0x11, second, sizeof(second));
	size_t at = t.length;
	acpi_append(&t, memory, sizeof(memory));
	acpi_put(&t, at + 16, 0x7b000000, 8);
	acpi_put(&t, at + 24, 0x100000, 8);
	acpi_seal(&t);
	return t;
}

#endif
