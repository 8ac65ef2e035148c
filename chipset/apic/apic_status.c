/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status of the lines: the request registers (IRR) of the machine's 8259 pair (8259A datasheet,
 * Figures 7 and 8).
 *
 * Rule: all inputs are masked for ever, and no code acknowledges a request. So only an ICW1 clears
 * an edge's bit, where the chip keeps the bit after the line's fall.
 */
#include "arch/x86/cpu/io.h"
#include "chipset/apic/apic.h"
#include "chipset/block/i8259.h"

enum { CHIPS = 2, READ_IRR = OCW3_SELECT | OCW3_RR, VECTORS = 0x20, CHIP_LINES = 8 };

static bool has_slave; /* a line of the slave has an owner */

static void initialise(unsigned chip)
{
	const uint16_t port = chip == 0 ? PORT_MASTER : PORT_SLAVE;

	io_out8(port, ICW1_SELECT | ICW1_IC4);
	io_out8(port + 1, (uint8_t)(VECTORS + CHIP_LINES * chip));
	io_out8(port + 1, chip == 0 ? LINE(LINE_CASCADE) : LINE_CASCADE);
	io_out8(port + 1, ICW4_UPM);
	io_out8(port + 1, 0xff);
	io_out8(port, READ_IRR); /* not every emulator selects IRR at ICW1 */
}

void apic_status_init(void)
{
	has_slave = false;
	for (unsigned chip = 0; chip < CHIPS; chip++)
		initialise(chip);
}

line_set apic_status_read(void)
{
	uint16_t irr = io_in8(PORT_MASTER);

	if (has_slave)
		irr |= (uint16_t)(io_in8(PORT_SLAVE) << CHIP_LINES);
	return irr & (uint16_t)~LINE(LINE_CASCADE);
}

void apic_status_clear(line_set lines)
{
	for (unsigned chip = 0; chip < CHIPS; chip++)
		if (lines >> CHIP_LINES * chip & 0xff)
			initialise(chip);
}

void apic_status_listen(line_set lines, bool by_level)
{
	has_slave |= lines >> CHIP_LINES != 0;
	if (!by_level)
		return;
	uint16_t level = (uint16_t)(io_in8(PORT_ELCR1) | io_in8(PORT_ELCR2) << CHIP_LINES);

	if (level & (uint16_t)~ELCR_BITS) /* the register does not exist */
		return;
	level |= (uint16_t)lines & ELCR_BITS;
	io_out8(PORT_ELCR1, (uint8_t)level);
	io_out8(PORT_ELCR2, (uint8_t)(level >> CHIP_LINES));
}
