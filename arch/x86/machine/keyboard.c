/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard controller (8042) and the keyboard behind it. See the header for the rule.
 *
 *   status (port 64h)        7 parity | 6 time-out | 5 byte is the mouse's | 1 input full |
 *   0 output full
 *   configuration (20h, 60h) 6 translate to set 1 | 5 mouse off | 4 keyboard off | 1 IRQ12 | 0 IRQ1
 *
 * (IBM PS/2 Technical Reference, keyboard and auxiliary device controller)
 */
#include "arch/x86/machine/keyboard.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>

enum { OUTPUT_FULL = 1 << 0, INPUT_FULL = 1 << 1, FROM_MOUSE = 1 << 5, NOTHING_THERE = 0xff };
enum { READ_CONFIGURATION = 0x20, WRITE_CONFIGURATION = 0x60 };
enum { DISABLE_MOUSE = 0xa7, DISABLE_KEYBOARD = 0xad, ENABLE_KEYBOARD = 0xae };
enum {
	CONFIG_IRQ1 = 1 << 0,
	CONFIG_IRQ12 = 1 << 1,
	CONFIG_OFF = 1 << 4,
	CONFIG_TRANSLATE = 1 << 6
};
enum { ENABLE_SENDING = 0xf4, ACKNOWLEDGE = 0xfa };
enum { PATIENCE_US = 50000, LEFT_OVER = 32 /* bytes that a controller may hold, and more */ };

static bool wait_for(uint8_t bits, uint8_t value)
{
	uint64_t begun = cpu_tsc(), patience = tsc_from_us(PATIENCE_US);

	do
		if ((io_in8(KEYBOARD_CONTROL) & bits) == value)
			return true;
	while (cpu_tsc() - begun < patience);
	return false;
}

static bool send(uint16_t port, uint8_t value)
{
	if (!wait_for(INPUT_FULL, 0))
		return false;
	io_out8(port, value);
	return true;
}

/* Returns the next byte from either device, or -EAGAIN when no byte comes. */
static int receive(void)
{
	return wait_for(OUTPUT_FULL, OUTPUT_FULL) ? io_in8(KEYBOARD_DATA) : -EAGAIN;
}

static void drop_left_over(void)
{
	for (unsigned i = 0; i < LEFT_OVER && io_in8(KEYBOARD_CONTROL) & OUTPUT_FULL; i++)
		(void)io_in8(KEYBOARD_DATA);
}

static bool configure(void)
{
	int before;

	if (!send(KEYBOARD_CONTROL, DISABLE_KEYBOARD) || !send(KEYBOARD_CONTROL, DISABLE_MOUSE))
		return false;
	drop_left_over();
	if (!send(KEYBOARD_CONTROL, READ_CONFIGURATION) || (before = receive()) < 0)
		return false;
	int wanted = (before | CONFIG_IRQ1 | CONFIG_TRANSLATE) & ~(CONFIG_IRQ12 | CONFIG_OFF);

	return send(KEYBOARD_CONTROL, WRITE_CONFIGURATION) &&
	       send(KEYBOARD_DATA, (uint8_t)wanted) && send(KEYBOARD_CONTROL, ENABLE_KEYBOARD);
}

/* Returns true when the keyboard acknowledges. A key struck meanwhile comes before the answer, and
 * is lost. */
static bool keyboard_answers(void)
{
	int answer = 0;

	if (!send(KEYBOARD_DATA, ENABLE_SENDING))
		return false;
	for (unsigned i = 0; i < LEFT_OVER && answer >= 0 && answer != ACKNOWLEDGE; i++)
		answer = receive();
	return answer == ACKNOWLEDGE;
}

int keyboard_init(void)
{
	if (io_in8(KEYBOARD_CONTROL) == NOTHING_THERE)
		return -ENODEV;
	return configure() && keyboard_answers() ? 0 : -ENODEV;
}

int keyboard_read(void)
{
	for (unsigned i = 0; i < KEYBOARD_LOOKS; i++) {
		uint8_t status = io_in8(KEYBOARD_CONTROL);

		if (!(status & OUTPUT_FULL) || status == NOTHING_THERE)
			return -EAGAIN;
		uint8_t byte = io_in8(KEYBOARD_DATA);

		if (!(status & FROM_MOUSE))
			return byte;
	}
	return -EAGAIN;
}
