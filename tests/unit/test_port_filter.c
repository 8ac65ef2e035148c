/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a VM's own whose bits are partly the machine's: what reaches the devices.
 *
 * Rule: the devices are one array of ports, and every write to them is counted.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "vmm/core/port_filter.h"

#include <string.h>

enum { DATA = 0x60, NMI = 0x61, KEYBOARD = 0x64, INDEX = 0x70, RTC_DATA = 0x71 };

static struct vm vm;
static uint8_t ports[256];
static unsigned writes, resets;
static bool open[256];

uint8_t io_in8(uint16_t port)
{
	return ports[port];
}

void io_out8(uint16_t port, uint8_t value)
{
	ports[port] = value;
	writes++;
}

bool vm_fault(struct vm *of, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(reason, VM_EXIT_IO);
	assert_true(fatal);
	assert_string_equal(what->format, "reset by the keyboard controller (%lxh to port 64h)");
	resets++;
	return false;
}

void virt_open_port(struct vcpu *v, uint16_t port, bool opened)
{
	(void)v;
	open[port] = opened;
}

static void begin(unsigned trust)
{
	memset(&vm, 0, sizeof(vm));
	vm.config.io_count = 2;
	vm.config.io[0] = (struct config_range){ DATA, KEYBOARD };
	vm.config.io[1] = (struct config_range){ INDEX, RTC_DATA };
	vm.config.trust = trust;
	memset(ports, 0, sizeof(ports));
	memset(open, 1, sizeof(open));
	writes = resets = 0;
	port_filter_reset(&vm);
}

static void R01_what_is_the_machines_exits_and_nothing_else(void **state)
{
	(void)state;
	begin(0);
	for (unsigned port = 0; port < sizeof(ports); port++) {
		bool filtered = port == NMI || port == KEYBOARD || port == INDEX;
		assert_int_equal(open[port], !filtered);
		assert_int_equal(port_is_filtered(&vm, (uint16_t)port), filtered || port == DATA);
	}
	begin(TRUST_NMI);
	assert_true(open[NMI] && open[INDEX] && !open[KEYBOARD]);
	assert_false(port_is_filtered(&vm, NMI) || port_is_filtered(&vm, INDEX));
	begin(TRUST_RESET);
	assert_true(open[KEYBOARD] && !open[NMI] && !open[INDEX]);
	assert_false(port_is_filtered(&vm, KEYBOARD) || port_is_filtered(&vm, DATA));
	begin(TRUST_DMA);
	assert_false(open[KEYBOARD] || open[NMI] || open[INDEX]);
	vm.config.io_count = 0;
	assert_false(port_is_filtered(&vm, NMI));
}

static void R01_the_keyboard_controller_resets_its_vm_alone(void **state)
{
	(void)state;
	for (unsigned command = 0xf0; command <= 0xfe; command++) {
		begin(0);
		assert_int_equal(port_filter_write(&vm, KEYBOARD, (uint8_t)command), command & 1);
		assert_int_equal(resets, !(command & 1));
		/* F3h, F7h and FBh pulse lines that are nobody's */
		assert_int_equal(writes, (command & 3) == 3);
	}
	begin(0);
	for (unsigned command = 0; command <= 0xff; command++)
		if (command < 0xf0 || command == 0xff) {
			bool dropped = command == 0xd1 || command == 0xdd || command == 0xdf;
			unsigned before = writes;
			assert_true(port_filter_write(&vm, KEYBOARD, (uint8_t)command));
			assert_int_equal(writes - before, !dropped);
		}
	assert_int_equal(resets, 0);
}

static void R01_the_output_port_keeps_a20(void **state)
{
	(void)state;
	begin(0);
	assert_true(port_filter_write(&vm, KEYBOARD, 0xd1));
	assert_false(open[DATA]);
	assert_true(port_filter_write(&vm, DATA, 0xdd));
	assert_int_equal(writes, 0);
	assert_true(open[DATA]);
	/* part of a wider access: the keyboard's own */
	assert_true(port_filter_write(&vm, DATA, 0xed));
	assert_int_equal(ports[DATA], 0xed);
	/* Another command in between takes it back; so does the VM's next life. */
	assert_true(port_filter_write(&vm, KEYBOARD, 0xd1));
	assert_true(port_filter_write(&vm, KEYBOARD, 0xad));
	assert_int_equal(ports[KEYBOARD], 0xad);
	assert_true(open[DATA]);
	assert_true(port_filter_write(&vm, KEYBOARD, 0xd1));
	port_filter_reset(&vm);
	assert_true(open[DATA]);
	assert_true(port_filter_write(&vm, DATA, 0xf4));
	assert_int_equal(ports[DATA], 0xf4);
}

static void R01_the_board_s_nmis_stay_as_they_are(void **state)
{
	(void)state;
	begin(0);
	ports[NMI] = 0xb4; /* SERR# is off already */
	assert_true(port_filter_write(&vm, NMI, 0x0b));
	assert_int_equal(ports[NMI], 0x07);
	assert_true(port_filter_write(&vm, NMI, 0xf0));
	assert_int_equal(ports[NMI], 0x04);
	ports[NMI] = 0xb0; /* both are on */
	assert_true(port_filter_write(&vm, NMI, 0x0f));
	assert_int_equal(ports[NMI], 0x03);
	assert_true(port_filter_write(&vm, INDEX, 0x8f));
	assert_int_equal(ports[INDEX], 0x0f);
	assert_true(port_filter_write(&vm, RTC_DATA, 0x8f)); /* part of a wider access */
	assert_int_equal(ports[RTC_DATA], 0x8f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_what_is_the_machines_exits_and_nothing_else),
		cmocka_unit_test(R01_the_keyboard_controller_resets_its_vm_alone),
		cmocka_unit_test(R01_the_output_port_keeps_a20),
		cmocka_unit_test(R01_the_board_s_nmis_stay_as_they_are),
	};

	return cmocka_run_group_tests_name("port_filter", tests, NULL, NULL);
}
