/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's image: a multiboot 1 kernel, as ELF32, ELF64 or with the addresses in its multiboot
 * header.
 *
 * Rule: the image is not trusted. Every offset and address is checked before it is used, and a
 * refusal names the rule that the image breaks. Pure C: memory is a pointer to where guest-physical
 * address 0 is.
 *
 * Rule: loading is done in steps. A step is at most about 1,200 instructions, whatever the image
 * says, and the number of steps is bounded by the size of the VM's memory. The caller looks at
 * interrupts between two steps.
 */
#ifndef VMM_ELF_H
#define VMM_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that one step copies or clears, and the most program headers that an image may have. */
enum { LOAD_PIECE = 4096, LOAD_HEADERS_MAX = 256 };
enum { LOAD_LOW_WORDS = 3 }; /* of 64 pages each: they reach up to the hole */

/* What is wrong with an image (elf_problem.c has the words). What comes after LOAD_OF_SEGMENT is
 * about one segment. */
enum load_problem {
	LOAD_FINE,
	LOAD_NO_HEADER,
	LOAD_CHECKSUM,
	LOAD_HEADER_CUT,
	LOAD_FLAG,
	LOAD_ADDRESS_LOAD,
	LOAD_ADDRESS_END,
	LOAD_ADDRESS_BSS,
	LOAD_NOT_ELF,
	LOAD_ENCODING,
	LOAD_CLASS,
	LOAD_ELF_CUT,
	LOAD_MACHINE_32,
	LOAD_MACHINE_64,
	LOAD_TYPE,
	LOAD_HEADER_SIZE,
	LOAD_TABLE,
	LOAD_TABLE_LONG,
	LOAD_NOTHING,
	LOAD_ENTRY,
	LOAD_ENTRY_ADDRESS,
	LOAD_NO_ROOM,
	LOAD_OF_SEGMENT,
	LOAD_SEGMENT_SIZES,
	LOAD_SEGMENT_FILE,
	LOAD_SEGMENT_MEMORY,
	LOAD_SEGMENT_HOLE,
	LOAD_SEGMENT_SUM,
	LOAD_PROBLEMS
};

enum load_phase {
	LOAD_FIND,  /* look for the multiboot header */
	LOAD_READ,  /* read the multiboot and the ELF header */
	LOAD_CHECK, /* check the segments */
	LOAD_CLEAR, /* clear the VM's memory */
	LOAD_COPY,  /* copy the segments */
	LOAD_DONE,
	LOAD_REFUSED
};

/* A piece of the image and where it belongs. */
struct load_segment {
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

/* A loading that is under way. load_begin() fills it. The caller reads entry, checked and problem,
 * and changes nothing. */
struct load {
	const uint8_t *image;
	uint64_t size;
	uint8_t *memory;
	uint64_t memory_size;
	uint32_t entry;    /* guest-physical, once the image is checked */
	uint32_t handover; /* a page that the image leaves free, for the boot information */
	bool checked;      /* the image is good; no step before wrote to memory */
	enum load_phase phase;

	enum load_problem problem;
	int error;
	unsigned segment;   /* which one the problem is about */
	uint64_t number[3]; /* what the problem's words need */

	uint64_t at; /* LOAD_FIND: where to look next; then where the multiboot header is */
	bool bad_sum;
	bool flat; /* the multiboot header has the addresses; else wide says ELF64, and there is a
	              table of headers */
	bool wide;
	bool found, found_virtual, any;
	uint16_t header_bytes;
	unsigned count, index; /* program headers, and the one that is looked at */
	/* offset of the program headers; the entry as the image says it */
	uint64_t table, start;
	uint64_t sum;                   /* of the sizes in memory of the segments so far */
	struct load_segment only;       /* flat: the segment */
	uint64_t taken[LOAD_LOW_WORDS]; /* pages below the hole that the image takes, a bit each */
	uint64_t done;                  /* of memory, or of the current segment */
	uint64_t first, end;            /* LOAD_COPY: what has been written lies in [first, end) */
};

/* Begins the loading of an image into a VM's memory. Nothing is read or written yet. Where the
 * image is only to be checked, memory may be NULL. */
void load_begin(struct load *l, const void *image, size_t size, void *memory, size_t memory_size);
/* Does the next step. Returns 1: there is more to do, call again. 0: the image is loaded, and
 * l->entry is the address to start at; all other memory of the VM is clear. -ENOEXEC (not a kernel
 * that can be started) or -ENOMEM (it does not fit): the image is refused, and memory is as it was.
 * The hole (A0000h-FFFFFh) is refused, but for headers in its last page that a linker puts in
 * front of a text at 1 MiB: they are left out. */
int load_step(struct load *l);
/* Does the steps that check the image and no more. Call it at boot, where nothing has to be quick.
 * Returns 0 (the image is good), -ENOEXEC or -ENOMEM. */
int load_check(struct load *l);
/* Puts into words why the image was refused; an empty text where it was not. Call it where there is
 * time for formatting. */
void load_describe(const struct load *l, char *text, size_t size);

#endif
