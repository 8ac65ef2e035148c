/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every state of the account of NMIs (arch/x86/cpu/nmi_account.h), breadth first, in three worlds:
 * the lines of pc, the pulses of the block, the ends of the slice timer. A world knows the true
 * cause of each NMI, and the account does not.
 *
 * Shown for sequences of any length, because the search ends only when it finds no new state:
 *   - an NMI that a line, a pulse or the timer explains is never called external;
 *   - an external NMI is never unseen while its source can be told apart;
 *   - the account never drifts: when no NMI is under way, the account is as at the beginning.
 *
 * Rule: a world has at most MOST NMIs at a time. A world's step changes the world first, then tells
 * the account what the VMM's code tells the account.
 */
#include "arch/x86/cpu/nmi_account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 2, LINE_BIT = 1 };
/* The timer's world: an NMI that is not counted when the timer is armed is looked at within so many
 * steps of time. An NMI that is counted then waits for its look for any time. */
enum { LATEST = 2 };
static const uint64_t NOW = 1000; /* the account's times are kept relative to the present */

/* A look of the dispatcher: no look; NMIs taken; sources asked. */
enum phase { OUTSIDE, TAKEN, ASKED };

struct world {
	uint8_t phase;
	uint8_t nmis, of_outside; /* taken by the look under way; how many are external */
	uint8_t count, waiting;   /* counted and not taken; how many are external */
	/* lines: a request with evidence. lines_open, pins_open: a cause explains NMIs that cannot
	 * be told apart from external ones. */
	uint8_t request, lines_open, pins_open;
	/* block: pulses that are not read; pulses whose NMI is still to come; external NMIs that
	 * were not told yet; a pulse has merged, so that the counts do not fit */
	uint8_t unread, flying, untold, merged;
	uint8_t in_guest; /* block: the next NMI is an exit */
	/* timer: NMIs to come before the timer is armed, and after; NMIs to look at, and those of
	 * them that came after; steps since the timer was armed */
	uint8_t before, after, arrived, arrived_late, armed_for;
	uint8_t ends_open; /* ends were reported since the account was empty */
	uint8_t unarmed;   /* ends were reported since the timer was armed */
	uint8_t credit;    /* ends that were reported since then, less those that are explained */
	/* external NMIs in the place of the timer's own: nobody can tell them apart */
	uint8_t exchanged;
};

struct state {
	struct nmi_account account;
	struct world world;
};

static struct nmi_account *a;
static struct world *w;
static const char *broken;

static void expect(bool holds, const char *what)
{
	if (!holds && !broken)
		broken = what;
}

static bool take(void)
{
	if (w->phase != OUTSIDE || w->count == 0)
		return false;
	w->nmis = w->count;
	w->of_outside = w->waiting;
	w->count = w->waiting = 0;
	w->phase = TAKEN;
	return true;
}

static bool external(void)
{
	if (w->count == MOST)
		return false;
	w->count++;
	w->waiting++;
	return true;
}

/* ---- The lines of pc ---- */

/* An armed line rises. The NMI comes at once, and the handler sees the request. */
static bool line_rises(void)
{
	if (w->count == MOST)
		return false;
	w->count++;
	w->request = w->lines_open = 1;
	nmi_account_see(a, LINE_BIT);
	return true;
}

static bool lines_ask(void)
{
	if (w->phase != TAKEN)
		return false;
	uint32_t seen = nmi_account_take_seen(a);
	if (seen | w->request) {
		nmi_account_explain(a);
		nmi_account_find(a, LINE_BIT);
	}
	w->request = 0;
	w->phase = ASKED;
	return true;
}

static bool lines_judge(void)
{
	if (w->phase != ASKED)
		return false;
	bool apart = !w->lines_open && !w->pins_open;
	(void)nmi_account_tell(a);
	uint16_t verdict = nmi_account_judge(a, w->nmis, false);
	expect(w->of_outside != 0 || verdict == 0, "a line's NMI is called external");
	expect(w->of_outside == 0 || !apart || verdict == EXTERNAL_UNEXPLAINED,
	       "an external NMI is unseen");
	nmi_account_settle_lines(a, w->count != 0);
	nmi_account_settle_pins(a, w->count != 0);
	if (w->count == 0)
		w->lines_open = w->pins_open = 0;
	w->nmis = w->of_outside = 0;
	w->phase = OUTSIDE;
	return true;
}

/* The short look after an NMI exit. Where the look finds the line, an NMI behind the exit finds no
 * evidence any more, because the pin is masked: an echo. */
static bool lines_exit(bool by_line, unsigned behind, bool behind_is_line)
{
	if (w->phase != OUTSIDE || w->count != 0)
		return false;
	nmi_account_settle_pins(a, false);
	w->pins_open = 0;
	w->request |= by_line;
	bool found = w->request && nmi_account_has_no_line(a);
	w->count = (uint8_t)behind;
	w->waiting = (uint8_t)(behind && !behind_is_line);
	if (!found) {
		if (w->request)
			nmi_account_see(a, LINE_BIT);
		if (behind && behind_is_line) {
			w->request = 1;
			nmi_account_see(a, LINE_BIT);
		}
		w->lines_open |= by_line | (behind && behind_is_line);
		w->nmis = 1;
		w->of_outside = !by_line;
		w->phase = TAKEN;
		return true;
	}
	w->request = 0;
	if (behind) {
		w->lines_open = 1; /* the line's echo and an external NMI look alike */
		nmi_account_explain(a);
	}
	return true;
}

static bool line_exits(void)
{
	return lines_exit(true, 0, false);
}

static bool line_exits_with_echo(void)
{
	return lines_exit(true, 1, true);
}

static bool line_exits_before_external(void)
{
	return lines_exit(true, 1, false);
}

static bool external_exits(void)
{
	return lines_exit(false, 0, false);
}

/* The restore: the line's VM gets the request itself. */
static bool lines_go_to_their_vm(void)
{
	if (w->phase != OUTSIDE)
		return false;
	if (nmi_account_take_lines(a, LINE_BIT) | w->request)
		nmi_account_explain(a);
	nmi_account_take_back(a, LINE_BIT);
	expect(a->found == 0, "the dispatcher is told of a line that its VM has");
	nmi_account_settle_lines(a, w->count != 0);
	if (w->count == 0)
		w->lines_open = 0;
	w->request = 0;
	return true;
}

/* A further pin of a line raises an NMI. No evidence tells of the pin. */
static bool second_pin(void)
{
	if (w->count == MOST)
		return false;
	w->count++;
	w->pins_open = 1;
	nmi_account_see_pins(a);
	return true;
}

/* Before an entry. */
static bool lines_enter(void)
{
	if (w->phase != OUTSIDE || w->count != 0)
		return false;
	nmi_account_settle_pins(a, false);
	w->pins_open = 0;
	expect(!a->line && !a->pins && !a->found, "the account of lines drifts");
	return true;
}

/* ---- The pulses of the block ---- */

static bool pulse_comes(void)
{
	if (w->in_guest || w->count == MOST || w->unread == MOST)
		return false;
	w->unread++;
	w->count++;
	return true;
}

static bool pulse_starts(void)
{
	if (w->in_guest || w->flying == MOST || w->unread == MOST)
		return false;
	w->unread++;
	w->flying++;
	return true;
}

static bool pulse_arrives(void)
{
	if (w->flying == 0 || w->count == MOST)
		return false;
	w->flying--;
	w->count++;
	return true;
}

/* Two pulses reach the processor as one NMI. */
static bool pulse_merges(void)
{
	if (w->unread == MOST || a->pulses > MOST)
		return false;
	w->unread++;
	w->merged = 1;
	return true;
}

static bool block_external(void)
{
	if (w->in_guest || w->untold > MOST || !external())
		return false;
	w->untold++;
	return true;
}

static void block_read(void)
{
	nmi_account_add_pulses(a, w->unread);
	w->unread = 0;
}

static bool block_judge(void)
{
	if (w->phase != TAKEN)
		return false;
	block_read();
	uint32_t pulses = a->pulses;
	uint16_t verdict = nmi_account_judge(a, w->nmis, false);
	uint32_t alone = w->nmis - (pulses - a->pulses);
	expect((verdict != 0) == (alone != 0), "the verdict does not fit the counts");
	expect(alone <= w->untold, "a pulse's NMI is called external");
	w->untold = (uint8_t)(w->untold - alone);
	w->nmis = w->of_outside = 0;
	w->phase = OUTSIDE;
	return true;
}

/* Before an entry: every NMI has come, and the dispatcher has looked at every NMI. */
static bool block_enter(void)
{
	if (w->in_guest || w->phase != OUTSIDE || w->count != 0 || w->flying != 0)
		return false;
	w->in_guest = 1;
	if (nmi_account_has_pulses(a))
		nmi_account_drop_pulses(a);
	expect(!w->untold || w->merged, "an external NMI is unseen");
	expect(a->pulses == 0, "the account of pulses drifts");
	w->untold = 0;
	/* A pulse that merged and that no look has read explains an NMI of the next turn. */
	w->merged = w->unread != 0;
	return true;
}

/* The short look after an exit by the block. */
static bool block_exits(void)
{
	if (!w->in_guest)
		return false;
	w->in_guest = 0;
	w->unread++;
	block_read();
	expect(nmi_account_take_pulse(a), "a pulse's NMI is called external");
	return true;
}

/* The same by an NMI from outside. */
static bool outside_exits(void)
{
	if (!w->in_guest)
		return false;
	w->in_guest = 0;
	w->untold++;
	block_read();
	if (nmi_account_take_pulse(a)) {
		expect(w->merged, "an external NMI is unseen");
		return true;
	}
	w->nmis = w->of_outside = 1;
	w->phase = TAKEN;
	return true;
}

/* soft: the model's pulses never exit, so the NMI of an exit is external at once. */
static bool outside_exits_beside_pulses(void)
{
	if (!w->in_guest)
		return false;
	w->in_guest = 0;
	nmi_account_note_exit(a);
	block_read();
	expect(nmi_account_judge(a, 1, false) == EXTERNAL_UNEXPLAINED, "an external NMI is unseen");
	expect(!a->exited, "the account of exits drifts");
	return true;
}

/* ---- The ends of the slice timer ---- */

/* An end was reported at an NMI with another cause. merged: the timer's NMI was the same. */
static bool timer_ends(bool merged)
{
	if (w->credit > MOST || w->before + w->after + w->arrived == MOST)
		return false;
	w->before = (uint8_t)(w->before + !merged);
	w->ends_open = w->unarmed = 1;
	w->credit++;
	nmi_account_owe_timer(a);
	return true;
}

static bool timer_ends_beside(void)
{
	return timer_ends(false);
}

static bool timer_ends_within(void)
{
	return timer_ends(true);
}

static bool timer_is_armed(void)
{
	bool all_over = w->after + w->arrived == 0 && w->armed_for >= LATEST;
	uint32_t pending = a->timer.pending;

	w->after = (uint8_t)(w->after + w->before);
	w->before = 0;
	nmi_account_arm_timer(a, NOW, LATEST, w->arrived != 0);
	if (!w->unarmed)
		return true;
	expect(!all_over || pending == 0 || a->timer.late == pending, "an end of long ago counts");
	w->unarmed = w->armed_for = 0;
	return true;
}

/* No NMI of an earlier end can come any more. */
static bool timer_is_quiet(void)
{
	return !w->unarmed && w->before + w->after + w->arrived == 0 &&
	       (!w->ends_open || w->armed_for >= LATEST);
}

/* A step of time. */
static bool time_passes(void)
{
	if (w->after + w->arrived_late != 0 && w->armed_for + 1 >= LATEST)
		return false;
	if (w->armed_for < LATEST)
		w->armed_for++;
	a->timer.until--;
	if (timer_is_quiet())
		w->ends_open = w->exchanged = w->credit = 0;
	return true;
}

static bool timer_arrives(void)
{
	uint8_t *from = w->after ? &w->after : &w->before;

	if (*from == 0)
		return false;
	--*from;
	w->arrived++;
	w->arrived_late += from == &w->after;
	return true;
}

static bool take_end(void)
{
	bool takes = nmi_account_take_end(a, NOW);

	expect(!takes || w->credit != 0, "an end explains two NMIs");
	w->credit = (uint8_t)(w->credit - takes);
	return takes;
}

static bool timer_judge(void)
{
	if (w->arrived == 0)
		return false;
	w->arrived--;
	w->arrived_late -= w->arrived_late != 0;
	bool timer = take_end();
	nmi_account_settle_timer(a, w->arrived != 0);
	expect(timer || w->exchanged, "the timer's NMI is called external");
	expect(nmi_account_judge_other(EXTERNAL_UNEXPLAINED, timer) ==
	               (timer ? 0 : EXTERNAL_UNEXPLAINED),
	       "the verdict does not fit the timer's part");
	w->exchanged = (uint8_t)(w->exchanged - !timer);
	return true;
}

static bool timer_external(void)
{
	if (w->exchanged == MOST)
		return false;
	bool apart = timer_is_quiet(), timer = take_end();
	expect(!apart || !timer, "an external NMI is unseen");
	w->exchanged = (uint8_t)(w->exchanged + timer);
	expect(nmi_account_judge_other(EXTERNAL_TOLD, timer) == EXTERNAL_TOLD,
	       "an NMI that tells of its source is unseen");
	return true;
}

/* ---- The search ---- */

struct step {
	const char *name;
	bool (*does)(void);
};

static const struct step line_steps[] = {
	{ "line rises", line_rises },
	{ "external", external },
	{ "take", take },
	{ "ask", lines_ask },
	{ "judge", lines_judge },
	{ "line exits", line_exits },
	{ "line exits, echo", line_exits_with_echo },
	{ "line exits, external", line_exits_before_external },
	{ "external exits", external_exits },
	{ "to the VM", lines_go_to_their_vm },
	{ "second pin", second_pin },
	{ "enter", lines_enter },
};
static const struct step block_steps[] = {
	{ "pulse", pulse_comes },
	{ "pulse starts", pulse_starts },
	{ "pulse arrives", pulse_arrives },
	{ "pulse merges", pulse_merges },
	{ "external", block_external },
	{ "take", take },
	{ "judge", block_judge },
	{ "block exits", block_exits },
	{ "external exits", outside_exits },
	{ "external exits, soft", outside_exits_beside_pulses },
	{ "enter", block_enter },
};
static const struct step timer_steps[] = {
	{ "ends beside a line", timer_ends_beside },
	{ "ends in a line's NMI", timer_ends_within },
	{ "armed", timer_is_armed },
	{ "time passes", time_passes },
	{ "arrives", timer_arrives },
	{ "judge", timer_judge },
	{ "external", timer_external },
};

static const struct {
	const char *name;
	const struct step *steps;
	size_t count;
} worlds[] = {
	{ "lines", line_steps, sizeof(line_steps) / sizeof(line_steps[0]) },
	{ "block", block_steps, sizeof(block_steps) / sizeof(block_steps[0]) },
	{ "timer", timer_steps, sizeof(timer_steps) / sizeof(timer_steps[0]) },
};

enum { STATES = 1 << 20 };
static struct {
	struct state state;
	unsigned from;
	const char *by;
} found[STATES];
static unsigned slots[2 * STATES], found_count;

/* Times that make no difference are the same state. */
static void normalise(struct nmi_account *account)
{
	uint64_t oldest = NOW;

	if (account->timer.until < oldest)
		account->timer.until = oldest;
}

static bool add(const struct state *state, unsigned from, const char *by)
{
	const unsigned char *bytes = (const unsigned char *)state;
	uint64_t hash = 14695981039346656037ull;

	for (size_t i = 0; i < sizeof(*state); i++)
		hash = (hash ^ bytes[i]) * 1099511628211ull;
	unsigned slot = (unsigned)((hash >> 20) % (2 * STATES));
	for (; slots[slot] != 0; slot = (slot + 1) % (2 * STATES))
		if (memcmp(&found[slots[slot] - 1].state, state, sizeof(*state)) == 0)
			return true;
	if (found_count == STATES)
		return false;
	found[found_count].state = *state;
	found[found_count].from = from;
	found[found_count].by = by;
	slots[slot] = ++found_count;
	return true;
}

static void tell_way(unsigned at)
{
	if (at != 0) {
		tell_way(found[at].from);
		printf("  %s\n", found[at].by);
	}
}

static bool search(const char *name, const struct step *steps, size_t count)
{
	struct state first;

	memset(&first, 0, sizeof(first));
	memset(slots, 0, sizeof(slots));
	found_count = 0;
	broken = NULL;
	normalise(&first.account);
	(void)add(&first, 0, "");
	for (unsigned at = 0; at < found_count; at++)
		for (size_t i = 0; i < count; i++) {
			struct state next = found[at].state;
			a = &next.account;
			w = &next.world;
			if (!steps[i].does())
				continue;
			if (broken) {
				printf("account %s: %s, after:\n", name, broken);
				tell_way(at);
				printf("  %s\n", steps[i].name);
				return false;
			}
			normalise(&next.account);
			if (!add(&next, at, steps[i].name)) {
				printf("account %s: more than %d states\n", name, STATES);
				return false;
			}
		}
	printf("account %s: all %u states, sequences of any length\n", name, found_count);
	return true;
}

int main(void)
{
	bool holds = true;

	for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++)
		holds &= search(worlds[i].name, worlds[i].steps, worlds[i].count);
	return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}
