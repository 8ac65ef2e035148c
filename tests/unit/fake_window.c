/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's accesses to a register window of version 2. See the header for the rule.
 */
#include "tests/unit/fake_window.h"

#include "arch/x86/cpu/io.h"
#include "tests/unit/block_kit.h"

#include <stdlib.h>

enum { ADDRESS = 0x1000 };

struct fake_window fake_window;
uint64_t chipset_window;

static uint64_t read_clock(void *owner)
{
	return *(uint64_t *)owner;
}

void fake_window_attach(bool untimed)
{
	fake_window = (struct fake_window){ .untimed = untimed };
	block_reset(&fake_window.block);
	kit_initialise(&fake_window.block, 1);
	chipset_window = ADDRESS;
}

void fake_window_detach(void)
{
	chipset_window = 0;
}

static uint32_t offset_of(uint64_t address)
{
	if (chipset_window == 0 || address - ADDRESS >= WINDOW_BYTES)
		abort(); /* an access to no window */
	return (uint32_t)(address - ADDRESS);
}

uint64_t mmio_read64(uint64_t address)
{
	const struct times_clock clock = { read_clock, &fake_window.now, 1000000 };
	uint32_t offset = offset_of(address);

	if (fake_window.untimed)
		return block_window_read(&fake_window.block, offset, 8);
	return times_window_read(&fake_window.times, &fake_window.block, offset, 8, &clock);
}

void mmio_write64(uint64_t address, uint64_t value)
{
	uint32_t offset = offset_of(address);

	if (fake_window.stuck)
		return;
	if (fake_window.untimed)
		block_window_write(&fake_window.block, offset, 8, value);
	else
		times_window_write(&fake_window.times, &fake_window.block, offset, 8, value);
}
