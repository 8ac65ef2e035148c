/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UART (16550) of a guest: COM1 polled for text on the bare machine, COM2 as a device that
 * interrupts.
 *
 * Rule: a port that answers FFh counts as missing, and text for the port is dropped.
 */
#ifndef GUESTS_LIB_UART_H
#define GUESTS_LIB_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UART_COM1 = 0x3f8, UART_COM2 = 0x2f8, UART_COM2_LINE = 3 };

/* Registers, offsets from the base (PC16550D datasheet, Table II). */
enum {
	UART_THR = 0,
	UART_IER = 1,
	UART_IIR = 2,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5
};
enum { UART_IER_THRI = 1 << 1, UART_LSR_THRE = 1 << 5, UART_LSR_TEMT = 1 << 6 };
/* IIR: bit 0 clear = an interrupt is pending, bits 3:1 give the cause. A read of IIR ends the
 * transmitter's interrupt. */
enum { UART_IIR_CAUSE = 0x0f, UART_IIR_NONE = 1, UART_IIR_THRE = 2 };

/* Sets 115200 8N1, no FIFO, interrupts off at the UART but the interrupt output (OUT2) connected.
 * Returns false if there is no UART. */
bool uart_init(uint16_t base);
/* Sets another speed: 115200 divided by a whole number. Speeds that do not divide 115200 are
 * rounded up. */
void uart_speed(uint16_t base, uint32_t baud);
void uart_write(uint16_t base, const char *text, size_t size);
/* Waits until the last bit has left. */
void uart_drain(uint16_t base);

#endif
