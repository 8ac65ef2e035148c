/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's UART: COM2, whose transmitter interrupts on line 3.
 *
 * Rule: an interrupt has exactly one cause here: the transmitter's holding register is empty while
 * the transmitter's interrupt is enabled. Reading IIR takes the cause away. Writing THR takes the
 * cause away until the byte has moved on. An emulator's byte may move on at once. So a stream has
 * at most twice the bytes that the line could carry in a tick, or no other code would ever run.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/pulse/pulse.h"

enum { PING_TIMEOUT_MS = 200, BAUD_MOST = 115200, BITS_PER_BYTE = 10 };

/* full: this tick's bytes are out; the stream goes on in the next tick */
static bool present, full;
static uint32_t bytes_per_second = BAUD_MOST / BITS_PER_BYTE, in_this_tick;
static volatile bool streaming, pinging;
static volatile uint32_t ping_latency, ping_start;
static struct stream_count count; /* changed with interrupts off only */
static uint32_t watched;

static void send_next(void)
{
	in_this_tick++;
	count.causes++; /* the cause that the end of this byte will be */
	io_out8(UART_COM2 + UART_THR, (uint8_t)count.handled);
}

static void handle_com2(uint64_t tsc)
{
	if ((io_in8(UART_COM2 + UART_IIR) & UART_IIR_CAUSE) != UART_IIR_THRE) {
		count.idle++;
		return;
	}
	if (pinging) {
		ping_latency = (uint32_t)tsc - ping_start;
		io_out8(UART_COM2 + UART_IER, 0);
		pinging = false;
		return;
	}
	count.handled++;
	if (streaming && in_this_tick < 2 * bytes_per_second / tick_hz() + 2)
		send_next();
	else
		full = streaming;
}

void com2_tick(void)
{
	in_this_tick = 0;
	if (full && streaming)
		send_next();
	full = false;
}

bool com2_init(uint32_t baud)
{
	present = uart_init(UART_COM2);
	if (present)
		uart_speed(UART_COM2, baud);
	if (baud != 0 && baud < BAUD_MOST)
		bytes_per_second = baud / BITS_PER_BYTE;
	irq_install(UART_COM2_LINE, handle_com2);
	if (present)
		pic_unmask(UART_COM2_LINE);
	return present;
}

/* The OUT that enables the interrupt asserts the line at once, as THR is empty. The TSC is read
 * three moves before the OUT. */
static inline void assert_line(void)
{
	__asm__ volatile("rdtsc\n\t"
	                 "movl %%eax, %0\n\t"
	                 "movl %1, %%edx\n\t"
	                 "movb %2, %%al\n\t"
	                 "outb %%al, %%dx"
	                 : "=m"(ping_start)
	                 : "i"(UART_COM2 + UART_IER), "i"(UART_IER_THRI)
	                 : "eax", "edx", "memory");
}

int64_t com2_ping(void)
{
	uint64_t start = cpu_tsc(), patience = tick_tsc(PING_TIMEOUT_MS);

	if (!present)
		return -1;
	while (!(io_in8(UART_COM2 + UART_LSR) & UART_LSR_THRE))
		;
	pinging = true;
	assert_line();
	while (pinging && cpu_tsc() - start < patience)
		;
	if (!pinging)
		return ping_latency;
	pinging = false;
	io_out8(UART_COM2 + UART_IER, 0);
	count.lost++;
	return -1;
}

int64_t com2_ping_served(void)
{
	int64_t latency = com2_ping();

	return latency < 0 ? latency : (int64_t)(uint32_t)((uint32_t)cpu_tsc() - ping_start);
}

static void start_stream(void)
{
	/* THR is empty: enabling the interrupt is the first cause. */
	count.causes++;
	io_out8(UART_COM2 + UART_IER, UART_IER_THRI);
}

void com2_stream(bool on)
{
	uint64_t flags = cpu_save();

	if (on && present && !streaming) {
		streaming = true;
		start_stream();
	} else if (!on) {
		streaming = false; /* the interrupt of the last byte ends the stream */
	}
	cpu_restore(flags);
}

void com2_watch(void)
{
	uint64_t flags = cpu_save();

	if (streaming && count.handled == watched) {
		count.lost += count.causes - count.handled;
		count.causes = count.handled;
		io_out8(UART_COM2 + UART_IER, 0);
		start_stream();
	}
	watched = count.handled;
	cpu_restore(flags);
}

struct stream_count com2_count(void)
{
	uint64_t flags = cpu_save();
	struct stream_count now = count;

	cpu_restore(flags);
	return now;
}
