/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio functions. See the header for the rule.
 */
#include "vmm/device/virtio.h"

#include "arch/x86/machine/pci.h"

#include <stddef.h>
#include <stdint.h>

enum { VIRTIO_VENDOR = 0x1af4, VIRTIO_FIRST = 0x1000, VIRTIO_LAST = 0x107f };
/*
 * The capability (Virtual I/O Device (VIRTIO) 1.1, 4.1.4)
 *   0: 31:24 type | 23:16 length | 15:8 next | 7:0 id
 *   4: 7:0 BAR || 8: offset in the BAR || 12: length || 16: with type WINDOW the data
 * The window's data are the registers that BAR, offset and length name (4.1.4.9). So registers
 * above 4 GiB are read as well, and without decoding.
 */
enum { CAPABILITIES_MAX = 48, CAPABILITY_VENDOR = 9, TYPE_COMMON = 1, TYPE_WINDOW = 5 };
enum { BAR = 4, OFFSET = 8, LENGTH = 12, DATA = 16, PLACE_MAX = 0xec };
/* The common configuration (4.1.4.3): 4 which features | 4 features. Feature 33 is bit 1 of the
 * second 32. */
enum { FEATURE_SELECT = 0, FEATURES = 4, SECOND = 1, ACCESS_PLATFORM = 1 << 1 };

/* Returns the place of a capability, or 0. */
static unsigned find(unsigned function, unsigned type)
{
	unsigned at = pci_read(function, PCI_POINTER) & 0xfc;

	for (unsigned i = 0; i < CAPABILITIES_MAX && at != 0; i++) {
		uint32_t head = pci_read(function, at);

		if ((head & 0xff) == CAPABILITY_VENDOR && head >> 24 == type)
			return at <= PLACE_MAX ? at : 0;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

/* Returns features 32 to 63. */
static uint32_t read_features(unsigned function)
{
	unsigned common = find(function, TYPE_COMMON), window = find(function, TYPE_WINDOW);

	if (common == 0 || window == 0)
		return 0;
	uint32_t offset = pci_read(function, common + OFFSET);
	pci_write(function, window + BAR, pci_read(function, common + BAR));
	pci_write(function, window + LENGTH, sizeof(uint32_t));
	pci_write(function, window + OFFSET, offset + FEATURE_SELECT);
	pci_write(function, window + DATA, SECOND);
	pci_write(function, window + OFFSET, offset + FEATURES);
	return pci_read(function, window + DATA);
}

const char *virtio_refusal(unsigned function)
{
	uint32_t id = pci_read(function, PCI_ID);

	if ((id & 0xffff) != VIRTIO_VENDOR || id >> 16 < VIRTIO_FIRST || id >> 16 > VIRTIO_LAST ||
	    read_features(function) & ACCESS_PLATFORM)
		return NULL;
	return "this virtio device goes around the IOMMU "
	       "(QEMU: iommu_platform=on,disable-legacy=on)";
}
