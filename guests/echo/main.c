/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: a small system that has a 16550 at COM1 and no other device, and works by its interrupts
 * (line 4). echo sends lines, then sends back each line that is typed, until the line "end". Words:
 * lines=200 keys=1.
 *
 * Rule: no byte is sent or received but in the handler, and the processor sleeps meanwhile. So a
 * lost interrupt is a run without an end.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/report.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"

#include <stdio.h>
#include <string.h>

enum { COM1_LINE = 4, FIFO = 16, RING = 4096, LINE_MAX = 128 };
enum { IER_RECEIVED = 1, FCR_ON_LEVEL_8 = 0x81, IIR_FIFO = 0xc0, LSR_READY = 1, LSR_OVERRUN = 2 };
enum { LCR_8N1 = 3, MCR_READY = 0x0b, MCR_LOOP = 0x10 };

/* The bytes that are to be sent, and the bytes that were typed. */
static struct ring {
	char bytes[RING];
	volatile uint32_t head, tail;
} out, in;
static volatile uint32_t interrupts, idle, overruns;

static void out_register(unsigned number, uint8_t value)
{
	io_out8((uint16_t)(UART_COM1 + number), value);
}

static uint8_t in_register(unsigned number)
{
	return io_in8((uint16_t)(UART_COM1 + number));
}

static void enable(bool transmitter)
{
	out_register(UART_IER, transmitter ? IER_RECEIVED | UART_IER_THRI : IER_RECEIVED);
}

/* The transmitter is empty: the FIFO takes FIFO bytes. */
static void fill(void)
{
	for (unsigned i = 0; i < FIFO && out.tail != out.head; i++)
		out_register(UART_THR, (uint8_t)out.bytes[out.tail++ % RING]);
	if (out.tail == out.head)
		enable(false);
}

/* Takes an interrupt. Call with interrupts off. */
static void wait(void)
{
	cpu_sleep();
	cpu_interrupts_off();
}

/* Sends text. Call with interrupts off. */
static void put(const char *text)
{
	for (; *text != '\0'; text++) {
		while (out.head - out.tail == RING)
			wait();
		out.bytes[out.head++ % RING] = *text;
	}
	enable(true);
}

/* A cause after the other, until none stands: the line's next rise is an edge. */
static void handle(uint64_t tsc)
{
	unsigned cause = in_register(UART_IIR) & UART_IIR_CAUSE;

	(void)tsc;
	interrupts++;
	idle += cause == UART_IIR_NONE;
	for (; cause != UART_IIR_NONE; cause = in_register(UART_IIR) & UART_IIR_CAUSE) {
		uint8_t status = in_register(UART_LSR);
		overruns += (status & LSR_OVERRUN) != 0;
		for (; status & LSR_READY; status = in_register(UART_LSR))
			in.bytes[in.head++ % RING] = (char)in_register(UART_THR);
		if (cause == UART_IIR_THRE)
			fill();
	}
}

static void sleep_until_sent(void)
{
	while (out.tail != out.head)
		wait();
}

static char read_key(void)
{
	while (in.tail == in.head)
		wait();
	return in.bytes[in.tail++ % RING];
}

/* Waits for a typed line and puts it into text, without its end. */
static void read_line(char text[LINE_MAX])
{
	unsigned length = 0;

	for (char c = read_key(); c != '\r'; c = read_key())
		if (length < LINE_MAX - 1)
			text[length++] = c;
	text[length] = '\0';
}

static bool begin(void)
{
	out_register(UART_IER, 0);
	out_register(UART_LCR, LCR_8N1);
	out_register(UART_FCR, FCR_ON_LEVEL_8);
	out_register(UART_MCR, MCR_READY);
	bool there = (in_register(UART_IIR) & IIR_FIFO) == IIR_FIFO;
	report(there, "a 16550 with its FIFOs", "IIR is %x", in_register(UART_IIR));
	return there;
}

/* A byte in the chip's own loop: the interrupt comes, and nothing is on the wire. */
static void test_loop(void)
{
	out_register(UART_MCR, MCR_READY | MCR_LOOP);
	enable(false);
	out_register(UART_THR, 'x');
	while (in.head == 0)
		wait();
	out_register(UART_MCR, MCR_READY);
	report(in.head == 1 && in.bytes[0] == 'x' && interrupts == 1,
	       "a byte comes back in the loop, by one interrupt", "%u bytes, %u interrupts",
	       (unsigned)in.head, (unsigned)interrupts);
	in.head = interrupts = 0;
}

static void send_lines(uint32_t lines)
{
	char text[80];

	for (uint32_t i = 1; i <= lines; i++) {
		snprintf(text, sizeof(text), "line %u of %u by the 16550\r\n", (unsigned)i,
		         (unsigned)lines);
		put(text);
		sleep_until_sent();
	}
	report(interrupts >= lines, "each line is sent by interrupts", "%u", (unsigned)interrupts);
	machine_print("count sent=%u interrupts=%u idle=%u\n", (unsigned)out.head,
	              (unsigned)interrupts, (unsigned)idle);
}

static void answer_keys(void)
{
	char text[LINE_MAX] = "";

	put("type a line; the line 'end' ends this guest\r\n");
	while (strcmp(text, "end") != 0) {
		read_line(text);
		put("echo: ");
		put(text);
		put("\r\n");
	}
	sleep_until_sent();
	machine_print("count received=%u interrupts=%u idle=%u overruns=%u\n", (unsigned)in.head,
	              (unsigned)interrupts, (unsigned)idle, (unsigned)overruns);
}

int guest_main(void)
{
	uint32_t lines = (uint32_t)args_number("lines", 200);

	pic_init(PIC_BASE, PIC_EOI_NON_SPECIFIC);
	if (!begin())
		return report_end("echo");
	irq_install(COM1_LINE, handle);
	pic_unmask(COM1_LINE);
	cpu_interrupts_off();
	test_loop();
	send_lines(lines);
	if (args_number("keys", 1) != 0)
		answer_keys();
	out_register(UART_IER, 0);
	uint32_t foreign = irq_count_all() - irq_count(COM1_LINE);
	report(foreign == 0 && irq_count_spurious() == 0, "no interrupt but its own",
	       "%u foreign, %u spurious", (unsigned)foreign, (unsigned)irq_count_spurious());
	report(idle == 0, "no interrupt without a cause", "%u of %u", (unsigned)idle,
	       (unsigned)interrupts);
	report(overruns == 0, "no key overruns the receiver", "%u", (unsigned)overruns);
	return report_end("echo");
}
