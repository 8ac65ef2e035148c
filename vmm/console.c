/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: a UART, a ring before its transmitter, and a line editor behind its receiver.
 *
 * Rule: the transmitter's interrupt is on only while the ring has bytes. The 16550's interrupt is an edge for the chipset: whoever
 * serves it goes on until no cause stands.
 */
#include "vmm/console.h"

#include "arch/x86/log.h"
#include "arch/x86/platform.h"
#include "vmm/editor.h"
#include "vmm/report.h"
#include "vmm/ring.h"

#include <errno.h>
#include <string.h>

enum { COM1_BASE = 0x3F8 };
enum { TRANSMIT_BYTES = 8192, RECEIVE_BYTES = 256 }; /* powers of two */
enum { RESUME_BYTES = TRANSMIT_BYTES / 2 };          /* room there has to be before printing goes on after a loss */
enum { SERVICE_PASSES = 32, RECEIVE_PASSES = 64 };   /* more than any UART asks for; a broken one must not keep us */
enum { WAIT_TRIES = 1 << 20 }; /* of reading LSR: about a second on an ISA bus, a FIFO takes 1.4 ms */

static struct uart uart;
static bool present;      /* there is a UART and it moves */
static bool by_interrupt; /* else polled */
static bool may_wait;     /* answering a command */
static bool transmitting; /* the transmitter's interrupt is on */

static char transmit_bytes[TRANSMIT_BYTES], receive_bytes[RECEIVE_BYTES];
static struct ring transmit = { transmit_bytes, TRANSMIT_BYTES, 0, 0 };
static struct ring receive = { receive_bytes, RECEIVE_BYTES, 0, 0 }; /* keys typed while a command waits */

static bool dropping;
static uint64_t dropped, dropped_said;

static struct editor editor;
static bool mid_line;      /* output stands in the middle of a line: no echo, the typed line is shown again after it */
static bool command_ready; /* editor.text is a command */
static bool quit_wanted;

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

/* Get bytes moving that are in the ring. With interrupts the handler fills the FIFO. */
static void kick(void)
{
	if (transmitting)
		return; /* the interrupt comes anyway */
	if (!by_interrupt)
		fill_fifo();
	else if (ring_used(&transmit) > 0)
		set_transmitting(true);
}

/* Poll until the ring has room for bytes. False: the UART does not move; it is given up. */
static bool wait_for_room(uint32_t bytes)
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

static void put_byte(char c)
{
	if (dropping) {
		dropped++;
		return;
	}
	if (ring_free(&transmit) < 2 && ((by_interrupt && !may_wait) || !wait_for_room(2))) {
		dropping = true;
		dropped++;
		return;
	}
	if (c == '\n')
		ring_put(&transmit, '\r');
	ring_put(&transmit, c);
}

static void put_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put_byte(text[i]);
}

/* ---- The typed line and the printed ones share a screen ---- */

static void show_typed_line(void)
{
	put_text("\r> ", 3);
	put_text(editor.text, editor.length);
}

static void hide_typed_line(void)
{
	put_text("\r\033[K", 4);
}

static void echo(const char *text, size_t size)
{
	if (!mid_line)
		put_text(text, size);
}

/* The log's sink. */
static void console_write(const char *text, size_t size)
{
	bool typing = editor.length > 0 && !command_ready;

	if (size == 0 || !present)
		return;
	if (typing && !mid_line)
		hide_typed_line();
	put_text(text, size);
	mid_line = text[size - 1] != '\n';
	if (typing && !mid_line)
		show_typed_line();
	kick();
}

/* ---- Receiver ---- */

static void type_key(char key)
{
	if (editor.length == 0 && key > ' ' && key <= '~')
		echo("\r> ", 3);
	switch (editor_key(&editor, key, echo)) {
	case EDITOR_LINE:
		command_ready = console_work = true;
		break;
	case EDITOR_QUIT:
		quit_wanted = console_work = true;
		break;
	case EDITOR_MORE:
		break;
	}
}

/* Keys that came while a command waited. */
static void type_ahead(void)
{
	char key;

	while (!command_ready && ring_get(&receive, &key))
		type_key(key);
}

static void receive_keys(void)
{
	for (unsigned i = 0; i < RECEIVE_PASSES; i++) {
		int c = uart_read(&uart);

		if (c < 0)
			break;
		ring_put(&receive, (char)c); /* a full ring loses the key; its echo will not come either */
	}
	type_ahead();
}

/* ---- What the VMM calls ---- */

int console_init(const char *which)
{
	int error;

	if (strcmp(which, "none") == 0)
		return 0;
	if (strcmp(which, "com1") != 0)
		return -EINVAL;
	error = uart_init(&uart, COM1_BASE);
	if (error) {
		log_line("no UART at %xh: no console; VGA and the memory log (symbol log_ring) have the messages",
		         COM1_BASE);
		return error;
	}
	present = true;
	by_interrupt = transmitting = dropping = false;
	log_replay(console_write);
	log_set_sink(console_write);
	log_set_flush(console_flush);
	return 0;
}

uint16_t console_lines(void)
{
	return present ? LINE(CONSOLE_LINE) : 0;
}

/* There is room again: say what is missing. */
static void resume(void)
{
	dropping = false;
	if (dropped == dropped_said)
		return;
	mid_line = false;
	put_text("\n", 1);
	log_line("console: %lu bytes dropped, the UART was too slow; the command 'log' has them",
	         (unsigned long)(dropped - dropped_said));
	dropped_said = dropped;
}

void console_set_interrupts(bool on)
{
	if (!present)
		return;
	by_interrupt = on;
	if (!on) {
		set_transmitting(false);
		if (dropping && wait_for_room(TRANSMIT_BYTES))
			resume(); /* what comes from here on is waited for, not dropped */
		return;
	}
	console_interrupt(); /* a cause from before would keep the line high: no edge would come */
	kick();
}

void console_interrupt(void)
{
	unsigned passes = 0;

	if (!present)
		return;
	for (; passes < SERVICE_PASSES && uart_interrupt_pending(&uart); passes++) {
		receive_keys();
		fill_fifo();
		if (ring_used(&transmit) == 0)
			set_transmitting(false);
	}
	if (passes > 0)
		kick(); /* an echo */
	if (passes == SERVICE_PASSES || (dropping && ring_free(&transmit) >= RESUME_BYTES))
		console_work = true;
}

void console_flush(void)
{
	if (!present)
		return;
	by_interrupt = false;
	set_transmitting(false);
	if (wait_for_room(TRANSMIT_BYTES))
		uart_drain(&uart);
}

uint64_t console_dropped(void)
{
	return dropped;
}

void console_show_log(void)
{
	log_replay(console_write);
}

void console_poll(void)
{
	console_work = false;
	console_interrupt(); /* a cause that was left standing, if any */
	if (dropping && ring_free(&transmit) >= RESUME_BYTES)
		resume();
	if (quit_wanted) {
		quit_wanted = false;
		vmm_quit();
	}
	if (!command_ready)
		return;

	may_wait = true;
	command_run(editor.text);
	may_wait = false;
	editor_clear(&editor);
	command_ready = false;
	type_ahead();
	kick();
}
