/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen and the keyboard of a PC as the console. See the header for the rule.
 */
#include "vmm/operator/screen.h"

#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/keyboard.h"
#include "vmm/core/background.h"
#include "vmm/core/ring.h"
#include "vmm/operator/console.h"
#include "vmm/operator/keyboard_line.h"
#include "vmm/operator/pager.h"
#include "vmm/operator/screen_end.h"

#include <string.h>

enum { CODES = 64, SERVICE_MOST = 16 /* bytes; a keyboard keeps that many */ };
enum { PAGE_ROWS = VGA_ROWS - 1 };

static const char view_hint[] =
	" PgUp, PgDn: what has scrolled off. Any other key: back to the end.";

/* The keyboard, and the codes on their way. */
static struct {
	bool wanted; /* the configuration asks for the keyboard */
	bool on;     /* the keyboard works */
	/* The interrupt writes codes, the background work reads them. */
	struct ring codes;
	volatile bool left; /* the controller has more codes than a service takes */
	struct keys keys;
} keyboard = { .codes = { (char[CODES]){ 0 }, CODES, 0, 0 } };

/* The text of a key. The bytes [next, length) were not taken yet. */
static struct {
	char bytes[KEY_TEXT_MAX];
	unsigned next, length;
} key_text;

/* The view of text that has scrolled off. */
static struct {
	bool shown;
	uint64_t row; /* the first row */
} view;

/* ---- The interrupt ---- */

static void take_codes(void)
{
	bool any = false;
	unsigned i = 0;

	for (; i < SERVICE_MOST; i++) {
		int code = keyboard_read();

		if (code < 0)
			break;
		any |= ring_put(&keyboard.codes, (char)code); /* a full ring loses the key */
	}
	keyboard.left = i == SERVICE_MOST;
	if (any || keyboard.left)
		console_typed();
}

/* ---- Text that has scrolled off ---- */

static void show_view(void)
{
	uint64_t row = view.row;
	char line[VGA_COLUMNS];

	view.shown = true;
	for (unsigned i = 0; i < PAGE_ROWS; i++) {
		size_t length = pager_text(row, line);

		vga_view(i, line, length, false);
		row = pager_next(row);
		background_point();
	}
	vga_view(PAGE_ROWS, view_hint, sizeof(view_hint) - 1, true);
	while (vga_show())
		background_point();
}

static void end_view(void)
{
	view.shown = false;
	vga_view_end();
	while (vga_show())
		background_point();
}

/* Turns pages, forward or back. Two pages in a row share a row of text. */
static void turn_page(int pages)
{
	uint64_t last = pager_move(log_end(), -PAGE_ROWS);

	if (!view.shown)
		view.row = last;
	view.row = pager_move(pager_clamp(view.row), pages * (PAGE_ROWS - 1));
	if (view.row >= last && pages > 0)
		end_view();
	else
		show_view();
}

void screen_show_log(void)
{
	if (!keyboard.on)
		return;
	view.row = log_begin();
	show_view();
}

/* ---- Keys ---- */

static void take_code(uint8_t code)
{
	key_text.next = 0;
	key_text.length = keys_take(&keyboard.keys, code, key_text.bytes);
	if (key_text.length == 0)
		return;
	int pages = keys_page(key_text.bytes, key_text.length);

	if (pages != 0) {
		key_text.length = 0;
		if (pages < 0 || view.shown)
			turn_page(pages);
	} else if (view.shown) {
		end_view();
	}
}

bool screen_has_keys(void)
{
	return key_text.next < key_text.length || ring_used(&keyboard.codes) > 0 || keyboard.left;
}

bool screen_key(char *key)
{
	char code;

	while (key_text.next == key_text.length) {
		if (keyboard.left) {
			work_hold();
			take_codes();
			work_release();
		}
		if (!ring_get(&keyboard.codes, &code))
			return false;
		take_code((uint8_t)code);
		if (ring_used(&keyboard.codes) == 0)
			keyboard_line_settle();
		background_point();
	}
	*key = key_text.bytes[key_text.next++];
	return true;
}

void screen_typed(const char *line, size_t length, size_t at)
{
	if (!keyboard.on)
		return;
	vga_prompt(line, length, at);
	while (vga_show())
		background_point();
}

/* Goes straight to the screen: the log holds only the VMM's own text. */
void screen_entered(const char *line)
{
	if (!keyboard.on)
		return;
	vga_put("> ", 2);
	vga_put(line, strlen(line));
	vga_put("\n", 1);
}

/* ---- Begin and end ---- */

void screen_init(const struct vmm_config *config, bool serial)
{
	bool alone = !serial && strcmp(config->console, "none") != 0;

	keyboard.wanted = config->keyboard == KEYBOARD_ON ||
	                  (config->keyboard == KEYBOARD_AUTO && alone);
	keyboard.on = view.shown = keyboard.left = false;
	key_text.next = key_text.length = 0;
	keyboard.codes.head = keyboard.codes.tail = 0;
	keyboard.keys = (struct keys){ .digits = false };
	screen_end_init(config->end, alone);
}

void screen_begin(void)
{
	if (!keyboard.wanted || keyboard_line_claim(take_codes) != 0)
		return;
	if (keyboard_init() != 0) {
		log_line("no keyboard answers at ports 60h and 64h: "
		         "the screen is to be read, and not to be asked");
		return;
	}
	keyboard.on = true;
	keyboard_line_settle(); /* the keyboard's answers have interrupted */
	log_line("the keyboard works: help and Enter: its commands; PgUp: older text");
	screen_typed("", 0, 0);
}
