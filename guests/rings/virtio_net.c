/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network device (Virtual I/O Device (VIRTIO) 1.1, chapter 5.1), in a network where
 * somebody answers ARP requests (RFC 826) for 10.0.2.2: QEMU's `-netdev user`. The bytes that the
 * device takes are the sender's addresses of a request. They come back as the target's addresses
 * of the answer, which waits in QEMU until there is memory to receive into.
 *
 * Rule: see rings.h.
 */
#include "guests/rings/rings.h"
#include "guests/rings/virtio.h"

#include <string.h>

enum { RECEIVE = 0, TRANSMIT = 1, QUEUES = 2, ADDRESSES = 10, REST = 64 };
/* Of 10.0.2.2: the target's hardware address is asked for. */
static const uint8_t target[ADDRESSES] = { 0, 0, 0, 0, 0, 0, 10, 0, 2, 2 };
/* To all, from a station of its own, ARP; Ethernet, IP, 6 and 4 bytes of an address, request. */
static const uint8_t request[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,
	                           1,    8,    6,    0,    1,    8,    0, 6, 4, 0, 1 };

static struct {
	struct {
		uint8_t virtio[12]; /* struct virtio_net_hdr (5.1.6): no offload */
		uint8_t frame[sizeof(request)];
		uint8_t other[ADDRESSES]; /* of the answer: the sender's */
	} head;
	uint8_t rest[REST];
} shared __attribute__((aligned(64)));

static bool begin(unsigned function, uint64_t foreign)
{
	return virtio_begin(function, QUEUES, foreign);
}

static bool transmit(uint64_t memory)
{
	const struct piece pieces[] = {
		{ bus_of(&shared.head), sizeof(shared.head) - ADDRESSES, false },
		{ memory, ADDRESSES, false },
		{ bus_of(shared.rest), ADDRESSES, false },
	};

	memset(&shared.head, 0, sizeof(shared.head));
	memcpy(shared.head.frame, request, sizeof(request));
	memcpy(shared.rest, target, ADDRESSES);
	return virtio_request(TRANSMIT, pieces, 3);
}

static bool receive(uint64_t memory)
{
	const struct piece pieces[] = {
		{ bus_of(&shared.head), sizeof(shared.head), true },
		{ memory, ADDRESSES, true },
		{ bus_of(shared.rest), REST, true },
	};

	return virtio_request(RECEIVE, pieces, 3);
}

static bool move(uint64_t memory, bool to_memory)
{
	return to_memory ? receive(memory) : transmit(memory);
}

const struct device virtio_net = { "virtio-net", 0x10411af4, ADDRESSES, VIRTIO_BAR, begin, move };
