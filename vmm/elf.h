/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's image: a multiboot 1 kernel, as ELF32, ELF64 or with the addresses in its multiboot header.
 *
 * Rule: the image is not trusted. Every offset and address is checked before it is used, and a refusal names the rule that
 * the image breaks. Pure C: memory is a pointer to where guest-physical address 0 is.
 */
#ifndef VMM_ELF_H
#define VMM_ELF_H

#include <stddef.h>
#include <stdint.h>

/* Check the image and copy it into the VM's memory, bss zeroed; *entry is the guest-physical address to start at. The hole
 * (A0000h-FFFFFh) and the place of the boot information (handover.h) are refused. 0, -ENOEXEC (not a kernel that can be
 * started), or -ENOMEM (it does not fit); then err has the reason and memory may be written in part. */
int elf_load(const void *image, size_t size, void *memory, size_t memory_size, uint32_t *entry, char *err,
             size_t err_size);

#endif
