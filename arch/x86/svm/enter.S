/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM entry and exit: the guest's general registers in, the guest's general registers out.
 *
 * Rule: nothing but registers moves here. From CLGI on no NMI reaches the VMM: one that comes after
 * the last look at nmi_count is pending when VMRUN sets the global interrupt flag, and the guest
 * exits before its first instruction (APM 2 15.5.1, 15.17).
 *
 * unsigned svm_run(struct vcpu_regs *regs [rdi], struct vmcb *vmcb [rsi])
 * returns 0: VMRUN was executed; 1: an NMI came first, nothing ran.
 * The caller treats every register but RBP as lost, so nothing else of the VMM's is saved.
 */
	.set RAX, 0
	.set RCX, 8
	.set RDX, 16
	.set RBX, 24
	.set RBP, 40
	.set RSI, 48
	.set RDI, 56
	.set VMCB_RAX, 0x5f8
	.set VMCB_EXIT_CODE, 0x70
	.set EXIT_NMI, 0x61

	.text
	.globl svm_run
svm_run:
	push	%rbp
	push	%rdi
	clgi
	cmpl	$0, nmi_count(%rip)		/* the last look */
	jne	not_now
	mov	%rsi, %rax
	vmload	%rax				/* FS, GS, TR, LDTR and the MSRs of system calls */
	mov	RAX(%rdi), %rcx
	mov	%rcx, VMCB_RAX(%rax)
	mov	RCX(%rdi), %rcx
	mov	RDX(%rdi), %rdx
	mov	RBX(%rdi), %rbx
	mov	RBP(%rdi), %rbp
	mov	RSI(%rdi), %rsi
	mov	64(%rdi), %r8
	mov	72(%rdi), %r9
	mov	80(%rdi), %r10
	mov	88(%rdi), %r11
	mov	96(%rdi), %r12
	mov	104(%rdi), %r13
	mov	112(%rdi), %r14
	mov	120(%rdi), %r15
	mov	RDI(%rdi), %rdi
	/* with V_INTR_MASKING the VMM's IF says whether an interrupt may exit */
	sti
	/* STI's shadow ends here: an emulator has VMRUN carry it into the guest */
	nop
	vmrun	%rax
	cli
	vmsave	%rax				/* RAX and RSP are the VMM's again */
	xchg	%rdi, (%rsp)
	mov	%rcx, RCX(%rdi)
	mov	%rdx, RDX(%rdi)
	mov	%rbx, RBX(%rdi)
	mov	%rbp, RBP(%rdi)
	mov	%rsi, RSI(%rdi)
	mov	%r8, 64(%rdi)
	mov	%r9, 72(%rdi)
	mov	%r10, 80(%rdi)
	mov	%r11, 88(%rdi)
	mov	%r12, 96(%rdi)
	mov	%r13, 104(%rdi)
	mov	%r14, 112(%rdi)
	mov	%r15, 120(%rdi)
	mov	VMCB_RAX(%rax), %rcx
	mov	%rcx, RAX(%rdi)
	pop	RDI(%rdi)
	cmpl	$EXIT_NMI, VMCB_EXIT_CODE(%rax)
	sete	nmi_expected(%rip)
	mov	svm_host(%rip), %rax
	vmload	%rax				/* the TSS first: NMIs have a stack of their own */
	/* the NMI that ended the guest's turn is taken here (nmi.S) */
	stgi
	movb	$0, nmi_expected(%rip)
	pop	%rbp
	xor	%eax, %eax
	ret

not_now:
	stgi
	pop	%rdi
	pop	%rbp
	mov	$1, %eax
	ret
	.section .note.GNU-stack, "", @progbits
