/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BIOS data area. See the header for the rule.
 */
#include "vmm/load/bios_data.h"

#include "vmm/load/handover.h"

#include <string.h>

/* Addresses in the area (IBM PS/2 and PC BIOS Interface Technical Reference). */
enum {
	COM_PORTS = 0x400,
	EQUIPMENT = 0x410,
	BASE_MEMORY = 0x413, /* KiB */
	VIDEO_MODE = 0x449,
	VIDEO_COLUMNS = 0x44a,
	VIDEO_BYTES = 0x44c,
	CRTC_PORT = 0x463,
	VIDEO_LAST_ROW = 0x484,
	VIDEO_HEIGHT = 0x485
};
/* The equipment word. */
enum { HAS_FPU = 1 << 1, SCREEN_80X25 = 2 << 4, COM_COUNT_SHIFT = 9 };

static void put(const struct load *l, unsigned at, uint16_t value)
{
	memcpy(l->memory + at, &value, sizeof(value));
}

void bios_data_build(const struct load *l, const struct bios_devices *devices)
{
	unsigned coms = 0;

	if (l->taken[0] & 1)
		return;
	for (; coms < BIOS_COM_PORTS && devices->com[coms] != 0; coms++)
		put(l, COM_PORTS + 2 * coms, devices->com[coms]);
	put(l, EQUIPMENT,
	    (uint16_t)(HAS_FPU | coms << COM_COUNT_SHIFT | (devices->screen ? SCREEN_80X25 : 0)));
	put(l, BASE_MEMORY, HOLE_FIRST / 1024);
	if (!devices->screen)
		return;
	l->memory[VIDEO_MODE] = 3;
	put(l, VIDEO_COLUMNS, 80);
	put(l, VIDEO_BYTES, 80 * 25 * 2);
	put(l, CRTC_PORT, 0x3d4);
	l->memory[VIDEO_LAST_ROW] = 24;
	put(l, VIDEO_HEIGHT, 16);
}
