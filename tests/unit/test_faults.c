/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VM's faults lead to: what is one and what a probe, how often a VM restarts, which memory
 * is its own, in which order the console says it.
 *
 * Rule: the VMM's own sources decide; the processor is a few calls of the test's.
 */
#include "tests/unit/check.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/elf_image.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/ram_kit.h"
#include "vmm/core/absent.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/sched.h"
#include "vmm/load/handover.h"

#include <string.h>

enum { RESTARTS = 20, MEMORY = 4 << 20 };

static struct vm vm;
static struct image image;
static unsigned mapped, requeued;
static bool overtaken;

enum { DEVICE = 0xfee00000, NOWHERE = 0x80000000u };
static uint64_t at;
static bool writes, droppable;
static unsigned dropped, forbidden, given_back;

uint64_t virt_exit_address(struct vcpu *v, bool *write)
{
	(void)v;
	*write = writes;
	return at + 0x123;
}

bool virt_drop_store(struct vcpu *v)
{
	(void)v;
	dropped += droppable;
	return droppable;
}

/* The page at this address of the VM: nothing, absent memory, or absent_page. */
static enum { NONE, ABSENT, MAPPED } shown[2 * ABSENT_PAGES];

static unsigned place(uint64_t guest)
{
	assert_int_equal(guest % PAGE, 0);
	uint64_t first = guest >= DEVICE ? DEVICE : NOWHERE;
	unsigned i = (unsigned)((guest - first) / PAGE) + (guest >= DEVICE ? ABSENT_PAGES : 0);
	assert_in_range(i, 0, 2 * ABSENT_PAGES - 1);
	return i;
}

int virt_absent_page(struct vcpu *v, uint64_t guest)
{
	(void)v;
	given_back += shown[place(guest)] == MAPPED;
	shown[place(guest)] = ABSENT;
	return 0;
}

int virt_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes)
{
	(void)v;
	assert_int_equal(bytes, PAGE);
	assert_true(guest >= DEVICE);
	shown[place(guest)] = NONE;
	forbidden++;
	return 0;
}

void virt_requeue_event(struct vcpu *v)
{
	(void)v;
	requeued++;
}

int virt_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
             bool executable)
{
	(void)v;
	assert_int_equal(host, (uint64_t)vm.absent_page);
	assert_int_equal(bytes, PAGE);
	assert_true(writable && executable);
	shown[place(guest)] = MAPPED;
	mapped++;
	return 0;
}

bool virt_may_be_overtaken(struct vcpu *v)
{
	(void)v;
	return overtaken;
}

static bool nmis_blocked;

bool virt_nmis_blocked(struct vcpu *v)
{
	(void)v;
	return nmis_blocked;
}

static void begin(enum fault_policy policy)
{
	static uint8_t page[PAGE];

	image = image_elf32();
	memset(&vm, 0, sizeof(vm));
	vm.absent_page = page;
	vm.source = (struct load_source){ .image = &image, .bytes = sizeof(image) };
	vm.config.onfault = policy;
	vm.ram = ram_at(NULL, MEMORY);
	vm.config.priority = 1;
	memcpy(vm.config.name, "vandal", sizeof("vandal"));
	vms[0] = &vm;
	vm_count = 1;
	processor.vm = NULL;
	memset(shown, 0, sizeof(shown));
	mapped = requeued = dropped = forbidden = given_back = 0;
	writes = droppable = false;
	at = DEVICE;
	overtaken = false;
	printed_clear();
	sched_set_state(&vm, VM_READY);
}

/* A controller whose registers lie in the page at DEVICE. */
static bool answer(struct vcpu *v, uint64_t address)
{
	(void)v;
	return address - DEVICE < PAGE;
}

static void access_at(uint64_t address, bool write)
{
	at = address;
	writes = write;
	exit_handle(&vm, VM_EXIT_MEMORY);
}

static void R01_where_nothing_is_a_write_is_a_probe(void **state)
{
	(void)state;
	begin(FAULT_STOP);
	droppable = true;
	for (unsigned i = 1; i <= 1000; i++) {
		access_at(NOWHERE + i % ABSENT_PAGES * PAGE, true);
		assert_int_equal(vm.state, VM_READY);
		assert_int_equal(vm.probes, i);
	}
	assert_int_equal(dropped, 1000);
	assert_int_equal(mapped, 0);
	assert_int_equal(vm.faults, 0);
	assert_int_equal(requeued, 0);
}

static void R01_where_a_device_is_an_access_is_a_fault(void **state)
{
	static struct vm other;

	(void)state;
	begin(FAULT_LOG);
	droppable = true;
	access_at(DEVICE, false);
	assert_int_equal(vm.faults, 1);
	assert_int_equal(shown[place(DEVICE)], ABSENT); /* it reads as ones from now on */
	access_at(DEVICE, true);
	assert_int_equal(vm.faults, 2);
	assert_int_equal(dropped, 1);
	assert_int_equal(vm.probes, 0);
	other.config.mmio_count = 1;
	other.config.mmio[0] = (struct config_range){ NOWHERE + PAGE, NOWHERE + 2 * PAGE - 1 };
	vms[vm_count++] = &other;
	access_at(NOWHERE, true);
	assert_int_equal(vm.faults, 2);
	access_at(NOWHERE + PAGE, true);
	assert_int_equal(vm.faults, 3);
	access_at(NOWHERE + 2 * PAGE, true);
	assert_int_equal(vm.faults, 3);
	begin(FAULT_STOP);
	access_at(DEVICE, false);
	assert_int_equal(vm.state, VM_STOPPED);
	assert_int_equal(shown[place(DEVICE)], NONE);
}

static void R01_an_access_to_the_controller_is_no_fault(void **state)
{
	static const struct chipset with_registers = { .controller.memory = answer };

	(void)state;
	begin(FAULT_STOP);
	const struct chipset *before = chipset;
	chipset = &with_registers;
	access_at(DEVICE, true);
	access_at(DEVICE, false);
	assert_int_equal(vm.state, VM_READY);
	assert_int_equal(vm.faults + vm.probes + mapped, 0);
	access_at(DEVICE + PAGE, false);
	assert_int_equal(vm.faults + vm.probes, 1);
	chipset = before;
}

/* A write that cannot be stepped over gets absent_page, again and again; ABSENT_PAGES have it at a
 * time. */
static void R01_absent_pages_go_round(void **state)
{
	(void)state;
	begin(FAULT_LOG);
	for (unsigned i = 0; i < ABSENT_PAGES; i++)
		access_at(NOWHERE + i * PAGE, true);
	assert_int_equal(mapped, ABSENT_PAGES);
	assert_int_equal(given_back, 0);
	access_at(DEVICE, true);
	assert_int_equal(shown[0], ABSENT);
	assert_int_equal(shown[1], MAPPED);
	assert_int_equal(shown[place(DEVICE)], MAPPED);
	assert_int_equal(vm.state, VM_READY);
	memset(vm.absent_page, 0, PAGE);
	absent_reset(&vm); /* its next life begins as its first did */
	for (unsigned i = 0; i < 2 * ABSENT_PAGES; i++)
		assert_int_equal(shown[i] == MAPPED, 0);
	assert_int_equal(shown[place(DEVICE)], NONE);
	assert_int_equal(*(uint8_t *)vm.absent_page, 0xff);
	assert_int_equal(vm.absent_pages_used, 0);
	absent_reset(&vm);
	assert_int_equal(forbidden, 1);
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
	assert_non_null(
		strstr(printed(), "vm vandal: stopped: restarted too often (onfault=restart)"));
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
	vm.ram = ram_at((void *)0x10000000, MEMORY);
	assert_ptr_equal(vm_memory(&vm, 0, 1), (void *)0x10000000);
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

/* 8 GiB: 3 GiB from address 0 on, and 5 GiB from 4 GiB on, each somewhere in the machine. */
static void R01_memory_of_more_than_3_gib_has_a_hole_for_devices(void **state)
{
	const uint64_t gib = 1ull << 30;

	(void)state;
	begin(FAULT_LOG);
	vm.ram = guest_ram_plan(8 * gib, GUEST_RAM_LOW_END);
	vm.ram.part[0].host = 7 * gib;
	vm.ram.part[1].host = 20 * gib;
	assert_ptr_equal(vm_memory(&vm, 3 * gib - 1, 1), (void *)(10 * gib - 1));
	assert_null(vm_memory(&vm, 3 * gib - 1, 2));
	assert_null(vm_memory(&vm, 3 * gib, 1));
	assert_null(vm_memory(&vm, 4 * gib - 1, 1));
	assert_null(vm_memory(&vm, 4 * gib - 1, 2));
	assert_ptr_equal(vm_memory(&vm, 4 * gib, 16), (void *)(20 * gib));
	assert_ptr_equal(vm_memory(&vm, 9 * gib - 16, 16), (void *)(25 * gib - 16));
	assert_null(vm_memory(&vm, 9 * gib - 16, 17));
	assert_null(vm_memory(&vm, 9 * gib, 1));
	assert_null(vm_memory(&vm, UINT64_MAX, 2));
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
		assert_true(
			vm_fault(&vm, VM_EXIT_IO, false, &(struct denial){ .format = "a port" }));
		lines += strstr(printed(), ": a port") != NULL;
	}
	assert_int_equal(lines, 8 + 6);
}

/* An NMI ends such a HLT, but not in the handler of an NMI before its IRET. */
static void R06_a_hlt_that_no_nmi_ends_is_a_fault(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		bool gets = way & 1, sleeps;

		begin(FAULT_LOG);
		nmis_blocked = way & 2;
		dispatch_set_policy(NMI_VM, gets ? &vm : NULL);
		sleeps = gets && !nmis_blocked;
		assert_int_equal(vm_fault_of_hlt(&vm), !sleeps);
		assert_int_equal(vm.state, sleeps ? VM_READY : VM_STOPPED);
		assert_int_equal(strstr(printed(), "nothing can wake it") == NULL, sleeps);
	}
	dispatch_set_policy(NMI_LOG, NULL);
}

int main(void)
{
	static const struct chipset plain;

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_where_nothing_is_a_write_is_a_probe),
		cmocka_unit_test(R01_where_a_device_is_an_access_is_a_fault),
		cmocka_unit_test(R01_an_access_to_the_controller_is_no_fault),
		cmocka_unit_test(R01_absent_pages_go_round),
		cmocka_unit_test(an_event_under_delivery_is_put_back),
		cmocka_unit_test(R01_a_vm_restarts_so_often_and_no_more),
		cmocka_unit_test(R01_a_restart_gives_the_turn_away),
		cmocka_unit_test(R01_memory_is_the_vms_from_end_to_end),
		cmocka_unit_test(R01_memory_of_more_than_3_gib_has_a_hole_for_devices),
		cmocka_unit_test(a_note_waits_for_the_text_before_it),
		cmocka_unit_test(faults_that_go_on_are_logged_at_each_doubling),
		cmocka_unit_test(R06_a_hlt_that_no_nmi_ends_is_a_fault),
	};

	chipset = &plain;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
