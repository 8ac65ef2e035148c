/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1, made of two buffers.
 *
 * Rule: it raises its interrupt as a 16550 does; a test says when bytes leave it.
 */
#ifndef TESTS_UNIT_FAKE_UART_H
#define TESTS_UNIT_FAKE_UART_H

#include <stdbool.h>
#include <stddef.h>

enum { FIFO = 16, WIRE_BYTES = 1 << 18 };

struct fake_uart {
	bool absent, stuck; /* not there; takes no bytes any more */
	bool polled;        /* whoever asks for room finds the FIFO empty by then */
	bool transmit_interrupt;
	bool empty_cause; /* THRE stands; reading IIR takes it away */
	unsigned in_fifo, room_asked;
	char keys[4096];
	size_t key_first, key_end;
	char wire[WIRE_BYTES];
	size_t sent;
};
extern struct fake_uart com1;

/* The FIFO's bytes are on the wire. */
void fifo_runs_empty(void);
/* The line's level; looking at it by IIR takes the transmitter's cause away. */
bool line_high(void);
/* Forget what was sent. */
void wire_clear(void);

#endif
