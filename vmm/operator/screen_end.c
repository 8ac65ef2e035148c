/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run on a PC's screen. See the header for the rule.
 */
#include "vmm/operator/screen_end.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/keyboard.h"
#include "arch/x86/machine/platform.h"
#include "vmm/operator/console.h"
#include "vmm/operator/pager.h"
#include "vmm/operator/screen.h"

#include <stdint.h>

enum { PAGE_ROWS = VGA_ROWS - 1, PAGE_US = 30000000 };

/* The choice for the end, and the keyboard at the end. */
static struct {
	enum end_policy policy;
	struct keys keys;
} end;

/* Positions in the log: the beginnings of the report and of the summary. */
static struct {
	uint64_t report, summary;
	bool set; /* report and summary are there */
} marks;

/* The effect of a key, or of a time without a key. */
enum answer { NO_KEY, PAGE_BACK, PAGE_ON, OTHER_KEY };

bool screen_waits(void)
{
	return end.policy == END_WAIT || end.policy == END_HALT;
}

void screen_mark_report(void)
{
	marks.report = log_end();
}

void screen_mark_summary(void)
{
	marks.summary = log_end();
	marks.set = true;
}

/* ---- Keys, polled ---- */

static enum answer keyboard_answer(void)
{
	char text[KEY_TEXT_MAX];
	int code = keyboard_read();
	unsigned length = code < 0 ? 0 : keys_take(&end.keys, (uint8_t)code, text);

	if (length == 0)
		return NO_KEY;
	int pages = keys_page(text, length);

	return pages == 0 ? OTHER_KEY : pages < 0 ? PAGE_BACK : PAGE_ON;
}

/* Drops all keys from before the question: such keys are no answer. */
static void drop_keys(void)
{
	enum { MOST = 64 };

	for (unsigned i = 0; i < MOST && console_poll() >= 0; i++)
		;
}

/* Waits for a key, at most us microseconds; 0 waits for good. */
static enum answer wait_for_key(uint64_t us)
{
	uint64_t begun = cpu_tsc(), patience = tsc_from_us(us);

	do {
		enum answer answer = keyboard_answer();

		if (answer != NO_KEY)
			return answer;
		if (console_poll() >= 0)
			return OTHER_KEY;
		__asm__ volatile("pause");
	} while (us == 0 || cpu_tsc() - begun < patience);
	return NO_KEY;
}

/* ---- Pages ---- */

static void show_page(uint64_t row, const char *hint)
{
	char line[VGA_COLUMNS];
	size_t length = 0;

	for (unsigned i = 0; i < PAGE_ROWS; i++) {
		size_t columns = pager_text(row, line);

		vga_view(i, line, columns, false);
		row = pager_next(row);
	}
	while (hint[length] != '\0')
		length++;
	vga_view(PAGE_ROWS, hint, length, true);
	while (vga_show())
		;
}

/* Returns the page that stays: the summary where it fits, else the log's end. */
static uint64_t last_page(void)
{
	uint64_t row = pager_move(log_end(), -PAGE_ROWS);

	return marks.set && marks.summary >= row ? pager_clamp(marks.summary) : row;
}

/* Shows the report from its beginning, up to the last page. */
static void show_report(uint64_t last)
{
	uint64_t row = pager_clamp(marks.report);

	while (marks.set && row < last) {
		show_page(row, " -- more: a key, or half a minute --");
		row = pager_move(row, wait_for_key(PAGE_US) == PAGE_BACK ? -PAGE_ROWS : PAGE_ROWS);
	}
}

/* Shows the last page until a key comes that turns no page. */
static void show_last_page(uint64_t last, const char *hint)
{
	uint64_t row = last;

	for (;;) {
		show_page(row, hint);
		enum answer answer = wait_for_key(0);

		if (answer == OTHER_KEY)
			return;
		row = pager_move(row, answer == PAGE_BACK ? -PAGE_ROWS : PAGE_ROWS);
		row = row > last ? last : row;
	}
}

/* ---- The first step of power_off() ---- */

static void wait_at_the_end(void)
{
	vga_view_end();
	while (vga_show())
		;
	if (end.policy == END_HALT) {
		log_line("end=halt: the machine can be switched off now");
		console_flush();
		power_halt();
	}
	bool keyboard = keyboard_init() == 0;

	if (keyboard || console_lines() != 0)
		log_line("a key powers the machine off");
	else
		log_line("no keyboard answers: switch the machine off when you have read this");
	console_flush();
	drop_keys();
	uint64_t last = last_page();

	show_report(last);
	show_last_page(last,
	               " -- end: PgUp: what came before; any other key powers the machine off --");
}

void screen_end_init(enum end_policy wanted, bool alone)
{
	end.policy = wanted != END_AUTO ? wanted : alone ? END_WAIT : END_OFF;
	marks.set = false;
	end.keys = (struct keys){ .digits = false };
	power_off_after(screen_waits() ? wait_at_the_end : NULL);
}
