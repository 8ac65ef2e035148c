/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMCS: field encodings (SDM 3D appendix B), control bits (SDM 3C 24.6-24.8) and the
 * instructions that read and write a VMCS.
 *
 * Rule: names are the manual's, shortened. Only this file gives names to fields.
 */
#ifndef ARCH_X86_VIRT_VMX_VMCS_H
#define ARCH_X86_VIRT_VMX_VMCS_H

#include <stdint.h>

enum vmcs_field {
	VPID = 0x0000,
	GUEST_ES_SELECTOR = 0x0800, /* then CS SS DS FS GS LDTR TR, 2 apart */
	GUEST_LDTR_SELECTOR = 0x080c,
	GUEST_TR_SELECTOR = 0x080e,
	HOST_ES_SELECTOR = 0x0c00, /* then CS SS DS FS GS TR */
	HOST_CS_SELECTOR = 0x0c02,
	HOST_TR_SELECTOR = 0x0c0c,
	IO_BITMAP_A = 0x2000,
	IO_BITMAP_B = 0x2002,
	MSR_BITMAP = 0x2004,
	TSC_OFFSET = 0x2010,
	EPT_POINTER = 0x201a,
	XSS_EXITING_BITMAP = 0x202c,
	GUEST_PHYSICAL_ADDRESS = 0x2400,
	VMCS_LINK_POINTER = 0x2800,
	GUEST_DEBUGCTL = 0x2802,
	GUEST_PAT = 0x2804,
	GUEST_EFER = 0x2806,
	GUEST_PDPTE0 = 0x280a, /* then 1, 2, 3, 2 apart */
	HOST_PAT = 0x2c00,
	HOST_EFER = 0x2c02,
	PIN_CONTROLS = 0x4000,
	PRIMARY_CONTROLS = 0x4002,
	EXCEPTION_BITMAP = 0x4004,
	PAGE_FAULT_MASK = 0x4006,
	PAGE_FAULT_MATCH = 0x4008,
	CR3_TARGET_COUNT = 0x400a,
	EXIT_CONTROLS = 0x400c,
	EXIT_MSR_STORE_COUNT = 0x400e,
	EXIT_MSR_LOAD_COUNT = 0x4010,
	ENTRY_CONTROLS = 0x4012,
	ENTRY_MSR_LOAD_COUNT = 0x4014,
	ENTRY_INTERRUPTION = 0x4016,
	ENTRY_ERROR_CODE = 0x4018,
	ENTRY_INSTRUCTION_LENGTH = 0x401a,
	SECONDARY_CONTROLS = 0x401e,
	INSTRUCTION_ERROR = 0x4400,
	EXIT_REASON = 0x4402,
	EXIT_INTERRUPTION = 0x4404,
	EXIT_ERROR_CODE = 0x4406,
	IDT_VECTORING = 0x4408,
	IDT_VECTORING_ERROR = 0x440a,
	EXIT_INSTRUCTION_LENGTH = 0x440c,
	EXIT_INSTRUCTION_INFO = 0x440e,
	GUEST_ES_LIMIT = 0x4800,
	GUEST_CS_LIMIT = 0x4802,
	GUEST_SS_LIMIT = 0x4804,
	GUEST_LDTR_LIMIT = 0x480c,
	GUEST_TR_LIMIT = 0x480e,
	GUEST_GDTR_LIMIT = 0x4810,
	GUEST_IDTR_LIMIT = 0x4812,
	GUEST_ES_ACCESS = 0x4814,
	GUEST_CS_ACCESS = 0x4816,
	GUEST_SS_ACCESS = 0x4818,
	GUEST_LDTR_ACCESS = 0x4820,
	GUEST_TR_ACCESS = 0x4822,
	GUEST_INTERRUPTIBILITY = 0x4824,
	GUEST_ACTIVITY = 0x4826,
	GUEST_SYSENTER_CS = 0x482a,
	PREEMPTION_TIMER = 0x482e,
	HOST_SYSENTER_CS = 0x4c00,
	CR0_MASK = 0x6000,
	CR4_MASK = 0x6002,
	CR0_SHADOW = 0x6004,
	CR4_SHADOW = 0x6006,
	EXIT_QUALIFICATION = 0x6400,
	GUEST_LINEAR_ADDRESS = 0x640a,
	GUEST_CR0 = 0x6800,
	GUEST_CR3 = 0x6802,
	GUEST_CR4 = 0x6804,
	GUEST_ES_BASE = 0x6806,
	GUEST_SS_BASE = 0x680a,
	GUEST_LDTR_BASE = 0x6812,
	GUEST_TR_BASE = 0x6814,
	GUEST_GDTR_BASE = 0x6816,
	GUEST_IDTR_BASE = 0x6818,
	GUEST_DR7 = 0x681a,
	GUEST_RSP = 0x681c,
	GUEST_RIP = 0x681e,
	GUEST_RFLAGS = 0x6820,
	GUEST_PENDING_DEBUG = 0x6822,
	GUEST_SYSENTER_ESP = 0x6824,
	GUEST_SYSENTER_EIP = 0x6826,
	HOST_CR0 = 0x6c00,
	HOST_CR3 = 0x6c02,
	HOST_CR4 = 0x6c04,
	HOST_FS_BASE = 0x6c06,
	HOST_GS_BASE = 0x6c08,
	HOST_TR_BASE = 0x6c0a,
	HOST_GDTR_BASE = 0x6c0c,
	HOST_IDTR_BASE = 0x6c0e,
	HOST_SYSENTER_ESP = 0x6c10,
	HOST_SYSENTER_EIP = 0x6c12,
	HOST_RSP = 0x6c14,
	HOST_RIP = 0x6c16,
};

/* Pin-based controls */
enum {
	PIN_INTERRUPT_EXITING = 1 << 0,
	PIN_NMI_EXITING = 1 << 3,
	PIN_VIRTUAL_NMIS = 1 << 5,
	PIN_PREEMPTION_TIMER = 1 << 6,
};

/* Primary processor-based controls */
enum {
	CPU_INTERRUPT_WINDOW = 1 << 2,
	CPU_HLT_EXITING = 1 << 7,
	CPU_MWAIT_EXITING = 1 << 10,
	CPU_RDPMC_EXITING = 1 << 11,
	CPU_CR8_LOAD_EXITING = 1 << 19,
	CPU_CR8_STORE_EXITING = 1 << 20,
	CPU_NMI_WINDOW = 1 << 22,
	CPU_MOV_DR_EXITING = 1 << 23,
	CPU_IO_BITMAPS = 1 << 25,
	CPU_MSR_BITMAPS = 1 << 28,
	CPU_MONITOR_EXITING = 1 << 29,
};
#define CPU_SECONDARY (1u << 31)

/* Secondary processor-based controls */
enum {
	CPU2_EPT = 1 << 1,
	CPU2_RDTSCP = 1 << 3,
	CPU2_VPID = 1 << 5,
	CPU2_WBINVD_EXITING = 1 << 6,
	CPU2_UNRESTRICTED = 1 << 7,
	CPU2_INVPCID = 1 << 12,
};

/* Exit and entry controls */
enum {
	EXIT_SAVE_DEBUG = 1 << 2,
	EXIT_HOST_64 = 1 << 9,
	EXIT_SAVE_PAT = 1 << 18,
	EXIT_LOAD_PAT = 1 << 19,
	EXIT_SAVE_EFER = 1 << 20,
	EXIT_LOAD_EFER = 1 << 21,
	EXIT_SAVE_TIMER = 1 << 22,
	ENTRY_LOAD_DEBUG = 1 << 2,
	ENTRY_IA32E = 1 << 9,
	ENTRY_LOAD_PAT = 1 << 14,
	ENTRY_LOAD_EFER = 1 << 15,
};

/* Interruption information (SDM 3C 24.8.3): 31 valid | 12 NMI unblocking (exits) | 11 error code |
 * 10:8 type | 7:0 vector */
#define INTERRUPTION_VALID (1u << 31)
enum {
	INTERRUPTION_ERROR = 1 << 11,
	INTERRUPTION_TYPE = 7 << 8,
	INTERRUPTION_EXTERNAL = 0 << 8,
	INTERRUPTION_NMI = 2 << 8,
	INTERRUPTION_EXCEPTION = 3 << 8,
	INTERRUPTION_SOFT_INT = 4 << 8,
	INTERRUPTION_SOFT_EXCEPTION = 6 << 8,
};

enum {
	INTERRUPTIBILITY_STI = 1 << 0,
	INTERRUPTIBILITY_MOV_SS = 1 << 1,
	INTERRUPTIBILITY_NMI = 1 << 3
};
enum { ACTIVITY_ACTIVE = 0, ACTIVITY_HLT = 1 };

static inline uint64_t vmcs_read(enum vmcs_field field)
{
	uint64_t value;
	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
	return value;
}

static inline void vmcs_write(enum vmcs_field field, uint64_t value)
{
	__asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"((uint64_t)field) : "cc");
}

/* Returns 0, or -1 when the processor set CF or ZF. */
static inline int vmcs_clear(uint64_t physical)
{
	uint8_t failed;
	__asm__ volatile("vmclear %1; setna %0" : "=qm"(failed) : "m"(physical) : "cc", "memory");
	return failed ? -1 : 0;
}

/* Makes a VMCS current. VMPTRLD fails only for a region that is no VMCS (SDM 3C 30.3). Each VMCS of
 * the VMM was cleared when it was made. */
static inline void vmcs_load(const uint64_t *physical)
{
	__asm__ volatile("vmptrld %0" : : "m"(*physical) : "cc", "memory");
}

/* Drops all translations by the tables of this EPT pointer (SDM 3C 30.3, INVEPT). */
static inline void vmx_invept(uint64_t eptp)
{
	struct {
		uint64_t eptp, reserved;
	} descriptor = { eptp, 0 };
	uint64_t single_context = 1;

	__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(single_context) : "cc", "memory");
}

#endif
