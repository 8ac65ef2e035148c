/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack with a UART whose line another VM has as well. Words: port=0x2f8; n=2000 bytes; busy=1:
 * no HLT; busy=2: no HLT, and a PAUSE directly behind the STI; linger=1: seconds of listening to
 * the line after the stream; input=3: the line's input of the controller; late=1: bytes go by
 * loopback to the receiver, whose FIFO reports the bytes four characters' time later, whichever VM
 * has the processor then.
 *
 * Rule: each interrupt carries the stream on, so a lost interrupt shows as a stall. An interrupt
 * without a cause here is the other VM's.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/vandal/vandal.h"

/* PC16550D datasheet, 8.4 and 8.6.1: the receiver's trigger is 14 bytes, so the timeout reports a
 * single byte. */
enum { UART_RBR = 0, FCR_FIFO = 0xc1, IER_RDI = 1 << 0, MCR_LOOP = 1 << 4, IIR_TIMEOUT = 0x0c };

enum { STREAM_BYTES = 2000, STALL_MS = 1000, STALLS_MAX = 5 };

static uint16_t uart;
static uint32_t wanted;
static bool late;
static volatile uint32_t causes, handled, idle;
static uint64_t last, longest; /* the last interrupt's TSC; the longest time between two */

static void handle_uart(uint64_t tsc)
{
	if ((io_in8(uart + UART_IIR) & UART_IIR_CAUSE) != (late ? IIR_TIMEOUT : UART_IIR_THRE)) {
		idle++; /* an interrupt of the other VM, whose UART has the same line */
		return;
	}
	if (late)
		io_in8(uart + UART_RBR);
	if (tsc - last > longest)
		longest = tsc - last;
	last = tsc;
	handled++;
	if (handled < wanted) {
		causes++; /* the cause that the end of this byte will be */
		io_out8(uart + UART_THR, (uint8_t)handled);
	} else {
		io_out8(uart + UART_IER, 0);
	}
}

/* Interrupts are off at the call and at the return. */
static void wait_for_interrupt(unsigned busy)
{
	if (busy == 2) {
		__asm__ volatile("sti; pause; cli" : : : "memory");
	} else if (busy) {
		cpu_take_interrupts();
	} else {
		cpu_sleep();
		cpu_interrupts_off();
	}
}

/* Makes the first cause, or after a stall the next cause. */
static void start(void)
{
	io_out8(uart + UART_IER, 0);
	io_out8(uart + UART_IER, late ? IER_RDI : UART_IER_THRI);
	if (late)
		io_out8(uart + UART_THR, 0);
}

void vandal_stream(const char *argument)
{
	unsigned input = (unsigned)args_number("input", UART_COM2_LINE) % TRAP_LINES;
	unsigned busy = (unsigned)args_number("busy", 0);
	uint32_t lost = 0, before = 0;

	uart = (uint16_t)vandal_number(argument, "port", UART_COM2);
	wanted = (uint32_t)args_number("n", STREAM_BYTES);
	handled = idle = 0;
	longest = 0;
	if (!uart_init(uart)) {
		vandal_says(false, "no UART at %xh to try it with", uart);
		return;
	}
	late = args_number("late", 0) != 0;
	if (late) {
		io_out8(uart + UART_FCR, FCR_FIFO);
		io_out8(uart + UART_MCR, MCR_LOOP);
	}
	irq_install(input, handle_uart);
	pic_unmask(input);
	causes = 1; /* THR is empty, or a byte is on its way */
	last = cpu_tsc();
	start();
	for (uint64_t moved = cpu_tsc(); handled < wanted && lost < STALLS_MAX;) {
		wait_for_interrupt(busy);
		if (handled != before) {
			before = handled;
			moved = cpu_tsc();
		} else if (clock_over(moved, STALL_MS)) {
			lost++;
			start();
			moved = cpu_tsc();
		}
	}
	for (uint64_t start = cpu_tsc(), ms = args_number("linger", 0) * 1000;
	     !clock_over(start, ms);)
		wait_for_interrupt(busy);
	pic_mask(input);
	machine_print("count line=%u handled=%u sent=%u lost=%u idle=%u longest_us=%lu\n",
	              UART_COM2_LINE, (unsigned)handled, (unsigned)causes, (unsigned)lost,
	              (unsigned)idle, (unsigned long)(longest * 1000 / clock_khz()));
	vandal_says(handled == causes && handled == wanted && lost == 0,
	            "%u of %u bytes by interrupt, %u stalls", (unsigned)handled, (unsigned)wanted,
	            (unsigned)lost);
}
