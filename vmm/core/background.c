/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times of the background work, and the length of its portions. See the header for the rule.
 */
#include "vmm/core/background.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/stacks.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "chipset/chipset.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"

/* So many portions in a row may be cut short; then the work goes on behind the NMI. A portion that
 * had a part of its time does not count as cut: a storm cuts all portions at once. */
enum { CUTS_MOST = 8, CUT_SHORT_US = BACKGROUND_PORTION_US / 8 };

static struct {
	bool (*step)(void);
	volatile bool wanted; /* there is work to do */
	volatile bool fresh;  /* new work since the last look */
	volatile bool sleeps; /* the work waits, for background_wake() or the time */
	uint64_t wake_at;
	uint64_t next;  /* TSC: no portion before that time while a VM is ready */
	uint64_t until; /* TSC: the end of the portion */
	unsigned cuts;  /* portions in a row that an NMI has cut short */
} work;

/* wanted is taken back only where no work has come since the last look. */
static void body(void)
{
	for (;;) {
		work.fresh = false;
		while (work.step())
			background_point();
		work_hold();
		work.wanted = work.fresh;
		work_release();
		if (!work.wanted)
			work_pause();
	}
}

void background_init(bool (*step)(void))
{
	work.step = step;
	work_init(stack_top(STACK_WORK), body);
	work.wanted = true;
	log_set_pause(background_point);
}

void background_want(void)
{
	work.fresh = true;
	if (work.wanted)
		return;
	work.wanted = true;
	processor_look_at_once();
}

uint64_t background_due(bool idle)
{
	if (!work.wanted)
		return UINT64_MAX;
	if (work.sleeps)
		return work.wake_at;
	return idle ? 0 : work.next;
}

void background_run(bool idle, uint64_t since)
{
	uint64_t now = cpu_tsc(), end;

	work.sleeps = false;
	work.until = idle ? UINT64_MAX
	                  : (work.cuts < CUTS_MOST ? now : since) +
	                             tsc_from_us(BACKGROUND_PORTION_US);
	work_run();
	end = cpu_tsc();
	bool cut = nmi_count != 0 && work.wanted && !work.sleeps &&
	           end - now < tsc_from_us(CUT_SHORT_US);
	work.cuts = cut ? work.cuts + 1 : 0;
	work.next = end + (end - since) * BACKGROUND_SHARE;
}

bool background_is_starved(void)
{
	return work.cuts >= CUTS_MOST && work.until != UINT64_MAX && cpu_tsc() < work.until;
}

void background_finish(void)
{
	while (work.wanted) {
		dispatch_counted(NULL);
		background_run(true, cpu_tsc());
	}
}

void background_point(void)
{
	if (!work_inside)
		return;
	work_hold();
	chipset_look();
	work_release();
	if (cpu_tsc() >= work.until)
		work_pause();
}

void background_pause(void)
{
	if (work_inside)
		work_pause();
}

void background_sleep(uint64_t until)
{
	work.wake_at = until;
	work.sleeps = true;
	work_pause();
}

void background_wake(void)
{
	if (!work.sleeps)
		return;
	work.sleeps = false;
	processor_look_at_once();
}
