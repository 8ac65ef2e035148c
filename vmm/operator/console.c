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

#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/background.h"
#include "vmm/core/ring.h"
#include "vmm/operator/prompt.h"

#include <errno.h>
#include <string.h>

enum { COM1_BASE = 0x3f8 };
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

/* COM1: the UART, and the bytes on their way. */
static struct {
	struct uart uart;
	bool present;      /* there is a UART, and the UART moves */
	bool by_interrupt; /* else polled */
	bool transmitting; /* the transmitter's interrupt is on */
	bool pending;      /* the last service has left a cause */
	/* The background work writes to transmit and reads from receive; the UART's interrupt does
	 * the opposite. */
	struct ring transmit, receive;
	uint64_t dropped; /* bytes without room */
} com1 = { .transmit = { (char[TRANSMIT_BYTES]){ 0 }, TRANSMIT_BYTES, 0, 0 },
	   .receive = { (char[RECEIVE_BYTES]){ 0 }, RECEIVE_BYTES, 0, 0 } };

/* The times of the keys, of COM1 and of the keyboard. */
static struct {
	bool any;           /* a key has come */
	uint64_t last;      /* TSC of the last key */
	uint64_t looked_at; /* TSC of the last key that was looked at */
} key_times;

/* ---- Transmitter ---- */

static void fill_fifo(void)
{
	unsigned room = uart_room(&com1.uart);

	while (room > 0 && ring_used(&com1.transmit) > 0) { /* twice where the ring begins anew */
		const char *bytes;
		uint32_t count = ring_peek(&com1.transmit, &bytes);
		if (count > room)
			count = room;
		uart_write(&com1.uart, bytes, count);
		ring_order();
		com1.transmit.tail += count;
		room -= count;
	}
}

static void set_transmitting(bool on)
{
	if (com1.transmitting == on)
		return;
	com1.transmitting = on;
	uart_transmit_interrupt(&com1.uart, on);
}

/* Gets the ring's bytes moving. With interrupts the handler fills the FIFO. */
static void kick(void)
{
	if (!com1.by_interrupt) {
		fill_fifo();
		return;
	}
	work_hold(); /* the UART's interrupt turns the transmitter's off */
	if (ring_used(&com1.transmit) > 0)
		set_transmitting(true);
	work_release();
}

/* Polls until the ring has room for bytes. Returns false where the UART does not move; the VMM
 * gives the UART up. */
static bool poll_for_room(uint32_t bytes)
{
	unsigned tries = 0;

	while (ring_free(&com1.transmit) < bytes) {
		uint32_t before = ring_used(&com1.transmit);

		fill_fifo();
		tries = ring_used(&com1.transmit) == before ? tries + 1 : 0;
		if (tries == WAIT_TRIES) {
			com1.present = false;
			return false;
		}
	}
	return true;
}

/* Lets the background work sleep until the UART has moved; the VMs run meanwhile. Returns false
 * where no byte has moved for STUCK_US; the VMM gives the UART up. */
static bool sleep_for_room(uint32_t bytes)
{
	uint32_t before = ring_free(&com1.transmit);

	kick();
	background_sleep(cpu_tsc() + tsc_from_us(STUCK_US));
	com1.present = ring_free(&com1.transmit) >= bytes || ring_free(&com1.transmit) != before;
	return com1.present;
}

/* Waits for room. Returns false where there is no room, and the caller may not wait. */
static bool have_room(uint32_t bytes)
{
	while (com1.present && ring_free(&com1.transmit) < bytes) {
		if (!com1.by_interrupt)
			(void)poll_for_room(bytes);
		else if (!work_inside || !sleep_for_room(bytes))
			return false;
	}
	return com1.present;
}

static void put_byte(char c)
{
	if (!have_room(2)) {
		com1.dropped++;
		return;
	}
	if (c == '\n')
		ring_put(&com1.transmit, '\r');
	ring_put(&com1.transmit, c);
}

static void put_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size && com1.present; i++) {
		put_byte(text[i]);
		if (i % PIECE_BYTES == PIECE_BYTES - 1)
			background_point();
	}
}

/* The log's output. */
static void console_write(const char *text, size_t size)
{
	if (size == 0 || !com1.present)
		return;
	prompt_hide();
	put_text(text, size);
	prompt_show(text[size - 1] == '\n');
	kick();
}

/* ---- Keys ---- */

bool console_has_keys(void)
{
	return ring_used(&com1.receive) > 0;
}

bool console_key(char *key)
{
	return ring_get(&com1.receive, key);
}

void console_keys_pause(void)
{
	if (key_times.last - key_times.looked_at > tsc_from_us(KEY_US))
		prompt_pause();
	key_times.looked_at = key_times.last;
}

void console_kick(void)
{
	kick();
}

void console_typed(void)
{
	key_times.any = true;
	key_times.last = cpu_tsc();
	background_want();
}

static bool receive_keys(void)
{
	bool any = false;

	for (unsigned i = 0; i < RECEIVE_PASSES; i++) {
		int c = uart_read(&com1.uart);

		if (c < 0)
			break;
		/* a full ring loses the key; its echo will not come either */
		any |= ring_put(&com1.receive, (char)c);
	}
	return any;
}

/* ---- Calls of the VMM ---- */

int console_init(const char *which)
{
	int error;

	com1.present = false;
	prompt_init(put_text);
	if (strcmp(which, "none") == 0 || strcmp(which, "vga") == 0)
		return 0;
	if (strcmp(which, "com1") != 0 && strcmp(which, "auto") != 0)
		return -EINVAL;
	error = uart_init(&com1.uart, COM1_BASE);
	if (error) {
		if (strcmp(which, "com1") == 0)
			log_line("no UART at %xh: the screen is the console", COM1_BASE);
		return error;
	}
	com1.present = true;
	com1.by_interrupt = com1.transmitting = false;
	log_replay(console_write);
	log_set_output(console_write);
	log_set_flush(console_flush);
	return 0;
}

uint16_t console_lines(void)
{
	return com1.present ? LINE(CONSOLE_LINE) : 0;
}

int console_poll(void)
{
	return com1.present ? uart_read(&com1.uart) : -EAGAIN;
}

void console_set_interrupts(bool on)
{
	if (!com1.present)
		return;
	com1.by_interrupt = on;
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

	com1.pending = false;
	if (!com1.present)
		return;
	for (; passes < SERVICE_PASSES && uart_interrupt_pending(&com1.uart); passes++) {
		keys |= receive_keys();
		fill_fifo();
		if (ring_used(&com1.transmit) == 0)
			set_transmitting(false);
	}
	com1.pending = passes == SERVICE_PASSES;
	if (keys)
		console_typed();
	if (ring_free(&com1.transmit) >= RESUME_BYTES)
		background_wake();
}

bool console_is_pending(void)
{
	return com1.pending;
}

void console_flush(void)
{
	if (!com1.present)
		return;
	com1.by_interrupt = false;
	set_transmitting(false);
	if (poll_for_room(TRANSMIT_BYTES))
		uart_drain(&com1.uart);
}

uint64_t console_used_until(void)
{
	if (!key_times.any)
		return 0;
	return key_times.last + tsc_from_us(prompt_line()->length > 0 ? BEGUN_US : USED_US);
}

uint64_t console_dropped(void)
{
	return com1.dropped;
}

void console_replay(void)
{
	log_replay(console_write);
}
