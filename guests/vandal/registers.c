/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack at the chipset block's own registers: the window, read and written at all offsets, and
 * the PCI function, searched and moved. Word window=0xc0000000: the address that the firmware gave
 * the window.
 *
 * Rule: the guest's own controller shows whether an access reached the block. The attack sets the
 * controller up before and looks at the controller afterwards.
 */
#include "arch/x86/cpu/io.h"
#include "chipset/block/window.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/vandal/vandal.h"

enum {
	CONFIG_ADDRESS = 0xcf8,
	CONFIG_DATA = 0xcfc,
	CONFIG_ENABLE_2 = 0xcf8,
	CONFIG_FORWARD_2 = 0xcfa,
	RESET = 0xcf9
};
enum { PCI_COMMAND = 0x04, PCI_BAR0 = 0x10, BLOCK_DEVICE = 7, DEVICES = 32 };
enum { IMR = 0x5a, ELSEWHERE = 0x1e00000 };

static unsigned seen;

/* Expects that all reads return ones, and that writes have no effect. vmm/core/exits.c says how a
 * VMM answers in the window's place. */
static void try_window(uint64_t address)
{
	volatile uint8_t *window = machine_window(address);

	for (uint32_t offset = 0; offset < WINDOW_BYTES; offset += 4)
		seen += *(volatile uint32_t *)(window + offset) != 0xffffffff;
	seen += window[WINDOW_STATUS + 3] != 0xff;
	seen += *(volatile uint16_t *)(window + WINDOW_LINES) != 0xffff;
	seen += *(volatile uint64_t *)(window + WINDOW_SELECT) != ~0ul;
	/* Routes all lines to the controller, unmasks all, selects another bank, clears the status,
	 * and writes each state of each bank. */
	for (unsigned bank = 0; bank < 16; bank++) {
		volatile uint64_t *state = (volatile uint64_t *)(window + WINDOW_STATE +
		                                                 bank * WINDOW_STATE_STRIDE);

		state[0] = state[1] = 0x0000ff000000ffff;
		state[2] = 0x0100000001000000;
	}
	*(volatile uint64_t *)(window + WINDOW_SELECT) = (uint64_t)3 << 48 | 0xffff;
	*(volatile uint32_t *)(window + WINDOW_STATUS) = 0xffffffff;
	*(volatile uint64_t *)(window + WINDOW_CONTROLLER_INPUT) = 0;
	*(volatile uint64_t *)(window + WINDOW_BLOCK_INPUT) = 0;
	*(volatile uint16_t *)(window + WINDOW_LEVEL) = 0xffff;
	window[WINDOW_EXTERNAL] = 1;
}

/* Tries configuration mechanism 1 by every width, mechanism 2, and the reset register between
 * both. */
static void try_configuration(void)
{
	for (uint32_t device = 0; device < DEVICES; device++) {
		uint32_t function = 0x80000000 | device << 11;

		io_out32(CONFIG_ADDRESS, function);
		seen += io_in32(CONFIG_DATA) != 0xffffffff;
		seen += io_in16(CONFIG_DATA + 2) != 0xffff;
		seen += io_in8(CONFIG_DATA + 1) != 0xff;
	}
	io_out32(CONFIG_ADDRESS, 0x80000000 | BLOCK_DEVICE << 11 | PCI_BAR0);
	io_out32(CONFIG_DATA, ELSEWHERE);
	io_out16(CONFIG_DATA + 2, ELSEWHERE >> 16);
	io_out32(CONFIG_ADDRESS, 0x80000000 | BLOCK_DEVICE << 11 | PCI_COMMAND);
	io_out8(CONFIG_DATA, 0);
	io_out8(CONFIG_ENABLE_2, 0xf0);
	io_out8(CONFIG_FORWARD_2, 0);
	io_out32(0xc000 | BLOCK_DEVICE << 8 | PCI_BAR0, ELSEWHERE);
	io_out8(RESET, 0x06);
}

void vandal_registers(const char *argument)
{
	uint64_t address = vandal_number(argument, "window", 0xc0000000);

	if (!machine_is_virtual()) {
		vandal_says(true, "the bare machine's registers are left alone");
		return;
	}
	seen = 0;
	io_out8(PIC_MASTER_DATA, IMR);
	try_window(address);
	try_configuration();
	/* Address of the window after a move; the guest has memory up to 2 MiB and none there. */
	seen += *(volatile uint32_t *)machine_window(ELSEWHERE) != 0xffffffff;
	bool kept = io_in8(PIC_MASTER_DATA) == IMR;
	io_out8(PIC_MASTER_DATA, 0xff);
	vandal_says(
		seen == 0 && kept,
		"registers at %lx and the function that has them: %u answers, the controller is %s",
		address, seen, kept ? "as it was" : "changed");
}
