/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the lines. See the header for the rule.
 */
#include "vmm/core/lines.h"

#include <errno.h>

struct line line_table[LINE_ROOM];
line_set line_vmm, line_again;

/* Returns true where vm may have the line beside the present owners. */
static bool is_free(const struct vm *vm, unsigned line)
{
	if (line_in(line_vmm, line))
		return false;
	return line_table[line].vms == 0 || line_in(vm->controller.shared, line) ||
	       (line == PIT_TICK_LINE && vm->config.pit); /* all owners have `pit` */
}

__attribute__((cold)) int line_assign(struct vm *vm, unsigned *taken)
{
	for (line_set rest = vm->controller.lines; rest; rest &= rest - 1) {
		*taken = line_first(rest);
		if (!is_free(vm, *taken))
			return -EBUSY;
	}
	for (line_set rest = vm->controller.lines; rest; rest &= rest - 1) {
		struct line *line = &line_table[line_first(rest)];
		line->owner = line->vms == 0 ? vm : NULL;
		line->vms |= VM_BIT(vm->number);
	}
	return 0;
}

__attribute__((cold)) int line_reserve(unsigned line, void (*handler)(void))
{
	if (line_in(line_vmm, line) || line_table[line].vms != 0)
		return -EBUSY;
	line_vmm |= LINE(line);
	line_table[line].handler = handler;
	chipset->block.claim(LINE(line), true);
	return 0;
}
