/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a linear framebuffer. See the header for the rule.
 */
#include "arch/x86/machine/framebuffer.h"

#include "arch/x86/machine/platform.h"
#include "font.h" /* made by scripts/font.py: 40 bits for each character from 20h to 7Eh */

#include <string.h>

enum { GLYPH_COLUMNS = 5, GLYPH_ROWS = 8, GLYPH_BYTES = 5 };
enum { LEAST_WIDTH = VGA_COLUMNS * GLYPH_COLUMNS, LEAST_HEIGHT = VGA_ROWS * GLYPH_ROWS };
enum { BITS = 32, RGB = 1, VGA_TEXT = 2 };
/* The VMM has 4 GiB mapped from the beginning, and can map more up to 512 GiB. */
enum { LOW_SHIFT = 32, HIGH_SHIFT = 39 };
/* The same in each order of the colours. */
enum { COLOUR = 0xaaaaaa };

static struct {
	char *pixels; /* NULL: there is no framebuffer */
	unsigned pitch, scale;
	uint16_t shown[VGA_ROWS][VGA_COLUMNS]; /* 0: nothing was drawn there yet */
} screen;

bool framebuffer_init(const struct boot_screen *s)
{
	screen.pixels = NULL;
	if (s == NULL)
		return true;
	const uint64_t end = s->address + (uint64_t)s->pitch * s->height;
	if (s->bits != BITS || s->type != RGB || s->width < LEAST_WIDTH ||
	    s->height < LEAST_HEIGHT || s->pitch / (BITS / 8) < s->width ||
	    (s->address | end) >> HIGH_SHIFT ||
	    (end >> LOW_SHIFT && !pages_map_high(s->address, end, true)))
		return s->type == VGA_TEXT;
	screen.pixels = (char *)s->address;
	screen.pitch = s->pitch;
	screen.scale = s->width >= 2 * LEAST_WIDTH && s->height >= 2 * LEAST_HEIGHT ? 1 : 0;
	return true;
}

bool framebuffer_is_on(void)
{
	return screen.pixels != NULL;
}

bool framebuffer_draw(unsigned row, unsigned column, uint16_t cell)
{
	uint64_t glyph;
	char *at = screen.pixels + ((row * screen.pitch * GLYPH_ROWS) << screen.scale) +
	           ((column * GLYPH_COLUMNS * sizeof(uint32_t)) << screen.scale);

	if (screen.shown[row][column] == cell)
		return false;
	screen.shown[row][column] = cell;
	memcpy(&glyph, font + ((cell & 0xff) - ' ') * GLYPH_BYTES, sizeof(glyph));
	if (cell & 0x7000)
		glyph = ~glyph;
	for (unsigned y = 0; y < (unsigned)GLYPH_ROWS << screen.scale; y++, at += screen.pitch) {
		uint32_t *pixel = (uint32_t *)at;
		unsigned bits = (unsigned)(glyph >> (y >> screen.scale) * GLYPH_COLUMNS);

		for (unsigned x = 0; x < GLYPH_COLUMNS; x++, bits >>= 1) {
			pixel[0] = pixel[screen.scale] = bits & 1 ? COLOUR : 0;
			pixel += 1 + screen.scale;
		}
	}
	return true;
}
