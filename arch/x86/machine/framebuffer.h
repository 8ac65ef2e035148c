/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a linear framebuffer, for firmware that has no VGA text: 80 by 25 cells of 5 by 8 pixels,
 * each pixel drawn twice in both directions where the screen has the room.
 *
 * Rule: the framebuffer is written only, a cell at a time, and only where the cell changes.
 */
#ifndef ARCH_X86_MACHINE_FRAMEBUFFER_H
#define ARCH_X86_MACHINE_FRAMEBUFFER_H

#include "arch/x86/machine/multiboot2.h"

#include <stdbool.h>

/* Takes the loader's framebuffer; NULL: there is none. Returns false for a framebuffer of no use:
 * it has to have 32 bits for a pixel, 400 by 200 pixels, and a place below 4 GiB. Call it once,
 * before vga_init(). */
bool framebuffer_init(const struct boot_screen *screen);
/* Returns whether text goes to a framebuffer. */
bool framebuffer_is_on(void);
/* Draws a cell of VGA's (7:0 character, 15:12 background), if the place shows another cell. Returns
 * whether it was drawn. A cell that is drawn takes 1,090 instructions, any other 21 (the function
 * alone, as make builds it, counted by single steps). */
bool framebuffer_draw(unsigned row, unsigned column, uint16_t cell);

#endif
