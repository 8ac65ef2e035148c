/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's image: a multiboot 1 kernel, checked and copied (System V ABI, ELF object files; Multiboot 0.6.96, 3.1).
 *
 * Rule: sizes are compared by subtraction from what is known to be larger, so that no sum of the image's numbers can wrap.
 */
#include "vmm/elf.h"

#include "arch/x86/multiboot.h"
#include "vmm/elf_format.h"
#include "vmm/handover.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Multiboot 3.1.1: the header is in the first 8 KiB, on a 4-byte boundary. */
enum { MULTIBOOT_SEARCH = 8192 };
enum { HEADER_VIDEO = 1 << 2, HEADER_REQUIRED = 0xffff, HEADER_ADDRESSES = 1 << 16 };
enum { HEADER_SUPPORTED = MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO };

struct multiboot_header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr; /* with HEADER_ADDRESSES */
};

/* A piece of the image and where it belongs. */
struct segment {
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

/* What both ELF classes say of the whole file. */
struct program_table {
	bool wide; /* ELF64 */
	uint64_t entry, offset;
	uint16_t size, count;
};

struct loader {
	const uint8_t *image;
	size_t size;
	uint8_t *memory;
	size_t memory_size;
	char *err;
	size_t err_size;
};

static int refuse(struct loader *l, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(struct loader *l, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->err, l->err_size, format, args);
	va_end(args);
	return error;
}

static bool inside(uint64_t offset, uint64_t bytes, uint64_t size)
{
	return offset <= size && bytes <= size - offset;
}

/* ---- The multiboot header ---- */

/* Find it; *at is its offset in the image. */
static int find_header(struct loader *l, struct multiboot_header *header, size_t *at)
{
	size_t end = l->size < MULTIBOOT_SEARCH ? l->size : MULTIBOOT_SEARCH;
	size_t basic = offsetof(struct multiboot_header, header_addr);
	bool bad_sum = false;

	for (size_t i = 0; inside(i, basic, end); i += 4) {
		memset(header, 0, sizeof(*header));
		memcpy(header, l->image + i, basic);
		if (header->magic != MULTIBOOT_HEADER_MAGIC)
			continue;
		if ((uint32_t)(header->magic + header->flags + header->checksum) != 0) {
			bad_sum = true;
			continue;
		}
		if ((header->flags & HEADER_ADDRESSES) && !inside(i, sizeof(*header), l->size))
			return refuse(l, -ENOEXEC, "the multiboot header is cut off by the end of the file");
		if (header->flags & HEADER_ADDRESSES)
			memcpy(header, l->image + i, sizeof(*header));
		*at = i;
		return 0;
	}
	if (bad_sum)
		return refuse(l, -ENOEXEC, "the multiboot header's checksum is wrong");
	return refuse(l, -ENOEXEC, "no multiboot header in the first 8 KiB");
}

static int check_flags(struct loader *l, uint32_t flags)
{
	uint32_t missing = flags & HEADER_REQUIRED & ~(uint32_t)HEADER_SUPPORTED;

	if (missing == 0)
		return 0;
	return refuse(l, -ENOEXEC, "the multiboot header requires flag %u%s, which is not offered",
	              (unsigned)__builtin_ctz(missing), missing & HEADER_VIDEO ? " (video mode)" : "");
}

/* ---- Segments ---- */

static bool overlaps(const struct segment *s, uint64_t first, uint64_t end)
{
	return s->paddr < end && s->memsz > 0 && (first <= s->paddr || first - s->paddr < s->memsz);
}

static int load_segment(struct loader *l, const char *what, unsigned index, const struct segment *s)
{
	if (s->filesz > s->memsz)
		return refuse(l, -ENOEXEC, "%s %u: 0x%lx bytes in the file, but only 0x%lx in memory", what, index,
		              (unsigned long)s->filesz, (unsigned long)s->memsz);
	if (!inside(s->offset, s->filesz, l->size))
		return refuse(l, -ENOEXEC, "%s %u: offset 0x%lx and size 0x%lx go past the end of the file (0x%lx)",
		              what, index, (unsigned long)s->offset, (unsigned long)s->filesz, (unsigned long)l->size);
	if (!inside(s->paddr, s->memsz, l->memory_size))
		return refuse(l, -ENOMEM, "%s %u: address 0x%lx and size 0x%lx are not within the VM's memory (0x%lx)",
		              what, index, (unsigned long)s->paddr, (unsigned long)s->memsz,
		              (unsigned long)l->memory_size);
	if (overlaps(s, HOLE_FIRST, HOLE_END))
		return refuse(l, -ENOMEM,
		              "%s %u: address 0x%lx and size 0x%lx reach into 0xa0000-0xfffff, which is no RAM", what,
		              index, (unsigned long)s->paddr, (unsigned long)s->memsz);
	if (overlaps(s, HANDOVER_AT, HANDOVER_AT + HANDOVER_BYTES))
		return refuse(l, -ENOMEM,
		              "%s %u: address 0x%lx and size 0x%lx reach into the boot information (0x%x-0x%x)", what,
		              index, (unsigned long)s->paddr, (unsigned long)s->memsz, HANDOVER_AT,
		              HANDOVER_AT + HANDOVER_BYTES - 1);

	memcpy(l->memory + s->paddr, l->image + s->offset, s->filesz);
	memset(l->memory + s->paddr + s->filesz, 0, s->memsz - s->filesz);
	return 0;
}

/* ---- ELF ---- */

static int read_elf32(struct loader *l, struct program_table *table)
{
	struct elf32_header h;

	if (l->size < sizeof(h))
		return refuse(l, -ENOEXEC, "the ELF header is cut off by the end of the file");
	memcpy(&h, l->image, sizeof(h));
	if (h.machine != MACHINE_386)
		return refuse(l, -ENOEXEC, "ELF32 for machine %u; it has to be 3 (386)", h.machine);
	if (h.type != TYPE_EXEC)
		return refuse(l, -ENOEXEC, "ELF of type %u; it has to be 2 (executable)", h.type);
	if (h.phentsize < sizeof(struct elf32_program))
		return refuse(l, -ENOEXEC, "program headers of %u bytes are too small", h.phentsize);
	*table = (struct program_table){ false, h.entry, h.phoff, h.phentsize, h.phnum };
	return 0;
}

static int read_elf64(struct loader *l, struct program_table *table)
{
	struct elf64_header h;

	if (l->size < sizeof(h))
		return refuse(l, -ENOEXEC, "the ELF header is cut off by the end of the file");
	memcpy(&h, l->image, sizeof(h));
	if (h.machine != MACHINE_X86_64)
		return refuse(l, -ENOEXEC, "ELF64 for machine %u; it has to be 62 (x86-64)", h.machine);
	if (h.type != TYPE_EXEC)
		return refuse(l, -ENOEXEC, "ELF of type %u; it has to be 2 (executable)", h.type);
	if (h.phentsize < sizeof(struct elf64_program))
		return refuse(l, -ENOEXEC, "program headers of %u bytes are too small", h.phentsize);
	*table = (struct program_table){ true, h.entry, h.phoff, h.phentsize, h.phnum };
	return 0;
}

/* Is this an ELF at all, and of a kind that runs here? */
static int read_elf(struct loader *l, struct program_table *table)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F' };
	int error;

	if (l->size < sizeof(struct elf32_header) || memcmp(l->image, magic, sizeof(magic)) != 0)
		return refuse(l, -ENOEXEC, "not an ELF file");
	if (l->image[EI_DATA] != DATA_LITTLE)
		return refuse(l, -ENOEXEC, "ELF with data encoding %u; it has to be 1 (little-endian)",
		              l->image[EI_DATA]);
	if (l->image[EI_CLASS] == CLASS_32)
		error = read_elf32(l, table);
	else if (l->image[EI_CLASS] == CLASS_64)
		error = read_elf64(l, table);
	else
		error = refuse(l, -ENOEXEC, "ELF of class %u; it has to be 1 (32-bit) or 2 (64-bit)",
		               l->image[EI_CLASS]);
	if (error)
		return error;
	if (!inside(table->offset, (uint64_t)table->size * table->count, l->size))
		return refuse(l, -ENOEXEC, "%u program headers at 0x%lx go past the end of the file (0x%lx)",
		              table->count, (unsigned long)table->offset, (unsigned long)l->size);
	return 0;
}

/* Program header i; false: it is not one to load. */
static bool read_segment(const struct loader *l, const struct program_table *table, unsigned i, struct segment *s)
{
	const uint8_t *at = l->image + table->offset + (size_t)table->size * i;

	if (table->wide) {
		struct elf64_program p;
		memcpy(&p, at, sizeof(p));
		*s = (struct segment){ p.offset, p.vaddr, p.paddr, p.filesz, p.memsz };
		return p.type == SEGMENT_LOAD;
	}
	struct elf32_program p;
	memcpy(&p, at, sizeof(p));
	*s = (struct segment){ p.offset, p.vaddr, p.paddr, p.filesz, p.memsz };
	return p.type == SEGMENT_LOAD;
}

/* The entry is a virtual address for some linkers and a physical one for others; paging is off at the start, so it has to
 * become physical. Where both fit, virtual wins: it is what ELF means by e_entry. */
static bool translate_entry(const struct segment *s, uint64_t entry, bool virtual, uint32_t *physical)
{
	uint64_t base = virtual ? s->vaddr : s->paddr;

	if (entry < base || entry - base >= s->memsz)
		return false;
	*physical = (uint32_t)(entry - base + s->paddr);
	return true;
}

static int load_elf(struct loader *l, uint32_t *entry)
{
	struct program_table table = { 0 };
	struct segment s;
	unsigned loaded = 0;
	bool found = false, found_virtual = false;
	int error = read_elf(l, &table);

	if (error)
		return error;
	for (unsigned i = 0; i < table.count; i++) {
		if (!read_segment(l, &table, i, &s))
			continue;
		error = load_segment(l, "program header", i, &s);
		if (error)
			return error;
		loaded++;
		if (!found_virtual && translate_entry(&s, table.entry, true, entry))
			found = found_virtual = true;
		else if (!found)
			found = translate_entry(&s, table.entry, false, entry);
	}
	if (loaded == 0)
		return refuse(l, -ENOEXEC, "nothing to load: no program header of type LOAD");
	if (!found)
		return refuse(l, -ENOEXEC, "the entry 0x%lx is in no loaded segment", (unsigned long)table.entry);
	return 0;
}

/* ---- Addresses in the multiboot header (3.1.3) ---- */

static int load_by_addresses(struct loader *l, const struct multiboot_header *h, size_t at, uint32_t *entry)
{
	struct segment s = { .vaddr = h->load_addr, .paddr = h->load_addr };

	if (h->header_addr < h->load_addr || h->header_addr - h->load_addr > at)
		return refuse(l, -ENOEXEC, "the multiboot header's load_addr 0x%x does not go with header_addr 0x%x",
		              (unsigned)h->load_addr, (unsigned)h->header_addr);
	s.offset = at - (h->header_addr - h->load_addr);
	s.filesz = l->size - s.offset;
	if (h->load_end_addr != 0) {
		if (h->load_end_addr < h->load_addr)
			return refuse(l, -ENOEXEC, "the multiboot header's load_end_addr 0x%x is below load_addr",
			              (unsigned)h->load_end_addr);
		s.filesz = h->load_end_addr - h->load_addr;
	}
	s.memsz = s.filesz;
	if (h->bss_end_addr != 0) {
		if (h->bss_end_addr < h->load_addr || h->bss_end_addr - h->load_addr < s.filesz)
			return refuse(l, -ENOEXEC,
			              "the multiboot header's bss_end_addr 0x%x is below the end of the data",
			              (unsigned)h->bss_end_addr);
		s.memsz = h->bss_end_addr - h->load_addr;
	}
	int error = load_segment(l, "multiboot segment", 0, &s);
	if (error)
		return error;
	if (!translate_entry(&s, h->entry_addr, false, entry))
		return refuse(l, -ENOEXEC, "the entry 0x%x is not in the loaded segment", (unsigned)h->entry_addr);
	return 0;
}

int elf_load(const void *image, size_t size, void *memory, size_t memory_size, uint32_t *entry, char *err,
             size_t err_size)
{
	struct loader l = { image, size, memory, memory_size, err, err_size };
	struct multiboot_header header;
	size_t at = 0;
	int error;

	if (err_size > 0)
		err[0] = '\0';
	error = find_header(&l, &header, &at);
	if (!error)
		error = check_flags(&l, header.flags);
	if (error)
		return error;
	if (header.flags & HEADER_ADDRESSES)
		return load_by_addresses(&l, &header, at, entry);
	return load_elf(&l, entry);
}
