/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end: powers off, so that an emulator ends with a status and a PC goes dark.
 *
 * Rule: an emulator's own exit is used only when the emulator is proven. Every wait has an end.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"

/* Bochs: this word, written to the port, ends the emulator with status 1. */
enum { BOCHS_SHUTDOWN_PORT = 0x8900 };
/* QEMU: item 0 of the firmware configuration device reads "QEMU". isa-debug-exit ends with status
 * 2n + 1. */
enum {
	FW_CFG_SELECT = 0x510,
	FW_CFG_DATA = 0x511,
	FW_CFG_SIGNATURE = 0,
	DEBUG_EXIT = 0xf4,
	DEBUG_EXIT_DEFAULT = 0x501,
};

/* CPUID.1: an emulator or a hypervisor announces itself. */
#define CPUID_ECX_HYPERVISOR (1u << 31)

/*
 * PM1 control (ACPI specification 6.4, 4.8.3.2.1)
 *   13 SLP_EN | 12:10 SLP_TYP | 0 SCI_EN: the machine is in ACPI mode
 */
enum { PM1_SCI_EN = 1 << 0, PM1_SLP_TYP = 7 << 10, PM1_SLP_TYP_SHIFT = 10, PM1_SLP_EN = 1 << 13 };

enum { ACPI_MODE_MS = 500, S5_MS = 2000 };

/* Waits until done() returns true, at most ms milliseconds. Without a measured rate a TSC tick
 * counts as a nanosecond. */
static void wait_ms(unsigned ms, bool (*done)(void))
{
	uint64_t khz = platform.tsc_khz ? platform.tsc_khz : 1000000;
	uint64_t start = cpu_tsc();

	while (cpu_tsc() - start < ms * khz && !done())
		__asm__ volatile("pause");
}

static bool never(void)
{
	return false;
}

static bool acpi_mode_on(void)
{
	return io_in16(platform.pm1a_control) & PM1_SCI_EN;
}

static void sleep_enter(uint16_t port, uint16_t slp_typ)
{
	uint16_t value = (uint16_t)((io_in16(port) & ~PM1_SLP_TYP) | slp_typ << PM1_SLP_TYP_SHIFT |
	                            PM1_SLP_EN);

	io_out16(port, value);
}

/* Enters ACPI S5. Returns when the machine stays on. */
static void acpi_power_off(void)
{
	if (!platform.can_power_off)
		return;
	if (platform.smi_command && platform.acpi_enable && !acpi_mode_on()) {
		io_out8(platform.smi_command, platform.acpi_enable);
		wait_ms(ACPI_MODE_MS, acpi_mode_on);
	}
	sleep_enter(platform.pm1a_control, platform.slp_typ_a);
	if (platform.pm1b_control)
		sleep_enter(platform.pm1b_control, platform.slp_typ_b);
	wait_ms(S5_MS, never);
}

/* Returns true under QEMU. CPUID comes first, because on hardware another device may have these
 * ports. */
static bool qemu_present(void)
{
	static const char signature[] = "QEMU";

	if (!(cpu_id(1, 0).ecx & CPUID_ECX_HYPERVISOR))
		return false;
	io_out16(FW_CFG_SELECT, FW_CFG_SIGNATURE);
	for (unsigned i = 0; i < sizeof(signature) - 1; i++)
		if (io_in8(FW_CFG_DATA) != (uint8_t)signature[i])
			return false;
	return true;
}

/* Ends Bochs. With magic_break on, Bochs's debugger takes XCHG BX, BX as a breakpoint, so its
 * script can end the run with status 0. */
static void bochs_power_off(int status)
{
	if (status == 0)
		__asm__ volatile("xchg %%bx, %%bx" : : : "memory");
	for (const char *c = "Shutdown"; *c; c++)
		io_out8(BOCHS_SHUTDOWN_PORT, (uint8_t)*c);
}

static void qemu_exit(int status)
{
	io_out8(DEBUG_EXIT, (uint8_t)status);
	io_out32(DEBUG_EXIT_DEFAULT, (uint32_t)status);
}

static void (*wait_before)(void);

void power_off_after(void (*wait)(void))
{
	wait_before = wait;
}

/* Calls the wait function once. A panic during the wait does not wait again. */
static void wait_once(void)
{
	void (*wait)(void) = wait_before;

	wait_before = NULL;
	if (wait != NULL)
		wait();
}

_Noreturn void power_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void power_off(int status)
{
	__asm__ volatile("cli");
	wait_once();
	if (platform.bochs)
		bochs_power_off(status);
	if (status != 0 && qemu_present()) /* S5 would end QEMU with status 0 */
		qemu_exit(status);
	acpi_power_off();
	if (qemu_present())
		qemu_exit(status);
	log_line("the machine can be switched off now");
	power_halt();
}
