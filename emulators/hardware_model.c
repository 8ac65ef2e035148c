/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block of an emulator's device: the C model.
 *
 * Rule: a call is a call of the model, which is compiled in unchanged.
 */
#include "emulators/hardware.h"

#include "chipset/block/block.h"
#include "chipset/block/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hardware {
	struct block block;
};

/* The head of a saved state. */
static const char make[8] = "C model";

struct hardware *hardware_new(void)
{
	struct hardware *hardware = malloc(sizeof *hardware);

	if (hardware)
		block_reset(&hardware->block);
	return hardware;
}

void hardware_free(struct hardware *hardware)
{
	free(hardware);
}

void hardware_describe(const struct hardware *hardware, char *text, size_t bytes)
{
	(void)hardware;
	snprintf(text, bytes, "the block is the C model");
}

void hardware_reset(struct hardware *hardware)
{
	block_reset(&hardware->block);
}

void hardware_set_line(struct hardware *hardware, unsigned line, bool high)
{
	block_set_line(&hardware->block, line, high);
}

uint16_t hardware_lines(const struct hardware *hardware)
{
	return hardware->block.lines;
}

void hardware_press(struct hardware *hardware)
{
	block_set_external(&hardware->block, true);
	block_set_external(&hardware->block, false);
}

bool hardware_intr(const struct hardware *hardware)
{
	return block_intr(&hardware->block);
}

bool hardware_take_nmi(struct hardware *hardware)
{
	return block_take_nmi(&hardware->block);
}

uint8_t hardware_acknowledge(struct hardware *hardware)
{
	return block_acknowledge(&hardware->block);
}

uint8_t hardware_spurious(struct hardware *hardware)
{
	struct pair copy = hardware->block.bank[hardware->block.connected];

	return pair_acknowledge(&copy);
}

uint8_t hardware_port_read(struct hardware *hardware, uint16_t port)
{
	return block_port_read(&hardware->block, port);
}

void hardware_port_write(struct hardware *hardware, uint16_t port, uint8_t value)
{
	block_port_write(&hardware->block, port, value);
}

uint64_t hardware_window_read(struct hardware *hardware, uint32_t offset, unsigned size)
{
	return block_window_read(&hardware->block, offset, size);
}

void hardware_window_write(struct hardware *hardware, uint32_t offset, unsigned size,
                           uint64_t value)
{
	block_window_write(&hardware->block, offset, size, value);
}

size_t hardware_save(struct hardware *hardware, void *to, size_t room)
{
	size_t bytes = sizeof make + sizeof hardware->block;

	if (bytes <= room) {
		memcpy(to, make, sizeof make);
		memcpy((char *)to + sizeof make, &hardware->block, sizeof hardware->block);
	}
	return bytes;
}

bool hardware_restore(struct hardware *hardware, const void *from, size_t bytes)
{
	if (bytes != sizeof make + sizeof hardware->block || memcmp(from, make, sizeof make) != 0)
		return false;
	memcpy(&hardware->block, (const char *)from + sizeof make, sizeof hardware->block);
	return true;
}
