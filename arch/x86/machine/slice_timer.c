/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slice timer: arms the timer, and tells whether the timer caused an NMI. See the header for
 * the rule.
 *
 * Only this code uses the HPET: guests cannot reach the HPET, and the firmware's settings are
 * turned off. The comparator counts in 32 bits, so an access is one instruction, and differences
 * are right across a wrap.
 *
 * An NMI does not tell its sender, and three effects blur the cause. First, the counter shows the
 * end, but in an emulator the NMI may come a while later. Second, the timer may be armed anew in
 * the very moment of its end, with the NMI under way. Third, a comparator of 32 bits raises one
 * more NMI when the counter wraps (IA-PC HPET specification 1.0a, 2.3.9.2.1), and repeats its own
 * NMI a wrap later.
 */
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/nmi_account.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer_device.h"

#include <stddef.h>

/* A time shorter than NEAR is checked once more after the write: a delay (by system management, or
 * by an emulator's host) may have come in between. A constant in TSC ticks: up to 1 ms. */
#define NEAR (1u << 20)
/* The longest time in HPET ticks: all differences are signed and have 32 bits. */
#define COUNT_MOST (1u << 30)
/* The TSC and the HPET are measured against each other. They may be apart by this part of the time
 * that passes. */
enum { SLACK_SHIFT = 7 };
/* LEAST: the shortest time. LATE: the longest delay of an NMI on its way through the board. WRAP:
 * the same for the wrap's NMI, with the longest delay of the VMM's look at the NMI (by system
 * management, or by an emulator's host). PROOF: the time limit of the first NMI, with an end after
 * FIRST. */
enum { LEAST_US = 5, LATE_US = 500, WRAP_US = 20000, FIRST_US = 50, PROOF_US = 200000 };

bool slice_timer_by_nmi;

static struct slice_timer_device device = { .name = "none" };

/* The limits above, in the units of the two clocks. */
static struct {
	uint64_t far; /* TSC ticks from NEAR to the longest time */
	uint64_t late;
	uint32_t least_count, wrap_count;
} limits;

/* The end that the timer counts to. */
static struct {
	bool armed, told; /* armed: interrupt on; told: the end was reported */
	/* the counter wraps before the end, or before one that was replaced, and the wrap's NMI was
	 * not told */
	bool wraps;
	uint32_t count; /* the counter's value at the end */
	uint64_t tsc;   /* the TSC at the end; 0: told. UINT64_MAX: not armed */
	uint64_t early; /* the earliest TSC at the end; UINT64_MAX: told, or not armed */
	/* as early; 0: arming takes the slow path. 0 for as long as wraps */
	uint64_t look_from;
} end = { .tsc = UINT64_MAX, .early = UINT64_MAX };

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
	end.count = value;
	mmio_write32(device.comparator + TN_VALUE, value);
}

static inline void note_times(uint64_t now, uint64_t ticks)
{
	end.tsc = now + ticks;
	end.early = end.look_from = now + ticks - (ticks >> SLACK_SHIFT);
	end.told = false;
}

static void turn(bool on)
{
	mmio_write32(device.comparator + TN_CONFIG,
	             on ? device.config | TN_INTERRUPTS : device.config);
	end.armed = on;
}

static void stop(void)
{
	if (end.armed)
		turn(false);
	end.tsc = end.early = UINT64_MAX;
	end.look_from = 0;
}

static void write_later(uint32_t count)
{
	uint32_t from = counter();

	write_end(from + count);
	end.wraps |= end.count < from;
}

/* Writes an end and makes sure that its NMI will come. Interrupts are turned on with the end far
 * away, because the old value of the comparator belongs to no end. The counter may pass a value
 * before the write; then an NMI has come or will never come, and a later value follows. */
static void write_surely(uint64_t ticks)
{
	uint32_t count = (uint32_t)(ticks * device.factor >> 32);

	if (!end.armed) {
		write_later(COUNT_MOST);
		turn(true);
	}
	if (count < limits.least_count)
		count = limits.least_count;
	for (write_later(count); passed(end.count) && count < COUNT_MOST; write_later(count)) {
		nmi_account_owe_timer(&nmi_account);
		count *= 2;
	}
}

/* Settles the ends before the write that has armed the timer anew. The NMI of such an end has been
 * sent, or the write has dropped the end. A read does not overtake a message of the device (PCI
 * Local Bus 3.0, 3.2.5), so an NMI that was sent has reached the processor behind the read, and the
 * handler has counted the NMI behind nmi_reopen(). So the time that the VMM or an emulator's host
 * takes until the look makes no difference. */
static void settle_past_ends(void)
{
	if (nmi_account.timer.pending == 0)
		return;
	(void)counter();
	if (nmi_count == 0)
		nmi_reopen();
	nmi_account_arm_timer(&nmi_account, cpu_tsc(), limits.late, nmi_count != 0);
}

/* Returns true for the NMI of a wrap before the end, once, however long ago the wrap was (up to
 * 2^31 ticks of the HPET). */
static bool take_wrap(void)
{
	if (!end.wraps || !passed(0))
		return false;
	end.wraps = false;
	end.look_from = end.early;
	return true;
}

/* Arms or stops the timer in all unusual cases: the timer was about to end or is not armed, the
 * timer is to be stopped, the time is very short or very long, or the counter wraps within the
 * time. Accesses may take long, so the function reads the TSC after the last access. */
static void arm_slowly(uint64_t ticks, uint64_t now)
{
	uint64_t old = end.early;

	if (device.comparator == 0)
		return;
	if (ticks == UINT64_MAX) {
		stop();
	} else {
		if (ticks > NEAR + limits.far)
			ticks = NEAR + limits.far;
		write_surely(ticks);
		note_times(now, ticks);
	}
	if (take_wrap())
		nmi_account_owe_timer(&nmi_account);
	end.wraps &= end.armed;
	if (end.wraps)
		end.look_from = 0;
	if (cpu_tsc() >= old)
		nmi_account_owe_timer(&nmi_account);
	settle_past_ends();
}

/* Arms the timer in the usual case: two accesses. Returns false in an unusual one, with the end
 * written or not. */
static inline bool arm_quickly(uint64_t ticks, uint64_t now)
{
	if (ticks - NEAR > limits.far)
		return false;
	uint32_t from = counter(), count = from + (uint32_t)(ticks * device.factor >> 32);

	if (count < from)
		return false;
	write_end(count);
	if (cpu_tsc() >= end.look_from)
		return false;
	note_times(now, ticks);
	return true;
}

void slice_timer_arm(uint64_t ticks)
{
	uint64_t now = cpu_tsc();

	if (!arm_quickly(ticks, now))
		arm_slowly(ticks, now);
}

uint64_t slice_timer_left(void)
{
	uint64_t now = cpu_tsc();

	if (end.tsc == UINT64_MAX)
		return UINT64_MAX;
	return end.tsc > now ? end.tsc - now : 0;
}

/* ---- The cause of an NMI ---- */

static bool look(void)
{
	if (!end.armed || end.told || !passed(end.count))
		return false;
	end.told = true;
	end.tsc = 0;
	end.early = UINT64_MAX;
	end.look_from = end.wraps ? 0 : UINT64_MAX;
	return true;
}

bool slice_timer_ended(void)
{
	return cpu_tsc() >= end.look_from && look();
}

void slice_timer_expect(void)
{
	nmi_account_owe_timer(&nmi_account);
	end.look_from = 0;
}

/* Returns true for another NMI of no end: the counter has just wrapped to 0 behind an end, or has
 * come again to a value that has not changed since. */
static bool is_of_wrap(void)
{
	uint32_t count = counter();

	return end.armed &&
	       (count < limits.wrap_count || (end.told && count - end.count < limits.wrap_count));
}

/* An NMI of an earlier end, or of a wrap, may be looked at when the next end is over. The NMI of
 * that next end is still to come then. */
enum slice_timer_part slice_timer_part(bool ended)
{
	bool of_past = nmi_account_take_end(&nmi_account, cpu_tsc()) || take_wrap();

	if (ended || look()) {
		if (of_past)
			slice_timer_expect();
		return SLICE_TIMER_ENDED;
	}
	return of_past || is_of_wrap() ? SLICE_TIMER_PAST : SLICE_TIMER_NO_PART;
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

	limits.far = ((uint64_t)COUNT_MOST << 32) / device.factor - NEAR;
	limits.late = tsc_from_us(LATE_US);
	limits.least_count = count_from_us(LEAST_US) + 1;
	limits.wrap_count = count_from_us(WRAP_US);
	nmi_looked(nmi_take());
	slice_timer_arm(tsc_from_us(FIRST_US));
	while (!(ended && nmi_count != 0) && cpu_tsc() < give_up) {
		(void)counter();
		ended |= look(); /* an NMI before the end belongs to a dropped value */
	}
	uint32_t count = nmi_take();
	bool proven = ended && count != 0;

	nmi_looked(count);

	slice_timer_arm(UINT64_MAX);
	(void)counter(); /* completes the write: no NMI comes after it */
	nmi_looked(nmi_take());
	nmi_account_forget_timer(&nmi_account);
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
