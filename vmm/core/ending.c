/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run. See the header for the rule.
 */
#include "vmm/core/ending.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/sched.h"

static struct {
	const struct operator_calls *person;
	enum { GOES_ON, ALL_DONE, TIME_IS_UP, OPERATOR } end;
	bool stay;
	bool said; /* The console has shown that all VMs are done and the run goes on. */
	uint32_t seconds;
	uint64_t time_due;   /* TSC: the time is up. */
	uint64_t unused_due; /* TSC: all VMs are done, and nobody may use the console by then. */
} run;

void ending_begin(const struct vmm_config *config, const struct operator_calls *person,
                  uint64_t now)
{
	run.person = person;
	run.end = GOES_ON;
	run.said = false;
	run.stay = config->stay;
	run.seconds = config->seconds;
	run.unused_due = UINT64_MAX;
	run.time_due = UINT64_MAX;
	if (config->seconds != 0)
		run.time_due = now + tsc_from_us((uint64_t)config->seconds * 1000000);
}

bool ending_is_here(void)
{
	return run.end != GOES_ON;
}

void ending_quit(void)
{
	if (run.end == GOES_ON)
		run.end = OPERATOR;
}

void ending_set_stay(bool on)
{
	run.stay = on;
	run.said = false;
	processor.vm_stopped = true; /* Perhaps all VMs are done already. */
}

static bool all_done(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (!vms[i]->done)
			return false;
	return true;
}

static const char goes_on_by_stay[] = "all VMs are done; the run goes on (stay); quit ends it";
static const char goes_on_in_use[] = "all VMs are done; the run goes on "
				     "while the console is in use; quit ends it";

/* Decides whether the run ends. A person may still use the console. Returns the TSC of the next
 * look. */
static uint64_t look_at_the_vms(uint64_t now)
{
	uint64_t used_until = run.person->used_until();

	if (!all_done()) {
		run.said = false;
		return UINT64_MAX;
	}
	if (!run.stay && used_until <= now) {
		if (run.said)
			log_note("%s", "nobody uses the console any more");
		run.end = ALL_DONE;
		return UINT64_MAX;
	}
	if (!run.said)
		run.person->tell(run.stay ? goes_on_by_stay : goes_on_in_use);
	run.said = true;
	return run.stay ? UINT64_MAX : used_until;
}

uint64_t ending_look(uint64_t now)
{
	if (run.end == GOES_ON && now >= run.time_due) {
		log_note("time is up (seconds=%lu)", run.seconds);
		run.end = TIME_IS_UP;
	}
	if (run.end == GOES_ON && (processor.vm_stopped || now >= run.unused_due)) {
		processor.vm_stopped = false;
		run.unused_due = look_at_the_vms(now);
	}
	return run.time_due < run.unused_due ? run.time_due : run.unused_due;
}

/* Returns the words about vm, or NULL where there is no need for words. */
static const char *say_of(const struct vm *vm, bool *failed)
{
	*failed = false;
	if (vm->done && vm->exit_status == 0)
		return NULL;
	if (vm->done && vm->stopped_by_operator)
		return "stopped by the operator";
	if (!vm->done && run.end == OPERATOR)
		return "running when the operator quit";
	*failed = true;
	return vm->done ? "failed" : "did not finish";
}

int ending_verdict(void)
{
	int status = 0;
	bool failed;

	for (unsigned i = 0; i < vm_count; i++) {
		const char *words = say_of(vms[i], &failed);

		if (words != NULL)
			log_note("vm %s: %s", vms[i]->config.name, words);
		if (failed)
			status = 1;
	}
	return status;
}
