/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driving the chipset block by its register window, wherever the block is: a PCI function
 * (irqmux.c) or the VMM's own memory (soft.c). Both tables are made of these calls; chipset.h says
 * what each does.
 *
 * Rule: what the block keeps is not kept here a second time; what stands in it already is not
 * written again.
 */
#ifndef CHIPSET_DRIVER_H
#define CHIPSET_DRIVER_H

#include "arch/x86/io.h"
#include "chipset/block/block.h"
#include "chipset/block/window.h"
#include "chipset/chipset.h"

extern const struct chipset chipset_irqmux;

/* Where there is no window: the model itself, which soft.c has in the VMM's memory. */
extern struct block soft_block;
void soft_window_write(uint32_t offset, unsigned size, uint64_t value);

/* Window accesses of every size; offset as in block/window.h. */
#define DRIVER_ACCESS(bits)                                                              \
	static inline uint##bits##_t driver_read##bits(uint32_t offset)                  \
	{                                                                                \
		if (__builtin_expect(chipset_window != 0, 1))                            \
			return mmio_read##bits(chipset_window + offset);                 \
		return (uint##bits##_t)block_window_read(&soft_block, offset, bits / 8); \
	}                                                                                \
	static inline void driver_write##bits(uint32_t offset, uint##bits##_t value)     \
	{                                                                                \
		if (__builtin_expect(chipset_window != 0, 1))                            \
			mmio_write##bits(chipset_window + offset, value);                \
		else                                                                     \
			soft_window_write(offset, bits / 8, value);                      \
	}
DRIVER_ACCESS(8)
DRIVER_ACCESS(16)
DRIVER_ACCESS(32)
DRIVER_ACCESS(64)

/* After probe() has found the block: everything to the VMM block, nothing unmasked, level lines as
 * the firmware left them. */
void driver_init(void);

unsigned driver_banks(unsigned wanted);
void driver_wire(unsigned line, unsigned controller_input, unsigned block_input);
void driver_reset(struct controller *c, line_set lines, line_set shared);
void driver_claim(line_set lines, bool served);
void driver_route(struct controller *c);
void driver_mask(line_set masked);
struct chipset_status driver_status(unsigned nmis);
int driver_single(void);
line_set driver_asserted(void);
line_set driver_masked(void);
void driver_raise_external(void);
void driver_acknowledge(line_set lines);
line_set driver_deliverable(const struct controller *c, line_set asserted);
bool driver_in_service(const struct controller *c);
int driver_save(struct controller *c, bool force);
void driver_restore(struct controller *c);
void driver_request(struct controller *c, unsigned line);

#endif
