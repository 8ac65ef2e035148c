/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of stock PC parts. ISA lines reach both the 8259 pair and the I/O APIC, and that makes the
 * multiplexer:
 *
 *   routed to the controller: I/O APIC pin masked, 8259 mask as the guest wants it
 *   routed to the VMM block:  8259 mask bit 1, pin in NMI delivery mode, until the edge has been seen
 *
 * Rule: nothing is lost. The status register is kept in software. A line that is not routed and has no status bit is
 * armed: its first edge is an NMI, and the 8259's IRR, where masked lines latch too, says which line it was. From then
 * on the pin is masked and the assertion is held, at no further cost, until the line's VM runs. Order matters wherever
 * a route changes: arm the pin first, then mask the 8259, then read IRR, so that an edge shows in at least one of them.
 */
#include "chipset/pc.h"
#include "arch/x86/io.h"
#include "arch/x86/log.h"
#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"

#include <errno.h>

static line_set claimed;  /* lines that somebody owns */
static line_set routed;   /* to the controller */
static line_set asserted; /* the status register */
static line_set armed;    /* pins that raise NMI now */
static line_set unreported; /* asserted, and the dispatcher was not told yet */
static unsigned credits;  /* NMIs that lines found so far account for */
static struct controller *current; /* whose controller is in the chips */
static volatile uint32_t glimpsed; /* IRR as the NMI handler saw it; the handler sets bits, take_irr() takes them all */

/* In the host's NMI handler: an edge in IRR now may be gone again when the dispatcher looks (a square wave's lower half). */
static void glimpse(void)
{
	if (!pc_programming)
		glimpsed |= pc_read_irr() & armed;
}

/* All requests there are, and those there were when an NMI came. */
static line_set take_irr(void)
{
	line_set irr = pc_read_irr();
	uint32_t seen = 0;
	__asm__ volatile("xchg %0, %1" : "+r"(seen), "+m"(glimpsed));
	return irr | (line_set)seen;
}

static int probe(void)
{
	if (!platform.has_8259) {
		log_line("chipset pc: this machine has no 8259 pair (MADT flags)");
		return -ENODEV;
	}
	if (platform.ioapic == 0) {
		log_line("chipset pc: no I/O APIC in the MADT; it has to stand in for the VMM block");
		return -ENODEV;
	}
	for (unsigned chip = 0; chip < PICS; chip++)
		pc_program(chip, chip == PIC_MASTER ? 0x20 : 0x28, 1);
	nmi_hook = glimpse;
	return 0;
}

/* Arm what is neither routed nor asserted already, disarm the rest; pins that stay as they are cost nothing. */
static void arm(void)
{
	line_set wanted = claimed & ~routed & ~asserted, before = armed;
	armed |= wanted; /* the NMI handler may look while the pins change */
	for (line_set change = wanted ^ before; change; change &= change - 1) {
		unsigned line = line_first(change);
		ioapic_write((unsigned)platform.line[line].pin, RTE_NMI | (line_in(wanted, line) ? 0 : RTE_MASKED));
	}
	armed = wanted;
}

static void claim(line_set lines)
{
	chipset_standing.touched = true;
	for (line_set rest = lines; rest; rest &= rest - 1) {
		unsigned line = line_first(rest);
		if (platform.line[line].pin < 0) {
			log_line("chipset pc: line %u reaches no I/O APIC pin: its interrupts are held until its VM runs",
			         line);
			lines &= (line_set)~LINE(line);
		} else {
			ioapic_set_destination((unsigned)platform.line[line].pin, lapic_id());
		}
	}
	claimed |= lines;
	arm();
}

static void mask(line_set masked)
{
	(void)masked; /* every first edge is latched by an NMI, masked or not; the dispatcher knows what ends a turn */
	arm();
	if (current != NULL)
		pc_return_select(current);
	if (nmi_count == 0)
		credits = 0; /* nothing is under way, so nothing is left to be accounted for */
}

/* Lines seen in IRR whose pin was armed: each has raised one NMI. */
static void latch(line_set irr)
{
	line_set fresh = irr & armed & ~asserted;
	chipset_standing.touched = true;
	asserted |= fresh;
	unreported |= fresh;
	credits += (unsigned)__builtin_popcount(fresh);
}

/*
 * NMI status and control, port 61h (ICH9 datasheet 13.7.1)
 *   7 SERR# | 6 IOCHK# | 3 IOCHK# disable and clear | 2 SERR# disable and clear
 */
static bool system_error(void)
{
	enum { PORT_NMI_STATUS = 0x61, NMI_SOURCES = 0xc0, NMI_CLEAR = 0x0c };
	uint8_t seen = io_in8(PORT_NMI_STATUS);
	if (!(seen & NMI_SOURCES))
		return false;
	io_out8(PORT_NMI_STATUS, (seen & 0x03) | NMI_CLEAR);
	io_out8(PORT_NMI_STATUS, seen & 0x0f);
	return true;
}

static line_set status(unsigned nmis, line_set *fresh, bool *external)
{
	if (current != NULL)
		pc_catch_initialisation(current);
	latch(take_irr());
	*fresh = unreported;
	unreported = 0;
	/* Edges of a line that was armed all the while may have raised several NMIs: a line that was found explains them all,
	 * unless the chipset itself says that there was another source. */
	*external = nmis > credits && (credits == 0 || system_error());
	credits -= nmis < credits ? nmis : credits;
	return asserted;
}

static line_set read_asserted(void)
{
	return asserted;
}

static void acknowledge(line_set lines)
{
	chipset_standing.touched = true;
	asserted &= ~lines;
}

static line_set deliverable(const struct controller *c)
{
	return (asserted | c->inject) & pc_enabled(c);
}

/* 520 */
static int save(struct controller *c, bool force)
{
	pc_catch_initialisation(c);
	line_set isr = pc_read_isr();
	if (isr != 0 && !force) {
		c->busy = true;
		pc_refresh(c);
		return -EBUSY;
	}
	latch(take_irr());
	uint32_t before = nmi_count;
	routed = 0;
	arm();
	pc_write_mask(PIC_SLAVE, 0xff);
	pc_write_mask(PIC_MASTER, 0xff);
	line_set own = take_irr() & c->lines;
	if (own != 0)
		credits += nmi_count - before; /* asserted with the pin armed already */
	asserted |= own | (c->inject & c->lines);
	arm();
	c->inject = 0;
	if (isr != 0) {
		c->pic[PIC_MASTER].isr |= (uint8_t)isr;
		c->pic[PIC_SLAVE].isr |= (uint8_t)(isr >> 8);
		pc_end_service(isr);
	}
	c->busy = false;
	chipset_standing.routed = current = NULL;
	pc_follow_select(NULL);
	return 0;
}

static bool chip_differs(const struct controller *c, unsigned chip)
{
	const struct pic_state *pic = &c->pic[chip];
	return pic->ready && (pic->icw2 != pc_chips[chip].icw2 || pic->icw4 != pc_chips[chip].icw4);
}

/*
 * R19: the state cannot be written, so it is replayed. ICW1 drops the latched requests: what was latched before is taken
 * into the status register first. An NMI that comes in between and that IRR no longer explains belongs to one of the
 * armed lines; all of them get it, because one request too many is a spurious interrupt and one too few is a lost one.
 */
static void replay(const struct controller *c)
{
	latch(take_irr());
	uint32_t before = nmi_count;
	for (unsigned chip = 0; chip < PICS; chip++)
		if (chip_differs(c, chip))
			pc_program(chip, c->pic[chip].icw2, c->pic[chip].icw4);
	if (nmi_count == before)
		return;
	unsigned known = credits;
	latch(take_irr());
	if (credits == known) {
		asserted |= armed;
		unreported |= armed;
		credits += nmi_count - before;
	}
}

/* 540 */
static void restore(struct controller *c)
{
	if (chip_differs(c, PIC_MASTER) || chip_differs(c, PIC_SLAVE))
		replay(c);
	routed = c->lines;
	latch(take_irr() & ~c->lines);
	line_set was_armed = armed;
	arm();
	line_set irr = pc_read_irr() & c->lines;
	glimpsed = 0; /* of lines that are the controller's now, and of the others nothing since the look before */
	credits += (unsigned)__builtin_popcount(irr & was_armed & ~asserted); /* their NMIs are still to be taken */
	/* What the chip still holds it delivers itself; what it lost, or never saw, has to be injected. A shared line's
	 * request may have been taken by the other VM: this one gets its chance to look at its device each turn. */
	c->inject |= (asserted | c->shared) & c->lines & ~irr;
	asserted &= ~c->lines;
	unreported &= ~c->lines;
	chipset_standing.routed = current = c;
	pc_follow_select(c);
	chipset_standing.touched = true;
	pc_refresh(c);
}

static void route(struct controller *c)
{
	if (current != NULL)
		(void)save(current, true);
	if (c != NULL)
		restore(c);
}

const struct chipset chipset_pc = {
	.name = "pc",
	.probe = probe,
	.reset = pc_reset,
	.claim = claim,
	.route = route,
	.mask = mask,
	.status = status,
	.asserted = read_asserted,
	.acknowledge = acknowledge,
	.deliverable = deliverable,
	.save = save,
	.restore = restore,
	.port_read = pc_port_read,
	.port_write = pc_port_write,
	.pending_vector = pc_pending_vector,
	.injected = pc_injected,
};
