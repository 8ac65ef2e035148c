/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Declarations that the files of the VMX back end share: the capabilities of the processor and the
 * virtual processor.
 *
 * Rule: only files of arch/x86/virt/vmx/ include this header.
 */
#ifndef ARCH_X86_VIRT_VMX_VMX_H
#define ARCH_X86_VIRT_VMX_VMX_H

#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/guest_registers.h"
#include "arch/x86/virt/guest_state.h"
#include "arch/x86/virt/vmx/task_change.h"
#include "arch/x86/virt/vmx/vmcs.h"

#include <stdbool.h>
#include <stdint.h>

/* The capabilities that the MSRs of SDM 3D appendix A report. In pin, primary, secondary, exit and
 * entry the low half has the bits that must be 1, and the high half has the bits that may be 1. */
struct vmx_capabilities {
	uint32_t revision;
	uint64_t pin, primary, secondary, exit, entry;
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint64_t ept_vpid;
	unsigned timer_shift;
	bool hlt_state, true_controls;
};

extern struct vmx_capabilities vmx_caps;

/* Returns the bits of CR4 that a guest may set. */
static inline uint64_t vmx_cr4_allowed(void)
{
	return guest_cr4_allowed & vmx_caps.cr4_fixed1;
}

struct vcpu {
	bool lazy_state;          /* as in struct vcpu_head */
	bool entry_with_if_clear; /* see quirk.c */
	bool entry_is_slow;       /* the next entry needs settle_slowly() (vcpu.c) */
	uint32_t pin, primary, secondary, exit_controls;
	uint64_t vmcs; /* the physical address, equal to the virtual address */
	uint64_t *ept; /* PML4 */
	uint64_t timer_rest;
	uint8_t *io_bitmap; /* two pages, a bit per port, 1 = exits */
	const char *name;
	struct vcpu_regs regs;
	struct guest_state state;
	struct guest_registers registers;
	uint16_t vpid;
	uint64_t cr2, kernel_gs; /* the guest's values at its last switch */
	struct task_change change;
};

_Static_assert(offsetof(struct vcpu, regs) == offsetof(struct vcpu_head, regs),
               "each vcpu begins with a struct vcpu_head");

/* Sets the exceptions that exit. ne is CR0.NE as the guest reads CR0. (vcpu.c) */
void vmx_set_exceptions(bool ne);

/* The virtual processor with the current VMCS, or NULL. */
extern struct vcpu *vmx_loaded;
/* The slow path of an entry: does the work that v needs before the entry. Call it when v is not
 * entry_ready. Returns 0 when v can be entered, or a value of task_go_on(). (vcpu.c) */
int vmx_settle(struct vcpu *v);

/* The quirk of entries with IF clear (quirk.c). quirk_entry_with_if_clear() turns the watch on v's
 * entries on or off. Call quirk_before_entry() before each entry of a vcpu that is watched. Call
 * quirk_timer() after an exit of the preemption timer: the function returns true when the quirk
 * ended the entry, and false when the time of vmx_set_timer() is over. */
void quirk_entry_with_if_clear(struct vcpu *v, bool on);
void quirk_before_entry(struct vcpu *v);
bool quirk_timer(struct vcpu *v);

/* Extended page tables (ept.c). A pml4 is the root of a VM's tables. */
uint64_t *ept_create(void);
int ept_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable);
int ept_absent(uint64_t *pml4);
int ept_absent_page(uint64_t *pml4, uint64_t guest);
int ept_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes);
uint64_t ept_pointer(const uint64_t *pml4);
/* Returns where the guest-physical address lies in the machine's memory, or NULL where the tables
 * map no memory. */
void *ept_translate(const uint64_t *pml4, uint64_t guest);
void ept_invalidate(const uint64_t *pml4);
/* Loads the four page-directory pointers of PAE paging from the address in CR3. A pointer with a
 * reserved bit counts as absent. Returns false when there is such a pointer: a MOV to CR0 then
 * raises #GP. */
bool vmx_load_pointers(struct vcpu *v);

/* The MSR bitmap, which all VMs share, and the emulation of MSR accesses that exit (msr.c). */
uint64_t msr_bitmap_create(void);
int msr_emulate(struct vcpu *v, bool write, struct denial *what);

/* The emulation of accesses to CR (control.c). */
int control_emulate(struct vcpu *v, struct denial *what);
/* A task switch by hardware (task.c). Call task_begin() after the exit. The steps belong to the
 * next entry: call task_go_on() there while change.step is not 0. task_go_on() returns 0 when
 * the switch is done or has ended with a fault for the guest, and -EFAULT when the switch has ended
 * with a triple fault. -EINTR: an NMI or an interrupt may wait; look, and call again. */
void task_begin(struct vcpu *v);
int task_go_on(struct vcpu *v);

/* Prints each rule of the manual for VM entries (SDM 3C 26.2, 26.3) that the current VMCS breaks.
 * Returns the number of broken rules. */
unsigned vmx_audit(struct vcpu *v);

/* Returns true where the instruction that exited has more to do at its end than to move RIP: a flag
 * or a shadow ends there, or a trap follows. */
static inline bool vmx_retires_rarely(void)
{
	enum { TF = 1 << 8, RF = 1 << 16 };

	return ((vmcs_read(GUEST_RFLAGS) & (TF | RF)) | vmcs_read(GUEST_INTERRUPTIBILITY)) != 0;
}

/* Raises an exception in the guest at the next entry. An event that the exit interrupted is
 * combined with the new exception (SDM 3A table 6-5). Returns false when the result would be a
 * triple fault. (retire.c) */
bool vmx_raise(struct vcpu *v, unsigned vector, uint32_t error);
/* Cuts RIP to 32 bits outside of 64-bit code. Returns true when RIP was longer. Call the function
 * when the processor has refused an entry: the processor refuses a RIP above 32 bits (SDM 3C
 * 26.3.1.4), so a step over an instruction need not check for the case. */
bool vmx_wrap_rip(void);
/* Ends the shadow of an STI or a MOV SS, as an exception does. With the shadow left set beside TF
 * the entry would require a pending single step (SDM 3C 26.3.1.5). */
void vmx_end_shadow(void);

/* The emulation of accesses to DR (debug.c). */
int debug_emulate(struct vcpu *v);
/* DR6 (SDM 3B 17.2.3): 15 BT | 14 BS | 13 BD | 3:0 breakpoints */
enum { DR6_BREAKPOINTS = 15, DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15 };
/* Sets DR6 and DR7 as the processor leaves them at a #DB. Call it before the #DB is delivered.
 * cause has the layout of DR6. (debug.c) */
void vmx_debug_tell(struct vcpu *v, uint64_t cause);
/* Has the next entry begin with the trap of breakpoints on ports. hits: bits 3:0 of DR6. A single
 * step's trap is there already where TF was set. Call after vmx_skip(). (debug.c) */
void vmx_trap_on_io(struct vcpu *v, uint32_t hits);

#endif
