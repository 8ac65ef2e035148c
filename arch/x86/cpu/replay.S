/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The moments in which the VMM takes interrupts from the local APIC. See replay.h.
 *
 * Rule: an interrupt comes between an STI and the CLI behind it alone. So the entries save no
 * register: R9 has the address of what an entry does, and the other registers what that needs.
 */
#define MSR_EOI 0x80b
#define MSR_ISR_0 0x810

	.text
/* ECX, EAX and EDX: the write of the EOI. R8: the count. */
end_of_interrupt:
	incl	%r8d
	wrmsr
	iretq

stay_in_service:
	iretq

	.globl replay_drain
replay_drain:
	lea	end_of_interrupt(%rip), %r9
	xor	%r8d, %r8d
	mov	$MSR_EOI, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	lidt	replay_table(%rip)
	sti
	/* the first interrupt comes after the NOP, and then all others come in sequence */
	nop
	cli
	lidt	replay_usual(%rip)
	mov	%r8d, %eax
	ret

	.globl replay_serve
replay_serve:
	lea	stay_in_service(%rip), %r9
	lidt	replay_table(%rip)
	sti
	nop
	cli
	lidt	replay_usual(%rip)
	ret

	.globl replay_gate
replay_gate:
	jmp	*%r9

/* Vector 18 is the machine check's, and may be an interrupt's: then the vector is in service. */
	.globl replay_gate_18
replay_gate_18:
	mov	$MSR_ISR_0, %ecx
	rdmsr
	bt	$18, %eax
	mov	$MSR_EOI, %ecx
	mov	$0, %eax
	mov	$0, %edx
	jnc	1f
	jmp	*%r9
1:	jmp	exception_stubs + 18 * 9
	.section .note.GNU-stack, "", @progbits
