/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART of a VM: its ports, its text, its keys, and its interrupt at the VM's controller.
 *
 * Rule: the chipset is a table that notes the calls. The chip's own registers are
 * tests/unit/test_ns16550.c's.
 */
#include "tests/unit/check.h"

#include "vmm/core/background.h"
#include "vmm/core/sched.h"

#include <string.h>

enum { DATA = 0x3f8, IER = 0x3f9, FCR = 0x3fa, LSR = 0x3fd, SCRATCH = 0x3ff };

struct processor processor;
struct chipset_present chipset_present;
static struct vm vm;
static struct vcpu_regs registers;
/* What the controller was asked for, a letter each: r a request, d/u the line down and up, 0 all
 * lines to the VMM block. */
static char asked[64];
static bool deliverable;
static unsigned wanted;

static void ask(char what)
{
	asked[strlen(asked)] = what;
}

static void route(struct controller *c)
{
	assert_null(c);
	chipset_present.routed = NULL;
	ask('0');
}

static void request(struct controller *c, unsigned line)
{
	assert_ptr_equal(c, &vm.controller);
	assert_int_equal(line, 4);
	ask('r');
}

static void drive(struct controller *c, unsigned line, bool high)
{
	assert_ptr_equal(c, &vm.controller);
	assert_int_equal(line, 4);
	ask(high ? 'u' : 'd');
}

static line_set delivers(const struct controller *c, line_set asserted)
{
	(void)c;
	assert_int_equal(asserted, 0);
	return deliverable ? LINE(4) : LINE(3);
}

static struct chipset table = {
	.reroutes_at_exits = true,
	.mux = { .route = route },
	.controller = { .request = request, .drive = drive, .deliverable = delivers },
};
const struct chipset *chipset = &table;

void background_want(void)
{
	wanted++;
}

void sched_set_state(struct vm *of, enum vm_state state)
{
	of->state = state;
}

static int begin(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(asked, 0, sizeof(asked));
	vm.vcpu = (struct vcpu *)&registers;
	vm.config.uart = true;
	vm.state = VM_READY;
	vm_uart_reset(&vm);
	processor.vm = &vm;
	chipset_present.routed = &vm.controller;
	table.reroutes_at_exits = true;
	deliverable = true;
	wanted = 0;
	return 0;
}

static uint32_t access(uint16_t port, uint8_t size, uint8_t kind, uint32_t value)
{
	assert_true(vm_uart_has_port(&vm, port));
	return vm_uart_access(&vm, &(struct vcpu_io){ .port = port, .size = size, .kind = kind },
	                      value);
}

static void out(uint16_t port, uint8_t value)
{
	(void)access(port, 1, 0, 0x55667700u | value);
}

static uint8_t in(uint16_t port)
{
	uint32_t value = access(port, 1, IO_IN, 0x55667788);

	assert_int_equal(value >> 8, 0);
	return (uint8_t)value;
}

static void print(const char *text)
{
	for (; *text != '\0'; text++)
		out(DATA, (uint8_t)*text);
}

static void the_ports_are_3f8_to_3ff_of_a_vm_with_the_word(void **state)
{
	(void)state;
	assert_true(vm_uart_has_port(&vm, DATA) && vm_uart_has_port(&vm, SCRATCH));
	assert_false(vm_uart_has_port(&vm, 0x3f7) || vm_uart_has_port(&vm, 0x400));
	vm.config.uart = false;
	assert_false(vm_uart_has_port(&vm, SCRATCH));
}

static void a_wide_access_goes_to_the_registers_in_turn(void **state)
{
	(void)state;
	out(0x3fb, 0x83);
	(void)access(DATA, 2, 0, 0xffff0201);
	assert_int_equal(access(DATA, 2, IO_IN, UINT32_MAX), 0x0201);
	assert_int_equal(access(DATA, 4, IO_IN, 0), 0x83010201);
	out(SCRATCH, 0x5a);
	assert_true(access(SCRATCH, 4, IO_IN, 0) == 0xffffff5a); /* nothing is behind the UART */
	(void)access(SCRATCH, 2, 0, 0xa5a5);
	assert_int_equal(in(SCRATCH), 0xa5);
}

static void text_goes_to_the_output_and_a_line_wants_to_be_printed(void **state)
{
	(void)state;
	print("abc");
	assert_int_equal(wanted, 0);
	print("\n");
	assert_int_equal(wanted, 1);
	assert_memory_equal(vm.output.bytes, "abc\n", 4);
	vm.uart.watched = true;
	print("x");
	assert_int_equal(wanted, 2); /* a person waits for each byte */
	vm.uart.watched = false;
	for (unsigned i = vm.output.head; i < OUTPUT_BYTES / 2; i++)
		print("x");
	assert_int_equal(wanted, 2);
	print("x");
	assert_int_equal(wanted, 3); /* half a ring is worth the way, too */
}

static void a_driver_that_looks_loses_no_byte(void **state)
{
	(void)state;
	unsigned sent = 3;

	print("abc"); /* what is left at the end is less than a FIFO */
	while ((in(LSR)&0x20) != 0)
		for (unsigned i = 0; i < NS16550_FIFO; i++, sent++)
			out(DATA, 'x');
	assert_true(vm.output.dropped == 0);
	for (; sent < OUTPUT_BYTES; sent++)
		out(DATA, 'x');
	assert_true(vm.output.dropped == 0);
	out(DATA, 'x'); /* a driver that does not look loses its own text */
	assert_true(vm.output.dropped == 1);
	vm_uart_printed(&vm);
	assert_int_equal(in(LSR), 0);
	vm.output.tail += NS16550_FIFO;
	vm_uart_printed(&vm);
	assert_int_equal(in(LSR), 0x60);
}

static void a_start_with_a_full_output_waits_for_room(void **state)
{
	(void)state;
	vm.output.head = OUTPUT_BYTES;
	vm_uart_reset(&vm);
	assert_int_equal(in(LSR), 0);
	vm.output.tail += NS16550_FIFO;
	vm_uart_printed(&vm);
	assert_int_equal(in(LSR), 0x60);
}

static void the_interrupt_of_the_running_vm_drives_its_line(void **state)
{
	(void)state;
	out(IER, 2);
	assert_string_equal(asked, "0u"); /* no line is routed meanwhile */
	assert_int_equal(in(FCR), 2);
	assert_string_equal(asked, "0ud"); /* they are not routed yet */
	out(DATA, 'x');
	assert_string_equal(asked, "0udu");
	out(DATA, 'x'); /* an edge again */
	assert_string_equal(asked, "0uduu");
	out(SCRATCH, 1);
	assert_string_equal(asked, "0uduu");
	table.reroutes_at_exits = false;
	chipset_present.routed = &vm.controller;
	out(IER, 0);
	assert_string_equal(asked, "0uduud");
}

static void a_key_for_a_vm_that_is_away_is_a_request_and_wakes_the_vm(void **state)
{
	(void)state;
	out(FCR, 1);
	out(IER, 1);
	processor.vm = NULL;
	vm.state = VM_HALTED;
	deliverable = false;
	assert_true(vm_uart_type(&vm, 'a'));
	assert_string_equal(asked, "r");
	assert_int_equal(vm.state, VM_HALTED); /* the guest has masked it */
	assert_true(vm_uart_type(&vm, 'b'));
	assert_string_equal(asked, "r"); /* the line is high already */
	in(DATA);
	in(DATA);
	deliverable = true;
	assert_true(vm_uart_type(&vm, 'c'));
	assert_int_equal(vm.state, VM_READY);
}

static void room_for_text_wakes_the_vm(void **state)
{
	(void)state;
	while (in(LSR)&0x20)
		out(DATA, 'x');
	out(IER, 2);
	processor.vm = NULL;
	vm.state = VM_HALTED;
	vm_uart_printed(&vm);
	assert_int_equal(vm.state, VM_HALTED);
	vm.output.tail = vm.output.head;
	vm_uart_printed(&vm);
	assert_int_equal(vm.state, VM_READY);
	assert_string_equal(asked, "r");
}

static void keys_wait_for_the_fifo_and_overrun_nothing(void **state)
{
	(void)state;
	unsigned typed = 0;

	out(FCR, 1);
	while (vm_uart_type(&vm, (uint8_t)typed))
		typed++;
	assert_int_equal(typed, VM_UART_KEYS + NS16550_FIFO);
	for (unsigned i = 0; i < typed; i++) {
		assert_int_equal(in(LSR), 0x61);
		assert_int_equal(in(DATA), (uint8_t)i);
	}
	assert_int_equal(in(LSR), 0x60);
	assert_true(vm_uart_type(&vm, 'x'));
	assert_true(vm_uart_type(&vm, 'y'));
	vm_uart_reset(&vm); /* a restart forgets the keys */
	assert_int_equal(in(LSR), 0x60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FRESH(test) cmocka_unit_test_setup(test, begin)
		FRESH(the_ports_are_3f8_to_3ff_of_a_vm_with_the_word),
		FRESH(a_wide_access_goes_to_the_registers_in_turn),
		FRESH(text_goes_to_the_output_and_a_line_wants_to_be_printed),
		FRESH(a_driver_that_looks_loses_no_byte),
		FRESH(a_start_with_a_full_output_waits_for_room),
		FRESH(the_interrupt_of_the_running_vm_drives_its_line),
		FRESH(a_key_for_a_vm_that_is_away_is_a_request_and_wakes_the_vm),
		FRESH(room_for_text_wakes_the_vm),
		FRESH(keys_wait_for_the_fifo_and_overrun_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
