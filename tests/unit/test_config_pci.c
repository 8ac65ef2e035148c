/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words pci= and dma=: what a VM gets by them, and each refusal.
 *
 * Rule: each refusal is tested by its whole message, because the message is what the user gets.
 */
#include "tests/unit/check.h"
#include "tests/unit/sim_pci.h"

#include "vmm/config/config.h"
#include "vmm/config/config_reserved.h"

#include <errno.h>
#include <string.h>

enum { LINE_CONSOLE = 4 };

static char err[256];

/* A function with 256 bytes of registers above 4 GiB. */
static void add_wide(unsigned number, unsigned bar, uint32_t high, uint32_t low)
{
	struct sim_function *f = sim_pci_add(number, 0x11111111, 0x07000000);

	sim_pci_bar(f, bar, low, 256, 4);
	f->value[5 + bar] = high;
	f->changes[5 + bar] = UINT32_MAX;
}

/* A board: 00:04.0 a network card, 05.0 and 06.0 with BARs in the same page, 07.0 the same line as
 * 04.0, functions that nobody can have, and 10.0 to 12.0 above 4 GiB, two of them in a page. */
static int begin(void **state)
{
	struct sim_function *f;

	(void)state;
	config_machine.ports.count = config_machine.memory.count = 0;
	sim_pci_reset();
	sim_pci_add(0, 0x12378086, 0x06000002);
	f = sim_pci_add(SIM_PCI(1, 0), 0x70008086, 0x06010000);
	f->value[0x60 / 4] = 0x040b0b0a;
	f = sim_pci_add(SIM_PCI(4, 0), 0x10008086, 0x02000000);
	sim_pci_bar(f, 0, 0xfeb80000, 0x20000, 0);
	sim_pci_bar(f, 1, 0xc000, 64, 1);
	sim_pci_interrupt(f, 11, 1);
	f = sim_pci_add(SIM_PCI(5, 0), 0x11111111, 0x07000000);
	sim_pci_bar(f, 0, 0xfeb70400, 256, 0);
	f = sim_pci_add(SIM_PCI(6, 0), 0x11111111, 0x07000000);
	sim_pci_bar(f, 0, 0xfeb70800, 256, 0);
	f = sim_pci_add(SIM_PCI(7, 0), 0x11e81234, 0x00ff0000);
	sim_pci_bar(f, 0, 0xfea00000, 0x100000, 0);
	sim_pci_interrupt(f, 11, 1);
	f = sim_pci_add(SIM_PCI(8, 0), 0x11111111, 0x07000000);
	sim_pci_bar(f, 2, 0, 0x1000, 0);
	f = sim_pci_add(SIM_PCI(9, 0), 0x11111111, 0x07000000);
	sim_pci_interrupt(f, 255, 1);
	f = sim_pci_add(SIM_PCI(10, 0), 0x11111111, 0x07000000);
	sim_pci_interrupt(f, 12, 1);
	f = sim_pci_add(SIM_PCI(11, 0), 0x11111111, 0x07000000);
	sim_pci_interrupt(f, LINE_CONSOLE, 1);
	f = sim_pci_add(SIM_PCI(12, 0), 0x11111111, 0x07000000);
	sim_pci_bar(f, 0, 0x02000000, 0x1000, 0);
	f = sim_pci_add(SIM_PCI(13, 0), 0x11111111, 0x07000000);
	sim_pci_bar(f, 0, 0x00800000, 0x1000, 0);
	f = sim_pci_add(SIM_PCI(14, 0), 0x11111111, 0x07000000);
	sim_pci_bar(f, 0, 0xcf0, 16, 1);
	f = sim_pci_add(SIM_PCI(15, 0), 0x11111111, 0x07000000);
	sim_pci_interrupt(f, 0, 2);
	add_wide(SIM_PCI(16, 0), 0, 0xe0, 0x8000);
	add_wide(SIM_PCI(17, 0), 2, 0xe0, 0x8400);
	add_wide(SIM_PCI(18, 0), 0, 0xe1, 0x8000);
	return 0;
}

static int parse(unsigned n, const char *line, struct vm_config *vm)
{
	int error = config_parse_vm(n, line, vm, err, sizeof(err));

	return error != 0 ? error : config_claim_pci(n, vm, err, sizeof(err));
}

static void R01_a_function_brings_its_line_ports_and_memory(void **state)
{
	struct vm_config vm;

	(void)state;
	assert_int_equal(parse(1,
	                       "irq=3 io=0x2f8-0x2ff mmio=0xb8000-0xbffff pci=00:04.0,0:5.0,"
	                       "00:06.0",
	                       &vm),
	                 0);
	assert_int_equal(vm.pci_count, 3);
	assert_int_equal(vm.pci[0], SIM_PCI(4, 0));
	assert_int_equal(vm.lines, LINE(3) | LINE(11));
	assert_int_equal(vm.pci_line[0], 11);
	assert_int_equal(vm.pci_line[1], CONFIG_NO_LINE);
	assert_int_equal(vm.io_count, 2);
	assert_int_equal(vm.io[1].first, 0xc000);
	assert_int_equal(vm.io[1].last, 0xc03f);
	assert_int_equal(vm.io_function[0], 0);
	assert_int_equal(vm.io_function[1], SIM_PCI(4, 0));
	assert_int_equal(vm.mmio_count, 4);
	assert_true(vm.mmio[1].first == 0xfeb80000 && vm.mmio[1].last == 0xfeb9ffff);
	assert_true(vm.mmio[2].first == 0xfeb70000 && vm.mmio[2].last == 0xfeb70fff);
	assert_int_equal(vm.mmio_function[1], SIM_PCI(4, 0));
	assert_false(vm.dma_unsafe);
	assert_int_equal(parse(1, "pci=00:04.0 dma=unsafe", &vm), 0);
	assert_true(vm.dma_unsafe);
	assert_int_equal(parse(1, "", &vm), 0);
	assert_int_equal(vm.pci_count, 0);
	assert_int_equal(vm.lines, 0);
}

static void R01_registers_above_4_gib_are_the_vm_s(void **state)
{
	struct vm_config vm;

	(void)state;
	assert_int_equal(parse(1, "pci=00:12.0", &vm), 0);
	assert_int_equal(vm.mmio_count, 1);
	assert_true(vm.mmio[0].first == 0xe100008000 && vm.mmio[0].last == 0xe100008fff);
}

static void a_function_that_cannot_be_a_vm_s_is_refused(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{ "pci=", "pci=:  is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
		{ "pci=4", "pci=4: 4 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
		{ "pci=00:20.0", "pci=00:20.0: 00:20.0 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
		{ "pci=00:04.8", "pci=00:04.8: 00:04.8 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
		{ "pci=00:04.0,0:4.0", "pci=00:04.0,0:4.0: 0:4.0 is in the list twice" },
		{ "pci=0:1.0,0:1.1,0:1.2,0:1.3,0:1.4,0:1.5,0:1.6,0:1.7,0:2.0",
		  "pci=0:1.0,0:1.1,0:1.2,0:1.3,0:1.4,0:1.5,0:1.6,0:1.7,0:2.0: "
		  "more than 8 functions" },
		{ "dma=safe", "dma=safe: it is one of unsafe" },
		{ "pci=00:03.0", "pci=00:03.0: there is no such function" },
		{ "pci=00:04.1", "pci=00:04.1: there is no such function" },
		{ "pci=01:00.0",
		  "pci=01:00.0: it is behind a bridge; only functions of bus 0 can be a VM's" },
		{ "pci=00:00.0", "pci=00:00.0: it is a bridge, and belongs to the VMM" },
		{ "pci=00:01.0", "pci=00:01.0: it is a bridge, and belongs to the VMM" },
		{ "pci=00:05.0", "pci=00:05.0: 0xfeb70400 shares a page with function 00:06.0" },
		{ "pci=00:10.0", "pci=00:10.0: 0xe000008000 shares a page with function 00:11.0" },
		{ "pci=00:11.0", "pci=00:11.0: 0xe000008400 shares a page with function 00:10.0" },
		{ "pci=00:08.0", "pci=00:08.0: the firmware gave BAR 2 no address" },
		{ "pci=00:09.0",
		  "pci=00:09.0: the firmware gave it no line (Interrupt Line is 255)" },
		{ "pci=00:0f.0",
		  "pci=00:0f.0: the firmware gave it no line (Interrupt Line is 0)" },
		{ "pci=00:0a.0", "pci=00:0a.0: no PIRQ feeds its line 12" },
		{ "mmio=0xb0000-0xb0fff,0xb2000-0xb2fff,0xb4000-0xb4fff,0xb6000-0xb6fff,"
		  "0xb8000-0xb8fff,0xba000-0xbafff,0xbc000-0xbcfff,0xbe000-0xbefff,"
		  "0xc0000-0xc0fff,0xc2000-0xc2fff,0xc4000-0xc4fff,0xc6000-0xc6fff,"
		  "0xc8000-0xc8fff,0xca000-0xcafff,0xcc000-0xccfff,0xce000-0xcefff pci=00:07.0",
		  "pci=00:07.0: more than 16 ranges" },
	};
	struct vm_config vm;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(parse(3, rows[i].line, &vm) < 0);
		assert_string_equal(strstr(err, "module 3 (vm3): "), err);
		assert_string_equal(err + strlen("module 3 (vm3): "), rows[i].message);
	}
}

static void a_function_has_one_owner(void **state)
{
	static const struct {
		const char *first, *second;
		int error;
		const char *message;
	} rows[] = {
		{ "vm=a pci=00:04.0", "vm=b pci=00:07.0", -EEXIST,
		  "pci=00:07.0: line 11 belongs to vm a; add 'share' to both, or take it from "
		  "one" },
		{ "vm=a irq=11", "vm=b pci=00:07.0", -EEXIST,
		  "pci=00:07.0: line 11 belongs to vm a; add 'share' to both, or take it from "
		  "one" },
		{ "vm=a pci=00:07.0", "vm=b irq=3,11", -EEXIST,
		  "irq=3,11: line 11 belongs to vm a; add 'share' to both, or take it from one" },
		{ "vm=a pci=00:04.0 share", "vm=b pci=00:07.0 share", 0, "" },
		{ "vm=a pci=00:07.0 share", "vm=b pci=00:07.0 share", 0, "" },
		{ "vm=a io=0xc020-0xc021", "vm=b pci=00:04.0", -EEXIST,
		  "pci=00:04.0 (0xc000-0xc03f): port 0xc020 belongs to vm a; add 'share' to both, "
		  "or take it from one" },
		{ "vm=a mmio=0xfea10000-0xfea10fff", "vm=b pci=00:07.0", -EEXIST,
		  "pci=00:07.0 (0xfea00000-0xfeafffff): address 0xfea10000 belongs to vm a; add "
		  "'share' to both, or take it from one" },
		{ "vm=a", "vm=b pci=00:0b.0", -EPERM, "pci=00:0b.0: line 4 belongs to the VMM" },
		{ "vm=a", "vm=b pci=00:0c.0", -EPERM,
		  "pci=00:0c.0 (0x2000000-0x2000fff): address 0x2000000 belongs to the VMM "
		  "(RAM)" },
		{ "vm=a", "vm=b pci=00:0d.0", -EPERM,
		  "pci=00:0d.0 (0x800000-0x800fff): this lies in the VM's own memory "
		  "(mem=16384K); it has to be above it, or in 0xa0000-0xfffff" },
		{ "vm=a", "vm=b pci=00:0e.0", -EPERM,
		  "pci=00:0e.0 (0xcf0-0xcff): port 0xcf8 belongs to the VMM (PCI configuration "
		  "and reset)" },
		{ "vm=a", "vm=b acpi pci=00:07.0", -EPERM,
		  "acpi: the tables have no PCI, so pci= would not be found" },
		{ "vm=a", "vm=b dma=unsafe", -EPERM, "dma=unsafe: there is no pci=" },
		{ "vm=a", "vm=b pci=00:07.0 busmaster=0:7.0", -EPERM,
		  "busmaster=00:07.0: vm b has it by pci=; use dma=" },
		{ "vm=a busmaster=0:7.0", "vm=b pci=00:07.0", -EPERM,
		  "busmaster=00:07.0: vm b has it by pci=; use dma=" },
		{ "vm=a pci=00:07.0", "vm=b busmaster=0:7.0", -EPERM,
		  "busmaster=00:07.0: vm a has it by pci=; use dma=" },
		{ "vm=a busmaster=0:4.0", "vm=b pci=00:07.0 dma=unsafe", 0, "" },
	};

	(void)state;
	assert_int_equal(config_reserve_memory(0x1000000, 0x10000000, "RAM"), 0);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vm_config first, second;
		const struct vm_config *accepted[] = { &first };

		assert_int_equal(parse(1, rows[i].first, &first), 0);
		assert_int_equal(parse(2, rows[i].second, &second), 0);
		assert_int_equal(config_check_vm(2, &second, accepted, 1, LINE(LINE_CONSOLE), err,
		                                 sizeof(err)),
		                 rows[i].error);
		assert_string_equal(err + (err[0] ? strlen("module 2 (b): ") : 0), rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R01_a_function_brings_its_line_ports_and_memory, begin),
		cmocka_unit_test_setup(R01_registers_above_4_gib_are_the_vm_s, begin),
		cmocka_unit_test_setup(a_function_that_cannot_be_a_vm_s_is_refused, begin),
		cmocka_unit_test_setup(a_function_has_one_owner, begin),
	};

	return cmocka_run_group_tests_name("config_pci", tests, NULL, NULL);
}
