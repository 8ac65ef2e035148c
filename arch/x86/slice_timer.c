/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slice timer: arming it, and telling whose an NMI was. See the header for the rule.
 *
 * Nobody else uses the HPET: guests cannot reach it, and what firmware left of it is turned off.
 * The comparator counts in 32 bits, so that an access is one instruction, and differences are right
 * across a wrap.
 *
 * An NMI has no sender, and three things blur whose it was. The counter says that the end has come,
 * and in an emulator the NMI may come a while later. The timer may be armed anew in the very moment
 * of its end, with the NMI under way. And a comparator of 32 bits raises one more when the counter
 * wraps (IA-PC HPET specification 1.0a, 2.3.9.2.1), and its own again a wrap later.
 */
#include "arch/x86/slice_timer.h"
#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"
#include "arch/x86/slice_timer_device.h"

#include <stddef.h>

/* What is shorter than NEAR is looked at once more after it was set: something (system management,
 * an emulator's host) may have come in between. In TSC ticks, a constant: up to 1 ms. */
#define NEAR (1u << 20)
/* The longest, in HPET ticks: all differences are those of 32 bits with a sign. */
#define COUNT_MOST (1u << 30)
/* The TSC and the HPET were held against each other: so far they may be apart, as a part of the
 * time that passes. */
enum { SLACK_SHIFT = 7 };
/* No end is nearer than LEAST. LATE: how long after an end its NMI may come. STALL: how long the
 * VMM may be held up between an NMI and its look at it (by system management, or an emulator's
 * host). WRAP: both, for the wrap's. PROOF: for the first, which ends after FIRST. */
enum {
	LEAST_US = 5,
	LATE_US = 500,
	STALL_US = 20000,
	WRAP_US = 20000,
	FIRST_US = 50,
	PROOF_US = 200000
};

bool slice_timer_by_nmi;

static struct slice_timer_device device = { .name = "none" };
static uint64_t far; /* TSC ticks from NEAR to the longest time */
static uint64_t late, stall;
static uint32_t least_count, wrap_count;

static bool armed, told;              /* its interrupt is on; it has ended, and somebody knows */
static uint32_t end;                  /* the counter's value then */
static uint64_t end_tsc = UINT64_MAX; /* the TSC's, about; 0: told. UINT64_MAX: not armed */
/* the TSC from when on it may have ended; UINT64_MAX: told. 0: arming it is not plain */
static uint64_t look_from;

/* NMIs of ends that are history: owed are those that may come before the timer is armed anew; late,
 * those that may be under way then. */
static unsigned owed, late_nmis;
static uint64_t late_until;

static inline uint32_t counter(void)
{
	return slice_timer_counter(&device);
}

static inline bool passed(uint32_t value)
{
	return (int32_t)(counter() - value) >= 0;
}

/* ---- Arming ---- */

static inline void write_end(uint32_t value)
{
	end = value;
	mmio_write32(device.comparator + TN_VALUE, value);
}

static inline void note_times(uint64_t now, uint64_t ticks)
{
	end_tsc = now + ticks;
	look_from = now + ticks - (ticks >> SLACK_SHIFT);
	told = false;
}

static void turn(bool on)
{
	mmio_write32(device.comparator + TN_CONFIG,
	             on ? device.config | TN_INTERRUPTS : device.config);
	armed = on;
}

static void stop(void)
{
	if (armed)
		turn(false);
	end_tsc = UINT64_MAX;
	look_from = 0;
}

/* Interrupts are turned on with the end far away: what the comparator held before is nobody's. A
 * value that the counter may have passed before it was written, for which an NMI came or never
 * will, gives way to a later one. */
static void write_surely(uint64_t ticks)
{
	uint32_t count = (uint32_t)(ticks * device.factor >> 32);

	if (!armed) {
		write_end(counter() + COUNT_MOST);
		turn(true);
	}
	if (count < least_count)
		count = least_count;
	for (write_end(counter() + count); passed(end) && count < COUNT_MOST;
	     write_end(counter() + count)) {
		owed++;
		count *= 2;
	}
}

/* It was about to end, is not armed, or is to be stopped; or the time is out of the usual. Accesses
 * may take long: what came in between is known after the last one. */
static __attribute__((noinline)) void arm_slowly(uint64_t ticks, uint64_t now)
{
	uint64_t old = armed && !told ? look_from : UINT64_MAX;

	if (device.comparator == 0)
		return;
	if (ticks == UINT64_MAX) {
		stop();
	} else {
		if (ticks > NEAR + far)
			ticks = NEAR + far;
		write_surely(ticks);
		note_times(now, ticks);
	}
	now = cpu_tsc();
	if (now >= old)
		owed++;
	if (owed == 0)
		return;
	late_nmis = owed + (now < late_until ? late_nmis : 0);
	late_until = now + late;
	owed = 0;
}

void slice_timer_arm(uint64_t ticks)
{
	uint64_t now = cpu_tsc();

	if (__builtin_expect(ticks - NEAR > far, 0)) {
		arm_slowly(ticks, now);
		return;
	}
	write_end(counter() + (uint32_t)(ticks * device.factor >> 32));
	if (__builtin_expect(cpu_tsc() >= look_from, 0))
		arm_slowly(ticks, now);
	else
		note_times(now, ticks);
}

uint64_t slice_timer_left(void)
{
	uint64_t now = cpu_tsc();

	if (end_tsc == UINT64_MAX)
		return UINT64_MAX;
	return end_tsc > now ? end_tsc - now : 0;
}

/* ---- Whose an NMI was ---- */

static __attribute__((noinline)) bool look(void)
{
	if (!armed || told || !passed(end))
		return false;
	told = true;
	end_tsc = 0;
	look_from = UINT64_MAX;
	return true;
}

bool slice_timer_ended(void)
{
	return cpu_tsc() >= look_from && look();
}

void slice_timer_expect(void)
{
	owed++;
	look_from = 0;
}

/* Of an end that is history, or of none: the counter has just gone round to 0, or to a value that
 * nobody has changed since. */
static bool is_past(bool counted)
{
	uint64_t until = late_until + (counted ? stall : 0);
	unsigned *from = owed != 0                             ? &owed
	                 : late_nmis != 0 && cpu_tsc() < until ? &late_nmis
	                                                       : NULL;
	uint32_t count = counter();

	if (from != NULL)
		*from -= 1;
	return from != NULL ||
	       (armed && (count < wrap_count || (told && count - end < wrap_count)));
}

enum slice_timer_part slice_timer_part(bool counted)
{
	return look()             ? SLICE_TIMER_ENDED
	       : is_past(counted) ? SLICE_TIMER_PAST
	                          : SLICE_TIMER_NO_PART;
}

/* ---- Setting it up ---- */

static uint32_t count_from_us(uint64_t us)
{
	return (uint32_t)(us * HPET_FS_PER_US / device.period);
}

static bool proves(void)
{
	uint64_t give_up = cpu_tsc() + tsc_from_us(PROOF_US);
	bool ended = false;

	far = ((uint64_t)COUNT_MOST << 32) / device.factor - NEAR;
	late = tsc_from_us(LATE_US);
	stall = tsc_from_us(STALL_US);
	least_count = count_from_us(LEAST_US) + 1;
	wrap_count = count_from_us(WRAP_US);
	nmi_looked(nmi_take());
	slice_timer_arm(tsc_from_us(FIRST_US));
	while (!(ended && nmi_count != 0) && cpu_tsc() < give_up) {
		(void)counter();
		ended |= look(); /* an NMI that came before is of a value that was given up */
	}
	uint32_t count = nmi_take();
	bool proven = ended && count != 0;

	nmi_looked(count);

	slice_timer_arm(UINT64_MAX);
	(void)counter(); /* so that the write is there: no NMI comes after it */
	nmi_looked(nmi_take());
	owed = late_nmis = 0;
	return proven;
}

int slice_timer_init(void)
{
	int error = slice_timer_find(&device, proves);

	slice_timer_by_nmi = error == 0;
	return error;
}

const char *slice_timer_describe(void)
{
	return slice_timer_by_nmi ? device.name : "none";
}
