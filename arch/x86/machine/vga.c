/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VGA text mode, 80 by 25, as the log's mirror.
 *
 * Rule: video memory is only written, never read, because reads are slow and a guest may own the
 * memory. Writes are slow too (each write exits when the VMM runs on a hypervisor), so a line that
 * scrolls costs the writes of one row.
 *
 * The screen is a window on video memory. The CRT controller's start address says where the window
 * begins. To scroll, the screen moves down by a row. At the end of video memory the screen goes
 * back to the beginning, and its 25 rows are written there, once in 180 lines.
 *
 * Where the firmware has no VGA text, a framebuffer takes its place (framebuffer.c). There a row of
 * the ring stays at its place on the screen: the newest row goes down the screen, begins again at
 * the top, and the row below the newest row is empty. So nothing is moved.
 *
 * The last row may be a prompt: text then has the rows above, and a line that scrolls costs two
 * rows. A view of older text lies over the screen: new text is put meanwhile, and is shown when the
 * view ends.
 */
#include "arch/x86/machine/platform.h"

#include "arch/x86/cpu/bytes.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/framebuffer.h"

enum { COLUMNS = VGA_COLUMNS, ROWS = VGA_ROWS };

/* The number of rows in video memory: 32 KiB at B8000h (VGA, memory map 3 of the graphics
 * controller's register 06h). */
enum { VIDEO_ROWS = 32768 / (2 * COLUMNS) };

/* A cell: 15:12 background | 11:8 foreground | 7:0 character (code page 437) */
enum { CELL_BLANK = 0x0700 | ' ', CELL_REVERSE = 0x7000 | ' ', CELL_SWAP = 0x7700 };

/* CRT controller, ports of the colour modes: index, data. The addresses of the screen's beginning
 * and of the cursor, in cells, high byte first (VGA, indices 0Ch to 0Fh). */
enum { CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5, CRTC_START = 0x0c, CRTC_CURSOR = 0x0e };

/* Cells are written by words of 8 bytes. */
enum { CELLS_A_WORD = 4 };

#define VIDEO ((uint16_t *)0xb8000)

/* A row of the screen. Video memory does not show the cells [first, end) yet. */
struct line {
	_Alignas(8) uint16_t cell[COLUMNS];
	uint8_t first, end;
};

/* The screen, as a window on video memory. */
static struct {
	struct line line[ROWS]; /* a ring; line[top] is the first row of the screen */
	unsigned top;
	unsigned base;  /* the row of video memory with the screen's first row */
	uint32_t dirty; /* by index in line[]: video memory does not show the whole row yet */
} window;

/* The terminal: the place of the next character, and the state in a control sequence: ESC [ ...
 * letter. */
static struct {
	unsigned row, column;
	enum { TEXT, ESCAPE, SEQUENCE } state;
} terminal;

/* The CRT controller. */
static struct {
	uint8_t start_high, cursor_high; /* the controller's values */
	bool behind;                     /* the controller does not know the last text */
} crt;

/* The prompt is the last row, with the cursor. */
static struct {
	bool on;
	unsigned column;
} prompt;

/* Older text over the screen. */
static struct {
	bool on;                /* video memory shows the view */
	unsigned base;          /* as the window's, for the view */
	struct line line[ROWS]; /* for a framebuffer */
	uint32_t dirty;
} view;

/* On a framebuffer: the cell with the cursor, which is drawn in reverse. */
static struct {
	unsigned index, column;
} cursor;

static unsigned line_index(unsigned of_row)
{
	unsigned i = window.top + of_row;

	return i < ROWS ? i : i - ROWS;
}

static void line_touch(unsigned index, unsigned first, unsigned end)
{
	struct line *l = &window.line[index];
	bool clean = !(window.dirty & 1u << index);

	if (clean || first < l->first)
		l->first = (uint8_t)first;
	if (clean || end > l->end)
		l->end = (uint8_t)end;
	window.dirty |= 1u << index;
}

static void line_blank(unsigned index)
{
	bytes_fill(window.line[index].cell, CELL_BLANK * 0x0001000100010001ull,
	           COLUMNS / CELLS_A_WORD);
	line_touch(index, 0, COLUMNS);
}

static void line_erase(unsigned index, unsigned first)
{
	for (unsigned i = first; i < COLUMNS; i++)
		window.line[index].cell[i] = CELL_BLANK;
	line_touch(index, first, COLUMNS);
}

/* Moves the screen to the beginning of video memory. Video memory shows no row there yet. */
static void screen_rewind(void)
{
	window.base = 0;
	for (unsigned i = 0; i < ROWS; i++)
		line_touch(i, 0, COLUMNS);
}

/* Moves the screen down by a row. The last row then holds the old first row. */
static void scroll(void)
{
	window.top = line_index(1);
	if (++window.base > VIDEO_ROWS - ROWS)
		screen_rewind();
}

/* Copies the prompt to the last row again. Call it after scroll(). */
static void follow_prompt(void)
{
	window.line[line_index(ROWS - 1)] = window.line[line_index(ROWS - 2)];
	line_touch(line_index(ROWS - 1), 0, COLUMNS);
}

static void line_feed(void)
{
	unsigned rows = prompt.on ? ROWS - 1 : ROWS;

	terminal.column = 0;
	if (++terminal.row < rows)
		return;
	terminal.row = rows - 1;
	scroll();
	if (prompt.on)
		follow_prompt();
	line_blank(line_index(terminal.row));
	if (framebuffer_is_on())
		line_blank(line_index(0)); /* which stands below the newest row */
}

/* Returns a cell with the character, in the colours of a blank. */
static uint16_t cell_of(char c, uint16_t blank)
{
	return (uint16_t)((blank & 0xff00) | (c >= ' ' && c < 0x7f ? c : '?'));
}

static void cell_put(uint8_t c)
{
	if (terminal.column == COLUMNS)
		line_feed();
	unsigned index = line_index(terminal.row);

	window.line[index].cell[terminal.column] = (CELL_BLANK & 0xff00) | (c < 0x7f ? c : '?');
	line_touch(index, terminal.column, terminal.column + 1);
	terminal.column++;
}

/* Takes a byte of a control sequence. Only "erase to the end of the line" (K) has an effect; all
 * other sequences are dropped. */
static void sequence_put(uint8_t c)
{
	if (terminal.state == ESCAPE) {
		terminal.state = c == '[' ? SEQUENCE : TEXT;
		return;
	}
	if (c < '@')
		return;
	terminal.state = TEXT;
	if (c == 'K' && terminal.column < COLUMNS)
		line_erase(line_index(terminal.row), terminal.column);
}

static void put(uint8_t c)
{
	if (terminal.state != TEXT)
		sequence_put(c);
	else if (c == '\n')
		line_feed();
	else if (c == '\r')
		terminal.column = 0;
	else if (c == '\b')
		terminal.column -= terminal.column > 0;
	else if (c == '\t')
		do
			cell_put(' ');
		while (terminal.column % 8);
	else if (c == 0x1b)
		terminal.state = ESCAPE;
	else if (c >= ' ')
		cell_put(c);
}

static void crtc_write(uint8_t index, uint8_t value)
{
	io_out8(CRTC_INDEX, index);
	io_out8(CRTC_DATA, value);
}

/* Writes an address, high byte at the index and low byte at the next. The low byte changes with
 * each line, the high byte seldom. */
static void crtc_write_address(uint8_t index, uint8_t *high, unsigned address)
{
	if (*high != address >> 8) {
		*high = (uint8_t)(address >> 8);
		crtc_write(index, *high);
	}
	crtc_write(index + 1, (uint8_t)address);
}

static unsigned cursor_row(void)
{
	return prompt.on ? ROWS - 1 : terminal.row;
}

static unsigned cursor_column(void)
{
	if (prompt.on)
		return prompt.column;
	return terminal.column < COLUMNS ? terminal.column : COLUMNS - 1;
}

static void crtc_show(void)
{
	unsigned start = window.base * COLUMNS;

	crtc_write_address(CRTC_START, &crt.start_high, start);
	crtc_write_address(CRTC_CURSOR, &crt.cursor_high,
	                   start + cursor_row() * COLUMNS + cursor_column());
	crt.behind = false;
}

static void line_show(unsigned index)
{
	const struct line *l = &window.line[index];
	unsigned of_row = index < window.top ? index + ROWS - window.top : index - window.top;
	unsigned first = l->first & ~(CELLS_A_WORD - 1u);
	unsigned end = (l->end + CELLS_A_WORD - 1u) & ~(CELLS_A_WORD - 1u);

	uint16_t *to = VIDEO + (window.base + of_row) * COLUMNS + first;

	bytes_copy(to, l->cell + first, (end - first) * sizeof(*to));
	window.dirty &= ~(1u << index);
}

/* ---- A framebuffer ---- */

/* Looks at some cells of the lines, and draws one at most: 1,090 instructions. Returns false when
 * nothing is left. */
static bool lines_draw(struct line *lines, uint32_t *dirty)
{
	enum { CELLS = 16 };
	if (*dirty == 0)
		return false;
	unsigned index = (unsigned)__builtin_ctz(*dirty);
	struct line *l = &lines[index];
	bool drawn = false;

	for (unsigned n = 0; n < CELLS && l->first < l->end && !drawn; n++, l->first++)
		drawn = framebuffer_draw(index, l->first, l->cell[l->first]);
	if (l->first >= l->end)
		*dirty &= ~(1u << index);
	return true;
}

/* Draws the cursor when the text is there: first its old place, then the new one. */
static bool cursor_draw(void)
{
	unsigned index = line_index(cursor_row()), column = cursor_column();

	if (!crt.behind)
		return false;
	if (cursor.index != index || cursor.column != column) {
		line_touch(cursor.index, cursor.column, cursor.column + 1);
		cursor.index = index;
		cursor.column = column;
		return true;
	}
	framebuffer_draw(index, column, window.line[index].cell[column] ^ CELL_SWAP);
	crt.behind = false;
	return false;
}

static bool framebuffer_show(void)
{
	if (view.on)
		return lines_draw(view.line, &view.dirty);
	return lines_draw(window.line, &window.dirty) || cursor_draw();
}

/* Puts the plain characters at the beginning of the text, up to the end of the row. Returns their
 * number. */
static size_t run_put(const char *text, size_t size)
{
	uint16_t *cell = window.line[line_index(terminal.row)].cell + terminal.column;
	size_t most = COLUMNS - terminal.column, count = 0;

	if (terminal.state != TEXT)
		return 0;
	if (most > size)
		most = size;
	for (; count < most && text[count] >= ' ' && text[count] < 0x7f; count++)
		cell[count] = (uint16_t)((CELL_BLANK & 0xff00) | text[count]);
	if (count > 0)
		line_touch(line_index(terminal.row), terminal.column,
		           terminal.column + (unsigned)count);
	terminal.column += (unsigned)count;
	return count;
}

void vga_put(const char *text, size_t size)
{
	crt.behind = crt.behind || size > 0;
	while (size > 0) {
		size_t count = run_put(text, size);

		if (count == 0)
			put((uint8_t)text[count++]);
		text += count;
		size -= count;
	}
}

bool vga_show(void)
{
	if (framebuffer_is_on())
		return framebuffer_show();
	if (view.on)
		return false;
	if (window.dirty != 0)
		line_show((unsigned)__builtin_ctz(window.dirty));
	else if (crt.behind)
		crtc_show();
	return window.dirty != 0 || crt.behind;
}

void vga_init(void)
{
	window.top = terminal.row = terminal.column = 0;
	prompt.on = view.on = false;
	terminal.state = TEXT;
	crt.start_high = crt.cursor_high = UINT8_MAX; /* no possible value */
	for (unsigned i = 0; i < ROWS; i++)
		line_blank(i);
	screen_rewind();
	crt.behind = true;
	while (vga_show())
		;
}

void vga_write(const char *text, size_t size)
{
	vga_view_end();
	vga_put(text, size);
	while (vga_show())
		;
}

/* ---- The prompt ---- */

static void begin_prompt(void)
{
	if (terminal.row == ROWS - 1) {
		scroll();
		terminal.row--;
	}
	prompt.on = true;
}

void vga_prompt(const char *text, size_t length, size_t at)
{
	enum { MARK = 2, MOST = COLUMNS - MARK - 1 };

	if (!prompt.on)
		begin_prompt();
	uint16_t *cell = window.line[line_index(ROWS - 1)].cell;
	size_t first = at > MOST ? at - MOST : 0;

	line_blank(line_index(ROWS - 1));
	cell[0] = (CELL_BLANK & 0xff00) | '>';
	for (size_t i = 0; first + i < length && i < MOST; i++)
		cell[MARK + i] = cell_of(text[first + i], CELL_BLANK);
	prompt.column = MARK + (unsigned)(at - first);
	crt.behind = true;
}

/* ---- The view ---- */

void vga_view(unsigned of_row, const char *text, size_t length, bool reverse)
{
	struct line *shown = &view.line[of_row];
	uint16_t blank = reverse ? CELL_REVERSE : CELL_BLANK;

	while (!view.on && vga_show())
		;
	if (!view.on)
		view.base = window.base;
	view.on = true;
	for (unsigned i = 0; i < COLUMNS; i++)
		shown->cell[i] = i < length ? cell_of(text[i], blank) : blank;
	shown->first = 0;
	shown->end = COLUMNS;
	view.dirty |= 1u << of_row;
	if (!framebuffer_is_on())
		bytes_copy(VIDEO + (view.base + of_row) * COLUMNS, shown->cell,
		           sizeof(shown->cell));
}

void vga_view_end(void)
{
	if (!view.on)
		return;
	view.on = false;
	for (unsigned i = 0; i < ROWS; i++)
		line_touch(i, 0, COLUMNS);
	crt.behind = true;
}
