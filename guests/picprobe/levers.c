/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The levers: the devices that drive the lines, and how each device drives its line.
 *
 * Rule: see levers.h. The code waits for a device that answers late, and keeps a device from
 * requests of its own.
 */
#include "guests/picprobe/levers.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/uart.h"

#include <stddef.h>

static void wait_us(uint64_t us)
{
	uint64_t start = cpu_tsc(), ticks = clock_khz() * us / 1000;

	while (cpu_tsc() - start < ticks)
		cpu_pause();
}

/* ---- Line 0: the PIT's channel 0 (8254) ---- */

/*
 * Control word: 7:6 channel 0 | 5:4 = 3 low byte, then high byte | 3:1 mode | 0 binary. Mode 0: OUT
 * is low until the end of the count, 55 ms for 65536. Mode 3: OUT is high for the first half of the
 * count, 27 ms.
 */
enum { PIT_COUNTER = 0x40, PIT_CONTROL = 0x43, PIT_MODE_0 = 0x30, PIT_MODE_3 = 0x36 };

static void pit_move(bool high)
{
	io_out8(PIT_CONTROL, high ? PIT_MODE_3 : PIT_MODE_0);
	io_out8(PIT_COUNTER, 0);
	io_out8(PIT_COUNTER, 0);
	if (!high)
		io_out8(PIT_CONTROL,
		        /* and wait for a count: by the 8254's datasheet OUT stays low until a count
		         * comes */
		        PIT_MODE_0);
}

/* ---- Lines 1 and 12: the keyboard controller (8042) ---- */

/* Commands D2h and D3h put the next byte into the output buffer, like a byte of the keyboard or
 * mouse. A read ends the request. */
enum { KBC_DATA = 0x60, KBC_COMMAND = 0x64 };
enum {
	KBC_WRITE_MODE = 0x60,
	KBC_AUX_OFF = 0xa7,
	KBC_KEYBOARD_OFF = 0xad,
	KBC_AS_KEYBOARD = 0xd2,
	KBC_AS_AUX = 0xd3
};
enum { KBC_OUTPUT_FULL = 1 << 0, KBC_INPUT_FULL = 1 << 1 };
/* Interrupts of both. In some controllers a keyboard whose clock is off has no interrupt, and the
 * keyboard sends no byte anyway. */
enum { KBC_MODE_INTERRUPTS = 0x03, KBC_MODE_AUX_OFF = 0x20 };
enum { KBC_TRIES = 10000, KBC_LATE_US = 400 };

static void kbc_wait(uint8_t bit, bool set)
{
	for (unsigned i = 0; i < KBC_TRIES && !!(io_in8(KBC_COMMAND) & bit) != set; i++)
		cpu_pause();
}

static void kbc_write(uint16_t port, uint8_t value)
{
	kbc_wait(KBC_INPUT_FULL, false);
	io_out8(port, value);
}

static void kbc_empty(void)
{
	for (unsigned i = 0; i < KBC_TRIES && io_in8(KBC_COMMAND) & KBC_OUTPUT_FULL; i++)
		io_in8(KBC_DATA);
}

static void kbc_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	kbc_write(KBC_COMMAND, KBC_KEYBOARD_OFF);
	kbc_write(KBC_COMMAND, KBC_AUX_OFF);
	kbc_empty();
	kbc_write(KBC_COMMAND, KBC_WRITE_MODE);
	kbc_write(KBC_DATA, KBC_MODE_INTERRUPTS | KBC_MODE_AUX_OFF);
	kbc_empty();
}

static void kbc_move(uint8_t command, bool high)
{
	if (high) {
		kbc_write(KBC_COMMAND, command);
		kbc_write(KBC_DATA, 0);
		kbc_wait(KBC_OUTPUT_FULL, true);
	} else {
		io_in8(KBC_DATA);
	}
	/* an emulator's controller may request only when the byte's time on the wire is over */
	wait_us(KBC_LATE_US);
}

static void keyboard_move(bool high)
{
	kbc_move(KBC_AS_KEYBOARD, high);
}

static void aux_move(bool high)
{
	kbc_move(KBC_AS_AUX, high);
}

/* ---- Line 3: COM2 (16550) ---- */

/* The transmitter is empty and stays empty: its interrupt is there exactly while the interrupt is
 * enabled. */
static void com2_init(void)
{
	uart_init(UART_COM2);
}

static void com2_move(bool high)
{
	io_out8(UART_COM2 + UART_IER, high ? UART_IER_THRI : 0);
}

/* ---- Line 8: the RTC (MC146818A) ---- */

/*
 * Register A: 6:4 = 2 divider on | 3:0 rate, 3: 8192 Hz, 0: none. Register B: 6 periodic interrupt
 * | 1 24 hours. Register C: the flag; a read ends the request. After a single period there is no
 * further period: the line stays high.
 */
enum { RTC_INDEX = 0x70, RTC_DATA = 0x71, RTC_A = 0x0a, RTC_B = 0x0b, RTC_C = 0x0c };
enum { RTC_A_8192_HZ = 0x23, RTC_A_NONE = 0x20, RTC_B_PERIODIC = 0x42, RTC_PERIODS_US = 400 };

static void rtc_write(uint8_t index, uint8_t value)
{
	io_out8(RTC_INDEX, index);
	io_out8(RTC_DATA, value);
}

static void rtc_move(bool high)
{
	if (high) {
		rtc_write(RTC_A, RTC_A_8192_HZ);
		wait_us(RTC_PERIODS_US);
	}
	rtc_write(RTC_A, RTC_A_NONE);
	if (!high) {
		io_out8(RTC_INDEX, RTC_C);
		io_in8(RTC_DATA);
	}
}

static void rtc_init(void)
{
	rtc_write(RTC_A, RTC_A_NONE);
	rtc_write(RTC_B, RTC_B_PERIODIC);
}

/* ---- Lines 14 and 15: the IDE channels ---- */

/* CHECK POWER MODE ends with a request, whether the drive knows the command or not. A read of the
 * status register ends the request. */
enum {
	IDE_COMMAND = 7,
	IDE_STATUS = 7,
	IDE_CHECK_POWER_MODE = 0xe5,
	IDE_DRIVE = 6,
	IDE_MASTER = 0xa0
};
enum {
	IDE_1 = 0x1f0,
	IDE_1_CONTROL = 0x3f6,
	IDE_2 = 0x170,
	IDE_2_CONTROL = 0x376,
	IDE_BUSY = 0x80,
	IDE_TRIES = 10000
};

static void ide_init(uint16_t base, uint16_t control)
{
	io_out8(control, 0); /* interrupts on */
	io_out8(base + IDE_DRIVE, IDE_MASTER);
}

static void ide_move(uint16_t base, uint16_t control, bool high)
{
	if (high) {
		io_out8(base + IDE_COMMAND, IDE_CHECK_POWER_MODE);
		/* The alternate status has the same value, and a read of it ends no request. */
		for (unsigned i = 0; i < IDE_TRIES && io_in8(control) & IDE_BUSY; i++)
			cpu_pause();
	} else {
		io_in8(base + IDE_STATUS);
	}
}

static void ide_1_init(void)
{
	ide_init(IDE_1, IDE_1_CONTROL);
}

static void ide_1_move(bool high)
{
	ide_move(IDE_1, IDE_1_CONTROL, high);
}

static void ide_2_init(void)
{
	ide_init(IDE_2, IDE_2_CONTROL);
}

static void ide_2_move(bool high)
{
	ide_move(IDE_2, IDE_2_CONTROL, high);
}

/* ---- All of them ---- */

static const struct {
	const char *name;
	void (*init)(void);
	void (*move)(bool high);
} levers[16] = {
	[0] = { "PIT", NULL, pit_move },
	[1] = { "keyboard", kbc_init, keyboard_move },
	[3] = { "COM2", com2_init, com2_move },
	[8] = { "RTC", rtc_init, rtc_move },
	[12] = { "mouse", kbc_init, aux_move },
	[14] = { "IDE 1", ide_1_init, ide_1_move },
	[15] = { "IDE 2", ide_2_init, ide_2_move },
};
enum { LEVERS = sizeof(levers) / sizeof(levers[0]) };

const char *lever_name(unsigned line)
{
	return levers[line].name;
}

void lever_move(unsigned line, bool high)
{
	levers[line].move(high);
}

void levers_low(uint16_t lines)
{
	for (unsigned line = 0; line < LEVERS; line++)
		if (lines >> line & 1)
			levers[line].move(false);
}

void levers_init(uint16_t lines)
{
	for (unsigned line = 0; line < LEVERS; line++)
		if (lines >> line & 1 && levers[line].init != NULL)
			levers[line].init();
	levers_low(lines);
}
