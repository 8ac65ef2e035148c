/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enters the loaded virtual processor and tells why the virtual processor has exited.
 *
 * Rule: an exit reads one field, the code. The handler of an exit reads the other fields.
 */
#include "arch/x86/cpu/hints.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/enter.h"
#include "arch/x86/virt/svm/svm.h"

/* The value 0, which is the number of VM_EXIT_NMI, marks exits that no control here asks for.
 * translate() handles an NMI before it reads the table. */
static const uint8_t reasons[EXIT_CODES] = {
	[EXIT_CR_READ... EXIT_CR_WRITE + 15] = VM_EXIT_CR,
	[EXIT_DR_READ... EXIT_DR_WRITE + 15] = VM_EXIT_DR,
	[EXIT_EXCEPTION... EXIT_EXCEPTION + 31] = VM_EXIT_EXCEPTION,
	[EXIT_INTR] = VM_EXIT_INTERRUPT,
	[EXIT_VINTR] = VM_EXIT_WINDOW,
	[EXIT_CR0_SELECTIVE] = VM_EXIT_CR,
	[EXIT_RDPMC] = VM_EXIT_INSTRUCTION,
	[EXIT_CPUID] = VM_EXIT_CPUID,
	[EXIT_RSM] = VM_EXIT_INSTRUCTION,
	[EXIT_INVD] = VM_EXIT_CACHES,
	[EXIT_HLT] = VM_EXIT_HLT,
	[EXIT_INVLPGA] = VM_EXIT_VIRT,
	[EXIT_IOIO] = VM_EXIT_IO,
	[EXIT_MSR] = VM_EXIT_MSR_READ, /* or a write: exit_info_1 */
	[EXIT_TASK_SWITCH] = VM_EXIT_TASK_SWITCH,
	[EXIT_SHUTDOWN] = VM_EXIT_SHUTDOWN,
	[EXIT_VMRUN] = VM_EXIT_VIRT,
	[EXIT_VMMCALL] = VM_EXIT_CALL,
	[EXIT_VMLOAD... EXIT_SKINIT] = VM_EXIT_VIRT,
	[EXIT_WBINVD] = VM_EXIT_CACHES,
	[EXIT_MONITOR... EXIT_MWAIT_ARMED] = VM_EXIT_INSTRUCTION,
	[EXIT_XSETBV] = VM_EXIT_XSETBV,
	[EXIT_RDPRU] = VM_EXIT_INSTRUCTION,
};

static __attribute__((cold)) enum vm_exit_reason refused(struct vcpu *v)
{
	log_note("vm %s: entry failed: exit code %lx (VMEXIT_INVALID)", v->name,
	         v->vmcb->exit_code);
	if (svm_audit(v) == 0)
		log_note("vm %s: every rule that is checked here holds; "
		         "see APM 2 15.5.1 for the rest",
		         v->name);
	return VM_EXIT_FAILED;
}

/* Tells the meaning of an NMI exit. The NMI stayed pending until enter.S let the NMI through
 * (R12). */
static enum vm_exit_reason nmi_exit(struct vcpu *v)
{
	if (!slice_timer_ended())
		return VM_EXIT_NMI;
	return svm_nmi_window(v) ? VM_EXIT_NMI_WINDOW : VM_EXIT_TIMER;
}

static enum vm_exit_reason translate_other(struct vcpu *v, uint32_t code)
{
	if (code == EXIT_NPF)
		return VM_EXIT_MEMORY;
	if (code == EXIT_INVALID)
		return refused(v);
	return VM_EXIT_OTHER;
}

static inline enum vm_exit_reason translate(struct vcpu *v, uint32_t code)
{
	if (code == EXIT_NMI)
		return nmi_exit(v);
	if (code >= EXIT_CODES)
		return translate_other(v, code);
	if (code == EXIT_MSR && v->vmcb->exit_info_1 & 1)
		return VM_EXIT_MSR_WRITE;
	if (code == EXIT_IRET)
		return svm_iret_exit(v);
	return reasons[code] == 0 ? VM_EXIT_OTHER : (enum vm_exit_reason)reasons[code];
}

static inline enum vm_exit_reason run(struct vcpu *v)
{
	if (RUN(v))
		return VM_EXIT_ABORTED;
	v = svm_loaded; /* every register held a value of the guest */
	v->vmcb->tlb_control = TLB_CONTROL_NONE;
	return translate(v, (uint32_t)v->vmcb->exit_code);
}

/*
 * Enters a guest that sleeps (SVM has no activity state): the guest executes its HLT once more,
 * this time without an exit. No interrupt may be delivered before that HLT, because the guest has
 * already executed it. So the guest's interrupts exit meanwhile: an interrupt ends the sleep, and
 * the guest takes the interrupt behind the HLT at the next entry. A KVM below with
 * kernel-irqchip=off delivers the interrupt in spite of the intercept (docs/nested-kvm.md). Then
 * RIP is elsewhere at the exit: the guest has woken by itself.
 */
static enum vm_exit_reason sleep(struct vcpu *v)
{
	struct vmcb *c = v->vmcb;
	const uint64_t behind = c->rip;
	const uint32_t intercepts = c->intercept_1;

	c->rip = behind - 1; /* the opcode is the last byte of a HLT, also with prefixes */
	c->intercept_1 = (intercepts & ~(uint32_t)INTERCEPT_HLT) | INTERCEPT_INTR;
	enum vm_exit_reason reason = run(v);
	v = svm_loaded;
	c = v->vmcb;
	c->intercept_1 = intercepts;
	if (c->rip - (behind - 1) > 1) {
		v->halted = false;
		return reason;
	}
	c->rip = behind;
	c->interrupt_shadow = 0;
	if (reason != VM_EXIT_INTERRUPT || intercepts & INTERCEPT_INTR)
		return reason;
	v->halted = false;
	return VM_EXIT_WAKE;
}

/* slow_path: inlined beside the other back end's entry, the registers that svm_enter() saves cost
 * VMX 2 instructions of a CPUID (130, 128) and 5 of a switch (421, 416). */
slow_path enum vm_exit_reason svm_enter(struct vcpu *v)
{
	if (entry_ready != v) {
		svm_settle(v);
		if (v->halted)
			return sleep(v);
	}
	if (v->vmcb->interrupt_shadow != 0 && svm_caps.lost_shadow)
		quirk_lost_shadow(v);
	return run(v);
}

uint64_t svm_rip(struct vcpu *v)
{
	return v->vmcb->rip;
}

bool svm_in_ring_0(struct vcpu *v)
{
	return v->vmcb->cpl == 0;
}

_Static_assert((int)IOIO_IN == (int)IO_IN && (int)IOIO_STRING == IO_STRING << 1 &&
                       (int)IOIO_REPEAT == IO_REPEAT << 1,
               "svm_exit_io() shifts the bits");

struct vcpu_io svm_exit_io(struct vcpu *v)
{
	uint64_t q = v->vmcb->exit_info_1;

	return (struct vcpu_io){
		.port = (uint16_t)(q >> IOIO_PORT_SHIFT),
		.size = (uint8_t)(q >> IOIO_SIZE_SHIFT & 7),
		.kind = (uint8_t)((q & IOIO_IN) | (q >> 1 & (IO_STRING | IO_REPEAT))),
	};
}

uint64_t svm_exit_address(struct vcpu *v, bool *write)
{
	*write = v->vmcb->exit_info_1 & NPF_WRITE;
	return v->vmcb->exit_info_2;
}
