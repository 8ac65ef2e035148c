/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 16550. See the header for the rule. Sections and tables are the datasheet's (TL/C/8652, 8.0).
 */
#include "vmm/device/ns16550.h"

#include <string.h>

/* The registers. The divisor latch lies at 0 and 1 while LCR bit 7 is set (8.1). */
enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };
enum { LCR_DIVISOR = 0x80 };
/* 8.6  IER: 3 modem status | 2 line status | 1 transmitter empty | 0 received data */
enum { IER_DATA = 0x01, IER_EMPTY = 0x02, IER_LINE = 0x04, IER_MODEM = 0x08, IER_BITS = 0x0f };
/* 8.5  IIR: 7:6 FIFOs on | 3:1 cause | 0 no cause. Table V, the highest priority first. */
enum {
	IIR_LINE = 0x06,
	IIR_DATA = 0x04,
	IIR_TIMEOUT = 0x0c,
	IIR_EMPTY = 0x02,
	IIR_MODEM = 0x00,
	IIR_NONE = 0x01,
	IIR_FIFO = 0xc0
};
/* 8.4  FCR: 7:6 trigger level | 1 clear the receiver | 0 FIFOs on */
enum { FCR_ON = 0x01, FCR_CLEAR = 0x02, FCR_TRIGGER_SHIFT = 6 };
/* 8.7  MCR: 4 loop | 3 OUT2 | 2 OUT1 | 1 RTS | 0 DTR */
enum { MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08, MCR_LOOP = 0x10 };
enum { MCR_BITS = 0x1f };
/* 8.3  LSR: 6 transmitter and holding register empty | 5 holding register empty | 1 overrun |
 * 0 data ready */
enum { LSR_READY = 0x01, LSR_OVERRUN = 0x02, LSR_EMPTY = 0x60 };
/* 8.8  MSR: 7 DCD | 6 RI | 5 DSR | 4 CTS | 3:0 changed, of RI: fallen */
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80, MSR_CHANGES = 0x0f };
enum { MSR_LEVELS_SHIFT = 4 };

static unsigned trigger_level(const struct ns16550 *u)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return u->fifo ? levels[u->trigger] : 1;
}

/* Returns the cause with the highest priority, as IIR shows it. */
static uint8_t cause(const struct ns16550 *u)
{
	if (u->value[IER] & IER_LINE && u->overrun)
		return IIR_LINE;
	if (u->value[IER] & IER_DATA && u->received != 0)
		return u->received >= trigger_level(u) ? IIR_DATA : IIR_TIMEOUT;
	if (u->value[IER] & IER_EMPTY && u->emptied)
		return IIR_EMPTY;
	if (u->value[IER] & IER_MODEM && u->value[MSR] & MSR_CHANGES)
		return IIR_MODEM;
	return IIR_NONE;
}

/* Brings the interrupt output up to date. */
static void settle(struct ns16550 *u)
{
	bool now = cause(u) != IIR_NONE;

	if (now != u->interrupt)
		u->edge = now ? NS16550_ROSE : NS16550_FELL;
	u->interrupt = now;
}

/* The modem's lines: a terminal that is there, or in a loop the chip's own outputs (8.7). */
static uint8_t modem_levels(const struct ns16550 *u)
{
	if (!(u->value[MCR] & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (uint8_t)((u->value[MCR] & MCR_RTS ? MSR_CTS : 0) |
	                 (u->value[MCR] & MCR_DTR ? MSR_DSR : 0) |
	                 (u->value[MCR] & MCR_OUT1 ? MSR_RI : 0) |
	                 (u->value[MCR] & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_modem_control(struct ns16550 *u, uint8_t value)
{
	u->value[MCR] = value & MCR_BITS;
	uint8_t levels = modem_levels(u);
	uint8_t changed = (uint8_t)((u->value[MSR] ^ levels) & ~(levels & MSR_RI)) >>
	                  MSR_LEVELS_SHIFT;
	u->value[MSR] = (uint8_t)(levels | (u->value[MSR] & MSR_CHANGES) | changed);
}

static void write_fifo_control(struct ns16550 *u, uint8_t value)
{
	bool on = value & FCR_ON;

	if (on != u->fifo || (on && value & FCR_CLEAR))
		u->received = 0;
	u->fifo = on;
	if (on) /* else the other bits are not programmed */
		u->trigger = value >> FCR_TRIGGER_SHIFT;
}

/* The interrupt comes when the enable bit rises, too: that is how a driver begins to send. */
static void write_interrupt_enable(struct ns16550 *u, uint8_t value)
{
	if (value & ~u->value[IER] & IER_EMPTY)
		u->emptied = !u->full;
	u->value[IER] = value & IER_BITS;
}

static int transmit(struct ns16550 *u, uint8_t byte)
{
	u->emptied = false;
	settle(u); /* the next rise of the output is an edge */
	if (!(u->value[MCR] & MCR_LOOP)) {
		u->full = true;
		return byte;
	}
	ns16550_receive(u, byte);
	u->emptied = !u->full;
	return -1;
}

int ns16550_write(struct ns16550 *u, unsigned number, uint8_t value)
{
	int sent = -1;

	if (number <= IER && u->value[LCR] & LCR_DIVISOR) {
		u->divisor[number] = value;
		return sent;
	}
	if (number == DATA)
		sent = transmit(u, value);
	else if (number == IER)
		write_interrupt_enable(u, value);
	else if (number == IIR_FCR)
		write_fifo_control(u, value);
	else if (number == MCR)
		write_modem_control(u, value);
	else if (number != LSR && number != MSR) /* LCR, SCRATCH */
		u->value[number] = value;
	settle(u);
	return sent;
}

static uint8_t read_data(struct ns16550 *u)
{
	uint8_t byte = u->data[0];

	if (u->received != 0) {
		u->received--;
		memmove(u->data, u->data + 1, sizeof(u->data) - 1);
	}
	return byte;
}

/* "Reading the IIR" is one of the two ways to reset the cause of the empty transmitter. */
static uint8_t read_cause(struct ns16550 *u)
{
	uint8_t now = cause(u);

	if (now == IIR_EMPTY)
		u->emptied = false;
	return u->fifo ? now | IIR_FIFO : now;
}

static uint8_t read_line_status(struct ns16550 *u)
{
	uint8_t value = (uint8_t)((u->received ? LSR_READY : 0) | (u->overrun ? LSR_OVERRUN : 0) |
	                          (u->full ? 0 : LSR_EMPTY));

	u->overrun = false;
	return value;
}

uint8_t ns16550_read(struct ns16550 *u, unsigned number)
{
	uint8_t value = u->value[number];

	if (number <= IER && u->value[LCR] & LCR_DIVISOR)
		return u->divisor[number];
	if (number == DATA)
		value = read_data(u);
	else if (number == IIR_FCR)
		value = read_cause(u);
	else if (number == LSR)
		value = read_line_status(u);
	else if (number == MSR)
		u->value[MSR] &= (uint8_t)~MSR_CHANGES;
	settle(u);
	return value;
}

void ns16550_sent(struct ns16550 *u)
{
	u->full = false;
	u->emptied = true;
	settle(u);
}

unsigned ns16550_room(const struct ns16550 *u)
{
	return (u->fifo ? NS16550_FIFO : 1) - u->received;
}

void ns16550_receive(struct ns16550 *u, uint8_t byte)
{
	if (ns16550_room(u) != 0)
		u->data[u->received++] = byte;
	else {
		u->overrun = true;
		if (!u->fifo)
			u->data[0] = byte;
	}
	settle(u);
}

enum ns16550_edge ns16550_take_edge(struct ns16550 *u)
{
	enum ns16550_edge edge = u->edge;

	u->edge = NS16550_STEADY;
	return edge;
}

void ns16550_reset(struct ns16550 *u)
{
	*u = (struct ns16550){ /* 9,600 baud */
		               .divisor = { 12 },
		               .emptied = true
	};
	u->value[MSR] = modem_levels(u);
}
