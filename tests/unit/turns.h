/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run loop alone: its own source, with stand-ins for all that it is built on.
 *
 * Rule: only a test of the run loop includes this file, once. The test moves the TSC and looks at
 * the timer that was armed.
 */
#ifndef TESTS_UNIT_TURNS_H
#define TESTS_UNIT_TURNS_H

#include "tests/unit/check.h"
#include "vmm/core/lines.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"

/* The source itself, for what is static in it. */
#include "vmm/core/run.c"

#include <string.h>

enum { VMS = 3, SLICE = 5000, STEP = 100, TICKS_PER_US = 5 };

uint64_t fake_tsc;
struct trace_ring trace_ring;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
bool slice_timer_by_nmi;
volatile uint32_t nmi_count;
struct chipset_present chipset_present;

static struct vm own[VMS];
static uint64_t timer;
static unsigned steps, left, put_away, attempts;
static void (*on_step)(void);
/* of the VM that runs; from its being put away on */
static line_set mask_now, requests, requests_after;
static bool handler; /* the VM that runs is in one */
static uint64_t work_due;
static unsigned portions;    /* of the background work */
static unsigned starved;     /* so many portions more go on behind an NMI */
static bool mask_is_current; /* the mask was written since the last look at the NMI count */
static unsigned halts;

/* ---- What the run loop is built on ---- */

void virt_set_timer(struct vcpu *v, uint64_t ticks)
{
	(void)v;
	timer = ticks;
}

bool virt_exit_on_hlt(struct vcpu *v, bool exits)
{
	(void)v;
	return exits;
}

bool virt_halted(struct vcpu *v)
{
	(void)v;
	return false;
}

void virt_set_halted(struct vcpu *v, bool halted)
{
	(void)v;
	(void)halted;
}

bool virt_in_ring_0(struct vcpu *v)
{
	(void)v;
	return true;
}

bool virt_interrupts_on(struct vcpu *v)
{
	(void)v;
	return true;
}

uint64_t tsc_from_us(uint64_t us)
{
	return us * TICKS_PER_US;
}

void nmi_halt(void)
{
	halts++;
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

static const struct operator_calls nobody = { want_status, tell, used_until };

uint64_t background_due(bool idle)
{
	(void)idle;
	return work_due;
}

bool background_is_starved(void)
{
	return starved > 0 && starved-- > 0;
}

void background_run(bool idle, uint64_t since)
{
	(void)since;
	(void)idle;
	assert_null(processor.vm);
	assert_true(mask_is_current);
	portions++;
}

void dispatch_counted(struct vm *running)
{
	(void)running;
	nmi_count = 0;
	mask_is_current = false;
}

struct line line_table[LINES];
line_set line_vmm = LINE(4);

static void set_route(struct controller *c)
{
	chipset_present.routed = c;
}

static void set_mask(line_set masked)
{
	mask_now = masked;
	mask_is_current = true;
}

static line_set deliverable(const struct controller *c, line_set known)
{
	(void)c;
	(void)known;
	return requests;
}

static bool in_service(const struct controller *c)
{
	(void)c;
	return handler;
}

static const struct chipset block = { .name = "block",
	                              .masks_in_hardware = true,
	                              .mux.route = set_route,
	                              .block.mask = set_mask,
	                              .controller.deliverable = deliverable,
	                              .controller.in_service = in_service };
const struct chipset *chipset = &block;

int vm_switch_with_pit(struct vm *next, bool force, uint64_t now)
{
	(void)force;
	(void)now;
	fail_msg("vm %u has no PIT of its own", next->number);
	return 0;
}

int vm_switch(struct vm *next, bool force, uint64_t now)
{
	(void)now;
	attempts++;
	if (!force && processor.vm != NULL)
		return -1;
	processor.vm = next;
	return 0;
}

int vm_put_away(bool force, uint64_t now)
{
	(void)force;
	(void)now;
	put_away++;
	requests |= requests_after;
	processor.vm = NULL;
	return 0;
}

enum vm_exit_reason vm_invoke(struct vm *vm)
{
	(void)vm;
	return VM_EXIT_CPUID;
}

void vm_leave(void)
{
	left++;
}

void exit_handle(struct vm *vm, enum vm_exit_reason reason)
{
	(void)vm;
	(void)reason;
	processor.attention = true;
}

void vm_start_step(struct vm *vm)
{
	assert_true(vm->starting);
	steps++;
	fake_tsc += STEP;
	if (on_step != NULL)
		on_step();
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

/* VMs of these priorities, all of them ready. */
static void begin(const unsigned priorities[VMS])
{
	static const struct vmm_config plain;

	this_run.config = &plain;
	for (unsigned i = 0; i < vm_count; i++)
		sched_set_state(vms[i], VM_STOPPED);
	memset(own, 0, sizeof(own));
	vm_count = 0;
	for (unsigned i = 0; i < VMS; i++) {
		own[i].number = (uint8_t)i;
		own[i].slice = SLICE;
		own[i].config.priority = priorities[i];
		vms[vm_count++] = &own[i];
		sched_set_state(&own[i], VM_READY);
	}
	processor.turn = (struct turn){ .deadline = UINT64_MAX };
	processor.vm = NULL;
	nmi_count = 0;
	steps = left = put_away = attempts = portions = halts = starved = 0;
	mask_is_current = false;
	requests = requests_after = 0;
	ending_begin(&plain, &nobody, 0);
	work_due = housekeeping.status_due = housekeeping.end_due = UINT64_MAX;
	vmm_turn.interrupt_waits = 0;
	handler = false;
	on_step = NULL;
	fake_tsc = 1000000;
	processor.housekeeping_due = UINT64_MAX;
	processor.attention = false;
}

static const unsigned equals[VMS] = { 1, 1, 1 }, ladder[VMS] = { 1, 2, 3 };

#endif
