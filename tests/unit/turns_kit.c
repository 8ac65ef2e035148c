/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stand-ins below the run loop. See the header for the rule.
 */
#include "tests/unit/turns_kit.h"
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/slice_timer.h"
#include "vmm/core/allot.h"
#include "vmm/core/background.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/vm_build.h"

#include <string.h>

uint64_t fake_tsc;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
bool slice_timer_by_nmi;
volatile uint32_t nmi_count;
struct chipset_present chipset_present;

struct turns_kit kit;

/* ---- The calls of the run loop ---- */

void virt_set_timer(struct vcpu *v, uint64_t ticks)
{
	(void)v;
	kit.timer = ticks;
}

bool virt_exit_on_hlt(struct vcpu *v, bool exits)
{
	(void)v;
	return exits;
}

bool virt_halted(struct vcpu *v)
{
	(void)v;
	return kit.halted;
}

void virt_set_halted(struct vcpu *v, bool halted)
{
	(void)v;
	kit.halted = halted;
}

bool virt_in_ring_0(struct vcpu *v)
{
	(void)v;
	return true;
}

bool virt_interrupts_on(struct vcpu *v)
{
	(void)v;
	return !kit.if_clear;
}

uint64_t tsc_from_us(uint64_t us)
{
	return us * KIT_TICKS_PER_US;
}

uint64_t tsc_to_us(uint64_t ticks)
{
	return ticks / KIT_TICKS_PER_US;
}

struct vm *vm_find(const char *name)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (strcmp(vms[i]->config.name, name) == 0)
			return vms[i];
	return NULL;
}

void nmi_halt(void)
{
	kit.halts++;
}

void dispatch_again(void)
{
}

static void want_status(void)
{
}

static void tell(const char *words)
{
	(void)words;
}

static uint64_t used_until(void)
{
	return 0;
}

const struct operator_calls kit_nobody = { want_status, tell, used_until };

uint64_t background_due(bool idle)
{
	(void)idle;
	return kit.work_due;
}

bool background_is_starved(void)
{
	return kit.starved > 0 && kit.starved-- > 0;
}

void background_run(bool idle, uint64_t since)
{
	(void)since;
	(void)idle;
	assert_null(processor.vm);
	assert_true(kit.mask_is_current);
	kit.portions++;
	if (kit.on_work != NULL)
		kit.on_work();
}

void dispatch_counted(struct vm *running)
{
	(void)running;
	nmi_count = 0;
	kit.looks++;
	kit.mask_is_current = false;
}

struct line line_table[LINE_ROOM];
line_set line_vmm = LINE(4);

void kit_set_route(struct controller *c)
{
	chipset_present.routed = c;
}

void kit_set_mask(line_set masked)
{
	kit.mask_now = masked;
	kit.mask_is_current = true;
}

static line_set deliverable(const struct controller *c, line_set known)
{
	return kit.requests | (kit.exact ? known & c->lines : 0);
}

static bool in_service(const struct controller *c)
{
	(void)c;
	return kit.handler;
}

static line_set asserted(void)
{
	return kit.asserted;
}

static const struct chipset block = { .name = "block",
	                              .masks_in_hardware = true,
	                              .mux.route = kit_set_route,
	                              .block.mask = kit_set_mask,
	                              .block.asserted = asserted,
	                              .controller.deliverable = deliverable,
	                              .controller.in_service = in_service };
const struct chipset *chipset = &block;

int vm_switch(struct vm *next, bool force, uint64_t now)
{
	kit.attempts++;
	if (!force && processor.vm != NULL && (kit.handler || !kit.exact))
		return -1;
	if (processor.vm != NULL && kit.exact)
		turn_leave(processor.vm, now);
	processor.vm = next;
	return 0;
}

int vm_switch_with_pit(struct vm *next, bool force, uint64_t now)
{
	return vm_switch(next, force, now);
}

int vm_put_away(bool force, uint64_t now)
{
	(void)force;
	if (processor.vm != NULL && kit.exact)
		turn_leave(processor.vm, now);
	kit.put_away++;
	kit.requests |= kit.requests_after;
	processor.vm = NULL;
	return 0;
}

enum vm_exit_reason vm_invoke(struct vm *vm)
{
	(void)vm;
	return VM_EXIT_CPUID;
}

enum vm_exit_reason vm_exited(struct vm *vm, enum vm_exit_reason reason)
{
	kit.left += vm->at_exit & AT_EXIT_ROUTES;
	return reason;
}

void exit_handle(struct vm *vm, enum vm_exit_reason reason)
{
	(void)vm;
	(void)reason;
	processor.attention = true;
	if (kit.quits)
		run_quit();
}

void vm_start_step(struct vm *vm)
{
	assert_true(vm->starting);
	kit.steps++;
	fake_tsc += KIT_STEP;
	if (kit.on_step != NULL)
		kit.on_step();
}

bool vm_fault_of_hlt(struct vm *vm)
{
	if (kit.gets_nmis)
		return false;
	sched_set_state(vm, VM_STOPPED);
	return true;
}

bool vm_fault(struct vm *vm, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	(void)vm;
	(void)reason;
	(void)fatal;
	(void)what;
	return false;
}

/* ---- The machine ---- */

void kit_begin(const unsigned priorities[KIT_VMS])
{
	static const struct vmm_config plain;

	kit_begin_run(&plain, priorities);
}

void kit_begin_run(const struct vmm_config *config, const unsigned priorities[KIT_VMS])
{
	memset(&processor, 0, sizeof(processor));
	processor.allot.due = ALLOT_NEVER;
	memset(&kit, 0, sizeof(kit));
	kit.work_due = UINT64_MAX;
	chipset = &block;
	nmi_count = 0;
	fake_tsc = 1000000;
	vm_count = 0;
	for (unsigned i = 0; i < KIT_VMS; i++) {
		kit.own[i].number = (uint8_t)i;
		kit.own[i].slice = KIT_SLICE;
		kit.own[i].config.priority = priorities[i];
		vms[vm_count++] = &kit.own[i];
		sched_set_state(&kit.own[i], VM_READY);
	}
	processor.turn.deadline = UINT64_MAX;
	run_begin(config, &kit_nobody);
	processor.housekeeping_due = UINT64_MAX;
	processor.attention = false;
}

const unsigned kit_equals[KIT_VMS] = { 1, 1, 1 }, kit_ladder[KIT_VMS] = { 1, 2, 3 };
