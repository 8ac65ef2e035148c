/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block of an emulator's device: the C model.
 *
 * Rule: a call is a call of the model, which is compiled in unchanged. With a clock the calls go
 * through the keeper of the times, else to the block itself.
 */
#include "emulators/hardware.h"

#include "chipset/block/block.h"
#include "chipset/times/times.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is saved is in front; with a clock the times are saved, too. */
struct hardware {
	struct block block;
	struct times times;
	struct times_clock clock; /* now is NULL: the block keeps no time */
};

/* The head of a saved state. */
static const char make[8] = "C model";

struct hardware *hardware_new(void)
{
	struct hardware *hardware = calloc(1, sizeof *hardware);

	if (hardware)
		block_reset(&hardware->block);
	return hardware;
}

void hardware_free(struct hardware *hardware)
{
	free(hardware);
}

bool hardware_keep_time(struct hardware *hardware, const struct hardware_clock *clock)
{
	hardware->clock = (struct times_clock){ clock->now, clock->owner, clock->frequency };
	return true;
}

static uint64_t now(const struct hardware *hardware)
{
	return hardware->clock.now(hardware->clock.owner);
}

void hardware_describe(const struct hardware *hardware, char *text, size_t bytes)
{
	(void)hardware;
	snprintf(text, bytes, "the block is the C model");
}

void hardware_reset(struct hardware *hardware)
{
	block_reset(&hardware->block);
	memset(&hardware->times, 0, sizeof hardware->times);
}

void hardware_set_line(struct hardware *hardware, unsigned line, bool high)
{
	if (hardware->clock.now)
		times_set_line(&hardware->times, &hardware->block, line, high, now(hardware));
	else
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
	if (hardware->clock.now)
		return times_acknowledge(&hardware->times, &hardware->block, now(hardware));
	return block_acknowledge(&hardware->block);
}

uint8_t hardware_spurious(struct hardware *hardware)
{
	struct pair copy = hardware->block.bank[hardware->block.connected];

	return pair_acknowledge(&copy);
}

uint8_t hardware_port_read(struct hardware *hardware, uint16_t port)
{
	if (hardware->clock.now)
		return times_port_read(&hardware->times, &hardware->block, port, now(hardware));
	return block_port_read(&hardware->block, port);
}

void hardware_port_write(struct hardware *hardware, uint16_t port, uint8_t value)
{
	if (hardware->clock.now)
		times_port_write(&hardware->times, &hardware->block, port, value, now(hardware));
	else
		block_port_write(&hardware->block, port, value);
}

uint64_t hardware_window_read(struct hardware *hardware, uint32_t offset, unsigned size)
{
	if (hardware->clock.now)
		return times_window_read(&hardware->times, &hardware->block, offset, size,
		                         &hardware->clock);
	return block_window_read(&hardware->block, offset, size);
}

void hardware_window_write(struct hardware *hardware, uint32_t offset, unsigned size,
                           uint64_t value)
{
	if (hardware->clock.now)
		times_window_write(&hardware->times, &hardware->block, offset, size, value);
	else
		block_window_write(&hardware->block, offset, size, value);
}

uint64_t hardware_last_inta(const struct hardware *hardware, unsigned line)
{
	return hardware->times.line[line].inta;
}

uint64_t hardware_last_eoi(const struct hardware *hardware, unsigned line)
{
	return hardware->times.line[line].eoi;
}

static size_t state_bytes(const struct hardware *hardware)
{
	return hardware->clock.now ? offsetof(struct hardware, clock)
	                           : offsetof(struct hardware, times);
}

size_t hardware_save(struct hardware *hardware, void *to, size_t room)
{
	size_t bytes = sizeof make + state_bytes(hardware);

	if (bytes <= room) {
		memcpy(to, make, sizeof make);
		memcpy((char *)to + sizeof make, hardware, state_bytes(hardware));
	}
	return bytes;
}

bool hardware_restore(struct hardware *hardware, const void *from, size_t bytes)
{
	if (bytes != sizeof make + state_bytes(hardware) || memcmp(from, make, sizeof make) != 0)
		return false;
	memcpy(hardware, (const char *)from + sizeof make, state_bytes(hardware));
	return true;
}
