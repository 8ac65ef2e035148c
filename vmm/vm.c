/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine's life: made once, started, stopped, started again.
 *
 * Rule: memory is allocated once, at creation; a start loads the image anew, so a VM that was stopped for cause comes back
 * as it was at first.
 */
#include "vmm/vm.h"
#include "arch/x86/log.h"
#include "arch/x86/multiboot.h"
#include "arch/x86/platform.h"
#include "vmm/elf.h"
#include "vmm/handover.h"
#include "vmm/sched.h"
#include "vmm/trace.h"

#include <errno.h>
#include <string.h>

enum { FAULT_LINES = 8, RESTARTS_MAX = 20 };

struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
struct vm *vm_current;

struct vm *vm_find(const char *name)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (strcmp(vms[i]->config.name, name) == 0)
			return vms[i];
	return NULL;
}

void *vm_memory(struct vm *vm, uint64_t address, uint64_t bytes)
{
	uint64_t size = vm->config.memory;
	if (bytes > size || address > size - bytes)
		return NULL;
	if (address < HOLE_END && address + bytes > HOLE_FIRST)
		return NULL;
	return (void *)(vm->memory + address);
}

/* RAM below and above the hole, and the device memory that the configuration names. 0 or -ENOMEM. */
static int map_memory(struct vm *vm)
{
	const struct vm_config *c = &vm->config;
	int error = virt.map(vm->vcpu, 0, vm->memory, HOLE_FIRST, true, true);
	if (error == 0 && c->memory > HOLE_END)
		error = virt.map(vm->vcpu, HOLE_END, vm->memory + HOLE_END, c->memory - HOLE_END, true, true);
	for (unsigned i = 0; error == 0 && i < c->mmio_count; i++) {
		uint64_t first = c->mmio[i].first & ~(uint64_t)(PAGE - 1), end = (c->mmio[i].last | (PAGE - 1)) + 1;
		error = virt.map(vm->vcpu, first, first, end - first, true, false);
	}
	return error;
}

static struct vm *does_not_fit(unsigned module, const struct vm_config *config)
{
	log_line("module %u (%s): mem=%luM: does not fit; %luM are free", module, config->name,
	         (unsigned long)(config->memory >> 20), (unsigned long)(frames_free_bytes() >> 20));
	return NULL;
}

struct vm *vm_create(unsigned module, const struct vm_config *config, const void *image, uint64_t bytes)
{
	struct vm *vm = frames_alloc_vmm((sizeof(*vm) + PAGE - 1) & ~(uint64_t)(PAGE - 1), PAGE);
	uint64_t memory = frames_alloc(config->memory, config->memory >= LARGE_PAGE ? LARGE_PAGE : PAGE);
	if (vm == NULL || memory == 0)
		return does_not_fit(module, config);
	vm->config = *config;
	vm->memory = memory;
	vm->image = image;
	vm->image_bytes = bytes;
	vm->vcpu = virt.create(vm->config.name);
	vm->sink = frames_alloc_vmm(PAGE, PAGE);
	if (vm->vcpu == NULL || vm->sink == NULL || map_memory(vm) != 0)
		return does_not_fit(module, config);
	for (unsigned i = 0; i < config->io_count; i++)
		for (uint64_t port = config->io[i].first; port <= config->io[i].last; port++)
			virt.open_port(vm->vcpu, (uint16_t)port, true);
	vm->routes_at_exit = config->routes_at_exit;
	vm->slice = tsc_from_us(config->slice_us);
	vm->number = (uint8_t)vm_count;
	vms[vm_count++] = vm;
	return vm;
}

int vm_start(struct vm *vm)
{
	char why[128];
	struct load load;
	uint32_t info;
	memset(vm->sink, 0xff, PAGE);
	load_begin(&load, vm->image, vm->image_bytes, (void *)vm->memory, vm->config.memory);
	while (load_step(&load) > 0)
		;
	if (load.problem != LOAD_FINE) {
		load_describe(&load, why, sizeof(why));
		log_line("vm %s: image refused: %s", vm->config.name, why);
		return -ENOEXEC;
	}
	info = handover_build((void *)vm->memory, vm->config.memory, vm->config.guest, "Signalbox");
	if (info == 0) {
		log_line("vm %s: the guest's command line is too long", vm->config.name);
		return -ENOEXEC;
	}
	if (vm == vm_current) { /* its controller leaves the chips before it is made new */
		(void)chipset->save(&vm->controller, true);
		vm_current = NULL;
	}
	chipset->reset(&vm->controller, vm->controller.lines, vm->controller.shared);
	virt.reset(vm->vcpu, load.entry, MULTIBOOT_BOOT_MAGIC, info);
	virt.exit_on_interrupt(vm->vcpu, chipset->exits);
	virt_exit_on_hlt(vm->vcpu, true);
	if (vm_current != NULL)
		virt_load(vm_current->vcpu);
	vm->controller.changed = true; /* ports that its last life left open are closed at the next entry */
	vm->fresh_slice = true;
	vm->sliced = vm->switch_waits = vm->nmi_due = vm->done = false;
	vm->faults = vm->line_length = vm->reinitialisations_said = 0;
	vm->status[0] = '\0';
	sched_set_state(vm, VM_READY);
	trace_record(TRACE_STATE, vm->number, VM_READY, 0);
	return 0;
}

void vm_stop(struct vm *vm, int status, const char *why)
{
	vm->done = true;
	vm->exit_status = status;
	vm->switch_waits = false;
	sched_set_state(vm, VM_STOPPED);
	trace_record(TRACE_STATE, vm->number, VM_STOPPED, 0);
	log_line("vm %s: %s", vm->config.name, why);
}

/* A VM that faults at once again must not take the processor from the others, nor do so for ever. */
static void restart(struct vm *vm)
{
	if (++vm->restarts > RESTARTS_MAX) {
		vm_stop(vm, 1, "stopped: restarted too often (onfault=restart)");
		return;
	}
	log_line("vm %s: restarted, number %u (onfault=restart)", vm->config.name, vm->restarts);
	if (vm_start(vm) != 0)
		vm_stop(vm, 1, "stopped: it cannot be started again");
	else
		sched_end_turn(vm);
}

bool vm_fault(struct vm *vm, bool fatal, const char *what)
{
	vm->faults++;
	trace_record(TRACE_FAULT, vm->number, 0, (uint32_t)virt.rip(vm->vcpu));
	bool said = vm->faults <= FAULT_LINES || (vm->faults & (vm->faults - 1)) == 0;
	if (said || fatal || vm->config.onfault != FAULT_LOG)
		log_line("vm %s: fault %u at %lx: %s", vm->config.name, vm->faults, (unsigned long)virt.rip(vm->vcpu),
		         what);
	if (vm->faults == FAULT_LINES && vm->config.onfault == FAULT_LOG)
		log_line("vm %s: more faults are logged at each doubling only", vm->config.name);
	if (vm->config.onfault == FAULT_RESTART) {
		restart(vm);
		return false;
	}
	if (!fatal && vm->config.onfault == FAULT_LOG)
		return true;
	virt.dump(vm->vcpu);
	vm_stop(vm, 1, fatal ? "stopped: it cannot go on" : "stopped (onfault=stop)");
	return false;
}
