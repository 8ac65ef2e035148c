/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio functions. See the header for the rule.
 */
#include "vmm/device/virtio.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/pci_bars.h"

#include <stddef.h>

enum { VIRTIO_VENDOR = 0x1af4, VIRTIO_FIRST = 0x1000, VIRTIO_LAST = 0x107f };
/* The capability (4.1.4): 1 id | 1 next | 1 length | 1 type, 1: common configuration || 1 BAR ||
 * 4 offset */
enum { CAPABILITIES_MAX = 48, CAPABILITY_VENDOR = 9, TYPE_COMMON = 1 };
/* The common configuration (4.1.4.3): 4 which features | 4 features. Feature 33 is bit 1 of the
 * second 32. */
enum { FEATURE_SELECT = 0, FEATURES = 4, SECOND = 1, ACCESS_PLATFORM = 1 << 1 };

/* Returns the address of the common configuration, or 0. */
static uint64_t find_common(unsigned function)
{
	unsigned at = pci_read(function, PCI_POINTER) & 0xfc;
	struct pci_bars bars;
	struct pci_range range;

	for (unsigned i = 0; i < CAPABILITIES_MAX && at != 0; i++) {
		uint32_t head = pci_read(function, at);

		if ((head & 0xff) == CAPABILITY_VENDOR && head >> 24 == TYPE_COMMON) {
			unsigned bar = pci_read(function, at + 4) & 0xff;
			uint32_t offset = pci_read(function, at + 8);

			if (bar >= PCI_BARS)
				return 0;
			pci_read_bars(function, &bars);
			(void)pci_bar_range(&bars, bar, &range);
			return range.ports || range.first == 0 || offset + 8ull > range.bytes ||
			                       (range.first + range.bytes - 1) >> 32
			               ? 0
			               : range.first + offset;
		}
		at = head >> 8 & 0xfc;
	}
	return 0;
}

const char *virtio_refusal(unsigned function)
{
	uint32_t id = pci_read(function, PCI_ID), command, features = 0;

	if ((id & 0xffff) != VIRTIO_VENDOR || id >> 16 < VIRTIO_FIRST || id >> 16 > VIRTIO_LAST)
		return NULL;
	uint64_t common = find_common(function);
	if (common != 0) {
		command = pci_read(function, PCI_COMMAND) & 0xffff;
		pci_write(function, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
		mmio_write32(common + FEATURE_SELECT, SECOND);
		features = mmio_read32(common + FEATURES);
		pci_write(function, PCI_COMMAND, command);
	}
	return features & ACCESS_PLATFORM ? NULL
	                                  : "this virtio device goes around the IOMMU "
	                                    "(QEMU: iommu_platform=on,disable-legacy=on)";
}
