/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results of several VMs: no VM takes the places of another.
 *
 * Rule: the VMM's own calls.c; the table has 64 places.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/virt.h"
#include "tests/unit/ram_kit.h"
#include "vmm/core/exits.h"
#include "vmm/core/processor.h"
#include "vmm/core/sched.h"

#include <errno.h>
#include <string.h>

enum { MEMORY = 0x101000, VCPU_BYTES = 4096, VMS = 3, PLACES = 64, SHARE = 11 };

static _Alignas(16) uint8_t vcpus[VMS][VCPU_BYTES];
static uint8_t memory[MEMORY];
static struct vm own[VMS];

static int64_t result(struct vm *vm)
{
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);

	regs->rax = SB_CALL_RESULT;
	regs->rbx = 0x1000;
	processor.vm = vm;
	exit_call(vm, VM_EXIT_CALL);
	return (int64_t)regs->rax;
}

static unsigned take_all(struct vm *vm)
{
	unsigned taken = 0;

	while (taken <= PLACES && result(vm) == 0)
		taken++;
	assert_int_equal(result(vm), -ENOSPC);
	return taken;
}

static void S8_each_vm_has_its_share_of_the_results(void **state)
{
	(void)state;
	vm_count = VMS;
	for (unsigned i = 0; i < VMS; i++) {
		own[i] = (struct vm){ .number = (uint8_t)i,
			              .ram = ram_at(memory, MEMORY),
			              .vcpu = (struct vcpu *)vcpus[i],
			              .config.priority = 1 };
		vms[i] = &own[i];
		sched_set_state(&own[i], VM_READY);
	}
	assert_int_equal(take_all(&own[0]), PLACES - 2 * SHARE);
	assert_int_equal(take_all(&own[1]), SHARE);
	assert_int_equal(result(&own[2]), 0);
	assert_int_equal(take_all(&own[2]), SHARE - 1);
}

/* The time of the turns before, and of the present turn up to the call. */
static void a_vm_asks_how_long_it_has_run(void **state)
{
	struct vm *vm = &own[0];
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);

	(void)state;
	processor.vm = vm;
	vm->run_ticks = 5000000000;
	const uint64_t before = cpu_tsc();
	vm->started_at = before - 700;
	regs->rax = SB_CALL_RAN;
	exit_call(vm, VM_EXIT_CALL);
	assert_in_range(regs->rax, 5000000700, 5000000700 + cpu_tsc() - before);
	regs->rax = SB_CALL_RAN + 1;
	exit_call(vm, VM_EXIT_CALL);
	assert_int_equal((int64_t)regs->rax, -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(S8_each_vm_has_its_share_of_the_results),
		cmocka_unit_test(a_vm_asks_how_long_it_has_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
