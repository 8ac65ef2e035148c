/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio functions (Virtual I/O Device specification 1.1, 4.1).
 *
 * Rule: a virtio function that does not offer VIRTIO_F_ACCESS_PLATFORM goes around the IOMMU
 * (6.1), so no VM gets the function where DMA is confined.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

/* Returns the reason why the DMA of this function cannot be confined, or NULL. Call it while no VM
 * has the function. */
const char *virtio_refusal(unsigned function);

#endif
