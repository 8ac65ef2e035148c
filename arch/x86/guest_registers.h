/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers that a guest's instructions reach beside the general ones, and what becomes of
 * each: one table for both back ends.
 *
 *   switched always      what VMCS or VMCB holds; CR2 and KERNEL_GS_BASE (VMX: SWAPGS exchanges
 *                        KERNEL_GS_BASE with no exit)
 *   switched where they differ
 *                        STAR, LSTAR, CSTAR, FMASK on VMX, TSC_AUX on both. SYSCALL and RDTSCP read
 *                        them with no exit, and only WRMSR, which exits, writes them. So nothing is
 *                        ever read back at a switch.
 *   switched from the first use on, which exits
 *                        x87, SSE and what XCR0 opens (fpu.h); DR0-DR3, DR6 (guest_state.h)
 *   answered             MSRs whose value is one for all guests
 *   absent               any other MSR, and the CR4 bits of features that CPUID hides
 *
 * Rule: an MSR that has no row is refused. A value that a guest writes is checked against its row
 * before the processor sees it.
 */
#ifndef ARCH_X86_GUEST_REGISTERS_H
#define ARCH_X86_GUEST_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* MSRs that the VMM keeps for each guest. Zero at a reset. */
enum guest_kept { KEPT_STAR, KEPT_LSTAR, KEPT_CSTAR, KEPT_FMASK, KEPT_TSC_AUX, KEPT_COUNT };

struct guest_registers {
	uint64_t kept[KEPT_COUNT];
	bool used; /* one of them is not 0 */
};

enum guest_msr_way {
	MSR_REFUSED,
	/* nothing exits: the control structure holds it for each VM, or the back end moves it */
	MSR_OPEN,
	MSR_READ_ONLY,       /* RDMSR does not exit, WRMSR is refused */
	MSR_EMULATED,        /* both exit; the back end has the value */
	MSR_WRITES_EMULATED, /* WRMSR exits */
	/* WRMSR exits; RDMSR reads the processor, which holds the value of the VM that runs */
	MSR_KEPT,
	MSR_ANSWERED, /* both exit; it reads as `answer`, and may be written so */
};

struct guest_msr {
	uint32_t number;
	uint8_t vmx, svm; /* enum guest_msr_way */
	uint8_t kept;     /* MSR_KEPT: enum guest_kept */
	bool address;     /* has to be canonical */
	uint64_t writable, answer;
};

/* Before the first vcpu is made. Each kept MSR reads 0 from now on; one that the processor does not
 * have is refused. */
void guest_registers_init(bool svm);
/* Call open for each MSR whose bitmap is to be opened. */
void guest_msr_open(void (*open)(uint32_t number, bool read, bool write));
/* A read or a write that exited: 0, done; 1, allowed, and the back end has the value; -EPERM. */
int guest_msr_read(const struct guest_registers *r, uint32_t number, uint64_t *value);
int guest_msr_write(struct guest_registers *r, uint32_t number, uint64_t value);

void guest_registers_reset(struct guest_registers *r);
/* Bring them into the processor, where they are not yet: before r's guest runs, unless neither it
 * nor the one before has used one. */
void guest_registers_load(const struct guest_registers *r);

/* The bits of CR4 that a guest may set: those of features that CPUID shows it. As
 * guest_registers_init() found. */
extern uint64_t guest_cr4_allowed;

#endif
