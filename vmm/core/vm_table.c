/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMs, and their memory as the VMM sees it.
 *
 * Rule: a VM keeps its place in the table until the end of the run.
 */
#include "vmm/core/vm.h"
#include "vmm/load/bios.h"
#include "vmm/load/handover.h"

#include <string.h>

struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;

struct vm *vm_find(const char *name)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (strcmp(vms[i]->config.name, name) == 0)
			return vms[i];
	return NULL;
}

uint64_t vm_hole_end(const struct vm *vm)
{
	return vm->config.type == GUEST_BIOS ? BIOS_FIRST : HOLE_END;
}

void *vm_memory(struct vm *vm, uint64_t address, uint64_t bytes)
{
	const struct guest_ram_part *part = &vm->ram.part[address >= GUEST_RAM_HIGH];
	const uint64_t offset = address - part->guest;

	if (bytes > part->bytes || offset > part->bytes - bytes)
		return NULL;
	if (address + bytes > HOLE_FIRST && address < vm_hole_end(vm))
		return NULL;
	return (void *)(part->host + offset);
}
