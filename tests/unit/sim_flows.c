/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The figures' flows on the block. See the header for the rule.
 */
#include "tests/unit/sim_flows.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/nmi_account.h"
#include "arch/x86/machine/slice_timer.h"
#include "chipset/block/window.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_slice.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/run.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

#include <string.h>

uint64_t fake_tsc;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
unsigned flow_served;
void (*flow_on_serve)(void);

static struct vm flow_vms[FLOW_VMS];
static void (*at_access)(void);
static unsigned accesses_left;

/* ---- The VMM at power-on ---- */

int flow_power_on(void **state)
{
	(void)state;
	memset(&processor, 0, sizeof(processor));
	processor.attention = true;
	memset(&dispatch_counters, 0, sizeof(dispatch_counters));
	memset(line_table, 0, sizeof(line_table));
	line_vmm = line_again = 0;
	memset(&nmi_account, 0, sizeof(nmi_account));
	memset(&chipset_present, 0, sizeof(chipset_present));
	chipset_present.dirty = true;
	chipset = NULL;
	chipset_window = 0;
	memset(&processor.trace, 0, sizeof(processor.trace));
	memset(vms, 0, sizeof(vms));
	vm_count = 0;
	memset(flow_vms, 0, sizeof(flow_vms));
	flow_served = accesses_left = 0;
	flow_on_serve = at_access = NULL;
	fake_tsc = 0;
	slice_timer_by_nmi = false;
	memset(&sim_slice, 0, sizeof(sim_slice));
	memset(&sim_window, 0, sizeof(sim_window));
	return 0;
}

/* ---- The processor ---- */

void virt_load(struct vcpu *v)
{
	(void)v;
}

enum vm_exit_reason virt_enter(struct vcpu *v)
{
	(void)v;
	assert_false(board.nmi_blocked);
	if (nmi_count != 0)
		return VM_EXIT_ABORTED;
	board.in_guest = true;
	return VM_EXIT_OTHER;
}

void virt_unblock_nmi(void)
{
	board_unblock_nmi();
}

void virt_open_port(struct vcpu *v, uint16_t port, bool open)
{
	(void)v;
	(void)port;
	(void)open;
}

bool virt_may_be_overtaken(struct vcpu *v)
{
	(void)v;
	return false;
}

bool virt_has_interrupt_table(struct vcpu *v)
{
	(void)v;
	return true;
}

bool virt_inject_nmi(struct vcpu *v)
{
	(void)v;
	return true;
}

void virt_want_window(struct vcpu *v, enum window wanted)
{
	(void)v;
	(void)wanted;
}

bool virt_can_exit_on_interrupt(void)
{
	return true;
}

/* ---- The machine ---- */

static void between(void)
{
	if (accesses_left == 0 || --accesses_left != 0)
		return;
	at_access();
}

void flow_at_access(unsigned nth, void (*what)(void))
{
	accesses_left = nth;
	at_access = what;
}

bool flow_happened(void)
{
	return accesses_left == 0;
}

void flow_begin(unsigned banks, line_set level)
{
	board_reset();
	sim_window_attach();
	block_port_write(&sim_window.block, PORT_ELCR1, (uint8_t)level);
	block_port_write(&sim_window.block, PORT_ELCR2, (uint8_t)(level >> 8));
	assert_int_equal(chipset_init("irqmux", banks), 0);
	dispatch_set_policy(NMI_LOG, NULL);
	board.between = between;
}

struct vm *flow_add_wired(line_set lines, unsigned priority, uint64_t controller_input,
                          uint64_t block_input)
{
	struct vm *vm = &flow_vms[vm_count];
	line_set shared = 0;

	for (line_set rest = lines; rest; rest &= rest - 1)
		if (controller_input != LINE_INPUTS_OWN || block_input != LINE_INPUTS_OWN)
			chipset->mux.wire(line_first(rest),
			                  line_input(controller_input, line_first(rest)),
			                  line_input(block_input, line_first(rest)));
	for (unsigned i = 0; i < vm_count; i++) {
		shared |= vms[i]->controller.lines & lines;
		vms[i]->controller.shared |= vms[i]->controller.lines & lines;
	}
	unsigned taken;

	vm->number = (uint8_t)vm_count;
	vm->config.priority = priority;
	vm->config.name[0] = (char)('a' + vm_count);
	vms[vm_count++] = vm;
	chipset->controller.reset(&vm->controller, lines, shared);
	chipset->block.claim(lines, false);
	assert_int_equal(line_assign(vm, &taken), 0);
	sched_add(vm);
	sched_set_state(vm, VM_READY);
	return vm;
}

struct vm *flow_add(line_set lines, unsigned priority)
{
	return flow_add_wired(lines, priority, LINE_INPUTS_OWN, LINE_INPUTS_OWN);
}

static void serve(void)
{
	flow_served++;
	if (flow_on_serve)
		flow_on_serve();
}

void flow_claim(void)
{
	(void)line_reserve(FLOW_VMM_LINE, serve);
}

/* ---- Entries and exits ---- */

bool flow_enter(void)
{
	for (unsigned tries = 0; vm_invoke(processor.vm) == VM_EXIT_ABORTED; tries++) {
		assert_true(tries < 20);
		dispatch_counted(processor.vm);
		if (processor.attention)
			return false;
	}
	return true;
}

bool flow_turn(struct vm *vm)
{
	processor.attention = false;
	if (processor.vm != vm)
		assert_int_equal(vm_switch(vm, false, 0), 0);
	if (processor.attention)
		return false;
	return flow_enter();
}

struct vm *flow_decide(void)
{
	for (unsigned tries = 0; tries < 20; tries++) {
		struct vm *next = sched_pick();

		processor.attention = false;
		if (next == NULL)
			next = sched_idle_vm();
		if (next != processor.vm)
			assert_int_equal(vm_switch(next, false, 0), 0);
		if (!processor.attention && flow_enter())
			return next;
	}
	fail_msg("nobody is ever entered");
	return NULL;
}

void flow_exit_nmi(void)
{
	assert_true(board.nmi_exit);
	board.nmi_exit = board.in_guest = false;
	board.nmi_blocked = true;
	dispatch_exit(processor.vm);
}

void flow_halt(void)
{
	board.in_guest = false;
	if (board.nmi_exit) {
		board.nmi_exit = false;
		board_take_nmi();
	}
	sched_set_state(processor.vm, VM_HALTED);
}

/* ---- The guest ---- */

void flow_out(uint16_t port, uint8_t value)
{
	board.controller->write(port, value);
}

uint8_t flow_in(uint16_t port)
{
	return board.controller->read(port);
}

void flow_initialise(uint8_t base)
{
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;

		flow_out(port, 0x11);
		flow_out(port + 1, (uint8_t)(base + 8 * chip));
		flow_out(port + 1, chip ? 2 : 4);
		flow_out(port + 1, 1);
		flow_out(port + 1, 0);
	}
}

int flow_take(uint8_t base)
{
	if (!board.controller->interrupt())
		return -1;
	int input = board.controller->acknowledge() - base;

	assert_in_range(input, 0, LINES - 1);
	if (input >= 8)
		flow_out(0xa0, 0x20);
	flow_out(0x20, 0x20);
	return input;
}

line_set flow_take_all(uint8_t base)
{
	line_set taken = 0;

	for (int input; (input = flow_take(base)) >= 0;) {
		assert_false(line_in(taken, (unsigned)input));
		taken |= LINE(input);
	}
	return taken;
}
