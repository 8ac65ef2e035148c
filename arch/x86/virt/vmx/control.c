/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits that concern only the virtual processor: CPUID, control registers, XSETBV,
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
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>

enum { REASON_RDPMC = 15, REGISTER_RSP = 4, RFLAGS_RF = 1 << 16 };
enum { EFER_LME = 1 << 8, EFER_LMA = 1 << 10, CR4_PAE = 1 << 5 };
enum { CR4_MCE = 1 << 6, CR4_PCIDE = 1 << 17, CR4_OSXSAVE = 1 << 18 };
enum { ACCESS_LONG = 1 << 13, ACCESS_TSS_32 = 1 << 3 }; /* SDM 3C 24.4.1 */
enum { CR0_PE = 1 << 0, CR0_NE = 1 << 5, CR0_NW = 1 << 29, CR0_CD = 1 << 30 };
#define CR0_PG (1u << 31)

/* Returns a general register. VMX numbers the registers as the instruction encoding does. RSP is in
 * the VMCS. */
static uint64_t register_value(struct vcpu *v, unsigned number)
{
	uint64_t *regs = &v->regs.rax;

	return number == REGISTER_RSP ? vmcs_read(GUEST_RSP) : regs[number];
}

/* Returns the operand of a MOV to a control register. Outside of 64-bit code the operand has 32
 * bits, and 64-bit code may have left the register's upper half set. */
static uint64_t operand_value(struct vcpu *v, unsigned number)
{
	const uint64_t value = register_value(v, number);
	const bool wide = vmcs_read(ENTRY_CONTROLS) & ENTRY_IA32E &&
	                  vmcs_read(GUEST_CS_ACCESS) & ACCESS_LONG;

	return wide ? value : (uint32_t)value;
}

/* Does the work of the processor when PG changes, because the guest's write exits before it takes
 * effect. EFER.LMA and IA-32e mode follow PG. PAE paging outside long mode reads its four
 * page-directory pointers anew (SDM 3A 4.4.1, 9.8.5). */
static int switch_paging(struct vcpu *v, uint64_t cr0)
{
	uint64_t efer = vmcs_read(GUEST_EFER), cr4 = vmcs_read(GUEST_CR4);
	bool paging = cr0 & CR0_PG, wide = paging && efer & EFER_LME;
	bool long_code = vmcs_read(GUEST_CS_ACCESS) & ACCESS_LONG;
	bool tss_32 = vmcs_read(GUEST_TR_ACCESS) & ACCESS_TSS_32;

	/* 64-bit code can turn neither paging off nor long mode on. Long mode needs PAE, and a task
	 * register without a TSS of 16 bits. With CR4.PCIDE set, paging stays on (SDM 2B, MOV to
	 * CR). */
	if (paging ? wide && (long_code || !tss_32 || !(cr4 & CR4_PAE))
	           : (efer & EFER_LMA && long_code) || cr4 & CR4_PCIDE)
		return -EPERM;
	if (paging && !wide && cr4 & CR4_PAE && !vmx_load_pointers(v))
		return -EPERM;
	uint64_t entry = vmcs_read(ENTRY_CONTROLS) & ~(uint64_t)ENTRY_IA32E;
	vmcs_write(ENTRY_CONTROLS, wide ? entry | ENTRY_IA32E : entry);
	vmcs_write(GUEST_EFER, wide ? efer | EFER_LMA : efer & ~(uint64_t)EFER_LMA);
	return 0;
}

/* Writes CR0. The bits of the VMM stay as VMX needs them, and the guest reads back the written
 * value. CD and NW are only remembered. NE decides whether an x87 error raises #MF in the guest. */
static int write_cr0(struct vcpu *v, uint64_t value, struct denial *what)
{
	bool valid = !(value >> 32) && !((value & CR0_PG) && !(value & CR0_PE)) &&
	             !((value & CR0_NW) && !(value & CR0_CD));

	if (valid && ((value ^ vmcs_read(GUEST_CR0)) & CR0_PG))
		valid = switch_paging(v, value) == 0;
	if (!valid) {
		*what = (struct denial){ "CR0 = %lx", { value } };
		return -EPERM;
	}
	uint64_t fixed = vmx_caps.cr0_fixed0 & ~(uint64_t)(CR0_PE | CR0_PG);
	vmcs_write(CR0_SHADOW, value);
	vmx_set_exceptions(value & CR0_NE);
	vmcs_write(GUEST_CR0, (value & ~(uint64_t)(CR0_CD | CR0_NW)) | fixed);
	return 0;
}

/* Returns CR0 as the guest reads it (SDM 3C 24.6.6). */
static uint64_t read_cr0(void)
{
	uint64_t mask = vmcs_read(CR0_MASK);

	return (vmcs_read(GUEST_CR0) & ~mask) | (vmcs_read(CR0_SHADOW) & mask);
}

/* Handles a write to CR4. The write exits when a bit of the VMM differs from the shadow. The bit
 * may be MCE, whose written value the guest reads back. The function puts MCE into the shadow, and
 * the instruction runs again with the full effect of a write to CR4. RF: the instruction's own
 * breakpoint was told already (SDM 3C 27.3.3, footnote). */
static int write_cr4(uint64_t value, struct denial *what)
{
	uint64_t refused = value & ~vmx_cr4_allowed();

	/* A value that the second run would refuse must leave the shadow as the shadow is. */
	if (refused != 0 || !guest_cr4_fits(value, vmcs_read(GUEST_CR4), vmcs_read(GUEST_CR3),
	                                    vmcs_read(GUEST_EFER))) {
		*what = (struct denial){ "CR4 = %lx (bits %lx are not the guest's)",
			                 { value, refused } };
		return -EPERM;
	}
	vmcs_write(CR4_SHADOW, value & CR4_MCE);
	vmcs_write(GUEST_RFLAGS, vmcs_read(GUEST_RFLAGS) | RFLAGS_RF);
	return 0;
}

/*
 * CR exit qualification (SDM 3C 27.2.1)
 *   31:16 LMSW source | 11:8 register | 5:4 access: 0 MOV to, 1 MOV from, 2 CLTS, 3 LMSW |
 *   3:0 control register
 */
int control_emulate(struct vcpu *v, struct denial *what)
{
	enum { MOV_TO = 0, MOV_FROM = 1, CLTS = 2, LMSW = 3, CR0_TS = 1 << 3 };
	uint64_t q = vmcs_read(EXIT_QUALIFICATION);
	unsigned cr = q & 15, access = q >> 4 & 3, number = q >> 8 & 15;
	int error = -EPERM;
	if (cr == 4 && access == MOV_TO)
		return write_cr4(operand_value(v, number), what);
	if (cr == 0 && access == MOV_TO)
		error = write_cr0(v, operand_value(v, number), what);
	else if (access == CLTS)
		error = write_cr0(v, read_cr0() & ~(uint64_t)CR0_TS, what);
	else if (access == LMSW)
		error = write_cr0(v, (read_cr0() & ~14ull) | (q >> 16 & 15), what);
	else if (cr == 8 && access == MOV_TO && register_value(v, number) <= 15)
		error = 0; /* there is no local APIC, so the priority has no effect */
	else if (cr == 8 && access == MOV_FROM) {
		if (number == REGISTER_RSP)
			vmcs_write(GUEST_RSP, 0);
		else
			(&v->regs.rax)[number] = 0;
		error = 0;
	} else
		*what = (struct denial){ "CR%lu", { cr } };
	if (error == 0)
		vmx_skip(v);
	return error;
}

static int set_xcr0(struct vcpu *v, struct denial *what)
{
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)v->regs.rax;
	int error = guest_set_xcr0(&v->state, (uint32_t)v->regs.rcx, value, what);

	if (error == 0)
		vmx_skip(v);
	return error;
}

/* Passes an intercepted exception to the guest. #DB and #AC are intercepted only so that they
 * cannot nest for ever. RF has the value that the processor would have pushed (SDM 3C 27.3.3). #MF
 * exits while the guest has CR0.NE clear: the instruction then waits for an interrupt, so the
 * shadow that would hold the interrupt back ends. An IRET that faults has unblocked NMIs all the
 * same (SDM 3A 6.7.1), so bit 12 needs no work. A machine check stops the VMM. */
static int pass_exception(struct vcpu *v)
{
	uint32_t info = (uint32_t)vmcs_read(EXIT_INTERRUPTION);

	if ((info & 0xff) == VECTOR_MC)
		panic("machine check while vm %s ran", v->name);
	if ((info & 0xff) == VECTOR_MF) {
		vmx_end_shadow();
		return -EAGAIN;
	}
	if ((info & 0xff) == VECTOR_DB)
		vmx_debug_tell(v, vmcs_read(EXIT_QUALIFICATION));
	vmx_end_shadow();
	vmcs_write(ENTRY_INSTRUCTION_LENGTH, vmcs_read(EXIT_INSTRUCTION_LENGTH));
	vmcs_write(ENTRY_ERROR_CODE, vmcs_read(EXIT_ERROR_CODE));
	vmcs_write(ENTRY_INTERRUPTION, info & ~(1u << 12));
	return 0;
}

static inline void execute_cpuid(struct vcpu_regs *regs)
{
	__asm__ volatile("cpuid" /* clears the upper halves of the registers */
	                 : "=a"(regs->rax), "=b"(regs->rbx), "=c"(regs->rcx), "=d"(regs->rdx)
	                 : "a"((uint32_t)regs->rax), "c"((uint32_t)regs->rcx));
}

/* slow_path: 2 instructions of a CPUID (124, 122). */
static slow_path void filter_cpuid(struct vcpu *v)
{
	uint32_t leaf = (uint32_t)v->regs.rax, subleaf = (uint32_t)v->regs.rcx;

	execute_cpuid(&v->regs);
	unsigned has = (vmcs_read(GUEST_CR4) & CR4_OSXSAVE ? GUEST_HAS_OSXSAVE : 0) |
	               (v->secondary & CPU2_INVPCID ? GUEST_HAS_INVPCID : 0) |
	               (v->secondary & CPU2_RDTSCP ? GUEST_HAS_RDTSCP : 0);
	guest_cpuid_filter(&v->regs, leaf, subleaf, has);
}

void vmx_cpuid(struct vcpu *v)
{
	if (guest_cpuid_differs((uint32_t)v->regs.rax))
		filter_cpuid(v);
	else
		execute_cpuid(&v->regs);
	vmx_skip(v);
}

int vmx_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what)
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
		error = msr_emulate(v, false, what);
		break;
	case VM_EXIT_MSR_WRITE:
		error = msr_emulate(v, true, what);
		break;
	case VM_EXIT_XSETBV:
		error = set_xcr0(v, what);
		break;
	case VM_EXIT_EXCEPTION:
		return pass_exception(v);
	case VM_EXIT_TASK_SWITCH:
		task_begin(v);
		return 0;
	case VM_EXIT_VIRT:
	case VM_EXIT_INSTRUCTION: /* the guest has RDPMC but no counter */
		undefined = vmcs_read(EXIT_REASON) != REASON_RDPMC;
		error = -EPERM;
		*what = (struct denial){ .format = "an instruction that is the VMM's" };
		break;
	default:
		return -ENOSYS;
	}
	if (error == -EPERM)
		(void)vmx_raise(v, undefined ? VECTOR_UD : VECTOR_GP, 0);
	return error;
}
