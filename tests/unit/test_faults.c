/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VM's faults lead to: how much memory may be missing, how often a VM restarts, which memory
 * is its own, in which order the console says it.
 *
 * Rule: the VMM's own sources decide; the processor is a few calls of the test's.
 */
#include "tests/unit/check.h"

#include "arch/x86/log.h"
#include "arch/x86/multiboot.h"
#include "arch/x86/platform.h"
#include "tests/unit/elf_image.h"
#include "tests/unit/fake_log.h"
#include "vmm/exits.h"
#include "vmm/flows.h"
#include "vmm/handover.h"
#include "vmm/sched.h"

#include <string.h>

enum { SINK_PAGES = 64, RESTARTS = 20, MEMORY = 4 << 20 };

static struct vm vm;
static struct image image;
static unsigned mapped, requeued;
static bool overtaken;

static uint64_t exit_address(struct vcpu *v, bool *write)
{
	(void)v;
	*write = false;
	return 0xfee00123 + (uint64_t)vm.sink_pages * PAGE;
}

static void requeue(struct vcpu *v)
{
	(void)v;
	requeued++;
}

static int map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable, bool executable)
{
	(void)v;
	assert_int_equal(guest % PAGE, 0);
	assert_int_equal(host, (uint64_t)vm.sink);
	assert_int_equal(bytes, PAGE);
	assert_false(writable);
	assert_true(executable);
	mapped++;
	return 0;
}

static bool may_be_overtaken(struct vcpu *v)
{
	(void)v;
	return overtaken;
}

static void begin(enum fault_policy policy)
{
	static uint8_t sink[PAGE];

	image = image_elf32();
	memset(&vm, 0, sizeof(vm));
	vm.sink = sink;
	vm.image = &image;
	vm.image_bytes = sizeof(image);
	vm.config.onfault = policy;
	vm.config.memory = MEMORY;
	vm.config.priority = 1;
	memcpy(vm.config.name, "vandal", sizeof("vandal"));
	vms[0] = &vm;
	vm_count = 1;
	vm_current = NULL;
	virt.exit_address = exit_address;
	virt.requeue_event = requeue;
	virt.map = map;
	virt.may_be_overtaken = may_be_overtaken;
	mapped = requeued = 0;
	overtaken = false;
	printed_clear();
	sched_set_state(&vm, VM_READY);
}

static void R01_so_many_pages_may_be_missing_and_no_more(void **state)
{
	(void)state;
	begin(FAULT_LOG);
	for (unsigned i = 1; i <= SINK_PAGES; i++) {
		exit_handle(&vm, VM_EXIT_MEMORY);
		assert_int_equal(vm.state, VM_READY);
		assert_int_equal(mapped, i);
	}
	exit_handle(&vm, VM_EXIT_MEMORY);
	assert_int_equal(mapped, SINK_PAGES);
	assert_int_equal(vm.state, VM_STOPPED);
	assert_true(vm.done && vm.exit_status != 0);
}

static void an_event_under_delivery_is_put_back(void **state)
{
	(void)state;
	begin(FAULT_LOG);
	exit_handle(&vm, VM_EXIT_MEMORY);
	assert_int_equal(requeued, 1);
	assert_false(vm.controller.held);
	overtaken = true;
	exit_handle(&vm, VM_EXIT_MEMORY);
	assert_true(vm.controller.held && vm.controller.changed);
}

static void R01_a_vm_restarts_so_often_and_no_more(void **state)
{
	(void)state;
	begin(FAULT_RESTART);
	for (unsigned i = 1; i <= RESTARTS; i++) {
		exit_handle(&vm, VM_EXIT_SHUTDOWN);
		assert_int_equal(vm.state, VM_READY);
		assert_true(vm.starting);
		assert_int_equal(vm.restarts, i);
	}
	exit_handle(&vm, VM_EXIT_SHUTDOWN);
	assert_int_equal(vm.state, VM_STOPPED);
	assert_false(vm.starting);
	assert_non_null(strstr(printed(), "vm vandal: stopped: restarted too often (onfault=restart)"));
}

static void R01_a_restart_gives_the_turn_away(void **state)
{
	(void)state;
	begin(FAULT_RESTART);
	vm.slice_left = 100;
	exit_handle(&vm, VM_EXIT_SHUTDOWN);
	assert_int_equal(vm.slice_left, 0);
}

static void R01_memory_is_the_vms_from_end_to_end(void **state)
{
	(void)state;
	begin(FAULT_LOG);
	vm.memory = 0x10000000;
	assert_ptr_equal(vm_memory(&vm, 0, 1), (void *)vm.memory);
	assert_non_null(vm_memory(&vm, MEMORY - 16, 16));
	assert_null(vm_memory(&vm, MEMORY - 16, 17));
	assert_null(vm_memory(&vm, MEMORY, 1));
	assert_null(vm_memory(&vm, UINT64_MAX, 2));
	assert_null(vm_memory(&vm, 1, UINT64_MAX));
	assert_null(vm_memory(&vm, HOLE_FIRST, 1));
	assert_null(vm_memory(&vm, HOLE_FIRST - 1, 2));
	assert_non_null(vm_memory(&vm, HOLE_FIRST - 1, 1));
	assert_null(vm_memory(&vm, HOLE_END - 1, 2));
	assert_non_null(vm_memory(&vm, HOLE_END, 1));
}

static void told(void)
{
}

/* A VM's text that is not printed yet comes before the note about its fault. */
static void a_note_waits_for_the_text_before_it(void **state)
{
	(void)state;
	begin(FAULT_LOG);
	log_notes_later(told);
	assert_int_equal(output_put(&vm.output, "first\n", 6), 0);
	exit_handle(&vm, VM_EXIT_MEMORY);
	assert_false(log_notes_print());
	assert_true(output_print(&vm.output, "vandal"));
	assert_true(log_notes_print());
	const char *text = strstr(printed(), "first"), *note = strstr(printed(), "fault 1 at");
	assert_non_null(text);
	assert_non_null(note);
	assert_true(text < note);
	assert_int_equal(output_put(&vm.output, "last\n", 5), 0);
	vm_stop(&vm, 0, &(struct denial){ .format = "done" });
	assert_false(log_notes_print());
	assert_true(output_print(&vm.output, "vandal"));
	assert_true(log_notes_print());
	assert_true(strstr(printed(), "last") < strstr(printed(), "vm vandal: done"));
	log_notes_later(NULL);
}

static void faults_that_go_on_are_logged_at_each_doubling(void **state)
{
	(void)state;
	begin(FAULT_LOG);
	unsigned lines = 0;

	for (unsigned i = 1; i <= 1000; i++) {
		printed_clear();
		assert_true(vm_fault(&vm, VM_EXIT_IO, false, &(struct denial){ .format = "a port" }));
		lines += strstr(printed(), ": a port") != NULL;
	}
	assert_int_equal(lines, 8 + 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_so_many_pages_may_be_missing_and_no_more),
		cmocka_unit_test(an_event_under_delivery_is_put_back),
		cmocka_unit_test(R01_a_vm_restarts_so_often_and_no_more),
		cmocka_unit_test(R01_a_restart_gives_the_turn_away),
		cmocka_unit_test(R01_memory_is_the_vms_from_end_to_end),
		cmocka_unit_test(a_note_waits_for_the_text_before_it),
		cmocka_unit_test(faults_that_go_on_are_logged_at_each_doubling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
