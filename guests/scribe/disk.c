/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe's disk: the master of the second IDE channel by programmed I/O with interrupts
 * (ATA/ATAPI-5, 9.5 and 9.6), line 15.
 *
 * Rule: every wait has an end. If a drive is done without an interrupt, the interrupt counts as
 * lost, and the work goes on.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/scribe/scribe.h"

#include <errno.h>
#include <stddef.h>

enum { DISK_LINE = 15 };
enum {
	PORT_DATA = 0x170,
	PORT_COUNT = 0x172,
	PORT_LBA_LOW = 0x173,
	PORT_LBA_MIDDLE = 0x174,
	PORT_LBA_HIGH = 0x175,
	PORT_DEVICE = 0x176,
	PORT_STATUS = 0x177, /* a read ends the interrupt */
	PORT_COMMAND = 0x177,
	PORT_CONTROL = 0x376, /* a read (alternate status) does not end the interrupt */
};
/*
 * Status                                             Device control      Device
 *
 *   7    6     5   4  3    2  1  0                      2     1            6    4    3-0
 *   BSY  DRDY  DF  -  DRQ  -  -  ERR                    SRST  nIEN         LBA  DEV  LBA 27:24
 */
enum {
	STATUS_ERR = 1 << 0,
	STATUS_DRQ = 1 << 3,
	STATUS_DF = 1 << 5,
	STATUS_DRDY = 1 << 6,
	STATUS_BSY = 1 << 7
};
enum { CONTROL_SRST = 1 << 2, DEVICE_MASTER = 0xa0, DEVICE_LBA = 1 << 6, NO_DRIVE = 0xff };
enum { COMMAND_READ = 0x20, COMMAND_WRITE = 0x30, COMMAND_IDENTIFY = 0xec };
enum {
	SECTOR_WORDS = SECTOR_BYTES / 2,
	IDENTIFY_SECTORS = 60 /* word 60-61: sectors that LBA28 reaches */
};
enum { TIMEOUT_MS = 2000, RESET_TIMEOUT_MS = 3000, SETTLE_MS = 1, SETTLE_PASSES = 1000 };

static struct disk_count count;
static volatile uint32_t arrived; /* interrupts that no call has waited for yet */
static volatile uint8_t status;   /* as the last interrupt read the register */

static void handle_disk(uint64_t tsc)
{
	(void)tsc;
	status = io_in8(PORT_STATUS);
	count.handled++;
	arrived++;
}

static int wait_ready(uint8_t wanted, uint64_t timeout_ms)
{
	uint64_t start = cpu_tsc();

	for (;;) {
		uint8_t now = io_in8(PORT_CONTROL);

		if (now == NO_DRIVE)
			return -ENODEV;
		if (!(now & STATUS_BSY) && now & (STATUS_ERR | STATUS_DF))
			return -EIO;
		if (!(now & STATUS_BSY) && (now & wanted) == wanted)
			return 0;
		if (clock_over(start, timeout_ms))
			return -ETIMEDOUT;
	}
}

/* Called when an interrupt is overdue. The interrupt is lost if the drive already shows the status
 * that the interrupt should have announced. */
static int overdue(uint8_t wanted)
{
	uint8_t now = io_in8(PORT_CONTROL);

	if (now & STATUS_BSY || (now & wanted) != wanted)
		return -ETIMEDOUT;
	count.lost++;
	status = io_in8(PORT_STATUS);
	arrived++;
	return 0;
}

/* Drops interrupts while the drive is still busy: a controller may interrupt for a request that a
 * device has taken back. */
static void leave_idle(void)
{
	if (arrived == 0 || !(io_in8(PORT_CONTROL) & STATUS_BSY))
		return;
	count.idle += arrived;
	arrived = 0;
}

/* Waits for the next interrupt. wanted: bits that the status must show then. */
static int wait_interrupt(uint8_t wanted)
{
	uint64_t start = cpu_tsc();
	int error = 0;

	count.expected++;
	cpu_interrupts_off();
	leave_idle();
	while (error == 0 && arrived == 0) {
		scribe_wait();
		cpu_interrupts_off();
		leave_idle();
		if (arrived == 0 && clock_over(start, TIMEOUT_MS))
			error = overdue(wanted);
	}
	if (error == 0) {
		arrived--;
		error = (status & (STATUS_ERR | STATUS_DF)) || (status & wanted) != wanted ? -EIO
		                                                                           : 0;
	}
	cpu_interrupts_on();
	return error;
}

static void select(uint32_t lba)
{
	io_out8(PORT_DEVICE, (uint8_t)(DEVICE_MASTER | DEVICE_LBA | (lba >> 24 & 0x0f)));
	/* 400 ns until the status belongs to this drive. */
	for (unsigned i = 0; i < 4; i++)
		io_in8(PORT_CONTROL);
}

static int start(uint8_t command, uint32_t lba, uint32_t sectors)
{
	uint64_t flags = cpu_save();

	count.idle += arrived;
	arrived = 0;
	cpu_restore(flags);

	select(lba);
	int error = wait_ready(STATUS_DRDY, TIMEOUT_MS);
	if (error != 0)
		return error;
	io_out8(PORT_COUNT, (uint8_t)sectors);
	io_out8(PORT_LBA_LOW, (uint8_t)lba);
	io_out8(PORT_LBA_MIDDLE, (uint8_t)(lba >> 8));
	io_out8(PORT_LBA_HIGH, (uint8_t)(lba >> 16));
	io_out8(PORT_COMMAND, command);
	count.commands++;
	return 0;
}

static void take_sector(uint16_t *to)
{
	for (unsigned i = 0; i < SECTOR_WORDS; i++)
		to[i] = io_in16(PORT_DATA);
}

/* One interrupt per sector; each interrupt announces the sector. */
int disk_read(uint32_t lba, uint32_t sectors, void *data)
{
	uint16_t *to = data;
	int error = start(COMMAND_READ, lba, sectors);

	for (uint32_t i = 0; error == 0 && i < sectors; i++, to += SECTOR_WORDS) {
		error = wait_interrupt(STATUS_DRQ);
		if (error == 0)
			take_sector(to);
	}
	return error;
}

/* The drive asks for the first sector without an interrupt. Then there is one interrupt per sector;
 * each interrupt says that the sector was taken. */
int disk_write(uint32_t lba, uint32_t sectors, const void *data)
{
	const uint16_t *from = data;
	int error = start(COMMAND_WRITE, lba, sectors);

	if (error == 0)
		error = wait_ready(STATUS_DRQ, TIMEOUT_MS);
	for (uint32_t i = 0; error == 0 && i < sectors; i++) {
		for (unsigned word = 0; word < SECTOR_WORDS; word++)
			io_out16(PORT_DATA, *from++);
		error = wait_interrupt(i + 1 < sectors ? STATUS_DRQ : STATUS_DRDY);
	}
	return error;
}

static int64_t identify(void)
{
	uint16_t words[SECTOR_WORDS];
	int error = start(COMMAND_IDENTIFY, 0, 0);

	if (error == 0)
		error = wait_interrupt(STATUS_DRQ);
	if (error != 0)
		return error;
	take_sector(words);
	return words[IDENTIFY_SECTORS] | (int64_t)words[IDENTIFY_SECTORS + 1] << 16;
}

/* A drive that is still busy may ignore the select. A channel without a drive floats high. If the
 * channel has another drive that pulls the status down, the channel answers 0. */
static int wait_reset(void)
{
	uint64_t begun = cpu_tsc();

	for (;;) {
		select(0);
		uint8_t now = io_in8(PORT_CONTROL);

		if (now == NO_DRIVE || clock_over(begun, RESET_TIMEOUT_MS))
			return -ENODEV;
		if (!(now & STATUS_BSY) && now & (STATUS_ERR | STATUS_DF))
			return -EIO;
		if (!(now & STATUS_BSY) && now & STATUS_DRDY)
			return 0;
	}
}

int64_t disk_init(void)
{
	irq_install(DISK_LINE, handle_disk);
	io_out8(PORT_CONTROL, CONTROL_SRST);
	for (uint64_t begun = cpu_tsc(); !clock_over(begun, 1);)
		;
	io_out8(PORT_CONTROL, 0);
	for (uint64_t begun = cpu_tsc(); !clock_over(begun, 2);)
		;
	int error = wait_reset();
	if (error != 0)
		return error;
	io_in8(PORT_STATUS);
	pic_unmask(DISK_LINE);
	/* An edge that was latched before the mask opened comes now, and has no cause. Another VM
	 * may have the processor at that moment, so time alone is not enough: this guest has to
	 * run, too. */
	uint64_t begun = cpu_tsc();
	for (unsigned passes = 0; passes < SETTLE_PASSES || !clock_over(begun, SETTLE_MS); passes++)
		cpu_pause();
	uint64_t flags = cpu_save();
	arrived = 0;
	count.handled = 0;
	cpu_restore(flags);
	return identify();
}

struct disk_count disk_now(void)
{
	uint64_t flags = cpu_save();
	struct disk_count now = count;

	now.idle += arrived; /* no call waits for these interrupts any more */
	cpu_restore(flags);
	return now;
}
