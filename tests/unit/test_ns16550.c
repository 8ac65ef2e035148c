/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550's model: register after register, cause after cause, and beside an oracle.
 *
 * Rule: the oracle is the datasheet (TL/C/8652) once more, by lists and flags. The two are compared
 * after each step of a random program. A byte takes no time, as in the model.
 */
#include "tests/unit/check.h"
#include "vmm/device/ns16550.h"

#include <stdbool.h>
#include <string.h>

enum { RBR, THR = 0, IER, IIR, FCR = 2, LCR, MCR, LSR, MSR, SCR };

static struct ns16550 u;

static int begin(void **state)
{
	(void)state;
	ns16550_reset(&u);
	return 0;
}

static uint8_t in(unsigned number)
{
	return ns16550_read(&u, number);
}

static int out(unsigned number, uint8_t value)
{
	return ns16550_write(&u, number, value);
}

static void expect_edge(enum ns16550_edge edge)
{
	assert_int_equal(ns16550_take_edge(&u), edge);
	assert_int_equal(ns16550_take_edge(&u), NS16550_STEADY);
}

static void a_reset_chip_is_empty_and_asks_for_nothing(void **state)
{
	(void)state;
	assert_int_equal(in(IER), 0);
	assert_int_equal(in(IIR), 1);
	assert_int_equal(in(LCR), 0);
	assert_int_equal(in(MCR), 0);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0); /* a terminal is there; no change */
	expect_edge(NS16550_STEADY);
}

/* drivers/tty/serial/8250 of Linux looks for the bits of later chips in this way. */
static void bits_that_the_chip_has_not_stay_0(void **state)
{
	(void)state;
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f);
	out(IER, 0);
	out(MCR, 0xff);
	assert_int_equal(in(MCR), 0x1f);
	out(MCR, 0);
	assert_int_equal(in(MSR), 0xb4); /* RI has fallen with the loop */
	out(FCR, 0x21);                  /* the 64 bytes of a 16750 */
	assert_int_equal(in(IIR), 0xc1);
	out(FCR, 0);
	assert_int_equal(in(IIR), 0x01);
	out(SCR, 0xa5);
	assert_int_equal(in(SCR), 0xa5);
	out(LSR, 0xff);
	out(MSR, 0xff);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0);
}

static void the_divisor_lies_behind_bit_7_of_lcr(void **state)
{
	(void)state;
	out(IER, 5);
	out(LCR, 0x83);
	assert_int_equal(out(0, 0x34), -1);
	out(1, 0x12);
	assert_int_equal(in(0), 0x34);
	assert_int_equal(in(1), 0x12);
	assert_int_equal(in(IIR), 1); /* the other registers are where they were */
	out(LCR, 0x03);
	assert_int_equal(in(IER), 5);
	assert_int_equal(in(LCR), 0x03);
	assert_int_equal(u.divisor[0] | u.divisor[1] << 8, 0x1234);
}

static void a_byte_goes_to_the_wire_and_the_transmitter_is_full_until_it_is_sent(void **state)
{
	(void)state;
	out(IER, 2);
	expect_edge(NS16550_ROSE); /* it is empty: the enable bit alone asks */
	assert_int_equal(out(THR, 'x'), 'x');
	expect_edge(NS16550_FELL);
	assert_int_equal(in(LSR), 0);
	assert_int_equal(in(IIR), 1);
	ns16550_sent(&u);
	expect_edge(NS16550_ROSE);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 2);
	expect_edge(NS16550_FELL); /* the read ended the cause */
	assert_int_equal(in(IIR), 1);
}

static void a_byte_that_is_sent_at_once_is_an_edge_again(void **state)
{
	(void)state;
	out(IER, 2);
	expect_edge(NS16550_ROSE);
	out(THR, 'x');
	ns16550_sent(&u);
	expect_edge(NS16550_ROSE);
}

/* As Linux asks whether a UART forgets the interrupt (UART_BUG_THRE). */
static void the_enable_bit_asks_again(void **state)
{
	(void)state;
	out(IER, 2);
	assert_int_equal(in(IIR), 2);
	out(IER, 2);
	assert_int_equal(in(IIR), 1); /* the bit has not risen */
	out(IER, 0);
	out(IER, 2);
	assert_int_equal(in(IIR), 2);
	out(THR, 'x');
	out(IER, 0);
	out(IER, 2);
	assert_int_equal(in(IIR), 1); /* the transmitter is full */
}

static void bytes_are_received_in_their_order(void **state)
{
	(void)state;
	out(FCR, 1);
	out(IER, 1);
	for (unsigned i = 0; i < NS16550_FIFO; i++) {
		assert_int_equal(ns16550_room(&u), NS16550_FIFO - i);
		ns16550_receive(&u, (uint8_t)('a' + i));
	}
	expect_edge(NS16550_ROSE);
	assert_int_equal(ns16550_room(&u), 0);
	for (unsigned i = 0; i < NS16550_FIFO; i++) {
		assert_int_equal(in(LSR), 0x61);
		assert_int_equal(in(RBR), 'a' + i);
	}
	assert_int_equal(in(LSR), 0x60);
	expect_edge(NS16550_FELL);
}

static void below_the_trigger_level_the_bytes_have_timed_out(void **state)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	(void)state;
	out(IER, 1);
	for (unsigned i = 0; i < 4; i++) {
		out(FCR, (uint8_t)(i << 6 | 3));
		for (unsigned bytes = 1; bytes <= NS16550_FIFO; bytes++) {
			ns16550_receive(&u, 'x');
			assert_int_equal(in(IIR), bytes < levels[i] ? 0xcc : 0xc4);
		}
	}
	out(FCR, 0); /* 16450: the FIFO is off, and empty */
	assert_int_equal(in(LSR), 0x60);
	ns16550_receive(&u, 'x');
	assert_int_equal(in(IIR), 4);
}

static void a_full_receiver_overruns(void **state)
{
	(void)state;
	out(IER, 4);
	ns16550_receive(&u, '1');
	ns16550_receive(&u, '2'); /* without the FIFO it takes the place of the first */
	expect_edge(NS16550_ROSE);
	assert_int_equal(in(IIR), 6);
	assert_int_equal(in(LSR), 0x63);
	expect_edge(NS16550_FELL);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), '2');
	out(FCR, 1);
	for (unsigned i = 0; i <= NS16550_FIFO; i++)
		ns16550_receive(&u, (uint8_t)('a' + i));
	assert_int_equal(in(LSR), 0x63);
	for (unsigned i = 0; i < NS16550_FIFO; i++)
		assert_int_equal(in(RBR), 'a' + i);
	assert_int_equal(in(LSR), 0x60);
}

static void the_causes_come_in_their_order(void **state)
{
	(void)state;
	out(IER, 0x0f);
	out(MCR, 0x10); /* the loop takes the terminal away: a change */
	ns16550_receive(&u, '1');
	ns16550_receive(&u, '2');
	assert_int_equal(in(IIR), 6);
	in(LSR);
	assert_int_equal(in(IIR), 4);
	in(RBR);
	assert_int_equal(in(IIR), 2);
	assert_int_equal(in(IIR), 0);
	in(MSR);
	assert_int_equal(in(IIR), 1);
}

/* Linux's autoconfig: DTR and OUT1 off, RTS and OUT2 on. */
static void in_a_loop_the_outputs_are_the_inputs(void **state)
{
	(void)state;
	out(MCR, 0x1a);
	assert_int_equal(in(MSR)&0xf0, 0x90);
	out(MCR, 0x1f);
	assert_int_equal(in(MSR), 0xf2); /* DSR has changed; RI has risen, which is no change */
	out(MCR, 0x1b);
	assert_int_equal(in(MSR), 0xb4); /* RI has fallen */
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x0b);
	out(MCR, 0);
	assert_int_equal(in(MSR), 0xbb);
	assert_int_equal(in(MSR), 0xb0);
}

static void in_a_loop_the_bytes_come_back(void **state)
{
	(void)state;
	out(FCR, 1);
	out(MCR, 0x10);
	out(IER, 3);
	assert_int_equal(out(THR, 'x'), -1);
	assert_int_equal(in(IIR), 0xc4); /* the trigger level is 1 */
	assert_int_equal(in(RBR), 'x');
	assert_int_equal(in(IIR), 0xc2);
	assert_int_equal(in(LSR), 0x60);
}

/* ---- The oracle ---- */

struct naive {
	bool wants_data, wants_empty, wants_line, wants_modem;
	bool fifos, overrun, busy, empty_cause, asks;
	unsigned level, lcr, mcr, scratch, low, high;
	uint8_t queue[64];
	unsigned length, stale;
	bool line[4], moved[4]; /* CTS, DSR, RI, DCD */
	enum ns16550_edge edge;
};

static unsigned naive_cause(const struct naive *n)
{
	if (n->overrun && n->wants_line)
		return 6;
	if (n->length > 0 && n->wants_data)
		return n->fifos && n->length < n->level ? 12 : 4;
	if (n->empty_cause && n->wants_empty)
		return 2;
	for (unsigned i = 0; i < 4; i++)
		if (n->moved[i] && n->wants_modem)
			return 0;
	return 1;
}

static void naive_look(struct naive *n)
{
	bool asks = naive_cause(n) != 1;

	if (asks && !n->asks)
		n->edge = NS16550_ROSE;
	if (!asks && n->asks)
		n->edge = NS16550_FELL;
	n->asks = asks;
}

static void naive_receive(struct naive *n, uint8_t byte)
{
	unsigned most = n->fifos ? 16 : 1;

	if (n->length < most)
		n->queue[n->length++] = byte;
	else
		n->overrun = true;
	if (!n->fifos)
		n->queue[0] = byte;
	naive_look(n);
}

static void naive_modem(struct naive *n)
{
	bool loop = n->mcr / 16 % 2;
	bool now[4] = { loop ? n->mcr / 2 % 2 : true, loop ? n->mcr % 2 : true,
		        loop ? n->mcr / 4 % 2 : false, loop ? n->mcr / 8 % 2 : true };

	for (unsigned i = 0; i < 4; i++) {
		if (i == 2 ? n->line[i] && !now[i] : n->line[i] != now[i])
			n->moved[i] = true;
		n->line[i] = now[i];
	}
}

static int naive_write(struct naive *n, unsigned number, unsigned value)
{
	int sent = -1;

	switch (number + (n->lcr >= 128 ? 10 : 0)) {
	case 10:
		n->low = value;
		break;
	case 11:
		n->high = value;
		break;
	case 0:
		n->empty_cause = false;
		naive_look(n);
		if (n->mcr >= 16) {
			naive_receive(n, (uint8_t)value);
			n->empty_cause = !n->busy;
		} else {
			n->busy = true;
			sent = (int)value;
		}
		break;
	case 1:
		if (value / 2 % 2 && !n->wants_empty)
			n->empty_cause = !n->busy;
		n->wants_data = value % 2;
		n->wants_empty = value / 2 % 2;
		n->wants_line = value / 4 % 2;
		n->wants_modem = value / 8 % 2;
		break;
	case 2:
	case 12:
		if (value % 2 != n->fifos || (value % 2 && value / 2 % 2))
			n->length = 0;
		n->fifos = value % 2;
		if (n->fifos)
			n->level = value < 64 ? 1 : value < 128 ? 4 : value < 192 ? 8 : 14;
		break;
	case 3:
	case 13:
		n->lcr = value;
		break;
	case 4:
	case 14:
		n->mcr = value % 32;
		naive_modem(n);
		break;
	case 7:
	case 17:
		n->scratch = value;
		break;
	}
	naive_look(n);
	return sent;
}

static unsigned naive_read(struct naive *n, unsigned number)
{
	unsigned value = 0;

	switch (number + (n->lcr >= 128 ? 10 : 0)) {
	case 10:
		return n->low;
	case 11:
		return n->high;
	case 0:
		value = n->length > 0 ? n->queue[0] : n->stale;
		if (n->length > 0) {
			n->length--;
			for (unsigned i = 0; i < n->length; i++)
				n->queue[i] = n->queue[i + 1];
		}
		break;
	case 1:
		return n->wants_data + 2u * n->wants_empty + 4u * n->wants_line +
		       8u * n->wants_modem;
	case 2:
	case 12:
		value = naive_cause(n);
		if (value == 2)
			n->empty_cause = false;
		value += n->fifos ? 192 : 0;
		break;
	case 3:
	case 13:
		return n->lcr;
	case 4:
	case 14:
		return n->mcr;
	case 5:
	case 15:
		value = (n->length > 0) + 2u * n->overrun + (n->busy ? 0 : 96);
		n->overrun = false;
		break;
	case 6:
	case 16:
		for (unsigned i = 0; i < 4; i++) {
			value += (n->line[i] ? 16u << i : 0) + (n->moved[i] ? 1u << i : 0);
			n->moved[i] = false;
		}
		break;
	default:
		return n->scratch;
	}
	naive_look(n);
	return value;
}

static void naive_sent(struct naive *n)
{
	n->busy = false;
	n->empty_cause = true;
	naive_look(n);
}

/* Any program of accesses, bytes and sent bytes: the same answers, the same edges. The data
 * register of an empty receiver has no defined value. */
static void step(struct naive *n, uint64_t *random)
{
	unsigned number = random_below(random, 8);
	uint8_t value = (uint8_t)random_next(random);

	if (number == LCR && random_below(random, 3) != 0)
		value &= 0x7f;
	switch (random_below(random, 6)) {
	case 0:
	case 1:
		assert_int_equal(ns16550_write(&u, number, value), naive_write(n, number, value));
		break;
	case 2:
	case 3:
		n->stale = u.data[0];
		assert_int_equal(ns16550_read(&u, number), naive_read(n, number));
		break;
	case 4:
		ns16550_receive(&u, value);
		naive_receive(n, value);
		break;
	case 5:
		if (!n->busy)
			break;
		ns16550_sent(&u);
		naive_sent(n);
	}
	assert_int_equal(ns16550_room(&u), (n->fifos ? 16 : 1) - n->length);
	if (random_below(random, 4) != 0)
		return;
	assert_int_equal(ns16550_take_edge(&u), n->edge);
	n->edge = NS16550_STEADY;
}

static void any_program_runs_as_by_the_datasheet(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct naive n = { .level = 1,
			           .low = 12,
			           .empty_cause = true,
			           .line = { true, true, false, true } };
		uint64_t random = seed;

		ns16550_reset(&u);
		for (unsigned i = 0; i < 300; i++)
			step(&n, &random);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FRESH(test) cmocka_unit_test_setup(test, begin)
		FRESH(a_reset_chip_is_empty_and_asks_for_nothing),
		FRESH(bits_that_the_chip_has_not_stay_0),
		FRESH(the_divisor_lies_behind_bit_7_of_lcr),
		FRESH(a_byte_goes_to_the_wire_and_the_transmitter_is_full_until_it_is_sent),
		FRESH(a_byte_that_is_sent_at_once_is_an_edge_again),
		FRESH(the_enable_bit_asks_again),
		FRESH(bytes_are_received_in_their_order),
		FRESH(below_the_trigger_level_the_bytes_have_timed_out),
		FRESH(a_full_receiver_overruns),
		FRESH(the_causes_come_in_their_order),
		FRESH(in_a_loop_the_outputs_are_the_inputs),
		FRESH(in_a_loop_the_bytes_come_back),
		FRESH(any_program_runs_as_by_the_datasheet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
