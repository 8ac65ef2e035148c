/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that concern only the virtual processor: CPUID, control and debug registers, XSETBV,
 * intercepted exceptions.
 *
 * Rule: an instruction that the guest may execute is carried out and stepped over. Any other
 * instruction raises the exception of bare hardware in the guest, and the function returns -EPERM
 * so that the VMM can log the attempt.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/virt/svm/svm.h"

#include <errno.h>

enum { CR4_OSXSAVE = 1 << 18, DR7_GD = 1 << 13, CR8_MOST = 15 };

static int write_cr4(struct vcpu *v, uint64_t value, struct denial *what)
{
	const struct vmcb *c = v->vmcb;
	uint64_t refused = value & ~guest_cr4_allowed;

	if (refused != 0 || !guest_cr4_fits(value, c->cr4, c->cr3, c->efer)) {
		*what = (struct denial){ "CR4 = %lx (bits %lx are not the guest's)",
			                 { value, refused } };
		return -EPERM;
	}
	if (value != v->vmcb->cr4)
		v->vmcb->tlb_control = TLB_CONTROL_FLUSH_ALL; /* a write to CR4 flushes as well */
	v->vmcb->cr4 = value;
	return 0;
}

/* Reads or writes CR8. There is no local APIC, so a priority in CR8 has no effect. */
static int access_cr8(uint64_t *value, bool write, struct denial *what)
{
	if (write && *value > CR8_MOST) {
		*what = (struct denial){ "CR8 = %lx", { *value } };
		return -EPERM;
	}
	if (!write)
		*value = 0;
	return 0;
}

static bool is_cr0(uint64_t code)
{
	return code == EXIT_CR_READ || code == EXIT_CR_WRITE || code == EXIT_CR0_SELECTIVE;
}

/* Handles exits of control registers: every access to CR8, writes to CR4, and the accesses to CR0
 * that cr0.c intercepts. */
static int control_emulate(struct vcpu *v, struct denial *what)
{
	struct svm_instruction instruction = svm_decode(v);
	uint64_t *value = svm_register(v, instruction.rm);
	bool write = v->vmcb->exit_code >= EXIT_CR_WRITE;

	if (instruction.length == 0) {
		*what = (struct denial){ .format = "a control register" };
		return -EPERM;
	}
	if (is_cr0(v->vmcb->exit_code))
		return svm_cr0_emulate(v, &instruction, what);
	/* Outside of 64-bit code the operand has 32 bits. */
	const struct guest_mode mode = svm_mode(v);
	const uint64_t operand = guest_in_long_mode(&mode) ? *value : (uint32_t)*value;
	int error = instruction.reg == 4 ? write_cr4(v, operand, what)
	                                 : access_cr8(value, write, what);
	if (error != 0)
		return error;
	(void)svm_retire(v, instruction.length);
	return 0;
}

/* Gives the debug registers to the guest at the first use. The instruction runs again. */
static int debug_emulate(struct vcpu *v)
{
	quirk_claim_breakpoints(NULL, v);
	guest_debug_use(&v->state);
	v->lazy_state = true;
	v->vmcb->intercept_dr_read = v->vmcb->intercept_dr_write = 0;
	return 0;
}

/* Carries out XSETBV. The intercept comes before the processor's checks (APM 2 table 15-7), so the
 * function checks the ring. */
static int set_xcr0(struct vcpu *v, struct denial *what)
{
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)v->regs.rax;

	if (!svm_in_ring_0(v)) {
		*what = (struct denial){ .format = "XSETBV in another ring than 0" };
		return -EPERM;
	}
	int error = guest_set_xcr0(&v->state, (uint32_t)v->regs.rcx, value, what);
	if (error == 0)
		svm_skip(v);
	return error;
}

/* Passes an intercepted exception to the guest. #DB and #AC are intercepted only so that they
 * cannot nest for ever. DR6 has the value that the exception left. A machine check stops the VMM.
 * #MF is intercepted while the guest has CR0.NE clear (cr0.c): the instruction then waits for an
 * interrupt, so the shadow that would hold the interrupt back ends. */
static int pass_exception(struct vcpu *v)
{
	uint8_t vector = (uint8_t)((uint32_t)v->vmcb->exit_code - EXIT_EXCEPTION);

	if (vector == VECTOR_MC)
		panic("machine check while vm %s ran", v->name);
	if (vector == VECTOR_MF) {
		v->vmcb->interrupt_shadow = 0;
		return -EAGAIN;
	}
	if (vector == VECTOR_DB && quirk_foreign_breakpoint(v))
		return 0;
	if (vector == VECTOR_DB)
		v->vmcb->dr7 &= ~(uint64_t)DR7_GD;
	(void)svm_raise(v, vector, (uint32_t)v->vmcb->exit_info_1);
	return 0;
}

static inline void execute_cpuid(struct vcpu_regs *regs)
{
	__asm__ volatile("cpuid" /* clears the upper halves of the registers */
	                 : "=a"(regs->rax), "=b"(regs->rbx), "=c"(regs->rcx), "=d"(regs->rdx)
	                 : "a"((uint32_t)regs->rax), "c"((uint32_t)regs->rcx));
}

static void filter_cpuid(struct vcpu *v)
{
	uint32_t leaf = (uint32_t)v->regs.rax, subleaf = (uint32_t)v->regs.rcx;

	execute_cpuid(&v->regs);
	guest_cpuid_filter(&v->regs, leaf, subleaf,
	                   GUEST_HAS_INVPCID | GUEST_HAS_RDTSCP |
	                           (v->vmcb->cr4 & CR4_OSXSAVE ? GUEST_HAS_OSXSAVE : 0));
}

/* slow_path: inlined beside the other back end's answer, svm_cpuid() costs VMX 4 instructions of a
 * CPUID (128, 124). */
slow_path void svm_cpuid(struct vcpu *v)
{
	if (guest_cpuid_differs((uint32_t)v->regs.rax))
		filter_cpuid(v);
	else
		execute_cpuid(&v->regs);
	svm_skip(v);
}

int svm_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what)
{
	int error = -ENOSYS;
	bool undefined = false;

	switch (reason) {
	case VM_EXIT_CR:
		error = control_emulate(v, what);
		break;
	case VM_EXIT_DR:
		return debug_emulate(v);
	case VM_EXIT_MSR_READ:
		error = svm_msr_emulate(v, false, what);
		break;
	case VM_EXIT_MSR_WRITE:
		error = svm_msr_emulate(v, true, what);
		break;
	case VM_EXIT_XSETBV:
		error = set_xcr0(v, what);
		break;
	case VM_EXIT_EXCEPTION:
		return pass_exception(v);
	case VM_EXIT_VIRT:
	case VM_EXIT_INSTRUCTION: /* the guest has RDPMC but no counter */
		undefined = v->vmcb->exit_code != EXIT_RDPMC;
		error = -EPERM;
		*what = (struct denial){ .format = "an instruction that is the VMM's" };
		break;
	default:
		return -ENOSYS;
	}
	if (error == -EPERM)
		(void)svm_raise(v, undefined ? VECTOR_UD : VECTOR_GP, 0);
	return error;
}
