/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF on disk, as far as a loader needs the format (System V ABI, chapters 4 and 5), for both
 * classes.
 *
 * Rule: all reads are by memcpy, because the file guarantees no alignment.
 */
#ifndef VMM_ELF_FORMAT_H
#define VMM_ELF_FORMAT_H

#include <stdint.h>

/* The first bytes of an ELF32 file. The members have the ABI's names, without the prefix e_. */
struct elf32_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

/* The first bytes of an ELF64 file. */
struct elf64_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

/* A program header of an ELF32 file. The members have the ABI's names, without the prefix p_. */
struct elf32_program {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

/* A program header of an ELF64 file. */
struct elf64_program {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

/* Places in ident, and their values. */
enum { EI_CLASS = 4, EI_DATA = 5, CLASS_32 = 1, CLASS_64 = 2, DATA_LITTLE = 1 };
/* Values of type and machine in a header, and of type in a program header. */
enum { TYPE_EXEC = 2, MACHINE_386 = 3, MACHINE_X86_64 = 62, SEGMENT_LOAD = 1 };

#endif
