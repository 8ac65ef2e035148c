/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the VMX back end share: the processor's capabilities and the virtual processor.
 *
 * Rule: nobody outside arch/x86/vmx/ includes this.
 */
#ifndef ARCH_X86_VMX_VMX_H
#define ARCH_X86_VMX_VMX_H

#include "arch/x86/backends.h"
#include "arch/x86/guest_registers.h"
#include "arch/x86/guest_state.h"
#include "arch/x86/vmx/vmcs.h"

#include <stdbool.h>
#include <stdint.h>

/* What the capability MSRs allow (SDM 3D appendix A): controls[i] = must-be-one in the low,
 * may-be-one in the high half. */
struct vmx_capabilities {
	uint32_t revision;
	uint64_t pin, primary, secondary, exit, entry;
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint64_t ept_vpid;
	unsigned timer_shift;
	bool hlt_state, true_controls;
};

extern struct vmx_capabilities vmx_caps;

/* CR4 bits that a guest may set. */
static inline uint64_t vmx_cr4_allowed(void)
{
	return guest_cr4_allowed & vmx_caps.cr4_fixed1;
}

struct vcpu {
	struct vcpu_regs regs; /* first: the entry code has its address */
	const char *name;
	uint64_t vmcs; /* physical = virtual */
	bool rare;     /* uses one of registers, or the debug registers */
	struct guest_state state;
	struct guest_registers registers;
	uint16_t vpid;
	uint32_t pin, primary, secondary, exit_controls;
	uint8_t *io_bitmap;      /* two pages, bit per port, 1 = exits */
	uint64_t *ept;           /* PML4 */
	uint64_t cr2, kernel_gs; /* as it left them */
	bool deaf_entries;       /* quirk.c */
	uint64_t timer_rest;
};

/* Which exceptions exit: ne is CR0.NE as the guest reads it. (vcpu.c) */
void vmx_set_exceptions(bool ne);

/* Whose VMCS is current; NULL: none. */
extern struct vcpu *vmx_loaded;
/* Entry's slow path: v is not the one that can be entered with nothing to do before. */
void vmx_settle(struct vcpu *v);

/* The quirk of deaf entries (quirk.c): watch for it on v's entries, or not; before an entry of such
 * a vcpu; and after an exit for the preemption timer: was it the quirk's, and not the time that
 * vmx_set_timer() gave? */
void quirk_deaf_entries(struct vcpu *v, bool on);
void quirk_before_entry(struct vcpu *v);
bool quirk_timer(struct vcpu *v);
/* Exit reasons below this need no second look. */
extern uint64_t vmx_plain_reasons;

/* Read and check the capabilities: prints what is missing. 0 or -ENODEV. */
int vmx_check(void);

/* EPT (ept.c) */
uint64_t *ept_create(void);
int ept_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable);
int ept_absent(uint64_t *pml4);
int ept_absent_page(uint64_t *pml4, uint64_t guest);
int ept_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes);
uint64_t ept_pointer(const uint64_t *pml4);
/* Where guest-physical memory is; NULL where nothing is mapped. */
void *ept_translate(const uint64_t *pml4, uint64_t guest);
void ept_invalidate(const uint64_t *pml4);

/* The MSR bitmap that all VMs share, and accesses that exit (msr.c) */
uint64_t msr_bitmap_create(void);
int msr_emulate(struct vcpu *v, bool write, struct denial *what);

/* CR, DR, XSETBV, CPUID (emulate.c, control.c) */
int control_emulate(struct vcpu *v, struct denial *what);
int debug_emulate(struct vcpu *v);
/* PAE paging: the four pointers, from where CR3 says. */
void vmx_load_pointers(struct vcpu *v);
/* A task switch by hardware: 0, also where it ended with a fault; -EFAULT: with a triple fault.
 * (task.c) */
int task_emulate(struct vcpu *v, struct denial *what);

/* Say which of the manual's rules for VM entries the current VMCS breaks (SDM 3C 26.2, 26.3);
 * returns how many. */
unsigned vmx_audit(struct vcpu *v);

/* The calls of arch/x86/virt.h. */
#define X_PROTOTYPE(type, name, parameters) type vmx_##name parameters;
VIRT_CALLS(X_PROTOTYPE)
#undef X_PROTOTYPE

/* An exception for the guest at its next entry; what the exit interrupted counts (SDM 3A table
 * 6-5). False: that would be a triple fault. (retire.c) */
bool vmx_raise(struct vcpu *v, unsigned vector, uint32_t error);
/* Outside of 64-bit code RIP has 32 bits. A step that went beyond is seen at the entry, which the
 * processor refuses (SDM 3C 26.3.1.4), and costs nothing before. Was that it? */
bool vmx_wrap_rip(void);
/* An exception ends the shadow of an STI or a MOV SS; left set beside TF the entry would want a
 * step to be pending (SDM 3C 26.3.1.5). */
void vmx_end_shadow(void);
/* Before #DB is delivered: DR6 and DR7 as the processor leaves them. cause: as in DR6. */
void vmx_debug_tell(struct vcpu *v, uint64_t cause);

#endif
