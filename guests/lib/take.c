/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking a single interrupt, for the guests that compare controllers (picprobe, apicprobe).
 *
 * Rule: an interrupt's handler leaves the interrupts off, so no second one comes.
 */
#include "guests/lib/take.h"
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/traps.h"

#include <stdbool.h>
#include <stddef.h>

/* The threads' switch has a separate vector in the IDT. Here the vector is like any other. */
static bool switch_came;

static struct context *on_switch(struct context *context)
{
	switch_came = true;
	context->registers->rflags &= ~(uint64_t)FLAGS_IF;
	return context;
}

/* A single instruction more than STI's shadow would be enough; a VMM may need a moment to
 * inject. */
static void open_for_a_moment(void *unused)
{
	(void)unused;
	__asm__ volatile("sti; nop; nop; nop; nop; cli" : : : "memory");
}

void take_begin(void)
{
	irq_set_switch(on_switch);
}

int take_one(void)
{
	switch_came = false;
	int vector = trap_try(open_for_a_moment, NULL);

	return switch_came ? TRAP_SWITCH : vector;
}
