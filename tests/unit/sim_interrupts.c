/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts of the VMM, as arch/x86/cpu/interrupts.h promises. See the header for the
 * rule.
 */
#include "tests/unit/sim_interrupts.h"

#include "arch/x86/cpu/interrupts.h"
#include "arch/x86/cpu/nmi.h"
#include "chipset/window/driver.h"
#include "chipset/window/soft.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

#include <stdio.h>
#include <stdlib.h>

bool (*interrupt_hook)(unsigned vector);

void interrupts_take(void)
{
	while (sim_pic_interrupt()) {
		unsigned vector = sim_pic_acknowledge();
		if (interrupt_hook == NULL || !interrupt_hook(vector)) {
			fprintf(stderr, "interrupt %02x in the VMM, and nobody knows it\n", vector);
			abort();
		}
	}
}

void interrupts_halt(void)
{
	while (nmi_count == 0 && !sim_pic_interrupt())
		if (board.asleep == NULL || !board.asleep())
			return;
	interrupts_take();
}

static struct board_controller in_memory;

static bool in_service(unsigned input)
{
	return soft_block.bank[soft_block.connected].chip[input / 8].isr >> (input & 7) & 1;
}

void sim_interrupts_attach(void)
{
	in_memory = *board.controller;
	in_memory.in_service = in_service;
	board.controller = &in_memory;
}

void sim_interrupts_print(void)
{
	const struct block *b = &soft_block;

	fprintf(stderr,
	        "block in memory: lines %04x, latch %04x, route %04x, share %04x, mask %04x, "
	        "bank %u\n",
	        b->lines, b->latch, b->route, b->share, b->mask, b->connected);
	for (unsigned i = 0; i < BLOCK_BANKS; i++) {
		const struct i8259 *m = &b->bank[i].chip[PAIR_MASTER],
				   *s = &b->bank[i].chip[PAIR_SLAVE];

		if (m->step != I8259_RAW)
			fprintf(stderr,
			        "bank %u: edges %02x %02x, held %02x %02x, isr %02x %02x, imr "
			        "%02x %02x\n",
			        i, m->edges, s->edges, m->held, s->held, m->isr, s->isr, m->imr,
			        s->imr);
	}
}
