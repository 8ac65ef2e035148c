/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board around the 8259 pair: see the header.
 *
 * Rule: it implements what arch/x86 offers the chipset (ports, I/O APIC, NMI count), and nothing of what that is used for.
 */
#include "tests/unit/sim_board.h"

#include "arch/x86/io.h"
#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"
#include "tests/unit/sim8259.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINS = 24 };

struct board board;
struct platform platform;
volatile uint32_t nmi_count, nmi_windows;

static uint32_t pins[PINS];

void board_reset(void)
{
	memset(&board, 0, sizeof(board));
	memset(&platform, 0, sizeof(platform));
	sim_pic_reset();
	nmi_count = 0;
	platform.has_8259 = platform.acpi = true;
	platform.ioapic = 0xFEC00000;
	platform.ioapic_pins = PINS;
	for (unsigned line = 0; line < LINES; line++)
		platform.line[line].pin = line == 0 ? 2 : (int)line;
	platform.line[LINE_CASCADE].pin = -1;
	for (unsigned pin = 0; pin < PINS; pin++)
		pins[pin] = RTE_MASKED;
}

/* ---- NMI ---- */

static void raise_nmi(void)
{
	board.nmis++;
	if (board.nmi_blocked)
		board.nmi_waits = true; /* one waits, more are merged with it */
	else if (board.in_guest)
		board.nmi_exit = true;
	else
		nmi_count++;
}

void board_external_nmi(void)
{
	raise_nmi();
}

void board_unblock_nmi(void)
{
	board.nmi_blocked = false;
	if (board.nmi_waits) {
		board.nmi_waits = false;
		nmi_count++;
	}
}

/* ---- Lines ---- */

bool board_armed(unsigned line)
{
	int pin = platform.line[line].pin;

	return pin >= 0 && (pins[pin] & (RTE_MASKED | 0x700)) == RTE_NMI;
}

void board_set_line(unsigned line, bool high)
{
	bool was = line_in(board.high, line);

	if (high == was)
		return;
	board.high ^= LINE(line);
	sim_pic_set_line(line, high);
	if (high && board_armed(line))
		raise_nmi();
}

void board_pulse(unsigned line)
{
	board_set_line(line, false);
	board_set_line(line, true);
}

/* ---- What arch/x86 offers ---- */

static void access(void)
{
	board.accesses++;
	if (board.between)
		board.between();
}

static void require_controller(uint16_t port)
{
	if ((port & ~0x81) == 0x20)
		return;
	fprintf(stderr, "port %x is not the controller's\n", port);
	abort();
}

uint8_t io_in8(uint16_t port)
{
	require_controller(port);
	access();
	return sim_pic_read(port);
}

void io_out8(uint16_t port, uint8_t value)
{
	require_controller(port);
	access();
	sim_pic_write(port, value);
}

void ioapic_write(unsigned pin, uint32_t low)
{
	access();
	if (pin >= PINS)
		abort();
	pins[pin] = low;
}

uint32_t ioapic_read(unsigned pin)
{
	return pins[pin];
}

void ioapic_set_destination(unsigned pin, uint32_t apic_id)
{
	(void)pin;
	(void)apic_id;
}

uint32_t lapic_id(void)
{
	return 0;
}
