/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real 8259 pair: the VMM's accesses to the ports, and the read select that a guest may have
 * set.
 *
 * Rule: the file knows what is in the chips, and no more: no line's route and no guest's wish. The
 * datasheet is Intel's 8259A (231468-003).
 */
#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "chipset/pc/pc.h"

#include <stddef.h>

enum { OCW3_READ_IRR = 0x0a, OCW3_READ_ISR = 0x0b };
/* Special mask mode off and IRR selected: no setting that a guest leaves behind reaches the next
 * guest. */
enum { OCW3_LEAVE = 0x4a };
enum { OCW3_POLL = 0x0c, POLL_ANSWERED = 0x80 };
enum { OCW2_SPECIFIC_EOI = 0x60, OCW2_PRIORITY_RESET = 0xc7, OCW2_ROTATE_AUTO_OFF = 0x00 };

struct pc_chip pc_chips[PICS];
const struct pc_ports pc_ports[PICS] = { { 0x20, 0x21, LINE(LINE_CASCADE) },
	                                 { 0xa0, 0xa1, LINE_CASCADE } };

/* The read select of a command port that is open to the guest cannot be read back. But the port
 * answers with the selected register. An answer with a bit that IRR has not was therefore ISR. The
 * select is noted at the first look after an exit, and put back before the entry. */
static struct {
	struct controller *of; /* the guest that may have set the chips' read select */
	enum { SELECT_NOTED, SELECT_OPEN, SELECT_ANSWERED } state;
	line_set answer; /* at the first look after the exit */
	bool isr;        /* last note of the running VM: a chip of the pair has ISR selected */
} selected;

/*
 * What the VMM has to ask of the slave. An access to a port is the dearest step of a switch.
 *
 * NO_SLAVE    no VM has a line of the slave: no request of the slave matters.
 * SLAVE_IRR   the guest that runs has no line of the slave. The slave's mask stays all ones, no
 *             interrupt of the slave is in service, and IRR stays selected.
 * OWN_SLAVE   the guest reaches both chips, and no other owner has a line of the slave. An NMI
 *             tells of no line of the slave then, so the look after an NMI exit asks the master.
 * BOTH_CHIPS  the guest reaches both chips.
 */
static enum asked { NO_SLAVE, SLAVE_IRR, OWN_SLAVE, BOTH_CHIPS } asked;
/* While a guest without lines of the slave runs, and while a guest with such lines runs. */
static enum asked beside = NO_SLAVE, inside = OWN_SLAVE;

void pc_leave_slave(void)
{
	asked = beside = NO_SLAVE;
	inside = OWN_SLAVE;
}

void pc_use_slave(void)
{
	if (beside != NO_SLAVE)
		inside = BOTH_CHIPS; /* a second owner */
	beside = SLAVE_IRR;
	if (asked != SLAVE_IRR)
		asked = asked == NO_SLAVE ? SLAVE_IRR : BOTH_CHIPS;
}

static inline bool reaches_slave(void)
{
	return asked >= OWN_SLAVE;
}

static inline line_set read_both(void)
{
	line_set master = io_in8(0x20);

	return (uint16_t)(master | io_in8(0xa0) << 8);
}

static inline line_set read_master(uint8_t ocw3)
{
	io_out8(0x20, ocw3);
	return io_in8(0x20);
}

/* Selects a register of the chips that the guest reaches, and returns its value. */
static inline line_set read_selected(uint8_t ocw3)
{
	if (!reaches_slave())
		return read_master(ocw3);
	io_out8(0x20, ocw3);
	io_out8(0xa0, ocw3);
	return read_both();
}

static inline line_set read_irr(uint8_t ocw3)
{
	line_set irr = read_selected(ocw3);

	return asked == SLAVE_IRR ? (uint16_t)(irr | io_in8(0xa0) << 8) : irr;
}

/* Returns the answer of the registers that the guest may have selected. */
static inline line_set read_answer(void)
{
	return reaches_slave() ? read_both() : io_in8(0x20);
}

bool pc_masks_stand(void)
{
	return io_in8(0x21) == pc_chips[PIC_MASTER].mask &&
	       (!reaches_slave() || io_in8(0xa1) == pc_chips[PIC_SLAVE].mask);
}

bool pc_masks_of_others_stand(void)
{
	return io_in8(0x21) == pc_chips[PIC_MASTER].mask &&
	       (asked != BOTH_CHIPS || io_in8(0xa1) == pc_chips[PIC_SLAVE].mask);
}

static inline void note_answer(void)
{
	if (selected.state != SELECT_OPEN)
		return;
	selected.answer = read_answer();
	selected.state = SELECT_ANSWERED;
	chipset_present.dirty = true; /* to be put back before the entry */
}

/* An answer with a bit that IRR has not was ISR. Where IRR and ISR are equal, or a request may have
 * come in between, the answer is no evidence. The last note then stays. */
static void note_select_of(struct pic_state *pic, uint8_t answer, uint8_t irr, uint8_t isr)
{
	if (answer & ~irr)
		pic->read_isr = answer == isr;
	else if (answer == irr && isr != irr)
		pic->read_isr = false;
}

static void note_select(line_set irr)
{
	struct controller *c = selected.of;

	if (c == NULL)
		return;
	line_set isr = read_selected(OCW3_READ_ISR);
	(void)read_irr(OCW3_READ_IRR); /* selects IRR again */
	if (c->open & OPEN_MASTER_COMMAND)
		note_select_of(&c->pc.pic[PIC_MASTER], (uint8_t)selected.answer, (uint8_t)irr,
		               (uint8_t)isr);
	if (c->open & OPEN_SLAVE_COMMAND)
		note_select_of(&c->pc.pic[PIC_SLAVE], (uint8_t)(selected.answer >> 8),
		               (uint8_t)(irr >> 8), (uint8_t)(isr >> 8));
	selected.isr = c->pc.pic[PIC_MASTER].read_isr || c->pc.pic[PIC_SLAVE].read_isr;
}

void pc_follow_select(struct controller *c)
{
	selected.of = c;
	selected.state = SELECT_NOTED;
	selected.isr = c != NULL &&
	               (c->pc.pic[PIC_MASTER].read_isr || c->pc.pic[PIC_SLAVE].read_isr);
}

void pc_reach_slave(bool reaches)
{
	asked = reaches ? inside : beside;
}

void pc_return_select(struct controller *c)
{
	if (c->pc.pic[PIC_MASTER].read_isr)
		io_out8(0x20, OCW3_READ_ISR);
	if (c->pc.pic[PIC_SLAVE].read_isr && reaches_slave())
		io_out8(0xa0, OCW3_READ_ISR);
	selected.state = SELECT_OPEN;
}

static inline line_set read_noting(uint8_t ocw3)
{
	note_answer();
	line_set irr = read_irr(ocw3);
	if (selected.state == SELECT_ANSWERED) {
		selected.state = SELECT_NOTED;
		if ((selected.answer & ~irr) || selected.isr)
			note_select(irr);
	}
	return irr & (uint16_t)~LINE(LINE_CASCADE);
}

line_set pc_read_irr(void)
{
	return read_noting(OCW3_READ_IRR);
}

/* slow_path: inlined, the image has 448 bytes more (the limit is 196,608). */
slow_path line_set pc_read_irr_rarely(void)
{
	return pc_read_irr();
}

line_set pc_leave_irr(void)
{
	return read_noting(OCW3_LEAVE);
}

void pc_note_select(void)
{
	if (selected.state != SELECT_NOTED)
		(void)pc_read_irr();
}

/* A look's answer may have been ISR: notes the select, and returns IRR. slow_path: inlined, the
 * image has 64 bytes more. */
static __attribute__((cold)) slow_path line_set note_look(line_set answer)
{
	selected.answer = asked == OWN_SLAVE ? (uint16_t)(answer | io_in8(0xa0) << 8) : answer;
	selected.state = SELECT_ANSWERED;
	chipset_present.dirty = true; /* to be put back before the entry */
	return pc_read_irr_rarely();
}

line_set pc_look(void)
{
	if (selected.state != SELECT_OPEN)
		return pc_read_irr_rarely(); /* noted before; put back before the entry */
	line_set answer, irr;
	if (asked == OWN_SLAVE) {
		answer = io_in8(0x20);
		irr = read_master(OCW3_READ_IRR);
	} else {
		answer = read_answer();
		irr = read_irr(OCW3_READ_IRR);
	}
	/* ISR was probably selected. */
	if ((answer & ~irr) || selected.isr)
		return note_look(answer);
	return irr & (uint16_t)~LINE(LINE_CASCADE);
}

line_set pc_read_isr(void)
{
	line_set isr;
	uint32_t before;

	note_answer();
	do {
		before = nmi_count; /* the NMI handler selects IRR */
		isr = read_selected(OCW3_READ_ISR);
	} while (nmi_count != before);
	return isr;
}

void pc_write_mask(unsigned chip, uint8_t mask)
{
	pc_chips[chip].mask = mask;
	io_out8(pc_ports[chip].data, mask);
}

void pc_write_masks(const uint8_t mask[PICS])
{
	if (mask[PIC_SLAVE] != pc_chips[PIC_SLAVE].mask)
		pc_write_mask(PIC_SLAVE, mask[PIC_SLAVE]);
	pc_write_mask(PIC_MASTER, mask[PIC_MASTER]);
}

line_set pc_initialise(unsigned chip, uint8_t icw2, uint8_t icw4)
{
	pc_chips[chip].icw2 = icw2;
	pc_chips[chip].icw4 = icw4;
	/* ICW1 drops the latched requests: read IRR with no access in between. */
	io_out8(pc_ports[chip].command, OCW3_READ_IRR);
	uint8_t irr = io_in8(pc_ports[chip].command);
	io_out8(pc_ports[chip].command, ICW1_SELECT | ICW1_IC4);
	io_out8(pc_ports[chip].data, icw2);
	io_out8(pc_ports[chip].data, pc_ports[chip].icw3);
	io_out8(pc_ports[chip].data, icw4);
	pc_write_mask(chip, 0xff);
	return chip == PIC_MASTER ? irr & (uint16_t)~LINE(LINE_CASCADE) : (uint16_t)(irr << 8);
}

void pc_reset_priority(const struct controller *c)
{
	io_out8(0x20, OCW2_PRIORITY_RESET);
	if (c->pc.inputs[PIC_SLAVE] != 0)
		io_out8(0xa0, OCW2_PRIORITY_RESET);
	if ((c->pc.pic[PIC_MASTER].icw4 | c->pc.pic[PIC_SLAVE].icw4) & ICW4_AEOI) {
		io_out8(0x20, OCW2_ROTATE_AUTO_OFF);
		io_out8(0xa0, OCW2_ROTATE_AUTO_OFF);
	}
}

void pc_end_rotation(unsigned chip)
{
	io_out8(pc_ports[chip].command, OCW2_PRIORITY_RESET);
	io_out8(pc_ports[chip].command, OCW2_ROTATE_AUTO_OFF);
}

void pc_end_service(line_set isr)
{
	for (; isr; isr &= isr - 1) {
		unsigned line = line_first(isr);
		io_out8(pc_ports[line / 8].command, OCW2_SPECIFIC_EOI | (line & 7));
	}
}

uint8_t pc_poll_chip(unsigned chip)
{
	io_out8(pc_ports[chip].command, OCW3_POLL);
	return io_in8(pc_ports[chip].command);
}

void pc_take_request(unsigned line)
{
	io_out8(pc_ports[PIC_MASTER].data, (uint8_t)~LINE(line));
	uint8_t answer = pc_poll_chip(PIC_MASTER);
	if (answer == (POLL_ANSWERED | line))
		io_out8(pc_ports[PIC_MASTER].command, (uint8_t)(OCW2_SPECIFIC_EOI | line));
	io_out8(pc_ports[PIC_MASTER].data, pc_chips[PIC_MASTER].mask);
}
