/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's driver of its interrupt controller: the 8259A pair, or the APICs (apic.c).
 *
 * Rule: see pic.h.
 */
#include "guests/lib/pic.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/apic.h"
#include "guests/lib/traps.h"

enum { LINE_CASCADE = 2, LINE_SLAVE = 8, LINE_MASTER_LAST = 7, LINE_SLAVE_LAST = 15 };

/*
 * ICW1, command port (8259A datasheet, Figure 7)       ICW4, data port
 *
 *   7   6   5   4    3     2     1     0                  4     3    2    1     0
 *   0   0   0   1  LTIM   ADI  SNGL   IC4                SFNM  BUF  M/S  AEOI  uPM
 */
enum { ICW1_SELECT = 1 << 4, ICW1_IC4 = 1 << 0, ICW4_8086 = 1 << 0 };
/* ICW3: the master has a bit for the slave's input, the slave the number of this input. */
enum { ICW3_MASTER = 1 << LINE_CASCADE, ICW3_SLAVE = LINE_CASCADE };

/*
 * OCW2, command port (Figure 8)                         OCW3, command port
 *
 *   7   6    5   4  3   2 1 0                             6     5   4  3  2   1    0
 *   R   SL  EOI  0  0   level                           ESMM  SMM   0  1  P   RR  RIS
 */
enum { OCW2_EOI = 1 << 5, OCW2_SPECIFIC = 1 << 6 };
enum { OCW3_SELECT = 1 << 3, OCW3_READ_IRR = 2, OCW3_READ_ISR = 3 };

static enum pic_eoi eoi_kind;
static uint8_t masks[2] = { 0xff, 0xff };
static bool masks_each, by_apic;
static uint8_t vectors; /* by_apic: the vector of line 0 */

static void initialise(uint16_t command, uint16_t data, uint8_t vector, uint8_t icw3, uint8_t mask)
{
	io_out8(command, ICW1_SELECT | ICW1_IC4);
	io_out8(data, vector);
	io_out8(data, icw3);
	io_out8(data, ICW4_8086);
	io_out8(data, mask);
}

void pic_again(uint8_t base)
{
	irq_connect(base, base + 8);
	initialise(PIC_MASTER_COMMAND, PIC_MASTER_DATA, base, ICW3_MASTER, masks[0]);
	initialise(PIC_SLAVE_COMMAND, PIC_SLAVE_DATA, base + 8, ICW3_SLAVE, masks[1]);
}

void pic_init(uint8_t base, enum pic_eoi eoi)
{
	eoi_kind = eoi;
	masks[0] = masks[1] = 0xff;
	pic_again(base);
}

bool pic_use_apic(uint8_t base)
{
	vectors = base;
	by_apic = apic_init();
	return by_apic;
}

bool pic_drives_apic(void)
{
	return by_apic;
}

uint8_t pic_vector(unsigned line)
{
	return (uint8_t)(vectors + line);
}

static void write_masks(void)
{
	/* The cascade is open exactly while the slave has an open line. */
	if (masks[1] == 0xff)
		masks[0] |= 1 << LINE_CASCADE;
	else
		masks[0] &= (uint8_t) ~(1 << LINE_CASCADE);
	io_out8(PIC_MASTER_DATA, masks[0]);
	io_out8(PIC_SLAVE_DATA, masks[1]);
}

void pic_unmask(unsigned line)
{
	if (by_apic) {
		apic_set_pin(line, pic_vector(line), true);
		return;
	}
	masks[line / 8] &= (uint8_t) ~(1 << (line % 8));
	write_masks();
}

void pic_mask(unsigned line)
{
	if (by_apic) {
		apic_set_pin(line, pic_vector(line), false);
		return;
	}
	masks[line / 8] |= (uint8_t)(1 << (line % 8));
	write_masks();
}

static uint8_t in_service(uint16_t command)
{
	io_out8(command, OCW3_SELECT | OCW3_READ_ISR);
	uint8_t isr = io_in8(command);
	io_out8(command, OCW3_SELECT | OCW3_READ_IRR); /* leave the port as after ICW1 */
	return isr;
}

static void end(uint16_t command, unsigned level)
{
	io_out8(command,
	        eoi_kind == PIC_EOI_SPECIFIC ? OCW2_EOI | OCW2_SPECIFIC | level : OCW2_EOI);
}

bool pic_spurious(unsigned line)
{
	if (by_apic)
		return false;
	if (line == LINE_MASTER_LAST)
		return !(in_service(PIC_MASTER_COMMAND) & 0x80);
	if (line != LINE_SLAVE_LAST || in_service(PIC_SLAVE_COMMAND) & 0x80)
		return false;
	/* The slave took its request back, but the master has the cascade in service. */
	end(PIC_MASTER_COMMAND, LINE_CASCADE);
	return true;
}

void pic_mask_each(bool on)
{
	masks_each = on;
}

/* Writes a chip's mask with the line closed or open. No other line changes. */
static void write_mask(unsigned line, bool closed)
{
	uint8_t bit = (uint8_t)(1 << line % 8);
	uint8_t *mask = &masks[line / 8];

	if (by_apic) {
		if (line != APIC_TIMER_LINE)
			apic_set_pin(line, pic_vector(line), !closed);
		return;
	}
	*mask = closed ? *mask | bit : *mask & (uint8_t)~bit;
	io_out8(line < LINE_SLAVE ? PIC_MASTER_DATA : PIC_SLAVE_DATA, *mask);
}

void pic_begin(unsigned line)
{
	if (!masks_each)
		return;
	write_mask(line, true);
	pic_end(line);
}

void pic_finish(unsigned line)
{
	if (masks_each)
		write_mask(line, false);
	else
		pic_end(line);
}

void pic_end(unsigned line)
{
	if (by_apic) {
		apic_end();
		return;
	}
	if (line >= LINE_SLAVE) {
		end(PIC_SLAVE_COMMAND, line - LINE_SLAVE);
		end(PIC_MASTER_COMMAND, LINE_CASCADE);
	} else {
		end(PIC_MASTER_COMMAND, line);
	}
}
