/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC's screen and keyboard. See the header for the rule.
 */
#include "tests/unit/fake_screen.h"

#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/keyboard.h"
#include "vmm/operator/keyboard_line.h"

#include <errno.h>
#include <string.h>

struct fake_screen fake_screen;

void fake_screen_reset(void)
{
	memset(&fake_screen, 0, sizeof(fake_screen));
}

void fake_code(uint64_t at, uint8_t code)
{
	assert_true(fake_screen.end < FAKE_CODES);
	fake_screen.codes[fake_screen.end].at = at;
	fake_screen.codes[fake_screen.end++].code = code;
}

void fake_character(char c)
{
	static const char rows[] =
		"\0\0331234567890-=\x7f\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
	const char *found = memchr(rows, c, sizeof(rows) - 1);

	assert_non_null(found);
	fake_code(fake_tsc, (uint8_t)(found - rows));
	fake_code(fake_tsc, (uint8_t)(found - rows) | 0x80);
}

/* ---- The keyboard ---- */

int keyboard_init(void)
{
	return fake_screen.no_keyboard ? -ENODEV : 0;
}

int keyboard_read(void)
{
	fake_tsc += FAKE_LOOK_US;
	if (fake_screen.first == fake_screen.end ||
	    fake_screen.codes[fake_screen.first].at > fake_tsc)
		return -EAGAIN;
	return fake_screen.codes[fake_screen.first++].code;
}

int keyboard_line_claim(void (*handler)(void))
{
	if (fake_screen.line_taken)
		return -EBUSY;
	fake_screen.handler = handler;
	return 0;
}

void keyboard_line_settle(void)
{
	fake_screen.settled++;
}

/* ---- The screen ---- */

void vga_prompt(const char *text, size_t length, size_t at)
{
	assert_in_range(at, 0, length);
	assert_in_range(length, 0, sizeof(fake_screen.prompt) - 1);
	memcpy(fake_screen.prompt, text, length);
	fake_screen.prompt[length] = '\0';
	fake_screen.prompted = true;
}

void vga_view(unsigned row, const char *text, size_t length, bool reverse)
{
	assert_in_range(row, 0, VGA_ROWS - 1);
	assert_in_range(length, 0, VGA_COLUMNS);
	memcpy(fake_screen.row[row], text, length);
	fake_screen.row[row][length] = '\0';
	fake_screen.reverse[row] = reverse;
	fake_screen.viewing = true;
	fake_screen.views += row == VGA_ROWS - 1;
}

void vga_view_end(void)
{
	fake_screen.viewing = false;
}

/* ---- The end ---- */

void power_off_after(void (*wait)(void))
{
	fake_screen.wait = wait;
}

/* The test that asked for it goes on elsewhere. */
_Noreturn void power_halt(void)
{
	fake_screen.halted = true;
	fail_msg("the machine halts");
	for (;;)
		;
}
