/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard controller's driver, on a controller of the test's own.
 *
 * Rule: time passes with each access to a port, so that a wait with no end is seen.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/keyboard.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <string.h>

enum { ACCESS_US = 1, PATIENCE_US = 2000000, MOUSE = 0x100 /* a byte of the mouse's */ };

uint64_t fake_tsc;

static struct {
	bool absent, mute, deaf; /* no controller; no keyboard; the input is never empty */
	unsigned output[64], first, end;
	uint8_t configuration;
	uint8_t command; /* that waits for a byte at port 60h; 0: the byte is the keyboard's */
	bool mouse_off, keyboard_off, sends;
} c;

uint64_t tsc_from_us(uint64_t us)
{
	return us;
}

static void put_out(unsigned byte)
{
	assert_in_range(c.end, 0, 63);
	c.output[c.end++] = byte;
}

uint8_t io_in8(uint16_t port)
{
	fake_tsc += ACCESS_US;
	if (c.absent)
		return 0xff;
	bool full = c.first < c.end;

	if (port == KEYBOARD_CONTROL)
		return (uint8_t)((full ? 1 | (c.output[c.first] & MOUSE ? 1 << 5 : 0) : 0) |
		                 (c.deaf ? 2 : 0));
	assert_int_equal(port, KEYBOARD_DATA);
	return full ? (uint8_t)c.output[c.first++] : 0;
}

static void take_command(uint8_t command)
{
	c.command = 0;
	if (command == 0xa7)
		c.mouse_off = true;
	else if (command == 0xad)
		c.keyboard_off = true;
	else if (command == 0xae)
		c.keyboard_off = false;
	else if (command == 0x20)
		put_out(c.configuration);
	else
		c.command = command;
}

void io_out8(uint16_t port, uint8_t value)
{
	fake_tsc += ACCESS_US;
	assert_false(c.deaf || c.absent);
	if (port == KEYBOARD_CONTROL) {
		take_command(value);
	} else if (c.command == 0x60) {
		c.configuration = value;
		c.command = 0;
	} else {
		assert_int_equal(value, 0xf4);
		assert_false(c.keyboard_off);
		c.sends = true;
		if (!c.mute)
			put_out(0xfa);
	}
}

static int begin(void **state)
{
	(void)state;
	memset(&c, 0, sizeof(c));
	/* both interrupts' states wrong, the keyboard's clock held, no translation */
	c.configuration = 0x12;
	return 0;
}

static void it_is_made_ready(void **state)
{
	(void)state;
	assert_int_equal(keyboard_init(), 0);
	assert_int_equal(c.configuration, 0x41); /* translated, IRQ1 on, IRQ12 off */
	assert_true(c.mouse_off && c.sends && !c.keyboard_off);
	assert_int_equal(keyboard_read(), -EAGAIN);
}

static void what_was_typed_before_is_dropped(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		put_out(i < 10 ? 0x1e : MOUSE | 0x08);
	assert_int_equal(keyboard_init(), 0);
	assert_int_equal(keyboard_read(), -EAGAIN);
}

static void nothing_that_is_missing_is_waited_for_long(void **state)
{
	(void)state;
	uint64_t begun = fake_tsc;

	c.absent = true;
	assert_int_equal(keyboard_init(), -ENODEV);
	assert_int_equal(keyboard_read(), -EAGAIN);
	begin(NULL);
	c.mute = true;
	assert_int_equal(keyboard_init(), -ENODEV);
	begin(NULL);
	c.deaf = true;
	assert_int_equal(keyboard_init(), -ENODEV);
	assert_in_range(fake_tsc - begun, 0, PATIENCE_US);
}

static void bytes_come_in_order_and_the_mouses_do_not(void **state)
{
	(void)state;
	assert_int_equal(keyboard_init(), 0);
	put_out(MOUSE | 0x08);
	put_out(0x1e);
	put_out(MOUSE | 0x01);
	put_out(0x9e);
	assert_int_equal(keyboard_read(), 0x1e);
	assert_int_equal(keyboard_read(), 0x9e);
	assert_int_equal(keyboard_read(), -EAGAIN);
}

static void a_mouse_that_never_ends_holds_nobody(void **state)
{
	(void)state;
	assert_int_equal(keyboard_init(), 0);
	for (unsigned i = 0; i < 40; i++)
		put_out(MOUSE);
	unsigned before = c.first;

	assert_int_equal(keyboard_read(), -EAGAIN);
	assert_int_equal(c.first - before, KEYBOARD_LOOKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_is_made_ready, begin),
		cmocka_unit_test_setup(what_was_typed_before_is_dropped, begin),
		cmocka_unit_test_setup(nothing_that_is_missing_is_waited_for_long, begin),
		cmocka_unit_test_setup(bytes_come_in_order_and_the_mouses_do_not, begin),
		cmocka_unit_test_setup(a_mouse_that_never_ends_holds_nobody, begin),
	};

	return cmocka_run_group_tests_name("keyboard", tests, NULL, NULL);
}
