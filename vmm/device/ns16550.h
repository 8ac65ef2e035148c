/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of a 16550 UART (National Semiconductor PC16550D, TL/C/8652).
 *
 * Rule: a pure state machine. The model has no clock, so a byte takes no time on the wire: a
 * received byte that is below the FIFO's trigger level counts as timed out at once. The caller
 * moves the bytes, and says when the transmitter is empty again. The model knows no port, no VM and
 * no interrupt controller.
 */
#ifndef VMM_DEVICE_NS16550_H
#define VMM_DEVICE_NS16550_H

#include <stdbool.h>
#include <stdint.h>

enum { NS16550_REGISTERS = 8, NS16550_FIFO = 16 };

/* What the interrupt output has done. A fall with a rise behind it is a rise. */
enum ns16550_edge { NS16550_STEADY, NS16550_FELL, NS16550_ROSE };

struct ns16550 {
	/* The registers that hold a value, by their numbers: IER, LCR, MCR, MSR, the scratch
	 * register. The others stay 0. */
	uint8_t value[NS16550_REGISTERS];
	uint8_t divisor[2];
	bool fifo;        /* FCR bit 0 */
	uint8_t trigger;  /* FCR bits 7:6 */
	bool overrun;     /* LSR bit 1 */
	bool full;        /* the transmitter has no room: LSR bits 6:5 are 0 */
	bool emptied;     /* the cause "transmitter holding register empty" stands */
	bool interrupt;   /* the interrupt output */
	uint8_t edge;     /* enum ns16550_edge, since the last ns16550_take_edge() */
	uint8_t received; /* bytes in data[] */
	uint8_t data[NS16550_FIFO];
};

/* Brings the chip to its state after a master reset (table II). Call it before all else. */
void ns16550_reset(struct ns16550 *u);
/* Does the guest's read of a register, 0 to 7. Returns the value. */
uint8_t ns16550_read(struct ns16550 *u, unsigned number);
/* Does the guest's write of a register. Returns the byte that goes to the wire, or -1 where none
 * goes. With such a byte the transmitter is full until ns16550_sent(). */
int ns16550_write(struct ns16550 *u, unsigned number, uint8_t value);
/* The transmitter has room for NS16550_FIFO bytes again. Call it after a byte went to the wire, as
 * soon as there is room for more. */
void ns16550_sent(struct ns16550 *u);
/* Returns how many bytes the receiver has room for. */
unsigned ns16550_room(const struct ns16550 *u);
/* A byte comes from the wire. Without room the byte is lost, or takes the place of the byte before
 * it (FIFO off), and the guest finds the overrun. */
void ns16550_receive(struct ns16550 *u, uint8_t byte);
/* Returns what the interrupt output has done since the last call. Call it after the others. */
enum ns16550_edge ns16550_take_edge(struct ns16550 *u);

#endif
