/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks at parts of the board, by ports of the guest's own: reset and A20 by the keyboard
 * controller (io=0x60,0x64), the mask of the board's NMIs (io=0x61,0x70-0x71); and the search for
 * absent devices.
 *
 * Rule: under a VMM the board stays as it is. The guest's part of such a port works as on a bare
 * machine.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/vandal/vandal.h"

enum {
	KEYBOARD_DATA = 0x60,
	KEYBOARD = 0x64,
	INPUT_FULL = 1 << 1,
	OUTPUT_FULL = 1 << 0,
	POLLS = 100000
};
/* 8042: DDh at the output port means A20 off, all else as it is. DDh is also a command of the same
 * effect. */
enum {
	READ_OUTPUT_PORT = 0xd0,
	WRITE_OUTPUT_PORT = 0xd1,
	A20_OFF = 0xdd,
	PULSE_RESET = 0xfe,
	A20 = 1 << 1
};

static void keyboard_write(uint16_t port, uint8_t value)
{
	for (unsigned i = 0; i < POLLS && io_in8(KEYBOARD) & INPUT_FULL; i++)
		;
	io_out8(port, value);
}

static uint8_t read_output_port(void)
{
	keyboard_write(KEYBOARD, READ_OUTPUT_PORT);
	for (unsigned i = 0; i < POLLS && !(io_in8(KEYBOARD) & OUTPUT_FULL); i++)
		;
	return io_in8(KEYBOARD_DATA);
}

void vandal_a20(const char *argument)
{
	uint8_t before = read_output_port();

	(void)argument;
	if (machine_is_virtual()) {
		keyboard_write(KEYBOARD, WRITE_OUTPUT_PORT);
		keyboard_write(KEYBOARD_DATA, A20_OFF);
		keyboard_write(KEYBOARD, A20_OFF);
		keyboard_write(KEYBOARD, WRITE_OUTPUT_PORT);
		io_out16(KEYBOARD_DATA, A20_OFF); /* the upper half reaches port 61h */
	}
	vandal_says(before & A20 && read_output_port() & A20, "A20 is on, and was");
}

void vandal_reset(const char *argument)
{
	(void)argument;
	vandal_goes("FEh to port 64h");
	if (machine_is_virtual())
		keyboard_write(KEYBOARD, PULSE_RESET);
	vandal_says(!machine_is_virtual(), "it goes on");
}

/* Port 61h: SERR# off, IOCHK# off; the speaker and the gate of timer 2 are the guest's. Port 70h:
 * NMIs off. */
enum {
	NMI_STATUS = 0x61,
	BOARD_OFF = 0x0c,
	SPEAKER_AND_GATE = 0x03,
	RTC_INDEX = 0x70,
	RTC_DATA = 0x71
};
enum { NMI_OFF = 0x80, REGISTER_D = 0x0d, VALID = 0x80, SCRATCH = 0x7e };

static unsigned wrong_61h(unsigned board)
{
	unsigned wrong = 0;

	for (unsigned value = 0; value < 16; value++) {
		io_out8(NMI_STATUS, (uint8_t)value);
		wrong += (io_in8(NMI_STATUS) & 0x0f) != (board | (value & SPEAKER_AND_GATE));
	}
	return wrong;
}

void vandal_nmimask(const char *argument)
{
	unsigned board = io_in8(NMI_STATUS) & BOARD_OFF, wrong = 0;

	(void)argument;
	if (machine_is_virtual())
		wrong = wrong_61h(board);
	io_out8(NMI_STATUS, (uint8_t)board);
	io_out8(RTC_INDEX, NMI_OFF | REGISTER_D);
	wrong += !(io_in8(RTC_DATA) & VALID);
	io_out16(RTC_INDEX, 0x5a00 | SCRATCH); /* index and data at once */
	wrong += io_in8(RTC_DATA) != 0x5a;
	io_out8(RTC_INDEX, REGISTER_D);
	(void)io_in8(RTC_DATA);
	vandal_says(wrong == 0, "the guest's bits of ports 61h and 70h work, %u wrong", wrong);
}

/* The ports that operating systems look at, and delay by, on every PC: no device is there. */
void vandal_probe(const char *argument)
{
	static const uint16_t absent[] = { 0x80, 0xed, 0x2e8, 0x3e9, 0x301, 0x1f0, 0x378 };
	unsigned found = 0;

	(void)argument;
	for (unsigned i = 0; i < sizeof(absent) / sizeof(absent[0]) && machine_is_virtual(); i++) {
		io_out8(absent[i], 0x55);
		found += io_in8(absent[i]) != 0xff;
		found += io_in16(absent[i]) != 0xffff;
	}
	vandal_says(found == 0, "%u devices found where none is", found);
}
