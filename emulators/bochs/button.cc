/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The NMI button: the source of the block's external signal.
 *
 *   SIGUSR1             to the emulator: once, within a millisecond of the machine's time
 *   IRQMUX_NMI_US=n     every n microseconds of the machine's time, from the VMM's first write to
 *                       the window on
 *   IRQMUX_NMI_LINE=n   at the very moment at which line n rises, likewise from then on
 *   IRQMUX_NMI_EVERY=k  and only every k-th time
 *
 * Rule: except for the signal of the host, a run with the same settings is the same run.
 */
#include "irqmux.h"

#include <csignal>
#include <cstdlib>

#define LOG_THIS irqmux->

enum { POLL_US = 1000, LONGEST_US = 1000000000, NO_LINE = BLOCK_LINES };

static volatile std::sig_atomic_t pressed;

static void on_signal(int)
{
	pressed = 1;
}

/* Reads a variable's number. absent: the number where the variable is missing. Returns false if the
 * variable is set, and is not a number from least to most. */
static bool read_number(const char *name, unsigned absent, unsigned least, unsigned most,
                        unsigned *number)
{
	const char *text = getenv(name);
	*number = absent;
	if (!text || !*text)
		return true;
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	*number = (unsigned)value;
	return *text >= '0' && *text <= '9' && !*end && value >= least && value <= most;
}

button_c::button_c(irqmux_c *owner)
	: irqmux(owner), armed(false), period_timer(-1), period_us(0), line(NO_LINE), every(1),
	  seen(0)
{
}

void button_c::init(void)
{
	if (!read_number("IRQMUX_NMI_US", 0, 1, LONGEST_US, &period_us))
		BX_PANIC(("IRQMUX_NMI_US=%s: not a period in microseconds, 1 to %u",
		          getenv("IRQMUX_NMI_US"), LONGEST_US));
	if (!read_number("IRQMUX_NMI_LINE", NO_LINE, 0, BLOCK_LINES - 1, &line) ||
	    line == BLOCK_LINE_ABSENT)
		BX_PANIC(("IRQMUX_NMI_LINE=%s: not a line, 0 to 15 without 2",
		          getenv("IRQMUX_NMI_LINE")));
	if (!read_number("IRQMUX_NMI_EVERY", 1, 1, LONGEST_US, &every))
		BX_PANIC(("IRQMUX_NMI_EVERY=%s: not a number from 1 on",
		          getenv("IRQMUX_NMI_EVERY")));
	std::signal(SIGUSR1, on_signal);
	DEV_register_timer(this, poll, POLL_US, true, true, "irqmux button");
	if (period_us)
		period_timer = DEV_register_timer(this, period, period_us, true, false,
		                                  "irqmux period");
}

void button_c::arm(void)
{
	if (armed)
		return;
	armed = true;
	if (period_us)
		bx_pc_system.activate_timer((unsigned)period_timer, period_us, true);
}

void button_c::disarm(void)
{
	armed = false;
	seen = 0;
	if (period_us)
		bx_pc_system.deactivate_timer((unsigned)period_timer);
}

bool button_c::comes_with(unsigned risen)
{
	if (!armed || risen != line || ++seen < every)
		return false;
	seen = 0;
	return true;
}

void button_c::poll(void *self)
{
	if (!pressed)
		return;
	pressed = 0;
	((button_c *)self)->irqmux->press();
}

void button_c::period(void *self)
{
	((button_c *)self)->irqmux->press();
}
