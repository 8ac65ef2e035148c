/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's accesses to its 8259 pair other than OCW1, on the real pair: ICWs, OCW2, OCW3, polls
 * and reads. A guest makes these accesses a few times in a run, or while its command ports are
 * closed. So the file is made small, and pc_8259.c is made fast.
 *
 * Rule: a function changes the state of the guest's pair, and the chip where the guest reaches the
 * chip. The caller brings masks and open ports in line afterwards (pc_refresh()). The datasheet is
 * Intel's 8259A (231468-003).
 */
#include "arch/x86/cpu/io.h"
#include "chipset/pc/pc.h"

#include <errno.h>

/* The chips' bits are named in chipset/block/i8259.h. */
enum {
	OCW2_COMMAND = OCW2_R | OCW2_SL | OCW2_EOI,
	OCW2_NOTHING = OCW2_SL,
	OCW2_SET_PRIORITY = OCW2_R | OCW2_SL,
	POLL_ANSWERED = 0x80
};

void pc_follow_initialisation(struct controller *c, unsigned chip)
{
	struct pic_state *pic = &c->pc.pic[chip];

	c->reinitialised++;
	/* Requests since the guest's ICW1 are the guest's own again after the sequence. */
	line_set inputs = chip == PIC_MASTER ? 0x00ff : 0xff00;
	c->inject = (c->inject & ~inputs) | (pc_read_irr() & c->lines & inputs);
	pc_latch_service();
	pc_program(chip, pc_chips[chip].icw2, pc_chips[chip].icw4);
	pic->init_step = 2;
	pic->next[1] = pic->icw1;
	pic->imr = pic->isr = 0;
}

int pc_start_initialisation(struct controller *c, unsigned chip, uint8_t icw1)
{
	struct pic_state *pic = &c->pc.pic[chip];

	/* ICW1 forgets the edges that were latched */
	c->inject &= chip == PIC_MASTER ? 0xff00 : 0x00ff;
	pic->init_step = 2;
	pic->next[1] = icw1;
	pic->imr = pic->isr = 0;
	pic->read_isr = pic->poll = false;
	/* the chip forgets the edges as well */
	if (pc_reaches(c, chip))
		pc_program(chip, pc_chips[chip].icw2, pc_chips[chip].icw4);
	/* A PC's pair is cascaded, edge triggered and in 8086 mode. The chip stays so whatever the
	 * guest asks. */
	return icw1 & (ICW1_LTIM | ICW1_SNGL) || !(icw1 & ICW1_IC4) ? -EPERM : 0;
}

bool pc_continue_initialisation(struct controller *c, unsigned chip, uint8_t value)
{
	struct pic_state *pic = &c->pc.pic[chip];

	pic->next[pic->init_step] = value;
	bool single = pic->next[1] & ICW1_SNGL, last = pic->init_step == 4;
	if (pic->init_step == 2)
		pic->init_step = single ? 4 : 3;
	else if (pic->init_step == 3)
		pic->init_step = 4;
	if (!last && !(pic->init_step == 4 && !(pic->next[1] & ICW1_IC4)))
		return false; /* masked since the sequence began */
	pic->icw1 = pic->next[1];
	pic->icw2 = pic->next[2] & 0xf8;
	pic->icw3 = pic->next[3];
	pic->icw4 = last ? (pic->next[4] & ICW4_AEOI) | ICW4_UPM : ICW4_UPM;
	pic->init_step = 0;
	pic->ready = true;
	pic->imr = 0;
	if (pc_reaches(c, chip))
		pc_reprogram(c, chip, pic->icw2, pic->icw4); /* requests since ICW1 stay */
	if (pic->icw4 & ICW4_AEOI && pc_reaches(c, chip))
		pc_end_rotation(chip);
	return true;
}

/* Ends a level in service by software. */
static void end_in_software(struct controller *c, unsigned chip, uint8_t bit, bool rotates)
{
	c->pc.pic[chip].isr &= (uint8_t)~bit;
	if (rotates && pc_reaches(c, chip))
		io_out8(pc_ports[chip].command, (uint8_t)(OCW2_SET_PRIORITY | line_first(bit)));
}

/* An end of interrupt without a level belongs to the request in service by software, where
 * the chip has no higher level in service. A rotation of such an end is the chip's: new requests
 * come to the chip. */
void pc_end_of_interrupt(struct controller *c, unsigned chip, uint8_t value)
{
	struct pic_state *pic = &c->pc.pic[chip];
	uint8_t real = (uint8_t)(pc_read_isr() >> (8 * chip));
	bool specific = value & OCW2_SL, eoi = value & OCW2_EOI;
	uint8_t bit = (uint8_t)(specific ? 1u << (value & OCW2_LEVEL) : pic->isr & -pic->isr);

	if (eoi && (pic->isr & bit) && (specific || real == 0 || bit < (real & -real)))
		end_in_software(c, chip, bit, value & OCW2_R);
	else if (!pc_reaches(c, chip))
		return;
	else if (!specific)
		io_out8(pc_ports[chip].command, value & OCW2_COMMAND);
	else if ((value & OCW2_COMMAND) != OCW2_NOTHING)
		io_out8(pc_ports[chip].command, value & (OCW2_COMMAND | OCW2_LEVEL));
}

void pc_ocw3(struct controller *c, unsigned chip, uint8_t value)
{
	struct pic_state *pic = &c->pc.pic[chip];

	if (value & OCW3_RR)
		pic->read_isr = value & OCW3_RIS;
	pic->poll = value & OCW3_P; /* the chip is polled at the read */
	if (pc_reaches(c, chip))
		io_out8(pc_ports[chip].command, value & (uint8_t)~OCW3_P);
}

/* In automatic EOI mode the level has ended already. */
void pc_serve(struct controller *c, unsigned chip, unsigned level)
{
	if (!(c->pc.pic[chip].icw4 & ICW4_AEOI))
		c->pc.pic[chip].isr |= (uint8_t)(1u << level);
}

/* Returns the levels of a chip that ask and that no level in service holds back, in the default
 * order. The slave's output is a level of the master. */
static uint8_t asking_levels(line_set requests, const uint8_t mask[PICS], line_set isr,
                             unsigned chip)
{
	uint8_t master = (uint8_t)isr, slave = (uint8_t)(isr >> 8);
	uint8_t of_slave = (uint8_t)(requests >> 8) & (uint8_t)~mask[PIC_SLAVE] &
	                   (uint8_t)((slave & -slave) - 1);

	if (chip == PIC_SLAVE)
		return of_slave;
	uint8_t levels = (uint8_t)(requests | (of_slave ? LINE(LINE_CASCADE) : 0));
	return levels & (uint8_t)~mask[PIC_MASTER] & (uint8_t)((master & -master) - 1);
}

/* A lost request is taken where no request of the
 * chip has a higher priority. The chip answers in all other cases. */
uint8_t pc_answer_poll(struct controller *c, unsigned chip)
{
	const uint8_t masks[PICS] = { pc_chips[PIC_MASTER].mask, pc_chips[PIC_SLAVE].mask };
	const uint8_t wishes[PICS] = { c->pc.pic[PIC_MASTER].imr, c->pc.pic[PIC_SLAVE].imr };
	line_set isr = pc_read_isr() |
	               (uint16_t)(c->pc.pic[PIC_MASTER].isr | c->pc.pic[PIC_SLAVE].isr << 8);
	uint8_t lost = asking_levels(c->inject, wishes, isr, chip);
	uint8_t real = asking_levels(pc_read_irr(), masks, isr, chip);

	if (lost == 0 || (real != 0 && line_first(real) < line_first(lost)))
		return pc_reaches(c, chip) ? pc_poll(chip) : 0;
	unsigned level = line_first(lost);
	if (chip == PIC_SLAVE || level != LINE_CASCADE)
		c->inject &= (uint16_t)~LINE(8 * chip + level);
	pc_serve(c, chip, level);
	return (uint8_t)(POLL_ANSWERED | level);
}

uint8_t pc_read_register(const struct controller *c, unsigned chip)
{
	const struct pic_state *pic = &c->pc.pic[chip];
	line_set inputs = (uint16_t)(c->pc.inputs[chip] << (8 * chip)), seen;

	if (pic->read_isr)
		seen = (pc_read_isr() & inputs) | (uint16_t)(pic->isr << (8 * chip));
	else
		seen = (pc_read_irr() & inputs) | c->inject;
	return (uint8_t)(seen >> (8 * chip));
}
