/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files beside a guest's image (of=): their places in the VM's memory, and the copying.
 *
 * Rule: the files lie behind the image and above 1 MiB, in their order, each on a page of its own.
 * So a kernel that allocates behind its last module finds free memory there, as with GRUB.
 */
#ifndef VMM_FILES_H
#define VMM_FILES_H

#include "vmm/load/elf.h"

/* Sets the places of the files behind l->image_end (l->file_at). Returns the end of the last file,
 * or the image's end where there is no file. The sum cannot wrap: each file lies in the machine's
 * memory below 4 GiB. */
uint64_t files_place(struct load *l);
/* Copies the next piece of a file. Returns false when all files are copied. */
bool files_copy(struct load *l);

#endif
