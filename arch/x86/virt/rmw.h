/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that read memory, change the value and write the value back, on absent memory: the
 * value is all ones, and the result goes nowhere. Flags and registers are the guest's.
 *
 * Rule: the processor itself computes the flags, by the same instruction on a register of ones. So
 * undefined flags are the processor's too.
 */
#ifndef ARCH_X86_VIRT_RMW_H
#define ARCH_X86_VIRT_RMW_H

#include "arch/x86/virt/virt.h"

struct rmw {
	bool two;       /* the opcode is two bytes: 0Fh and the next */
	bool lock, rex; /* prefixes. With REX there is no AH, CH, DH, BH */
	uint8_t opcode; /* the opcode's last byte */
	uint8_t reg;    /* of ModR/M, with REX.R */
	unsigned wide;  /* bytes of a larger operand than a byte: 2, 4 or 8 */
	bool has_immediate;
	uint64_t immediate; /* extended by the sign */
	struct vcpu_regs *regs;
	uint64_t flags; /* RFLAGS before; rmw_run() leaves RFLAGS after */
};

/* Carries out an instruction. Returns false, and changes nothing, where the bytes are another
 * instruction or where the instruction uses RSP. */
bool rmw_run(struct rmw *r);

#endif
