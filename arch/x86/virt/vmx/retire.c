/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ends of an instruction that the VMM has carried out for the guest: the instruction
 * retires, or the instruction raises an exception.
 *
 * Rule: all code steps over an instruction by vmx_skip() and raises an exception by vmx_raise().
 * Both functions leave the guest as the processor would: flags, shadows, traps.
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/hints.h"
#include "arch/x86/virt/vmx/vmx.h"

enum { RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16 };
enum { CR0_PE = 1 << 0, CS_LONG = 1 << 13 };

/* In 16-bit code RIP is EIP as well. An EIP beyond the segment's limit raises #GP. */
bool vmx_wrap_rip(void)
{
	uint64_t rip = vmcs_read(GUEST_RIP);
	bool wide = vmcs_read(ENTRY_CONTROLS) & ENTRY_IA32E && vmcs_read(GUEST_CS_ACCESS) & CS_LONG;

	if (wide || !(rip >> 32))
		return false;
	vmcs_write(GUEST_RIP, (uint32_t)rip);
	return true;
}

/* Raises the trap behind an instruction that began with TF set (SDM 3B 17.3.1.4). Breakpoints of an
 * earlier MOV SS have waited for this trap and come with the trap. An entry that injects an event
 * drops all other pending debug exceptions (SDM 3C 26.7.3). */
static void trap(struct vcpu *v)
{
	vmx_debug_tell(v, DR6_BS | (vmcs_read(GUEST_PENDING_DEBUG) & DR6_BREAKPOINTS));
	vmcs_write(GUEST_PENDING_DEBUG, 0);
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DB);
}

void vmx_end_shadow(void)
{
	vmcs_write(GUEST_INTERRUPTIBILITY,
	           vmcs_read(GUEST_INTERRUPTIBILITY) &
	                   ~(uint64_t)(INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS));
}

/* slow_path: inlined, 1 instruction of a CPUID (121), 4 of a mask write that the run loop sees,
 * and of a switch on irqmux (415). */
static slow_path bool retire_rarely(struct vcpu *v)
{
	uint64_t flags = vmcs_read(GUEST_RFLAGS);

	vmx_end_shadow();
	vmcs_write(GUEST_RFLAGS, flags & ~(uint64_t)RFLAGS_RF);
	if (flags & RFLAGS_TF)
		trap(v);
	return flags & RFLAGS_TF;
}

/* Most exits come through here, so one test covers all rare cases. v is not used, so no register
 * has to hold v. */
bool vmx_skip(struct vcpu *v)
{
	(void)v;
	vmcs_write(GUEST_RIP, vmcs_read(GUEST_RIP) + vmcs_read(EXIT_INSTRUCTION_LENGTH));
	if (vmx_retires_rarely())
		return retire_rarely(vmx_loaded);
	return false;
}

/* Returns the vector that results when vector is raised during the interrupted event (IDT-vectoring
 * information, SDM 3C 24.9.3). Without such an event the result is vector. */
static unsigned combine(uint64_t during, unsigned vector, uint32_t *error)
{
	uint64_t type = during & INTERRUPTION_TYPE;

	if (!(during & INTERRUPTION_VALID))
		return vector;
	if (type == INTERRUPTION_EXCEPTION)
		vector = exception_after(during & 0xff, vector);
	if (vector == VECTOR_DF)
		*error = 0;
	if (exception_names_selector(vector) && type != INTERRUPTION_SOFT_INT &&
	    type != INTERRUPTION_SOFT_EXCEPTION)
		*error |= ERROR_EXT;
	return vector;
}

/* In real mode there are no error codes, and the processor refuses an entry with an error code (SDM
 * 3C 26.2.1.3). An entry pushes RF as RFLAGS has it (26.6.1). */
bool vmx_raise(struct vcpu *v, unsigned vector, uint32_t error)
{
	(void)v;
	vector = combine(vmcs_read(IDT_VECTORING), vector, &error);
	if (vector == EXCEPTION_SHUTDOWN)
		return false;
	vmx_end_shadow();
	bool has_error = exception_has_error(vector) && vmcs_read(GUEST_CR0) & CR0_PE;
	if (exception_is_fault(vector))
		vmcs_write(GUEST_RFLAGS, vmcs_read(GUEST_RFLAGS) | RFLAGS_RF);
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID | INTERRUPTION_EXCEPTION |
	                                       (has_error ? INTERRUPTION_ERROR : 0) | vector);
	vmcs_write(ENTRY_ERROR_CODE, has_error ? error : 0);
	return true;
}
