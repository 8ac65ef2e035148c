/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register window of the chipset block: offsets and bits for every driver of the block. Version
 * 2 adds the registers from WINDOW_PROBE on, and WINDOW_CAPABILITY_TIMES says that they are there.
 * docs/register-window.md is the window's datasheet. PCI function: vendor 1234h, device 5B0Ch,
 * class 088000h (other system peripheral), BAR0: 4 KiB of memory.
 *
 * Rule: registers are little-endian and may be accessed as 1, 2, 4 or 8 naturally aligned bytes.
 * Each access is a single step.
 */
#ifndef CHIPSET_BLOCK_WINDOW_H
#define CHIPSET_BLOCK_WINDOW_H

enum {
	WINDOW_PCI_VENDOR = 0x1234,
	WINDOW_PCI_DEVICE = 0x5b0c,
	WINDOW_PCI_CLASS = 0x088000,
	WINDOW_BYTES = 4096
};

enum {
	WINDOW_ID = 0x000,      /* RO, 4: "SBOX" */
	WINDOW_VERSION = 0x004, /* RO, 4: 31:16 major, 15:0 minor */
	/* RO, 4: 7:0 banks | 15:8 lines | 23:16 state words a bank | 24 the block keeps time */
	WINDOW_CAPABILITY = 0x008,
	/* A register of 8 bytes. A switch writes all parts at once; each part may be written
	 * alone. */
	WINDOW_SELECT = 0x010,
	WINDOW_ROUTE = 0x010, /* RW, 2: by line; 1 to the controller */
	WINDOW_MASK = 0x012,  /* RW, 2: by VMM block input; 1 held pending */
	WINDOW_SHARE = 0x014, /* RW, 2: by line; 1 latched although routed to the controller */
	WINDOW_BANK = 0x016,  /* RW, 2: the connected bank */
	/* 4: 15:0 by VMM block input, write 1 clears | 16 external, write 1 clears | 17 INTR (RO) |
	 * 31:24 NMI pulses since byte 1Bh was read (RO, up to 255, a read clears) */
	WINDOW_STATUS = 0x018,
	WINDOW_LEVEL = 0x01c, /* RW, 2: by line; 1 level triggered */
	WINDOW_LINES = 0x01e, /* RO, 2: the lines' levels now */
	/* RW, 8: 4 bits a line; 2 is none: the line then stays with the VMM block */
	WINDOW_CONTROLLER_INPUT = 0x020,
	WINDOW_BLOCK_INPUT = 0x028, /* RW, 8: 4 bits a line */
	/* WO, 1: bit 0 raises the external signal once, as the signal's source would */
	WINDOW_EXTERNAL = 0x030,
	/* RW, banks of WINDOW_STATE_STRIDE bytes: master, slave, modes, view (RO) */
	WINDOW_STATE = 0x100,
	WINDOW_STATE_STRIDE = 0x20,
	WINDOW_STATE_MASTER = 0x00,
	WINDOW_STATE_SLAVE = 0x08,
	WINDOW_STATE_MODES = 0x10,
	WINDOW_STATE_VIEW = 0x18,
	/* The registers of version 2, 8 bytes each. A read of a low half keeps the high half. */
	WINDOW_PROBE = 0x300,   /* RW: 3:0 line | 4 1: INTA to EOI, 0: edge to INTA */
	WINDOW_FROM = 0x308,    /* RW: where BUCKET looks from */
	WINDOW_BUCKET = 0x310,  /* RO: the first bucket from FROM on; all ones: there is none */
	WINDOW_COUNT = 0x318,   /* RO: the samples of BUCKET */
	WINDOW_SAMPLES = 0x320, /* RO: of the probe, as are the following three */
	WINDOW_SUM = 0x328,
	WINDOW_LEAST = 0x330,
	WINDOW_GREATEST = 0x338,
	WINDOW_MERGED = 0x340, /* RO: of the probe's line, as is the following */
	WINDOW_UNMATCHED = 0x348,
	WINDOW_FREQUENCY = 0x350, /* RO: units of time a second */
	WINDOW_TIME = 0x358,      /* RO: now */
	WINDOW_STAMPS = 0x400,    /* RO, lines of WINDOW_STAMPS_STRIDE bytes: edge, INTA, EOI */
	WINDOW_STAMPS_STRIDE = 0x20,
	WINDOW_STAMPS_EDGE = 0x00,
	WINDOW_STAMPS_INTA = 0x08,
	WINDOW_STAMPS_EOI = 0x10,
};

#define WINDOW_ID_VALUE 0x584f4253u            /* "SBOX" in memory */
#define WINDOW_VERSION_VALUE 0x00010000u       /* of a block that keeps no time */
#define WINDOW_VERSION_TIMES_VALUE 0x00020000u /* of a block that keeps time */
enum { WINDOW_CAPABILITY_TIMES = 1 << 24, WINDOW_PROBE_SERVICE = 1 << 4, WINDOW_PROBE_BITS = 0x1f };

enum {
	WINDOW_STATUS_EXTERNAL = 1 << 16,
	WINDOW_STATUS_INTR = 1 << 17,
	WINDOW_STATUS_PULSES_SHIFT = 24
};
#define WINDOW_INPUTS_IDENTITY 0xfedcba9876543210ull

/*
 * A chip's word (master, slave)
 *   63:56 ICW3 | 55:48 ICW2 | 47:40 ELCR | 39:32 held | 31:24 pins | 23:16 IMR | 15:8 ISR |
 *   7:0 edges
 * Modes, 32 bits a chip (63:32 slave, 31:0 master)
 *   26:24 step | 23 rotate in AEOI | 22 special mask | 21 poll | 20 read ISR | 18:16 lowest |
 *   15:8 ICW4 | 7:0 ICW1
 * View
 *   32 INT | 31:16 inputs enabled (not masked, through the cascade) | 15:0 requests (IRR)
 */
enum { VIEW_ENABLED_SHIFT = 16, VIEW_INT_BIT = 32 };

#endif
