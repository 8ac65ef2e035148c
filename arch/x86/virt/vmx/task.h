/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data of a task switch by hardware: the exit's sources, the task state segments, the bits of
 * descriptors and flags.
 *
 * Rule: only task.c and the test of task.c include the header.
 */
#ifndef ARCH_X86_VIRT_VMX_TASK_H
#define ARCH_X86_VIRT_VMX_TASK_H

#include <stdint.h>

/* Exit qualification (SDM 3C table 27-3): 31:30 source | 15:0 selector */
enum source { BY_CALL, BY_IRET, BY_JMP, BY_GATE };

/* Task state segments of 32 and of 16 bits (SDM 3A figures 7-2, 7-10). */
struct tss32 {
	uint32_t link, stacks[6], cr3, eip, eflags, general[8];
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, io_map;
};
struct tss16 {
	uint16_t link, stacks[6], ip, flags, general[8], es, cs, ss, ds, ldt;
};
_Static_assert(sizeof(struct tss32) == 104 && sizeof(struct tss16) == 44, "SDM 3A 7.2.1, 7.6");

/* Segments in the order of the VMCS. A TSS has the same order; a 16-bit TSS has no FS and no GS. */
enum segment { ES, CS, SS, DS, FS, GS, SEGMENTS };
enum { LDTR = 6, TR = 7 };

enum {
	FLAGS_TF = 1 << 8,
	FLAGS_NT = 1 << 14,
	FLAGS_VM = 1 << 17,
	FLAGS_ALWAYS = 2,
	FLAGS_MAY = 0x3f7fd7
};
enum { CR0_TS = 1 << 3, CR4_PAE = 1 << 5, CR3_PCD_PWT = 0x18, DR7_LOCAL = 0x155 };
#define CR0_PG (1u << 31)

/* Descriptor, high half (SDM 3A 3.4.5): 31:24 base | 23 G | 22 D | 19:16 limit | 15 P | 14:13 DPL |
 * 12 S | 11:8 type | 7:0 base */
enum { RIGHTS_P = 1 << 7, RIGHTS_S = 1 << 4, RIGHTS_UNUSABLE = 1 << 16 };
enum {
	TYPE_ACCESSED = 1,
	TYPE_WRITABLE = 2,
	TYPE_READABLE = 2,
	TYPE_CONFORMING = 4,
	TYPE_CODE = 8
};
enum {
	TYPE_LDT = 2,
	TYPE_TSS = 1,
	TYPE_BUSY = 2,
	TYPE_32 = 8,
	DPL_SHIFT = 5,
	RPL = 3,
	SELECTOR_TI = 4
};

#endif
