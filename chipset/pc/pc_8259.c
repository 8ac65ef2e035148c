/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's 8259 pair on the real pair: the accesses that pass, the accesses that are filtered,
 * and the accesses that the VMM finds afterwards. What an access other than OCW1 does is in
 * pc_commands.c.
 *
 * Rule: the guest sees an 8259A. No value that the guest writes ever unmasks a line of another
 * owner. Command ports are open to the guest while no request is pending in software. Accesses to
 * data ports always come here. The datasheet is Intel's 8259A (231468-003).
 */
#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/quick_ports.h"
#include "chipset/pc/pc.h"

#include <errno.h>

enum { OCW_MASK = ICW1_SELECT | OCW3_SELECT, PLAIN_OCW1 = 1 };

static unsigned offered; /* the line that pc_pending_vector() offered last */

__attribute__((cold)) void pc_reset(struct controller *c, line_set lines, line_set shared)
{
	*c = (struct controller){ .lines = lines,
		                  .shared = shared,
		                  .keeps = c->keeps,
		                  .unwired = c->unwired,
		                  .counters = c->counters };
	quick_ports_end();
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
	line_set open = (uint16_t)(~master->imr & 0xff);
	if (line_in(open, LINE_CASCADE) && slave->ready && slave->init_step == 0)
		open |= (uint16_t)((uint8_t)~slave->imr << 8);
	return open & (c->lines | c->unwired);
}

static inline void refresh_mask(const struct controller *c, unsigned chip)
{
	uint8_t mask = real_mask(c, chip);

	if (mask != pc_chips[chip].mask)
		pc_write_mask(chip, mask);
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
		plain = plain && !(c->inject & ~(uint16_t)(master->imr | slave->imr << 8));
	if (plain && master->ready && pc_chips[PIC_MASTER].mask != 0)
		open |= OPEN_MASTER_COMMAND;
	if (plain && slave->ready && pc_chips[PIC_SLAVE].mask != 0 && pc_reaches(c, PIC_SLAVE))
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
	quick_ports_end();
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
	pc_follow_initialisation(c, chip);
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

static int command_write(struct controller *c, unsigned chip, uint8_t value)
{
	int error = 0;

	if (value & ICW1_SELECT)
		error = pc_start_initialisation(c, chip, value);
	else if ((value & OCW_MASK) == OCW3_SELECT)
		pc_ocw3(c, chip, value);
	else
		pc_end_of_interrupt(c, chip, value);
	pc_refresh(c);
	return error;
}

/* Lets the back end carry out the next accesses to the data ports, where an OCW1 changes a mask and
 * nothing else: the command ports are open, or a chip is in software alone. */
static __attribute__((cold)) slow_path void offer_ports(struct controller *c)
{
	const unsigned open = OPEN_MASTER_COMMAND |
	                      (pc_reaches(c, PIC_SLAVE) ? OPEN_SLAVE_COMMAND : 0);

	if (c->counters == NULL || c->open != open || c->inject != 0 || c->held)
		return;
	for (unsigned chip = 0; chip < PICS; chip++) {
		struct quick_port *port = &quick_ports.port[chip];
		port->guest = &c->pc.pic[chip].imr;
		port->chip = &pc_chips[chip].mask;
		port->closed = (uint8_t)~c->pc.inputs[chip];
		port->may_open = c->pc.may_open[chip];
	}
	quick_ports.counters = c->counters;
	quick_ports.offered = true;
	quick_ports.left = QUICK_MOST;
}

/* OCW1, the only access of a guest after its ICWs that comes here. */
static inline int data_write(struct controller *c, unsigned chip, uint8_t value)
{
	uint8_t before = pc_chips[chip].mask;

	c->pc.pic[chip].imr = value;
	refresh_mask(c, chip);
	/* The hint: see port_access() (vmm/core/port_access.c). */
	if (unlikely(!before != !pc_chips[chip].mask || c->inject)) {
		refresh_ports(c);
		quick_ports_end();
	} else if (quick_ports.offered) {
		quick_ports.left = QUICK_MOST;
	} else {
		offer_ports(c);
	}
	return (value | c->pc.may_open[chip]) == 0xff ? 0 : -EACCES;
}

/* All writes but a plain OCW1. Returns PLAIN_OCW1, where the write is one after all. cold: a
 * guest makes such writes a few times in a run. slow_path:
 * inlined, a mask write takes 10 instructions more (test_figures.py:
 * test_R02_a_mask_write_of_the_guest). */
static __attribute__((cold)) slow_path int other_write(struct controller *c, unsigned chip,
                                                       bool data, uint8_t value)
{
	catch_initialisation(c, chip);
	if (!data)
		return command_write(c, chip, value);
	if (c->pc.pic[chip].init_step == 0)
		return PLAIN_OCW1;
	if (pc_continue_initialisation(c, chip, value))
		pc_refresh(c);
	return 0;
}

int pc_port_write(struct controller *c, uint16_t port, uint8_t value)
{
	unsigned chip = port >> 7; /* 20h and 21h, A0h and A1h */
	bool data = port & 1;

	if (!data || c->pc.pic[chip].init_step != 0 || io_in8(port) != pc_chips[chip].mask) {
		int done = other_write(c, chip, data, value);
		if (done != PLAIN_OCW1)
			return done;
	}
	return data_write(c, chip, value);
}

/* Returns the lines that no level in service holds back (fully nested mode, 8259A datasheet). */
static line_set let_through(line_set isr)
{
	unsigned master = (uint8_t)isr, slave = isr >> 8;
	line_set lines = (uint16_t)(master ? (master & -master) - 1 : 0xff);

	if (line_in(lines, LINE_CASCADE))
		lines |= (uint16_t)((slave ? (slave & -slave) - 1 : 0xff) << 8);
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

	return automatic ? 0 : pc_read_irr_rarely() & c->lines;
}

/* Returns the vector of the lost request to inject now, or -1. */
static int offer(struct controller *c)
{
	line_set enabled = pc_enabled(c);

	if ((c->inject & enabled) == 0)
		return -1;
	line_set isr = pc_read_isr() |
	               (uint16_t)(c->pc.pic[PIC_MASTER].isr | c->pc.pic[PIC_SLAVE].isr << 8);
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

unsigned pc_injected(struct controller *c)
{
	unsigned chip = offered / 8;

	c->inject &= (uint16_t)~LINE(offered);
	pc_serve(c, chip, offered & 7);
	if (chip == PIC_SLAVE)
		pc_serve(c, PIC_MASTER, LINE_CASCADE);
	pc_refresh(c);
	return offered;
}

/* cold: a guest reads its pair a few times in a run, and while its command ports are closed. */
__attribute__((cold)) int pc_port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	unsigned chip = port >> 7;
	struct pic_state *pic = &c->pc.pic[chip];

	catch_initialisation(c, chip);
	if (pic->poll) {
		pic->poll = false;
		*value = pc_answer_poll(c, chip);
		pc_refresh(c);
	} else if (port == pc_ports[chip].data) {
		*value = pic->imr;
	} else {
		*value = pc_read_register(c, chip);
	}
	return 0;
}

/* Handled like a request that the chip lost: the VMM injects the request. */
void pc_request(struct controller *c, unsigned line)
{
	quick_ports_end();
	c->inject |= LINE(line);
	c->changed = true;
}

/* The VMM injects the request; a request that is not injected yet can be taken back. */
void pc_drive(struct controller *c, unsigned line, bool high)
{
	pc_catch_initialisation(c);
	c->inject = high ? c->inject | LINE(line) : c->inject & (uint16_t)~LINE(line);
	c->changed = true;
	pc_refresh(c);
}

/* Returns whether the running VM's guest is in a handler. save() would close the command port then,
 * and the guest's EOI would exit. */
bool pc_in_service(const struct controller *c)
{
	return pc_read_isr() != 0 || (c->pc.pic[PIC_MASTER].isr | c->pc.pic[PIC_SLAVE].isr) != 0;
}
