/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any memory map of a loader's and any mmio= against it: libFuzzer where clang is, else random
 * ones.
 *
 * Rule: beside the check stands the list of all that is somebody's, byte ranges and no more. What
 * overlaps one is refused, whatever the map looks like; what overlaps none is granted.
 */
#define _GNU_SOURCE /* MAP_32BIT: a loader's addresses have 32 bits */
#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fuzz.h"
#include "vmm/config/config_reserved.h"
#include "vmm/config/reserve.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAP_BYTES = 8192, MEMORY = 16 << 20, OP_BYTES = 10, KNOWN_MAX = 512 };

struct platform platform = {
	.ioapic = 0xfec00000, .lapic = 0xfee00000, .hpet = 0xfed00000, .pm1a_control = 0xb004
};

static struct config_range known[KNOWN_MAX];
static unsigned known_count;
static uint8_t *map;

/* A number near what matters: shift and low bits of two bytes each. */
static uint64_t number(const uint8_t *at)
{
	static const uint64_t places[] = { 0,          0x9fc00,        0xa0000,    0xf0000,
		                           0x100000,   MEMORY,         0xbffe0000, 0xfec00000,
		                           0xfed00000, 0xfee00000,     1ull << 32, UINT64_MAX,
		                           1ull << 45, UINT64_MAX / 2, 0xe0000000, 0xc0000000 };

	return places[at[0] % 16] + (uint64_t)(int64_t)(int8_t)at[1] * (1ull << at[2] % 40);
}

static void know(uint64_t first, uint64_t last)
{
	if (known_count < KNOWN_MAX)
		known[known_count++] = (struct config_range){ first, last };
}

/* An entry of the map, and of the list beside it; returns the map's new length. */
static uint32_t add_entry(uint32_t length, const uint8_t *op)
{
	const uint64_t first = number(op + 1), bytes = number(op + 4);
	const struct multiboot_mmap entry = { sizeof(entry) - sizeof(entry.size) + (op[7] & 12),
		                              first, bytes, op[7] & 3 };
	uint32_t whole = entry.size + sizeof(entry.size);

	if (length + whole > MAP_BYTES)
		return length;
	memcpy(map + length, &entry, sizeof(entry));
	__uint128_t end = (__uint128_t)first + bytes;
	uint64_t last = end > UINT64_MAX ? UINT64_MAX : (uint64_t)end - 1;
	if (bytes != 0 && entry.type == MULTIBOOT_RAM)
		know(first, last);
	else if (bytes != 0 && last >= 0x100000)
		know(first < 0x100000 ? 0x100000 : first, last);
	return length + whole;
}

static bool is_somebodys(const struct config_range *r)
{
	for (unsigned i = 0; i < known_count; i++)
		if (r->first <= known[i].last && known[i].first <= r->last)
			return true;
	/* The VM's own memory, which has a hole for devices. */
	return r->first < MEMORY && !(r->first >= 0xa0000 && r->last <= 0xfffff);
}

/* One mmio= of whole pages, as config_vm.c lets them through. */
static void check(const uint8_t *op)
{
	static char text[160];
	struct vm_config vm = { .memory = MEMORY,
		                .mmio_count = 1,
		                .name = "vandal",
		                .controller_input = LINE_INPUTS_OWN,
		                .block_input = LINE_INPUTS_OWN };
	uint64_t first = number(op + 1) & ~(uint64_t)(PAGE - 1), bytes = number(op + 4) & 0xffffff;

	vm.mmio[0].first = first;
	vm.mmio[0].last = bytes > UINT64_MAX - first ? UINT64_MAX : (first + bytes) | (PAGE - 1);
	int error = config_check_vm(1, &vm, NULL, 0, 0, text, sizeof(text));
	if (is_somebodys(&vm.mmio[0]))
		require(error == -EPERM && text[0] != '\0',
		        "what is somebody's is refused, with a reason");
	else
		require(error == 0, "what is nobody's is granted");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct multiboot_info info = { .flags = MULTIBOOT_INFO_MMAP };
	size_t at;

	if (map == NULL)
		map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
		           MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	require(map != MAP_FAILED, "there is memory below 4 GiB");
	config_machine.ports.count = config_machine.memory.count = known_count = 0;
	know(0xfec00000, 0xfecfffff);
	know(0xfed00000, 0xfed003ff);
	know(0xfee00000, 0xfeefffff);
	for (at = 0; at + OP_BYTES <= size && data[at] != 0; at += OP_BYTES)
		info.mmap_length = add_entry(info.mmap_length, data + at);
	info.mmap_addr = (uint32_t)(uintptr_t)map;
	if (reserve_machine(&info) != 0) /* the boot ends there */
		return 0;
	for (; at + OP_BYTES <= size; at += OP_BYTES)
		check(data + at);
	return 0;
}

enum { MAPS = 4000, ENTRIES = 250, CHECKS = 40 };

/* A few pages somewhere in 256M around 4G, so that a long map leaves room between its ranges. */
static void make_small(uint8_t *op)
{
	op[1] = 10;
	op[3] = 20;
	op[4] = 0;
	op[5] %= 8;
	op[6] = 12;
}

void tries(void)
{
	static uint8_t bytes[(ENTRIES + CHECKS) * OP_BYTES];
	uint32_t seed = 1;

	for (unsigned i = 0; i < MAPS; i++) {
		unsigned entries = i % 8 == 0 ? ENTRIES : i % 20;

		for (unsigned n = 0; n < sizeof(bytes); n++) {
			seed = seed * 1664525 + 1013904223;
			bytes[n] = (uint8_t)(seed >> 16);
		}
		for (unsigned n = 0; n < ENTRIES + CHECKS; n++) {
			bytes[n * OP_BYTES] = n < entries;
			if (entries == ENTRIES)
				make_small(bytes + n * OP_BYTES);
		}
		LLVMFuzzerTestOneInput(bytes, (entries + CHECKS) * OP_BYTES);
	}
	printf("memory: %d memory maps ... ok\n", MAPS);
}
