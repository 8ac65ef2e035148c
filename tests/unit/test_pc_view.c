/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of a PC that a VM finds, and the BIOS data area.
 *
 * Rule: no access of the view reaches the machine: an access to the ports of the machine ends the
 * test.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "vmm/core/cmos.h"
#include "vmm/core/pc_view.h"
#include "vmm/core/port_filter.h"
#include "vmm/load/bios_data.h"

#include <stdio.h>
#include <string.h>

uint64_t fake_tsc = 4711;

static struct vm vm;
static struct vcpu_head head;
static char said[80];
static bool fatal_fault;
static int stopped; /* the status; -1: not stopped */
static uint8_t cmos_index;

uint8_t io_in8(uint16_t port)
{
	fail_msg("the machine's port %x is read", port);
	return 0;
}

void io_out8(uint16_t port, uint8_t value)
{
	fail_msg("%x goes to the machine's port %x", value, port);
}

uint32_t io_in32(uint16_t port)
{
	fail_msg("the machine's port %x is read", port);
	return 0;
}

void io_out32(uint16_t port, uint32_t value)
{
	fail_msg("%x goes to the machine's port %x", value, port);
}

uint8_t cmos_read(uint8_t index, const struct guest_ram *ram, uint64_t now)
{
	assert_ptr_equal(ram, &vm.ram);
	assert_true(now == 4711);
	cmos_index = index;
	return 0x5a;
}

bool vm_fault(struct vm *of, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(reason, VM_EXIT_IO);
	fatal_fault = fatal;
	snprintf(said, sizeof(said), what->format, (unsigned long)what->value[0]);
	return false;
}

void vm_stop(struct vm *of, int status, const struct denial *why)
{
	assert_ptr_equal(of, &vm);
	stopped = status;
	snprintf(said, sizeof(said), "%s", why->format);
}

static int begin(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	vm.vcpu = (struct vcpu *)&head;
	vm.config.pc = true;
	said[0] = '\0';
	fatal_fault = false;
	stopped = -1;
	pc_view_reset(&vm);
	return 0;
}

static bool out(uint16_t port, uint8_t value)
{
	head.regs.rax = 0x1122334455667700 | value;
	return pc_view_access(&vm, &(struct vcpu_io){ .port = port, .size = 1 });
}

static bool in(uint16_t port)
{
	head.regs.rax = 0x1122334455667788;
	return pc_view_access(&vm, &(struct vcpu_io){ .port = port, .size = 1, .kind = IO_IN });
}

static void the_cmos_is_read_by_its_index(void **state)
{
	(void)state;
	assert_true(out(0x70, 0x8b)); /* bit 7 masks NMIs on a PC */
	assert_true(in(0x71));
	assert_int_equal(cmos_index, 0x0b);
	assert_true(head.regs.rax == 0x112233445566775a);
	assert_true(out(0x71, 0xff)); /* changes nothing */
	assert_true(in(0x71));
	assert_int_equal(cmos_index, 0x0b);
	assert_false(in(0x70));
	pc_view_reset(&vm);
	assert_true(in(0x71));
	assert_int_equal(cmos_index, 0);
}

static void the_ports_of_a_reset_end_the_vm(void **state)
{
	(void)state;
	for (unsigned value = 0; value <= 0xff; value++) {
		bool resets = value >= 0xf0 && !(value & 1);
		begin(state);
		assert_true(out(0x64, (uint8_t)value));
		assert_int_equal(fatal_fault, resets);
		begin(state);
		assert_true(out(0xcf9, (uint8_t)value));
		assert_int_equal(fatal_fault, value >> 2 & 1);
		begin(state);
		assert_true(out(0x92, (uint8_t)value));
		assert_int_equal(fatal_fault, value & 1);
	}
	begin(state);
	assert_true(out(0x64, 0xfe));
	assert_string_equal(said, "reset by the keyboard controller (feh to port 64h)");
	assert_true(out(0xcf9, 0x0e));
	assert_string_equal(said, "reset by port CF9h (eh)");
	assert_true(out(0x92, 0x03));
	assert_string_equal(said, "reset by port 92h (3h)");
	assert_true(in(0x92));
	assert_int_equal(head.regs.rax & 0xff, 0x02); /* A20 is on */
	assert_true(in(0x64));
	assert_int_equal(head.regs.rax & 0xff, 0xfd); /* ready for a command, and no keyboard */
}

static void write_word(const char *word)
{
	for (; *word != '\0'; word++)
		assert_true(out(0x8900, (uint8_t)*word));
}

static void a_word_at_port_8900h_switches_the_vm_off(void **state)
{
	(void)state;
	write_word("Shutdow");
	write_word("Shutdown"); /* 'S' begins the word anew */
	assert_int_equal(stopped, 0);
	assert_string_equal(said, "done, switched off by port 8900h");
	begin(state);
	write_word("shutdown ShutdoWn hutdown SShutdowm");
	assert_int_equal(stopped, -1);
	write_word("Shut");
	pc_view_reset(&vm); /* another life */
	write_word("down");
	assert_int_equal(stopped, -1);
}

static uint64_t access_pm1(uint16_t port, uint8_t size, uint8_t kind, uint64_t rax)
{
	const struct vcpu_io io = { port, size, kind };

	head.regs.rax = rax;
	assert_true(pc_view_access(&vm, &io));
	return head.regs.rax;
}

/* Status at 8904h, enable at 8906h, control at 8908h; all by 16 bits, and by other widths too. */
static void acpi_has_its_registers(void **state)
{
	(void)state;
	vm.config.acpi = true;
	assert_true(access_pm1(0x8904, 2, IO_IN, UINT64_MAX) == 0xffffffffffff0000);
	assert_true(access_pm1(0x8908, 2, IO_IN, 0) == 1); /* SCI_EN */
	access_pm1(0x8906, 2, 0, 0xffff0120);
	assert_true(access_pm1(0x8906, 2, IO_IN, UINT64_MAX) == 0xffffffffffff0120);
	assert_true(access_pm1(0x8904, 4, IO_IN, UINT64_MAX) == 0x01200000);
	access_pm1(0x8907, 1, 0, 0xfffffe00);
	assert_true(access_pm1(0x8906, 2, IO_IN, 0) == 0x0020);
	access_pm1(0x8904, 2, 0, 0xffff); /* status: no event stands there */
	access_pm1(0x8908, 2, 0, 0);
	assert_true(access_pm1(0x8904, 4, IO_IN, 0) == 0x00200000);
	assert_true(access_pm1(0x8908, 1, IO_IN, 0xff00) == 0xff01);
	pc_view_reset(&vm);
	assert_true(access_pm1(0x8906, 2, IO_IN, 0) == 0);
	assert_int_equal(stopped, -1);
}

static void acpi_switches_off_by_s5_alone(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 8; type++)
		for (unsigned go = 0; go < 2; go++) {
			begin(state);
			vm.config.acpi = true;
			access_pm1(0x8908, 2, 0, type << 10 | go << 13 | 1);
			assert_int_equal(stopped, go == 1 && type == 5 ? 0 : -1);
		}
	begin(state);
	vm.config.acpi = true;
	access_pm1(0x8904, 2, 0, 0x3400);
	access_pm1(0x8906, 2, 0, 0x3400); /* other registers */
	access_pm1(0x8908, 1, 0, 0x3400); /* the low byte */
	assert_int_equal(stopped, -1);
	access_pm1(0x8909, 1, 0, 0x34);
	assert_int_equal(stopped, 0);
	assert_string_equal(said, "done, switched off by ACPI");
	begin(state);
	vm.config.acpi = true;
	access_pm1(0x8906, 4, 0, 0x34000000);
	assert_int_equal(stopped, 0);
}

static void without_the_word_there_is_no_acpi(void **state)
{
	struct vcpu_io io = { 0x8908, 2, 0 };

	(void)state;
	head.regs.rax = 0x3400;
	assert_false(pc_view_access(&vm, &io));
	vm.config.acpi = true;
	io = (struct vcpu_io){ 0x8908, 4, 0 }; /* beyond the registers */
	assert_false(pc_view_access(&vm, &io));
	io = (struct vcpu_io){ 0x8903, 2, IO_IN };
	assert_false(pc_view_access(&vm, &io));
	io = (struct vcpu_io){ 0x8904, 2, IO_IN | IO_STRING };
	assert_false(pc_view_access(&vm, &io));
	assert_int_equal(stopped, -1);
}

static void only_a_vm_with_the_word_has_the_view(void **state)
{
	static const uint16_t ports[] = { 0x64, 0x70, 0x71, 0x92, 0xcf9, 0x8900 };

	(void)state;
	assert_true(pc_view_is_probe(&vm, 0xcf8) && pc_view_is_probe(&vm, 0xcff));
	assert_false(pc_view_is_probe(&vm, 0xcf7) || pc_view_is_probe(&vm, 0xd00));
	assert_false(out(0x80, 0) || in(0x80) || out(0x91, 1) || in(0x60) || out(0xcf8, 4));
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct vcpu_io io = { .port = ports[i], .size = 2 };
		assert_false(pc_view_access(&vm, &io));
		io = (struct vcpu_io){ .port = ports[i], .size = 1, .kind = IO_STRING };
		assert_false(pc_view_access(&vm, &io));
		vm.config.io[0] = (struct config_range){ ports[i], ports[i] };
		vm.config.io_count = 1; /* the machine's own device */
		assert_false(out(ports[i], 0xfe) || in(ports[i]));
		vm.config.io_count = 0;
	}
	vm.config.pc = false;
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		assert_false(out(ports[i], 0xfe) || in(ports[i]));
	assert_false(pc_view_is_probe(&vm, 0xcf8));
}

/* ---- The BIOS data area ---- */

static unsigned word_at(const uint8_t *memory, unsigned at)
{
	return memory[at] | memory[at + 1] << 8;
}

static uint64_t access_pci(uint16_t port, uint8_t size, uint8_t kind, uint64_t rax)
{
	const struct vcpu_io io = { port, size, kind };

	head.regs.rax = rax;
	assert_true(pc_view_access(&vm, &io));
	return head.regs.rax;
}

/* What is in the space is test_pci_space.c's. Here the view finds the space, and the register takes
 * the answer's bytes. */
static void a_vm_with_functions_has_configuration_space(void **state)
{
	const struct vcpu_io address = { 0xcf8, 4, 0 }, byte = { 0xcfb, 1, IO_IN },
			     string = { 0xcfc, 4, IO_IN | IO_STRING }, beyond = { 0xcfe, 4, IO_IN };

	(void)state;
	vm.config.pc = false;
	assert_false(pc_view_access(&vm, &address));
	assert_false(pc_view_is_probe(&vm, 0xcfc));
	vm.config.pci_count = vm.pci.count = 1;
	vm.pci.function[0].number = 6 << 3;
	vm.pci.function[0].space[2] = 0x12345678;
	access_pci(0xcf8, 4, 0, 0x80003008);
	assert_true(access_pci(0xcf8, 4, IO_IN, UINT64_MAX) == 0x80003008);
	assert_true(access_pci(0xcfc, 4, IO_IN, UINT64_MAX) == 0x12345678);
	assert_true(access_pci(0xcfe, 2, IO_IN, UINT64_MAX) == 0xffffffffffff1234);
	assert_true(access_pci(0xcfd, 1, IO_IN, 0) == 0x56);
	assert_false(pc_view_access(&vm, &byte));
	assert_false(pc_view_access(&vm, &string));
	assert_false(pc_view_access(&vm, &beyond));
	assert_true(pc_view_is_probe(&vm, 0xcfb));
}

static void the_bios_data_area_lists_the_vms_devices(void **state)
{
	static uint8_t memory[4096], zeros[4096];
	struct load l = { .memory = memory };
	struct bios_devices devices = { .com = { 0x2f8, 0x2e8 }, .screen = true };

	(void)state;
	bios_data_build(&l, &devices);
	assert_int_equal(word_at(memory, 0x400), 0x2f8);
	assert_int_equal(word_at(memory, 0x402), 0x2e8);
	assert_int_equal(word_at(memory, 0x404), 0);
	assert_int_equal(word_at(memory, 0x40e), 0); /* no extended area */
	assert_int_equal(word_at(memory, 0x410), 2 << 9 | 2 << 4 | 2);
	assert_int_equal(word_at(memory, 0x413), 640);
	assert_int_equal(memory[0x449], 3);
	assert_int_equal(word_at(memory, 0x44a), 80);
	assert_int_equal(word_at(memory, 0x463), 0x3d4);
	assert_int_equal(memory[0x484], 24);
	memset(memory, 0, sizeof(memory));
	devices = (struct bios_devices){ .screen = false };
	bios_data_build(&l, &devices);
	assert_int_equal(word_at(memory, 0x410), 2);
	assert_int_equal(word_at(memory, 0x413), 640);
	assert_int_equal(memory[0x449], 0);
	memset(memory, 0, sizeof(memory));
	l.taken[0] = 1; /* the image lies there */
	bios_data_build(&l, &devices);
	assert_memory_equal(memory, zeros, sizeof(memory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_cmos_is_read_by_its_index, begin),
		cmocka_unit_test_setup(the_ports_of_a_reset_end_the_vm, begin),
		cmocka_unit_test_setup(a_word_at_port_8900h_switches_the_vm_off, begin),
		cmocka_unit_test_setup(acpi_has_its_registers, begin),
		cmocka_unit_test_setup(acpi_switches_off_by_s5_alone, begin),
		cmocka_unit_test_setup(without_the_word_there_is_no_acpi, begin),
		cmocka_unit_test_setup(only_a_vm_with_the_word_has_the_view, begin),
		cmocka_unit_test_setup(a_vm_with_functions_has_configuration_space, begin),
		cmocka_unit_test(the_bios_data_area_lists_the_vms_devices),
	};

	return cmocka_run_group_tests_name("pc_view", tests, NULL, NULL);
}
