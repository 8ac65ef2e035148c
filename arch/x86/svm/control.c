/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that are the processor's own business: CPUID, control and debug registers, XSETBV, intercepted exceptions.
 *
 * Rule: what the guest may do is done for it and stepped over; what it may not gets the exception that bare hardware would
 * raise, and -EPERM so that the VMM can log it.
 */
#include "arch/x86/exception.h"
#include "arch/x86/guest_cpuid.h"
#include "arch/x86/io.h"
#include "arch/x86/svm/svm.h"

#include <errno.h>

enum { CR4_OSXSAVE = 1 << 18, DR7_GD = 1 << 13, CR8_MOST = 15, REGISTER_RSP = 4 };

static uint64_t *register_of(struct vcpu *v, unsigned number)
{
	return number == REGISTER_RSP ? &v->vmcb->rsp : &v->regs.rax + number;
}

/* Only CR8 exits: there is no local APIC whose priority it could set. */
static int control_emulate(struct vcpu *v, struct denial *what)
{
	struct svm_instruction instruction = svm_decode(v);
	uint64_t *value = register_of(v, instruction.rm);
	bool write = v->vmcb->exit_code >= EXIT_CR_WRITE;
	if (instruction.length == 0 || (write && *value > CR8_MOST)) {
		*what = (struct denial){ .format = "CR8" };
		return -EPERM;
	}
	if (!write)
		*value = 0;
	(void)svm_retire(v, instruction.length);
	return 0;
}

/* First use of a debug register: the instruction runs again. */
static int debug_emulate(struct vcpu *v)
{
	guest_debug_use(&v->state);
	v->rare = true;
	v->vmcb->intercept_dr_read = v->vmcb->intercept_dr_write = 0;
	return 0;
}

static int set_xcr0(struct vcpu *v, struct denial *what)
{
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)v->regs.rax;
	int error = guest_set_xcr0(&v->state, (uint32_t)v->regs.rcx, value, what);
	if (error == 0)
		svm_skip(v);
	return error;
}

/* #DB and #AC are intercepted only so that they cannot nest for ever; the guest gets them. DR6 is as the exception left it. */
static int pass_exception(struct vcpu *v)
{
	uint8_t vector = (uint8_t)((uint32_t)v->vmcb->exit_code - EXIT_EXCEPTION);
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

static __attribute__((noinline)) void filter_cpuid(struct vcpu *v)
{
	uint32_t leaf = (uint32_t)v->regs.rax, subleaf = (uint32_t)v->regs.rcx;
	execute_cpuid(&v->regs);
	guest_cpuid_filter(&v->regs, leaf, subleaf, v->vmcb->cr4 & CR4_OSXSAVE, true);
}

__attribute__((noinline)) void svm_cpuid(struct vcpu *v)
{
	if (__builtin_expect(guest_cpuid_differs((uint32_t)v->regs.rax), 0))
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
		undefined = true;
		error = -EPERM;
		*what = (struct denial){ .format = "an SVM instruction" };
		break;
	case VM_EXIT_INSTRUCTION:
		undefined = true;
		error = -EPERM;
		*what = (struct denial){ .format = "an instruction that is the VMM's (MONITOR, MWAIT, RDPMC, RSM)" };
		break;
	default:
		return -ENOSYS;
	}
	if (error == -EPERM)
		(void)svm_raise(v, undefined ? VECTOR_UD : VECTOR_GP, 0);
	return error;
}
