/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions of the attack do=exits in ring 3, with IOPL 3.
 *
 * Rule: as in exits_rows.c.
 */
#include "guests/vandal/exits.h"

enum { ABSENT_PORT = 0x301, BAD_CALL = 999, UD = 6, GP = 13, AC = 17 };

const struct exits_row exits_ring3[] = {
	{ "CPUID",
	  { 0x0f, 0xa2 },
	  2,
	  MAY(RAX) | MAY(RBX) | MAY(RCX) | MAY(RDX),
	  1,
	  0,
	  0,
	  IS_RING3,
	  0 },
	{ "IN of a byte", { 0xec }, 1, MAY(RAX), 0x55, 7, ABSENT_PORT, IS_RING3, 0 },
	{ "OUT of 32 bits", { 0xef }, 1, 0, 0x55, 7, ABSENT_PORT, IS_RING3, 0 },
	{ "a call", { 0x0f, 0x01, 0xc1 }, 3, MAY(RAX), BAD_CALL, 2, 3, IS_RING3_CALL, 0 },
	{ "a misaligned load", { 0x8b, 0x47, 0x01 }, 3, MAY(RAX), 1, 2, 3, IS_ALIGNED, AC },
	{ "RDMSR", { 0x0f, 0x32 }, 2, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "WRMSR", { 0x0f, 0x30 }, 2, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "RDPMC", { 0x0f, 0x33 }, 2, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "XSETBV", { 0x0f, 0x01, 0xd1 }, 3, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "HLT", { 0xf4 }, 1, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "WBINVD", { 0x0f, 0x09 }, 2, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "INVD", { 0x0f, 0x08 }, 2, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "CLTS", { 0x0f, 0x06 }, 2, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "LMSW", { 0x0f, 0x01, 0xf0 }, 3, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "MOV from CR0", { 0x0f, 0x20, 0xc0 }, 3, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "MOV to CR4", { 0x0f, 0x22, 0xe0 }, 3, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "MOV to CR8", { 0x44, 0x0f, 0x22, 0xc0 }, 4, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "MOV from DR7", { 0x0f, 0x21, 0xf8 }, 3, 0, 1, 0x277, 0, IS_RING3, GP },
	{ "MONITOR", { 0x0f, 0x01, 0xc8 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "MWAIT", { 0x0f, 0x01, 0xc9 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "MONITORX", { 0x0f, 0x01, 0xfa }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "RDPRU", { 0x0f, 0x01, 0xfd }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "GETSEC", { 0x0f, 0x37 }, 2, 0, 0, 0, 0, IS_RING3, UD },
	{ "RSM", { 0x0f, 0xaa }, 2, 0, 0, 0, 0, IS_RING3, UD },
	{ "TDCALL", { 0x66, 0x0f, 0x01, 0xcc }, 4, 0, 0, 0, 0, IS_RING3, UD },
	{ "SEAMCALL", { 0x66, 0x0f, 0x01, 0xcf }, 4, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMLAUNCH", { 0x0f, 0x01, 0xc2 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMRESUME", { 0x0f, 0x01, 0xc3 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMXOFF", { 0x0f, 0x01, 0xc4 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMXON", { 0xf3, 0x0f, 0xc7, 0x37 }, 4, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMCLEAR", { 0x66, 0x0f, 0xc7, 0x37 }, 4, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMPTRLD", { 0x0f, 0xc7, 0x37 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMPTRST", { 0x0f, 0xc7, 0x3f }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMREAD", { 0x0f, 0x78, 0xc2 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMWRITE", { 0x0f, 0x79, 0xc2 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "INVEPT", { 0x66, 0x0f, 0x38, 0x80, 0x07 }, 5, 0, 0, 0, 0, IS_RING3, UD },
	{ "INVVPID", { 0x66, 0x0f, 0x38, 0x81, 0x07 }, 5, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMFUNC", { 0x0f, 0x01, 0xd4 }, 3, 0, 0, 0, 0, IS_RING3, UD },
	{ "VMRUN", { 0x0f, 0x01, 0xd8 }, 3, 0, 0, 0, 0, IS_RING3_SVM, UD },
	{ "VMLOAD", { 0x0f, 0x01, 0xda }, 3, 0, 0, 0, 0, IS_RING3_SVM, UD },
	{ "VMSAVE", { 0x0f, 0x01, 0xdb }, 3, 0, 0, 0, 0, IS_RING3_SVM, UD },
	{ "STGI", { 0x0f, 0x01, 0xdc }, 3, 0, 0, 0, 0, IS_RING3_SVM, UD },
	{ "CLGI", { 0x0f, 0x01, 0xdd }, 3, 0, 0, 0, 0, IS_RING3_SVM, UD },
	{ "INVLPGA", { 0x0f, 0x01, 0xdf }, 3, 0, 0, 0, 0, IS_RING3_SVM, UD },
	{ "SKINIT", { 0x0f, 0x01, 0xde }, 3, 0, 0, 0, 0, IS_RING3, UD },
};
const unsigned exits_ring3_count = sizeof(exits_ring3) / sizeof(exits_ring3[0]);
