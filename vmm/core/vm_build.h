/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The making of a virtual machine, and the way to its entry point.
 *
 * Rule: memory is allocated once, when the VM is made. Each start loads the image anew, in steps.
 */
#ifndef VMM_VM_BUILD_H
#define VMM_VM_BUILD_H

#include "vmm/core/vm.h"

/* Makes a VM: allocates and maps its memory. The image and the files of source have to stay in
 * memory; the lines of the files are copied. Returns NULL, after a log line, where the VM does not
 * fit. Call it at boot, for a checked configuration and image. */
struct vm *vm_create(unsigned module, const struct vm_config *config,
                     const struct load_source *source);
/* Checks whether this image with its files can be started in a VM with this configuration. Returns
 * 0, or -ENOEXEC or -ENOMEM with the broken rule in why. Call it at boot: the time grows with the
 * number of the image's headers. */
int vm_check_image(const struct load_source *source, const struct vm_config *config, char *why,
                   size_t size);
/* Does a step of a start: 950 instructions at most for the guests of make bounds, but 2,800 once in
 * the first start after boot (measured in Bochs). The last step makes the VM ready for its
 * entry. Call it while vm->starting, with no VM in the chipset. */
void vm_start_step(struct vm *vm);

#endif
