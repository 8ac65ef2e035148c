/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe: a small operating system that writes its disk (second IDE channel, line 15) and reads the
 * disk back, and keeps time by the RTC (line 8). Both lines are the slave 8259's. scribe's parts,
 * in reading order: main.c, rtc.c, disk.c.
 *
 * Rule: one flow of control. Interrupt handlers only note the event, with non-specific EOIs.
 */
#ifndef GUESTS_SCRIBE_SCRIBE_H
#define GUESTS_SCRIBE_SCRIBE_H

#include <stdbool.h>
#include <stdint.h>

/* ---- main.c ---- */

/* Halts until the next interrupt, or computes for a short time (word busy=1). Call with interrupts
 * off, so that no interrupt falls between the caller's last look and the HLT. Interrupts are on
 * afterwards. */
void scribe_wait(void);

/* ---- rtc.c: line 8 ---- */

struct rtc_count {
	uint64_t handled;
	/* Periods by the TSC. Periods that end while the last interrupt is not taken merge with the
	 * last period (register C). */
	uint64_t came;
	uint32_t lost; /* the line was asserted and no interrupt had come */
	uint32_t idle; /* interrupts without a cause at the RTC */
};

/* Starts periodic interrupts at hz, a power of two from 2 to 8192 (else the next power below).
 * Interrupts must be off. */
void rtc_start(uint32_t hz);
void rtc_stop(void);
/* Checks whether the RTC has stalled. Call often. */
void rtc_watch(void);
/* Returns the counts so far. */
struct rtc_count rtc_now(void);

/* ---- disk.c: line 15 ---- */

enum { SECTOR_BYTES = 512 };

struct disk_count {
	uint32_t handled; /* interrupts */
	uint32_t commands;
	uint32_t expected; /* interrupts by ATA's rules: one per sector, one per IDENTIFY */
	uint32_t lost;     /* the drive was done and no interrupt had come */
	uint32_t idle;     /* interrupts that no call waited for */
};

/* Resets and identifies the channel's master. Returns the number of sectors, or -ENODEV (no drive),
 * -ETIMEDOUT, -EIO. Interrupts must be on. */
int64_t disk_init(void);
/* Reads or writes 1 to 255 sectors. Returns 0, -EIO (the drive reports an error), or -ETIMEDOUT
 * (the drive does not answer). */
int disk_read(uint32_t lba, uint32_t sectors, void *data);
int disk_write(uint32_t lba, uint32_t sectors, const void *data);
struct disk_count disk_now(void);

#endif
