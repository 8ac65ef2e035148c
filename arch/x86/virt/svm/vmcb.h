/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual machine control block (APM 2, appendix B) and the numbers of its fields.
 *
 * Rule: the structure has the hardware's layout, byte for byte. Names follow the manual.
 */
#ifndef ARCH_X86_VIRT_SVM_VMCB_H
#define ARCH_X86_VIRT_SVM_VMCB_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Attributes have the layout of a descriptor without the hole: 11 G | 10 D | 9 L | 8 AVL | 7 P |
 * 6:5 DPL | 4 S | 3:0 type */
struct vmcb_segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	/* Control area (table B-1) */
	/* 000h */
	uint16_t intercept_cr_read, intercept_cr_write, intercept_dr_read, intercept_dr_write;
	/* 008h */
	uint32_t intercept_exceptions;
	/* 00Ch */
	uint32_t intercept_1, intercept_2;
	uint8_t reserved_1[0x40 - 0x14];
	uint64_t iopm_base, msrpm_base, tsc_offset; /* 040h */
	uint32_t asid;                              /* 058h */
	uint8_t tlb_control, reserved_2[3];
	uint32_t virtual_interrupt; /* 060h */
	uint32_t virtual_vector;
	uint64_t interrupt_shadow;                                           /* 068h */
	uint64_t exit_code, exit_info_1, exit_info_2, exit_interruption;     /* 070h */
	uint64_t nested_paging, avic_bar, ghcb, event_injection, nested_cr3; /* 090h */
	uint64_t lbr_virtualisation, clean, next_rip;                        /* 0B8h */
	uint8_t fetched, bytes[15];                                          /* 0D0h */
	uint8_t reserved_3[0x400 - 0xe0];
	/* State save area (table B-2), at 400h */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved_4[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved_5;
	uint64_t efer; /* 4D0h */
	uint8_t reserved_6[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip; /* 548h */
	uint8_t reserved_7[0x5d8 - 0x580];
	uint64_t rsp; /* 5D8h */
	uint8_t reserved_8[0x5f8 - 0x5e0];
	uint64_t rax, star, lstar, cstar, fmask, kernel_gs_base, sysenter_cs, sysenter_esp,
		sysenter_eip, cr2; /* 5F8h */
	uint8_t reserved_9[0x668 - 0x648];
	uint64_t pat, debugctl; /* 668h */
	uint8_t reserved_10[0x1000 - 0x678];
};

static_assert(offsetof(struct vmcb, iopm_base) == 0x40, "APM 2 table B-1");
static_assert(offsetof(struct vmcb, exit_code) == 0x70, "APM 2 table B-1");
static_assert(offsetof(struct vmcb, event_injection) == 0xa8, "APM 2 table B-1");
static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "APM 2 table B-1");
static_assert(offsetof(struct vmcb, tr) == 0x490, "APM 2 table B-2");
static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM 2 table B-2");
static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM 2 table B-2");
static_assert(offsetof(struct vmcb, pat) == 0x668, "APM 2 table B-2");
static_assert(sizeof(struct vmcb) == 4096, "APM 2 appendix B");

/* intercept_1 (00Ch) */
enum {
	INTERCEPT_INTR = 1 << 0,
	INTERCEPT_NMI = 1 << 1,
	INTERCEPT_INIT = 1 << 3,
	INTERCEPT_VINTR = 1 << 4,
	INTERCEPT_CR0_SELECTIVE = 1 << 5, /* writes that change more than TS and MP; each LMSW */
	INTERCEPT_RDPMC = 1 << 15,
	INTERCEPT_CPUID = 1 << 18,
	INTERCEPT_RSM = 1 << 19,
	INTERCEPT_IRET = 1 << 20,
	INTERCEPT_INVD = 1 << 22,
	INTERCEPT_HLT = 1 << 24,
	INTERCEPT_INVLPGA = 1 << 26,
	INTERCEPT_IOIO = 1 << 27,
	INTERCEPT_MSR = 1 << 28,
	INTERCEPT_TASK_SWITCH = 1 << 29,
	INTERCEPT_FERR_FREEZE = 1 << 30,
};
#define INTERCEPT_SHUTDOWN (1u << 31)
/* intercept_2 (010h) */
enum {
	INTERCEPT_VMRUN = 1 << 0,
	INTERCEPT_VMMCALL = 1 << 1,
	INTERCEPT_VMLOAD = 1 << 2,
	INTERCEPT_VMSAVE = 1 << 3,
	INTERCEPT_STGI = 1 << 4,
	INTERCEPT_CLGI = 1 << 5,
	INTERCEPT_SKINIT = 1 << 6,
	INTERCEPT_WBINVD = 1 << 9,
	INTERCEPT_MONITOR = 1 << 10,
	INTERCEPT_MWAIT = 1 << 11,
	INTERCEPT_MWAIT_ARMED = 1 << 12,
	INTERCEPT_XSETBV = 1 << 13,
	INTERCEPT_RDPRU = 1 << 14,
};

enum { TLB_CONTROL_NONE = 0, TLB_CONTROL_FLUSH_ALL = 1 };

/* virtual_interrupt (060h): 24 V_INTR_MASKING | 20 V_IGN_TPR | 19:16 V_INTR_PRIO | 8 V_IRQ | 7:0
 * V_TPR */
enum { V_IRQ = 1 << 8, V_INTR_PRIO_SHIFT = 16, V_IGN_TPR = 1 << 20, V_INTR_MASKING = 1 << 24 };

/* interrupt_shadow (068h) */
enum { INTERRUPT_SHADOW = 1 << 0 };

/* event_injection, exit_interruption (0A8h, 088h): 63:32 error code | 31 valid | 11 error code
 * valid | 10:8 type | 7:0 vector */
enum {
	EVENT_INTERRUPT = 0 << 8,
	EVENT_NMI = 2 << 8,
	EVENT_EXCEPTION = 3 << 8,
	EVENT_SOFTWARE = 4 << 8,
	EVENT_TYPE = 7 << 8
};
enum { EVENT_ERROR = 1 << 11 };
#define EVENT_VALID (1u << 31)

/* Exit codes (APM 2 appendix C) */
enum {
	EXIT_CR_READ = 0x00, /* + register */
	EXIT_CR_WRITE = 0x10,
	EXIT_DR_READ = 0x20,
	EXIT_DR_WRITE = 0x30,
	EXIT_EXCEPTION = 0x40, /* + vector */
	EXIT_INTR = 0x60,
	EXIT_NMI = 0x61,
	EXIT_INIT = 0x63,
	EXIT_VINTR = 0x64,
	EXIT_CR0_SELECTIVE = 0x65,
	EXIT_RDPMC = 0x6f,
	EXIT_CPUID = 0x72,
	EXIT_RSM = 0x73,
	EXIT_IRET = 0x74,
	EXIT_INVD = 0x76,
	EXIT_HLT = 0x78,
	EXIT_INVLPGA = 0x7a,
	EXIT_IOIO = 0x7b,
	EXIT_MSR = 0x7c,
	EXIT_TASK_SWITCH = 0x7d,
	EXIT_FERR_FREEZE = 0x7e,
	EXIT_SHUTDOWN = 0x7f,
	EXIT_VMRUN = 0x80,
	EXIT_VMMCALL = 0x81,
	EXIT_VMLOAD = 0x82,
	EXIT_VMSAVE = 0x83,
	EXIT_STGI = 0x84,
	EXIT_CLGI = 0x85,
	EXIT_SKINIT = 0x86,
	EXIT_WBINVD = 0x89,
	EXIT_MONITOR = 0x8a,
	EXIT_MWAIT = 0x8b,
	EXIT_MWAIT_ARMED = 0x8c,
	EXIT_XSETBV = 0x8d,
	EXIT_RDPRU = 0x8e,
	EXIT_CODES = 0x90,
	EXIT_NPF = 0x400,
};
/* VMEXIT_INVALID is -1. An emulator (QEMU 7.2) writes the low half only. */
#define EXIT_INVALID 0xffffffffu

/* exit_info_1 of an I/O exit (APM 2 15.10.2): 31:16 port | 9:7 address size | 6:4 size in bytes | 3
 * REP | 2 string | 0 IN */
enum {
	IOIO_IN = 1 << 0,
	IOIO_STRING = 1 << 2,
	IOIO_REPEAT = 1 << 3,
	IOIO_SIZE_SHIFT = 4,
	IOIO_PORT_SHIFT = 16
};
/* exit_info_1 of a nested page fault (APM 2 15.25.6): the layout of a page fault's error code */
enum { NPF_WRITE = 1 << 1 };

#endif
