/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the tests of the SVM back end: a VMCB, some RAM behind nested page tables, and an
 * empty vcpu around them.
 *
 * Rule: the tables are the back end's own (npt.c); frames come from a pool of this file, which can
 * be made to run out.
 */
#ifndef TESTS_UNIT_SVM_KIT_H
#define TESTS_UNIT_SVM_KIT_H

#include "arch/x86/virt/svm/svm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RAM begins at guest-physical 0, on a page of 2M. */
enum { KIT_RAM = 4 << 20, KIT_PAGE = 4096 };

extern struct vcpu kit_vcpu;
extern struct vmcb kit_vmcb;
/* How many more frames there are; kit_begin() makes them many. */
extern unsigned kit_frames;
/* What EFER of the VMM reads: NXE set or clear. */
extern bool kit_nxe, kit_gib_pages;

/* RAM all zeroes and mapped; protected mode without paging, flat segments of 32 bits, RIP 0. */
void kit_begin(void);
uint8_t *kit_ram(uint64_t guest);
/* An entry of a page table of the guest, of 4 or 8 bytes. */
void kit_entry(uint64_t table, unsigned index, unsigned bytes, uint64_t value);

enum kit_mode { KIT_CODE_16, KIT_CODE_32, KIT_CODE_64 };
/* Without paging; 64-bit code has linear addresses 0 to 2M - 1 mapped to themselves, by tables in
 * the last pages of RAM. */
void kit_mode(enum kit_mode mode);

/* Bits of the registers that choose a way of paging. */
#define KIT_PG (1ull << 31)
#define KIT_PSE (1ull << 4)
#define KIT_PAE (1ull << 5)
#define KIT_LA57 (1ull << 12)
#define KIT_LME (1ull << 8)
#define KIT_LMA (1ull << 10)
#define KIT_SVME (1ull << 12)
/* Attributes of a segment. */
enum { KIT_CODE = 0x9b, KIT_DATA = 0x93, KIT_L = 1 << 9, KIT_D = 1 << 10, KIT_G = 1 << 11 };
/* Present, writable; a large page. */
enum { KIT_P = 3, KIT_LARGE = 1 << 7 };

#endif
