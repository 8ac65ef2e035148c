/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UART (16550) of a guest.
 *
 * Rule: see uart.h.
 */
#include "guests/lib/uart.h"

#include "arch/x86/cpu/io.h"

enum { BAUD_MOST = 115200 };
enum {
	LCR_8N1 = 0x03,
	LCR_DLAB = 0x80,
	MCR_DTR = 1,
	MCR_RTS = 2,
	MCR_OUT2 = 8,
	DIVISOR_115200 = 1,
	MISSING = 0xff
};

static void set_divisor(uint16_t base, uint32_t divisor)
{
	io_out8(base + UART_LCR, LCR_DLAB);
	io_out8(base + 0, (uint8_t)divisor);
	io_out8(base + 1, (uint8_t)(divisor >> 8));
	io_out8(base + UART_LCR, LCR_8N1);
}

bool uart_init(uint16_t base)
{
	io_out8(base + UART_IER, 0);
	set_divisor(base, DIVISOR_115200);
	io_out8(base + UART_FCR, 0);
	io_out8(base + UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	io_in8(base + UART_IIR);
	return io_in8(base + UART_LSR) != MISSING;
}

void uart_speed(uint16_t base, uint32_t baud)
{
	set_divisor(base, baud == 0 || baud >= BAUD_MOST ? 1 : BAUD_MOST / baud);
}

static void wait(uint16_t base, uint8_t bit)
{
	/* FFh, the answer of a missing UART, has every bit set. */
	while (!(io_in8(base + UART_LSR) & bit))
		;
}

void uart_write(uint16_t base, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n') {
			wait(base, UART_LSR_THRE);
			io_out8(base + UART_THR, '\r');
		}
		wait(base, UART_LSR_THRE);
		io_out8(base + UART_THR, (uint8_t)text[i]);
	}
}

void uart_drain(uint16_t base)
{
	wait(base, UART_LSR_TEMT);
}
