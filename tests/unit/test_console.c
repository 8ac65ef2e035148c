/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console on a UART that is made of two buffers.
 *
 * Rule: the tests are the background work; while it kit.sleeps, the UART sends.
 */
#include "tests/unit/console_kit.h"

#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"
#include "vmm/operator/console.h"
#include "vmm/operator/typing.h"

#include <errno.h>
#include <string.h>

/* ---- Transmitter ---- */

static void R14_the_transmitter_works_by_interrupt(void **state)
{
	(void)state;
	log_line("a line of more than sixteen bytes");
	assert_int_equal(com1.room_asked, 0); /* the handler alone touches the FIFO */
	assert_true(com1.transmit_interrupt);
	assert_true(line_high());
	console_interrupt();
	assert_int_equal(com1.sent, FIFO);
	let_it_run();
	assert_string_equal(com1.wire, "signalbox: a line of more than sixteen bytes\r\n");
	assert_false(com1.transmit_interrupt);
}

static void R14_the_transmitter_interrupt_is_off_when_there_is_nothing_to_send(void **state)
{
	(void)state;
	log_bytes("short", 5);
	console_interrupt();
	assert_false(com1.transmit_interrupt);
	assert_string_equal(com1.wire, "short");
	let_it_run();
	log_bytes("!\n", 2);
	let_it_run();
	assert_string_equal(com1.wire, "short!\r\n");
}

static void R14_service_goes_on_until_no_cause_stands(void **state)
{
	(void)state;
	log_bytes("0123456789abcdef0123456789abcdef0123456789abcdef", 48);
	com1.keys[0] = 'v';
	com1.key_first = 0;
	com1.key_end = 1;
	assert_true(line_high());
	console_interrupt();
	assert_false(line_high());
	assert_int_equal(com1.sent, FIFO);
	let_it_run();
	while (typing_step())
		;
	type("\x03");
	let_it_run();
}

static void text_waits_for_the_uart_and_none_is_lost(void **state)
{
	char line[65];
	uint64_t before = console_dropped();

	(void)state;
	memset(line, 'x', 63);
	line[63] = '\n';
	line[64] = '\0';
	for (unsigned i = 0; i < 500; i++)
		log_bytes(line, 64);
	assert_true(kit.sleeps > 10);
	let_it_run();
	assert_int_equal(console_dropped() - before, 0);
	assert_int_equal(com1.sent, 500 * 65);
}

/* Between an exit and an entry nobody waits. */
static void bytes_that_find_no_room_outside_of_the_work_are_counted(void **state)
{
	char line[65];
	uint64_t before = console_dropped();

	(void)state;
	work_inside = false;
	memset(line, 'x', 64);
	for (unsigned i = 0; i < 200; i++)
		log_bytes(line, 64);
	assert_int_equal(kit.sleeps, 0);
	assert_true(console_dropped() - before > 1000);
	let_it_run();
	assert_int_equal(com1.sent + (console_dropped() - before), 200 * 64);
}

static void a_uart_that_stops_while_text_waits_is_given_up(void **state)
{
	char line[65];

	(void)state;
	memset(line, 'z', 64);
	com1.stuck = true;
	for (unsigned i = 0; i < 300; i++)
		log_bytes(line, 64);
	assert_true(kit.sleeps <= 2);
	assert_int_equal(console_lines(), 0);
}

/* Each service is bounded; what is left is told, and taken by the next. */
static void R14_no_key_is_lost_however_many_come_at_once(void **state)
{
	(void)state;
	memset(com1.keys, 'k', 3000);
	com1.key_first = 0;
	com1.key_end = 3000;
	console_interrupt();
	assert_true(console_is_pending());
	assert_in_range(com1.key_first, 1, 64);
	for (unsigned services = 0; console_is_pending(); services++) {
		assert_in_range(services, 0, 200);
		console_interrupt();
	}
	assert_int_equal(com1.key_first, 3000);
	assert_false(line_high());
	while (typing_step())
		;
	type("\x03");
	let_it_run();
}

static void before_interrupts_work_the_uart_is_polled(void **state)
{
	char line[65];
	uint64_t before = console_dropped();

	(void)state;
	console_set_interrupts(false);
	memset(line, 'y', 64);
	log_bytes(line, 64);
	assert_int_equal(com1.sent, FIFO); /* what has room goes, nobody waits */
	assert_false(com1.transmit_interrupt);
	com1.polled = true;
	for (unsigned i = 0; i < 300; i++)
		log_bytes(line, 64);
	console_flush();
	assert_int_equal(com1.sent, 301 * 64);
	assert_int_equal(console_dropped() - before, 0);
}

static void a_uart_that_does_not_move_is_given_up(void **state)
{
	char line[65];

	(void)state;
	memset(line, 'z', 64);
	console_set_interrupts(false);
	com1.stuck = true;
	for (unsigned i = 0; i < 300; i++)
		log_bytes(line, 64);
	assert_true(com1.room_asked < 3 << 20);
	assert_int_equal(console_lines(), 0);
}

static void without_a_uart_there_is_no_console(void **state)
{
	(void)state;
	com1.absent = true;
	assert_int_equal(console_init("com1"), -ENODEV);
	assert_non_null(strstr(printed(), "no UART at 3f8h: the screen is the console"));
	assert_int_equal(console_poll(), -EAGAIN);
	printed_clear();
	assert_int_equal(console_init("auto"), -ENODEV);
	assert_string_equal(printed(), "");
	assert_int_equal(console_init("none"), 0);
	assert_int_equal(console_init("com7"), -EINVAL);
	com1.absent = false;
	com1.polled = true;
	assert_int_equal(console_init("vga"), 0);
	assert_int_equal(console_lines(), 0); /* a UART that is not asked for is not touched */
	assert_int_equal(console_init("auto"), 0);
	assert_int_equal(console_lines(), LINE(4));
}

static void what_was_logged_before_is_shown_at_the_start(void **state)
{
	(void)state;
	com1.absent = true;
	log_set_output(NULL);
	log_bytes("early words\n", 12);
	com1.absent = false;
	com1.polled = true;
	assert_int_equal(console_init("com1"), 0);
	console_flush();
	assert_non_null(strstr(com1.wire, "early words\r\n"));
	assert_int_equal(console_lines(), LINE(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_CONSOLE(R14_the_transmitter_works_by_interrupt),
		ON_CONSOLE(R14_the_transmitter_interrupt_is_off_when_there_is_nothing_to_send),
		ON_CONSOLE(R14_service_goes_on_until_no_cause_stands),
		ON_CONSOLE(text_waits_for_the_uart_and_none_is_lost),
		ON_CONSOLE(bytes_that_find_no_room_outside_of_the_work_are_counted),
		ON_CONSOLE(a_uart_that_stops_while_text_waits_is_given_up),
		ON_CONSOLE(R14_no_key_is_lost_however_many_come_at_once),
		ON_CONSOLE(before_interrupts_work_the_uart_is_polled),
		ON_CONSOLE(a_uart_that_does_not_move_is_given_up),
		ON_CONSOLE(without_a_uart_there_is_no_console),
		ON_CONSOLE(what_was_logged_before_is_shown_at_the_start),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
