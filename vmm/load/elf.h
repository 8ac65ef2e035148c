/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's image: a multiboot 1 kernel, as ELF32, ELF64 or with the addresses in its multiboot
 * header; a Linux kernel (vmm/load/linux.h); or a BIOS (vmm/load/bios.h). Files may lie beside the
 * image in memory: the modules of a multiboot kernel, the initrd of Linux, the ROMs beside a BIOS.
 *
 * Rule: the image is not trusted. Every offset and address is checked before use, and a refusal
 * names the rule that the image breaks. Pure C: memory points to the place of guest-physical
 * address 0. Image and files lie in the low part of RAM, below 4 GiB.
 *
 * Rule: loading is done in steps. A step takes at most about 1,200 instructions, whatever the image
 * says. The size of the VM's memory limits the number of steps. The caller looks at interrupts
 * between two steps.
 */
#ifndef VMM_ELF_H
#define VMM_ELF_H

#include "arch/x86/virt/guest_ram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LOAD_PIECE: the most bytes that a step copies or clears. LOAD_HEADERS_MAX: the most program
 * headers of an image. */
enum { LOAD_PIECE = 4096, LOAD_HEADERS_MAX = 256 };
enum { LOAD_LOW_WORDS = 3 }; /* Each word stands for 64 pages. The words reach up to the hole. */
enum { LOAD_FILES_MAX = 8 }; /* The most files beside an image. */

/* The boot protocol of an image. */
enum load_kind { LOAD_MULTIBOOT, LOAD_LINUX, LOAD_BIOS };

/* A file beside the image. The file and the line have to stay in memory. */
struct load_file {
	const void *at;
	uint64_t bytes;
	/* The file's own command line. */
	const char *line;
};

/* Everything that a VM starts from. */
struct load_source {
	/* The image, and its bytes. The image has to stay in memory. */
	const void *image;
	uint64_t bytes;
	enum load_kind kind;
	/* The files beside the image, in the order of the boot loader. */
	unsigned file_count;
	struct load_file file[LOAD_FILES_MAX];
};

/* The problems of an image, and their words. The words take up to three numbers, in the loader's
 * order. Problems after LOAD_OF_SEGMENT are problems of a segment. */
#define LOAD_PROBLEMS_LIST(X)                                                                      \
	X(FINE, "")                                                                                \
	X(NO_HEADER, "no multiboot header in the first 8 KiB")                                     \
	X(CHECKSUM, "the multiboot header's checksum is wrong")                                    \
	X(HEADER_CUT, "the multiboot header is cut off by the end of the file")                    \
	X(FLAG, "the multiboot header requires flag %lu, which is not offered")                    \
	X(ADDRESS_LOAD,                                                                            \
	  "the multiboot header's load_addr 0x%lx does not go with header_addr 0x%lx")             \
	X(ADDRESS_END, "the multiboot header's load_end_addr 0x%lx is below load_addr")            \
	X(ADDRESS_BSS, "the multiboot header's bss_end_addr 0x%lx is below the end of the data")   \
	X(NOT_ELF, "not an ELF file")                                                              \
	X(ENCODING, "ELF with data encoding %lu; it has to be 1 (little-endian)")                  \
	X(CLASS, "ELF of class %lu; it has to be 1 (32-bit) or 2 (64-bit)")                        \
	X(ELF_CUT, "the ELF header is cut off by the end of the file")                             \
	X(MACHINE_32, "ELF32 for machine %lu; it has to be 3 (386)")                               \
	X(MACHINE_64, "ELF64 for machine %lu; it has to be 62 (x86-64)")                           \
	X(TYPE, "ELF of type %lu; it has to be 2 (executable)")                                    \
	X(HEADER_SIZE, "program headers of %lu bytes are too small")                               \
	X(TABLE, "%lu program headers at 0x%lx go past the end of the file (0x%lx)")               \
	X(TABLE_LONG, "%lu program headers; at most %lu")                                          \
	X(NOTHING, "nothing to load: no program header of type LOAD")                              \
	X(ENTRY, "the entry 0x%lx is in no loaded segment")                                        \
	X(ENTRY_ADDRESS, "the entry 0x%lx is not in the loaded segment")                           \
	X(NO_ROOM, "the image leaves no page below 0xa0000 for the boot information")              \
	X(IS_LINUX, "this is a Linux kernel, not a multiboot kernel: add type=linux")              \
	X(LINUX_SHORT, "too short for a Linux kernel: %lu bytes, the setup header ends at %lu")    \
	X(LINUX_MAGIC, "no Linux kernel (type=linux): the setup header's magic is missing")        \
	X(LINUX_OLD, "the Linux kernel has boot protocol %lu.%02lu; "                              \
	             "it has to be 2.10 or later (Linux 2.6.31)")                                  \
	X(LINUX_LOW, "the Linux kernel is a zImage, which loads below 1 MiB; a bzImage is needed") \
	X(LINUX_CUT, "the Linux kernel is cut off: its header says %lu bytes, %lu are there")      \
	X(LINUX_PLACE, "the Linux kernel wants address 0x%lx and size 0x%lx, "                     \
	               "which is not between 1 MiB and 4 GiB")                                     \
	X(LINUX_MEMORY,                                                                            \
	  "the Linux kernel and its modules need mem=%luM at least; the VM has %luM")              \
	X(LINUX_INITRD, "the initrd would end at 0x%lx; this kernel takes an initrd up to 0x%lx")  \
	X(BIOS_SIZE, "%lu bytes are no BIOS (type=bios): 16 to %lu fit below 1 MiB")               \
	X(BIOS_JUMP, "no BIOS (type=bios): 0x%lx, 16 bytes before the end, begins no jump")        \
	X(BIOS_MEMORY, "a BIOS needs mem=%luM at least; the VM has %luM")                          \
	X(BIOS_ROMS, "the ROMs (of=) from 0xc0000 on end at 0x%lx, the BIOS begins at 0x%lx")      \
	X(FILE_EMPTY, "module number %lu of the VM (of=) is empty")                                \
	X(FILES_MEMORY,                                                                            \
	  "with its modules (of=: %lu) the VM needs mem=%luM at least; the VM has %luM")           \
	X(OF_SEGMENT, "")                                                                          \
	X(SEGMENT_SIZES, "0x%lx bytes in the file, but only 0x%lx in memory")                      \
	X(SEGMENT_FILE, "offset 0x%lx and size 0x%lx go past the end of the file (0x%lx)")         \
	X(SEGMENT_MEMORY, "address 0x%lx and size 0x%lx are not within the VM's memory (0x%lx)")   \
	X(SEGMENT_HOLE,                                                                            \
	  "address 0x%lx and size 0x%lx reach into 0xa0000-0xfffff, which is no RAM")              \
	X(SEGMENT_SUM, "the segments so far take 0x%lx bytes, more than the VM's memory (0x%lx)")

#define X_ENUM(id, words) LOAD_##id,
enum load_problem { LOAD_PROBLEMS_LIST(X_ENUM) LOAD_PROBLEMS };
#undef X_ENUM

/* The work that the next step does. */
enum load_phase {
	LOAD_FIND,  /* look for the multiboot header */
	LOAD_READ,  /* read the multiboot and the ELF header */
	LOAD_SETUP, /* read a Linux kernel's setup header, or look at a BIOS */
	LOAD_CHECK, /* check the segments */
	LOAD_CLEAR, /* clear the VM's memory */
	LOAD_COPY,  /* copy the segments */
	LOAD_FILES, /* copy the files */
	LOAD_DONE,
	LOAD_REFUSED
};

/* A piece of the image and its place in memory. */
struct load_segment {
	/* offset and filesz: the bytes in the file. vaddr and paddr: the virtual and the physical
	 * address. memsz: bytes in memory. */
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

/* A loading that is under way. load_begin() fills the structure. The caller reads entry, checked
 * and problem, and changes no member. */
struct load {
	/* The source's image, and its bytes. */
	const uint8_t *image;
	uint64_t size;
	/* The low part of the VM's memory, and its bytes: image and files lie there. */
	uint8_t *memory;
	uint64_t memory_size;
	uint32_t entry;    /* Guest-physical; valid when the image is checked. */
	uint32_t handover; /* A page that the image leaves free, for the boot information. */
	bool checked;      /* The image is good. No step so far has written to memory. */
	/* The work of the next step. */
	enum load_phase phase;

	/* The reason of a refusal. */
	enum load_problem problem;
	/* -ENOEXEC or -ENOMEM after a refusal, else 0. */
	int error;
	unsigned segment;   /* The number of the segment with the problem. */
	uint64_t number[3]; /* The numbers for the problem's words. */

	/* LOAD_FIND: the place of the next look; later: the place of the multiboot header. */
	uint64_t at;
	/* A header was found, but its checksum is wrong. */
	bool bad_sum;
	/* The multiboot header has the addresses. Else wide says ELF64, and there is a table of
	 * headers. */
	bool flat;
	/* The image is an ELF64. */
	bool wide;
	/* found: a segment has the entry; found_virtual: by its virtual address. any: there is a
	 * segment to load. */
	bool found, found_virtual, any;
	/* Size of a program header in the file. */
	uint16_t header_bytes;
	unsigned count, index; /* Number of program headers; number of the current header. */
	/* table: offset of the program headers; start: the entry in the image's own terms. */
	uint64_t table, start;
	uint64_t sum;                   /* Sum of the memory sizes of the segments so far. */
	struct load_segment only;       /* flat: the segment. */
	uint64_t taken[LOAD_LOW_WORDS]; /* Pages below the hole that the image takes, a bit each. */
	uint64_t done;       /* Bytes of memory, or of the current segment, that are done. */
	uint64_t first, end; /* LOAD_COPY: all bytes written so far lie in [first, end). */
	/* The image's end in memory, and the addresses of the files, when the image is checked. */
	uint64_t image_end, file_at[LOAD_FILES_MAX];
	uint64_t initrd_last; /* Linux: the last address where the initrd may lie. */
	/* The start after the load (vmm/core/vm_build.c): its next part, the files that the guest's
	 * list has, the parts of the ACPI tables that are built, and the address of what the guest
	 * was handed. */
	unsigned part, listed, acpi_part;
	uint32_t handed;
	/* The high part of the VM's memory, and its bytes. */
	uint8_t *high;
	uint64_t high_size;
	/* Last, because instructions that reach what is near the beginning are shorter. */
	struct load_source source;
};

/* Begins to load an image and its files into a VM's memory; reads and writes no byte yet. For
 * load_check() alone no memory need be behind the layout. Call it before the first step. */
void load_begin(struct load *l, const struct load_source *source, const struct guest_ram *ram);
/* Does the next step. Returns 1 when there is more to do: call it again. Returns 0 when the image
 * is loaded: l->entry is the address to start at, and all other memory of the VM is clear. Returns
 * -ENOEXEC (not a kernel that can be started) or -ENOMEM (the image does not fit) when the image is
 * refused: memory is as before. A segment in the hole (A0000h-FFFFFh) is refused. An exception are
 * headers in the hole's last page, where a linker puts them before a text at 1 MiB; such headers
 * are left out. The files lie behind the image and above 1 MiB, in their order, each on a page of
 * its own. */
int load_step(struct load *l);
/* Does only the steps that check the image. Returns 0 (the image is good), -ENOEXEC or -ENOMEM.
 * Call it at boot, when no interrupt has to wait. */
int load_check(struct load *l);
/* Writes the reason of the refusal into text; an empty text where the image was not refused. Call
 * it where there is time to format text. */
void load_describe(const struct load *l, char *text, size_t size);

#endif
