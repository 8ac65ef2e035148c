/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account of the NMIs: whose was an NMI? An NMI has no sender. The sources report facts here:
 * the chipset realisation (lines, and pulses that the block has counted), the slice timer, the
 * IOMMUs, and port 61h. The account alone decides whether an NMI came from outside.
 *
 *   fact                            explains
 *   a line was found                every NMI that is under way
 *   a line has several pins         every NMI that is under way
 *   the block has counted pulses    so many NMIs
 *   ends of the slice timer         one NMI each, of those under way when the timer is armed anew
 *   an IOMMU has a fault            one NMI
 *   a source tells of itself        nothing: an NMI came from outside
 *
 * An NMI is under way from the edge until the dispatcher takes the NMI from nmi_count.
 *
 * Rule: the type depends on nothing, and all variables that decide whose an NMI was are in the
 * type. tests/proof/account.c visits every state of the type. The file lies in arch/, and not in
 * vmm/core/, because calls run downward: the NMI handler, the slice timer and the chipset report
 * facts, and all three are below vmm/.
 */
#ifndef ARCH_X86_CPU_NMI_ACCOUNT_H
#define ARCH_X86_CPU_NMI_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* One of the NMIs came from outside. UNEXPLAINED: no fact explains the NMI. TOLD: the source of the
 * NMI has reported itself. 0: every NMI has an explanation. */
enum { EXTERNAL_UNEXPLAINED = 1, EXTERNAL_TOLD = 2 };

struct nmi_account {
	/* Lines with a request at an NMI. The NMI handler sets bits at any moment. */
	volatile uint32_t seen;
	/* Lines found to have raised an NMI. The dispatcher was not told yet. */
	uint32_t found;
	/* Pulses of the block's output whose NMIs have not been judged. */
	uint32_t pulses;
	bool line;   /* a line was found while NMIs were under way */
	bool pins;   /* several pins of a line may each have raised an NMI */
	bool exited; /* the next NMI to judge ended a guest's turn, and no pulse explains the NMI */
	/* Ends of the slice timer that were reported with another cause, or that no code saw. */
	struct {
		uint32_t pending; /* NMIs that may come before the timer is armed anew */
		uint32_t late;    /* NMIs that may still come after the timer was armed anew */
		uint64_t until;   /* TSC: the end of the time of late */
		bool counted;     /* late has no end of time: NMIs wait for a look */
	} timer;
};

/* The account of the processor. */
extern struct nmi_account nmi_account;

/* ---- Lines ---- */

/* Reports lines with a request at the moment. The NMI handler calls the function, and so may any
 * other code. One instruction sets the bits, so that no NMI falls between. */
static inline void nmi_account_see(struct nmi_account *a, uint32_t lines)
{
	__asm__ volatile("orl %1, %0" : "+m"(a->seen) : "ri"(lines) : "cc");
}

/* Returns the lines seen, and forgets the lines, in a single instruction. */
static inline uint32_t nmi_account_take_seen(struct nmi_account *a)
{
	uint32_t seen = 0;
	__asm__ volatile("xchg %0, %1" : "+r"(seen), "+m"(a->seen));
	return seen;
}

/* Returns the seen lines of a set, forgets these lines, and leaves all others. */
static inline uint32_t nmi_account_take_lines(struct nmi_account *a, uint32_t lines)
{
	uint32_t seen = nmi_account_take_seen(a);
	if (seen & ~lines)
		nmi_account_see(a, seen & ~lines);
	return seen & lines;
}

/* Reports that a line explains every NMI that is under way. */
static inline void nmi_account_explain(struct nmi_account *a)
{
	a->line = true;
}

/* Reports the moment after a look at the lines. under_way: an NMI was counted and not taken, or
 * may wait at the processor. With no NMI under way, no line has an NMI left to explain. */
static inline void nmi_account_settle_lines(struct nmi_account *a, bool under_way)
{
	if (!under_way)
		a->line = false;
}

/* Reports lines that have raised an NMI, for the dispatcher's next look. */
static inline void nmi_account_find(struct nmi_account *a, uint32_t lines)
{
	a->found |= lines;
}

/* Takes found lines back: their VM has the requests by now. */
static inline void nmi_account_take_back(struct nmi_account *a, uint32_t lines)
{
	a->found &= ~lines;
}

/* Returns the lines found since the last call. Call for the dispatcher. */
static inline uint32_t nmi_account_tell(struct nmi_account *a)
{
	uint32_t found = a->found;
	a->found = 0;
	return found;
}

/* Returns whether the account is empty as far as lines go: the line of a short look is then the
 * only explanation. */
static inline bool nmi_account_has_no_line(const struct nmi_account *a)
{
	return !(a->seen | a->line);
}

/* Reports that several pins of a line may each have raised an NMI. */
static inline void nmi_account_see_pins(struct nmi_account *a)
{
	a->pins = true;
}

/* Reports, as nmi_account_settle_lines(), the moment after the pins were changed. */
static inline void nmi_account_settle_pins(struct nmi_account *a, bool under_way)
{
	if (!under_way)
		a->pins = false;
}

/* ---- Pulses that the block counts ---- */

/* Reports pulses of the block's output since the last report. */
static inline void nmi_account_add_pulses(struct nmi_account *a, uint32_t pulses)
{
	a->pulses += pulses;
}

/* Returns whether a pulse explains a single NMI, and takes the pulse. */
static inline bool nmi_account_take_pulse(struct nmi_account *a)
{
	if (a->pulses == 0)
		return false;
	a->pulses--;
	return true;
}

/* Returns whether pulses are left over. */
static inline bool nmi_account_has_pulses(const struct nmi_account *a)
{
	return a->pulses != 0;
}

/* Forgets the pulses left over: these pulses have merged on the way to the processor, and explain
 * no later NMI. Call before an entry where no NMI is under way. */
static inline void nmi_account_drop_pulses(struct nmi_account *a)
{
	a->pulses = 0;
}

/* Reports an NMI that ended a guest's turn, where the block's own NMIs never do. The next call of
 * nmi_account_judge() judges the NMI. */
static inline void nmi_account_note_exit(struct nmi_account *a)
{
	a->exited = true;
}

/* ---- The verdict ---- */

/* Returns whether port 61h has to be asked: there are more NMIs than the found
 * line has raised for certain. */
static inline bool nmi_account_asks_source(const struct nmi_account *a, uint32_t nmis)
{
	return nmis > (a->line ? 1u : 0u);
}

/* Judges NMIs after lines and pulses were reported. told: a source has told of itself. Returns 0 or
 * EXTERNAL_.... */
static inline uint16_t nmi_account_judge(struct nmi_account *a, uint32_t nmis, bool told)
{
	bool exited = a->exited;
	uint32_t taken = exited ? 0 : a->pulses < nmis ? a->pulses : nmis;
	a->exited = false;
	a->pulses -= taken;
	if (told)
		return EXTERNAL_TOLD;
	return taken < nmis && !a->line && !a->pins ? EXTERNAL_UNEXPLAINED : 0;
}

/* ---- The slice timer ---- */

/* Reports an end whose NMI is still to come, or has come unseen with another NMI. */
static inline void nmi_account_owe_timer(struct nmi_account *a)
{
	a->timer.pending++;
}

/* Returns whether NMIs of ends before the timer was armed anew may still come to be judged. now: in
 * TSC ticks. */
static inline bool nmi_account_has_late(const struct nmi_account *a, uint64_t now)
{
	return a->timer.late != 0 && (a->timer.counted || now < a->timer.until);
}

/* Reports that the timer has been armed anew, or stopped. The NMIs of earlier ends have been
 * counted by now, or come within so many TSC ticks after now. under_way: an NMI was counted and not
 * taken. The NMI waits for its look, however long the look takes. */
static inline void nmi_account_arm_timer(struct nmi_account *a, uint64_t now, uint64_t longest,
                                         bool under_way)
{
	if (a->timer.pending == 0)
		return;
	a->timer.late = a->timer.pending + (nmi_account_has_late(a, now) ? a->timer.late : 0);
	a->timer.until = now + longest;
	a->timer.counted = under_way;
	a->timer.pending = 0;
}

/* Reports, as nmi_account_settle_lines(), the moment after a look. */
static inline void nmi_account_settle_timer(struct nmi_account *a, bool under_way)
{
	if (!under_way)
		a->timer.counted = false;
}

/* Returns whether an earlier end of the timer explains a single NMI, and takes the end. Call for an
 * NMI with no other explanation. */
static inline bool nmi_account_take_end(struct nmi_account *a, uint64_t now)
{
	/* the end that is forgotten first */
	if (nmi_account_has_late(a, now))
		a->timer.late--;
	else if (a->timer.pending != 0)
		a->timer.pending--;
	else
		return false;
	return true;
}

/* Forgets all ends. Call when the timer is stopped and the last NMI of the timer has come. */
static inline void nmi_account_forget_timer(struct nmi_account *a)
{
	a->timer.pending = a->timer.late = 0;
	a->timer.counted = false;
}

/* Returns the verdict with the part of the slice timer, or of an IOMMU. verdict: of
 * nmi_account_judge(), or of the last call. explains: the timer or the IOMMU explains an NMI. An
 * NMI that tells of its own source is of neither. */
static inline uint16_t nmi_account_judge_other(uint16_t verdict, bool explains)
{
	return verdict == EXTERNAL_UNEXPLAINED && explains ? 0 : verdict;
}

#endif
