/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's driver of its interrupt controller. This is the 8259A pair, edge triggered, fully
 * nested, no automatic EOI; or the local APIC and the I/O APIC, after pic_use_apic().
 *
 * Rule: before pic_use_apic() the driver touches only ports 20h, 21h, A0h and A1h.
 */
#ifndef GUESTS_LIB_PIC_H
#define GUESTS_LIB_PIC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PIC_MASTER_COMMAND = 0x20,
	PIC_MASTER_DATA = 0x21,
	PIC_SLAVE_COMMAND = 0xa0,
	PIC_SLAVE_DATA = 0xa1
};
enum { PIC_BASE = 0x20 }; /* vector of IRQ0 unless another is asked for; IRQ8 is 8 further on */

enum pic_eoi { PIC_EOI_SPECIFIC, PIC_EOI_NON_SPECIFIC };

/* Writes ICW1-4 to both chips, masks every line, sets vectors base and base + 8 (a multiple of 8),
 * and connects the IDT. */
void pic_init(uint8_t base, enum pic_eoi eoi);
/* Writes the same sequence once more, on vectors base and base + 8. The masks stay as before. */
void pic_again(uint8_t base);
/* Leaves the pair for good, all lines masked, and drives the APICs: line n has vector base + n.
 * Call after pic_init() with the same base. Returns false where the processor has no x2APIC. */
bool pic_use_apic(uint8_t base);
/* Returns whether the driver drives the APICs. */
bool pic_drives_apic(void);
/* Returns the vector of a line, after pic_use_apic(). */
uint8_t pic_vector(unsigned line);
void pic_unmask(unsigned line);
void pic_mask(unsigned line);
/* Returns whether this interrupt is a spurious IRQ7 or IRQ15. For a spurious IRQ15 the function
 * also ends the master's cascade. */
bool pic_spurious(unsigned line);
/* End of interrupt for a line, cascade included. */
void pic_end(unsigned line);
/* on: from now on each handler runs with its line masked and ended already, as in Linux's driver of
 * the 8259A. */
void pic_mask_each(bool on);
/* Call before and after a line's handler: mask and EOI, then the mask back; or the EOI alone. */
void pic_begin(unsigned line);
void pic_finish(unsigned line);

#endif
