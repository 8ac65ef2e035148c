/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of stock PC parts: declarations that pc.c (routes and VMM block) and
 * pc_8259.c (the guest's controller) share.
 *
 * Rule: outside these two files only chipset_pc is used.
 */
#ifndef CHIPSET_PC_H
#define CHIPSET_PC_H

#include "arch/x86/io.h"
#include "chipset/chipset.h"

extern const struct chipset chipset_pc;

/* The real 8259 pair. */
enum { PIC_MASTER, PIC_SLAVE, PICS };

/* The chips as they are programmed now. */
struct pc_chip {
	uint8_t icw2, icw4;
	/* last written: after an ICW1 that the guest did not announce, another mask reads back */
	uint8_t mask;
};
extern struct pc_chip pc_chips[PICS];

/* Returns IRR of both chips, the slave's in the high byte. The call changes the chips' read select:
 * call pc_return_select() before the entry. */
line_set pc_read_irr(void);
/* Returns ISR of both chips, like pc_read_irr(). */
line_set pc_read_isr(void);
/* Tells the file whose read select to keep: the running VM's, or with NULL none. Call at the
 * restore and at the save. */
void pc_follow_select(struct controller *c);
/* Puts c's read select back into the chips. Call before the entry. */
void pc_return_select(struct controller *c);
/* Returns IRR of a single look that leaves the read select as it was. Call in the short look after
 * an NMI exit. */
line_set pc_look(void);
/* Writes a chip's mask and notes the mask in pc_chips. */
void pc_write_mask(unsigned chip, uint8_t mask);
/* Notes time and NMI counts. Call before an ICW1 of the VMM's own. */
void pc_before_initialisation(void);
/* Finds the assertions that the ICW1 has dropped. Armed lines in irr count as asserted. inputs: the
 * inputs of the chip. irr: the requests that the chip had latched just before the ICW1. Call after
 * the initialisation. */
void pc_after_initialisation(line_set inputs, line_set irr);
/* Makes IR0 the highest priority again. Also ends rotation in automatic EOI mode, if c's chips are
 * in automatic EOI mode; no other mode uses the rotation. Call at the restore. */
void pc_reset_priority(const struct controller *c);
/* Writes ICW1-4 with these values, then a mask of all ones. Drops IRR and ISR of the chip. Call at
 * boot and when a chip has to take other ICWs. */
void pc_program(unsigned chip, uint8_t icw2, uint8_t icw4);
/* Takes lines in ISR into the status register. Call before an ICW1 of the VMM's own clears ISR. */
void pc_latch_service(void);
/* Does pc_program() for the running VM. The VM's requests survive. Call at the end of the guest's
 * ICWs. */
void pc_reprogram(struct controller *c, unsigned chip, uint8_t icw2, uint8_t icw4);
/* Takes lines out of service that the guest has not ended yet. Call at a forced save. */
void pc_end_service(line_set isr);

/* Makes the master take a request as at an interrupt acknowledge, and ends the request. Call with
 * all masks closed and no interrupt in service. */
void pc_take_request(unsigned line);

/* Looks whether the guest has initialised a chip again through the open command port. If so,
 * finishes the chip's sequence, masked, and follows the rest of the guest's sequence in software.
 * Call before the chip's state is used. */
void pc_catch_initialisation(struct controller *c);
/* Returns whether no mask has been cleared since its last write. In the middle of ICWs the mask is
 * all ones, as written. So a single comparison a chip covers both cases. */
static inline bool pc_masks_stand(void)
{
	return io_in8(0x21) == pc_chips[PIC_MASTER].mask &&
	       io_in8(0xa1) == pc_chips[PIC_SLAVE].mask;
}

/* Brings masks and open ports in line with the guest's wishes and rights. Call after a change of
 * the controller's state. */
void pc_refresh(struct controller *c);

/* The interface's calls that concern the guest's controller only (chipset.h). */
void pc_reset(struct controller *c, line_set lines, line_set shared);
/* Returns the lines of c whose request would reach the processor, by the guest's own masks. */
line_set pc_enabled(const struct controller *c);
int pc_port_read(struct controller *c, uint16_t port, uint8_t *value);
int pc_port_write(struct controller *c, uint16_t port, uint8_t value);
int pc_pending_vector(struct controller *c);
unsigned pc_injected(struct controller *c);

#endif
