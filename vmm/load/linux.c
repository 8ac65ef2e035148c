/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel as a guest's image. See the header for the rule.
 */
#include "vmm/load/linux.h"

#include "arch/x86/cpu/bytes.h"
#include "vmm/load/handover.h"

#include <stdio.h>
#include <string.h>

/* The setup header at 1F1h of a bzImage, with the names of boot.rst. */
struct setup_header {
	uint8_t setup_sects;
	uint16_t root_flags;
	uint32_t syssize;
	uint16_t ram_size, vid_mode, root_dev, boot_flag;
	uint8_t jump, header_bytes; /* the end of the header, from 202h on */
	uint32_t header;
	uint16_t version;
	uint32_t realmode_swtch;
	uint16_t start_sys_seg, kernel_version;
	uint8_t type_of_loader, loadflags;
	uint16_t setup_move_size;
	uint32_t code32_start, ramdisk_image, ramdisk_size, bootsect_kludge;
	uint16_t heap_end_ptr;
	uint8_t ext_loader_ver, ext_loader_type;
	uint32_t cmd_line_ptr, initrd_addr_max, kernel_alignment;
	uint8_t relocatable_kernel, min_alignment;
	uint16_t xloadflags;
	uint32_t cmdline_size, hardware_subarch;
	uint64_t hardware_subarch_data;
	uint32_t payload_offset, payload_length;
	uint64_t setup_data, pref_address;
	uint32_t init_size;
} __attribute__((packed));

_Static_assert(offsetof(struct setup_header, init_size) == 0x260 - 0x1f1, "as in boot.rst");

enum {
	HEADER_AT = 0x1f1,
	HEADER_FROM = 0x202, /* header_bytes counts from here */
	BOOT_FLAG = 0xaa55,
	HEADER_MAGIC = 0x53726448, /* HdrS */
	VERSION_MIN = 0x20a,
	LOADED_HIGH = 1 << 0,
	LOADER_UNKNOWN = 0xff,
	SECTOR = 512,
	PARAGRAPH = 16,
	SETUP_SECTORS_DEFAULT = 4,
};

/* ---- The image ---- */

bool linux_is_kernel(const uint8_t *image, uint64_t size)
{
	struct setup_header h;

	if (size < HEADER_AT + sizeof(h))
		return false;
	memcpy(&h, image + HEADER_AT, sizeof(h));
	return h.boot_flag == BOOT_FLAG && h.header == HEADER_MAGIC;
}

static enum load_problem problem(enum load_problem problem, uint64_t number[2], uint64_t a,
                                 uint64_t b)
{
	number[0] = a;
	number[1] = b;
	return problem;
}

enum load_problem linux_read(const uint8_t *image, uint64_t size, struct linux_image *out,
                             uint64_t number[2])
{
	struct setup_header h;

	if (size < HEADER_AT + sizeof(h))
		return problem(LOAD_LINUX_SHORT, number, size, HEADER_AT + sizeof(h));
	memcpy(&h, image + HEADER_AT, sizeof(h));
	if (h.boot_flag != BOOT_FLAG || h.header != HEADER_MAGIC)
		return LOAD_LINUX_MAGIC;
	if (h.version < VERSION_MIN)
		return problem(LOAD_LINUX_OLD, number, h.version >> 8, h.version & 0xff);
	if (!(h.loadflags & LOADED_HIGH))
		return LOAD_LINUX_LOW;
	uint64_t sectors = h.setup_sects == 0 ? SETUP_SECTORS_DEFAULT : h.setup_sects;
	uint64_t offset = (sectors + 1) * SECTOR, bytes = (uint64_t)h.syssize * PARAGRAPH;
	/* the last paragraph may be a part of one: memtest86+ has such a file */
	if (bytes == 0 || offset + bytes >= size + PARAGRAPH)
		return problem(LOAD_LINUX_CUT, number, offset + bytes, size);
	if (bytes > size - offset)
		bytes = size - offset;
	/* A kernel that cannot be moved moves itself from 1 MiB to its own place. */
	uint64_t at = h.relocatable_kernel ? h.pref_address : HOLE_END;
	uint64_t room = h.init_size > bytes ? h.init_size : bytes;
	if (h.pref_address < HOLE_END || h.pref_address > UINT32_MAX ||
	    room > UINT32_MAX - h.pref_address)
		return problem(LOAD_LINUX_PLACE, number, h.pref_address, room);
	out->segment = (struct load_segment){ offset, at, at, bytes, h.pref_address - at + room };
	out->initrd_last = h.initrd_addr_max;
	return LOAD_FINE;
}

/* ---- The hand-over ---- */

enum { E820_RAM = 1, E820_RESERVED = 2, E820_ENTRIES = 4, KIB = 1024, CMDLINE_BYTES = 2048 };
enum { GDT_CODE = 0x10, GDT_DATA = 0x18 };

struct e820 {
	uint64_t address, bytes;
	uint32_t type;
} __attribute__((packed));

/* The boot parameters ("zero page"). Of all members those that a loader sets for the 32-bit
 * protocol. */
struct boot_params {
	uint8_t before[2];
	uint16_t ext_mem_k; /* screen_info: memory above 1 MiB in KiB, at most FFFFh */
	uint8_t screen[0x1e0 - 4];
	uint32_t alt_mem_k;
	uint8_t between[0x1e8 - 0x1e4];
	uint8_t e820_entries;
	uint8_t more[HEADER_AT - 0x1e9];
	struct setup_header header;
	uint8_t rest[0x2d0 - HEADER_AT - sizeof(struct setup_header)];
	struct e820 e820[E820_ENTRIES];
	uint8_t end[0x1000 - 0x2d0 - E820_ENTRIES * sizeof(struct e820)];
} __attribute__((packed));

_Static_assert(sizeof(struct boot_params) == HANDOVER_BYTES, "the parameters are a page");
_Static_assert(offsetof(struct boot_params, e820) == 0x2d0, "as in boot.rst");

/* The kernel wants flat segments at 10h and 18h, interrupts off, and ESI at the parameters. So a
 * few instructions load such segments first. */
struct first_steps {
	uint64_t gdt[4];
	uint16_t gdt_limit;
	uint32_t gdt_at;
	uint8_t code[64];
} __attribute__((packed));

struct linux_handover {
	struct boot_params params;
	char cmdline[CMDLINE_BYTES];
	struct first_steps first;
};

_Static_assert(sizeof(struct linux_handover) <= LINUX_HANDOVER_BYTES, "the pages are free");

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/* base: the guest-physical address of f. */
static void build_first_steps(struct first_steps *f, uint32_t base, uint32_t params, uint32_t entry)
{
	static const uint8_t
		lgdt[] = { 0x0f, 0x01, 0x15 }, /* lgdt address */
		far_jump[] = { 0xea },         /* ljmp $10h, next */
		move_eax[] = { 0xb8 },
		segments[] = { 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0x8e, 0xe0, 0x8e, 0xe8 },
		move_esi[] = { 0xbe },
		clear[] = { 0x31, 0xdb, 0x31, 0xed, 0x31, 0xff }, /* EBX, EBP, EDI = 0 */
		jump_eax[] = { 0xff, 0xe0 };
	const uint32_t code = base + (uint32_t)offsetof(struct first_steps, code);
	uint8_t *at = f->code;
#define PUT(bytes) (memcpy(at, bytes, sizeof(bytes)), at += sizeof(bytes))

	f->gdt[GDT_CODE / 8] = 0x00cf9b000000ffff; /* flat, 4 GiB, execute and read */
	f->gdt[GDT_DATA / 8] = 0x00cf93000000ffff; /* flat, 4 GiB, read and write */
	f->gdt_limit = sizeof(f->gdt) - 1;
	f->gdt_at = base;
	PUT(lgdt);
	at = put32(at, base + (uint32_t)offsetof(struct first_steps, gdt_limit));
	PUT(far_jump);
	at = put32(at, code + (uint32_t)(at - f->code) + 6);
	*at++ = GDT_CODE;
	*at++ = 0;
	PUT(move_eax);
	at = put32(at, GDT_DATA);
	PUT(segments);
	PUT(move_esi);
	at = put32(at, params);
	PUT(clear);
	PUT(move_eax);
	at = put32(at, entry);
	PUT(jump_eax);
#undef PUT
}

static void build_map(struct boot_params *p, uint64_t memory_size, uint64_t high_size)
{
	uint64_t kib = (memory_size - HOLE_END) / KIB;

	p->e820[0] = (struct e820){ 0, HOLE_FIRST, E820_RAM };
	p->e820[1] = (struct e820){ HOLE_FIRST, HOLE_END - HOLE_FIRST, E820_RESERVED };
	p->e820[2] = (struct e820){ HOLE_END, memory_size - HOLE_END, E820_RAM };
	p->e820[3] = (struct e820){ GUEST_RAM_HIGH, high_size, E820_RAM };
	p->e820_entries = high_size != 0 ? E820_ENTRIES : E820_ENTRIES - 1;
	p->alt_mem_k = (uint32_t)kib;
	p->ext_mem_k = kib > UINT16_MAX ? UINT16_MAX : (uint16_t)kib;
}

/* Copies the setup header, as far as the kernel has one. */
static void copy_header(const struct load *l, struct setup_header *to)
{
	struct setup_header h;

	memcpy(&h, l->image + HEADER_AT, sizeof(h));
	size_t bytes = HEADER_FROM + (size_t)h.header_bytes - HEADER_AT;
	memcpy(to, &h, bytes < sizeof(h) ? bytes : sizeof(h));
}

/* Writes the kernel's command line. The kernel's word for the TSC's frequency comes first, so that
 * the same word in the user's text is the stronger one. Returns false where there is no room. */
static bool write_cmdline(char to[CMDLINE_BYTES], const char *cmdline, uint64_t tsc_khz)
{
	int bytes = tsc_khz == 0 ? 0 : snprintf(to, CMDLINE_BYTES, "tsc_early_khz=%lu ", tsc_khz);
	size_t more = strlen(cmdline) + 1;

	if (more > CMDLINE_BYTES - (size_t)bytes)
		return false;
	bytes_copy(to + bytes, cmdline, more);
	return true;
}

uint32_t linux_hand_over(const struct load *l, const char *cmdline, uint64_t tsc_khz)
{
	struct linux_handover *h = (struct linux_handover *)(l->memory + l->handover);
	struct setup_header *setup = &h->params.header;
	const struct load_source *source = &l->source;

	if (!write_cmdline(h->cmdline, cmdline, tsc_khz))
		return 0;
	copy_header(l, setup);
	setup->type_of_loader = LOADER_UNKNOWN;
	setup->cmd_line_ptr = l->handover + (uint32_t)offsetof(struct linux_handover, cmdline);
	if (source->file_count != 0) {
		/* Several files are one initrd. The kernel skips the zeros between two archives. */
		unsigned last = source->file_count - 1;
		setup->ramdisk_image = (uint32_t)l->file_at[0];
		setup->ramdisk_size = (uint32_t)(l->file_at[last] + source->file[last].bytes -
		                                 l->file_at[0]);
	}
	build_map(&h->params, l->memory_size, l->high_size);
	uint32_t first = l->handover + (uint32_t)offsetof(struct linux_handover, first);
	build_first_steps(&h->first, first, l->handover, l->entry);
	return first + (uint32_t)offsetof(struct first_steps, code);
}
