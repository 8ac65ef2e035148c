/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a virtual machine is made, and how its turns bring it to its entry point.
 *
 * Rule: memory is allocated once, when the VM is made. Each start loads the image anew, in steps.
 */
#ifndef VMM_VM_BUILD_H
#define VMM_VM_BUILD_H

#include "vmm/vm.h"

/* Allocate what the VM needs and map it; image stays where it is. NULL, with a line that says
 * what does not fit. */
struct vm *vm_create(unsigned module, const struct vm_config *config, const void *image,
                     uint64_t bytes);
/* May this image be started in a VM with this configuration? 0, or -ENOEXEC or -ENOMEM with the
 * rule that it breaks in why. For boot: takes as long as the image's headers are many. */
int vm_check_image(const void *image, uint64_t bytes, const struct vm_config *config, char *why,
                   size_t size);
/* One step of a start, at most 1,500 instructions; the last one makes the VM ready to be
 * entered. Call it while vm->starting, with no VM in the chipset. */
void vm_start_step(struct vm *vm);

#endif
