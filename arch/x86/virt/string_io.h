/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INS and OUTS at a port that the VMM answers, a piece of the instruction at a time.
 *
 * Rule: a piece has the elements of a page at most, and the guest goes on at the instruction for
 * the next piece. The fault of an operand comes before the port is accessed (SDM 3C 25.1.1: the
 * exit comes before the fault); count and index are then as far as they came. Between two pieces RF
 * is set: the instruction's breakpoint was told already, and an event that comes between two
 * elements is pushed with RF set (SDM 3B 17.3.1.1).
 */
#ifndef ARCH_X86_VIRT_STRING_IO_H
#define ARCH_X86_VIRT_STRING_IO_H

#include "arch/x86/virt/guest_memory.h"
#include "arch/x86/virt/guest_operand.h"
#include "arch/x86/virt/virt.h"

struct string_io {
	const struct vcpu_io *io;
	struct vcpu_regs *regs;
	uint64_t rip, rflags; /* at the instruction */
	struct guest_memory memory;
	struct guest_operand operand;
	uint8_t address;       /* bytes of an address: 2, 4, 8 */
	bool aligned;          /* #AC is on: CR0.AM, RFLAGS.AC, ring 3 */
	bool stack;            /* the segment is SS */
	bool single;           /* a trap may come behind each element */
	unsigned vector;       /* of the operand's fault */
	uint32_t error;        /* the fault's error code */
	uint64_t page_address; /* CR2 of a page fault */
};

/* Finds the elements of the next piece, most elements at most, and reads the element of an OUTS.
 * No elements: the count is 0. Sets s's fault and returns false where the operand faults. */
bool string_io_begin(struct string_io *s, unsigned most, struct vcpu_string *piece);
/* Writes the elements of an INS, and moves index and count. Returns true when elements are left. */
bool string_io_end(struct string_io *s, const struct vcpu_string *piece);

/* Parts of virt_string_begin() and virt_string_end() for a back end. find: fills in s, from rip to
 * single; false: the instruction's bytes could not be read. fault: raises s's fault. again: has the
 * guest go on at the instruction that was stepped over. */
bool vmx_string_find(struct vcpu *v, struct string_io *s);
void vmx_string_fault(struct vcpu *v, const struct string_io *s);
void vmx_string_again(struct vcpu *v, const struct string_io *s);
bool svm_string_find(struct vcpu *v, struct string_io *s);
void svm_string_fault(struct vcpu *v, const struct string_io *s);
void svm_string_again(struct vcpu *v, const struct string_io *s);

#endif
