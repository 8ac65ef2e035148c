/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks at foreign ports, foreign memory and configuration space, and calls of the VMM with false
 * arguments.
 *
 * Rule: under a VMM, foreign ports and memory read as all ones, and writes have no effect. A call
 * with false arguments is refused.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/vandal/ring3.h"
#include "guests/vandal/vandal.h"

#include <errno.h>

void vandal_port(const char *argument)
{
	uint16_t port = (uint16_t)vandal_number(argument, "port", 0x3f8);
	uint8_t byte = io_in8(port);
	uint16_t word = io_in16(port);
	uint32_t both = io_in32(port);

	if (machine_is_virtual())
		io_out8(port, 0x55);
	vandal_says(!machine_is_virtual() || (byte == 0xff && word == 0xffff && both == 0xffffffff),
	            "port %lxh reads %lx, %lx, %lx", (unsigned long)port, (unsigned long)byte,
	            (unsigned long)word, (unsigned long)both);
}

void vandal_memory(const char *argument)
{
	uint64_t address = vandal_number(argument, "memory", 0xfee00000);
	volatile uint32_t *foreign = machine_window(address & ~3ul);
	uint32_t value = *foreign;

	if (machine_is_virtual())
		*foreign = 0x55555555;
	vandal_says(!machine_is_virtual() || value == 0xffffffff, "memory at %lx reads %lx",
	            address, (unsigned long)value);
}

/* A breakpoint at an address where another guest or the VMM executes. kind=1: the breakpoint is one
 * on writes, and stays. No breakpoint here hits this guest. */
void vandal_breakpoint(const char *argument)
{
	enum { DR7_OFF = 0x400, TYPE_SHIFT = 16, ROUNDS = 2000 };
	const uint64_t address = vandal_number(argument, "breakpoint", 0);
	const uint64_t kind = args_number("kind", 0), start = cpu_tsc();
	unsigned rounds = 0;

	__asm__ volatile("mov %0, %%dr0" : : "r"(address));
	do {
		__asm__ volatile("mov %0, %%dr7" : : "r"(kind << TYPE_SHIFT | DR7_OFF | 1));
		for (unsigned i = 0; i < ROUNDS; i++)
			(void)cpu_id(0, 0);
		if (kind == 0)
			__asm__ volatile("mov %0, %%dr7" : : "r"((uint64_t)DR7_OFF));
		rounds++;
	} while (!vandal_time_over(start, NULL));
	vandal_says(true, "%u breakpoints at %lx, and none hit here", rounds, address);
}

void vandal_pci(const char *argument)
{
	enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, DEVICES = 32 };
	unsigned found = 0;
	uint32_t first = 0xffffffff;

	(void)argument;
	for (uint32_t device = 0; device < DEVICES; device++) {
		io_out32(CONFIG_ADDRESS, 0x80000000 | device << 11);
		uint32_t id = io_in32(CONFIG_DATA);

		if (id == 0xffffffff)
			continue;
		found++;
		first = first == 0xffffffff ? id : first;
	}
	vandal_says(!machine_is_virtual() || found == 0, "%u PCI functions show, the first is %lx",
	            found, (unsigned long)first);
}

void vandal_call(const char *argument)
{
	static const uint64_t nowhere[] = { 0xfffffffffffffff8, 0x8000000000000000, 0x40000000,
		                            0xffffffff, 0xfee00000 };
	static struct sb_result result;
	unsigned tried = 0, granted = 0;

	(void)argument;
	if (!machine_is_virtual()) {
		vandal_says(true, "there is no VMM to call");
		return;
	}
	static const uint64_t numbers[] = { 0, 8, 1000, 0x8000000000000000, UINT64_MAX };
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++, tried++)
		granted += machine_call(numbers[i], 0, 0, 0) >= 0;
	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++, tried += 4) {
		granted += machine_call(SB_CALL_PRINT, nowhere[i], 16, 0) >= 0;
		granted += machine_call(SB_CALL_STATUS, nowhere[i], 16, 0) >= 0;
		granted += machine_call(SB_CALL_RESULT, nowhere[i], 0, 0) >= 0;
		granted += machine_call(SB_CALL_COUNTERS, nowhere[i], 0, 0) >= 0;
	}
	uint64_t mine = (uint64_t)(uintptr_t)&result;
	granted += machine_call(SB_CALL_PRINT, mine, SB_PRINT_MAX + 1, 0) >= 0;
	granted += machine_call(SB_CALL_PRINT, mine, UINT64_MAX, 0) >= 0;
	granted += machine_call(SB_CALL_STATUS, mine, SB_STATUS_MAX + 1, 0) >= 0;
	granted += machine_call(SB_CALL_STATUS, mine, 1ul << 32, 0) >= 0;
	tried += 4;
	vandal_says(granted == 0, "%u calls that lie, %u of them granted", tried, granted);
}

/* A program of the guest's own calls the VMM itself, with every call number. SB_CALL_EXIT would end
 * the guest. */
void vandal_ring3(const char *argument)
{
	unsigned tried = 0, wrong = 0;

	(void)argument;
	if (!machine_is_virtual()) {
		vandal_says(true, "there is no VMM to call");
		return;
	}
	ring3_open();
	for (uint64_t number = 0; number <= SB_CALL_RAN + 1; number++, tried++)
		wrong += ring3_call(number) != -EPERM;
	for (unsigned i = 0; i < RING3_MEMORY; i++)
		wrong += ring3_memory[i] != 0;
	vandal_says(wrong == 0, "%u calls from ring 3, %u not refused", tried, wrong);
}
