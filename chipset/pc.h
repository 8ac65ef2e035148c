/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of stock PC parts: what pc.c (routes and VMM block) and pc_8259.c (the
 * guest's controller) share.
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
	uint8_t mask; /* last written: another one reads back after an ICW1 that nobody announced */
};
extern struct pc_chip pc_chips[PICS];

/* IRR and ISR of both chips, the slave's in the high byte. */
line_set pc_read_irr(void);
line_set pc_read_isr(void);
/* Whose read select to keep: the running VM's; NULL: nobody's. Put it back before the entry. */
void pc_follow_select(struct controller *c);
void pc_return_select(struct controller *c);
/* One look at IRR that leaves the read select as it was. */
line_set pc_look(void);
void pc_write_mask(unsigned chip, uint8_t mask);
/* Around an ICW1 of the VMM's own to the chip that has these inputs. irr is what the chip had
 * latched just before it. Armed lines in it are asserted. */
void pc_before_initialisation(void);
void pc_after_initialisation(line_set inputs, line_set irr);
/* Back to IR0 first; and no rotation in automatic EOI mode, where c's chips are in that mode: no
 * other mode looks at it. */
void pc_reset_priority(const struct controller *c);
/* ICW1-4 with these values, then a mask of all ones. Drops IRR and ISR of the chip. */
void pc_program(unsigned chip, uint8_t icw2, uint8_t icw4);
/* Before an ICW1 of the VMM's own wipes ISR out. */
void pc_latch_service(void);
/* pc_program() for the running VM, whose requests survive. */
void pc_reprogram(struct controller *c, unsigned chip, uint8_t icw2, uint8_t icw4);
/* Take lines out of service that the guest has not ended yet. */
void pc_end_service(line_set isr);

/* The master takes a request as at an interrupt acknowledge, and ends it. Call it with all masks
 * closed and nothing in service. */
void pc_take_request(unsigned line);

/* Has the guest re-initialised a chip behind the open command port? Then finish the sequence for
 * it, masked, and follow the rest of the guest's own in software. */
void pc_catch_initialisation(struct controller *c);
/* Nobody has cleared a mask since it was written: in the middle of ICWs the mask is all ones, as
 * written, so that one comparison a chip tells both. */
static inline bool pc_masks_stand(void)
{
	return io_in8(0x21) == pc_chips[PIC_MASTER].mask &&
	       io_in8(0xa1) == pc_chips[PIC_SLAVE].mask;
}

/* Bring masks and open ports in line with what the guest wants and may have. */
void pc_refresh(struct controller *c);

/* The interface's calls that concern the guest's controller only. */
void pc_reset(struct controller *c, line_set lines, line_set shared);
line_set pc_enabled(const struct controller *c);
int pc_port_read(struct controller *c, uint16_t port, uint8_t *value);
int pc_port_write(struct controller *c, uint16_t port, uint8_t value);
int pc_pending_vector(struct controller *c);
unsigned pc_injected(struct controller *c);

#endif
