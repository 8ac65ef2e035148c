/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that idles by sti; hlt; cli until its timer fires, and counts the rounds for each tick.
 *
 * Rule: the event that ends a HLT is taken before the next instruction (SDM 2A, HLT; APM 3, HLT),
 * so the handler has run when CLI is executed. A HLT may also end with no interrupt (system
 * management, a VMM's exit): the guest then looks again.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/clock.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

enum { TICKS = 40, ROUNDS_MAX = 2000, PATIENCE_MS = 1000 };
enum { COUNTS_LEAST = 3000, COUNTS_MORE = 977 };
/* 8254 datasheet, Figure 7: counter 0, low byte then high byte, mode 0: the line rises once, at
 * the end of the count. */
enum { PORT_COUNTER0 = 0x40, PORT_CONTROL = 0x43, CONTROL_ONCE0 = 3 << 4 };

static volatile uint32_t ticks;

static void handle_tick(uint64_t tsc)
{
	(void)tsc;
	ticks++;
}

static void fire_once(uint16_t counts)
{
	io_out8(PORT_CONTROL, CONTROL_ONCE0);
	io_out8(PORT_COUNTER0, (uint8_t)counts);
	io_out8(PORT_COUNTER0, (uint8_t)(counts >> 8));
}

/* Returns how many rounds of the idle loop the next tick takes. The function gives up after a
 * second. */
static uint32_t rounds_for_a_tick(void)
{
	uint64_t start = cpu_tsc();
	uint32_t rounds = 0, before = ticks;

	do
		__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	while (++rounds < ROUNDS_MAX && ticks == before && !clock_over(start, PATIENCE_MS));
	return rounds;
}

void vandal_idle(const char *argument)
{
	uint32_t most_allowed = (uint32_t)vandal_number(argument, "rounds", 20), all = 0, most = 0;

	irq_install(PIT_LINE, handle_tick);
	pic_unmask(PIT_LINE);
	for (unsigned i = 0; i < TICKS; i++) {
		fire_once((uint16_t)(COUNTS_LEAST + COUNTS_MORE * (i % 20)));
		uint32_t rounds = rounds_for_a_tick();

		all += rounds;
		most = rounds > most ? rounds : most;
	}
	pic_mask(PIT_LINE);
	vandal_says(ticks == TICKS && most <= most_allowed,
	            "%u ticks of %u, %u rounds, %u for one tick at most", (unsigned)ticks,
	            (unsigned)TICKS, (unsigned)all, (unsigned)most);
}
