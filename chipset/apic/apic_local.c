/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Save and restore of the local APIC (SDM 3A 10.5, 10.8, 10.12). See the header for the rule.
 *
 *   save     TPR, IRR and ISR are read; an EOI for each bit in service; the VMM takes what is
 *            pending, and ends it
 *   restore  for each bit in service, in rising order: an interrupt to the VMM itself, which takes
 *            it without an EOI; then TPR; then the pins come back; then an interrupt for each
 *            request, with interrupts off
 *
 * A bit in service has a higher priority class than those below it (10.8.3.1), so that the rising
 * order brings each in.
 *
 * The timer goes on while its VM is away: `due` is the moment of its next interrupt. A moment that
 * has passed is a request. A periodic timer's period is what its initial count says. So the rest of
 * a period is loaded as if it were the period, and the period itself when the rest is over: the VMM
 * comes in for that (apic_local_tick()).
 */
#include "chipset/apic/apic_local.h"

#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/replay.h"
#include "arch/x86/virt/virt.h"
#include "chipset/apic/apic_registers.h"

struct apic_pace apic_pace = { 1ull << 32, 1ull << 32, false };

/* The registers of the timer that keep their value from a save to the next restore. */
static struct {
	uint32_t lvt, divide;
} left = { UINT32_MAX, UINT32_MAX };

static inline uint32_t apic_read(unsigned reg)
{
	return (uint32_t)msr_read(reg);
}

/* ---- The timer ---- */

/* Divide configuration, bits 3, 1, 0: 111 is 1, 000 is 2, ... 110 is 128 (10.5.4). */
static unsigned divide_shift(uint32_t divide)
{
	return (((divide >> 1 & 4) | (divide & 3)) + 1) & 7;
}

static uint64_t scale(uint64_t value, uint64_t by)
{
	return (uint64_t)((unsigned __int128)value * by >> 32);
}

static uint64_t ticks_of(const struct apic_local *s, uint64_t counts)
{
	return scale(counts << divide_shift(s->divide), apic_pace.tsc_of_count);
}

static bool is_deadline(const struct apic_local *s)
{
	return (s->lvt_timer & APIC_TIMER_MODE) == APIC_TIMER_DEADLINE;
}

static bool is_masked(const struct apic_local *s)
{
	return s->lvt_timer & APIC_LVT_MASKED;
}

static bool is_periodic(const struct apic_local *s)
{
	return (s->lvt_timer & APIC_TIMER_MODE) == APIC_TIMER_PERIODIC;
}

static void fire(struct apic_local *s)
{
	unsigned vector = s->lvt_timer & APIC_VECTOR;

	if (!is_masked(s) && vector >= APIC_VECTOR_FIRST)
		apic_vector_set(s->irr, vector);
}

/* Has the guest's accesses to the counts exit, or not: while the initial count is not the guest's
 * own. The current count alone is wrong where the rest of a period is loaded. */
static void set_hidden(struct apic_local *s, bool hides)
{
	if (hides == s->hides)
		return;
	s->hides = hides;
	virt_open_msr(APIC_INITIAL, !hides, !hides);
	virt_open_msr(APIC_COUNT, !hides && !apic_pace.is_tcg, false);
}

/* Returns true where the timer reached 0 between two reads: the mask may have been first. Leaves
 * the timer in a mode in which the initial count can be written. */
static slow_path bool take_deadline(struct apic_local *s)
{
	uint64_t before = msr_read(APIC_DEADLINE);

	msr_write(APIC_TIMER, s->lvt_timer | APIC_LVT_MASKED);
	s->due = msr_read(APIC_DEADLINE);
	if (s->due != 0)
		msr_write(APIC_DEADLINE, 0);
	left.lvt = (s->lvt_timer & ~(uint32_t)APIC_TIMER_MODE) | APIC_LVT_MASKED;
	msr_write(APIC_TIMER, left.lvt);
	return before != 0 && s->due == 0;
}

/* The same where the timer counts, or has counted. */
static slow_path bool take_count(struct apic_local *s)
{
	uint32_t before = (uint32_t)msr_read_apart(APIC_COUNT);

	left.lvt = s->lvt_timer | APIC_LVT_MASKED;
	msr_write(APIC_TIMER, left.lvt);
	uint32_t after = (uint32_t)msr_read_apart(APIC_COUNT);
	uint64_t now = cpu_tsc();
	s->due = after != 0       ? now + ticks_of(s, after) - (uint64_t)s->slip
	         : is_periodic(s) ? now + ticks_of(s, s->initial)
	                          : 0;
	if (s->stretch != 0 && s->stretch <= now) /* the rest began a second time */
		s->due = s->stretch + ticks_of(s, s->initial) - (uint64_t)s->slip;
	return before != 0 && (after == 0 || after > before);
}

static void save_timer(struct apic_local *s)
{
	left.lvt = s->lvt_timer = apic_read(APIC_TIMER);
	left.divide = s->divide = apic_read(APIC_DIVIDE);
	s->due = 0;
	if (is_deadline(s))
		s->fired = take_deadline(s);
	uint32_t initial = apic_read(APIC_INITIAL);
	if (!s->hides)
		s->initial = initial;
	if (initial == 0 && !s->hides)
		return;
	if (initial != s->loaded) /* the guest has written it */
		s->slip = 0;
	if (initial != 0 && !is_deadline(s))
		s->fired = take_count(s);
	if (initial != 0)
		msr_write(APIC_INITIAL, 0);
	set_hidden(s, false);
}

/* Makes a request of a moment that has passed, and finds the next. */
static void catch_up(struct apic_local *s, uint64_t now)
{
	if (is_deadline(s) || s->due > now)
		return;
	uint64_t period = ticks_of(s, s->initial);

	period += period == 0;
	fire(s);
	s->due = is_periodic(s) ? s->due + ((now - s->due) / period + 1) * period : 0;
}

/* The rest of a period is loaded. A rest so short that the VMM would come too late for the period
 * is made longer. */
static void begin_stretch(struct apic_local *s, uint64_t now, uint64_t rest)
{
	enum { SHORTEST = 600 }; /* TSC ticks; an exit and its way to apic_local_tick() take less */

	if (rest < SHORTEST && ticks_of(s, s->initial) > 2 * SHORTEST) {
		s->loaded = (uint32_t)(scale(SHORTEST, apic_pace.count_of_tsc) >>
		                       divide_shift(s->divide)) +
		            1;
		s->slip = (int64_t)(SHORTEST - rest);
	}
	s->stretch = now + ticks_of(s, s->loaded);
}

/* Starts the timer of a moment to come. */
static slow_path void start_timer(struct apic_local *s)
{
	uint64_t now = cpu_tsc(), rest = s->due > now ? s->due - now : 0;

	if (is_deadline(s)) {
		msr_write(APIC_DEADLINE, s->due); /* fires at once where the moment has passed */
		return;
	}
	uint64_t counts = scale(rest, apic_pace.count_of_tsc) >> divide_shift(s->divide);
	s->loaded = counts == 0 ? 1 : counts > UINT32_MAX ? UINT32_MAX : (uint32_t)counts;
	if (is_periodic(s) && s->loaded != s->initial)
		begin_stretch(s, now, rest);
	msr_write(APIC_INITIAL, s->loaded);
	uint64_t late = cpu_tsc() - now;
	s->slip += (int64_t)late;
	s->stretch += s->stretch != 0 ? late : 0;
}

static inline void load_timer(struct apic_local *s)
{
	if (s->divide != left.divide)
		msr_write(APIC_DIVIDE, s->divide);
	if (s->lvt_timer != left.lvt)
		msr_write(APIC_TIMER, s->lvt_timer);
	s->loaded = 0;
	s->stretch = 0;
	s->slip = 0;
	if (s->due != 0)
		start_timer(s);
	if (s->loaded != s->initial)
		set_hidden(s, true);
}

uint64_t apic_local_tick(struct apic_local *s)
{
	if (s->stretch == 0)
		return UINT64_MAX;
	if (cpu_tsc() < s->stretch)
		return s->stretch;
	/* else the guest has changed the mode */
	if ((apic_read(APIC_TIMER) & APIC_TIMER_MODE) == APIC_TIMER_PERIODIC) {
		s->loaded = s->initial;
		msr_write(APIC_INITIAL, s->loaded);
		s->slip += (int64_t)(cpu_tsc() - s->stretch);
		set_hidden(s, false);
	}
	s->stretch = 0;
	return UINT64_MAX;
}

void apic_local_set_initial(struct apic_local *s, uint32_t value)
{
	s->initial = s->loaded = value;
	s->stretch = 0;
	s->slip = 0;
	set_hidden(s, false);
	msr_write(APIC_INITIAL, value);
}

uint32_t apic_local_count(const struct apic_local *s)
{
	uint32_t count = (uint32_t)msr_read_apart(APIC_COUNT);
	uint64_t now = cpu_tsc();

	if (s->stretch == 0 || now < s->stretch)
		return count;
	uint64_t counts = scale(now - s->stretch, apic_pace.count_of_tsc) >>
	                  divide_shift(s->divide);
	return counts < s->initial ? s->initial - (uint32_t)counts : s->initial;
}

uint64_t apic_local_moment(const struct apic_local *s, bool comes)
{
	if (s->due == 0 || (comes ? !is_periodic(s) : is_masked(s)))
		return UINT64_MAX;
	return s->due;
}

/* ---- IRR, ISR, TPR ---- */

static unsigned count_bits(uint32_t word)
{
	unsigned n = 0;

	for (; word; word &= word - 1)
		n++;
	return n;
}

/* Reads a register of eight words. Returns whether a bit is set. */
static inline bool read_words(unsigned reg, uint32_t set[APIC_WORDS])
{
	uint32_t any = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < APIC_WORDS; i++)
		any |= set[i] = apic_read(reg + i);
	return any != 0;
}

static unsigned count_all(const uint32_t set[APIC_WORDS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < APIC_WORDS; i++)
		n += count_bits(set[i]);
	return n;
}

void apic_local_reset(struct apic_local *s)
{
	*s = (struct apic_local){ .lvt_timer = APIC_LVT_MASKED };
}

/* Ends what is in service. */
static slow_path void take_service(struct apic_local *s)
{
	s->serves = read_words(APIC_ISR, s->isr);
	for (unsigned n = count_all(s->isr); n > 0; n--)
		msr_write(APIC_EOI, 0);
}

unsigned apic_local_save(struct apic_local *s)
{
	save_timer(s);
	s->tpr = apic_read(APIC_TPR);
	if (s->tpr != 0)
		msr_write(APIC_TPR, 0);
	bool requests = read_words(APIC_IRR, s->irr);
	/* with TPR 0, PPR is the class of the highest vector in service */
	if (apic_read(APIC_PPR) != 0 || s->serves)
		take_service(s);
	if (s->fired) {
		fire(s);
		s->fired = false;
	}
	uint32_t taken = replay_drain();
	if (taken == 0)
		return 0;
	unsigned known = requests ? count_all(s->irr) : 0;
	return taken > known ? taken - known : 0;
}

void apic_local_serve(const struct apic_local *s)
{
	for (unsigned i = 0; s->serves && i < APIC_WORDS; i++)
		for (uint32_t rest = s->isr[i]; rest; rest &= rest - 1) {
			msr_write(APIC_SELF_IPI,
			          i * APIC_WORD_BITS + (unsigned)__builtin_ctz(rest));
			replay_serve();
		}
	/* before the pins: an interrupt that TPR holds back raises no INTR */
	if (s->tpr != 0)
		msr_write(APIC_TPR, s->tpr);
}

void apic_local_resume(struct apic_local *s)
{
	if (s->due != 0)
		catch_up(s, cpu_tsc());
#pragma GCC unroll 8
	for (unsigned i = 0; i < APIC_WORDS; i++)
		for (uint32_t rest = s->irr[i]; rest; rest &= rest - 1)
			msr_write(APIC_SELF_IPI,
			          i * APIC_WORD_BITS + (unsigned)__builtin_ctz(rest));
	load_timer(s);
}

/* ---- Questions ---- */

/* Returns the highest vector of a set, or 0. */
static unsigned highest(const uint32_t set[APIC_WORDS])
{
	for (unsigned i = APIC_WORDS; i-- > 0;)
		if (set[i] != 0)
			return i * APIC_WORD_BITS + 31 - (unsigned)__builtin_clz(set[i]);
	return 0;
}

/* Only a higher class than PPR's goes through (10.8.3.1). */
slow_path bool apic_local_lets_through(const struct apic_local *s, unsigned vector)
{
	enum { CLASS = 4 };
	unsigned served = highest(s->isr) >> CLASS, task = s->tpr >> CLASS & 15;

	return vector >> CLASS > (served > task ? served : task);
}

slow_path bool apic_local_requests(const struct apic_local *s)
{
	unsigned vector = s->lvt_timer & APIC_VECTOR;

	if (apic_local_lets_through(s, highest(s->irr)))
		return true;
	return s->due != 0 && s->due <= cpu_tsc() && !is_masked(s) &&
	       apic_local_lets_through(s, vector);
}

static slow_path bool has_any(unsigned reg)
{
	for (unsigned i = 0; i < APIC_WORDS; i++)
		if (msr_read(reg + i) != 0)
			return true;
	return false;
}

slow_path bool apic_local_has_request(void)
{
	return has_any(APIC_IRR);
}

bool apic_local_in_service(void)
{
	return has_any(APIC_ISR);
}
