/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the guest.
 *
 * Rule: see machine.h.
 */
#include "guests/lib/machine.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/multiboot.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PRINT_TRIES = 200000 };
enum { PRINT_MAX = 256 };

/* Bochs: a read of the debug port answers the port's own number. */
enum { PORT_BOCHS_DEBUG = 0xe9, PORT_BOCHS_SHUTDOWN = 0x8900, PORT_QEMU_EXIT = 0xf4 };
/* QEMU's firmware configuration: item 0 reads "QEMU". */
enum { PORT_FW_CFG_SELECT = 0x510, PORT_FW_CFG_DATA = 0x511, FW_CFG_SIGNATURE = 0 };

extern uint64_t page_window[512];
void guest_start(uint32_t magic, const struct multiboot_info *info);

static bool is_virtual;
static struct machine_ram ram;
bool machine_by_vmmcall;
static const char *unit = "cycles";
static uint32_t unit_ticks;

int64_t machine_call(uint64_t call, uint64_t b, uint64_t c, uint64_t d)
{
	int64_t answer = -1;

	if (is_virtual && machine_by_vmmcall)
		__asm__ volatile("vmmcall"
		                 : "=a"(answer)
		                 : "a"(call), "b"(b), "c"(c), "d"(d)
		                 : "memory", "cc");
	else if (is_virtual)
		__asm__ volatile("vmcall"
		                 : "=a"(answer)
		                 : "a"(call), "b"(b), "c"(c), "d"(d)
		                 : "memory", "cc");
	return answer;
}

static uint64_t address(const volatile void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* ---- Start ---- */

static void find_machine(void)
{
	struct cpuid c = cpu_id(SB_CPUID_LEAF, 0);
	char wanted[16];

	is_virtual = memcmp(&c.ebx, SB_SIGNATURE, 4) == 0 &&
	             memcmp(&c.ecx, SB_SIGNATURE + 4, 4) == 0 &&
	             memcmp(&c.edx, SB_SIGNATURE + 8, 4) == 0;
	machine_by_vmmcall = is_virtual && cpu_id(SB_CPUID_TSC, 0).ebx & SB_CPUID_VMMCALL;
	bool counts = is_virtual ? cpu_id(SB_CPUID_TSC, 0).ebx & SB_CPUID_COUNTS
	                         : io_in8(PORT_BOCHS_DEBUG) == PORT_BOCHS_DEBUG;
	if (counts)
		unit = "instructions";
	if (args_text("unit", wanted, sizeof(wanted)))
		unit = strcmp(wanted, "instructions") == 0 ? "instructions" : "cycles";
	unit_ticks = (uint32_t)args_number("ticks", 1);
	if (unit_ticks == 0)
		unit_ticks = 1;
}

static void read_map(const struct multiboot_info *info)
{
	uint64_t at = info->mmap_addr, end = at + info->mmap_length;

	while (info->flags & MULTIBOOT_INFO_MMAP && at < end) {
		const struct multiboot_mmap *m = (const struct multiboot_mmap *)at;
		if (m->type == MULTIBOOT_RAM && m->address >> 32 == 0)
			ram.low = m->address + m->length;
		else if (m->type == MULTIBOOT_RAM) {
			ram.first = m->address;
			ram.bytes = m->length;
		}
		at += m->size + sizeof(m->size);
	}
}

const struct machine_ram *machine_high_ram(void)
{
	return &ram;
}

/* Called from start.S. The loader's structures are read here once: no code reserves their
 * memory. */
void guest_start(uint32_t magic, const struct multiboot_info *info)
{
	traps_init();
	if (magic == MULTIBOOT_BOOT_MAGIC && info->flags & MULTIBOOT_INFO_CMDLINE)
		args_init((const char *)(uintptr_t)info->cmdline);
	if (magic == MULTIBOOT_BOOT_MAGIC)
		read_map(info);
	find_machine();
	if (!is_virtual)
		uart_init(UART_COM1);
	clock_init();
	machine_exit(guest_main());
}

bool machine_is_virtual(void)
{
	return is_virtual;
}

const char *machine_unit(void)
{
	return unit;
}

uint32_t machine_unit_ticks(void)
{
	return unit_ticks;
}

/* ---- Text ---- */

static size_t format_text(char *text, size_t size, const char *format, va_list list)
{
	int length = vsnprintf(text, size, format, list);

	if (length < 0)
		return 0;
	return (size_t)length < size ? (size_t)length : size - 1;
}

void machine_print(const char *format, ...)
{
	char text[PRINT_MAX];
	va_list list;

	va_start(list, format);
	size_t length = format_text(text, sizeof(text), format, list);
	va_end(list);

	if (!is_virtual) {
		uart_write(UART_COM1, text, length);
		return;
	}
	/* The VM has too much text under way: the console gets the processor, and the guest prints
	 * the text again. */
	for (unsigned tries = 0; tries < PRINT_TRIES; tries++) {
		if (machine_call(SB_CALL_PRINT, address(text), length, 0) != -EAGAIN)
			return;
		machine_yield();
	}
}

void machine_status(const char *format, ...)
{
	char text[SB_STATUS_MAX + 1];
	va_list list;

	if (!is_virtual)
		return;
	va_start(list, format);
	size_t length = format_text(text, sizeof(text), format, list);
	va_end(list);
	machine_call(SB_CALL_STATUS, address(text), length, 0);
}

/* ---- Calls ---- */

void machine_result(const struct sb_result *result)
{
	machine_call(SB_CALL_RESULT, address(result), 0, 0);
}

void machine_counters(struct sb_counters *counters)
{
	memset(counters, 0, sizeof(*counters));
	machine_call(SB_CALL_COUNTERS, address(counters), 0, 0);
}

uint64_t machine_ran(void)
{
	return machine_is_virtual() ? (uint64_t)machine_call(SB_CALL_RAN, 0, 0, 0) : cpu_tsc();
}

void machine_yield(void)
{
	machine_call(SB_CALL_YIELD, 0, 0, 0);
}

/* ---- End ---- */

static bool is_qemu(void)
{
	char signature[4];

	io_out16(PORT_FW_CFG_SELECT, FW_CFG_SIGNATURE);
	for (unsigned i = 0; i < sizeof(signature); i++)
		signature[i] = (char)io_in8(PORT_FW_CFG_DATA);
	return memcmp(signature, "QEMU", sizeof(signature)) == 0;
}

void machine_exit(int status)
{
	cpu_interrupts_off();
	machine_call(SB_CALL_EXIT, (uint64_t)status, 0, 0);

	machine_print("end: status %d\n", status);
	uart_drain(UART_COM1);
	for (const char *c = "Shutdown"; *c != '\0'; c++)
		io_out8(PORT_BOCHS_SHUTDOWN, (uint8_t)*c);
	if (is_qemu())
		io_out8(PORT_QEMU_EXIT, (uint8_t)status);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- Foreign memory ---- */

/*
 * Page directory entry of a 2 MiB page (SDM 3A 4.5)
 *
 *   51          21  7  4    3    1   0
 *    address        PS PCD  PWT  R/W P
 */
enum { PAGE_PRESENT = 1 << 0, PAGE_WRITABLE = 1 << 1, PAGE_UNCACHED = 3 << 3, PAGE_LARGE = 1 << 7 };
#define PAGE_LARGE_BYTES 0x200000ul
#define WINDOW_ADDRESS 0x40000000ul /* start.S: the second GiB */

volatile void *machine_window(uint64_t physical)
{
	page_window[0] = (physical & ~(PAGE_LARGE_BYTES - 1)) | PAGE_LARGE | PAGE_UNCACHED |
	                 PAGE_WRITABLE | PAGE_PRESENT;
	cr3_write(cr3_read());
	return (volatile void *)(WINDOW_ADDRESS + (physical & (PAGE_LARGE_BYTES - 1)));
}
