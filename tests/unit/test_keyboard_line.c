/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose the keyboard is: the VMM's, or a VM's.
 *
 * Rule: one VM at a time has a part of it, and each part is enough.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/work.h"
#include "arch/x86/machine/keyboard.h"
#include "chipset/chipset.h"
#include "tests/unit/fake_log.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/operator/keyboard_line.h"

#include <errno.h>
#include <string.h>

struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
volatile uint8_t work_open;
volatile uint32_t nmi_count;
bool work_inside = true;

static struct vm vm;
static line_set claimed, settled;
static bool held;
static struct chipset fake_chipset;
const struct chipset *chipset = &fake_chipset;

void work_pause(void)
{
}

uint8_t io_in8(uint16_t port)
{
	(void)port;
	return 0;
}

void io_out8(uint16_t port, uint8_t value)
{
	fail_msg("port %x was written %x", port, value);
}

bool vm_fault(struct vm *of, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	(void)of;
	(void)reason;
	(void)fatal;
	(void)what;
	return false;
}

static void handler(void)
{
}

int line_reserve(unsigned line, void (*with)(void))
{
	assert_ptr_equal(with, handler);
	claimed |= LINE(line);
	return 0;
}

static void settle(line_set lines)
{
	settled |= lines;
	held = !work_open;
}

static int begin(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	strcpy(vm.config.name, "guest");
	for (unsigned line = 0; line < LINES; line++)
		vm.config.block_input |= (uint64_t)line << 4 * line;
	vm.config.lines = LINE(0) | LINE(3);
	vm.config.io_count = 1;
	vm.config.io[0] = (struct config_range){ 0x61, 0x63 };
	vms[0] = &vm;
	vm_count = 1;
	claimed = settled = 0;
	fake_chipset.block.settle = NULL;
	printed_clear();
	return 0;
}

static void R14_it_is_the_vmms_where_no_vm_has_any_of_it(void **state)
{
	(void)state;
	assert_int_equal(keyboard_line_claim(handler), 0);
	assert_int_equal(claimed, LINE(KEYBOARD_LINE));
	assert_string_equal(printed(), "");
}

static void expect_refused(const char *what)
{
	char line[128] = "signalbox: no console on the keyboard: vm guest has ";

	strcat(strcat(line, what), "\n");
	assert_int_equal(keyboard_line_claim(handler), -EBUSY);
	assert_int_equal(claimed, 0);
	assert_string_equal(printed(), line);
	begin(NULL);
}

static void what_a_vm_has_of_it_is_the_vms(void **state)
{
	(void)state;
	vm.config.lines |= LINE(1);
	expect_refused("line 1");
	vm.config.io[0] = (struct config_range){ 0x60, 0x60 };
	expect_refused("ports 60h and 64h");
	vm.config.io[0] = (struct config_range){ 0x61, 0x64 };
	expect_refused("ports 60h and 64h");
	vm.config.block_input = (vm.config.block_input & ~UINT64_C(0xf)) | 1;
	expect_refused("input 1 of the VMM block");
	vm_count = 0;
	assert_int_equal(keyboard_line_claim(handler), 0);
}

static void a_request_is_settled_where_the_chipset_keeps_any(void **state)
{
	(void)state;
	keyboard_line_settle(); /* it keeps none */
	fake_chipset.block.settle = settle;
	work_open = 1;
	keyboard_line_settle();
	assert_int_equal(settled, LINE(KEYBOARD_LINE));
	assert_true(held); /* no NMI leaves the work in the middle */
	assert_int_equal(work_open, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R14_it_is_the_vmms_where_no_vm_has_any_of_it, begin),
		cmocka_unit_test_setup(what_a_vm_has_of_it_is_the_vms, begin),
		cmocka_unit_test_setup(a_request_is_settled_where_the_chipset_keeps_any, begin),
	};

	return cmocka_run_group_tests_name("keyboard_line", tests, NULL, NULL);
}
