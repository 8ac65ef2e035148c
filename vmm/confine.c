/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA of the VMs' functions. See the header for the rule.
 */
#include "vmm/confine.h"

#include "arch/x86/log/log.h"
#include "arch/x86/machine/dma.h"
#include "arch/x86/machine/platform.h"
#include "vmm/config/config_refuse.h"
#include "vmm/core/flows.h"
#include "vmm/device/virtio.h"

#include <errno.h>

/* A storm of blocked accesses must not take the processor: after so many records between two of
 * the run loop's looks the units stay silent until the next look. */
enum { RECORDS_MOST = 16, BLOCKED_LINES = 8, DEVICE_SHIFT = 3, BUS_SHIFT = 8 };
#define BUS_END (UINT64_C(1) << 32)

static struct {
	uint64_t blocked; /* accesses of functions without a VM, and accesses without a record */
	struct dma_domain all; /* all memory: dma=unsafe, busmaster= */
} confine;

/* ---- Reports ---- */

static struct vm *find_owner(unsigned function)
{
	for (unsigned i = 0; i < vm_count; i++)
		for (unsigned n = 0; n < vms[i]->config.pci_count; n++)
			if (vms[i]->config.pci[n] == function)
				return vms[i];
	return NULL;
}

/* Blocked accesses without an owner are logged at each doubling, after the first ones. */
static bool is_logged(void)
{
	uint64_t number = ++confine.blocked;

	return number <= BLOCKED_LINES || (number & (number - 1)) == 0;
}

static void report(const struct dma_fault *fault)
{
	struct vm *owner = fault->lost ? NULL : find_owner(fault->function);
	const struct denial what = { "DMA %s by function 00:%02lx.%lx at %lx",
		                     { (uint64_t)fault->direction,
		                       fault->function >> DEVICE_SHIFT & 31, fault->function & 7,
		                       fault->address } };

	if (owner != NULL)
		vm_device_fault(owner, &what);
	else if (!is_logged())
		return;
	else if (fault->lost)
		log_note("DMA: the IOMMU has blocked accesses without a record of them (%lu)",
		         confine.blocked);
	else
		log_note("DMA %s by function %02lx:%02lx.%lx at %lx is blocked: no VM has the "
		         "function",
		         (uint64_t)fault->direction, (uint64_t)fault->function >> BUS_SHIFT,
		         what.value[1], what.value[2], fault->address);
}

static void serve(void)
{
	struct dma_fault fault;

	if (!dma_has_fault())
		return;
	for (unsigned i = 0; i < RECORDS_MOST; i++) {
		if (!dma_take_fault(&fault)) {
			dma_listen();
			return;
		}
		report(&fault);
	}
}

void confine_end(void)
{
	if (dma_is_on())
		serve();
}

/* ---- Boot ---- */

void confine_begin(void)
{
	static const struct dispatch_source source = { dma_has_fault, serve };

	dma_init();
	if (!dma_is_on())
		return;
	const uint64_t end = frames_end() > BUS_END ? frames_end() : BUS_END;
	if (dma_create(&confine.all) != 0 || dma_map(&confine.all, 0, 0, end) != 0)
		log_line("DMA: dma=unsafe and busmaster= reach nothing: no memory is left, or the "
		         "IOMMU's addresses end below the RAM");
	dispatch_set_source(&source);
	dma_listen();
}

/* Functions of one device may reach each other's registers without passing the IOMMU. */
static int check_group(const struct check *c, unsigned function,
                       const struct vm_config *const *accepted, unsigned count)
{
	char name[CONFIG_FUNCTION_TEXT], other[CONFIG_FUNCTION_TEXT];

	for (unsigned i = 0; i < count; i++)
		for (unsigned n = 0; n < accepted[i]->pci_count; n++) {
			unsigned theirs = accepted[i]->pci[n];
			if (theirs >> DEVICE_SHIFT != function >> DEVICE_SHIFT ||
			    !(c->vm->dma_confined || accepted[i]->dma_confined) ||
			    (c->vm->share && accepted[i]->share && theirs != function))
				continue;
			return check_refuse(c, -EPERM,
			                    theirs == function
			                            ? "pci=%s: its DMA is confined, and vm %s has "
			                              "%s; two VMs need dma=unsafe"
			                            : "pci=%s: vm %s has %s of the same device; "
			                              "add 'share' to both, or take it from one",
			                    config_function_text(function, name), accepted[i]->name,
			                    config_function_text(theirs, other));
		}
	return 0;
}

int confine_check(unsigned n, struct vm_config *vm, const struct vm_config *const *accepted,
                  unsigned count, char *err, size_t size)
{
	const struct check c = { n, vm, err, size };
	char name[CONFIG_FUNCTION_TEXT];
	int error = 0;

	vm->dma_confined = dma_is_on() && vm->pci_count != 0 && !vm->dma_unsafe;
	for (unsigned i = 0; i < vm->pci_count && error == 0; i++) {
		const char *reason = NULL;
		if (dma_is_unit(vm->pci[i]) || vm->dma_confined)
			reason = dma_refusal(vm->pci[i]);
		if (reason == NULL && vm->dma_confined)
			reason = virtio_refusal(vm->pci[i]);
		if (reason != NULL)
			error = check_refuse(&c, -EPERM, "pci=%s: %s",
			                     config_function_text(vm->pci[i], name), reason);
		else
			error = check_group(&c, vm->pci[i], accepted, count);
	}
	return error;
}

/* The domain of a VM: its RAM, as the nested page tables have it. */
static int make_domain(const struct vm *vm, struct dma_domain *domain)
{
	struct guest_ram_part part[GUEST_RAM_PIECES];
	const unsigned count = guest_ram_pieces(&vm->ram, vm_hole_end(vm), part);
	int error = dma_create(domain);

	for (unsigned i = 0; i < count && error == 0; i++)
		error = dma_map(domain, part[i].guest, part[i].host, part[i].bytes);
	return error;
}

int confine_vm(const struct vm *vm)
{
	const struct vm_config *c = &vm->config;
	struct dma_domain own = confine.all;
	int error = 0;

	if (!dma_is_on())
		return 0;
	if (c->dma_confined)
		error = make_domain(vm, &own);
	for (unsigned i = 0; i < c->pci_count && error == 0; i++)
		error = dma_attach(c->pci[i], &own);
	for (unsigned i = 0; i < c->busmaster_count && error == 0; i++)
		error = dma_attach(c->busmaster[i], &confine.all);
	if (error != 0)
		log_line("vm %s: its functions get no domain: %s", c->name,
		         error == -ENOSPC   ? "the IOMMU has no more domains"
		         : error == -ERANGE ? "the IOMMU's addresses end below the VM's memory"
		         : error == -ENOMEM ? "no memory is left"
		                            : "the IOMMU does not answer");
	return error;
}
