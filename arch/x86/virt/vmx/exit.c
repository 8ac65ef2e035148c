/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enters the loaded virtual processor and tells why the virtual processor has exited.
 *
 * Rule: an exit reads one field, the reason. The handler of an exit reads the other fields.
 */
#include "arch/x86/cpu/hints.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/quick_ports.h"
#include "arch/x86/virt/vmx/enter.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>

/* Basic exit reasons (SDM 3D appendix C). */
enum {
	REASON_EXCEPTION_OR_NMI = 0,
	REASON_IO = 30,
	REASON_TIMER = 52,
	REASONS = 70,
};
#define REASON_ENTRY_FAILURE (1u << 31)

static const uint32_t reasons[REASONS] = {
	/* 32-bit entries: a byte would need a widening instruction at each exit */
	[REASON_EXCEPTION_OR_NMI] = VM_EXIT_EXCEPTION,
	[1] = VM_EXIT_INTERRUPT,
	[2] = VM_EXIT_SHUTDOWN,
	[7] = VM_EXIT_WINDOW,
	[8] = VM_EXIT_NMI_WINDOW,
	[9] = VM_EXIT_TASK_SWITCH,
	[10] = VM_EXIT_CPUID,
	[11] = VM_EXIT_INSTRUCTION, /* GETSEC */
	[12] = VM_EXIT_HLT,
	[13] = VM_EXIT_CACHES,      /* INVD */
	[15] = VM_EXIT_INSTRUCTION, /* RDPMC */
	[18] = VM_EXIT_CALL,
	/* VMCLEAR, VMLAUNCH, VMPTRLD, VMPTRST, VMREAD, VMRESUME, VMWRITE, VMXOFF, VMXON */
	[19 ... 27] = VM_EXIT_VIRT,
	[28] = VM_EXIT_CR,
	[29] = VM_EXIT_DR,
	[REASON_IO] = VM_EXIT_IO,
	[31] = VM_EXIT_MSR_READ,
	[32] = VM_EXIT_MSR_WRITE,
	[36] = VM_EXIT_INSTRUCTION,        /* MWAIT */
	[39 ... 40] = VM_EXIT_INSTRUCTION, /* MONITOR, PAUSE */
	[48 ... 49] = VM_EXIT_MEMORY,      /* EPT violation, EPT misconfiguration */
	[50] = VM_EXIT_VIRT,               /* INVEPT */
	[REASON_TIMER] = VM_EXIT_TIMER,
	[53] = VM_EXIT_VIRT,   /* INVVPID */
	[54] = VM_EXIT_CACHES, /* WBINVD */
	[55] = VM_EXIT_XSETBV,
	[59] = VM_EXIT_VIRT, /* VMFUNC */
	/* INIT, SIPI, SMI, and exits that no control here asks for */
	[3 ... 6] = VM_EXIT_OTHER,
	[14] = VM_EXIT_OTHER,
	[16 ... 17] = VM_EXIT_OTHER,
	[33 ... 35] = VM_EXIT_OTHER,
	[37 ... 38] = VM_EXIT_OTHER,
	[41 ... 47] = VM_EXIT_OTHER,
	[51] = VM_EXIT_OTHER,
	[56 ... 58] = VM_EXIT_OTHER,
	[60 ... 69] = VM_EXIT_OTHER,
};

static __attribute__((cold)) enum vm_exit_reason refused(const char *what, unsigned long code)
{
	struct vcpu *v = vmx_loaded;

	log_note("vm %s: entry failed: %s %lu", v->name, what, code);
	if (vmx_audit(v) == 0)
		log_note("vm %s: every rule that is checked here holds; "
		         "see SDM 3C 26.2 and 26.3 for the rest",
		         v->name);
	return VM_EXIT_FAILED;
}

/* A VMCS must be launched once and resumed ever after (SDM 3C 24.11.3). */
enum { ERROR_RESUME_OF_CLEAR_VMCS = 5 };

/* Newer processors have instructions that exit whatever the controls say: 76 SEAMCALL, 77 TDCALL,
 * 84 RDMSR and 85 WRMSRNS with the register's number in the instruction. What else exits from 76 on
 * needs a control that the VMM does not set, or is an instruction of processors to come. CPUID
 * offers none of them, so the guest gets #UD. */
enum { FIRST_NEWER = 76 };

/* Carries out a plain access to a port that is offered (quick_ports.h). Returns false, with nothing
 * changed, where the access is not plain: a breakpoint may be on the port, or the instruction has a
 * trap or a shadow behind it. The qualification: see vmx_exit_io(). */
static inline bool access_quickly(struct vcpu *v)
{
	enum { IN = 1 << 3, IMMEDIATE = 1 << 6, SECOND = 0x80 << 16, FIRST_PORT = 0x21 << 16 };
	const uint32_t q = (uint32_t)vmcs_read(EXIT_QUALIFICATION);

	if ((q & ~(uint32_t)(IN | IMMEDIATE | SECOND)) != FIRST_PORT || v->lazy_state ||
	    vmx_retires_rarely() ||
	    !quick_ports_access((uint16_t)(q >> 16), q & SECOND, q & IN, (uint8_t *)&v->regs.rax))
		return false;
	vmcs_write(GUEST_RIP, vmcs_read(GUEST_RIP) + vmcs_read(EXIT_INSTRUCTION_LENGTH));
	return true;
}

static enum vm_exit_reason translate_other(uint64_t reason);

/* The reasons below REASON_IO need no second look. unlikely: 1 instruction of each exit, only
 * together with the two hints of vmx_enter(). */
static inline enum vm_exit_reason translate(uint64_t reason)
{
	if (reason >= REASON_IO)
		return translate_other(reason);
	if (!unlikely(reason == REASON_EXCEPTION_OR_NMI))
		return (enum vm_exit_reason)reasons[reason];
	bool nmi = (vmcs_read(EXIT_INTERRUPTION) & INTERRUPTION_TYPE) == INTERRUPTION_NMI;
	return nmi ? VM_EXIT_NMI : VM_EXIT_EXCEPTION;
}

/* Carries out accesses to ports that are offered, and returns the reason of the first other exit.
 * Nothing waits for vmx_settle(): the run loop has done nothing since the entry before, and where
 * entries are slow (quirk.c) nobody offers ports. An entry that fails is tried again by the run
 * loop, and vmx_enter() says why the entry failed. cold: costs a mask write 1 instruction, and
 * saves 48 bytes of the image. */
static __attribute__((cold)) slow_path enum vm_exit_reason translate_io(void)
{
	while (quick_ports.left != 0 && access_quickly(vmx_loaded)) {
		unsigned result = 0;
		if (unlikely(ENTER(vmx_resume, vmx_loaded, result)))
			return VM_EXIT_ABORTED;
		uint64_t reason = vmcs_read(EXIT_REASON);
		if (reason != REASON_IO)
			return translate(reason);
	}
	return VM_EXIT_IO;
}

static __attribute__((cold)) enum vm_exit_reason translate_other(uint64_t reason)
{
	if (reason == REASON_IO)
		return translate_io();
	if (reason & REASON_ENTRY_FAILURE) /* the highest bit */
		return vmx_wrap_rip() ? VM_EXIT_WAKE : refused("exit reason", reason & 0xffff);
	if (reason >= REASONS)
		return reason >= FIRST_NEWER ? VM_EXIT_INSTRUCTION : VM_EXIT_OTHER;
	return reason == REASON_TIMER && quirk_timer(vmx_loaded) ? VM_EXIT_POLL : reasons[reason];
}

/* v is not used after the entry: every register holds a value of the guest then, and the compiler
 * would have to keep v in memory. unlikely: the two hints are worth 1 instruction of each exit, and
 * only together with the hint of translate(). */
enum vm_exit_reason vmx_enter(struct vcpu *v)
{
	if (unlikely(entry_ready != v)) {
		int error = vmx_settle(v);
		if (error != 0)
			return error == -EINTR ? VM_EXIT_ABORTED : VM_EXIT_SHUTDOWN;
	}
	unsigned result = 0;
	if (unlikely(ENTER(vmx_resume, v, result))) {
		if (result == 2 && vmcs_read(INSTRUCTION_ERROR) == ERROR_RESUME_OF_CLEAR_VMCS)
			(void)ENTER(vmx_launch, vmx_loaded, result);
		if (result == 1)
			return VM_EXIT_ABORTED;
		if (result == 2)
			return refused("VM-instruction error", vmcs_read(INSTRUCTION_ERROR));
	}
	return translate(vmcs_read(EXIT_REASON));
}

uint64_t vmx_rip(struct vcpu *v)
{
	(void)v;
	return vmcs_read(GUEST_RIP);
}

/* SS.DPL is the privilege level in every mode (SDM 3C 24.4.1). */
bool vmx_in_ring_0(struct vcpu *v)
{
	enum { ACCESS_DPL = 3 << 5 };
	(void)v;
	return !(vmcs_read(GUEST_SS_ACCESS) & ACCESS_DPL);
}

/*
 * I/O exit qualification (SDM 3C 27.2.1)
 *   31:16 port | 6 immediate | 5 REP | 4 string | 3 in | 2:0 size - 1
 */
struct vcpu_io vmx_exit_io(struct vcpu *v)
{
	(void)v;
	uint64_t q = vmcs_read(EXIT_QUALIFICATION);
	return (struct vcpu_io){
		.port = (uint16_t)(q >> 16),
		.size = (uint8_t)((q & 7) + 1),
		.kind = (uint8_t)(q >> 3 & (IO_IN | IO_STRING | IO_REPEAT)),
	};
}

uint64_t vmx_exit_address(struct vcpu *v, bool *write)
{
	(void)v;
	*write = vmcs_read(EXIT_QUALIFICATION) >> 1 & 1; /* SDM 3C 27.2.1, table 27-7 */
	return vmcs_read(GUEST_PHYSICAL_ADDRESS);
}
