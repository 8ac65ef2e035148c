/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk (Virtual I/O Device (VIRTIO) 1.1, chapter 5.2). The device keeps the bytes in a
 * sector.
 *
 * Rule: see rings.h.
 */
#include "guests/rings/rings.h"
#include "guests/rings/virtio.h"

enum { SECTOR = 11, SECTOR_BYTES = 512, READ = 0, WRITE = 1, GOOD = 0, NO_STATUS = 0xff };

static struct {
	struct {
		uint32_t kind, reserved;
		uint64_t sector;
	} head;
	volatile uint8_t status;
} shared __attribute__((aligned(64)));

static bool begin(unsigned function, uint64_t foreign)
{
	return virtio_begin(function, 1, foreign);
}

static bool move(uint64_t memory, bool to_memory)
{
	const struct piece pieces[] = {
		{ bus_of(&shared.head), sizeof(shared.head), false },
		{ memory, SECTOR_BYTES, to_memory },
		{ bus_of(&shared.status), sizeof(shared.status), true },
	};

	shared.head.kind = to_memory ? READ : WRITE;
	shared.head.sector = SECTOR;
	shared.status = NO_STATUS;
	return virtio_request(0, pieces, 3) && shared.status == GOOD;
}

const struct device virtio_blk = {
	"virtio-blk", 0x10421af4, SECTOR_BYTES, VIRTIO_BAR, begin, move
};
