/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's image: a multiboot 1 kernel, checked and copied (System V ABI, ELF object files;
 * Multiboot 0.6.96, 3.1).
 *
 * Rule: a comparison of sizes subtracts from the larger size, so no sum of the image's numbers can
 * wrap.
 */
#include "vmm/load/elf.h"

#include "arch/x86/cpu/bytes.h"
#include "arch/x86/cpu/hints.h"
#include "arch/x86/machine/multiboot.h"
#include "vmm/load/bios.h"
#include "vmm/load/elf_format.h"
#include "vmm/load/files.h"
#include "vmm/load/handover.h"
#include "vmm/load/linux.h"

#include <errno.h>
#include <string.h>

/* Multiboot 3.1.1: the header is in the first 8 KiB, on a 4-byte boundary. */
enum { MULTIBOOT_SEARCH = 8192 };
enum { HEADER_VIDEO = 1 << 2, HEADER_REQUIRED = 0xffff, HEADER_ADDRESSES = 1 << 16 };
/* The video mode is a wish (3.1.4): a kernel finds in the boot information that there is none. */
enum { HEADER_SUPPORTED = MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO | HEADER_VIDEO };

/* The work of a step: words that may begin the multiboot header, and program headers. */
enum { WORDS_A_STEP = 64, HEADERS_A_STEP = 8 };

enum { AGAIN = 1, MIB_SHIFT = 20 };

struct multiboot_header {
	uint32_t magic, flags, checksum;
	/* with HEADER_ADDRESSES */
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

enum { MULTIBOOT_BASIC = offsetof(struct multiboot_header, header_addr) };

/* Ends the load with a problem, and returns error. slow_path: inlined, the image has 512 bytes more
 * (the limit is 196,608). */
static slow_path int refuse(struct load *l, int error, enum load_problem problem, uint64_t a,
                            uint64_t b, uint64_t c)
{
	l->problem = problem;
	l->error = error;
	l->segment = l->index;
	l->number[0] = a;
	l->number[1] = b;
	l->number[2] = c;
	l->phase = LOAD_REFUSED;
	return error;
}

static int refuse_image(struct load *l, enum load_problem problem, uint64_t number)
{
	return refuse(l, -ENOEXEC, problem, number, 0, 0);
}

static bool inside(uint64_t offset, uint64_t bytes, uint64_t size)
{
	return offset <= size && bytes <= size - offset;
}

static uint64_t mib_up(uint64_t bytes)
{
	return (bytes + (1 << MIB_SHIFT) - 1) >> MIB_SHIFT;
}

static int next_phase(struct load *l, enum load_phase phase)
{
	l->phase = phase;
	l->index = 0;
	l->done = 0;
	return AGAIN;
}

/* ---- The multiboot header ---- */

static uint32_t word_at(const uint8_t *at)
{
	uint32_t word;

	/* a single instruction; memcpy() would be a call */
	__builtin_memcpy(&word, at, sizeof(word));
	return word;
}

/* A step of LOAD_FIND: looks at the next words. */
static int find_header(struct load *l)
{
	uint64_t end = l->size < MULTIBOOT_SEARCH ? l->size : MULTIBOOT_SEARCH, at = l->at;

	for (unsigned n = 0; n < WORDS_A_STEP; n++, at += 4) {
		const uint8_t *header = l->image + at;

		if (at + MULTIBOOT_BASIC > end)
			return refuse_image(l,
			                    l->bad_sum                           ? LOAD_CHECKSUM
			                    : linux_is_kernel(l->image, l->size) ? LOAD_IS_LINUX
			                                                         : LOAD_NO_HEADER,
			                    0);
		if (word_at(header) != MULTIBOOT_HEADER_MAGIC)
			continue;
		uint32_t flags = word_at(header + offsetof(struct multiboot_header, flags));
		uint32_t checksum = word_at(header + offsetof(struct multiboot_header, checksum));
		if (MULTIBOOT_HEADER_MAGIC + flags + checksum != 0) {
			l->bad_sum = true;
			continue;
		}
		bool addresses = flags & HEADER_ADDRESSES;
		if (addresses && !inside(at, sizeof(struct multiboot_header), l->size))
			return refuse_image(l, LOAD_HEADER_CUT, 0);
		l->at = at;
		return next_phase(l, LOAD_READ);
	}
	l->at = at;
	return AGAIN;
}

/* The addresses in the multiboot header are the image's only segment (3.1.3). */
static int read_addresses(struct load *l, const struct multiboot_header *h)
{
	struct load_segment *s = &l->only;

	if (h->header_addr < h->load_addr || h->header_addr - h->load_addr > l->at)
		return refuse(l, -ENOEXEC, LOAD_ADDRESS_LOAD, h->load_addr, h->header_addr, 0);
	s->vaddr = s->paddr = h->load_addr;
	s->offset = l->at - (h->header_addr - h->load_addr);
	s->filesz = l->size - s->offset;
	if (h->load_end_addr != 0) {
		if (h->load_end_addr < h->load_addr)
			return refuse_image(l, LOAD_ADDRESS_END, h->load_end_addr);
		s->filesz = h->load_end_addr - h->load_addr;
	}
	s->memsz = s->filesz;
	if (h->bss_end_addr != 0) {
		if (h->bss_end_addr < h->load_addr || h->bss_end_addr - h->load_addr < s->filesz)
			return refuse_image(l, LOAD_ADDRESS_BSS, h->bss_end_addr);
		s->memsz = h->bss_end_addr - h->load_addr;
	}
	l->flat = true;
	l->start = h->entry_addr;
	l->count = 1;
	return next_phase(l, LOAD_CHECK);
}

/* ---- The ELF header ---- */

static int read_elf32(struct load *l)
{
	struct elf32_header h;

	memcpy(&h, l->image, sizeof(h));
	if (h.machine != MACHINE_386)
		return refuse_image(l, LOAD_MACHINE_32, h.machine);
	if (h.type != TYPE_EXEC)
		return refuse_image(l, LOAD_TYPE, h.type);
	if (h.phentsize < sizeof(struct elf32_program))
		return refuse_image(l, LOAD_HEADER_SIZE, h.phentsize);
	l->start = h.entry;
	l->table = h.phoff;
	l->header_bytes = h.phentsize;
	l->count = h.phnum;
	return 0;
}

static int read_elf64(struct load *l)
{
	struct elf64_header h;

	if (l->size < sizeof(h))
		return refuse_image(l, LOAD_ELF_CUT, 0);
	memcpy(&h, l->image, sizeof(h));
	if (h.machine != MACHINE_X86_64)
		return refuse_image(l, LOAD_MACHINE_64, h.machine);
	if (h.type != TYPE_EXEC)
		return refuse_image(l, LOAD_TYPE, h.type);
	if (h.phentsize < sizeof(struct elf64_program))
		return refuse_image(l, LOAD_HEADER_SIZE, h.phentsize);
	l->wide = true;
	l->start = h.entry;
	l->table = h.phoff;
	l->header_bytes = h.phentsize;
	l->count = h.phnum;
	return 0;
}

/* Checks that the image is an ELF, and that the ELF is of a kind that runs here. */
static int read_elf(struct load *l)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F' };
	int error;

	if (l->size < sizeof(struct elf32_header) || memcmp(l->image, magic, sizeof(magic)) != 0)
		return refuse_image(l, LOAD_NOT_ELF, 0);
	if (l->image[EI_DATA] != DATA_LITTLE)
		return refuse_image(l, LOAD_ENCODING, l->image[EI_DATA]);
	if (l->image[EI_CLASS] == CLASS_32)
		error = read_elf32(l);
	else if (l->image[EI_CLASS] == CLASS_64)
		error = read_elf64(l);
	else
		error = refuse_image(l, LOAD_CLASS, l->image[EI_CLASS]);
	if (error)
		return error;
	if (!inside(l->table, (uint64_t)l->header_bytes * l->count, l->size))
		return refuse(l, -ENOEXEC, LOAD_TABLE, l->count, l->table, l->size);
	if (l->count > LOAD_HEADERS_MAX)
		return refuse(l, -ENOEXEC, LOAD_TABLE_LONG, l->count, LOAD_HEADERS_MAX, 0);
	return next_phase(l, LOAD_CHECK);
}

/* The step of LOAD_READ: finds the kind of the image and the number of segments. */
static int read_headers(struct load *l)
{
	struct multiboot_header h = { 0 };

	memcpy(&h, l->image + l->at, MULTIBOOT_BASIC);
	uint32_t missing = h.flags & HEADER_REQUIRED & ~(uint32_t)HEADER_SUPPORTED;
	if (missing != 0)
		return refuse_image(l, LOAD_FLAG, (unsigned)__builtin_ctz(missing));
	if (!(h.flags & HEADER_ADDRESSES))
		return read_elf(l);
	memcpy(&h, l->image + l->at, sizeof(h));
	return read_addresses(l, &h);
}

/* ---- Linux and BIOS ---- */

/* The kernel is the image's only segment. */
static int read_linux(struct load *l)
{
	struct linux_image kernel;
	uint64_t number[2] = { 0 };
	enum load_problem problem = linux_read(l->image, l->size, &kernel, number);

	if (problem != LOAD_FINE)
		return refuse(l, -ENOEXEC, problem, number[0], number[1], 0);
	l->only = kernel.segment;
	l->image_end = kernel.segment.paddr + kernel.segment.memsz;
	if (l->image_end > l->memory_size)
		return refuse(l, -ENOMEM, LOAD_LINUX_MEMORY, mib_up(files_place(l)),
		              l->memory_size >> MIB_SHIFT, 0);
	l->initrd_last = kernel.initrd_last;
	l->flat = true;
	l->start = kernel.segment.paddr;
	l->count = 1;
	return next_phase(l, LOAD_CHECK);
}

/* The same for a BIOS. */
static int read_bios(struct load *l)
{
	uint64_t number[2] = { 0 };
	enum load_problem problem = bios_read(l->image, l->size, l->memory_size, &l->only, number);

	if (problem != LOAD_FINE)
		return refuse(l, problem == LOAD_BIOS_MEMORY ? -ENOMEM : -ENOEXEC, problem,
		              number[0], number[1], 0);
	l->flat = true;
	l->start = l->only.paddr;
	l->count = 1;
	return next_phase(l, LOAD_CHECK);
}

/* The step of LOAD_SETUP, for images whose kind the configuration names. */
static int read_setup(struct load *l)
{
	return l->source.kind == LOAD_LINUX ? read_linux(l) : read_bios(l);
}

/* ---- Segments ---- */

/* Reads segment i. Returns false where its program header is not of type LOAD. */
static bool read_segment(const struct load *l, unsigned i, struct load_segment *s)
{
	const uint8_t *at = l->image + l->table + (uint64_t)l->header_bytes * i;

	if (l->flat) {
		*s = l->only;
		return true;
	}
	if (l->wide) {
		struct elf64_program p;
		memcpy(&p, at, sizeof(p));
		*s = (struct load_segment){ p.offset, p.vaddr, p.paddr, p.filesz, p.memsz };
		return p.type == SEGMENT_LOAD;
	}
	struct elf32_program p;
	memcpy(&p, at, sizeof(p));
	*s = (struct load_segment){ p.offset, p.vaddr, p.paddr, p.filesz, p.memsz };
	return p.type == SEGMENT_LOAD;
}

static bool overlaps(const struct load_segment *s, uint64_t first, uint64_t end)
{
	return s->paddr < end && s->memsz > 0 && (first <= s->paddr || first - s->paddr < s->memsz);
}

/* Linkers put the file's headers before the text, at FF000h for a text at 1 MiB. Bytes for the last
 * page of the hole are left out: a PC has ROM there. */
static void cut_headers(const struct load *l, struct load_segment *s)
{
	if (l->source.kind == LOAD_BIOS || s->paddr < HOLE_END - LOAD_PIECE || s->paddr >= HOLE_END)
		return;
	const uint64_t cut = HOLE_END - s->paddr, in_file = cut < s->filesz ? cut : s->filesz;
	s->offset += in_file;
	s->filesz -= in_file;
	s->memsz -= cut < s->memsz ? cut : s->memsz;
	s->vaddr += cut;
	s->paddr = HOLE_END;
}

/* Notes the pages of low memory that the image takes, a bit each. */
static void take_pages(struct load *l, const struct load_segment *s)
{
	if (s->memsz == 0 || s->paddr >= HOLE_FIRST)
		return;
	unsigned first = (unsigned)(s->paddr / HANDOVER_BYTES),
		 last = (unsigned)((s->paddr + s->memsz - 1) / HANDOVER_BYTES);
	for (unsigned word = 0; word < LOAD_LOW_WORDS; word++) {
		unsigned at = word * 64;
		if (first >= at + 64 || last < at)
			continue;
		uint64_t from = first > at ? UINT64_MAX << (first - at) : UINT64_MAX;
		uint64_t to = last < at + 63 ? UINT64_MAX >> (63 - (last - at)) : UINT64_MAX;
		l->taken[word] |= from & to;
	}
}

/* Returns the first free page from page from on; 0 where there is none below the hole. */
static unsigned free_page(const struct load *l, unsigned from)
{
	for (unsigned word = from / 64; word < LOAD_LOW_WORDS; word++) {
		uint64_t left = ~l->taken[word] &
		                (word == from / 64 ? UINT64_MAX << from % 64 : UINT64_MAX);
		unsigned page = word * 64 + (unsigned)__builtin_ctzll(left | 1ull << 63);
		if (left != 0)
			return page < HOLE_FIRST / HANDOVER_BYTES ? page : 0;
	}
	return 0;
}

/* The boot information has its usual place, or the nearest page above, or a page below. Page 0 is
 * never used: a guest may want its interrupt vectors there. */
static uint32_t find_handover(const struct load *l)
{
	unsigned page = free_page(l, HANDOVER_AT / HANDOVER_BYTES);

	if (page == 0)
		page = free_page(l, 1);
	return page * HANDOVER_BYTES;
}

static int check_segment(struct load *l, struct load_segment *s)
{
	if (s->filesz > s->memsz)
		return refuse(l, -ENOEXEC, LOAD_SEGMENT_SIZES, s->filesz, s->memsz, 0);
	if (!inside(s->offset, s->filesz, l->size))
		return refuse(l, -ENOEXEC, LOAD_SEGMENT_FILE, s->offset, s->filesz, l->size);
	cut_headers(l, s);
	if (!inside(s->paddr, s->memsz, l->memory_size))
		return refuse(l, -ENOMEM, LOAD_SEGMENT_MEMORY, s->paddr, s->memsz, l->memory_size);
	if (l->source.kind != LOAD_BIOS && overlaps(s, HOLE_FIRST, HOLE_END))
		return refuse(l, -ENOMEM, LOAD_SEGMENT_HOLE, s->paddr, s->memsz, 0);
	/* Segments may overlap. Without this rule, a few headers could ask for much copying. */
	l->sum += s->memsz;
	if (l->sum > l->memory_size)
		return refuse(l, -ENOMEM, LOAD_SEGMENT_SUM, l->sum, l->memory_size, 0);
	take_pages(l, s);
	if (s->paddr + s->memsz > l->image_end)
		l->image_end = s->paddr + s->memsz;
	return 0;
}

/* The entry is a virtual address for some linkers and a physical address for others. Paging is off
 * at the start, so the entry has to become physical. Where both fit, virtual wins: ELF defines
 * e_entry as a virtual address. */
static bool translate_entry(struct load *l, const struct load_segment *s, bool virtual)
{
	uint64_t base = virtual ? s->vaddr : s->paddr;

	if (l->start < base || l->start - base >= s->memsz)
		return false;
	l->entry = (uint32_t)(l->start - base + s->paddr);
	return true;
}

/* Finds places for the files behind the image. */
static int check_files(struct load *l)
{
	const struct load_source *source = &l->source;
	uint64_t end = files_place(l);

	for (unsigned i = 0; i < source->file_count; i++)
		if (source->file[i].bytes == 0)
			return refuse_image(l, LOAD_FILE_EMPTY, i + 1);
	if (source->file_count != 0 && end > l->memory_size)
		return refuse(l, -ENOMEM, LOAD_FILES_MEMORY, source->file_count, mib_up(end),
		              l->memory_size >> MIB_SHIFT);
	if (source->kind == LOAD_BIOS && end > l->only.paddr)
		return refuse(l, -ENOMEM, LOAD_BIOS_ROMS, end, l->only.paddr, 0);
	if (source->file_count != 0 && source->kind == LOAD_LINUX && end - 1 > l->initrd_last)
		return refuse(l, -ENOMEM, LOAD_LINUX_INITRD, end, l->initrd_last, 0);
	l->checked = true;
	return next_phase(l, LOAD_CLEAR);
}

/* All segments are good. Checks that there is a segment, and that the entry is in a segment. */
static int check_entry(struct load *l)
{
	if (!l->any)
		return refuse_image(l, LOAD_NOTHING, 0);
	if (!l->found)
		return refuse_image(l, l->flat ? LOAD_ENTRY_ADDRESS : LOAD_ENTRY, l->start);
	l->handover = find_handover(l);
	if (l->handover == 0)
		return refuse(l, -ENOMEM, LOAD_NO_ROOM, 0, 0, 0);
	return check_files(l);
}

/* A step of LOAD_CHECK: the next program headers. */
static int check_segments(struct load *l)
{
	struct load_segment s;

	for (unsigned n = 0; n < HEADERS_A_STEP; n++, l->index++) {
		if (l->index == l->count)
			return check_entry(l);
		if (!read_segment(l, l->index, &s))
			continue;
		int error = check_segment(l, &s);
		if (error)
			return error;
		l->any = true;
		if (!l->found_virtual && translate_entry(l, &s, true))
			l->found = l->found_virtual = true;
		else if (!l->found)
			l->found = translate_entry(l, &s, false);
	}
	return AGAIN;
}

/* ---- Memory ---- */

static uint64_t piece(uint64_t bytes)
{
	return bytes < LOAD_PIECE ? bytes : LOAD_PIECE;
}

/* A step of LOAD_CLEAR: the next piece of the VM's memory. */
static int clear_memory(struct load *l)
{
	const bool low = l->done < l->memory_size;
	uint8_t *at = low ? l->memory + l->done : l->high + (l->done - l->memory_size);
	uint64_t left = l->memory_size + (low ? 0 : l->high_size) - l->done, bytes = piece(left);

	bytes_clear(at, bytes);
	l->done += bytes;
	return l->done < l->memory_size + l->high_size ? AGAIN : next_phase(l, LOAD_COPY);
}

/* Clears the next piece of a segment's part that is in memory but not in the file. Memory is clear
 * except where earlier segments were copied to, so only those places are cleared. Returns false
 * where no such piece is left. */
static bool clear_rest(struct load *l, const struct load_segment *s)
{
	uint64_t at = s->paddr + l->done, end = s->paddr + s->memsz;

	if (at < l->first)
		at = l->first;
	if (end > l->end)
		end = l->end;
	if (at >= end)
		return false;
	uint64_t bytes = piece(end - at);
	bytes_clear(l->memory + at, bytes);
	l->done = at + bytes - s->paddr;
	return true;
}

static void end_segment(struct load *l, const struct load_segment *s)
{
	if (s->filesz > 0 && s->paddr < l->first)
		l->first = s->paddr;
	if (s->filesz > 0 && s->paddr + s->filesz > l->end)
		l->end = s->paddr + s->filesz;
}

/* A step of LOAD_COPY: the next piece of a segment, or the way to the next segment. */
static int copy_segments(struct load *l)
{
	struct load_segment s;

	if (l->index == l->count)
		return next_phase(l, LOAD_FILES);
	if (read_segment(l, l->index, &s)) {
		cut_headers(l, &s);
		if (l->done < s.filesz) {
			uint64_t bytes = piece(s.filesz - l->done);
			bytes_copy(l->memory + s.paddr + l->done, l->image + s.offset + l->done,
			           bytes);
			l->done += bytes;
			return AGAIN;
		}
		if (clear_rest(l, &s))
			return AGAIN;
		end_segment(l, &s);
	}
	l->done = 0;
	l->index++;
	return AGAIN;
}

/* A step of LOAD_FILES: the next piece of a file, or the end. */
static int copy_files(struct load *l)
{
	if (files_copy(l))
		return AGAIN;
	l->phase = LOAD_DONE;
	return 0;
}

/* ---- The steps ---- */

static int stay(struct load *l)
{
	return l->error;
}

void load_begin(struct load *l, const struct load_source *source, const struct guest_ram *ram)
{
	memset(l, 0, sizeof(*l));
	l->source = *source;
	l->image = source->image;
	l->size = source->bytes;
	l->memory = (uint8_t *)ram->part[GUEST_RAM_LOW_PART].host;
	l->memory_size = ram->part[GUEST_RAM_LOW_PART].bytes;
	l->high = (uint8_t *)ram->part[GUEST_RAM_HIGH_PART].host;
	l->high_size = ram->part[GUEST_RAM_HIGH_PART].bytes;
	l->first = UINT64_MAX;
	if (source->kind != LOAD_MULTIBOOT)
		l->phase = LOAD_SETUP;
}

int load_step(struct load *l)
{
	static int (*const step[])(struct load *) = {
		[LOAD_FIND] = find_header,   [LOAD_READ] = read_headers,
		[LOAD_SETUP] = read_setup,   [LOAD_CHECK] = check_segments,
		[LOAD_CLEAR] = clear_memory, [LOAD_COPY] = copy_segments,
		[LOAD_FILES] = copy_files,   [LOAD_DONE] = stay,
		[LOAD_REFUSED] = stay,
	};

	return step[l->phase](l);
}

int load_check(struct load *l)
{
	while (!l->checked) {
		int error = load_step(l);
		if (error < 0)
			return error;
	}
	return 0;
}
