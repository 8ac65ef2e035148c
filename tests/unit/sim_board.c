/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board around the 8259 pair: see the header.
 *
 * Rule: it implements what arch/x86 offers the chipset (ports, I/O APIC, NMI count), and nothing of
 * what that is used for.
 */
#include "tests/unit/sim_board.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/sim8259.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINS = 24 };
/* NMI status and control: who raised it, and the bits that clear that. */
enum { PORT_NMI_STATUS = 0x61, NMI_SERR = 0x80, NMI_SERR_CLEAR = 0x04 };

struct board board;
struct platform platform;
volatile uint32_t nmi_count, nmi_windows;
void (*nmi_hook)(void);

static uint32_t pins[PINS];

/* Of a test that has no clock of its own. */
__attribute__((weak)) uint64_t tsc_from_us(uint64_t us)
{
	return us * 1000;
}

__attribute__((weak)) uint64_t tsc_to_us(uint64_t ticks)
{
	return ticks / 1000;
}

static const struct board_controller pair_and_ioapic;

void board_reset(void)
{
	memset(&board, 0, sizeof(board));
	board.controller = &pair_and_ioapic;
	memset(&platform, 0, sizeof(platform));
	sim_pic_reset();
	nmi_count = 0;
	nmi_hook = NULL;
	platform.has_8259 = platform.acpi = true;
	platform.ioapic = UINT64_C(0xfec00000);
	platform.ioapic_pins = PINS;
	for (unsigned line = 0; line < LINES; line++)
		platform.line[line].pin = line == 0 ? 2 : (int)line;
	platform.line[LINE_CASCADE].pin = -1;
	for (unsigned pin = 0; pin < PINS; pin++)
		pins[pin] = RTE_MASKED;
}

/* ---- NMI ---- */

/* The VMM's NMI handler: with NMIs blocked, until its IRET; in a storm there is none
 * (arch/x86/cpu/nmi.S). */
static void handle_nmi(void)
{
	do {
		board.nmi_waits = false;
		board.nmi_blocked = true;
		nmi_count++;
		board.handled++;
		if (nmi_hook)
			nmi_hook();
		board.nmi_blocked = nmi_count >= NMI_STORM;
	} while (board.nmi_waits && !board.nmi_blocked);
}

void nmi_reopen(void)
{
	board_unblock_nmi();
}

void board_raise_nmi(int line)
{
	board.nmi_line[board.nmis % NMIS_KEPT] = line;
	board.nmi_access[board.nmis++ % NMIS_KEPT] = board.accesses;
	if (board.nmi_blocked)
		board.nmi_waits = true; /* one waits, more are merged with it */
	else if (board.in_guest)
		board.nmi_exit = true;
	else
		handle_nmi();
}

static void raise_serr(void)
{
	board.nmi_status |= NMI_SERR;
	board_raise_nmi(-1);
}

void board_external_nmi(void)
{
	board.controller->external();
}

void board_take_nmi(void)
{
	handle_nmi();
}

void board_unblock_nmi(void)
{
	board.nmi_blocked = false;
	if (board.nmi_waits)
		handle_nmi();
}

/* ---- Lines ---- */

bool board_armed(unsigned line)
{
	int pin = platform.line[line].pin;

	return pin >= 0 && (pins[pin] & (RTE_MASKED | 0x700)) == RTE_NMI;
}

static void set_line(unsigned line, bool high)
{
	sim_pic_set_line(line, high);
	if (high && board_armed(line))
		board_raise_nmi((int)line);
}

static bool in_service(unsigned input)
{
	return sim_pic.chip[input / 8].isr >> (input & 7) & 1;
}

static const struct board_controller pair_and_ioapic = {
	.set_line = set_line,
	.external = raise_serr,
	.interrupt = sim_pic_interrupt,
	.acknowledge = sim_pic_acknowledge,
	.read = sim_pic_read,
	.write = sim_pic_write,
	.in_service = in_service,
};

void board_set_line(unsigned line, bool high)
{
	bool was = line_in(board.high, line);

	if (high == was)
		return;
	board.high ^= LINE(line);
	if (board.edge && high)
		board.edge(line);
	board.controller->set_line(line, high);
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

static bool is_controller(uint16_t port)
{
	if ((port & ~0x81) == 0x20 || (port & ~1) == 0x4d0)
		return true;
	if (port == PORT_NMI_STATUS)
		return false;
	fprintf(stderr, "port %x is nobody's\n", port);
	abort();
}

uint8_t io_in8(uint16_t port)
{
	access();
	return is_controller(port) ? sim_pic_read(port) : board.nmi_status;
}

void io_out8(uint16_t port, uint8_t value)
{
	access();
	if (is_controller(port))
		sim_pic_write(port, value);
	else if (value & NMI_SERR_CLEAR)
		board.nmi_status &= (uint8_t)~NMI_SERR;
}

/* I/O APIC (82093AA, 3.1 and 3.2): an index register and a window; redirection entries are two
 * words each from 10h on. */
enum { IOREGSEL_OFFSET = 0x00, IOWIN_OFFSET = 0x10, REDIRECTION = 0x10 };

void board_ioapic_write(uint64_t address, uint32_t value)
{
	static uint32_t selected;

	access();
	if (address == platform.ioapic + IOREGSEL_OFFSET)
		selected = value;
	else if (address != platform.ioapic + IOWIN_OFFSET || selected < REDIRECTION ||
	         selected >= REDIRECTION + 2 * PINS)
		abort();
	else if (selected % 2 == 0)
		pins[(selected - REDIRECTION) / 2] = value;
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
