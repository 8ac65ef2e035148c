/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe: a small operating system that writes its disk (second IDE channel, line 15) and reads it
 * back, and keeps time by the RTC (line 8); both lines are the slave 8259's. Its parts, in reading
 * order: main.c, rtc.c, disk.c.
 *
 * Rule: one flow of control; interrupts only note what happened, with non-specific EOIs.
 */
#ifndef GUESTS_SCRIBE_SCRIBE_H
#define GUESTS_SCRIBE_SCRIBE_H

#include <stdbool.h>
#include <stdint.h>

/* ---- main.c ---- */

/* HLT until the next interrupt, or compute for a little while (word busy=1). To be called with
 * interrupts off, so that none slips in between the caller's last look and the HLT; they are on
 * afterwards. */
void scribe_wait(void);

/* ---- rtc.c: line 8 ---- */

struct rtc_count {
	uint64_t handled;
	/* periods by the TSC; those that end while the last is not taken are one with it (register
	 * C) */
	uint64_t came;
	uint32_t lost; /* the line stood asserted and no interrupt had come */
	uint32_t idle; /* interrupts without a cause at the RTC */
};

/* Periodic interrupts at hz, a power of two from 2 to 8192 (else the next one below). Interrupts
 * must be off. */
void rtc_start(uint32_t hz);
void rtc_stop(void);
/* Look whether the RTC has stalled; often. */
void rtc_watch(void);
struct rtc_count rtc_now(void);

/* ---- disk.c: line 15 ---- */

enum { SECTOR_BYTES = 512 };

struct disk_count {
	uint32_t handled; /* interrupts */
	uint32_t commands;
	uint32_t expected; /* interrupts by ATA's rules: one per sector, one per IDENTIFY */
	uint32_t lost;     /* the drive was done and no interrupt had come */
	uint32_t idle;     /* interrupts that nobody waited for */
};

/* Reset and identify the channel's master. Sectors, or -ENODEV (no drive), -ETIMEDOUT, -EIO.
 * Interrupts must be on. */
int64_t disk_init(void);
/* 0, -EIO (the drive reports an error), -ETIMEDOUT (it does not answer). 1 to 255 sectors. */
int disk_read(uint32_t lba, uint32_t sectors, void *data);
int disk_write(uint32_t lba, uint32_t sectors, const void *data);
struct disk_count disk_now(void);

#endif
