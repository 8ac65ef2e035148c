/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of Figures 4 and 5 on stock parts: the steps that need both the VMM block (pc_block.c)
 * and the guest's controller (pc_8259.c).
 *
 * Rule: order matters wherever a route changes, as pc_block.c says.
 */
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/quick_ports.h"
#include "chipset/pc/pc.h"

#include <errno.h>
#include <stddef.h>

static struct controller *current; /* the controller that is in the chips */

void pc_mask(line_set masked)
{
	/* An NMI latches every first edge, masked or not. The dispatcher knows which line ends a
	 * turn. */
	(void)masked;
	pc_arm();
	if (current != NULL)
		pc_return_select(current);
}

struct chipset_status pc_read_status(unsigned nmis)
{
	/* comes before an initialisation is caught, because the catch drops the latched requests */
	pc_gather();
	if (current != NULL)
		pc_catch_initialisation(current);
	return pc_report(nmis);
}

line_set pc_deliverable(const struct controller *c, line_set known)
{
	(void)known;
	return ((pc_asserted() & c->lines) | c->inject) & pc_enabled(c);
}

/* Interrupts that are still in service go on in software; the command ports are trapped until the
 * guest's EOI. The chip forgets the interrupts. */
static void take_over_service(struct controller *c, line_set isr)
{
	c->pc.pic[PIC_MASTER].isr |= (uint8_t)isr;
	c->pc.pic[PIC_SLAVE].isr |= (uint8_t)(isr >> 8);
	pc_end_service(isr);
}

/* 520: arms the lines first, then reads IRR. An edge shows as an NMI, in IRR, or as both. The masks
 * stay as they are: the processor takes no interrupt of the 8259s in the VMM, and the restore of
 * the next guest writes the masks. An access to a port is the dearest step of a switch. */
int pc_save(struct controller *c, bool force)
{
	quick_ports_end();
	pc_catch_initialisation(c);
	line_set isr = pc_read_isr();
	if (isr != 0 && !force) {
		c->busy = true;
		pc_refresh(c);
		return -EBUSY;
	}
	uint32_t before = nmi_count;
	c->pc.saved_clean = isr == 0 && !(c->busy | c->held);
	c->pc.masks[PIC_MASTER] = pc_chips[PIC_MASTER].mask;
	c->pc.masks[PIC_SLAVE] = pc_chips[PIC_SLAVE].mask;
	pc_connect(0);
	pc_keep_requests(c);
	if (nmi_count != before)
		/* by a pin of the VM's lines that was armed just now, or by a pin that the next
		 * look finds */
		pc_hear();
	c->inject &= c->unwired; /* the status register has the others */
	c->busy = false;
	if (isr != 0)
		take_over_service(c, isr);
	chipset_present.routed = current = NULL;
	chipset_present.dirty = true;
	pc_follow_select(NULL);
	return 0;
}

static bool chip_differs(const struct controller *c, unsigned chip)
{
	const struct pic_state *pic = &c->pc.pic[chip];

	return pic->ready && (pic->icw2 != pc_chips[chip].icw2 || pic->icw4 != pc_chips[chip].icw4);
}

/*
 * R19: the chip's state cannot be written, so the initialisation is replayed. ICW1 drops the
 * latched requests. The status register takes the latched requests first.
 */
static void replay(const struct controller *c)
{
	pc_latch_requests();
	for (unsigned chip = 0; chip < PICS; chip++)
		if (c->pc.inputs[chip] != 0 && chip_differs(c, chip))
			pc_program(chip, c->pc.pic[chip].icw2, c->pc.pic[chip].icw4);
}

static void close_masks(void)
{
	pc_write_masks((const uint8_t[PICS]){ 0xff, 0xff });
}

/*
 * Writes the guest's masks over the masks of the guest that left. Bochs's 8259 keeps the level that
 * raised INT while any open level has a request, and acknowledges that level (docs/emulators.md).
 * So the masks are closed first where a line of another VM has a request. A request that comes
 * later shows as an NMI, because such lines are armed, and the masks are written once more.
 */
static void open_masks(struct controller *c)
{
	bool clean = c->pc.saved_clean && c->inject == 0;
	bool closed = !clean || (pc_asserted() & ~c->lines) != 0;

	if (closed)
		close_masks();
	if (!clean) {
		pc_refresh(c);
		return;
	}
	pc_write_masks(c->pc.masks);
	if (nmi_count != 0 && !closed) {
		close_masks();
		pc_write_masks(c->pc.masks);
	}
}

/* 540 */
void pc_restore(struct controller *c)
{
	bool slave = c->pc.inputs[PIC_SLAVE] != 0;

	if (chip_differs(c, PIC_MASTER) || (slave && chip_differs(c, PIC_SLAVE)))
		replay(c);
	pc_reset_priority(c); /* the other guest may have rotated the priority */
	pc_hand_over(c);
	chipset_present.routed = current = c;
	chipset_present.dirty = true;
	pc_follow_select(c);
	pc_reach_slave(slave);
	open_masks(c);
}

void pc_route(struct controller *c)
{
	if (current != NULL)
		(void)pc_save(current, true);
	if (c != NULL)
		pc_restore(c);
	else
		close_masks();
}
