/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One VM's configuration against the others', and against what the machine reserves.
 *
 * Rule: each refusal is tested by its whole message, because the message is what the user gets.
 */
#include "tests/unit/check.h"

#include "vmm/config/config.h"
#include "vmm/config/config_reserved.h"
#include "vmm/config/words.h"

#include <errno.h>
#include <string.h>

static char err[256];

static struct vm_config parsed(const char *line)
{
	struct vm_config vm;

	assert_int_equal(config_parse_vm(1, line, &vm, err, sizeof(err)), 0);
	return vm;
}

/* A machine of which nothing is known yet. */
static int begin(void **state)
{
	(void)state;
	config_machine.ports.count = config_machine.memory.count = 0;
	return 0;
}

static void devices_have_one_owner(void **state)
{
	static const struct {
		const char *first, *second;
		int error;
		const char *message;
	} rows[] = {
		{ "vm=pulse irq=0,3 io=0x40-0x43", "vm=scribe irq=8,15 io=0x70-0x71", 0, "" },
		{ "vm=pulse irq=0,3", "vm=scribe irq=0,15", -EEXIST,
		  "module 2 (scribe): irq=0,15: line 0 belongs to vm pulse; add 'share' to both, "
		  "or take it from one" },
		{ "vm=pulse irq=3 share", "vm=scribe irq=3", -EEXIST,
		  "module 2 (scribe): irq=3: line 3 belongs to vm pulse; add 'share' here too, "
		  "or take it from one" },
		{ "vm=pulse irq=3", "vm=scribe irq=3 share", -EEXIST,
		  "module 2 (scribe): irq=3: line 3 belongs to vm pulse; add 'share' to that one "
		  "too, or take it from one" },
		{ "vm=pulse irq=3 share io=0x2f8-0x2ff", "vm=scribe irq=3 share io=0x2ff", 0, "" },
		{ "vm=pulse io=0x40-0x43", "vm=scribe io=0x42-0x4d", -EEXIST,
		  "module 2 (scribe): io=0x42-0x4d: port 0x42 belongs to vm pulse; add 'share' to "
		  "both, or take it from one" },
		{ "vm=pulse io=0x40-0x43", "vm=scribe io=0x3e-0x40", -EEXIST,
		  "module 2 (scribe): io=0x3e-0x40: port 0x40 belongs to vm pulse; add 'share' to "
		  "both, or take it from one" },
		{ "vm=pulse pit", "vm=scribe pit irq=8", 0, "" },
		{ "vm=pulse pit ticks=all", "vm=scribe irq=8", 0, "" },
		{ "vm=pulse pit", "vm=scribe irq=0 share", -EEXIST,
		  "module 2 (scribe): line 0 is the PIT's, and vm pulse has it by pit; "
		  "with 'pit' in both, each has a PIT of its own" },
		{ "vm=pulse irq=0 share", "vm=scribe pit share", -EEXIST,
		  "module 2 (scribe): line 0 is the PIT's, and vm pulse has it by irq=0; "
		  "with 'pit' in both, each has a PIT of its own" },
		{ "vm=pulse pit", "vm=scribe io=0x3e-0x42", -EEXIST,
		  "module 2 (scribe): port 0x40 is the PIT's: vm pulse has it by pit; "
		  "with 'pit' in both, each has a PIT of its own" },
		{ "vm=pulse io=0x61", "vm=scribe pit", -EEXIST,
		  "module 2 (scribe): port 0x61 is the PIT's: vm pulse has it by io=; "
		  "with 'pit' in both, each has a PIT of its own" },
		{ "vm=pulse", "vm=scribe pit io=0x60-0x64", -EPERM,
		  "module 2 (scribe): io=: port 0x61 comes with pit; take it out of io=" },
		{ "vm=pulse uart=com1", "vm=scribe uart=com1 irq=3", 0, "" },
		{ "vm=pulse", "vm=scribe uart=com1 irq=3-4", -EPERM,
		  "module 2 (scribe): irq=: input 4 is uart=com1's; take line 4 out" },
		{ "vm=pulse", "vm=scribe uart=com1 irq=5:4", -EPERM,
		  "module 2 (scribe): irq=: input 4 is uart=com1's; take line 5 out" },
		{ "vm=pulse acpi", "vm=scribe acpi type=linux mmio=0xa0000-0xdffff", 0, "" },
		{ "vm=pulse", "vm=scribe type=bios mmio=0xe0000-0xe0fff", 0, "" },
		{ "vm=pulse", "vm=scribe acpi type=bios", -EPERM,
		  "module 2 (scribe): acpi: a BIOS brings its own tables" },
		{ "vm=pulse", "vm=scribe acpi mmio=0xa0000-0xe0fff", -EPERM,
		  "module 2 (scribe): acpi: the tables lie at 0xe0000, where mmio= is" },
		{ "vm=pulse", "vm=scribe ticks=all", -EPERM,
		  "module 2 (scribe): ticks=all: the ticks of a PIT of its own; add 'pit'" },
		{ "vm=pulse pit irq=3", "vm=scribe pit irq=3", -EEXIST,
		  "module 2 (scribe): irq=0,3: line 3 belongs to vm pulse; "
		  "add 'share' to both, or take it from one" },
		{ "vm=pulse",
		  "vm=scribe pit io=1,3,5,7,9,11,13,15,0x100,0x102,0x104,0x106,0x108,0x10a,0x10c "
		  "trust=dma",
		  -EPERM, "module 2 (scribe): pit: its ports are two ranges of the 16 of io=" },
		{ "vm=pulse mmio=0xa0000-0xaffff", "vm=scribe mmio=0xaf000-0xaffff", -EEXIST,
		  "module 2 (scribe): mmio=0xaf000-0xaffff: address 0xaf000 belongs to vm pulse; "
		  "add 'share' to both, or take it from one" },
		{ "vm=pulse share", "vm=pulse share", -EEXIST,
		  "module 2 (pulse): vm=pulse: another VM has this name; choose one of its own" },
		{ "vm=pulse", "vm=scribe irq=4", -EPERM,
		  "module 2 (scribe): irq=4: line 4 belongs to the VMM" },
		{ "vm=pulse", "vm=scribe irq=1,4 share", -EPERM,
		  "module 2 (scribe): irq=1,4: line 4 belongs to the VMM" },
		{ "vm=pulse", "vm=scribe io=0x20-0x21 share", -EPERM,
		  "module 2 (scribe): io=0x20-0x21: port 0x20 belongs to the VMM (the master 8259, "
		  "which every VM has anyway)" },
		{ "vm=pulse", "vm=scribe io=0x90-0x9f", -EPERM,
		  "module 2 (scribe): io=0x90-0x9f: port 0x92 belongs to the VMM (fast reset)" },
		{ "vm=pulse", "vm=scribe io=0-0xffff", -EPERM,
		  "module 2 (scribe): io=0x0-0xffff: port 0x20 belongs to the VMM (the master "
		  "8259, which every VM has anyway)" },
		{ "vm=pulse", "vm=scribe io=0x3f8-0x3ff", -EPERM,
		  "module 2 (scribe): io=0x3f8-0x3ff: port 0x3f8 belongs to the VMM "
		  "(the console)" },
		{ "vm=pulse", "vm=scribe io=0xcfc", -EPERM,
		  "module 2 (scribe): io=0xcfc: port 0xcfc belongs to the VMM (PCI configuration "
		  "and reset)" },
		{ "vm=pulse", "vm=scribe io=0x24", -EPERM,
		  "module 2 (scribe): io=0x24: port 0x24 is no VM's (an alias of the master 8259 "
		  "on some chipsets); every VM has it at its usual place" },
		{ "vm=pulse", "vm=scribe io=0x3d", -EPERM,
		  "module 2 (scribe): io=0x3d: port 0x3d is no VM's (an alias of the master 8259 "
		  "on some chipsets); every VM has it at its usual place" },
		{ "vm=pulse", "vm=scribe io=0xbc-0xbe trust=dma,nmi,reset", -EPERM,
		  "module 2 (scribe): io=0xbc-0xbe: port 0xbc is no VM's (an alias of the slave "
		  "8259 on some chipsets); every VM has it at its usual place" },
		{ "vm=pulse", "vm=scribe io=0x60-0x64", -EPERM,
		  "module 2 (scribe): io=0x60-0x64: port 0x63 is no VM's (an alias of port 0x61 on "
		  "some chipsets); 0x61 is its usual place" },
		{ "vm=pulse", "vm=scribe io=0x70-0x77", -EPERM,
		  "module 2 (scribe): io=0x70-0x77: port 0x72 is no VM's (an alias of the RTC on "
		  "some chipsets); 0x70-0x71 is its usual place" },
		{ "vm=pulse", "vm=scribe io=0x40-0x53", -EPERM,
		  "module 2 (scribe): io=0x40-0x53: port 0x4e is no VM's (the Super I/O chip's "
		  "configuration, which moves everybody's devices); take it out of the range" },
		{ "vm=pulse", "vm=scribe io=0x8-0xf", -EPERM,
		  "module 2 (scribe): io=0x8-0xf: port 0x8 is no VM's (the DMA controller, which "
		  "reaches all memory); trust=dma grants it" },
		{ "vm=pulse", "vm=scribe io=0x80-0x8f trust=nmi", -EPERM,
		  "module 2 (scribe): io=0x80-0x8f: port 0x81 is no VM's (the DMA controller, "
		  "which reaches all memory); trust=dma grants it" },
		{ "vm=pulse", "vm=scribe io=0-0xf,0x80-0x91,0xc0-0xdf trust=dma", 0, "" },
		{ "vm=pulse", "vm=scribe io=0xc0-0xf4 trust=dma", -EPERM,
		  "module 2 (scribe): io=0xc0-0xf4: port 0xf0 belongs to the VMM (the x87 error "
		  "latch, which every VM has anyway)" },
		{ "vm=pulse", "vm=scribe io=0xf2-0xf4", -EPERM,
		  "module 2 (scribe): io=0xf2-0xf4: port 0xf4 belongs to the VMM (power-off)" },
		{ "vm=pulse", "vm=scribe io=0x510-0x51b", -EPERM,
		  "module 2 (scribe): io=0x510-0x51b: port 0x512 is no VM's (fw_cfg's DMA, which "
		  "reaches all memory); 0x510-0x511 does without" },
		{ "vm=pulse", "vm=scribe io=0x510-0x511", 0, "" },
		{ "vm=pulse", "vm=scribe io=0xb004", -EPERM,
		  "module 2 (scribe): io=0xb004: port 0xb004 belongs to the VMM "
		  "(power management)" },
		{ "vm=pulse", "vm=scribe mmio=0xfec00000-0xfec00fff", -EPERM,
		  "module 2 (scribe): mmio=0xfec00000-0xfec00fff: address 0xfec00000 belongs to "
		  "the VMM (the I/O APIC)" },
		{ "vm=pulse", "vm=scribe mmio=0xfe000000-0xffffffff", -EPERM,
		  "module 2 (scribe): mmio=0xfe000000-0xffffffff: address 0xfec00000 belongs to "
		  "the VMM (the I/O APIC)" },
		{ "vm=pulse", "vm=scribe mmio=0xc0000000-0xc0000fff", -EPERM,
		  "module 2 (scribe): mmio=0xc0000000-0xc0000fff: address 0xc0000000 belongs to "
		  "the VMM (the chipset block's registers)" },
		{ "vm=pulse share", "vm=scribe share mmio=0xbffff000-0xc0010fff", -EPERM,
		  "module 2 (scribe): mmio=0xbffff000-0xc0010fff: address 0xc0000000 belongs to "
		  "the VMM (the chipset block's registers)" },
		{ "vm=pulse irq=0:1", "vm=scribe irq=1:0", 0, "" },
		{ "vm=pulse irq=0", "vm=scribe irq=8 block=0:7", -EPERM,
		  "module 2 (scribe): block=0:7: line 0 is not the VM's (irq=)" },
		{ "vm=pulse irq=3 share", "vm=scribe irq=3:5 share", -EEXIST,
		  "module 2 (scribe): line 3 enters other inputs for vm pulse; say the same for "
		  "both" },
		{ "vm=pulse irq=3 block=3:5 share", "vm=scribe irq=3 share", -EEXIST,
		  "module 2 (scribe): line 3 enters other inputs for vm pulse; say the same for "
		  "both" },
		{ "vm=pulse irq=3:5 block=3:6 share", "vm=scribe irq=3:5 block=3:6 share", 0, "" },
		{ "vm=pulse irq=3,5 block=3:7,5:7", "vm=scribe irq=8", 0, "" },
		{ "vm=pulse irq=0 block=0:1", "vm=scribe irq=1 block=1:0", 0, "" },
		{ "vm=pulse irq=0 block=0:1", "vm=scribe irq=1", -EEXIST,
		  "module 2 (scribe): line 1 enters input 1 of the VMM block, as line 0 of vm "
		  "pulse does; block= can part them" },
		{ "vm=pulse irq=7", "vm=scribe irq=3 block=3:7", -EEXIST,
		  "module 2 (scribe): line 3 enters input 7 of the VMM block, as line 7 of vm "
		  "pulse does; block= can part them" },
		{ "vm=pulse irq=3,5 block=5:3 share", "vm=scribe irq=3 share", -EEXIST,
		  "module 2 (scribe): line 3 enters input 3 of the VMM block, as line 5 of vm "
		  "pulse does; block= can part them" },
		{ "vm=pulse", "vm=scribe irq=3 block=3:4", -EPERM,
		  "module 2 (scribe): block=3:4: this input of the VMM block is for the VMM's own "
		  "line 4" },
		{ "vm=pulse", "vm=scribe irq=3 block=3:2", 0, "" },
		{ "vm=pulse", "vm=scribe irq=3:4", 0, "" },
		{ "vm=pulse", "vm=scribe mmio=0x2000000-0x2000fff", -EPERM,
		  "module 2 (scribe): mmio=0x2000000-0x2000fff: address 0x2000000 belongs to the "
		  "VMM (RAM)" },
		{ "vm=pulse", "vm=scribe mmio=0x800000-0x800fff", -EPERM,
		  "module 2 (scribe): mmio=0x800000-0x800fff: this lies in the VM's own memory "
		  "(mem=16384K); it has to be above it, or in 0xa0000-0xfffff" },
		{ "vm=pulse", "vm=scribe mmio=0xb8000-0xbffff", 0, "" },
		{ "vm=pulse", "vm=scribe mmio=0x9f000-0xbffff", -EPERM,
		  "module 2 (scribe): mmio=0x9f000-0xbffff: this lies in the VM's own memory "
		  "(mem=16384K); it has to be above it, or in 0xa0000-0xfffff" },
	};

	(void)state;
	assert_int_equal(
		config_reserve_memory(0xc0000000, 0xc0000fff, "the chipset block's registers"), 0);
	assert_int_equal(config_reserve_ports(0xb000, 0xb03f, "power management"), 0);
	assert_int_equal(config_reserve_memory(0x1000000, 0x10000000, "RAM"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vm_config first = parsed(rows[i].first), second = parsed(rows[i].second);
		const struct vm_config *accepted[] = { &first };

		assert_int_equal(
			config_check_vm(2, &second, accepted, 1, LINE(4), err, sizeof(err)),
			rows[i].error);
		assert_string_equal(err, rows[i].message);
	}
}

static void there_is_room_for_64_vms(void **state)
{
	struct vm_config vm[CONFIG_VMS_MAX + 1];
	const struct vm_config *accepted[CONFIG_VMS_MAX];

	(void)state;
	for (unsigned i = 0; i <= CONFIG_VMS_MAX; i++) {
		assert_int_equal(config_parse_vm(i, "", &vm[i], err, sizeof(err)), 0);
		assert_int_equal(config_check_vm(i, &vm[i], accepted, i, 0, err, sizeof(err)),
		                 i < CONFIG_VMS_MAX ? 0 : -EPERM);
		if (i < CONFIG_VMS_MAX)
			accepted[i] = &vm[i];
	}
	assert_string_equal(err,
	                    "module 64 (vm64): there are 64 VMs already, and no room for more");
}

static void what_a_vm_is_trusted_with_is_a_list(void **state)
{
	struct vm_config vm = parsed("trust=reset,dma busmaster=0:1f.2,ff:0.7");

	(void)state;
	assert_int_equal(vm.trust, TRUST_DMA | TRUST_RESET);
	assert_int_equal(vm.busmaster_count, 2);
	assert_int_equal(vm.busmaster[0], 0xfa);
	assert_int_equal(vm.busmaster[1], 0xff07);
	assert_string_equal(config_trust_name(TRUST_DMA), "dma");
	assert_string_equal(config_trust_name(TRUST_NMI), "nmi");
	assert_string_equal(config_trust_name(TRUST_RESET), "reset");
	vm = parsed("");
	assert_int_equal(vm.trust, 0);
	assert_int_equal(vm.busmaster_count, 0);
}

/* A long memory map: as many pieces of RAM and firmware as firmware likes, and what comes last is
 * reserved as well. */
static void reservations_that_join_are_one(void **state)
{
	struct vm_config vm = parsed("mmio=0x300003000-0x300003fff");

	(void)state;
	for (uint64_t at = 0x200000000; at < 0x200400000; at += 0x2000) {
		assert_int_equal(config_reserve_memory(at, at + 0xfff, "RAM"), 0);
		assert_int_equal(config_reserve_memory(at + 0x1000, at + 0x1fff, "RAM"), 0);
	}
	assert_int_equal(config_reserve_memory(0x300000000, 0x300002fff, "RAM"), 0);
	assert_int_equal(config_reserve_memory(0x300004000, 0x300004fff, "RAM"), 0);
	assert_int_equal(config_check_vm(1, &vm, NULL, 0, 0, err, sizeof(err)), 0);
	assert_int_equal(config_reserve_memory(0x300003000, 0x300003fff, "RAM"), 0);
	assert_int_equal(config_check_vm(1, &vm, NULL, 0, 0, err, sizeof(err)), -EPERM);
	assert_int_equal(config_reserve_memory(0, UINT64_MAX - 1, "all"), 0);
	assert_int_equal(config_reserve_memory(UINT64_MAX, UINT64_MAX, "all"), 0);
}

static bool taken[65536];

static void take(uint16_t first, uint16_t last)
{
	memset(taken + first, 1, last - first + 1u);
}

static void reservations_have_a_limit_that_is_told(void **state)
{
	struct vm_config vm = parsed("io=0xd100");
	uint16_t port = 0xd000;

	(void)state;
	while (port < 0xe000 && config_reserve_ports(port, port, "power management") == 0)
		port += 2;
	assert_int_equal(port, 0xd000 + 2 * CONFIG_RESERVED_PORTS);
	assert_int_equal(config_check_vm(1, &vm, NULL, 0, 0, err, sizeof(err)), 0);
	config_vmms_ports(take);
	assert_true(taken[0xd000] && taken[0x3f9] && taken[0xcf8]);
	assert_false(taken[0xd001] || taken[0x80] || taken[0x87] || taken[0x2e]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(devices_have_one_owner),
		CASE(there_is_room_for_64_vms),
		CASE(what_a_vm_is_trusted_with_is_a_list),
		CASE(reservations_have_a_limit_that_is_told),
		CASE(reservations_that_join_are_one),
	};

	return cmocka_run_group_tests_name("config_check", tests, NULL, NULL);
}
