/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM from its first C instruction to its last: the order of the boot.
 *
 * Rule: a message tells of each missing part, and the machine ends with a status. vmm_main() never
 * returns.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/mitigations.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/stacks.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/framebuffer.h"
#include "arch/x86/machine/multiboot2.h"
#include "arch/x86/machine/pci_bars.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/virt.h"
#include "vmm/allotments.h"
#include "vmm/config/config.h"
#include "vmm/config/reserve.h"
#include "vmm/confine.h"
#include "vmm/core/absent.h"
#include "vmm/core/background.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/pit.h"
#include "vmm/core/processor.h"
#include "vmm/core/run.h"
#include "vmm/machine.h"
#include "vmm/modules.h"
#include "vmm/operator/console.h"
#include "vmm/operator/operator.h"
#include "vmm/operator/report.h"
#include "vmm/operator/screen.h"
#include "vmm/operator/summary.h"
#include "vmm/operator/watch.h"
#include "vmm/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

extern uint64_t boot_entry_tsc;

/* The boot loader's words: the configuration, and what came of the modules. */
static struct {
	struct vmm_config config;
	struct boot_facts facts; /* where the loader speaks multiboot 2 */
	unsigned refused;        /* modules of no use */
} boot;

static _Noreturn void end(int status)
{
	console_set_interrupts(false);
	log_line("end: status %d", status);
	console_flush();
	virt_leave();
	power_off(status);
}

/* Returns the name that the processor gives itself. */
static const char *processor_name(void)
{
	static uint32_t name[13]; /* 48 bytes, and the end of the string */
	uint32_t *word = name;

	for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
		struct cpuid c = cpu_id(leaf, 0);
		*word++ = c.eax;
		*word++ = c.ebx;
		*word++ = c.ecx;
		*word++ = c.edx;
	}
	return (const char *)name;
}

/* Prints the last screen, for a machine where people read screens. */
static void show_summary(int status)
{
	screen_mark_summary();
	summary_print(&(struct summary){ .version = version_name,
	                                 .processor = processor_name(),
	                                 .virtualisation = virt_describe(),
	                                 .chipset = chipset->name,
	                                 .refused = boot.refused,
	                                 .status = status });
}

static void say_what_was_found(void)
{
	log_line("%s", version_name);
	log_line("cpu: %s; %u processor%s, one in use; TSC %lu kHz", processor_name(),
	         platform.processors ? platform.processors : 1, platform.processors > 1 ? "s" : "",
	         (unsigned long)platform.tsc_khz);
	log_line("virtualisation: %s", virt_describe());
	log_line("mitigations: %s", mitigations_describe());
	log_line("chipset: %s", chipset->name);
	log_line("memory: the VMM takes %luK, %luM are free for VMs",
	         (unsigned long)(frames_vmm_bytes() >> 10),
	         (unsigned long)(frames_free_bytes() >> 20));
}

/* Serves the console's line. A typed command is carried out at once, without waiting for another
 * decision. */
static void serve_console(void)
{
	console_interrupt();
	if (console_is_pending()) {
		line_again |= LINE(CONSOLE_LINE);
		processor_look_at_once();
	}
}

static void machine_init(const struct multiboot_info *info)
{
	acpi_init(boot.facts.rsdp);
	frames_init(info);
	lapic_init();
	slice_timer_quieten();
	ioapic_init();
	tsc_calibrate();
	confine_begin();
	pci_sense_by_level();
	if (reserve_machine(info) != 0 || virt_init() != 0 ||
	    chipset_init(boot.config.chipset, boot.config.banks) != 0)
		end(1);
	mitigations_init(boot.config.mitigations_off);
	if (chipset_window != 0 && config_reserve_device(chipset_window, chipset_window + PAGE - 1,
	                                                 "the chipset block's registers") != 0) {
		log_line("the chipset block's registers cannot be kept from VMs: "
		         "the memory map is too long");
		end(1);
	}
	if (console_lines())
		(void)line_reserve(line_first(console_lines()), serve_console);
}

/* Stops a timer that firmware left running and no VM owns: the timer only wears the line. In mode 0
 * the output stays low until a count is written (8254 datasheet, control word). */
static void silence_timer(void)
{
	enum { PIT_CONTROL = 0x43, PIT_CHANNEL_0_MODE_0 = 0x30 };
	if (line_table[0].vms == 0)
		io_out8(PIT_CONTROL, PIT_CHANNEL_0_MODE_0);
}

static void set_nmi_policy(void)
{
	struct vm *vm = boot.config.nmi == NMI_VM ? vm_find(boot.config.nmi_vm) : NULL;

	if (boot.config.nmi == NMI_VM && vm == NULL) {
		log_line("nmi=vm:%s: there is no such VM; external NMIs are logged",
		         boot.config.nmi_vm);
		boot.config.nmi = NMI_LOG;
	}
	dispatch_set_policy(boot.config.nmi, vm);
}

/* Reads the VMM's words, and makes the console. From here on a fault can be told of. */
static void begin_console(const struct multiboot_info *info)
{
	static char problem[256];
	const char *line = "";
	bool useless = !framebuffer_init(boot.facts.screen);

	vga_init();
	if (info->flags & MULTIBOOT_INFO_CMDLINE)
		line = (const char *)(uint64_t)info->cmdline;
	int bad = config_parse_vmm(line, &boot.config, problem, sizeof(problem));
	screen_init(&boot.config, console_init(boot.config.console) == 0 && console_lines() != 0);
	pages_protect();
	stacks_fill();
	if (boot.facts.problem != NULL)
		log_line("multiboot 2: the loader's tag at %lxh is malformed; passed over",
		         (unsigned long)boot.facts.problem);
	if (useless)
		log_line("the framebuffer is of no use: it lies above 4 GiB, has no 32 bits for a "
		         "pixel, or is below 400 by 200");
	if (bad)
		log_line("%s", problem);
}

/* Prepares the machine, and makes a VM of each module. */
static void make_vms(const struct multiboot_info *info)
{
	machine_init(info);
	boot.refused = modules_load(info, &boot.config);
	if (vm_count == 0)
		end(1);
	pages_drop_first();
	if (absent_begin() != 0) {
		log_line("no memory for the VMs' nested page tables");
		end(1);
	}
	silence_timer();
	pit_begin();
	allotments_begin(cpu_tsc(), &boot.config);
	set_nmi_policy();
	screen_begin();
	machine_confine();
}

/* Prints the banner. */
static void tell_of_machine(void)
{
	say_what_was_found();
	machine_describe();
	report_lines(false);
	report_budgets();
}

/* Runs the VMs to their end, and returns the run's status. */
static int run_vms(void)
{
	background_init(operator_step);
	watch_set(boot.config.trace_on);
	console_set_interrupts(true);
	log_line("first guest after %lu TSC ticks", (unsigned long)(cpu_tsc() - boot_entry_tsc));
	log_notes_later(background_want);
	int status = run_all(&boot.config, &operator_calls);
	confine_end();
	console_set_interrupts(false);
	background_finish();
	watch_set(false);
	log_notes_later(NULL);
	screen_mark_report();
	report_final();
	return status != 0 || boot.refused != 0 ? 1 : 0;
}

_Noreturn void vmm_main(uint32_t magic, struct multiboot_info *info)
{
	tables_init();
	if (magic == MULTIBOOT2_BOOT_MAGIC)
		info = multiboot2_read(info, &boot.facts);
	begin_console(info);
	make_vms(info);
	tell_of_machine();
	int status = run_vms();
	if (screen_waits())
		show_summary(status);
	end(status);
}
