/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's driver of the 8259A pair: edge triggered, fully nested, no automatic EOI.
 *
 * Rule: it touches ports 20h, 21h, A0h and A1h and nothing else; no local APIC is assumed.
 */
#ifndef GUESTS_LIB_PIC_H
#define GUESTS_LIB_PIC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PIC_MASTER_COMMAND = 0x20,
	PIC_MASTER_DATA = 0x21,
	PIC_SLAVE_COMMAND = 0xA0,
	PIC_SLAVE_DATA = 0xA1
};
enum { PIC_BASE = 0x20 }; /* vector of IRQ0 where nothing else is asked for; IRQ8 is 8 further on */

enum pic_eoi { PIC_EOI_SPECIFIC, PIC_EOI_NON_SPECIFIC };

/* ICW1-4 on both chips, every line masked, vectors base and base + 8 (a multiple of 8); connects
 * the IDT. */
void pic_init(uint8_t base, enum pic_eoi eoi);
/* The same sequence once more, on vectors base and base + 8; the masks are those of before. */
void pic_again(uint8_t base);
void pic_unmask(unsigned line);
void pic_mask(unsigned line);
/* Is this interrupt a spurious IRQ7 or IRQ15? What a spurious IRQ15 leaves in the master is ended
 * here. */
bool pic_spurious(unsigned line);
/* End of interrupt for a line, cascade included. */
void pic_end(unsigned line);
/* From now on, or no longer: each handler runs with its line masked and ended already, as Linux's
 * driver of the 8259A has it. */
void pic_mask_each(bool on);
/* Before and after a line's handler: mask and EOI, then the mask back; or the EOI alone. */
void pic_begin(unsigned line);
void pic_finish(unsigned line);

#endif
