/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INS and OUTS that exit: the operand as the VMCS tells it.
 *
 * Rule: string_io.h says what a piece is. An exit's own fields name segment and address size, so no
 * code is read. All processors with unrestricted guests have these fields (SDM 3D A.1, bit 54).
 */
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/io_break.h"
#include "arch/x86/virt/string_io.h"
#include "arch/x86/virt/vmx/vmx.h"

/* Exit instruction information of INS and OUTS (SDM 3C table 27-8): 17:15 segment, in the order of
 * the VMCS | 9:7 address size: 0 16 bits, 1 32, 2 64 */
enum { INFO_ADDRESS = 7, INFO_SEGMENT = 15, INFO_BITS = 7 };
enum { ES, SS = 2, FS = 4 };
enum { CR0_PE = 1 << 0, CR0_AM = 1 << 18, CR4_LA57 = 1 << 12 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16, RFLAGS_VM = 1 << 17, RFLAGS_AC = 1 << 18 };
/* Access rights (SDM 3C 24.4.1): 16 unusable | 15:12 G, D, L, AVL | 7:0 P, DPL, S, type */
enum { ACCESS_UNUSABLE = 1 << 16, ACCESS_LONG = 1 << 13, ACCESS_DPL = 3 << 5 };

/* In 64-bit code only FS and GS have a base, and no segment has a limit. */
static struct guest_operand operand_in(unsigned segment, uint64_t cr0, uint64_t flags)
{
	const unsigned at = 2 * segment;
	const uint64_t access = vmcs_read(GUEST_ES_ACCESS + at);
	const bool wide = vmcs_read(ENTRY_CONTROLS) & ENTRY_IA32E &&
	                  vmcs_read(GUEST_CS_ACCESS) & ACCESS_LONG;

	return (struct guest_operand){
		.base = !wide || segment >= FS ? vmcs_read(GUEST_ES_BASE + at) : 0,
		.limit = (uint32_t)vmcs_read(GUEST_ES_LIMIT + at),
		.attributes = access & ACCESS_UNUSABLE
		                      ? 0
		                      : (uint16_t)((access & 0xff) | (access >> 4 & 0xf00)),
		.wide = wide,
		.typed = cr0 & CR0_PE && !(flags & RFLAGS_VM),
		.la57 = vmcs_read(GUEST_CR4) & CR4_LA57,
	};
}

bool vmx_string_find(struct vcpu *v, struct string_io *s)
{
	const uint64_t info = vmcs_read(EXIT_INSTRUCTION_INFO), cr0 = vmcs_read(GUEST_CR0);
	const unsigned segment = s->io->kind & IO_IN ? ES : info >> INFO_SEGMENT & INFO_BITS;
	const uint64_t flags = vmcs_read(GUEST_RFLAGS);
	const bool user = (vmcs_read(GUEST_SS_ACCESS) & ACCESS_DPL) == ACCESS_DPL;

	s->rflags = flags;
	s->rip = vmcs_read(GUEST_RIP);
	s->operand = operand_in(segment, cr0, flags);
	s->memory.paging = (struct guest_paging){
		.cr0 = cr0,
		.cr3 = vmcs_read(GUEST_CR3),
		.cr4 = vmcs_read(GUEST_CR4),
		.efer = vmcs_read(GUEST_EFER),
		.nested = v->ept,
		.user = user,
		.ignores_smap = flags & RFLAGS_AC,
		.narrow = !s->operand.wide,
	};
	s->stack = segment == SS;
	s->address = (uint8_t)(2u << (info >> INFO_ADDRESS & INFO_BITS));
	s->aligned = user && flags & RFLAGS_AC && cr0 & CR0_AM;
	s->single = flags & RFLAGS_TF ||
	            (v->state.uses_debug && vmcs_read(GUEST_DR7) & IO_BREAK_ENABLES);
	return true;
}

void vmx_string_fault(struct vcpu *v, const struct string_io *s)
{
	if (s->vector == VECTOR_PF)
		cr2_write(s->page_address);
	(void)vmx_raise(v, s->vector, s->error);
}

void vmx_string_again(struct vcpu *v, const struct string_io *s)
{
	(void)v;
	vmcs_write(GUEST_RIP, s->rip);
	vmcs_write(GUEST_RFLAGS, s->rflags | RFLAGS_RF);
}
