/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine's life: made once, started, stopped, started again.
 *
 * Rule: memory is allocated once, at creation; a start loads the image anew, so a VM that was
 * stopped for cause comes back as it was at first.
 */
#include "vmm/vm.h"
#include "arch/x86/log.h"
#include "arch/x86/multiboot.h"
#include "arch/x86/platform.h"
#include "vmm/absent.h"
#include "vmm/exits.h"
#include "vmm/flows.h"
#include "vmm/handover.h"
#include "vmm/port_filter.h"
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

/* RAM below and above the hole, and the device memory that the configuration names. 0 or
 * -ENOMEM. */
static int map_memory(struct vm *vm)
{
	const struct vm_config *c = &vm->config;
	int error = virt.map(vm->vcpu, 0, vm->memory, HOLE_FIRST, true, true);
	if (error == 0 && c->memory > HOLE_END)
		error = virt.map(vm->vcpu, HOLE_END, vm->memory + HOLE_END, c->memory - HOLE_END,
		                 true, true);
	for (unsigned i = 0; error == 0 && i < c->mmio_count; i++) {
		uint64_t first = c->mmio[i].first & ~(uint64_t)(PAGE - 1),
			 end = (c->mmio[i].last | (PAGE - 1)) + 1;
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

struct vm *vm_create(unsigned module, const struct vm_config *config, const void *image,
                     uint64_t bytes)
{
	struct vm *vm = frames_alloc_vmm((sizeof(*vm) + PAGE - 1) & ~(uint64_t)(PAGE - 1), PAGE);
	uint64_t memory = frames_alloc(config->memory,
	                               config->memory >= LARGE_PAGE ? LARGE_PAGE : PAGE);
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
	for (unsigned i = 0; i < config->io_count; i++)
		ports_take((uint16_t)config->io[i].first, (uint16_t)config->io[i].last);
	port_filter_reset(vm);
	vm->routes_at_exit = config->routes_at_exit;
	vm->slice = tsc_from_us(config->slice_us);
	vm->number = (uint8_t)vm_count;
	vms[vm_count++] = vm;
	return vm;
}

int vm_check_image(const void *image, uint64_t bytes, const struct vm_config *config, char *why,
                   size_t size)
{
	struct load load;
	load_begin(&load, image, bytes, NULL, config->memory);
	int error = load_check(&load);
	if (error != 0)
		load_describe(&load, why, size);
	return error;
}

void vm_start(struct vm *vm)
{
	if (vm == vm_current) /* its controller leaves the chips before it is made new */
		(void)vm_put_away(true, cpu_tsc());
	load_begin(&vm->load, vm->image, vm->image_bytes, (void *)vm->memory, vm->config.memory);
	vm->starting = true;
	vm->slice_left = 0;
	vm->switch_waits = vm->nmi_due = vm->done = vm->asleep = vm->dozes = vm->x87_latched =
		false;
	vm->stopped_by_operator = false;
	vm->faults = vm->reinitialisations_said = 0;
	vm->status[0] = '\0';
	sched_set_state(vm, VM_READY);
	sched_end_turn(vm);
	trace_record(TRACE_STATE, vm->number, VM_READY, 0);
}

/* The image is in memory: the rest of the machine that the guest finds. */
static void finish_start(struct vm *vm)
{
	uint32_t info = handover_build((void *)vm->memory, vm->config.memory, vm->load.handover,
	                               vm->config.guest, "Signalbox");
	chipset->reset(&vm->controller, vm->controller.lines, vm->controller.shared);
	port_filter_reset(vm);
	virt.reset(vm->vcpu, vm->load.entry, MULTIBOOT_BOOT_MAGIC, info);
	absent_reset(vm);
	virt.exit_on_interrupt(vm->vcpu, chipset->exits);
	(void)virt_exit_on_hlt(vm->vcpu, true);
	/* ports that its last life left open are closed at the next entry */
	vm->controller.changed = true;
	vm->starting = false;
}

void vm_start_step(struct vm *vm)
{
	int more = load_step(&vm->load);
	if (more == 0)
		finish_start(vm);
	else if (more < 0) /* the module was changed under the VMM: it was checked at boot */
		vm_stop(vm, 1,
		        &(struct denial){
				.format = "stopped: its image cannot be loaded any more" });
}

void vm_stop(struct vm *vm, int status, const struct denial *why)
{
	struct note note = { "vm %s: ", why->format, 1, { (uint64_t)vm->config.name }, NULL, 0 };
	memcpy(note.value + note.split, why->value, sizeof(why->value));
	vm->done = true;
	vm->exit_status = status;
	vm->switch_waits = vm->starting = false;
	sched_set_state(vm, VM_STOPPED);
	trace_record(TRACE_STATE, vm->number, VM_STOPPED, 0);
	log_notes_after(&vm->output.tail, vm->output.head);
	log_note_post(&note);
	log_notes_after(NULL, 0);
}

static void stop_for(struct vm *vm, const char *why)
{
	vm_stop(vm, 1, &(struct denial){ .format = why });
}

/* A VM that faults at once again must not take the processor from the others, nor do so for
 * ever. */
static void restart(struct vm *vm)
{
	if (++vm->restarts > RESTARTS_MAX) {
		stop_for(vm, "stopped: restarted too often (onfault=restart)");
		return;
	}
	log_notes_after(&vm->output.tail, vm->output.head);
	log_note("vm %s: restarted, number %lu (onfault=restart)", vm->config.name, vm->restarts);
	log_notes_after(NULL, 0);
	vm_start(vm);
}

static void note_fault(const struct vm *vm, const struct denial *what)
{
	struct note note = { "vm %s: fault %lu at %lx: ",
		             what->format,
		             3,
		             { (uint64_t)vm->config.name, vm->faults, virt.rip(vm->vcpu) },
		             NULL,
		             0 };
	memcpy(note.value + note.split, what->value, sizeof(what->value));
	log_notes_after(&vm->output.tail, vm->output.head);
	log_note_post(&note);
	if (vm->faults == FAULT_LINES && vm->config.onfault == FAULT_LOG)
		log_note("vm %s: more faults are logged at each doubling only", vm->config.name);
	log_notes_after(NULL, 0);
}

bool vm_fault(struct vm *vm, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	vm->faults++;
	trace_record(TRACE_FAULT, vm->number, reason, (uint32_t)virt.rip(vm->vcpu));
	if (vm->faults <= FAULT_LINES || (vm->faults & (vm->faults - 1)) == 0 || fatal ||
	    vm->config.onfault != FAULT_LOG)
		note_fault(vm, what);
	if (vm->config.onfault == FAULT_RESTART) {
		restart(vm);
		return false;
	}
	if (!fatal && vm->config.onfault == FAULT_LOG)
		return true;
	log_notes_after(&vm->output.tail, vm->output.head);
	virt.dump(vm->vcpu);
	stop_for(vm, fatal ? "stopped: it cannot go on" : "stopped (onfault=stop)");
	return false;
}
