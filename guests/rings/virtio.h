/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio function and its queues (Virtual I/O Device (VIRTIO) 1.1; PCI: chapter 4.1, split
 * queues: chapter 2.6), with the interrupt of the pin.
 *
 * Rule: a single request at a time in each queue. The device uses the addresses of the bus
 * (VIRTIO_F_ACCESS_PLATFORM).
 */
#ifndef GUESTS_RINGS_VIRTIO_H
#define GUESTS_RINGS_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

enum { VIRTIO_BAR = 4 }; /* QEMU's functions have all registers there */

/* A piece of memory of a request, by the address on the bus. */
struct piece {
	uint64_t address;
	uint32_t bytes;
	bool to_memory; /* the device writes */
};

/* Resets the function and gives the function `queues` queues, at most 2. foreign: 0, or an address
 * on the bus where all queues lie in place of the guest's memory. Returns whether the function
 * takes them. */
bool virtio_begin(unsigned function, unsigned queues, uint64_t foreign);
/* Hands a request to the device and waits. Returns whether the device has ended the request, after
 * an interrupt. */
bool virtio_request(unsigned queue, const struct piece *pieces, unsigned count);

#endif
