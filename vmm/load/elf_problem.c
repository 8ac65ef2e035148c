/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for the refusal of an image.
 *
 * Rule: a message names the rule that the image breaks. No step of the loader formats text. The
 * formatting is done here, later.
 */
#include "vmm/load/elf.h"

#include "vmm/load/handover.h"

#include <stdio.h>

_Static_assert(HOLE_FIRST == 0xa0000 && HOLE_END == 0x100000, "the words say where the hole is");

/* Each entry takes up to three numbers, in the order of the loader. */
static const char *const words[LOAD_PROBLEMS] = {
	[LOAD_FINE] = "",
	[LOAD_NO_HEADER] = "no multiboot header in the first 8 KiB",
	[LOAD_CHECKSUM] = "the multiboot header's checksum is wrong",
	[LOAD_HEADER_CUT] = "the multiboot header is cut off by the end of the file",
	[LOAD_FLAG] = "the multiboot header requires flag %lu, which is not offered",
	[LOAD_ADDRESS_LOAD] =
		"the multiboot header's load_addr 0x%lx does not go with header_addr 0x%lx",
	[LOAD_ADDRESS_END] = "the multiboot header's load_end_addr 0x%lx is below load_addr",
	[LOAD_ADDRESS_BSS] =
		"the multiboot header's bss_end_addr 0x%lx is below the end of the data",
	[LOAD_NOT_ELF] = "not an ELF file",
	[LOAD_ENCODING] = "ELF with data encoding %lu; it has to be 1 (little-endian)",
	[LOAD_CLASS] = "ELF of class %lu; it has to be 1 (32-bit) or 2 (64-bit)",
	[LOAD_ELF_CUT] = "the ELF header is cut off by the end of the file",
	[LOAD_MACHINE_32] = "ELF32 for machine %lu; it has to be 3 (386)",
	[LOAD_MACHINE_64] = "ELF64 for machine %lu; it has to be 62 (x86-64)",
	[LOAD_TYPE] = "ELF of type %lu; it has to be 2 (executable)",
	[LOAD_HEADER_SIZE] = "program headers of %lu bytes are too small",
	[LOAD_TABLE] = "%lu program headers at 0x%lx go past the end of the file (0x%lx)",
	[LOAD_TABLE_LONG] = "%lu program headers; at most %lu",
	[LOAD_NOTHING] = "nothing to load: no program header of type LOAD",
	[LOAD_ENTRY] = "the entry 0x%lx is in no loaded segment",
	[LOAD_ENTRY_ADDRESS] = "the entry 0x%lx is not in the loaded segment",
	[LOAD_NO_ROOM] = "the image leaves no page below 0xa0000 for the boot information",
	[LOAD_IS_LINUX] = "this is a Linux kernel, not a multiboot kernel: add type=linux",
	[LOAD_LINUX_SHORT] =
		"too short for a Linux kernel: %lu bytes, the setup header ends at %lu",
	[LOAD_LINUX_MAGIC] = "no Linux kernel (type=linux): the setup header's magic is missing",
	[LOAD_LINUX_OLD] = "the Linux kernel has boot protocol %lu.%02lu; "
			   "it has to be 2.10 or later (Linux 2.6.31)",
	[LOAD_LINUX_LOW] =
		"the Linux kernel is a zImage, which loads below 1 MiB; a bzImage is needed",
	[LOAD_LINUX_CUT] = "the Linux kernel is cut off: its header says %lu bytes, %lu are there",
	[LOAD_LINUX_PLACE] = "the Linux kernel wants address 0x%lx and size 0x%lx, "
			     "which is not between 1 MiB and 4 GiB",
	[LOAD_LINUX_MEMORY] =
		"the Linux kernel and its modules need mem=%luM at least; the VM has %luM",
	[LOAD_LINUX_INITRD] =
		"the initrd would end at 0x%lx; this kernel takes an initrd up to 0x%lx",
	[LOAD_BIOS_SIZE] = "%lu bytes are no BIOS (type=bios): 16 to %lu fit below 1 MiB",
	[LOAD_BIOS_JUMP] = "no BIOS (type=bios): 0x%lx, 16 bytes before the end, begins no jump",
	[LOAD_BIOS_MEMORY] = "a BIOS needs mem=%luM at least; the VM has %luM",
	[LOAD_BIOS_ROMS] = "the ROMs (of=) from 0xc0000 on end at 0x%lx, the BIOS begins at 0x%lx",
	[LOAD_FILE_EMPTY] = "module number %lu of the VM (of=) is empty",
	[LOAD_FILES_MEMORY] =
		"with its modules (of=: %lu) the VM needs mem=%luM at least; the VM has %luM",
	[LOAD_OF_SEGMENT] = "",
	[LOAD_SEGMENT_SIZES] = "0x%lx bytes in the file, but only 0x%lx in memory",
	[LOAD_SEGMENT_FILE] = "offset 0x%lx and size 0x%lx go past the end of the file (0x%lx)",
	[LOAD_SEGMENT_MEMORY] =
		"address 0x%lx and size 0x%lx are not within the VM's memory (0x%lx)",
	[LOAD_SEGMENT_HOLE] =
		"address 0x%lx and size 0x%lx reach into 0xa0000-0xfffff, which is no RAM",
	[LOAD_SEGMENT_SUM] =
		"the segments so far take 0x%lx bytes, more than the VM's memory (0x%lx)",
};

void load_describe(const struct load *l, char *text, size_t size)
{
	const uint64_t *n = l->number;
	int used = 0;

	if (l->problem > LOAD_OF_SEGMENT)
		used = snprintf(text, size,
		                "%s %u: ", l->flat ? "multiboot segment" : "program header",
		                l->segment);
	if (used < 0 || (size_t)used >= size)
		return;
	snprintf(text + used, size - (size_t)used, words[l->problem], (unsigned long)n[0],
	         (unsigned long)n[1], (unsigned long)n[2]);
}
