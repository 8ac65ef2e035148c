/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions of the attack do=exits: instructions that the VMM carries out, instructions that
 * the VMM refuses, and instructions that last until other exits have come.
 *
 * Rule: each row is one instruction, with the inputs of the instruction and the registers for the
 * results. FOREIGN_PORT is the VMM's port, ABSENT_PORT has no device, as on a PC.
 */
#include "guests/vandal/exits.h"

#include "vmm/abi.h"

enum { ABSENT_PORT = 0x301, FOREIGN_PORT = 0x3f8, BAD_CALL = 999, ABSENT = 0xc0000 };
enum { DB = 1, UD = 6, GP = 13, FLAGS = EXITS_FLAGS };
enum { CR0_PE = 1 << 0, CR0_WP = 1 << 16, CR0_NW = 1 << 29, CR0_CD = 1 << 30 };
#define CR0_PG (1u << 31)
enum { CR4_PAE = 1 << 5, CR4_MCE = 1 << 6, CR4_VMXE = 1 << 13, CR4_PKE = 1 << 22 };
enum { MSR_NOWHERE = 0x1234567, MSR_TSC = 0x10, MSR_PAT = 0x277, MSR_MISC_ENABLE = 0x1a0 };
#define MSR_EFER 0xc0000080
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_TSC_AUX 0xc0000103
#define TOP (1u << 31)
enum { LONG = 200000 /* instructions: longer than a slice in the emulators */ };

const struct exits_row exits_rows[] = {
	{ "CPUID",
	  { 0x0f, 0xa2 },
	  2,
	  MAY(RAX) | MAY(RBX) | MAY(RCX) | MAY(RDX),
	  1,
	  0,
	  0,
	  PLAIN,
	  0 },
	{ "OUT of a byte", { 0xee }, 1, 0, 0x55, 7, ABSENT_PORT, PLAIN, 0 },
	{ "OUT of 32 bits", { 0xef }, 1, 0, 0x55, 7, ABSENT_PORT, PLAIN, 0 },
	{ "IN of a byte", { 0xec }, 1, MAY(RAX), 0x55, 7, ABSENT_PORT, PLAIN, 0 },
	{ "IN of 32 bits", { 0xed }, 1, MAY(RAX), 0x55, 7, ABSENT_PORT, PLAIN, 0 },
	{ "INS of a byte", { 0x6c }, 1, MAY(RDI), 0x55, 7, ABSENT_PORT, IS_STRING, 0 },
	{ "REP INS", { 0xf3, 0x6d }, 2, MAY(RDI) | MAY(RCX), 5, 40, ABSENT_PORT, IS_STRING, 0 },
	{ "OUTS of 16 bits", { 0x66, 0x6f }, 2, MAY(RSI), 5, 7, ABSENT_PORT, IS_STRING, 0 },
	{ "REP OUTS", { 0xf3, 0x6e }, 2, MAY(RSI) | MAY(RCX), 5, 999, ABSENT_PORT, IS_STRING, 0 },
	/* Denied: logged at first, and not logged any more after a while. */
	{ "OUT to a foreign port", { 0xee }, 1, 0, 0x55, 7, FOREIGN_PORT, PLAIN, 0 },
	{ "IN of a foreign port", { 0xec }, 1, MAY(RAX), 0x55, 7, FOREIGN_PORT, PLAIN, 0 },
	{ "wide IN of a foreign port",
	  { 0x66, 0xed },
	  2,
	  MAY(RAX),
	  0x55,
	  7,
	  FOREIGN_PORT + 1,
	  PLAIN,
	  0 },
	{ "OUTS to a foreign port", { 0x6e }, 1, MAY(RSI), 5, 7, FOREIGN_PORT, IS_STRING, 0 },
	{ "a load of foreign memory", { 0x8b, 0x10 }, 2, MAY(RDX), 0, 7, 3, RAX_IS_FOREIGN, 0 },
	{ "a store to foreign memory", { 0x89, 0x10 }, 2, 0, 0, 7, 3, RAX_IS_FOREIGN, 0 },
	{ "XADD of foreign memory",
	  { 0xf0, 0x0f, 0xc1, 0x10 },
	  4,
	  MAY(RDX) | MAY(FLAGS),
	  0,
	  7,
	  3,
	  RAX_IS_FOREIGN,
	  0 },
	{ "IN of the guest's own 8259", { 0xe4, 0x21 }, 2, MAY(RAX), 0x55, 7, 3, PLAIN, 0 },
	{ "a store to absent memory", { 0x89, 0x10 }, 2, 0, ABSENT, 7, 3, PLAIN, 0 },
	{ "XCHG with absent memory", { 0x87, 0x10 }, 2, MAY(RDX), ABSENT, 7, 3, PLAIN, 0 },
	{ "INC of absent memory", { 0xff, 0x00 }, 2, MAY(FLAGS), ABSENT, 7, 3, PLAIN, 0 },
	{ "LMSW", { 0x0f, 0x01, 0xf0 }, 3, 0, 0, 0, CR0_CD, RAX_IS_CR0, 0 },
	{ "MOV from DR7", { 0x0f, 0x21, 0xf8 }, 3, MAY(RAX), 1, 2, 3, PLAIN, 0 },
	{ "WBINVD", { 0x0f, 0x09 }, 2, 0, 1, 2, 3, PLAIN, 0 },
	{ "INVD", { 0x0f, 0x08 }, 2, 0, 1, 2, 3, PLAIN, 0 },
	{ "RDMSR", { 0x0f, 0x32 }, 2, MAY(RAX) | MAY(RDX), 1, 0x8b, 3, PLAIN, 0 },
	{ "WRMSR", { 0x0f, 0x30 }, 2, 0, 0x1234, MSR_TSC_AUX, 0, PLAIN, 0 },
	{ "MOV from CR8", { 0x44, 0x0f, 0x20, 0xc0 }, 4, MAY(RAX), 1, 2, 3, PLAIN, 0 },
	{ "MOV to CR8", { 0x44, 0x0f, 0x22, 0xc0 }, 4, 0, 0, 2, 3, PLAIN, 0 },
	{ "MOV to CR0", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, CR0_CD, 0, RAX_IS_CR0, 0 },
	{ "MOV to CR0, back", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, 0, CR0_CD, RAX_IS_CR0, 0 },
	{ "MOV to CR4", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, CR4_MCE, 0, RAX_IS_CR4, 0 },
	{ "MOV to CR4, back", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, 0, CR4_MCE, RAX_IS_CR4, 0 },
	{ "CLTS", { 0x0f, 0x06 }, 2, 0, 1, 2, 3, PLAIN, 0 },
	{ "XSETBV", { 0x0f, 0x01, 0xd1 }, 3, 0, 0, 0, 0, RAX_IS_XCR0, 0 },
	{ "a call", { 0x0f, 0x01, 0xc1 }, 3, MAY(RAX), BAD_CALL, 2, 3, IS_CALL, 0 },
	{ "a call that yields",
	  { 0x0f, 0x01, 0xc1 },
	  3,
	  MAY(RAX),
	  SB_CALL_YIELD,
	  2,
	  3,
	  IS_CALL,
	  0 },
};
const unsigned exits_rows_count = sizeof(exits_rows) / sizeof(exits_rows[0]);

const struct exits_row exits_refused[] = {
	{ "RDMSR of none", { 0x0f, 0x32 }, 2, 0, 1, MSR_NOWHERE, 3, PLAIN, GP },
	{ "RDMSR of APIC_BASE", { 0x0f, 0x32 }, 2, 0, 1, 0x1b, 3, PLAIN, GP },
	{ "WRMSR of none", { 0x0f, 0x30 }, 2, 0, 1, MSR_NOWHERE, 3, PLAIN, GP },
	{ "WRMSR of TSC", { 0x0f, 0x30 }, 2, 0, 1, MSR_TSC, 3, PLAIN, GP },
	{ "WRMSR of TSC_AUX, upper half", { 0x0f, 0x30 }, 2, 0, 1, MSR_TSC_AUX, 1, PLAIN, GP },
	{ "WRMSR of FMASK, upper half", { 0x0f, 0x30 }, 2, 0, 1, MSR_FMASK, TOP, IS_KEPT, GP },
	{ "WRMSR of LSTAR, no address", { 0x0f, 0x30 }, 2, 0, 1, MSR_LSTAR, TOP, IS_KEPT, GP },
	{ "WRMSR of PAT, type 2", { 0x0f, 0x30 }, 2, 0, 2, MSR_PAT, 0, PLAIN, GP },
	{ "WRMSR of EFER, reserved", { 0x0f, 0x30 }, 2, 0, 1 << 20, MSR_EFER, 0, PLAIN, GP },
	{ "WRMSR of EFER without LME", { 0x0f, 0x30 }, 2, 0, 1, MSR_EFER, 0, PLAIN, GP },
	{ "RDPMC", { 0x0f, 0x33 }, 2, 0, 1, 0, 3, PLAIN, GP },
	{ "MOV to CR8 of 16", { 0x44, 0x0f, 0x22, 0xc0 }, 4, 0, 16, 2, 3, PLAIN, GP },
	{ "CR0 without PE", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, CR0_CD, CR0_PE, RAX_IS_CR0, GP },
	{ "CR0 without PG", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, CR0_CD, CR0_PG, RAX_IS_CR0, GP },
	{ "CR0.NW alone", { 0x0f, 0x22, 0xc0 }, 3, 0, 0, CR0_NW, CR0_CD, RAX_IS_CR0, GP },
	{ "CR4.VMXE", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, CR4_VMXE, 0, RAX_IS_CR4, GP },
	{ "CR4.PKE and MCE", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, CR4_PKE | CR4_MCE, 0, RAX_IS_CR4, GP },
	{ "CR4.MCE without PAE", { 0x0f, 0x22, 0xe0 }, 3, 0, 0, CR4_MCE, CR4_PAE, RAX_IS_CR4, GP },
	{ "XCR0 = 0", { 0x0f, 0x01, 0xd1 }, 3, 0, 0, 0, 0, PLAIN, GP },
	{ "XCR0, reserved", { 0x0f, 0x01, 0xd1 }, 3, 0, 3, 0, 1 << 30, PLAIN, GP },
	{ "XCR1", { 0x0f, 0x01, 0xd1 }, 3, 0, 3, 1, 0, PLAIN, GP },
	{ "MONITOR", { 0x0f, 0x01, 0xc8 }, 3, 0, ABSENT, 0, 0, PLAIN, UD },
	{ "MWAIT", { 0x0f, 0x01, 0xc9 }, 3, 0, 0, 0, 0, PLAIN, UD },
	{ "MONITORX", { 0x0f, 0x01, 0xfa }, 3, 0, ABSENT, 0, 0, PLAIN, UD },
	{ "RDPRU", { 0x0f, 0x01, 0xfd }, 3, 0, 0, 0, 0, PLAIN, UD },
	{ "RDPKRU", { 0x0f, 0x01, 0xee }, 3, 0, 0, 0, 0, PLAIN, UD },
	{ "WRPKRU", { 0x0f, 0x01, 0xef }, 3, 0, 0, 0, 0, PLAIN, UD },
	{ "GETSEC", { 0x0f, 0x37 }, 2, 0, 0, 2, 3, PLAIN, UD },
	{ "RSM", { 0x0f, 0xaa }, 2, 0, 0, 2, 3, PLAIN, UD },
	{ "VMLAUNCH", { 0x0f, 0x01, 0xc2 }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "VMXOFF", { 0x0f, 0x01, 0xc4 }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "VMFUNC", { 0x0f, 0x01, 0xd4 }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "VMREAD", { 0x0f, 0x78, 0xc2 }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "VMRUN", { 0x0f, 0x01, 0xd8 }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "VMLOAD", { 0x0f, 0x01, 0xda }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "CLGI", { 0x0f, 0x01, 0xdd }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "INVLPGA", { 0x0f, 0x01, 0xdf }, 3, 0, 0, 2, 3, PLAIN, UD },
	{ "the other vendor's call",
	  { 0x0f, 0x01, 0xc1 },
	  3,
	  0,
	  BAD_CALL,
	  2,
	  3,
	  IS_CALL_OF_ANOTHER,
	  UD },
};
const unsigned exits_refused_count = sizeof(exits_refused) / sizeof(exits_refused[0]);

/* #DB exits too, so that it cannot nest for ever. */
const struct exits_row exits_debug[] = {
	{ "a step", { 0x90 }, 1, 0, 1, 2, 3, IS_STEP, DB },
	{ "a step over CPUID",
	  { 0x0f, 0xa2 },
	  2,
	  MAY(RAX) | MAY(RBX) | MAY(RCX) | MAY(RDX),
	  1,
	  0,
	  0,
	  IS_STEP,
	  DB },
	{ "a step over OUT", { 0xee }, 1, 0, 0x55, 7, ABSENT_PORT, IS_STEP, DB },
	{ "a watched store", { 0x48, 0x89, 0x07 }, 3, 0, 1, 2, 3, IS_WATCHED, DB },
	{ "a breakpoint", { 0x90 }, 1, 0, 1, 2, 3, IS_BREAK, DB },
	{ "a breakpoint on CPUID",
	  { 0x0f, 0xa2 },
	  2,
	  MAY(RAX) | MAY(RBX) | MAY(RCX) | MAY(RDX),
	  1,
	  0,
	  0,
	  IS_BREAK,
	  DB },
	/* QEMU's processor would stop for a debugger. */
	{ "ICEBP", { 0xf1 }, 1, 0, 1, 2, 3, IS_KEPT, DB },
};
const unsigned exits_debug_count = sizeof(exits_debug) / sizeof(exits_debug[0]);

/* Slices end, other VMs' lines interrupt, and the own line wakes: exits that no instruction of the
 * guest causes. */
const struct exits_row exits_open[] = {
	{ "HLT", { 0xf4 }, 1, 0, 1, 2, 3, IS_OPEN, 0 },
	{ "two HLTs", { 0xf4, 0xf4 }, 2, 0, 1, 2, 3, IS_OPEN, 0 },
	{ "a long LOOP", { 0xe2, 0xfe }, 2, MAY(RCX), 1, LONG, 3, IS_OPEN, 0 },
	{ "PAUSEs", { 0xf3, 0x90, 0xe2, 0xfc }, 4, MAY(RCX), 1, LONG / 8, 3, IS_OPEN, 0 },
};
const unsigned exits_open_count = sizeof(exits_open) / sizeof(exits_open[0]);
