/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550 UART (PC16550D datasheet, section 8).
 *
 * Rule: only uart_drain() waits for the line, and its wait has an end.
 */
#include "arch/x86/machine/platform.h"

#include "arch/x86/cpu/io.h"

#include <errno.h>

enum {
	RBR = 0,
	THR = 0,
	IER = 1,
	IIR = 2,
	FCR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	SCR = 7,
	DLL = 0,
	DLM = 1
};

/* IER: 3 modem status | 2 line status | 1 transmitter empty | 0 received data */
enum { IER_RECEIVE = 1 << 0, IER_TRANSMIT = 1 << 1 };
/* FCR: 7:6 receive trigger (00: one byte) | 2 clear transmit FIFO | 1 clear receive FIFO | 0 enable
 * FIFOs */
enum { FCR_ENABLE = 1 << 0, FCR_CLEAR_RECEIVE = 1 << 1, FCR_CLEAR_TRANSMIT = 1 << 2 };
/* LCR: 7 divisor latch access | 2 stop bits | 1:0 word length */
enum { LCR_8N1 = 3, LCR_DLAB = 1 << 7 };
/* MCR: 3 OUT2, which gates the interrupt to the bus in a PC | 1 RTS | 0 DTR */
enum { MCR_DTR = 1 << 0, MCR_RTS = 1 << 1, MCR_OUT2 = 1 << 3 };
/* LSR: 6 transmitter empty, shift register too | 5 THR empty | 0 data ready */
enum { LSR_DR = 1 << 0, LSR_THRE = 1 << 5, LSR_TEMT = 1 << 6 };
enum { IIR_NONE = 1 << 0 };

enum { DIVISOR_115200 = 1, FIFO_BYTES = 16 };
/* A FIFO takes 1.5 ms at 115200. An access to a port takes about 1 us on the ISA bus, and far less
 * on an emulator. */
enum { DRAIN_TRIES = 1 << 20 };

static bool uart_present(uint16_t base)
{
	io_out8(base + SCR, 0x5a);
	if (io_in8(base + SCR) != 0x5a)
		return false;
	io_out8(base + SCR, 0xa5);
	return io_in8(base + SCR) == 0xa5;
}

int uart_init(struct uart *u, uint16_t base)
{
	u->base = base;
	if (!uart_present(base))
		return -ENODEV;
	io_out8(base + IER, 0);
	io_out8(base + LCR, LCR_DLAB);
	io_out8(base + DLL, DIVISOR_115200);
	io_out8(base + DLM, 0);
	io_out8(base + LCR, LCR_8N1);
	io_out8(base + FCR, FCR_ENABLE | FCR_CLEAR_RECEIVE | FCR_CLEAR_TRANSMIT);
	io_out8(base + MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	io_in8(base + LSR); /* drop an error and a byte that the loader left */
	io_in8(base + RBR);
	io_out8(base + IER, IER_RECEIVE);
	return 0;
}

int uart_read(struct uart *u)
{
	if (!(io_in8(u->base + LSR) & LSR_DR))
		return -EAGAIN;
	return io_in8(u->base + RBR);
}

unsigned uart_room(struct uart *u)
{
	return io_in8(u->base + LSR) & LSR_THRE ? FIFO_BYTES : 0;
}

void uart_write(struct uart *u, const char *bytes, unsigned count)
{
	io_out8_string(u->base + THR, bytes, count);
}

void uart_transmit_interrupt(struct uart *u, bool on)
{
	io_out8(u->base + IER, on ? IER_RECEIVE | IER_TRANSMIT : IER_RECEIVE);
}

bool uart_interrupt_pending(struct uart *u)
{
	return !(io_in8(u->base + IIR) & IIR_NONE);
}

void uart_drain(struct uart *u)
{
	for (unsigned i = 0; i < DRAIN_TRIES; i++)
		if (io_in8(u->base + LSR) & LSR_TEMT)
			return;
}
