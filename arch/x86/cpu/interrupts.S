/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The moments in which a physical interrupt may come while the VMM runs. See interrupts.h. The way
 * to the hook and back is in exceptions.S, as for every vector.
 *
 * Rule: interrupts are off before and after. STI holds interrupts back for one more instruction
 * (SDM 2B, STI). So the sleep is safe: no interrupt fits between the STI and the HLT.
 */
	.text
	.globl interrupts_take
interrupts_take:
	sti
	/* the first interrupt comes after the NOP, and then all others come in sequence */
	nop
	cli
	ret

	.globl interrupts_halt
interrupts_halt:
	/* the last test; an NMI from here on is sent to the way out (nmi.S) */
	cmpl	$0, nmi_count(%rip)
	.globl sti_hlt_window_begin
sti_hlt_window_begin:
	jne	sti_hlt_window_out
	sti
	hlt
	.globl sti_hlt_window_end
sti_hlt_window_end:
	.globl sti_hlt_window_out
sti_hlt_window_out:
	cli
	ret
	.section .note.GNU-stack, "", @progbits
