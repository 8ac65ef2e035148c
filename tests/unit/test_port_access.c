/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses of every width at the ends of a VM's ports: what reaches the device, what reads as ones,
 * and what is a probe or a fault.
 *
 * Rule: expected values are a PC's, where a wide access goes to the ports in turn, and an absent
 * port reads as ones. Beside another owner's port the whole access is denied.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "chipset/chipset.h"
#include "vmm/core/exits.h"
#include "vmm/core/pc_view.h"
#include "vmm/core/pit.h"
#include "vmm/core/port_access.h"
#include "vmm/core/port_controller.h"
#include "vmm/core/port_filter.h"
#include "vmm/core/trace.h"
#include "vmm/core/x87.h"

#include <string.h>

enum { FIRST = 0x2f8, LAST = 0x2ff, FOREIGN = 0x2f6, RAX = 0x11223344, PORTS = 1 << 16 };

static struct vm vm;
static struct vcpu_head head; /* of vm.vcpu */
static uint8_t ports[PORTS];
static unsigned faults, touched;
const struct chipset *chipset;
struct processor processor;

uint8_t io_in8(uint16_t port)
{
	assert_in_range(port, FIRST, LAST);
	touched++;
	return (uint8_t)port;
}

void io_out8(uint16_t port, uint8_t value)
{
	assert_in_range(port, FIRST, LAST);
	touched++;
	ports[port] = value;
}

bool vm_fault(struct vm *of, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	(void)of;
	(void)what;
	assert_int_equal(reason, VM_EXIT_IO);
	assert_false(fatal);
	faults++;
	return true;
}

bool virt_skip(struct vcpu *v)
{
	(void)v;
	return false;
}

void virt_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string)
{
	(void)v;
	(void)io;
	(void)string;
}

bool pc_view_access(struct vm *of, const struct vcpu_io *io)
{
	(void)of;
	(void)io;
	return false;
}

bool pc_view_is_probe(const struct vm *of, uint16_t port)
{
	(void)of;
	(void)port;
	return false;
}

bool pit_has_port(const struct vm *of, uint16_t port)
{
	(void)of;
	(void)port;
	return false;
}

void port_controller_fault(struct vm *of, int error)
{
	(void)of;
	(void)error;
}

uint8_t pit_read(struct vm *of, uint16_t port)
{
	(void)of;
	return (uint8_t)port;
}

void pit_write(struct vm *of, uint16_t port, uint8_t value)
{
	(void)of;
	(void)port;
	(void)value;
}

void x87_unlatch(struct vm *of)
{
	(void)of;
}

bool vm_uart_has_port(const struct vm *of, uint16_t port)
{
	(void)of;
	(void)port;
	return false;
}

uint32_t vm_uart_access(struct vm *of, const struct vcpu_io *io, uint32_t value)
{
	(void)of;
	(void)io;
	return value;
}

static int begin(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(ports, 0, sizeof(ports));
	vm.vcpu = (struct vcpu *)(void *)&head;
	vm.config.io_count = 1;
	vm.config.io[0] = (struct config_range){ FIRST, LAST };
	ports_take(FIRST, LAST);
	ports_take(FOREIGN, FOREIGN);
	faults = touched = 0;
	return 0;
}

static uint64_t access_port(uint16_t port, unsigned size, unsigned kind)
{
	head.regs.rax = RAX;
	port_access(&vm, (struct vcpu_io){ port, (uint8_t)size, (uint8_t)kind });
	return head.regs.rax;
}

static void R01_a_wide_access_over_the_end_reaches_the_vms_own_ports(void **state)
{
	(void)state;
	assert_int_equal(access_port(LAST, 2, IO_IN), 0x1122ffff);
	assert_int_equal(access_port(LAST - 1, 4, IO_IN), 0xfffffffe);
	assert_int_equal(access_port(FIRST - 1, 2, IO_IN), 0x1122f8ff);
	assert_int_equal(touched, 4);
	(void)access_port(LAST, 2, 0);
	(void)access_port(FIRST - 1, 4, 0);
	assert_int_equal(ports[LAST], 0x44);
	assert_int_equal(ports[FIRST], 0x33);
	assert_int_equal(ports[FIRST + 2], 0x11);
	assert_int_equal(touched, 8);
	assert_int_equal(faults, 0);
}

static void R01_beside_another_owner_the_whole_access_is_denied(void **state)
{
	(void)state;
	assert_int_equal(access_port(FOREIGN, 4, IO_IN), 0xffffffff);
	assert_int_equal(access_port(FOREIGN - 1, 2, IO_IN), 0x1122ffff);
	(void)access_port(FOREIGN, 4, 0);
	assert_int_equal(faults, 3);
	assert_int_equal(touched, 0);
	assert_int_equal(vm.probes, 0);
}

static void R01_absent_ports_are_probes(void **state)
{
	(void)state;
	assert_int_equal(access_port(LAST + 1, 4, IO_IN), 0xffffffff);
	assert_int_equal(access_port(UINT16_MAX, 1, IO_IN), 0x112233ff);
	(void)access_port(UINT16_MAX, 4, 0); /* goes round to port 2 */
	assert_int_equal(vm.probes, 3);
	assert_int_equal(faults + touched, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(R01_a_wide_access_over_the_end_reaches_the_vms_own_ports),
		CASE(R01_beside_another_owner_the_whole_access_is_denied),
		CASE(R01_absent_ports_are_probes),
	};

	return cmocka_run_group_tests_name("port_access", tests, NULL, NULL);
}
