/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2's tags become the structure of multiboot 1. See the header for the rule.
 */
#include "arch/x86/machine/multiboot2.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * The information: 4 bytes in all | 4 reserved | tags, each at a multiple of 8 bytes
 */
enum { TAG_ALIGN = 8, TAG_HEADER = 8 };
enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_MODULE = 3,
	TAG_MMAP = 6,
	TAG_SCREEN = 8,
	TAG_RSDP_1 = 14,
	TAG_RSDP_2 = 15,
	TAG_TYPES
};
/* The tags hold words and strings, so more bytes come from a wild pointer. */
enum { TAGS_MOST = 16 << 20 };

struct tag {
	uint32_t type, bytes; /* these two included */
	uint32_t field[];
};
/* Fields. Module: first byte, first byte behind the module, string. Memory map: bytes of an entry,
 * version, entries of 8 address | 8 length | 4 type | 4 reserved. */
enum { MODULE_START, MODULE_END, MODULE_STRING };
enum { MMAP_ENTRY_BYTES, MMAP_VERSION, MMAP_ENTRIES, MMAP_ENTRY_WORDS = 6 };

/* The fewest bytes of each tag that is read; 0: the tag is not read. */
static const uint8_t least[TAG_TYPES] = {
	[TAG_CMDLINE] = TAG_HEADER + 1,
	[TAG_MODULE] = TAG_HEADER + 4 * MODULE_STRING + 1,
	[TAG_MMAP] = TAG_HEADER + 4 * MMAP_ENTRIES,
	[TAG_SCREEN] = TAG_HEADER + offsetof(struct boot_screen, type) + 1,
	[TAG_RSDP_1] = TAG_HEADER + 20, /* ACPI 1.0's has 20 bytes */
	[TAG_RSDP_2] = TAG_HEADER + BOOT_RSDP_BYTES,
};

static uint32_t address_of(const void *at)
{
	return (uint32_t)(uintptr_t)at;
}

static bool take_module(const struct tag *tag, struct boot_facts *facts)
{
	struct multiboot_module *m = &facts->module[facts->info.mods_count];

	if (tag->field[MODULE_END] < tag->field[MODULE_START] ||
	    facts->info.mods_count == BOOT_MODULES_MOST)
		return false;
	m->start = tag->field[MODULE_START];
	m->end = tag->field[MODULE_END];
	m->string = address_of(&tag->field[MODULE_STRING]);
	facts->info.mods_count++;
	return true;
}

/* Changes the map in its place: the word before an entry of multiboot 2 is free, and takes the size
 * of an entry of multiboot 1. Entries of another size are refused. */
static bool take_map(struct tag *tag, struct boot_facts *facts)
{
	const uint32_t bytes = 4 * MMAP_ENTRY_WORDS;
	uint32_t entries = (tag->bytes - least[TAG_MMAP]) / bytes;
	uint32_t *size = &tag->field[MMAP_VERSION];

	if (tag->field[MMAP_ENTRY_BYTES] != bytes)
		return false;
	facts->info.flags |= MULTIBOOT_INFO_MMAP;
	facts->info.mmap_addr = address_of(size);
	facts->info.mmap_length = entries * bytes;
	for (; entries > 0; entries--, size += MMAP_ENTRY_WORDS)
		*size = bytes - sizeof(*size);
	return true;
}

/* Takes a tag of at least least[] bytes. Returns false for a tag that contradicts itself. */
static bool take(struct tag *tag, struct boot_facts *facts)
{
	if (tag->type >= TAG_RSDP_1) {
		if (tag->type == TAG_RSDP_2 || facts->rsdp[0] == 0)
			memcpy(facts->rsdp, tag->field, least[tag->type] - TAG_HEADER);
		return true;
	}
	if (tag->type == TAG_SCREEN) {
		facts->screen = (const struct boot_screen *)tag->field;
		return true;
	}
	if (tag->type == TAG_MMAP)
		return take_map(tag, facts);
	if (((const char *)tag)[tag->bytes - 1] != 0)
		return false; /* the string has no end */
	if (tag->type == TAG_MODULE)
		return take_module(tag, facts);
	facts->info.flags |= MULTIBOOT_INFO_CMDLINE;
	facts->info.cmdline = address_of(tag->field);
	return true;
}

struct multiboot_info *multiboot2_read(void *tags, struct boot_facts *facts)
{
	uint32_t left = *(const uint32_t *)tags, bytes = TAG_HEADER;
	struct tag *tag = tags;

	if (left > TAGS_MOST)
		left = TAGS_MOST;
	facts->info.flags = MULTIBOOT_INFO_MODS;
	facts->info.mods_addr = address_of(facts->module);
	do {
		left = left > bytes ? left - bytes : 0;
		tag = (struct tag *)((char *)tag + bytes);
		if (left < TAG_HEADER || tag->bytes < TAG_HEADER || tag->bytes > left) {
			facts->problem = tag;
			break;
		}
		if (tag->type - 1 < TAG_TYPES - 1 && least[tag->type] != 0 &&
		    (tag->bytes < least[tag->type] || !take(tag, facts)))
			facts->problem = tag;
		bytes = (tag->bytes + TAG_ALIGN - 1) & ~(TAG_ALIGN - 1u);
	} while (tag->type != TAG_END);
	return &facts->info;
}
