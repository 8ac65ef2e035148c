/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VGA text mode, 80 by 25, as the log's mirror.
 *
 * Rule: video memory is only written, never read: it is slow to read, and a guest may own it.
 */
#include "arch/x86/platform.h"

#include "arch/x86/io.h"

#include <string.h>

enum { COLUMNS = 80, ROWS = 25, CELLS = COLUMNS * ROWS };

/* A cell: 15:12 background | 11:8 foreground | 7:0 character (code page 437) */
enum { CELL_BLANK = 0x0700 | ' ' };

/* CRT controller, ports of the colour modes: index, data; cursor location, high and low (VGA, indices 0Eh, 0Fh). */
enum { CRTC_INDEX = 0x3D4, CRTC_DATA = 0x3D5, CRTC_CURSOR_HIGH = 0x0E, CRTC_CURSOR_LOW = 0x0F };

#define VIDEO ((uint16_t *)0xB8000)

static uint16_t shadow[CELLS];
static unsigned row, column;
static unsigned dirty_first = CELLS, dirty_end; /* cells of the shadow that video memory does not show yet */
static enum { TEXT, ESCAPE, SEQUENCE } state;   /* of a terminal's control sequence: ESC [ ... letter */

static void cells_touch(unsigned first, unsigned count)
{
	if (first < dirty_first)
		dirty_first = first;
	if (first + count > dirty_end)
		dirty_end = first + count;
}

static void cells_show(void)
{
	if (dirty_first < dirty_end)
		memcpy(VIDEO + dirty_first, shadow + dirty_first, (dirty_end - dirty_first) * sizeof(*shadow));
	dirty_first = CELLS;
	dirty_end = 0;
}

static void cells_blank(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		shadow[i] = CELL_BLANK;
	cells_touch(first, count);
}

static void line_feed(void)
{
	column = 0;
	if (++row < ROWS)
		return;
	row = ROWS - 1;
	memmove(shadow, shadow + COLUMNS, (CELLS - COLUMNS) * sizeof(*shadow));
	cells_blank(CELLS - COLUMNS, COLUMNS);
	cells_touch(0, CELLS);
}

static void cell_put(uint8_t c)
{
	if (column == COLUMNS)
		line_feed();
	unsigned at = row * COLUMNS + column++;

	shadow[at] = (CELL_BLANK & 0xFF00) | (c < 0x7F ? c : '?');
	cells_touch(at, 1);
}

/* Of the control sequences only "erase to the end of the line" (K) has a meaning here; the rest are swallowed. */
static void sequence_put(uint8_t c)
{
	if (state == ESCAPE) {
		state = c == '[' ? SEQUENCE : TEXT;
		return;
	}
	if (c < '@')
		return;
	state = TEXT;
	if (c == 'K' && column < COLUMNS)
		cells_blank(row * COLUMNS + column, COLUMNS - column);
}

static void put(uint8_t c)
{
	if (state != TEXT)
		sequence_put(c);
	else if (c == '\n')
		line_feed();
	else if (c == '\r')
		column = 0;
	else if (c == '\b')
		column -= column > 0;
	else if (c == '\t')
		do
			cell_put(' ');
		while (column % 8);
	else if (c == 0x1B)
		state = ESCAPE;
	else if (c >= ' ')
		cell_put(c);
}

static void cursor_show(void)
{
	unsigned at = row * COLUMNS + (column < COLUMNS ? column : COLUMNS - 1);

	io_out8(CRTC_INDEX, CRTC_CURSOR_HIGH);
	io_out8(CRTC_DATA, (uint8_t)(at >> 8));
	io_out8(CRTC_INDEX, CRTC_CURSOR_LOW);
	io_out8(CRTC_DATA, (uint8_t)at);
}

void vga_init(void)
{
	row = column = 0;
	state = TEXT;
	cells_blank(0, CELLS);
	cells_show();
	cursor_show();
}

void vga_write(const char *text, size_t size)
{
	while (size--)
		put((uint8_t)*text++);
	cells_show();
	cursor_show();
}
