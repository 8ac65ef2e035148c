/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small bzImage to break in tests: a setup of two sectors, and a kernel of 3 KiB.
 *
 * Rule: the image loads unchanged; each test changes a single field. The places are written down
 * anew from the boot protocol's text.
 */
#ifndef TESTS_UNIT_LINUX_IMAGE_H
#define TESTS_UNIT_LINUX_IMAGE_H

#include <stdint.h>
#include <string.h>

enum {
	BZ_SETUP = 2 * 512,
	BZ_KERNEL = 3 * 1024,
	BZ_BYTES = BZ_SETUP + BZ_KERNEL,
	BZ_AT = 0x120000,
	BZ_INIT_SIZE = 0x20010,
	BZ_INITRD_LAST = 0x1fffff,
	/* fields */
	BZ_SETUP_SECTS = 0x1f1,
	BZ_SYSSIZE = 0x1f4,
	BZ_BOOT_FLAG = 0x1fe,
	BZ_LENGTH = 0x201,
	BZ_MAGIC = 0x202,
	BZ_VERSION = 0x206,
	BZ_LOADER = 0x210,
	BZ_LOADFLAGS = 0x211,
	BZ_RAMDISK = 0x218,
	BZ_RAMDISK_BYTES = 0x21c,
	BZ_CMDLINE = 0x228,
	BZ_INITRD_MAX = 0x22c,
	BZ_RELOCATABLE = 0x234,
	BZ_PREF_ADDRESS = 0x258,
	BZ_INIT = 0x260,
	BZ_HEADER_END = 0x264,
};

struct bz {
	uint8_t bytes[BZ_BYTES];
};

static inline void bz_put(struct bz *b, unsigned at, uint64_t value, unsigned bytes)
{
	memcpy(b->bytes + at, &value, bytes);
}

static inline struct bz bz_image(void)
{
	struct bz b = { { 0 } };

	bz_put(&b, BZ_SETUP_SECTS, BZ_SETUP / 512 - 1, 1);
	bz_put(&b, BZ_SYSSIZE, BZ_KERNEL / 16, 4);
	bz_put(&b, BZ_BOOT_FLAG, 0xaa55, 2);
	bz_put(&b, BZ_LENGTH, BZ_HEADER_END - 0x202, 1);
	memcpy(b.bytes + BZ_MAGIC, "HdrS", 4);
	bz_put(&b, BZ_VERSION, 0x20f, 2);
	bz_put(&b, BZ_LOADFLAGS, 1, 1);
	bz_put(&b, BZ_INITRD_MAX, BZ_INITRD_LAST, 4);
	bz_put(&b, BZ_RELOCATABLE, 1, 1);
	bz_put(&b, BZ_PREF_ADDRESS, BZ_AT, 8);
	bz_put(&b, BZ_INIT, BZ_INIT_SIZE, 4);
	for (unsigned n = 0; n < BZ_KERNEL; n++)
		b.bytes[BZ_SETUP + n] = (uint8_t)(n * 7 + n / 256);
	return b;
}

#endif
