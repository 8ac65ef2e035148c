/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges that no VM may get and that only the running machine knows. See the header for the rule.
 */
#include "vmm/config/reserve.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"
#include "vmm/config/config.h"

/* Below ROM_FIRST only RAM counts: a VM may have VGA's memory and option ROMs
 * (mmio=0xb8000-0xbffff). */
enum { ROM_FIRST = 0x100000, HPET_BYTES = 1024 };

static int reserve_entry(const struct multiboot_mmap *entry)
{
	uint64_t first = entry->address, more = entry->length - 1;

	if (entry->length == 0)
		return 0;
	uint64_t last = more > UINT64_MAX - first ? UINT64_MAX : first + more;
	if (entry->type == MULTIBOOT_RAM)
		return config_reserve_memory(first, last, "RAM");
	if (last < ROM_FIRST)
		return 0;
	return config_reserve_memory(first < ROM_FIRST ? ROM_FIRST : first, last, "the firmware");
}

static int reserve_map(const struct multiboot_info *info)
{
	uint64_t at = info->mmap_addr,
		 end = at + (info->flags & MULTIBOOT_INFO_MMAP ? info->mmap_length : 0);
	int error = 0;

	while (at + sizeof(struct multiboot_mmap) <= end && error == 0) {
		const struct multiboot_mmap *entry = (const void *)at;

		error = reserve_entry(entry);
		at += (uint64_t)entry->size + sizeof(entry->size);
	}
	if (error != 0)
		log_line("the memory map has more than %d ranges of RAM and firmware that do not "
		         "join; so many cannot be kept from VMs",
		         CONFIG_RESERVED_MEMORY);
	return error;
}

/* Reserves the registers of a device, which begin at a multiple of bytes. */
static int reserve_device(uint64_t address, uint64_t bytes, const char *what)
{
	if (address == 0)
		return 0;
	return config_reserve_device(address & ~(bytes - 1), address | (bytes - 1), what);
}

static int reserve_power(void)
{
	const uint16_t power[] = { platform.pm1a_control, platform.pm1b_control,
		                   platform.smi_command };
	int error = 0;

	for (unsigned i = 0; i < sizeof(power) / sizeof(power[0]) && error == 0; i++)
		if (power[i] != 0)
			error = config_reserve_ports(power[i], (uint16_t)(power[i] + 1),
			                             "power management");
	return error;
}

int reserve_machine(const struct multiboot_info *info)
{
	int error = reserve_device(platform.ioapic, PAGE, "the I/O APIC");

	if (error == 0)
		error = reserve_device(platform.lapic, PAGE, "the local APIC");
	if (error == 0)
		error = reserve_device(platform.hpet, HPET_BYTES, "the HPET");
	for (unsigned i = 0; i < platform.dma.units; i++)
		for (unsigned at = 0; at < DMA_UNIT_BYTES && error == 0; at += PAGE)
			error = reserve_device(platform.dma.unit[i].registers + at, PAGE,
			                       "the IOMMU");
	if (error == 0)
		error = reserve_map(info);
	return error != 0 ? error : reserve_power();
}
