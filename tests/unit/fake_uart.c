/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1, made of two buffers. See the header for the rule.
 */
#include "tests/unit/fake_uart.h"

#include "tests/unit/check.h"

#include "arch/x86/machine/platform.h"

#include <errno.h>

struct fake_uart com1;

int uart_init(struct uart *u, uint16_t base)
{
	u->base = base;
	com1.transmit_interrupt = com1.empty_cause = false;
	com1.in_fifo = 0;
	return com1.absent ? -ENODEV : 0;
}

int uart_read(struct uart *u)
{
	(void)u;
	return com1.key_first < com1.key_end ? com1.keys[com1.key_first++] : -EAGAIN;
}

void fifo_runs_empty(void)
{
	if (com1.in_fifo == 0 || com1.stuck)
		return;
	com1.in_fifo = 0;
	com1.empty_cause = com1.transmit_interrupt;
}

unsigned uart_room(struct uart *u)
{
	(void)u;
	com1.room_asked++;
	if (com1.polled)
		fifo_runs_empty();
	return com1.in_fifo == 0 ? FIFO : 0;
}

static void uart_put(struct uart *u, char c)
{
	(void)u;
	assert_true(com1.in_fifo < FIFO);
	assert_true(com1.sent < WIRE_BYTES - 1);
	com1.in_fifo++;
	com1.empty_cause = false;
	com1.wire[com1.sent++] = c;
	com1.wire[com1.sent] = '\0';
}

void uart_write(struct uart *u, const char *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		uart_put(u, bytes[i]);
}

void uart_transmit_interrupt(struct uart *u, bool on)
{
	(void)u;
	if (on && !com1.transmit_interrupt)
		com1.empty_cause = com1.in_fifo == 0;
	com1.transmit_interrupt = on;
	if (!on)
		com1.empty_cause = false;
}

bool line_high(void)
{
	return com1.key_first < com1.key_end || com1.empty_cause;
}

bool uart_interrupt_pending(struct uart *u)
{
	(void)u;
	if (com1.key_first < com1.key_end)
		return true;
	bool cause = com1.empty_cause;
	com1.empty_cause = false;
	return cause;
}

void uart_drain(struct uart *u)
{
	(void)u;
	fifo_runs_empty();
}

void wire_clear(void)
{
	com1.sent = 0;
	com1.wire[0] = '\0';
}
