/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's 8259 pair on the real pair: the accesses that pass, the accesses that are filtered,
 * and the accesses that the VMM finds afterwards.
 *
 * Rule: the guest sees an 8259A. No value that the guest writes ever unmasks a line of another
 * owner. Command ports are open to the guest while no request is pending in software. Accesses to
 * data ports always come here. The datasheet is Intel's 8259A (231468-003).
 */
#include "arch/x86/cpu/io.h"
#include "chipset/pc.h"

#include <errno.h>

/* The chips' bits are named in chipset/block/i8259.h. */
enum {
	OCW2_COMMAND = OCW2_R | OCW2_SL | OCW2_EOI,
	OCW2_NOTHING = OCW2_SL,
	OCW2_SET_PRIORITY = OCW2_R | OCW2_SL,
	POLL_ANSWERED = 0x80,
	OCW_MASK = ICW1_SELECT | OCW3_SELECT
};

static unsigned offered; /* the line that pc_pending_vector() offered last */

void pc_reset(struct controller *c, line_set lines, line_set shared)
{
	*c = (struct controller){
		.lines = lines, .shared = shared, .keeps = c->keeps, .unwired = c->unwired
	};
	pc_pass_on(c->keeps);
	c->pc.inputs[PIC_MASTER] = (uint8_t)(lines | (lines >> 8 ? LINE(LINE_CASCADE) : 0));
	c->pc.inputs[PIC_SLAVE] = (uint8_t)(lines >> 8);
	c->pc.may_open[PIC_MASTER] = (uint8_t)(lines | c->unwired | LINE(LINE_CASCADE));
	c->pc.may_open[PIC_SLAVE] = c->pc.inputs[PIC_SLAVE];
	for (unsigned chip = 0; chip < PICS; chip++)
		c->pc.pic[chip] = (struct pic_state){ .imr = 0xff,
			                              .icw2 = chip == PIC_MASTER ? 0x08 : 0x70 };
}

/* Returns the guest's mask, without lines of others, and without levels that a request in service
 * by software holds back. The controller is fully nested, so such a request holds back its own
 * priority and all below. While an injected interrupt could be overtaken, the mask closes all
 * levels. */
static inline uint8_t real_mask(const struct controller *c, unsigned chip)
{
	const struct pic_state *pic = &c->pc.pic[chip];

	if (!pic->ready || pic->init_step != 0 || c->held)
		return 0xff;
	unsigned nested = pic->isr ? 0xffu << line_first(pic->isr) : 0;
	return (uint8_t)(pic->imr | ~c->pc.inputs[chip] | nested);
}

/* Returns the lines whose request would reach the processor, by the guest's own masks. */
line_set pc_enabled(const struct controller *c)
{
	const struct pic_state *master = &c->pc.pic[PIC_MASTER], *slave = &c->pc.pic[PIC_SLAVE];

	if (!master->ready || master->init_step != 0)
		return 0;
	line_set open = (line_set)(~master->imr & 0xff);
	if (line_in(open, LINE_CASCADE) && slave->ready && slave->init_step == 0)
		open |= (line_set)((uint8_t)~slave->imr << 8);
	return open & (c->lines | c->unwired);
}

static inline void refresh_mask(const struct controller *c, unsigned chip)
{
	uint8_t mask = real_mask(c, chip);

	if (mask != pc_chips[chip].mask)
		pc_write_mask(chip, mask);
}

/* Returns whether the guest's accesses reach the real chip. A guest without lines of the slave has
 * its slave in software alone: no request comes there, and the VMM need not look at each exit what
 * the guest has done to the chip. */
static inline bool reaches(const struct controller *c, unsigned chip)
{
	return chip == PIC_MASTER || c->pc.inputs[PIC_SLAVE] != 0;
}

/* Command ports are open while the state is plain. Plain means: no request waits for an EOI, no
 * request is in service by software, no chip is in the middle of ICWs, no poll command waits for
 * the read, and no lost request waits to be injected. IRR has to show such a lost request. A lost
 * request of a masked line may wait for ever, and is not shown. An ICW1 shows by the mask that the
 * ICW1 clears, so a chip whose mask is all clear stays trapped. */
static void refresh_ports(struct controller *c)
{
	const struct pic_state *master = &c->pc.pic[PIC_MASTER], *slave = &c->pc.pic[PIC_SLAVE];
	bool plain = !(c->busy | master->isr | slave->isr | master->init_step | slave->init_step |
	               master->poll | slave->poll);
	unsigned open = 0;

	if (c->inject != 0)
		/* the slave shows and polls requests behind a closed cascade as well */
		plain = plain && !(c->inject & ~(line_set)(master->imr | slave->imr << 8));
	if (plain && master->ready && pc_chips[PIC_MASTER].mask != 0)
		open |= OPEN_MASTER_COMMAND;
	if (plain && slave->ready && pc_chips[PIC_SLAVE].mask != 0 && reaches(c, PIC_SLAVE))
		open |= OPEN_SLAVE_COMMAND;
	if (open != c->open) { /* the read select moves between the chip and software */
		pc_note_select();
		chipset_present.dirty = true;
		c->changed = true;
	}
	c->changed |= c->inject != 0;
	c->open = (uint8_t)open;
}

void pc_refresh(struct controller *c)
{
	if (c->busy && pc_read_isr() == 0)
		c->busy = false;
	refresh_mask(c, PIC_SLAVE);
	refresh_mask(c, PIC_MASTER);
	refresh_ports(c);
}

static inline bool mask_was_cleared(unsigned chip)
{
	if (io_in8(pc_ports[chip].data) == pc_chips[chip].mask)
		return false;
	/* The answer to a poll command of the guest looks the same. The answer comes once. */
	return io_in8(pc_ports[chip].data) != pc_chips[chip].mask;
}

/* cold: a guest initialises its pair again, a few times in a run. */
static __attribute__((cold)) void caught(struct controller *c, unsigned chip)
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
	pc_refresh(c);
}

static inline void catch_initialisation(struct controller *c, unsigned chip)
{
	if (c->pc.pic[chip].init_step == 0 && mask_was_cleared(chip))
		caught(c, chip);
}

void pc_catch_initialisation(struct controller *c)
{
	if (pc_masks_stand())
		return;
	catch_initialisation(c, PIC_MASTER);
	catch_initialisation(c, PIC_SLAVE);
}

static int start_initialisation(struct controller *c, unsigned chip, uint8_t icw1)
{
	struct pic_state *pic = &c->pc.pic[chip];

	/* ICW1 forgets the edges that were latched */
	c->inject &= chip == PIC_MASTER ? 0xff00 : 0x00ff;
	pic->init_step = 2;
	pic->next[1] = icw1;
	pic->imr = pic->isr = 0;
	pic->read_isr = pic->poll = false;
	/* the chip forgets the edges as well */
	if (reaches(c, chip))
		pc_program(chip, pc_chips[chip].icw2, pc_chips[chip].icw4);
	/* A PC's pair is cascaded, edge triggered and in 8086 mode. The chip stays so whatever the
	 * guest asks. */
	return icw1 & (ICW1_LTIM | ICW1_SNGL) || !(icw1 & ICW1_IC4) ? -EPERM : 0;
}

static void continue_initialisation(struct controller *c, unsigned chip, uint8_t value)
{
	struct pic_state *pic = &c->pc.pic[chip];

	pic->next[pic->init_step] = value;
	bool single = pic->next[1] & ICW1_SNGL, last = pic->init_step == 4;
	if (pic->init_step == 2)
		pic->init_step = single ? 4 : 3;
	else if (pic->init_step == 3)
		pic->init_step = 4;
	if (!last && !(pic->init_step == 4 && !(pic->next[1] & ICW1_IC4)))
		return; /* masked since the sequence began */
	pic->icw1 = pic->next[1];
	pic->icw2 = pic->next[2] & 0xf8;
	pic->icw3 = pic->next[3];
	pic->icw4 = last ? (pic->next[4] & ICW4_AEOI) | ICW4_UPM : ICW4_UPM;
	pic->init_step = 0;
	pic->ready = true;
	pic->imr = 0;
	if (reaches(c, chip))
		pc_reprogram(c, chip, pic->icw2, pic->icw4); /* requests since ICW1 stay */
	if (pic->icw4 & ICW4_AEOI && reaches(c, chip))
		pc_end_rotation(chip);
	pc_refresh(c);
}

/* Ends a level in service by software. */
static void end_in_software(struct controller *c, unsigned chip, uint8_t bit, bool rotates)
{
	c->pc.pic[chip].isr &= (uint8_t)~bit;
	if (rotates && reaches(c, chip))
		io_out8(pc_ports[chip].command, (uint8_t)(OCW2_SET_PRIORITY | line_first(bit)));
}

/* OCW2. An end of interrupt without a level belongs to the request in service by software, where
 * the chip has no higher level in service. A rotation of such an end is the chip's: new requests
 * come to the chip. */
static void end_of_interrupt(struct controller *c, unsigned chip, uint8_t value)
{
	struct pic_state *pic = &c->pc.pic[chip];
	uint8_t real = (uint8_t)(pc_read_isr() >> (8 * chip));
	bool specific = value & OCW2_SL, eoi = value & OCW2_EOI;
	uint8_t bit = (uint8_t)(specific ? 1u << (value & OCW2_LEVEL) : pic->isr & -pic->isr);

	if (eoi && (pic->isr & bit) && (specific || real == 0 || bit < (real & -real)))
		end_in_software(c, chip, bit, value & OCW2_R);
	else if (!reaches(c, chip))
		return;
	else if (!specific)
		io_out8(pc_ports[chip].command, value & OCW2_COMMAND);
	else if ((value & OCW2_COMMAND) != OCW2_NOTHING)
		io_out8(pc_ports[chip].command, value & (OCW2_COMMAND | OCW2_LEVEL));
}

static void ocw3(struct controller *c, unsigned chip, uint8_t value)
{
	struct pic_state *pic = &c->pc.pic[chip];

	if (value & OCW3_RR)
		pic->read_isr = value & OCW3_RIS;
	pic->poll = value & OCW3_P; /* the chip is polled at the read */
	if (reaches(c, chip))
		io_out8(pc_ports[chip].command, value & (uint8_t)~OCW3_P);
}

static int command_write(struct controller *c, unsigned chip, uint8_t value)
{
	int error = 0;

	if (value & ICW1_SELECT)
		error = start_initialisation(c, chip, value);
	else if ((value & OCW_MASK) == OCW3_SELECT)
		ocw3(c, chip, value);
	else
		end_of_interrupt(c, chip, value);
	pc_refresh(c);
	return error;
}

/* OCW1, the only access of a guest after its ICWs that comes here. */
static inline int data_write(struct controller *c, unsigned chip, uint8_t value)
{
	uint8_t before = pc_chips[chip].mask;

	c->pc.pic[chip].imr = value;
	refresh_mask(c, chip);
	/* The hint: see exit_other_port() (vmm/core/ports.c). */
	if (__builtin_expect(!before != !pc_chips[chip].mask || c->inject, 0))
		refresh_ports(c);
	return (value | c->pc.may_open[chip]) == 0xff ? 0 : -EACCES;
}

/* All writes but a plain OCW1. noinline: without the noinline of this file's functions, measured
 * together, a mask write takes 10 instructions more
 * (test_figures.py: test_R02_a_mask_write_of_the_guest). */
static __attribute__((noinline)) int other_write(struct controller *c, unsigned chip, bool data,
                                                 uint8_t value)
{
	catch_initialisation(c, chip);
	if (!data)
		return command_write(c, chip, value);
	if (c->pc.pic[chip].init_step != 0)
		continue_initialisation(c, chip, value);
	else
		return data_write(c, chip, value);
	return 0;
}

int pc_port_write(struct controller *c, uint16_t port, uint8_t value)
{
	unsigned chip = port >> 7; /* 20h and 21h, A0h and A1h */
	bool data = port & 1;

	if (!data || c->pc.pic[chip].init_step != 0 || io_in8(port) != pc_chips[chip].mask)
		return other_write(c, chip, data, value);
	return data_write(c, chip, value);
}

/* Returns the lines that no level in service holds back (fully nested mode, 8259A datasheet). */
static line_set let_through(line_set isr)
{
	unsigned master = (uint8_t)isr, slave = isr >> 8;
	line_set lines = (line_set)(master ? (master & -master) - 1 : 0xff);

	if (line_in(lines, LINE_CASCADE))
		lines |= (line_set)((slave ? (slave & -slave) - 1 : 0xff) << 8);
	return lines;
}

static int highest_priority(line_set lines)
{
	/* IRQ0, 1, then the slave's 8-15 in the place of the cascade, then 3-7 */
	line_set above = lines & 0x0003, slave = lines & 0xff00;
	if (above)
		return (int)line_first(above);
	if (slave)
		return (int)line_first(slave);
	return lines ? (int)line_first(lines) : -1;
}

/* Returns the requests that the chip delivers itself. Own requests come first where their priority
 * is higher. In automatic EOI mode no EOI would show the end of the interrupt. */
static line_set own_requests(const struct controller *c)
{
	bool automatic = (c->pc.pic[PIC_MASTER].icw4 | c->pc.pic[PIC_SLAVE].icw4) & ICW4_AEOI;

	return automatic ? 0 : pc_read_irr() & c->lines;
}

/* Returns the vector of the lost request to inject now, or -1. */
static int offer(struct controller *c)
{
	line_set enabled = pc_enabled(c);

	if ((c->inject & enabled) == 0)
		return -1;
	line_set isr = pc_read_isr() |
	               (line_set)(c->pc.pic[PIC_MASTER].isr | c->pc.pic[PIC_SLAVE].isr << 8);
	int line = highest_priority((c->inject | own_requests(c)) & enabled & let_through(isr));
	if (line < 0 || !line_in(c->inject, (unsigned)line)) {
		c->busy = true; /* look again at the guest's next EOI */
		pc_refresh(c);
		return -1;
	}
	offered = (unsigned)line;
	return c->pc.pic[line / 8].icw2 + (line & 7);
}

int pc_pending_vector(struct controller *c)
{
	return c->inject == 0 ? -1 : offer(c);
}

/* Takes a level into service by software. In automatic EOI mode the level has ended already. */
static void serve(struct controller *c, unsigned chip, unsigned level)
{
	if (!(c->pc.pic[chip].icw4 & ICW4_AEOI))
		c->pc.pic[chip].isr |= (uint8_t)(1u << level);
}

unsigned pc_injected(struct controller *c)
{
	unsigned chip = offered / 8;

	c->inject &= (line_set)~LINE(offered);
	serve(c, chip, offered & 7);
	if (chip == PIC_SLAVE)
		serve(c, PIC_MASTER, LINE_CASCADE);
	pc_refresh(c);
	return offered;
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

/* Answers a poll command whose read is trapped. A lost request is taken where no request of the
 * chip has a higher priority. The chip answers in all other cases. */
static uint8_t poll(struct controller *c, unsigned chip)
{
	const uint8_t masks[PICS] = { pc_chips[PIC_MASTER].mask, pc_chips[PIC_SLAVE].mask };
	const uint8_t wishes[PICS] = { c->pc.pic[PIC_MASTER].imr, c->pc.pic[PIC_SLAVE].imr };
	line_set isr = pc_read_isr() |
	               (line_set)(c->pc.pic[PIC_MASTER].isr | c->pc.pic[PIC_SLAVE].isr << 8);
	uint8_t lost = asking_levels(c->inject, wishes, isr, chip);
	uint8_t real = asking_levels(pc_read_irr(), masks, isr, chip);

	if (lost == 0 || (real != 0 && line_first(real) < line_first(lost)))
		return reaches(c, chip) ? pc_poll(chip) : 0;
	unsigned level = line_first(lost);
	if (chip == PIC_SLAVE || level != LINE_CASCADE)
		c->inject &= (line_set)~LINE(8 * chip + level);
	serve(c, chip, level);
	return (uint8_t)(POLL_ANSWERED | level);
}

int pc_port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	unsigned chip = port >> 7;
	struct pic_state *pic = &c->pc.pic[chip];
	line_set inputs = (line_set)(c->pc.inputs[chip] << (8 * chip)), seen;

	catch_initialisation(c, chip);
	if (pic->poll) {
		pic->poll = false;
		*value = poll(c, chip);
		pc_refresh(c);
		return 0;
	}
	if (port == pc_ports[chip].data) {
		*value = pic->imr;
		return 0;
	}
	if (pic->read_isr)
		seen = (pc_read_isr() & inputs) | (line_set)(pic->isr << (8 * chip));
	else
		seen = (pc_read_irr() & inputs) | c->inject;
	*value = (uint8_t)(seen >> (8 * chip));
	return 0;
}

/* Handled like a request that the chip lost: the VMM injects the request. */
void pc_request(struct controller *c, unsigned line)
{
	c->inject |= LINE(line);
	c->changed = true;
}

/* The VMM injects the request; a request that is not injected yet can be taken back. */
void pc_drive(struct controller *c, unsigned line, bool high)
{
	pc_catch_initialisation(c);
	c->inject = high ? c->inject | LINE(line) : c->inject & (line_set)~LINE(line);
	c->changed = true;
	pc_refresh(c);
}

/* Returns whether the running VM's guest is in a handler. save() would close the command port then,
 * and the guest's EOI would exit. */
bool pc_in_service(const struct controller *c)
{
	return pc_read_isr() != 0 || (c->pc.pic[PIC_MASTER].isr | c->pc.pic[PIC_SLAVE].isr) != 0;
}
