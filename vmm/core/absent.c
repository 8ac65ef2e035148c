/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory that does not belong to the VM. See the header for the rule.
 *
 * Reads of absent memory do not exit: a page of ones is mapped at all addresses without another
 * page. A write exits, and the VMM steps over the instruction. Some writes cannot be stepped over,
 * such as the frame of an event. Such a write gets a page of its VM to write to. The page goes when
 * ABSENT_PAGES other writes have needed such a page.
 */
#include "vmm/core/absent.h"

#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <string.h>

static uint64_t page_of(uint64_t address)
{
	return address & ~(uint64_t)(PAGE - 1);
}

static bool is_in(const struct config_range *list, unsigned count, uint64_t address)
{
	for (unsigned i = 0; i < count; i++)
		if (address >= list[i].first && address <= list[i].last)
			return true;
	return false;
}

/* Returns true where the page is a device's page, of another VM or of the VMM. A VM's own pages
 * never exit. */
static bool is_foreign(uint64_t page)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (is_in(vms[i]->config.mmio, vms[i]->config.mmio_count, page))
			return true;
	return config_is_device(page);
}

/* ---- At boot ---- */

/* The VM under confine(). config_devices() passes no argument to forbid(). */
static struct {
	struct vm *vm;
	int error; /* 0: no page has failed. */
} confined;

static void forbid(uint64_t first, uint64_t last)
{
	const struct vm_config *c = &confined.vm->config;

	for (uint64_t page = page_of(first); page <= last && confined.error == 0; page += PAGE)
		if (vm_memory(confined.vm, page, PAGE) == NULL &&
		    !is_in(c->mmio, c->mmio_count, page))
			confined.error = virt_forbid(confined.vm->vcpu, page, PAGE);
}

static int confine(struct vm *vm)
{
	confined.vm = vm;
	confined.error = virt_absent(vm->vcpu);
	config_devices(forbid);
	for (unsigned i = 0; i < vm_count; i++)
		for (unsigned n = 0; n < vms[i]->config.mmio_count && vms[i] != vm; n++)
			forbid(vms[i]->config.mmio[n].first, vms[i]->config.mmio[n].last);
	return confined.error;
}

int absent_begin(void)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (confine(vms[i]) != 0)
			return -ENOMEM;
	return 0;
}

/* ---- While the VM runs ---- */

static void take_back(struct vm *vm, uint64_t page)
{
	if (is_foreign(page))
		(void)virt_forbid(vm->vcpu, page, PAGE); /* the tables are there */
	else
		(void)virt_absent_page(vm->vcpu, page);
}

/* Maps a page at the place of page: the VM's absent_page for a write, the page of ones for a
 * read. The oldest of the ABSENT_PAGES places is taken back. Returns false where no memory is
 * left. */
static bool put(struct vm *vm, uint64_t page, bool write)
{
	uint64_t *at = &vm->absent_pages[vm->absent_pages_used % ABSENT_PAGES];

	if (vm->absent_pages_used >= ABSENT_PAGES)
		take_back(vm, *at);
	vm->absent_pages_used++;
	*at = page;
	if (write)
		return virt_map(vm->vcpu, page, (uint64_t)vm->absent_page, PAGE, true, true) == 0;
	return virt_absent_page(vm->vcpu, page) == 0;
}

void absent_reset(struct vm *vm)
{
	for (unsigned i = 0; i < ABSENT_PAGES && i < vm->absent_pages_used; i++)
		take_back(vm, vm->absent_pages[i]);
	vm->absent_pages_used = 0;
	memset(vm->absent_page, 0xff, PAGE);
}

void exit_memory(struct vm *vm, enum vm_exit_reason reason)
{
	bool write;
	uint64_t address = virt_exit_address(vm->vcpu, &write);
	const struct denial what = { "%s of memory at %lx",
		                     { (uint64_t)(write ? "write" : "read"), address } };

	if (chipset->controller.memory != NULL && chipset->controller.memory(vm->vcpu, address))
		return;
	if (!is_foreign(page_of(address)))
		vm->probes++;
	else if (!vm_fault(vm, reason, false, &what))
		return;
	if (write && virt_drop_store(vm->vcpu))
		return;
	virt_requeue_event(vm->vcpu);
	if (virt_may_be_overtaken(vm->vcpu))
		/* vm_invoke() keeps other interrupts away. */
		vm->controller.held = vm->controller.changed = true;
	if (!put(vm, page_of(address), write))
		vm_fault(vm, reason, true,
		         &(struct denial){
				 .format = "no memory is left for its nested page tables" });
}
