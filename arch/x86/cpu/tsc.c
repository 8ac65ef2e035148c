/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time-stamp counter's rate, measured against channel 2 of the PIT (82C54), whose output drives
 * no interrupt line.
 *
 * Rule: port 61h is left unchanged, except for the gate of channel 2, which ends low.
 */
#include "arch/x86/machine/platform.h"

#include "arch/x86/cpu/hypervisor.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"

enum { PIT_HZ = 1193182, PIT_CHANNEL2 = 0x42, PIT_CONTROL = 0x43 };

/* Control word: 7:6 channel | 5:4 access (3: low byte, then high) | 3:1 mode (0: OUT rises at the
 * end) | 0 BCD */
enum { PIT_SELECT2_WORD_MODE0 = 2 << 6 | 3 << 4 };

/* Port 61h: 5 OUT of channel 2 (read only) | 1 speaker data | 0 gate of channel 2 */
enum { SYSTEM_PORT_B = 0x61, GATE2 = 1 << 0, SPEAKER = 1 << 1, OUT2 = 1 << 5, WRITABLE = 0x0f };

enum { WINDOW_MS = 10, WINDOW_COUNT = PIT_HZ * WINDOW_MS / 1000 };
enum { SHARED_WINDOWS = 3, TRIES = 1 << 22, KHZ_LEAST = 1000, KHZ_DEFAULT = 1000000 };

/* Returns the TSC ticks while channel 2 counts WINDOW_COUNT, or 0 when the channel's output never
 * rises. */
static uint64_t window_measure(void)
{
	uint8_t before = io_in8(SYSTEM_PORT_B) & WRITABLE & ~(GATE2 | SPEAKER);
	uint64_t ticks = 0;

	io_out8(SYSTEM_PORT_B, before);
	io_out8(PIT_CONTROL, PIT_SELECT2_WORD_MODE0);
	io_out8(PIT_CHANNEL2, WINDOW_COUNT & 0xff);
	io_out8(PIT_CHANNEL2, WINDOW_COUNT >> 8);
	uint64_t start = cpu_tsc();

	io_out8(SYSTEM_PORT_B, before | GATE2);
	for (unsigned i = 0; i < TRIES; i++) {
		if (io_in8(SYSTEM_PORT_B) & OUT2) {
			ticks = cpu_tsc() - start;
			break;
		}
	}
	io_out8(SYSTEM_PORT_B, before);
	return ticks;
}

/* Returns the rate from CPUID, or 0. Leaf 15h gives crystal and ratio, leaf 16h the base frequency
 * in MHz (SDM 2A, CPUID). */
static uint64_t khz_from_cpuid(void)
{
	uint32_t most = cpu_id(0, 0).eax;

	if (most >= 0x15) {
		struct cpuid c = cpu_id(0x15, 0);

		if (c.eax && c.ebx && c.ecx)
			return (uint64_t)c.ecx * c.ebx / c.eax / 1000;
	}
	return most >= 0x16 ? (uint64_t)(cpu_id(0x16, 0).eax & 0xffff) * 1000 : 0;
}

/* Returns the ticks of a window. Above another hypervisor the machine may stand still between the
 * window's end and its detection, so the shortest of several windows counts. */
static uint64_t measure(void)
{
	bool shared = cpu_id(1, 0).ecx & CPUID_ECX_HYPERVISOR;
	uint64_t least = window_measure();

	for (unsigned i = 1; shared && i < SHARED_WINDOWS; i++) {
		uint64_t ticks = window_measure();
		least = ticks < least ? ticks : least;
	}
	return least;
}

void tsc_calibrate(void)
{
	uint64_t khz = measure() / WINDOW_MS;

	if (khz < KHZ_LEAST) {
		khz = khz_from_cpuid();
		log_line("no PIT to measure the TSC with: taking %s",
		         khz ? "CPUID's word" : "1 GHz");
	}
	platform.tsc_khz = khz ? khz : KHZ_DEFAULT;
}

/* In two parts: for long times the product of both at once would not fit 64 bits. */
uint64_t tsc_from_us(uint64_t us)
{
	return us / 1000 * platform.tsc_khz + us % 1000 * platform.tsc_khz / 1000;
}

uint64_t tsc_to_us(uint64_t ticks)
{
	uint64_t khz = platform.tsc_khz ? platform.tsc_khz : KHZ_DEFAULT;

	return ticks / khz * 1000 + ticks % khz * 1000 / khz;
}
