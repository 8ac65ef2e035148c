/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scribe's start, work and end. Words: rounds=200 seconds=0 every=0 sectors=8 rtc=1024 stress=N
 * busy=1 idle=1 base=0x20 apic=1 disk=write|blank|none.
 *
 * disk=blank writes to a disk whose beginning and end are blank, and keeps both so. disk=none
 * touches no disk: scribe then writes to memory, and a round lasts some interrupts of the RTC.
 *
 * Rule: the written data, their place and the checksum of all data read back depend on the round
 * alone, never on time.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/report.h"
#include "guests/lib/traps.h"
#include "guests/scribe/scribe.h"

#include <errno.h>
#include <string.h>

enum {
	SECTORS_MAX = 32,
	STATUS_TICKS = 256,
	COUNT_TICKS = 1024,
	BUSY_ROUNDS = 500,
	ROUND_TICKS = 8
};
/* Places where partition tables, file systems and their copies leave signs: in the first 128 KiB
 * (btrfs at 64 KiB is the last to begin), and at the end (GPT). */
enum { HEAD_SECTORS = 256, TAIL_SECTORS = 64 };

static uint32_t written[SECTORS_MAX * SECTOR_BYTES / 4], read_back[SECTORS_MAX * SECTOR_BYTES / 4];
/* may_idle: the controller may interrupt for a request that a device has taken back */
static bool busy, may_idle;
static uint32_t sectors;
/* The end of the work: after so many rounds; with none, after so many interrupts or so many
 * seconds; else never. */
static uint32_t rounds, interrupts, seconds;
static uint32_t every_ms; /* from the begin of a round to the begin of the next round; 0: at once */
static enum { DISK_WRITE, DISK_BLANK, DISK_NONE } disk_use;

void scribe_wait(void)
{
	rtc_watch();
	if (!busy) {
		cpu_sleep();
		return;
	}
	cpu_interrupts_on();
	for (volatile unsigned i = 0; i < BUSY_ROUNDS; i++)
		;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state ^ *state >> 16;
}

/* FNV-1a, by words. */
static uint32_t digest(uint32_t hash, const uint32_t *data, size_t words)
{
	for (size_t i = 0; i < words; i++)
		hash = (hash ^ data[i]) * 16777619;
	return hash;
}

static int disk_round(uint32_t lba)
{
	int error = disk_write(lba, sectors, written);

	return error != 0 ? error : disk_read(lba, sectors, read_back);
}

/* No disk: some time passes, and the copy is memory's. */
static int memory_round(void)
{
	uint64_t until = rtc_now().handled + ROUND_TICKS;

	while (rtc_now().handled < until && rtc_now().lost == 0) {
		cpu_interrupts_off();
		scribe_wait();
	}
	memcpy(read_back, written, sectors * SECTOR_BYTES);
	return rtc_now().lost == 0 ? 0 : -ETIMEDOUT;
}

/* Writes a pattern to a random place and reads the pattern back. Returns 0, a negative errno, or
 * the number of words that differ. */
static int do_round(uint32_t round, uint32_t capacity, uint32_t *hash)
{
	uint32_t kept = disk_use == DISK_BLANK ? HEAD_SECTORS + TAIL_SECTORS : 0;
	uint32_t seed = round * 2654435761u + 1,
		 lba = next_random(&seed) % (capacity - kept - sectors);
	size_t words = sectors * SECTOR_BYTES / 4;
	int error, wrong = 0;

	for (size_t i = 0; i < words; i++)
		written[i] = next_random(&seed);
	memset(read_back, 0, words * 4);
	lba += disk_use == DISK_BLANK ? HEAD_SECTORS : 0;
	error = disk_use == DISK_NONE ? memory_round() : disk_round(lba);
	if (error != 0)
		return error;
	for (size_t i = 0; i < words; i++)
		wrong += written[i] != read_back[i];
	*hash = digest(*hash, &lba, 1);
	*hash = digest(*hash, read_back, words);
	return wrong;
}

static void print_rtc_count(void)
{
	struct rtc_count rtc = rtc_now();

	machine_print("count line=8 handled=%lu expected=%lu merged=%lu lost=%u idle=%u\n",
	              rtc.handled, rtc.came, rtc.came - rtc.handled, (unsigned)rtc.lost,
	              (unsigned)rtc.idle);
}

static void print_disk_count(void)
{
	struct disk_count d = disk_now();

	machine_print("count line=15 handled=%u commands=%u lost=%u expected=%u idle=%u\n",
	              (unsigned)d.handled, (unsigned)d.commands, (unsigned)d.lost,
	              (unsigned)d.expected, (unsigned)d.idle);
}

/* Work without a number of rounds prints its counts from time to time. */
static void show_progress(uint32_t round)
{
	static uint64_t shown, counted;
	uint64_t ticks = rtc_now().handled;

	if (ticks - shown < STATUS_TICKS)
		return;
	shown = ticks;
	if (rounds != 0) {
		machine_status("round %u/%u rtc %lu", (unsigned)round, (unsigned)rounds, ticks);
		return;
	}
	machine_status("round %u rtc %lu", (unsigned)round, ticks);
	if (interrupts == 0 && ticks - counted >= COUNT_TICKS) {
		counted = ticks;
		print_rtc_count();
		print_disk_count();
	}
}

static bool goes_on(uint32_t round, uint64_t begun)
{
	if (rounds != 0)
		return round < rounds;
	if (interrupts != 0)
		return irq_count_all() < interrupts;
	return seconds == 0 || !clock_over(begun, seconds * 1000ull);
}

static void wait_for_next(uint64_t begun)
{
	while (every_ms != 0 && !clock_over(begun, every_ms)) {
		cpu_interrupts_off();
		scribe_wait();
	}
}

static void write_and_verify(uint32_t capacity)
{
	uint32_t hash = 2166136261u, round = 0;
	uint64_t begun = cpu_tsc(), round_begun;
	int error = 0;

	while (error == 0 && goes_on(round, begun)) {
		round_begun = cpu_tsc();
		error = do_round(round++, capacity, &hash);
		show_progress(round);
		wait_for_next(round_begun);
	}
	report(error == 0, "R08 what was written is what is read",
	       error < 0 ? "round %u: error %d" : "round %u: %d words differ", (unsigned)round,
	       error);
	machine_print("scribe: %u rounds of %u sectors\n", (unsigned)round, (unsigned)sectors);
	machine_print("scribe: transcript %08lx\n", (unsigned long)hash);
}

static void print_verdicts(bool disk)
{
	struct rtc_count rtc = rtc_now();
	struct disk_count d = disk_now();

	print_rtc_count();
	report(rtc.handled != 0 && rtc.lost == 0 && (rtc.idle == 0 || may_idle),
	       "R08 the RTC's interrupts come", "%lu, %u stalls, %u idle", rtc.handled,
	       (unsigned)rtc.lost, (unsigned)rtc.idle);
	print_disk_count();
	if (disk)
		report(d.handled - d.idle == d.expected && (d.idle == 0 || may_idle),
		       "R08 the disk's interrupts, each once", "%u handled, %u expected, %u idle",
		       (unsigned)d.handled, (unsigned)d.expected, (unsigned)d.idle);
	uint32_t foreign = irq_count_all() - irq_count(8) - irq_count(15);
	report(foreign == 0, "no interrupt but its own", "%u of %u are foreign", (unsigned)foreign,
	       (unsigned)irq_count_all());
	/* An 8259 whose request goes away before the acknowledge answers IRQ7 or IRQ15. This is
	 * allowed, and worth knowing. */
	if (irq_count_spurious() != 0)
		machine_print("count spurious=%u\n", (unsigned)irq_count_spurious());
}

static const char *reason(int64_t error)
{
	return error == -ENODEV      ? "no drive answers"
	       : error == -ETIMEDOUT ? "it does not answer in time"
	                             : "it reports an error";
}

/* Reads sectors. Returns 0, a negative errno, or 1: not all of the sectors are blank. */
static int look_for_data(uint32_t first, uint32_t count)
{
	for (uint32_t done = 0; done < count; done += SECTORS_MAX) {
		int error = disk_read(first + done, SECTORS_MAX, read_back);

		if (error != 0)
			return error;
		for (size_t i = 0; i < SECTORS_MAX * SECTOR_BYTES / 4; i++)
			if (read_back[i] != 0)
				return 1;
	}
	return 0;
}

/* Returns whether scribe may write to the disk. */
static bool may_write(int64_t capacity)
{
	int found;

	if (disk_use != DISK_BLANK || capacity <= SECTORS_MAX)
		return capacity > SECTORS_MAX;
	found = capacity > HEAD_SECTORS + TAIL_SECTORS + SECTORS_MAX
	                ? look_for_data(0, HEAD_SECTORS)
	                : -ENOSPC;
	if (found == 0)
		found = look_for_data((uint32_t)capacity - TAIL_SECTORS, TAIL_SECTORS);
	report(found == 0, "disk=blank: nothing is on the disk",
	       found > 0 ? "it holds something: nothing was written. disk=write overwrites it"
	                 : "error %d",
	       found);
	return found == 0;
}

static int64_t find_disk(void)
{
	int64_t capacity = disk_init();

	report(capacity > SECTORS_MAX, "R10 the disk of the second IDE channel", "%s",
	       capacity < 0 ? reason(capacity) : "it is too small");
	if (capacity > SECTORS_MAX)
		machine_print("scribe: disk of %lu sectors\n", (uint64_t)capacity);
	return capacity;
}

static bool read_disk_word(void)
{
	static const char *const names[] = {
		[DISK_WRITE] = "write", [DISK_BLANK] = "blank", [DISK_NONE] = "none"
	};
	char word[8];

	if (!args_text("disk", word, sizeof(word)))
		return true;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		disk_use = i;
		if (strcmp(word, names[i]) == 0)
			return true;
	}
	return false; /* a wrong word is not guessed at: the word was meant to protect a disk */
}

static void read_words(void)
{
	interrupts = (uint32_t)args_number("stress", 0);
	rounds = interrupts != 0 ? 0 : (uint32_t)args_number("rounds", 200);
	seconds = (uint32_t)args_number("seconds", 0);
	every_ms = (uint32_t)args_number("every", 0);
	busy = args_number("busy", 0) != 0;
	may_idle = args_number("idle", 0) != 0;
	sectors = (uint32_t)args_number("sectors", 8);
	if (sectors < 1 || sectors > SECTORS_MAX)
		sectors = SECTORS_MAX;
}

int guest_main(void)
{
	int64_t capacity = SECTORS_MAX + 1;

	read_words();
	if (!read_disk_word()) {
		report(false, "disk= is write, blank or none", "it is none of them");
		return report_end("scribe");
	}
	const uint8_t base = (uint8_t)args_number("base", PIC_BASE);

	pic_init(base, PIC_EOI_NON_SPECIFIC);
	if (args_number("apic", 0) != 0 && !pic_use_apic(base)) {
		report(false, "apic=1 drives the local APIC", "the processor has no x2APIC");
		return report_end("scribe");
	}
	machine_print("scribe: words: %s\n", args_line());
	rtc_start((uint32_t)args_number("rtc", 1024));
	cpu_interrupts_on();

	if (disk_use != DISK_NONE)
		capacity = find_disk();
	if (may_write(capacity))
		write_and_verify((uint32_t)capacity);
	cpu_interrupts_off();
	rtc_stop();
	print_verdicts(disk_use != DISK_NONE && capacity > 0);
	return report_end("scribe");
}
