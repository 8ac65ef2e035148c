/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot loader's modules become VMs: words, image, lines, registers. See the header for the
 * rule.
 */
#include "vmm/modules.h"

#include "arch/x86/log/log.h"
#include "chipset/chipset.h"
#include "vmm/config/config.h"
#include "vmm/confine.h"
#include "vmm/core/lines.h"
#include "vmm/core/pit.h"
#include "vmm/core/sched.h"
#include "vmm/core/vm_build.h"
#include "vmm/operator/console.h"
#include "vmm/vm_files.h"

#include <errno.h>

/* Returns the lines of vm that other VMs have too, and marks the lines as shared for the other
 * owners. The check before has made sure that all owners say 'share'. */
static line_set shared_lines(const struct vm_config *vm)
{
	/* line 0 of several VMs with `pit` is never the line of two VMs at once */
	line_set lines = vm->lines & (line_set) ~(vm->pit ? LINE(PIT_TICK_LINE) : 0);
	line_set shared = 0;
	for (unsigned i = 0; i < vm_count; i++)
		shared |= vms[i]->config.lines & lines;
	for (unsigned i = 0; i < vm_count; i++)
		vms[i]->controller.shared |= vms[i]->config.lines & lines;
	return shared;
}

/* Sends lines to other inputs (R03, R04). The words' defaults need no call. */
static int wire_lines(unsigned number, const struct vm_config *vm)
{
	for (line_set rest = vm->lines; rest; rest &= rest - 1) {
		unsigned line = line_first(rest),
			 to_controller = line_input(vm->controller_input, line),
			 to_block = line_input(vm->block_input, line);
		if (to_controller == line && to_block == line)
			continue;
		if (chipset->mux.wire == NULL) {
			log_line(
				"module %u (%s): line %u: chipset %s cannot send a line to another "
				"input; irqmux and soft can",
				number, vm->name, line, chipset->name);
			return -ENOSYS;
		}
		chipset->mux.wire(line, to_controller, to_block);
	}
	return 0;
}

/* Room for the words of a message. */
enum { TEXT_BYTES = 512 };

/* Reads a module's command line to vm, and holds its words against the VMs before and against the
 * machine. Returns false after a message that names the broken rule. text: TEXT_BYTES of room. */
static bool read_words(unsigned number, const char *line, const struct vmm_config *vmm,
                       struct vm_config *vm, char *text)
{
	static const struct vm_config *accepted[CONFIG_VMS_MAX];

	for (unsigned i = 0; i < vm_count; i++)
		accepted[i] = &vms[i]->config;
	if (vm_count == CONFIG_VMS_MAX) {
		log_line("module %u: there are %d VMs already, and no more are possible", number,
		         CONFIG_VMS_MAX);
		return false;
	}
	if (config_parse_vm(number, line, vm, text, TEXT_BYTES) != 0 ||
	    config_claim_pci(number, vm, text, TEXT_BYTES) != 0 ||
	    config_check_vm(number, vm, accepted, vm_count, console_lines() | LINE(LINE_CASCADE),
	                    text, TEXT_BYTES) != 0 ||
	    config_check_frame(number, vm, vmm, text, TEXT_BYTES) != 0 ||
	    confine_check(number, vm, accepted, vm_count, text, TEXT_BYTES) != 0) {
		log_line("%s", text);
		return false;
	}
	if (vm->routes_at_exit && !chipset->reroutes_at_exits) {
		log_line("module %u (%s): routes=exit: chipset %s has to save the controller to "
		         "change a route; irqmux and soft need not",
		         number, vm->name, chipset->name);
		return false;
	}
	return wire_lines(number, vm) == 0;
}

/* Gives the VM its lines and its controller. shared: the lines that other VMs have too. Returns
 * false after a message. */
static bool give_lines(struct vm *vm, line_set shared)
{
	unsigned taken;

	vm->controller.lines = vm->config.lines;
	vm->controller.unwired = vm->config.uart ? LINE(VM_UART_LINE) : 0;
	vm->controller.shared = shared;
	if (line_assign(vm, &taken) != 0) {
		log_line("vm %s: line %u is taken", vm->config.name, taken);
		return false;
	}
	chipset->controller.reset(&vm->controller, vm->config.lines, shared);
	chipset->block.claim(vm->config.lines, false);
	return true;
}

/* Returns true where the module has become a VM. */
static bool load_module(unsigned number, const struct multiboot_info *info,
                        const struct multiboot_module *module, const struct vmm_config *vmm)
{
	static char text[TEXT_BYTES];
	static struct vm_config vm;

	if (!read_words(number, vm_files_line(module), vmm, &vm, text))
		return false;
	static const enum load_kind kind_of[] = { [GUEST_MULTIBOOT] = LOAD_MULTIBOOT,
		                                  [GUEST_LINUX] = LOAD_LINUX,
		                                  [GUEST_BIOS] = LOAD_BIOS };
	struct load_source source = { .image = (const void *)(uint64_t)module->start,
		                      .bytes = module->end - module->start,
		                      .kind = kind_of[vm.type] };
	if (vm_files_find(info, &vm, &source) != 0)
		return false;
	if (vm_check_image(&source, &vm, text, sizeof(text)) != 0) {
		log_line("vm %s: image refused: %s", vm.name, text);
		return false;
	}
	line_set shared = shared_lines(&vm);
	struct vm *made = vm_create(number, &vm, &source);
	if (made == NULL || confine_vm(made) != 0 || !give_lines(made, shared))
		return false;
	sched_add(made);
	vm_start(made);
	return true;
}

unsigned modules_load(const struct multiboot_info *info, const struct vmm_config *vmm)
{
	const struct multiboot_module *modules = (const void *)(uint64_t)info->mods_addr;
	unsigned count = info->flags & MULTIBOOT_INFO_MODS ? info->mods_count : 0;
	unsigned refused = 0;

	if (count == 0) {
		log_line("no module: nothing to run. Give the boot loader a line such as: module "
		         "/boot/pulse vm=pulse mem=16M irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff");
		return 0;
	}
	for (unsigned i = 0; i < count; i++)
		if (!vm_files_is_file(&modules[i]))
			refused += !load_module(i + 1, info, &modules[i], vmm);
	refused += vm_files_without_vm(info);
	if (vm_count == 0)
		log_line("no VM started");
	return refused;
}
