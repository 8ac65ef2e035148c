/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * picprobe on a machine: the ports, the levers, and a processor that opens its interrupts for a
 * moment. For the words see run.c.
 *
 * Rule: no code of the guest's own driver of the controller is used. Every vector of the IDT may
 * come.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/report.h"
#include "guests/lib/take.h"
#include "guests/picprobe/levers.h"
#include "guests/picprobe/picprobe.h"

#include <stdio.h>
#include <string.h>

static const uint16_t ports[PROBE_PORTS] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };

void probe_out(enum probe_port port, uint8_t value)
{
	io_out8(ports[port], value);
}

uint8_t probe_in(enum probe_port port)
{
	return io_in8(ports[port]);
}

void probe_line(unsigned line, bool high)
{
	lever_move(line, high);
}

/* ---- Time: line 0 falls by itself after a while ---- */

static uint64_t started;
static unsigned late;

void probe_lines_low(uint16_t lines)
{
	levers_low(lines);
	started = cpu_tsc();
}

void probe_done(void)
{
	late += clock_over(started, LEVER_HOLD_MS);
}

/* Prints no faster than a UART at 115200 baud, a VM's name before the line included: a VMM's
 * console may keep no more than its buffer. */
void probe_print(const char *line)
{
	enum { BYTE_US = 87, NAME_BYTES = 20 };
	uint64_t start = cpu_tsc(), us = (strlen(line) + NAME_BYTES) * BYTE_US;

	machine_print("%s\n", line);
	while (machine_is_virtual() && cpu_tsc() - start < clock_khz() * us / 1000)
		cpu_pause();
}

/* ---- Interrupts ---- */

int probe_take(void)
{
	return take_one();
}

/* ---- The levers' own test ---- */

enum { OCW3_READ_IRR = 0x0a, ICW1 = 0x11 };

/* Returns whether a lever's line, and no other, makes a request when the lever moves. Tries twice,
 * so that the line has fallen in between. */
static bool lever_works(unsigned line, uint16_t lines)
{
	unsigned command = line < 8 ? MASTER_COMMAND : SLAVE_COMMAND, wrong = 0;

	for (unsigned i = 0; i < 2; i++) {
		levers_low(lines);
		probe_out(command, ICW1);
		for (unsigned icw = 2; icw <= 4; icw++)
			probe_out(command + 1, icw == 2 ? 0x20 : icw == 3 ? (line < 8 ? 4 : 2) : 1);
		probe_out(command + 1, 0xff);
		probe_out(command, OCW3_READ_IRR);
		wrong += probe_in(command) != 0;
		lever_move(line, true);
		wrong += probe_in(command) != 1u << line % 8;
	}
	levers_low(lines);
	return wrong == 0;
}

static void try_levers(uint16_t lines)
{
	for (unsigned line = 0; line < 16; line++) {
		if (!(lines >> line & 1))
			continue;
		char text[48];

		snprintf(text, sizeof(text), "line %u moves with its lever (%s)", line,
		         lever_name(line));
		report(lever_works(line, lines), text,
		       "the controller does not see it, or sees more");
	}
}

int guest_main(void)
{
	uint16_t lines = probe_word_lines();

	machine_print("picprobe: words: %s\n", args_line());
	take_begin();
	levers_init(lines);
	try_levers(lines);
	probe_run();
	report(late == 0, "no program took longer than a lever holds", "%u took longer", late);
	return report_end("picprobe");
}
