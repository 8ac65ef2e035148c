/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: a UART, a ring before its transmitter, and a ring behind its receiver.
 *
 * Rule: the interrupt moves bytes between the UART and the rings, and no more. The background work
 * looks at the keys (vmm/operator/typing.c) and puts text into the ring; the work sleeps while the
 * ring is full. The transmitter's interrupt is on only while the ring has bytes. The 16550's
 * interrupt is an edge for the chipset: a service goes on until no cause stands.
 */
#include "vmm/operator/console.h"

#include "arch/x86/log.h"
#include "arch/x86/platform.h"
#include "arch/x86/work.h"
#include "vmm/core/background.h"
#include "vmm/core/ring.h"
#include "vmm/operator/prompt.h"

#include <errno.h>
#include <string.h>

enum { COM1_BASE = 0x3F8 };
/* Powers of two. An answer waits behind TRANSMIT_BYTES at most. */
enum { TRANSMIT_BYTES = 2048, RECEIVE_BYTES = 4096 };
/* The ring needs so much room before a waiting printer goes on. */
enum { RESUME_BYTES = TRANSMIT_BYTES / 2 };
/* A piece of a long text. After each piece the VMs may have the processor. */
enum { PIECE_BYTES = 64 };
/* Passes of a single service; a UART that asks for more is served again. */
enum { SERVICE_PASSES = 4, RECEIVE_PASSES = 16 };
enum {
	WAIT_TRIES =
		1 << 20 /* of reading LSR: about a second on an ISA bus, a FIFO takes 1.4 ms */,
	STUCK_US = 2000000
};
/* A person counts as present for so long after a key; BEGUN_US: with a line that has begun. */
enum { USED_US = 30000000, BEGUN_US = 300000000 };
enum { KEY_US = 500000 }; /* the bytes of a key come closer together */

static struct uart uart;
static bool present;      /* there is a UART, and the UART moves */
static bool by_interrupt; /* else polled */
static bool transmitting; /* the transmitter's interrupt is on */

/* The background work writes to transmit and reads from receive; the UART's interrupt does the
 * opposite. */
static char transmit_bytes[TRANSMIT_BYTES], receive_bytes[RECEIVE_BYTES];
static struct ring transmit = { transmit_bytes, TRANSMIT_BYTES, 0, 0 };
static struct ring receive = { receive_bytes, RECEIVE_BYTES, 0, 0 };

static uint64_t dropped;

static bool typed;         /* a key has come */
static uint64_t keys_at;   /* TSC of the last key */
static uint64_t looked_at; /* TSC of the last key that was looked at */

bool console_work;

/* ---- Transmitter ---- */

static void fill_fifo(void)
{
	unsigned room = uart_room(&uart);

	while (room > 0 && ring_used(&transmit) > 0) { /* twice where the ring begins anew */
		const char *bytes;
		uint32_t count = ring_peek(&transmit, &bytes);
		if (count > room)
			count = room;
		uart_write(&uart, bytes, count);
		ring_order();
		transmit.tail += count;
		room -= count;
	}
}

static void set_transmitting(bool on)
{
	if (transmitting == on)
		return;
	transmitting = on;
	uart_transmit_interrupt(&uart, on);
}

/* Gets the ring's bytes moving. With interrupts the handler fills the FIFO. */
static void kick(void)
{
	if (!by_interrupt) {
		fill_fifo();
		return;
	}
	work_hold(); /* the UART's interrupt turns the transmitter's off */
	if (ring_used(&transmit) > 0)
		set_transmitting(true);
	work_release();
}

/* Polls until the ring has room for bytes. Returns false where the UART does not move; the VMM
 * gives the UART up. */
static bool poll_for_room(uint32_t bytes)
{
	unsigned tries = 0;

	while (ring_free(&transmit) < bytes) {
		uint32_t before = ring_used(&transmit);

		fill_fifo();
		tries = ring_used(&transmit) == before ? tries + 1 : 0;
		if (tries == WAIT_TRIES) {
			present = false;
			return false;
		}
	}
	return true;
}

/* Lets the background work sleep until the UART has moved; the VMs run meanwhile. Returns false
 * where no byte has moved for STUCK_US; the VMM gives the UART up. */
static bool sleep_for_room(uint32_t bytes)
{
	uint32_t before = ring_free(&transmit);

	kick();
	background_sleep(cpu_tsc() + tsc_from_us(STUCK_US));
	present = ring_free(&transmit) >= bytes || ring_free(&transmit) != before;
	return present;
}

/* Waits for room. Returns false where there is no room, and the caller may not wait. */
static bool have_room(uint32_t bytes)
{
	while (present && ring_free(&transmit) < bytes) {
		if (!by_interrupt)
			(void)poll_for_room(bytes);
		else if (!work_inside || !sleep_for_room(bytes))
			return false;
	}
	return present;
}

static void put_byte(char c)
{
	if (!have_room(2)) {
		dropped++;
		return;
	}
	if (c == '\n')
		ring_put(&transmit, '\r');
	ring_put(&transmit, c);
}

static void put_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size && present; i++) {
		put_byte(text[i]);
		if (i % PIECE_BYTES == PIECE_BYTES - 1)
			background_point();
	}
}

/* The log's sink. */
static void console_write(const char *text, size_t size)
{
	if (size == 0 || !present)
		return;
	prompt_hide();
	put_text(text, size);
	prompt_show(text[size - 1] == '\n');
	kick();
}

/* ---- Keys ---- */

bool console_has_keys(void)
{
	return ring_used(&receive) > 0;
}

bool console_key(char *key)
{
	return ring_get(&receive, key);
}

void console_keys_pause(void)
{
	if (keys_at - looked_at > tsc_from_us(KEY_US))
		prompt_pause();
	looked_at = keys_at;
}

void console_kick(void)
{
	kick();
}

void console_typed(void)
{
	typed = true;
	keys_at = cpu_tsc();
	background_want();
}

static bool receive_keys(void)
{
	bool any = false;

	for (unsigned i = 0; i < RECEIVE_PASSES; i++) {
		int c = uart_read(&uart);

		if (c < 0)
			break;
		/* a full ring loses the key; its echo will not come either */
		any |= ring_put(&receive, (char)c);
	}
	return any;
}

/* ---- Calls of the VMM ---- */

int console_init(const char *which)
{
	int error;

	present = false;
	prompt_init(put_text);
	if (strcmp(which, "none") == 0 || strcmp(which, "vga") == 0)
		return 0;
	if (strcmp(which, "com1") != 0 && strcmp(which, "auto") != 0)
		return -EINVAL;
	error = uart_init(&uart, COM1_BASE);
	if (error) {
		if (strcmp(which, "com1") == 0)
			log_line("no UART at %xh: the screen is the console", COM1_BASE);
		return error;
	}
	present = true;
	by_interrupt = transmitting = false;
	log_replay(console_write);
	log_set_sink(console_write);
	log_set_flush(console_flush);
	return 0;
}

uint16_t console_lines(void)
{
	return present ? LINE(CONSOLE_LINE) : 0;
}

int console_poll(void)
{
	return present ? uart_read(&uart) : -EAGAIN;
}

void console_set_interrupts(bool on)
{
	if (!present)
		return;
	by_interrupt = on;
	if (!on) {
		set_transmitting(false);
		return;
	}
	console_interrupt(); /* a cause from before would keep the line high: no edge would come */
	kick();
}

void console_interrupt(void)
{
	unsigned passes = 0;
	bool keys = false;

	console_work = false;
	if (!present)
		return;
	for (; passes < SERVICE_PASSES && uart_interrupt_pending(&uart); passes++) {
		keys |= receive_keys();
		fill_fifo();
		if (ring_used(&transmit) == 0)
			set_transmitting(false);
	}
	console_work = passes == SERVICE_PASSES;
	if (keys)
		console_typed();
	if (ring_free(&transmit) >= RESUME_BYTES)
		background_wake();
}

void console_flush(void)
{
	if (!present)
		return;
	by_interrupt = false;
	set_transmitting(false);
	if (poll_for_room(TRANSMIT_BYTES))
		uart_drain(&uart);
}

uint64_t console_used_until(void)
{
	return typed ? keys_at + tsc_from_us(prompt_line()->length > 0 ? BEGUN_US : USED_US) : 0;
}

uint64_t console_dropped(void)
{
	return dropped;
}

void console_replay(void)
{
	log_replay(console_write);
}
