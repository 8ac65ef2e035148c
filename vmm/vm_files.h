/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules for a VM (of=NAME): the initrd of a Linux, the modules of a multiboot kernel.
 *
 * Rule: a module of this kind is of use to the named VM, or a message says why the module is not.
 */
#ifndef VMM_VM_FILES_H
#define VMM_VM_FILES_H

#include "arch/x86/machine/multiboot.h"
#include "vmm/config/config.h"
#include "vmm/load/elf.h"

/* Returns the line of a module; an empty text where there is none. */
const char *vm_files_line(const struct multiboot_module *module);
/* Returns true where the module's line has of=. */
bool vm_files_is_file(const struct multiboot_module *module);
/* Adds all modules of vm to source. The lines stay valid until the next call. Returns 0. Returns
 * -EINVAL after a log line where there are too many modules, or where the line of such a module is
 * wrong. Call it at boot, before the VM is made. */
int vm_files_find(const struct multiboot_info *info, const struct vm_config *vm,
                  struct load_source *source);
/* Prints a message for each module whose line is wrong or whose VM is not there. Returns the number
 * of such modules. Call it when all VMs are made. */
unsigned vm_files_without_vm(const struct multiboot_info *info);

#endif
