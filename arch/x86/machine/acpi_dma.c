/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMAR and IVRS. See the header for the rule.
 */
#include "arch/x86/machine/acpi_dma.h"

#include <errno.h>
#include <string.h>

enum { BUS_SHIFT = 8, DEVICE_SHIFT = 3, ALL_FUNCTIONS = 0xffff, STRUCTURES = 48 };
/* The VMM maps memory from here to 4 GiB without a cache (boot/entry.S). */
#define REGISTERS_FIRST 0xc0000000ull

static uint64_t get(struct acpi_table t, size_t at, unsigned size)
{
	return acpi_field(t, at, size);
}

static struct acpi_table part(struct acpi_table t, size_t at, size_t length)
{
	return (struct acpi_table){ t.bytes + at, length };
}

/* ---- The lists ---- */

static int add_unit(struct dma_tables *out, uint64_t registers, uint16_t function, uint8_t flags)
{
	for (unsigned i = 0; i < out->units; i++)
		if (out->unit[i].registers == registers)
			return -EEXIST;
	if (registers % 4096 != 0)
		return -EINVAL;
	if (registers < REGISTERS_FIRST || (registers + DMA_UNIT_BYTES - 1) >> 32)
		return -ENODEV;
	if (out->units == DMA_UNITS_MAX)
		return -ENOSPC;
	out->unit[out->units++] = (struct dma_unit_place){ registers, function, flags };
	return 0;
}

static int add_covered(struct dma_tables *out, unsigned first, unsigned last)
{
	if (first > last)
		return -EINVAL;
	for (unsigned f = first; f <= last && f < DMA_BUS_FUNCTIONS; f++)
		out->covered[f / 32] |= 1u << f % 32;
	return 0;
}

static int add_reserved(struct dma_tables *out, struct dma_functions functions, uint64_t first,
                        uint64_t last)
{
	if (last < first || functions.last < functions.first)
		return -EINVAL;
	if (out->reserved_count == DMA_LISTS_MAX)
		return -ENOSPC;
	out->reserved[out->reserved_count++] = (struct dma_reserved){ functions, first, last };
	return 0;
}

static int add_special(struct dma_tables *out, uint64_t function, uint64_t type, uint64_t id)
{
	struct dma_special added = { (uint16_t)function, (uint8_t)type, (uint8_t)id };

	for (unsigned i = 0; i < out->special_count; i++)
		if (memcmp(&out->special[i], &added, sizeof(added)) == 0)
			return 0;
	if (out->special_count == DMA_LISTS_MAX)
		return -ENOSPC;
	out->special[out->special_count++] = added;
	return 0;
}

/* ---- DMAR ---- */

/*
 * Structures: 2 type | 2 length | by type
 *   0 DRHD: 1 flags, bit 0 covers all functions | 1 size | 2 segment | 8 registers | scopes
 *   1 RMRR: 2 reserved | 2 segment | 8 first | 8 last | scopes
 * A scope: 1 type | 1 length | 2 reserved | 1 id | 1 bus | pairs of device and function: a path
 */
enum {
	DMAR_FLAGS = 37,
	DRHD = 0,
	RMRR = 1,
	DRHD_SCOPES = 16,
	RMRR_SCOPES = 24,
	COVERS_ALL = 1,
	SCOPE_PATH = 6
};
enum { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE = 2, SCOPE_IOAPIC = 3, SCOPE_HPET = 4 };

/* Calls take for each scope of a structure, with the functions of the scope. A path through bridges
 * names buses that only the bridges know: the scope stands for all functions then. */
static int each_scope(struct acpi_table s, size_t at, struct dma_tables *out,
                      int (*take)(struct acpi_table s, size_t at, struct dma_functions f,
                                  struct dma_tables *out))
{
	int error = 0;

	while (at < s.length && error == 0) {
		unsigned length = (unsigned)get(s, at + 1, 1), type = (unsigned)get(s, at, 1);
		struct dma_functions f = { 0, ALL_FUNCTIONS };

		if (length < SCOPE_PATH + 2 || length % 2 != 0 || length > s.length - at)
			return -EINVAL;
		if (length == SCOPE_PATH + 2 && type != SCOPE_BRIDGE)
			f.first = f.last = (uint16_t)(get(s, at + 5, 1) << BUS_SHIFT |
			                              (get(s, at + 6, 1) & 31) << DEVICE_SHIFT |
			                              (get(s, at + 7, 1) & 7));
		error = take(s, at, f, out);
		at += length;
	}
	return error;
}

static int take_unit_scope(struct acpi_table s, size_t at, struct dma_functions f,
                           struct dma_tables *out)
{
	unsigned type = (unsigned)get(s, at, 1);

	if (type == SCOPE_IOAPIC || type == SCOPE_HPET)
		return add_special(out, f.first, type == SCOPE_IOAPIC ? DMA_IOAPIC : DMA_HPET,
		                   get(s, at + 4, 1));
	return type == SCOPE_ENDPOINT && f.first == f.last ? add_covered(out, f.first, f.last) : 0;
}

static int take_reserved_scope(struct acpi_table s, size_t at, struct dma_functions f,
                               struct dma_tables *out)
{
	(void)at;
	return add_reserved(out, f, get(s, 8, 8), get(s, 16, 8));
}

static int take_drhd(struct acpi_table s, struct dma_tables *out)
{
	if (s.length < DRHD_SCOPES)
		return -EINVAL;
	if (get(s, 6, 2) != 0) /* functions of other segments are out of everybody's reach */
		return 0;
	int error = add_unit(out, get(s, 8, 8), 0, 0);

	if (error != 0)
		return error == -EEXIST ? -EINVAL : error;
	if (get(s, 4, 1) & COVERS_ALL)
		error = add_covered(out, 0, ALL_FUNCTIONS);
	return error != 0 ? error : each_scope(s, DRHD_SCOPES, out, take_unit_scope);
}

static int take_rmrr(struct acpi_table s, struct dma_tables *out)
{
	if (s.length < RMRR_SCOPES)
		return -EINVAL;
	return get(s, 6, 2) != 0 ? 0 : each_scope(s, RMRR_SCOPES, out, take_reserved_scope);
}

static int parse_dmar(struct acpi_table t, struct dma_tables *out)
{
	int error = t.length < STRUCTURES ? -EINVAL : 0;

	out->flags = (uint8_t)get(t, DMAR_FLAGS, 1);
	for (size_t at = STRUCTURES, length; at < t.length && error == 0; at += length) {
		unsigned type = (unsigned)get(t, at, 2);

		length = get(t, at + 2, 2);
		if (length < 4 || length > t.length - at)
			return -EINVAL;
		if (type == DRHD)
			error = take_drhd(part(t, at, length), out);
		else if (type == RMRR)
			error = take_rmrr(part(t, at, length), out);
	}
	return error;
}

/* ---- IVRS ---- */

/*
 * Blocks: 1 type | 1 flags | 2 length | 2 function | by type
 *   10h, 11h, 40h a unit: 2 offset of its capability | 8 registers | 2 segment | ...
 *     entries from byte 24 (10h) or 40 on: 1 type | 2 function | 1 setting | 4 more from type 40h
 *     on; type F0h (a device of ACPI's) has its length in byte 21 of its own
 *   20h, 21h, 22h memory that firmware uses, of all functions, of one, up to another: 2 last
 *     function | 8 reserved | 8 first | 8 length
 */
enum { UNIT_10 = 0x10, UNIT_11 = 0x11, UNIT_40 = 0x40, UNIT_LEAST = 24, ENTRIES_LATER = 40 };
enum { MEMORY_ALL = 0x20, MEMORY_ONE = 0x21, MEMORY_RANGE = 0x22, MEMORY_LENGTH = 32 };
enum {
	ENTRY_ALL = 1,
	ENTRY_ONE = 2,
	ENTRY_FIRST = 3,
	ENTRY_LAST = 4,
	ENTRY_ALIAS = 0x42,
	ENTRY_ALIAS_FIRST = 0x43,
	ENTRY_EXTENDED = 0x46,
	ENTRY_EXTENDED_FIRST = 0x47,
	ENTRY_SPECIAL = 0x48,
	ENTRY_LONG = 0x40,
	ENTRY_LONGER = 0x80,
	ENTRY_ACPI = 0xf0,
	ENTRY_ACPI_BYTES = 22
};

static size_t entry_bytes(struct acpi_table s, size_t at)
{
	unsigned type = (unsigned)get(s, at, 1);

	if (type == ENTRY_ACPI)
		return ENTRY_ACPI_BYTES + get(s, at + ENTRY_ACPI_BYTES - 1, 1);
	return type < ENTRY_LONG ? 4 : type < ENTRY_LONGER ? 8 : 0;
}

/* *first: the beginning of a range whose end is still to come; above ALL_FUNCTIONS: none. */
static int take_entry(struct acpi_table s, size_t at, unsigned *first, struct dma_tables *out)
{
	unsigned function = (unsigned)get(s, at + 1, 2), begun;

	switch (get(s, at, 1)) {
	case ENTRY_ALL:
		return add_covered(out, 0, ALL_FUNCTIONS);
	case ENTRY_ONE:
	case ENTRY_ALIAS:
	case ENTRY_EXTENDED:
		return add_covered(out, function, function);
	case ENTRY_FIRST:
	case ENTRY_ALIAS_FIRST:
	case ENTRY_EXTENDED_FIRST:
		*first = function;
		return 0;
	case ENTRY_LAST:
		if (*first > ALL_FUNCTIONS)
			return -EINVAL;
		begun = *first;
		*first = ALL_FUNCTIONS + 1;
		return add_covered(out, begun, function);
	case ENTRY_SPECIAL:
		return add_special(out, get(s, at + 5, 2), get(s, at + 7, 1), get(s, at + 4, 1));
	default:
		return 0;
	}
}

/* The blocks of the three types may tell of the same unit; each such block adds its entries. */
static int take_ivhd(struct acpi_table s, unsigned type, struct dma_tables *out)
{
	size_t at = type == UNIT_10 ? UNIT_LEAST : ENTRIES_LATER;
	unsigned first = ALL_FUNCTIONS + 1;

	if (s.length < at)
		return -EINVAL;
	if (get(s, 16, 2) != 0)
		return 0;
	int error = add_unit(out, get(s, 8, 8), (uint16_t)get(s, 4, 2), (uint8_t)get(s, 1, 1));

	if (error == -EEXIST)
		error = 0;
	while (at < s.length && error == 0) {
		size_t bytes = entry_bytes(s, at);

		if (bytes == 0 || bytes > s.length - at)
			return -EINVAL;
		error = take_entry(s, at, &first, out);
		at += bytes;
	}
	if (error == 0 && first <= ALL_FUNCTIONS) /* a range without its end */
		error = -EINVAL;
	return error;
}

static int take_ivmd(struct acpi_table s, unsigned type, struct dma_tables *out)
{
	struct dma_functions f = { (uint16_t)get(s, 4, 2), (uint16_t)get(s, 4, 2) };
	uint64_t first = get(s, 16, 8), length = get(s, 24, 8);

	if (s.length < MEMORY_LENGTH || length == 0 || first + length < first)
		return -EINVAL;
	if (type == MEMORY_ALL)
		f = (struct dma_functions){ 0, ALL_FUNCTIONS };
	else if (type == MEMORY_RANGE)
		f.last = (uint16_t)get(s, 6, 2);
	return add_reserved(out, f, first, first + length - 1);
}

static int parse_ivrs(struct acpi_table t, struct dma_tables *out)
{
	int error = t.length < STRUCTURES ? -EINVAL : 0;

	for (size_t at = STRUCTURES, length; at < t.length && error == 0; at += length) {
		unsigned type = (unsigned)get(t, at, 1);

		length = get(t, at + 2, 2);
		if (length < 4 || length > t.length - at)
			return -EINVAL;
		if (type == UNIT_10 || type == UNIT_11 || type == UNIT_40)
			error = take_ivhd(part(t, at, length), type, out);
		else if (type >= MEMORY_ALL && type <= MEMORY_RANGE)
			error = take_ivmd(part(t, at, length), type, out);
	}
	return error;
}

/* ---- Both ---- */

static int parse(struct acpi_table t, enum dma_kind kind, struct dma_tables *out)
{
	memset(out, 0, sizeof(*out));
	int error = kind == DMA_VTD ? parse_dmar(t, out) : parse_ivrs(t, out);

	if (error == 0 && out->units == 0)
		error = -ENODEV;
	if (error != 0)
		memset(out, 0, sizeof(*out));
	else
		out->kind = kind;
	return error;
}

int acpi_parse_dmar(struct acpi_table dmar, struct dma_tables *out)
{
	return parse(dmar, DMA_VTD, out);
}

int acpi_parse_ivrs(struct acpi_table ivrs, struct dma_tables *out)
{
	return parse(ivrs, DMA_AMDVI, out);
}
