/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of the machine with a reach beyond their VM. See the header for the rule.
 */
#include "vmm/machine.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/dma.h"
#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/platform.h"
#include "vmm/config/config.h"
#include "vmm/core/cmos.h"
#include "vmm/core/exits.h"
#include "vmm/core/vm.h"

#include <stdio.h>

static unsigned masters_stopped;

/* ---- Devices that reach all memory ---- */

static bool may_master(unsigned function)
{
	if (dma_is_unit(function))
		return true;
	for (unsigned i = 0; i < vm_count; i++)
		for (unsigned n = 0; n < vms[i]->config.busmaster_count; n++)
			if (vms[i]->config.busmaster[n] == function)
				return true;
	return false;
}

/* Port 70h: bit 7 masks the board's NMIs. The same byte holds an index, so an unimportant index is
 * chosen. The RTC wants a read of the data port after each index (MC146818A datasheet). */
static void let_nmis_through(void)
{
	enum { PORT_INDEX = 0x70, PORT_DATA = 0x71, REGISTER_D = 0x0d };
	io_out8(PORT_INDEX, REGISTER_D);
	(void)io_in8(PORT_DATA);
}

void machine_confine(void)
{
	config_vmms_ports(ports_take);
	masters_stopped = pci_stop_masters(may_master);
	cmos_begin();
	let_nmis_through();
}

/* ---- The banner ---- */

static const char *const trusted[] = {
	"the DMA controller: it reaches all memory",
	"port 61h, port 70h bit 7: it can switch the board's NMIs off",
	"port 64h: it can reset the machine"
};

/* Names each function of pci=, and says whose memory the functions reach. */
static void describe_functions(const struct vm *vm)
{
	const struct vm_config *c = &vm->config;
	char name[CONFIG_FUNCTION_TEXT], line[16];

	for (unsigned i = 0; i < c->pci_count; i++) {
		uint32_t id = vm->pci.function[i].space[0];
		if (c->pci_line[i] != CONFIG_NO_LINE)
			snprintf(line, sizeof(line), "line %u", c->pci_line[i]);
		log_line("vm %s: pci=%s: function %04x:%04x, %s", c->name,
		         config_function_text(c->pci[i], name), (unsigned)(id & 0xffff),
		         (unsigned)(id >> 16), c->pci_line[i] != CONFIG_NO_LINE ? line : "no line");
	}
	if (c->dma_confined)
		log_line("vm %s: DMA of its PCI functions reaches its memory alone, at its own "
		         "addresses",
		         c->name);
	for (unsigned i = 0; c->dma_unsafe && i < GUEST_RAM_PARTS; i++)
		if (vm->ram.part[i].bytes != 0)
			log_line("vm %s: dma=unsafe: its PCI functions can reach all memory; "
			         "the VM's address %#lx is 0x%lx on the bus",
			         c->name, (unsigned long)vm->ram.part[i].guest,
			         (unsigned long)vm->ram.part[i].host);
}

static void describe_vm(const struct vm_config *vm)
{
	for (unsigned rest = vm->trust; rest != 0; rest &= rest - 1) {
		unsigned bit = rest & -rest;
		log_line("vm %s: trust=%s: %s", vm->name, config_trust_name((enum trust)bit),
		         trusted[__builtin_ctz(bit)]);
	}
	for (unsigned i = 0; i < vm->busmaster_count; i++) {
		unsigned function = vm->busmaster[i];
		log_line("vm %s: busmaster=%x:%x.%x: this PCI function reaches all memory",
		         vm->name, function >> 8, function >> 3 & 31, function & 7);
	}
}

/* Says what confines DMA, where this matters to a VM. */
static void describe_dma(void)
{
	bool wanted = dma_is_on();

	for (unsigned i = 0; i < vm_count; i++)
		wanted |= vms[i]->config.pci_count != 0;
	if (wanted)
		log_line(dma_is_on() ? "DMA: %s: a PCI function without a VM reaches no memory"
		                     : "DMA: not confined: %s",
		         dma_describe());
}

void machine_describe(void)
{
	describe_dma();
	if (masters_stopped > 0)
		log_line("PCI: %u function%s may no longer master the bus", masters_stopped,
		         masters_stopped > 1 ? "s" : "");
	for (unsigned i = 0; i < vm_count; i++) {
		describe_vm(&vms[i]->config);
		describe_functions(vms[i]);
	}
}
