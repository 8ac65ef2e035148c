/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers that a guest's instructions reach, except the general registers, and their
 * treatment: one table for both back ends.
 *
 *   switched always      registers in VMCS or VMCB; CR2 and KERNEL_GS_BASE (VMX: SWAPGS exchanges
 *                        KERNEL_GS_BASE with no exit)
 *   switched where they differ
 *                        STAR, LSTAR, CSTAR, FMASK on VMX, TSC_AUX on both. SYSCALL and RDTSCP read
 *                        these registers with no exit. Only WRMSR writes to these registers, and
 *                        WRMSR exits. So a switch never reads a value back.
 *   switched from the first use on (the first use exits)
 *                        x87, SSE and the state that XCR0 opens (fpu.h); DR0-DR3, DR6
 *                        (guest_state.h)
 *   answered             MSRs with the same value for all guests
 *   absent               any other MSR, and the CR4 bits of features that CPUID hides
 *
 * Rule: an MSR without a row is refused. A value from a guest is checked against its row before the
 * processor gets the value.
 */
#ifndef ARCH_X86_VIRT_GUEST_REGISTERS_H
#define ARCH_X86_VIRT_GUEST_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* MSRs that the VMM keeps for each guest. Zero at a reset. */
enum guest_kept { KEPT_STAR, KEPT_LSTAR, KEPT_CSTAR, KEPT_FMASK, KEPT_TSC_AUX, KEPT_COUNT };

struct guest_registers {
	uint64_t kept[KEPT_COUNT];
	bool used; /* some kept MSR is not 0 */
};

enum guest_msr_way {
	MSR_REFUSED,
	/* no access exits: the control structure holds the value, or the back end moves the
	 * value */
	MSR_OPEN,
	MSR_READ_ONLY,       /* RDMSR does not exit, WRMSR is refused */
	MSR_EMULATED,        /* both exit; the back end has the value */
	MSR_WRITES_EMULATED, /* WRMSR exits */
	/* WRMSR exits; RDMSR reads the processor, with the value of the running VM */
	MSR_KEPT,
	MSR_ANSWERED, /* both exit; a read gives `answer`, and only `answer` may be written */
};

struct guest_msr {
	uint32_t number;
	uint8_t vmx, svm; /* enum guest_msr_way */
	uint8_t kept;     /* MSR_KEPT: enum guest_kept */
	bool address;     /* the value must be canonical */
	uint64_t writable, answer;
};

/* Call it before the first vcpu is made. Each kept MSR reads 0 from now on. A kept MSR that the
 * processor lacks is refused. */
void guest_registers_init(bool svm);
/* Calls open for each MSR whose bitmap must be opened. */
void guest_msr_open(void (*open)(uint32_t number, bool read, bool write));
/* Handles a read or a write that exited. Returns 0 when done; 1 when the access is allowed and the
 * back end has the value; -EPERM. */
int guest_msr_read(const struct guest_registers *r, uint32_t number, uint64_t *value);
int guest_msr_write(struct guest_registers *r, uint32_t number, uint64_t value);

/* The MSRs of a device that every guest has: the local APIC. read() and write() handle accesses
 * that exit, of all MSRs without a row, and return 0 or -EPERM. open() calls its argument for each
 * MSR that the running guest reaches with no exit. */
struct guest_msr_device {
	int (*read)(uint32_t number, uint64_t *value);
	int (*write)(uint32_t number, uint64_t value);
	void (*open)(void (*open)(uint32_t number, bool read, bool write));
	uint32_t features_ecx, features_edx; /* further bits of CPUID.1 that a guest is shown */
};
/* NULL: there is no such device. Set it before the first vcpu is made. */
extern const struct guest_msr_device *guest_msr_device;

void guest_registers_reset(struct guest_registers *r);
/* Loads the kept MSRs of r that differ from the processor's values. Call it before r's guest runs,
 * unless neither r's guest nor the guest before has used a kept MSR. */
void guest_registers_load(const struct guest_registers *r);

/* The bits of CR4 that a guest may set: the bits of features that CPUID shows.
 * guest_registers_init() sets the value. */
extern uint64_t guest_cr4_allowed;

/* Returns false for a value that MOV to CR4 refuses because of the guest's other registers (SDM 2B,
 * MOV to CR; APM 2 3.1.3, 5.5.1). The caller checks guest_cr4_allowed. */
static inline bool guest_cr4_fits(uint64_t value, uint64_t old, uint64_t cr3, uint64_t efer)
{
	enum { CR4_PAE = 1 << 5, CR4_PCIDE = 1 << 17, EFER_LMA = 1 << 10, CR3_PCID = 0xfff };
	const bool wide = efer & EFER_LMA;

	if (wide && !(value & CR4_PAE))
		return false;
	return !(value & ~old & CR4_PCIDE) || (wide && !(cr3 & CR3_PCID));
}

#endif
