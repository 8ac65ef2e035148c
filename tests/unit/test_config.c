/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration lines, good and bad.
 *
 * Rule: each refusal is tested by its whole message, because the message is what the user gets.
 */
#include "tests/unit/check.h"

#include "vmm/config/config.h"
#include "vmm/config/words.h"

#include <errno.h>
#include <string.h>

static char err[256];

static void the_lines_of_the_manual_are_understood(void **state)
{
	struct vm_config vm;

	(void)state;
	assert_int_equal(config_parse_vm(1,
	                                 "/boot/pulse vm=pulse mem=16M prio=1 slice=5ms irq=0,3 "
	                                 "io=0x40-0x43,0x61,0x2f8-0x2ff",
	                                 &vm, err, sizeof(err)),
	                 0);
	assert_string_equal(err, "");
	assert_string_equal(vm.name, "pulse");
	assert_true(vm.memory == 16 << 20);
	assert_int_equal(vm.priority, 1);
	assert_int_equal(vm.slice_us, 5000);
	assert_int_equal(vm.lines, LINE(0) | LINE(3));
	assert_int_equal(vm.io_count, 3);
	assert_true(vm.io[0].first == 0x40 && vm.io[0].last == 0x43);
	assert_true(vm.io[1].first == 0x61 && vm.io[1].last == 0x61);
	assert_true(vm.io[2].first == 0x2f8 && vm.io[2].last == 0x2ff);
	assert_int_equal(vm.mmio_count, 0);
	assert_false(vm.share);
	assert_int_equal(vm.onfault, FAULT_LOG);
	assert_int_equal(vm.type, GUEST_MULTIBOOT);
	assert_false(vm.pc);
	assert_int_equal(config_parse_vm(1, "type=bios", &vm, err, sizeof(err)), 0);
	assert_true(vm.type == GUEST_BIOS && vm.pc);
	assert_false(vm.acpi);
	assert_int_equal(config_parse_vm(1, "acpi", &vm, err, sizeof(err)), 0);
	assert_true(vm.acpi && vm.pc);
	assert_int_equal(config_parse_vm(1, "pc type=multiboot", &vm, err, sizeof(err)), 0);
	assert_true(vm.pc);
	assert_int_equal(config_parse_vm(1, "", &vm, err, sizeof(err)), 0);
	assert_string_equal(vm.guest, "");
}

static void a_vm_has_defaults(void **state)
{
	struct vm_config vm;

	(void)state;
	memset(&vm, 0xff, sizeof(vm));
	assert_int_equal(config_parse_vm(7, "", &vm, err, sizeof(err)), 0);
	assert_string_equal(vm.name, "vm7");
	assert_true(vm.memory == 16 << 20);
	assert_int_equal(vm.priority, 1);
	assert_int_equal(vm.slice_us, 5000);
	assert_int_equal(vm.lines, 0);
	assert_true(vm.controller_input == LINE_INPUTS_OWN && vm.block_input == LINE_INPUTS_OWN);
	assert_false(vm.routes_at_exit);
	assert_int_equal(vm.io_count, 0);
	assert_int_equal(vm.mmio_count, 0);
	assert_int_equal(vm.share, 0);
	assert_int_equal(vm.onfault, FAULT_LOG);
	assert_string_equal(vm.guest, "");
}

static void every_word_of_a_vm_is_taken(void **state)
{
	struct vm_config vm;

	(void)state;
	assert_int_equal(
		config_parse_vm(
			2,
			"share onfault=restart irq=8-9,15 mmio=0xb8000-0xbffff slice=100us mem=1M "
			"prio=15 vm=A-b_9 type=linux -- root=/dev/x  \"quoted\" vm=no of=no",
			&vm, err, sizeof(err)),
		0);
	assert_string_equal(vm.name, "A-b_9");
	assert_true(vm.share);
	assert_int_equal(vm.onfault, FAULT_RESTART);
	assert_int_equal(vm.lines, LINE(8) | LINE(9) | LINE(15));
	assert_int_equal(vm.mmio_count, 1);
	assert_true(vm.mmio[0].first == 0xb8000 && vm.mmio[0].last == 0xbffff);
	assert_int_equal(vm.slice_us, 100);
	assert_true(vm.memory == 1 << 20);
	assert_int_equal(vm.priority, 15);
	assert_int_equal(vm.type, GUEST_LINUX);
	assert_true(vm.pc);
	assert_string_equal(vm.guest, "root=/dev/x  \"quoted\" vm=no of=no");

	assert_int_equal(
		config_parse_vm(2, "kernel.elf \"args=a b\" vm=x --", &vm, err, sizeof(err)),
		-EINVAL);
	assert_int_equal(config_parse_vm(2, "kernel.elf \"args=a b\" vm=x", &vm, err, sizeof(err)),
	                 0);
	assert_string_equal(vm.guest, "a b");
	assert_int_equal(config_parse_vm(2, "kernel.elf args=\"a b\"", &vm, err, sizeof(err)), 0);
	assert_string_equal(vm.guest, "a b");
	assert_int_equal(config_parse_vm(2, "-- only text", &vm, err, sizeof(err)), 0);
	assert_string_equal(vm.guest, "only text");
}

static void R03_R04_R17_lines_have_inputs_and_routes_a_time(void **state)
{
	struct vm_config vm;

	(void)state;
	assert_int_equal(config_parse_vm(1, "irq=0:1,1:0,8-9,15:7 block=0:7,15:0xf,9:2 routes=exit",
	                                 &vm, err, sizeof(err)),
	                 0);
	assert_int_equal(vm.lines, LINE(0) | LINE(1) | LINE(8) | LINE(9) | LINE(15));
	assert_true(vm.controller_input == 0x7edcba9876543201ull);
	assert_true(vm.block_input == 0xfedcba2876543217ull);
	assert_true(vm.routes_at_exit);
	assert_int_equal(
		config_parse_vm(1, "irq=3:3 block=3:3 routes=entry", &vm, err, sizeof(err)), 0);
	assert_true(vm.controller_input == LINE_INPUTS_OWN && vm.block_input == LINE_INPUTS_OWN);
	assert_false(vm.routes_at_exit);
	/* Several lines at one input of the controller, and of the block. */
	assert_int_equal(config_parse_vm(1, "irq=3:5,5 block=3:5", &vm, err, sizeof(err)), 0);
	assert_int_equal(line_input(vm.controller_input, 3), 5);
	assert_int_equal(line_input(vm.block_input, 5), 5);
}

static const struct {
	const char *line, *message;
} bad_vm[] = {
	{ "irq=0:2",
	  "module 2 (vm2): irq=0:2: input 2 joins the two 8259s; no line can enter there" },
	{ "irq=0:16", "module 2 (vm2): irq=0:16: there is no input 16 (0-15)" },
	{ "irq=0:99999999999999999999",
	  "module 2 (vm2): irq=0:99999999999999999999: there is no input 99999999999999999999 "
	  "(0-15)" },
	{ "irq=0:", "module 2 (vm2): irq=0:: an input's number is missing" },
	{ "irq=0:x", "module 2 (vm2): irq=0:x: x is not an input's number" },
	{ "irq=0:1:2", "module 2 (vm2): irq=0:1:2: 1:2 is not an input's number" },
	{ "irq=:1", "module 2 (vm2): irq=:1: a line's number is missing" },
	{ "irq=2:1", "module 2 (vm2): irq=2:1: line 2 joins the two 8259s; no device is on it" },
	{ "irq=8-9:1", "module 2 (vm2): irq=8-9:1: 8-9:1: one line has one input" },
	{ "irq=0:1,0", "module 2 (vm2): irq=0:1,0: line 0 is in the list twice" },
	{ "irq=16:1", "module 2 (vm2): irq=16:1: 16 is not a line (0-15)" },
	{ "block=0", "module 2 (vm2): block=0: 0 is not LINE:INPUT" },
	{ "block=", "module 2 (vm2): block=:  is not LINE:INPUT" },
	{ "irq=0 block=0:16", "module 2 (vm2): block=0:16: there is no input 16 (0-15)" },
	{ "irq=0 block=0:-1", "module 2 (vm2): block=0:-1: -1 is not an input's number" },
	{ "irq=8-9 block=8-9:3", "module 2 (vm2): block=8-9:3: 8-9:3: one line has one input" },
	{ "irq=0,1 block=0:1,1", "module 2 (vm2): block=0:1,1: 1 is not LINE:INPUT" },
	{ "irq=0,1 block=0:1,0:3", "module 2 (vm2): block=0:1,0:3: line 0 is in the list twice" },
	{ "routes=always", "module 2 (vm2): routes=always: it is one of entry, exit" },
	{ "banks=2", "module 2 (vm2): banks=2: unknown word" },
	{ "vm=scribe irq=0,16", "module 2 (scribe): irq=0,16: 16 is not a line (0-15)" },
	{ "irq=99999999999999999999",
	  "module 2 (vm2): irq=99999999999999999999: 99999999999999999999 is not a line (0-15)" },
	{ "irq=2", "module 2 (vm2): irq=2: line 2 joins the two 8259s; no device is on it" },
	{ "irq=0-15 vm=late",
	  "module 2 (late): irq=0-15: line 2 joins the two 8259s; no device is on it" },
	{ "irq=9-8", "module 2 (vm2): irq=9-8: 9-8 runs backwards" },
	{ "irq=3,3", "module 2 (vm2): irq=3,3: line 3 is in the list twice" },
	{ "irq=", "module 2 (vm2): irq=: a line's number is missing" },
	{ "irq=3,", "module 2 (vm2): irq=3,: a line's number is missing" },
	{ "irq=com2", "module 2 (vm2): irq=com2: com2 is not a number or a range" },
	{ "io=0x10000", "module 2 (vm2): io=0x10000: 0x10000 is above 0xffff" },
	{ "io=0x43-0x40", "module 2 (vm2): io=0x43-0x40: 0x43-0x40 runs backwards" },
	{ "io=0x40-0x43,0x43", "module 2 (vm2): io=0x40-0x43,0x43: 0x43 is in the list twice" },
	{ "io=40h", "module 2 (vm2): io=40h: 40h is not a number or a range" },
	{ "io=,", "module 2 (vm2): io=,: an address is missing" },
	{ "io=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
	  "module 2 (vm2): io=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17: more than 16 ranges" },
	{ "mmio=0xb8001-0xb8fff",
	  "module 2 (vm2): mmio=0xb8001-0xb8fff: 0xb8001-0xb8fff is not whole pages "
	  "(0x...000-0x...fff)" },
	{ "mmio=0xb8000",
	  "module 2 (vm2): mmio=0xb8000: 0xb8000 is not whole pages (0x...000-0x...fff)" },
	{ "mmio=0x400000000000-0x400000000fff",
	  "module 2 (vm2): mmio=0x400000000000-0x400000000fff: 0x400000000000-0x400000000fff is "
	  "above 0x3fffffffffff" },
	{ "mem=16", "module 2 (vm2): mem=16: less than 1M" },
	{ "mem=512G", "module 2 (vm2): mem=512G: more than 511G" },
	{ "mem=99999999999G", "module 2 (vm2): mem=99999999999G: more than 511G" },
	{ "mem=1048577", "module 2 (vm2): mem=1048577: not a multiple of 4K" },
	{ "mem=lots", "module 2 (vm2): mem=lots: a size is a number and K, M or G, as in 16M" },
	{ "mem=", "module 2 (vm2): mem=: a size is a number and K, M or G, as in 16M" },
	{ "mem", "module 2 (vm2): mem: a value is missing: mem=..." },
	{ "prio=16", "module 2 (vm2): prio=16: more than 15" },
	{ "prio=high", "module 2 (vm2): prio=high: it is a number from 0 to 15" },
	{ "slice=5", "module 2 (vm2): slice=5: a time is a number and us, ms or s, as in 5ms" },
	{ "slice=99us", "module 2 (vm2): slice=99us: a slice is from 100us to 1s" },
	{ "slice=2s", "module 2 (vm2): slice=2s: a slice is from 100us to 1s" },
	{ "slice=0", "module 2 (vm2): slice=0: a slice is from 100us to 1s" },
	{ "slice=99999999999999999s", "module 2 (vm2): slice=99999999999999999s: too long a time" },
	{ "budget=0/10ms", "module 2 (vm2): budget=0/10ms: a budget is 100us at least" },
	{ "budget=99us/10ms", "module 2 (vm2): budget=99us/10ms: a budget is 100us at least" },
	{ "budget=11ms/10ms",
	  "module 2 (vm2): budget=11ms/10ms: the budget is longer than its period" },
	{ "budget=2ms/0", "module 2 (vm2): budget=2ms/0: a period is from 1ms to 1s" },
	{ "budget=2ms/2s", "module 2 (vm2): budget=2ms/2s: a period is from 1ms to 1s" },
	{ "budget=2ms",
	  "module 2 (vm2): budget=2ms: it is so much in each period, as in 2ms/10ms" },
	{ "budget=/10ms",
	  "module 2 (vm2): budget=/10ms: a time is a number and us, ms or s, as in 5ms" },
	{ "budget=2ms/",
	  "module 2 (vm2): budget=2ms/: a time is a number and us, ms or s, as in 5ms" },
	{ "budget=2/10",
	  "module 2 (vm2): budget=2/10: a time is a number and us, ms or s, as in 5ms" },
	{ "budget=2ms/10ms/1",
	  "module 2 (vm2): budget=2ms/10ms/1: a time is a number and us, ms or "
	  "s, as in 5ms" },
	{ "wakeups=0/10ms",
	  "module 2 (vm2): wakeups=0/10ms: at least 1; without the word there is no limit" },
	{ "wakeups=5", "module 2 (vm2): wakeups=5: it is so much in each period, as in 5/10ms" },
	{ "wakeups=5/10us", "module 2 (vm2): wakeups=5/10us: a period is from 1ms to 1s" },
	{ "wakeups=100001/10ms", "module 2 (vm2): wakeups=100001/10ms: more than 100000" },
	{ "wakeups=2ms/10ms", "module 2 (vm2): wakeups=2ms/10ms: it is a number from 0 to 100000" },
	{ "share=yes", "module 2 (vm2): share=yes: 'share' takes no value" },
	{ "onfault=panic", "module 2 (vm2): onfault=panic: it is one of log, stop, restart" },
	{ "type=bsd", "module 2 (vm2): type=bsd: it is one of multiboot, linux, bios" },
	{ "trust=all", "module 2 (vm2): trust=all: it is one of dma, nmi, reset" },
	{ "trust=nmi,", "module 2 (vm2): trust=nmi,: it is one of dma, nmi, reset" },
	{ "uart=com2", "module 2 (vm2): uart=com2: it is one of com1" },
	{ "acpi=on", "module 2 (vm2): acpi=on: 'acpi' takes no value" },
	{ "uart", "module 2 (vm2): uart: a value is missing: uart=..." },
	{ "ticks=some", "module 2 (vm2): ticks=some: it is one of merge, all" },
	{ "pit=1", "module 2 (vm2): pit=1: 'pit' takes no value" },
	{ "busmaster=1f.2",
	  "module 2 (vm2): busmaster=1f.2: 1f.2 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
	{ "busmaster=0:20.0",
	  "module 2 (vm2): busmaster=0:20.0: 0:20.0 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
	{ "busmaster=0:1.8",
	  "module 2 (vm2): busmaster=0:1.8: 0:1.8 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
	{ "busmaster=100:1.0",
	  "module 2 (vm2): busmaster=100:1.0: 100:1.0 is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
	{ "busmaster=0:1.0x",
	  "module 2 (vm2): busmaster=0:1.0x: 0:1.0x is not BUS:DEVICE.FUNCTION, as in 0:1f.2" },
	{ "busmaster=0:1.0,0:1.1,0:1.2,0:1.3,0:1.4,0:1.5,0:1.6,0:1.7,0:2.0",
	  "module 2 (vm2): busmaster=0:1.0,0:1.1,0:1.2,0:1.3,0:1.4,0:1.5,0:1.6,0:1.7,0:2.0: more "
	  "than 8 functions" },
	{ "vm=", "module 2 (vm2): vm=: a name is missing" },
	{ "vm=1st",
	  "module 2 (vm2): vm=1st: a name is a letter, then letters, digits, '-' or '_'" },
	{ "vm=a.b",
	  "module 2 (vm2): vm=a.b: a name is a letter, then letters, digits, '-' or '_'" },
	{ "vm=abcdefghijklmnop",
	  "module 2 (vm2): vm=abcdefghijklmnop: a name has at most 15 characters" },
	{ "vm=vmm", "module 2 (vm2): vm=vmm: this name is the VMM's own" },
	{ "vm=a vm=b", "module 2 (a): vm=b: 'vm' was given before" },
	{ "mem=8M mem=8M", "module 2 (vm2): mem=8M: 'mem' was given before" },
	{ "vm=a color=red", "module 2 (a): color=red: unknown word" },
	{ "vm=a Share", "module 2 (a): Share: unknown word" },
	{ "vm=a =", "module 2 (a): =: unknown word" },
	{ "vm=a \"\"", "module 2 (a): : unknown word" },
	{ "vm=a \x01\xfe=\x80", "module 2 (a): ?"
	                        "?=?: unknown word" },
	{ "vm=a args=\"x", "module 2 (a): args=x: the closing quote is missing" },
	{ "vm=a args=x -- y", "module 2 (a): --: the guest's text was given by args= before" },
	{ "vm=a bad=1 worse=2", "module 2 (a): bad=1: unknown word" },
};

static void a_bad_word_of_a_vm_is_one_clear_line(void **state)
{
	struct vm_config vm;

	(void)state;
	for (size_t i = 0; i < sizeof(bad_vm) / sizeof(bad_vm[0]); i++) {
		assert_int_equal(config_parse_vm(2, bad_vm[i].line, &vm, err, sizeof(err)),
		                 -EINVAL);
		assert_string_equal(err, bad_vm[i].message);
	}
}

static void a_bad_word_leaves_its_default_and_the_rest(void **state)
{
	struct vm_config vm;

	(void)state;
	assert_int_equal(
		config_parse_vm(2, "irq=3,16 io=0x40,x mem=0 prio=3", &vm, err, sizeof(err)),
		-EINVAL);
	assert_int_equal(vm.lines, 0);
	assert_int_equal(vm.io_count, 0);
	assert_true(vm.memory == 16 << 20);
	assert_int_equal(vm.priority, 3);
}

static void text_for_the_guest_has_a_limit(void **state)
{
	char line[3 + CONFIG_TEXT_MAX + 1] = "-- ";
	struct vm_config vm;

	(void)state;
	memset(line + 3, 'g', CONFIG_TEXT_MAX - 1);
	assert_int_equal(config_parse_vm(1, line, &vm, err, sizeof(err)), 0);
	assert_int_equal(strlen(vm.guest), CONFIG_TEXT_MAX - 1);
	memset(line + 3, 'g', CONFIG_TEXT_MAX);
	assert_int_equal(config_parse_vm(1, line, &vm, err, sizeof(err)), -EINVAL);
	assert_string_equal(err,
	                    "module 1 (vm1): --: the guest's text has 256 bytes, at most 255 fit");
	assert_string_equal(vm.guest, "");
}

/* ---- A VM's module ---- */

static void a_module_names_its_vm_and_has_its_own_text(void **state)
{
	struct of_config of;

	(void)state;
	assert_true(config_is_of("/boot/initrd of=linux"));
	assert_true(config_is_of("of="));
	assert_false(config_is_of("vm=linux -- of=linux"));
	assert_false(config_is_of("vm=linux xof=linux \"args=a of=b\""));
	assert_false(config_is_of(""));
	assert_int_equal(config_parse_of(3, "/boot/initrd of=linux", &of, err, sizeof(err)), 0);
	assert_string_equal(of.vm, "linux");
	assert_string_equal(of.line, "");
	assert_int_equal(config_parse_of(3, "of=a-1 -- one  two", &of, err, sizeof(err)), 0);
	assert_string_equal(of.vm, "a-1");
	assert_string_equal(of.line, "one  two");
	assert_int_equal(config_parse_of(3, "of=a args=\"one two\"", &of, err, sizeof(err)), 0);
	assert_string_equal(of.line, "one two");
	assert_string_equal(err, "");
}

static const struct {
	const char *line, *message;
} bad_of[] = {
	{ "of=", "module 3: of=: a name is missing" },
	{ "initrd of", "module 3: of: a value is missing: of=..." },
	{ "of=a of=b", "module 3: of=b: 'of' was given before" },
	{ "of=a mem=3M", "module 3: mem=3M: unknown word" },
	{ "of=a args=x -- y", "module 3: --: the guest's text was given by args= before" },
	{ "of=vmm", "module 3: of=vmm: this name is the VMM's own" },
};

static void a_bad_word_of_a_module_is_one_clear_line(void **state)
{
	struct of_config of;
	char line[300] = "of=a -- ";

	(void)state;
	for (size_t i = 0; i < sizeof(bad_of) / sizeof(bad_of[0]); i++) {
		assert_int_equal(config_parse_of(3, bad_of[i].line, &of, err, sizeof(err)),
		                 -EINVAL);
		assert_string_equal(err, bad_of[i].message);
	}
	memset(line + 8, 'g', CONFIG_TEXT_MAX);
	assert_int_equal(config_parse_of(3, line, &of, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "module 3: --: the guest's text has 256 bytes, at most 255 fit");
	assert_string_equal(of.line, "");
}

static void a_small_message_buffer_is_respected(void **state)
{
	struct vm_config vm;
	struct vmm_config vmm;
	char small[8];

	(void)state;
	for (size_t size = 0; size <= sizeof(small); size++) {
		memset(small, '#', sizeof(small));
		assert_int_equal(config_parse_vm(1, "irq=16", &vm, small, size), -EINVAL);
		for (size_t i = size; i < sizeof(small); i++)
			assert_int_equal(small[i], '#');
		assert_int_equal(config_parse_vmm("x y=1", &vmm, small, size), -EINVAL);
	}
}

static void the_vmm_has_defaults(void **state)
{
	struct vmm_config vmm;

	(void)state;
	memset(&vmm, 0xff, sizeof(vmm));
	assert_int_equal(config_parse_vmm("", &vmm, err, sizeof(err)), 0);
	assert_string_equal(vmm.console, "com1");
	assert_string_equal(vmm.chipset, "auto");
	assert_int_equal(vmm.banks, 0);
	assert_int_equal(vmm.nmi, NMI_LOG);
	assert_string_equal(vmm.nmi_vm, "");
	assert_int_equal(vmm.status_ms, 1000);
	assert_int_equal(vmm.seconds, 0);
	assert_int_equal(vmm.jitter, 0);
	assert_false(vmm.mitigations_off);
	assert_int_equal(vmm.stay, 0);
	assert_int_equal(vmm.keyboard, KEYBOARD_AUTO);
	assert_int_equal(vmm.end, END_AUTO);
	assert_false(vmm.trace_on);
}

static void every_word_of_the_vmm_is_taken(void **state)
{
	struct vmm_config vmm;

	(void)state;
	assert_int_equal(
		config_parse_vmm(
			"/boot/signalbox console=none chipset=pc nmi=vm:pulse status=500ms "
			"seconds=30 jitter=0x7 stay",
			&vmm, err, sizeof(err)),
		0);
	assert_string_equal(vmm.console, "none");
	assert_string_equal(vmm.chipset, "pc");
	assert_int_equal(vmm.nmi, NMI_VM);
	assert_string_equal(vmm.nmi_vm, "pulse");
	assert_int_equal(vmm.status_ms, 500);
	assert_int_equal(vmm.seconds, 30);
	assert_int_equal(vmm.jitter, 7);
	assert_int_equal(vmm.stay, 1);
	assert_int_equal(config_parse_vmm("stay nmi=panic status=0", &vmm, err, sizeof(err)), 0);
	assert_int_equal(vmm.stay, 1);
	assert_int_equal(vmm.nmi, NMI_PANIC);
	assert_int_equal(vmm.status_ms, 0);
	/* How many there are is found out later. */
	assert_int_equal(config_parse_vmm("chipset=irqmux banks=20", &vmm, err, sizeof(err)), 0);
	assert_int_equal(vmm.banks, 20);
	assert_int_equal(config_parse_vmm("mitigations=off", &vmm, err, sizeof(err)), 0);
	assert_true(vmm.mitigations_off);
	assert_int_equal(config_parse_vmm("mitigations=auto", &vmm, err, sizeof(err)), 0);
	assert_false(vmm.mitigations_off);
	assert_int_equal(config_parse_vmm("trace=on", &vmm, err, sizeof(err)), 0);
	assert_true(vmm.trace_on);
	assert_int_equal(config_parse_vmm("trace=off", &vmm, err, sizeof(err)), 0);
	assert_false(vmm.trace_on);
	assert_int_equal(
		config_parse_vmm("console=vga keyboard=on end=off", &vmm, err, sizeof(err)), 0);
	assert_string_equal(vmm.console, "vga");
	assert_int_equal(vmm.keyboard, KEYBOARD_ON);
	assert_int_equal(vmm.end, END_OFF);
	assert_int_equal(
		config_parse_vmm("console=auto keyboard=off end=halt", &vmm, err, sizeof(err)), 0);
	assert_string_equal(vmm.console, "auto");
	assert_int_equal(vmm.keyboard, KEYBOARD_OFF);
	assert_int_equal(vmm.end, END_HALT);
}

static void a_bad_word_of_the_vmm_is_one_clear_line(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{ "console=com3", "console=com3: it is one of com1, vga, auto, none" },
		{ "keyboard=us", "keyboard=us: it is one of auto, on, off" },
		{ "end=now", "end=now: it is one of auto, wait, off, halt" },
		{ "chipset=best", "chipset=best: it is one of auto, irqmux, pc, soft, apic" },
		{ "banks=256", "banks=256: more than 255" },
		{ "banks=all", "banks=all: it is a number from 0 to 255" },
		{ "routes=exit", "routes=exit: unknown word" },
		{ "nmi=ignore", "nmi=ignore: it is one of panic, log, vm:NAME" },
		{ "nmi=vm:", "nmi=vm:: a name is missing" },
		{ "status=1us", "status=1us: the status line's time is 0, or from 10ms to 3600s" },
		{ "seconds=1s", "seconds=1s: it is a number from 0 to 1000000" },
		{ "seconds=1000001", "seconds=1000001: more than 1000000" },
		{ "jitter=4294967296", "jitter=4294967296: more than 4294967295" },
		{ "mitigations=some", "mitigations=some: it is one of auto, off" },
		{ "trace=full", "trace=full: it is one of off, on" },
		{ "stay=1", "stay=1: 'stay' takes no value" },
		{ "x -- y", "--: unknown word" },
		{ "console=none consol=com1", "consol=com1: unknown word" },
	};
	struct vmm_config vmm;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(config_parse_vmm(rows[i].line, &vmm, err, sizeof(err)), -EINVAL);
		assert_string_equal(err, rows[i].message);
	}
	assert_int_equal(config_parse_vmm("console=com9 chipset=pc", &vmm, err, sizeof(err)),
	                 -EINVAL);
	assert_string_equal(vmm.console, "com1");
	assert_string_equal(vmm.chipset, "pc");
}

static void a_frame_is_a_table_of_parts(void **state)
{
	struct vmm_config vmm;

	(void)state;
	assert_int_equal(config_parse_vmm("/boot/signalbox frame=10ms pulse:3ms scribe:500us "
	                                  "pulse:6500us status=0",
	                                  &vmm, err, sizeof(err)),
	                 0);
	assert_int_equal(vmm.frame_us, 10000);
	assert_int_equal(vmm.part_count, 3);
	assert_string_equal(vmm.part[1].vm, "scribe");
	assert_int_equal(vmm.part[1].us, 500);
	assert_string_equal(vmm.part[2].vm, "pulse");
	assert_int_equal(vmm.part[2].us, 6500);
	assert_int_equal(vmm.status_ms, 0);
}

static void a_bad_frame_is_one_clear_line(void **state)
{
	static const char *const rows[][2] = {
		{ "frame=0", "frame=0: a frame is from 1ms to 1s" },
		{ "frame=2s", "frame=2s: a frame is from 1ms to 1s" },
		{ "frame=10", "frame=10: a time is a number and us, ms or s, as in 5ms" },
		{ "pulse:3ms", "pulse:3ms: a part of a frame, and frame= has to come before" },
		{ "frame=10ms pulse:11ms",
		  "pulse:11ms: the parts are longer than the frame: 11000 of 10000 us" },
		{ "frame=10ms a:6ms b:4001us",
		  "b:4001us: the parts are longer than the frame: 10001 of 10000 us" },
		{ "frame=10ms a:99999999999999s", "a:99999999999999s: too long a time" },
		{ "frame=10ms a:99us", "a:99us: a part is 100us at least" },
		{ "frame=10ms a:0", "a:0: a part is 100us at least" },
		{ "frame=10ms a:", "a:: a time is a number and us, ms or s, as in 5ms" },
		{ "frame=10ms :1ms", ":1ms: a name is missing" },
		{ "frame=10ms 1a:1ms",
		  "1a:1ms: a name is a letter, then letters, digits, '-' or '_'" },
		{ "frame=10ms abcdefghijklmnop:1ms",
		  "abcdefghijklmnop:1ms: a name has at most 15 characters" },
		{ "frame=10ms a:1ms:2ms",
		  "a:1ms:2ms: a time is a number and us, ms or s, as in 5ms" },
		{ "frame=1s a:1ms a:1ms a:1ms a:1ms a:1ms a:1ms a:1ms a:1ms a:1ms a:1ms a:1ms "
		  "a:1ms a:1ms a:1ms a:1ms a:1ms b:1ms",
		  "b:1ms: more than 16 parts" },
	};
	struct vmm_config vmm;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(config_parse_vmm(rows[i][0], &vmm, err, sizeof(err)), -EINVAL);
		assert_string_equal(err, rows[i][1]);
	}
}

static void a_vm_beside_a_frame_has_no_other_time(void **state)
{
	static const char *const rows[][3] = {
		{ "frame=10ms vm:3ms", "vm=vm", "" },
		{ "frame=10ms vm:3ms", "vm=other", "" },
		{ "frame=10ms vm:10ms", "vm=vm", "" },
		{ "", "vm=vm budget=1ms/10ms wakeups=1/10ms", "" },
		{ "frame=10ms vm:10ms", "vm=other",
		  "module 3 (other): the VMM's frame= has no part for this VM, and no rest" },
		{ "frame=10ms vm:3ms", "vm=vm budget=1ms/10ms",
		  "module 3 (vm): budget=: the VMM's frame= gives the time; take one of the two "
		  "out" },
		{ "frame=10ms vm:3ms", "vm=vm wakeups=1/10ms",
		  "module 3 (vm): wakeups=: the VMM's frame= gives the time; take one of the two "
		  "out" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vmm_config vmm;
		struct vm_config vm;
		assert_int_equal(config_parse_vmm(rows[i][0], &vmm, err, sizeof(err)), 0);
		assert_int_equal(config_parse_vm(3, rows[i][1], &vm, err, sizeof(err)), 0);
		err[0] = '\0';
		assert_int_equal(config_check_frame(3, &vm, &vmm, err, sizeof(err)),
		                 rows[i][2][0] == '\0' ? 0 : -EPERM);
		assert_string_equal(err, rows[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lines_of_the_manual_are_understood),
		cmocka_unit_test(a_vm_has_defaults),
		cmocka_unit_test(every_word_of_a_vm_is_taken),
		cmocka_unit_test(R03_R04_R17_lines_have_inputs_and_routes_a_time),
		cmocka_unit_test(a_bad_word_of_a_vm_is_one_clear_line),
		cmocka_unit_test(a_bad_word_leaves_its_default_and_the_rest),
		cmocka_unit_test(text_for_the_guest_has_a_limit),
		cmocka_unit_test(a_module_names_its_vm_and_has_its_own_text),
		cmocka_unit_test(a_bad_word_of_a_module_is_one_clear_line),
		cmocka_unit_test(a_small_message_buffer_is_respected),
		cmocka_unit_test(the_vmm_has_defaults),
		cmocka_unit_test(every_word_of_the_vmm_is_taken),
		cmocka_unit_test(a_bad_word_of_the_vmm_is_one_clear_line),
		cmocka_unit_test(a_frame_is_a_table_of_parts),
		cmocka_unit_test(a_bad_frame_is_one_clear_line),
		cmocka_unit_test(a_vm_beside_a_frame_has_no_other_time),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
