/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mask accesses that the VMX back end carries out itself (quick_ports_cases.c).
 *
 * Rule: the back end's own exit.c enters the guest. The VMCS is an array of the test.
 */
#include "tests/unit/check.h"
#include "tests/unit/quick_ports_cases.h"

#include "arch/x86/virt/vmx/enter.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <string.h>

enum { FIELDS = HOST_RIP + 1, REASON_CPUID = 10, REASON_IO = 30, REASON_MSR = 31 };
enum { IN = 1 << 3, STRING = 1 << 4, IMMEDIATE = 1 << 6, WORD = 1 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16, STI_SHADOW = 1 };

struct vmx_capabilities vmx_caps;
struct vcpu *vmx_loaded;
static uint64_t vmcs[FIELDS];
static struct vcpu v;

uint64_t vmcs_read(enum vmcs_field field)
{
	return vmcs[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs[field] = value;
}

int vmx_settle(struct vcpu *vcpu)
{
	entry_ready = vcpu;
	return 0;
}

bool quirk_timer(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

bool vmx_wrap_rip(void)
{
	return false;
}

unsigned vmx_audit(struct vcpu *vcpu)
{
	(void)vcpu;
	return 0;
}

unsigned vmx_resume(struct vcpu_regs *regs)
{
	const struct played *p = cases_enter(regs);

	if (p == NULL)
		return 1;
	vmcs[EXIT_REASON] = p->kind == VM_EXIT_IO      ? REASON_IO
	                    : p->kind == VM_EXIT_CPUID ? REASON_CPUID
	                                               : REASON_MSR;
	vmcs[EXIT_QUALIFICATION] = (uint32_t)p->port << 16 | (p->form & PLAYED_IN ? IN : 0) |
	                           (p->form & PLAYED_STRING ? STRING : 0) |
	                           (p->form & PLAYED_IMMEDIATE ? IMMEDIATE : 0) |
	                           (p->form & PLAYED_WORD ? WORD : 0);
	return 0;
}

unsigned vmx_launch(struct vcpu_regs *regs)
{
	return vmx_resume(regs);
}

void back_end_begin(uint64_t rax)
{
	memset(vmcs, 0, sizeof(vmcs));
	v = (struct vcpu){ .regs.rax = rax };
	vmx_loaded = &v;
	vmcs[GUEST_RIP] = CASE_RIP;
	vmcs[EXIT_INSTRUCTION_LENGTH] = CASE_LENGTH;
}

void back_end_set(enum case_guest what, bool on)
{
	if (what == CASE_BREAKPOINTS)
		v.lazy_state = on;
	else if (what == CASE_SHADOW)
		vmcs[GUEST_INTERRUPTIBILITY] = on ? STI_SHADOW : 0;
	else
		vmcs[GUEST_RFLAGS] = !on ? 0 : what == CASE_SINGLE_STEP ? RFLAGS_TF : RFLAGS_RF;
}

enum vm_exit_reason back_end_enter(void)
{
	return vmx_enter(&v);
}

uint64_t back_end_rip(void)
{
	return vmcs[GUEST_RIP];
}

uint64_t back_end_rax(void)
{
	return v.regs.rax;
}

int main(void)
{
	return quick_ports_cases("mask accesses that the VMX back end carries out");
}
