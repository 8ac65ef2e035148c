/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data for a VM at the start (Multiboot 0.6.96, 3.3 Boot information format).
 *
 * Rule: the layout is a single structure. The place of each part is easy to see.
 */
#include "vmm/load/handover.h"

#include "arch/x86/cpu/bytes.h"
#include "arch/x86/machine/multiboot.h"

#include <stdbool.h>
#include <string.h>

enum { MMAP_RAM = 1, MMAP_RESERVED = 2, MMAP_ENTRIES = 4, KIB = 1024 };
enum { INFO_LOADER_NAME = 1 << 9 };

struct handover {
	struct multiboot_info info;
	struct multiboot_mmap map[MMAP_ENTRIES];
	char loader[64];
	char cmdline[1024];
	struct multiboot_module module[LOAD_FILES_MAX];
	char line[LOAD_FILES_MAX][256]; /* The command lines of the modules. */
};

_Static_assert(sizeof(struct handover) <= HANDOVER_BYTES,
               "the boot information has a place of fixed size");

static struct multiboot_mmap region(uint64_t first, uint64_t end, uint32_t type)
{
	return (struct multiboot_mmap){
		.size = sizeof(struct multiboot_mmap) - sizeof(uint32_t),
		.address = first,
		.length = end - first,
		.type = type,
	};
}

bool handover_list_file(const struct load *l, unsigned i)
{
	struct handover *h = (struct handover *)(l->memory + l->handover);
	const struct load_file *f = &l->source.file[i];
	size_t bytes = strlen(f->line) + 1;

	if (bytes > sizeof(h->line[i]))
		return false;
	bytes_copy(h->line[i], f->line, bytes);
	h->module[i] = (struct multiboot_module){
		.start = (uint32_t)l->file_at[i],
		.end = (uint32_t)(l->file_at[i] + f->bytes),
		.string = l->handover + (uint32_t)offsetof(struct handover, line) +
		          i * (uint32_t)sizeof(h->line[i]),
	};
	h->info.flags |= MULTIBOOT_INFO_MODS;
	h->info.mods_count = i + 1;
	h->info.mods_addr = l->handover + (uint32_t)offsetof(struct handover, module);
	return true;
}

uint32_t handover_build(const struct load *l, const char *cmdline, const char *loader_name)
{
	const uint32_t at = l->handover;
	const uint64_t memory_size = l->memory_size;
	struct handover *h = (struct handover *)(l->memory + at);
	unsigned entries = 2;

	size_t cmdline_bytes = strlen(cmdline) + 1, loader_bytes = strlen(loader_name) + 1;

	if (cmdline_bytes > sizeof(h->cmdline) || loader_bytes > sizeof(h->loader))
		return 0;

	bytes_clear(h, sizeof(*h));
	bytes_copy(h->cmdline, cmdline, cmdline_bytes);
	bytes_copy(h->loader, loader_name, loader_bytes);
	h->map[0] = region(0, HOLE_FIRST, MMAP_RAM);
	h->map[1] = region(HOLE_FIRST, HOLE_END, MMAP_RESERVED);
	if (memory_size > HOLE_END)
		h->map[entries++] = region(HOLE_END, memory_size, MMAP_RAM);
	if (l->high_size != 0)
		h->map[entries++] = region(GUEST_RAM_HIGH, GUEST_RAM_HIGH + l->high_size, MMAP_RAM);

	h->info.flags = MULTIBOOT_INFO_MEMORY | MULTIBOOT_INFO_CMDLINE | MULTIBOOT_INFO_MMAP |
	                INFO_LOADER_NAME;
	h->info.mem_lower = HOLE_FIRST / KIB;
	h->info.mem_upper = (uint32_t)((memory_size - HOLE_END) / KIB);
	h->info.cmdline = at + (uint32_t)offsetof(struct handover, cmdline);
	h->info.boot_loader_name = at + (uint32_t)offsetof(struct handover, loader);
	h->info.mmap_addr = at + (uint32_t)offsetof(struct handover, map);
	h->info.mmap_length = entries * (uint32_t)sizeof(struct multiboot_mmap);
	return at + (uint32_t)offsetof(struct handover, info);
}
