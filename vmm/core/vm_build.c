/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The making of a virtual machine, and the way to its entry point. See the header for the rule.
 */
#include "vmm/core/vm_build.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/absent.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/pc_view.h"
#include "vmm/core/pit.h"
#include "vmm/core/port_filter.h"
#include "vmm/load/bios.h"
#include "vmm/load/bios_data.h"
#include "vmm/load/handover.h"
#include "vmm/load/linux.h"
#include "vmm/load/vm_acpi.h"

#include <stdio.h>

/* Maps RAM below and above the hole, the BIOS's part of the hole, the ACPI tables' page, and the
 * configuration's device memory. Returns 0 or -ENOMEM. */
static int map_memory(struct vm *vm)
{
	const struct vm_config *c = &vm->config;
	struct guest_ram_part part[GUEST_RAM_PIECES];
	const unsigned count = guest_ram_pieces(&vm->ram, vm_hole_end(vm), part);
	int error = 0;

	for (unsigned i = 0; error == 0 && i < count; i++)
		error = virt_map(vm->vcpu, part[i].guest, part[i].host, part[i].bytes, true, true);
	if (error == 0 && c->acpi)
		error = virt_map(vm->vcpu, VM_ACPI_AT, part[0].host + VM_ACPI_AT, PAGE, true, true);
	for (unsigned i = 0; error == 0 && i < c->mmio_count; i++) {
		uint64_t first = c->mmio[i].first & ~(uint64_t)(PAGE - 1),
			 end = (c->mmio[i].last | (PAGE - 1)) + 1;
		error = virt_map(vm->vcpu, first, first, end - first, true, false);
	}
	return error;
}

static struct vm *does_not_fit(unsigned module, const struct vm_config *config)
{
	log_line("module %u (%s): mem=%luM: does not fit; %luM are free, %luM of them in one piece",
	         module, config->name, (unsigned long)(config->memory >> 20),
	         (unsigned long)(frames_free_bytes() >> 20),
	         (unsigned long)(frames_largest_bytes() >> 20));
	return NULL;
}

/* Finds memory for a part, at a multiple of the largest page that the part can have. */
static bool take_part(struct guest_ram_part *part)
{
	enum { SIZE_STEP = 512 };

	for (uint64_t align = (uint64_t)LARGE_PAGE * SIZE_STEP; align >= PAGE; align /= SIZE_STEP)
		if (part->bytes >= align) {
			part->host = frames_alloc(part->bytes, align);
			if (part->host != 0)
				return true;
		}
	return part->bytes == 0;
}

/* Finds memory for a VM: for the low part first, then for the high part first. Where neither fits,
 * the low part is as long as the largest piece that the high part has left, the high part takes the
 * rest, and both ways are tried again. */
static bool take_memory(struct guest_ram *ram, uint64_t bytes)
{
	uint64_t low = GUEST_RAM_LOW_END;

	for (unsigned tries = 0; tries < 2 * GUEST_RAM_PARTS; tries++) {
		const unsigned first = tries % GUEST_RAM_PARTS;
		if (first == GUEST_RAM_LOW_PART)
			*ram = guest_ram_plan(bytes, low);
		frames_keep();
		if (take_part(&ram->part[first]) && take_part(&ram->part[!first]))
			return true;
		/* a page less: the piece may begin within a page */
		low = (frames_largest_bytes() - LARGE_PAGE) & ~(uint64_t)(LARGE_PAGE - 1);
		frames_restore();
	}
	return false;
}

/* Returns whether the image and the devices go with the layout. The checks before know the usual
 * layout alone, and the low part may be short. */
static bool layout_is_good(const struct vm *vm)
{
	struct load load;
	bool good = true;

	if (vm->ram.part[GUEST_RAM_HIGH_PART].bytes == 0)
		return true;
	for (unsigned i = 0; i < vm->config.mmio_count; i++)
		good &= vm->config.mmio[i].first < GUEST_RAM_HIGH ||
		        !guest_ram_overlaps(&vm->ram, vm->config.mmio[i].first,
		                            vm->config.mmio[i].last);
	load_begin(&load, &vm->source, &vm->ram);
	return good && load_check(&load) == 0;
}

static void keep_source(struct vm *vm, const struct load_source *source)
{
	vm->source = *source;
	for (unsigned i = 0; i < source->file_count; i++) {
		snprintf(vm->file_line[i], sizeof(vm->file_line[i]), "%s", source->file[i].line);
		vm->source.file[i].line = vm->file_line[i];
	}
}

struct vm *vm_create(unsigned module, const struct vm_config *config,
                     const struct load_source *source)
{
	struct vm *vm = frames_alloc_vmm((sizeof(*vm) + PAGE - 1) & ~(uint64_t)(PAGE - 1), PAGE);

	if (vm == NULL || !take_memory(&vm->ram, config->memory))
		return does_not_fit(module, config);
	vm->config = *config;
	keep_source(vm, source);
	vm->vcpu = virt_create(vm->config.name);
	vm->absent_page = frames_alloc_vmm(PAGE, PAGE);
	if (vm->vcpu == NULL || vm->absent_page == NULL || !layout_is_good(vm) ||
	    map_memory(vm) != 0)
		return does_not_fit(module, config);
	for (unsigned i = 0; i < config->io_count; i++)
		for (uint64_t port = config->io[i].first; port <= config->io[i].last; port++)
			virt_open_port(vm->vcpu, (uint16_t)port, true);
	for (unsigned i = 0; i < config->io_count; i++)
		ports_take((uint16_t)config->io[i].first, (uint16_t)config->io[i].last);
	if (config->pit)
		ports_take(PIT_PORT_FIRST, PIT_PORT_LAST);
	pci_space_init(&vm->pci, config);
	port_filter_reset(vm);
	vm_set_at_exit(vm, config->routes_at_exit ? AT_EXIT_ROUTES : 0);
	vm->slice = tsc_from_us(config->slice_us);
	vm->number = (uint8_t)vm_count;
	vms[vm_count++] = vm;
	return vm;
}

int vm_check_image(const struct load_source *source, const struct vm_config *config, char *why,
                   size_t size)
{
	const struct guest_ram ram = guest_ram_plan(config->memory, GUEST_RAM_LOW_END);
	struct load load;

	load_begin(&load, source, &ram);
	int error = load_check(&load);
	if (error != 0)
		load_describe(&load, why, size);
	return error;
}

/* Lists the VM's UARTs and its screen where a BIOS would list them. */
static void list_devices(struct vm *vm)
{
	static const uint16_t com[BIOS_COM_PORTS] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

	enum { TEXT_MEMORY = 0xb8000 };
	struct bios_devices devices = { .screen = false };
	unsigned coms = 0;
	for (unsigned i = 0; i < BIOS_COM_PORTS; i++)
		if (port_is_own(vm, com[i]) || (vm->config.uart && com[i] == VM_UART_PORT))
			devices.com[coms++] = com[i];
	for (unsigned i = 0; i < vm->config.mmio_count; i++)
		devices.screen |= vm->config.mmio[i].first <= TEXT_MEMORY &&
		                  vm->config.mmio[i].last >= TEXT_MEMORY;
	bios_data_build(&vm->load, &devices);
}

/* ---- The parts of a start, when the image is in memory ---- */

/*
 * Each part is a step of the start: the lines are looked at between two parts. A part returns
 * whether the part is done; the start calls the part again else.
 */

static bool hand_over(struct vm *vm)
{
	struct load *l = &vm->load;

	if (l->source.kind == LOAD_LINUX)
		l->handed = linux_hand_over(l, vm->config.guest, platform.tsc_khz);
	else if (l->source.kind == LOAD_BIOS)
		l->handed = bios_hand_over(l);
	else
		l->handed = handover_build(l, vm->config.guest, "Signalbox");
	return true;
}

static bool list_file(struct vm *vm)
{
	struct load *l = &vm->load;

	if (l->source.kind != LOAD_MULTIBOOT || l->listed == l->source.file_count)
		return true;
	(void)handover_list_file(l, l->listed++); /* each line was cut to its room at boot */
	return false;
}

_Static_assert((int)VM_ACPI_AT == (int)CONFIG_ACPI_AT, "config_check.c keeps the page free");

static bool build_acpi(struct vm *vm)
{
	enum { KEYBOARD_PORT = 0x64 };
	struct load *l = &vm->load;

	if (!vm->config.acpi)
		return true;
	if (l->acpi_part == VM_ACPI_PARTS) {
		if (chipset->controller.memory != NULL)
			vm_acpi_add_apics(l->memory + VM_ACPI_AT, &platform);
		return true;
	}
	vm_acpi_build(l->memory + VM_ACPI_AT, l->acpi_part++, port_is_own(vm, KEYBOARD_PORT));
	return false;
}

/* Sets the processor to the guest's entry point, by the boot protocol of the image. */
static bool reset_processor(struct vm *vm)
{
	const struct load *l = &vm->load;

	if (l->source.kind != LOAD_MULTIBOOT)
		virt_reset(vm->vcpu, l->handed, 0, 0);
	else
		virt_reset(vm->vcpu, l->entry, MULTIBOOT_BOOT_MAGIC, l->handed);
	virt_exit_on_interrupt(vm->vcpu, chipset->intercepts_interrupts);
	return true;
}

static bool reset_absent_memory(struct vm *vm)
{
	absent_reset(vm);
	return true;
}

/* The last part: the VM is ready for its entry. */
static bool reset_devices(struct vm *vm)
{
	chipset->controller.reset(&vm->controller, vm->controller.lines, vm->controller.shared);
	port_filter_reset(vm);
	pc_view_reset(vm);
	pci_space_reset(&vm->pci);
	pit_reset(vm);
	vm_uart_reset(vm);
	list_devices(vm);
	/* ports that the VM's last life left open are closed at the next entry */
	vm->controller.changed = true;
	vm->starting = false;
	return true;
}

/* Builds a part of the machine that the guest finds. */
static void build_part(struct vm *vm)
{
	static bool (*const part[])(struct vm *) = {
		hand_over,       list_file,           build_acpi,
		reset_processor, reset_absent_memory, reset_devices,
	};

	if (part[vm->load.part](vm))
		vm->load.part++;
}

void vm_start_step(struct vm *vm)
{
	int more = load_step(&vm->load);

	if (more == 0)
		build_part(vm);
	else if (more < 0) /* the module was changed under the VMM: the image was checked at boot */
		vm_stop(vm, 1,
		        &(struct denial){
				.format = "stopped: its image cannot be loaded any more" });
}
