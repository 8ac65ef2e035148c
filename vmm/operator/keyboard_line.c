/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard's line as a line of the VMM's own. See the header for the rule.
 */
#include "vmm/operator/keyboard_line.h"

#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/keyboard.h"
#include "vmm/core/lines.h"
#include "vmm/core/port_filter.h"

#include <errno.h>

/* Returns the VM's part of the keyboard in words, or NULL. A line at the same input of the VMM
 * block counts: the dispatcher would take the line for the keyboard's. */
static const char *what_it_has(const struct vm *vm)
{
	if (line_in(vm->config.lines, KEYBOARD_LINE))
		return "line 1";
	if (port_is_own(vm, KEYBOARD_DATA) || port_is_own(vm, KEYBOARD_CONTROL))
		return "ports 60h and 64h";
	for (line_set rest = vm->config.lines; rest; rest &= rest - 1)
		if (line_input(vm->config.block_input, line_first(rest)) == KEYBOARD_LINE)
			return "input 1 of the VMM block";
	return NULL;
}

int keyboard_line_claim(void (*handler)(void))
{
	for (unsigned i = 0; i < vm_count; i++) {
		const char *what = what_it_has(vms[i]);

		if (what == NULL)
			continue;
		log_line("no console on the keyboard: vm %s has %s", vms[i]->config.name, what);
		return -EBUSY;
	}
	return line_reserve(KEYBOARD_LINE, handler);
}

void keyboard_line_settle(void)
{
	if (chipset->block.settle == NULL)
		return;
	work_hold();
	chipset->block.settle(LINE(KEYBOARD_LINE));
	work_release();
}
