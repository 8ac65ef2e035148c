/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that bear on a switch: the EOI that it waits for, the window, a controller that is busy.
 *
 * Rule: the VMM's own sources decide; chipset and processor are a few calls of the test's.
 */
#include "tests/unit/check.h"

#include "arch/x86/virt/virt.h"
#include "tests/unit/ram_kit.h"
#include "tests/unit/sim_internal.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"
#include "vmm/core/turn.h"

#include <errno.h>
#include <string.h>

enum { VCPU_BYTES = 4096, OUT_20H = 0x20 };

static _Alignas(16) uint8_t vcpus[2][VCPU_BYTES];
static struct vm own[2];
static bool busy;
static enum window window;
static unsigned forced;

static int save(struct controller *c, bool force)
{
	(void)c;
	forced += force;
	return busy && !force ? -EBUSY : 0;
}

static void restore(struct controller *c)
{
	(void)c;
}

static int port_write(struct controller *c, uint16_t port, uint8_t value)
{
	(void)port;
	(void)value;
	c->busy = busy;
	return 0;
}

static line_set deliverable(const struct controller *c, line_set asserted)
{
	(void)c;
	return asserted;
}

static const struct chipset block = { .name = "block",
	                              .controller.save = save,
	                              .controller.restore = restore,
	                              .controller.port_write = port_write,
	                              .controller.deliverable = deliverable };

struct vcpu_io virt_exit_io(struct vcpu *v)
{
	(void)v;
	return (struct vcpu_io){ .port = OUT_20H, .size = 1, .kind = 0 };
}

void virt_want_window(struct vcpu *v, enum window wanted)
{
	(void)v;
	window = wanted;
}

static int begin(void **state)
{
	(void)state;
	memset(own, 0, sizeof(own));
	for (unsigned i = 0; i < 2; i++) {
		own[i].number = (uint8_t)i;
		own[i].config.priority = 1;
		own[i].vcpu = (struct vcpu *)vcpus[i];
		vms[i] = &own[i];
		sched_set_state(&own[i], VM_READY);
	}
	vm_count = 2;
	processor.vm = &own[0];
	chipset = &block;
	busy = sim_in_ring_3 = false;
	forced = 0;
	processor.turn.slice_end = 0;
	processor.attention = false;
	return 0;
}

static void R11_the_eoi_that_a_switch_waits_for_calls_for_a_decision(void **state)
{
	(void)state;
	exit_handle(&own[0], VM_EXIT_IO);
	assert_false(processor.attention); /* nobody waits */
	own[0].switch_waits = busy = true;
	exit_handle(&own[0], VM_EXIT_IO);
	assert_false(processor.attention); /* that was not the last one */
	busy = false;
	exit_handle(&own[0], VM_EXIT_IO);
	assert_true(processor.attention);
	assert_int_equal(own[0].interrupt_exits, 3);
}

static void R11_a_busy_controller_is_saved_by_force_only(void **state)
{
	(void)state;
	busy = true;
	assert_int_equal(vm_switch(&own[1], false, 0), -EBUSY);
	assert_ptr_equal(processor.vm, &own[0]);
	assert_int_equal(vm_put_away(false, 0), -EBUSY);
	assert_int_equal(forced, 0);
	assert_int_equal(vm_put_away(true, 0), 0);
	assert_null(processor.vm);
	assert_int_equal(forced, 1);
	assert_int_equal(vm_put_away(false, 0), 0); /* nobody is there */
}

static void R19_a_window_has_what_waits_injected(void **state)
{
	(void)state;
	window = WINDOW_SOON;
	exit_handle(&own[0], VM_EXIT_WINDOW);
	assert_true(own[0].controller.changed);
	assert_int_equal(window, WINDOW_NONE);
}

static void R01_a_guest_s_programs_make_no_calls(void **state)
{
	static uint8_t memory[4096];
	struct vcpu_regs *regs = vcpu_regs((struct vcpu *)vcpus[0]);

	(void)state;
	own[0].ram = ram_at(memory, sizeof(memory));
	memset(memory, 0xa5, sizeof(memory));
	sim_in_ring_3 = true;
	for (uint64_t call = 0; call <= SB_CALL_RAN + 1; call++) {
		regs->rax = call;
		regs->rbx = 0x100;
		regs->rcx = 8;
		exit_handle(&own[0], VM_EXIT_CALL);
		assert_int_equal((int64_t)regs->rax, -EPERM);
	}
	for (unsigned i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0xa5);
	assert_false(own[0].done);
	assert_int_equal(own[0].faults, 0);
	sim_in_ring_3 = false;
	regs->rax = SB_CALL_COUNTERS;
	exit_handle(&own[0], VM_EXIT_CALL);
	assert_int_equal(regs->rax, 0);
	regs->rax = 0;
	exit_handle(&own[0], VM_EXIT_CALL);
	assert_int_equal((int64_t)regs->rax, -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R11_the_eoi_that_a_switch_waits_for_calls_for_a_decision,
		                       begin),
		cmocka_unit_test_setup(R11_a_busy_controller_is_saved_by_force_only, begin),
		cmocka_unit_test_setup(R19_a_window_has_what_waits_injected, begin),
		cmocka_unit_test_setup(R01_a_guest_s_programs_make_no_calls, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
