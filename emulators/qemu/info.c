/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"

#include "chipset/block/i8259.h"
#include "chipset/block/window.h"
#include "emulators/qemu/info.h"

static unsigned read_half(struct hardware *block, unsigned offset)
{
	return (unsigned)hardware_window_read(block, offset, 2);
}

/* Returns the vector of level 0. */
static unsigned base_vector(uint8_t icw1, uint8_t icw2, uint8_t icw4)
{
	if (icw4 & ICW4_UPM)
		return icw2 & 0xf8;
	return icw1 & (icw1 & ICW1_ADI ? 0xe0 : 0xc0);
}

void info_print_chip(Printout *out, struct hardware *block, unsigned chip)
{
	unsigned state = WINDOW_STATE + WINDOW_STATE_STRIDE * read_half(block, WINDOW_BANK);
	uint64_t word = hardware_window_read(
		block, state + (chip == PAIR_MASTER ? WINDOW_STATE_MASTER : WINDOW_STATE_SLAVE), 8);
	uint32_t modes = (uint32_t)(hardware_window_read(block, state + WINDOW_STATE_MODES, 8) >>
	                            32 * chip);
	uint8_t edges = (uint8_t)word, pins = (uint8_t)(word >> 24), held = (uint8_t)(word >> 32);
	uint8_t elcr = (uint8_t)(word >> 40), icw1 = (uint8_t)modes, icw4 = (uint8_t)(modes >> 8);
	uint8_t level = icw1 & ICW1_LTIM ? 0xff : elcr;

	print_to(out,
	         "pic%u: irr=%02x imr=%02x isr=%02x hprio=%d irq_base=%02x rr_sel=%d elcr=%02x "
	         "fnm=%d\n",
	         chip, held | (level & pins) | (~level & edges & 0xff), (uint8_t)(word >> 16),
	         (uint8_t)(word >> 8), ((modes >> 16) + 1) & 7,
	         base_vector(icw1, (uint8_t)(word >> 48), icw4), modes >> 20 & 1, elcr,
	         !!(icw4 & ICW4_SFNM));
}

/* The byte with the pulses is not read: such a read would clear the pulses. */
void info_print_block(Printout *out, struct hardware *block)
{
	unsigned status = read_half(block, WINDOW_STATUS);
	unsigned above = (unsigned)hardware_window_read(block, WINDOW_STATUS + 2, 1);
	char text[INFO_BYTES];

	hardware_describe(block, text, sizeof text);
	print_to(out,
	         "irqmux: lines=%04x route=%04x mask=%04x share=%04x bank=%d status=%04x "
	         "external=%d intr=%d; %s\n",
	         read_half(block, WINDOW_LINES), read_half(block, WINDOW_ROUTE),
	         read_half(block, WINDOW_MASK), read_half(block, WINDOW_SHARE),
	         read_half(block, WINDOW_BANK), status, above & 1, above >> 1 & 1, text);
}
