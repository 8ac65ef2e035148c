/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated slice timer. See the header for the rule.
 */
#include "tests/unit/sim_slice.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/slice_timer.h"
#include "tests/unit/sim_board.h"

#include <string.h>

/* In moments: the longest delay of an NMI, and of an access; how long an NMI may be late, how far
 * an end is far. */
enum { DELAY = 8, STALL = 12, LATE = 100, FAR = 200, SLACK = 2 };

struct sim_slice sim_slice;
bool slice_timer_by_nmi;

void sim_slice_attach(unsigned (*random)(unsigned limit))
{
	memset(&sim_slice, 0, sizeof(sim_slice));
	sim_slice.random = random;
	slice_timer_by_nmi = true;
}

void sim_slice_moment(void)
{
	if (sim_slice.nmi_at == 0 || fake_tsc < sim_slice.nmi_at)
		return;
	sim_slice.nmi_at = 0;
	board_raise_nmi(SIM_SLICE_NMI);
}

/* In the VMM, it may be armed anew at any moment. */
bool sim_slice_is_far(void)
{
	if (!slice_timer_by_nmi)
		return true;
	return board.in_guest && sim_slice.armed && !sim_slice.told &&
	       sim_slice.nmi_at > fake_tsc + FAR && sim_slice.pending == 0 &&
	       fake_tsc >= sim_slice.late_until;
}

/* An access of the VMM to the device: some moments, in which an end may come. */
static void pass(void)
{
	unsigned moments = 1 + (sim_slice.random ? sim_slice.random(STALL) : 0);

	board.accesses++;
	for (; board.between && moments > 0; moments--)
		board.between();
}

void slice_timer_arm(uint64_t ticks)
{
	pass();
	if (sim_slice.armed && !sim_slice.told && fake_tsc + SLACK >= sim_slice.end)
		sim_slice.pending++;
	/* Its end has come, and its NMI has not: it is dropped, or under way. */
	if (sim_slice.nmi_at != 0 && fake_tsc >= sim_slice.end && sim_slice.random &&
	    sim_slice.random(2)) {
		sim_slice.nmi_at = 0;
		board_raise_nmi(SIM_SLICE_NMI);
	}
	if (sim_slice.pending != 0) {
		sim_slice.late_nmis = sim_slice.pending +
		                      (fake_tsc < sim_slice.late_until ? sim_slice.late_nmis : 0);
		sim_slice.late_until = fake_tsc + LATE;
		sim_slice.pending = 0;
	}
	sim_slice.told = false;
	sim_slice.armed = ticks != UINT64_MAX;
	sim_slice.end = fake_tsc + ticks;
	sim_slice.nmi_at = sim_slice.armed
	                           ? sim_slice.end +
	                                     (sim_slice.random ? sim_slice.random(DELAY) : 0)
	                           : 0;
}

uint64_t slice_timer_left(void)
{
	if (!sim_slice.armed)
		return UINT64_MAX;
	return !sim_slice.told && sim_slice.end > fake_tsc ? sim_slice.end - fake_tsc : 0;
}

bool slice_timer_ended(void)
{
	if (!sim_slice.armed || sim_slice.told || fake_tsc < sim_slice.end)
		return false;
	sim_slice.told = true;
	sim_slice.ends++;
	return true;
}

void slice_timer_expect(void)
{
	sim_slice.pending++;
}

static bool take_end(void)
{
	if (sim_slice.late_nmis != 0 && fake_tsc < sim_slice.late_until)
		sim_slice.late_nmis--;
	else if (sim_slice.pending != 0)
		sim_slice.pending--;
	else
		return false;
	return true;
}

enum slice_timer_part slice_timer_part(bool ended)
{
	bool of_past = take_end();

	if (ended || slice_timer_ended()) {
		sim_slice.pending += of_past;
		return SLICE_TIMER_ENDED;
	}
	sim_slice.past += of_past;
	return of_past ? SLICE_TIMER_PAST : SLICE_TIMER_NO_PART;
}
