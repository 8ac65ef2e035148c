/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest rings: declarations that its files share.
 *
 * Rule: a file knows the registers of one device, main.c the order of the trials. Each device does
 * the same two things: it takes bytes from memory and keeps the bytes, and it gives the bytes back
 * to memory.
 */
#ifndef GUESTS_RINGS_H
#define GUESTS_RINGS_H

#include <stdbool.h>
#include <stdint.h>

enum { PAGE = 4096 };

struct device {
	const char *name; /* the probe's */
	uint32_t id;      /* vendor | device << 16 */
	unsigned bytes;   /* that a request moves */
	unsigned bar;     /* with the registers */
	/* Resets the device and gives the device its rings. foreign: 0, or an address on the bus
	 * that the rings have in place of their own. Returns whether the device is ready. */
	bool (*begin)(unsigned function, uint64_t foreign);
	/* Moves the bytes at an address on the bus to the device, or the device's bytes to the
	 * address. Returns whether the device says so, after an interrupt. */
	bool (*move)(uint64_t memory, bool to_memory);
};

extern const struct device ahci, nvme, virtio_blk, virtio_net;

/* ---- main.c ---- */

/* Returns the address on the bus of the guest's own memory. */
uint64_t bus_of(const volatile void *own);
/* Call right before the store that starts a request. */
void request_begin(void);
/* Call in the handler of the device's line, when the device has interrupted. */
void request_end(uint64_t tsc);
/* Waits for request_end(). Returns false where no interrupt came in time. */
bool request_await(void);
/* Waits for a bit of a register to be clear (wanted 0) or set. Returns false where the time is
 * over. */
bool register_await(volatile uint32_t *at, uint32_t bit, uint32_t wanted);

#endif
