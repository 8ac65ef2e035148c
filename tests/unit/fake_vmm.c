/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM proper as report.h sees it.
 *
 * Rule: plain data; a TSC tick is a microsecond.
 */
#include "tests/unit/fake_vmm.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/flows.h"
#include "vmm/operator/watch.h"

#include <stdio.h>
#include <string.h>

struct fake_vmm fake_vmm;
uint64_t fake_tsc;
volatile uint32_t nmi_count; /* no NMI comes */

void fake_vmm_reset(void)
{
	memset(&fake_vmm, 0, sizeof(fake_vmm));
	fake_vmm.vms = 2;
	fake_vmm.vm[0] = (struct vm_report){
		.name = "pulse",
		.state = "running",
		.priority = 2,
		.memory = 16 << 20,
		.lines = LINE(0) | LINE(3),
		.run_ticks = 1234567,
		.switches_in = 40,
		.exits_total = 20,
		.status = "ticks 1234",
	};
	fake_vmm.vm[0].exits[VM_EXIT_NMI] = 12;
	fake_vmm.vm[0].exits[VM_EXIT_TIMER] = 8;
	fake_vmm.vm[1] = (struct vm_report){
		.name = "scribe",
		.state = "done",
		.priority = 1,
		.memory = 16 << 20,
		.lines = LINE(8) | LINE(15),
		.run_ticks = 765433,
		.switches_in = 39,
		.faults = 9,
		.exits_total = 5,
		.status = "",
		.exit_status = 3,
		.done = true,
	};
	fake_vmm.vm[1].exits[VM_EXIT_HLT] = 5;
	fake_vmm.line[0] = (struct line_report){
		.owner = "pulse", .exits = 10, .held = 2, .wakeups = 4, .to_controller = true
	};
	fake_vmm.line[4] = (struct line_report){ .owner = "vmm", .exits = 7 };
	fake_vmm.line[7] = (struct line_report){ .exits = 1, .masked = true, .pending = true };
	fake_vmm.line[11] = (struct line_report){ .held = 3 };
	fake_vmm.results = 2;
	fake_vmm.result[0] = (struct sb_result){
		"uart", "instructions", 1000, 1000, 7, 7, 7, 9, 0
	};
	fake_vmm.result[1] = (struct sb_result){
		"wakeup", "instructions", 500, 500, 800, 812, 890, 899, 1251
	};
	fake_vmm.result_vm[0] = fake_vmm.result_vm[1] = "pulse";
	fake_vmm.stack = (struct stack_report){ "work", 16384, 1234 };
	fake_vmm.totals = (struct vmm_totals){ 22, 1, 2, 1, 12, 79, 2000000, 5 };
}

unsigned vmm_vm_count(void)
{
	return fake_vmm.vms;
}

void vmm_vm_report(unsigned i, struct vm_report *out)
{
	*out = fake_vmm.vm[i];
}

void vmm_line_report(unsigned line, struct line_report *out)
{
	*out = fake_vmm.line[line];
}

unsigned vmm_result_count(void)
{
	return fake_vmm.results;
}

const struct sb_result *vmm_result(unsigned i, const char **vm)
{
	*vm = fake_vmm.result_vm[i];
	return &fake_vmm.result[i];
}

bool vmm_stack_report(unsigned i, struct stack_report *out)
{
	*out = fake_vmm.stack;
	return i == 0;
}

void vmm_totals(struct vmm_totals *out)
{
	*out = fake_vmm.totals;
}

static int ask(const char *what, const char *name)
{
	fake_vmm.asked = what;
	snprintf(fake_vmm.asked_name, sizeof(fake_vmm.asked_name), "%s", name);
	return fake_vmm.answer;
}

int vmm_vm_stop(const char *name)
{
	return ask("stop", name);
}

int vmm_vm_start(const char *name)
{
	return ask("start", name);
}

int vmm_vm_restart(const char *name)
{
	return ask("restart", name);
}

void watch_set(bool on)
{
	fake_vmm.watched = on ? 1 : -1;
}

void watch_stop_on(enum trace_event event, uint64_t least)
{
	fake_vmm.stop_event = event;
	fake_vmm.stop_least = least;
}

int vmm_keys(const char *name)
{
	int error = ask("keys", name);

	fake_vmm.given |= error == 0;
	return error;
}

void vmm_keys_back(void)
{
	fake_vmm.given = false;
}

bool vmm_keys_given(void)
{
	return fake_vmm.given;
}

void vmm_type(char key)
{
	fake_vmm.typed[strlen(fake_vmm.typed)] = key;
}

void vmm_quit(void)
{
	fake_vmm.quits++;
}

void vmm_stay(bool on)
{
	fake_vmm.stays = on ? 1 : -1;
}

void vmm_raise_nmi(void)
{
	fake_vmm.nmis++;
}

uint64_t tsc_to_us(uint64_t ticks)
{
	return ticks;
}

#define X_NAME(id, name) name,
static const char *const exit_names[] = { VM_EXIT_REASONS(X_NAME) };
#undef X_NAME

const char *vm_exit_name(enum vm_exit_reason reason)
{
	return exit_names[reason];
}
