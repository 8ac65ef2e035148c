/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC's firmware as a guest's image. See the header for the rule.
 */
#include "vmm/load/bios.h"

#include "vmm/load/handover.h"

#include <string.h>

/* The first instruction after a reset is at FFFF0h (SDM 3A 9.1.4). A BIOS has a jump there. */
enum { RESET_BYTES = 16, JUMP_FAR = 0xea, JUMP_NEAR = 0xe9, JUMP_SHORT = 0xeb };
/* A BIOS needs memory above 1 MiB for its own tables. */
enum { MEMORY_MIN = 2 << 20 };

static enum load_problem problem(enum load_problem problem, uint64_t number[2], uint64_t a,
                                 uint64_t b)
{
	number[0] = a;
	number[1] = b;
	return problem;
}

enum load_problem bios_read(const uint8_t *image, uint64_t size, uint64_t memory,
                            struct load_segment *out, uint64_t number[2])
{
	if (size < RESET_BYTES || size > HOLE_END - BIOS_FIRST)
		return problem(LOAD_BIOS_SIZE, number, size, HOLE_END - BIOS_FIRST);
	const uint8_t first = image[size - RESET_BYTES];
	if (first != JUMP_FAR && first != JUMP_NEAR && first != JUMP_SHORT)
		return problem(LOAD_BIOS_JUMP, number, first, 0);
	if (memory < MEMORY_MIN)
		return problem(LOAD_BIOS_MEMORY, number, MEMORY_MIN >> 20, memory >> 20);
	*out = (struct load_segment){ 0, HOLE_END - size, HOLE_END - size, size, size };
	return LOAD_FINE;
}

/* ---- The way to real mode (SDM 3A 9.9.2) ---- */

struct table {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

/* GDT: a code and a data segment as real mode has them: 64 KiB from address 0. lidt: the table of
 * real mode, at address 0. code: see build_code(). */
struct first_steps {
	uint64_t gdt[3];
	struct table gdt_at, idt_at;
	uint8_t code[48];
} __attribute__((packed));

enum { GDT_CODE = 8, GDT_DATA = 16, REAL_MODE_IDT_LIMIT = 0x3ff };

static uint8_t *put(uint8_t *at, const uint8_t *bytes, size_t count, uint32_t address)
{
	memcpy(at, bytes, count);
	memcpy(at + count, &address, sizeof(address));
	return at + count + sizeof(address);
}

static void build_code(struct first_steps *f, uint32_t base)
{
	static const uint8_t lgdt[] = { 0x0f, 0x01, 0x15 }, lidt[] = { 0x0f, 0x01, 0x1d },
			     jump[] = { 0xea };
	static const uint8_t rest[] = {
		GDT_CODE, 0,           /* the jump's selector; from here on 16 bits */
		0xb8,     GDT_DATA, 0, /* mov ax, GDT_DATA */
		0x8e,     0xd8,     0x8e, 0xc0, 0x8e, 0xd0, /* mov ds, ax; mov es, ax; mov ss, ax */
		0x8e,     0xe0,     0x8e, 0xe8,             /* mov fs, ax; mov gs, ax */
		0x0f,     0x20,     0xc0, 0x24, 0xfe,       /* mov eax, cr0; and al, FEh: PE = 0 */
		0x0f,     0x22,     0xc0,                   /* mov cr0, eax */
		0xea,     0xf0,     0xff, 0x00, 0xf0,       /* jmp F000h:FFF0h */
	};
	uint8_t *at = f->code;

	at = put(at, lgdt, sizeof(lgdt), base + (uint32_t)offsetof(struct first_steps, gdt_at));
	at = put(at, lidt, sizeof(lidt), base + (uint32_t)offsetof(struct first_steps, idt_at));
	uint32_t next = base + (uint32_t)(at - (uint8_t *)f) + sizeof(jump) + sizeof(next) + 2;
	at = put(at, jump, sizeof(jump), next);
	memcpy(at, rest, sizeof(rest));
}

uint32_t bios_hand_over(const struct load *l)
{
	const uint32_t base = l->handover;
	struct first_steps *f = (struct first_steps *)(l->memory + base);

	f->gdt[GDT_CODE / 8] = 0x00009b000000ffff;
	f->gdt[GDT_DATA / 8] = 0x000093000000ffff;
	f->gdt_at = (struct table){ sizeof(f->gdt) - 1, base };
	f->idt_at = (struct table){ REAL_MODE_IDT_LIMIT, 0 };
	build_code(f, base);
	return base + (uint32_t)offsetof(struct first_steps, code);
}
