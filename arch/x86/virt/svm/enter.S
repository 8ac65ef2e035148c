/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM entry and exit: loads the guest's general registers, enters, and stores them after the exit.
 *
 * Rule: only registers move here. After CLGI no NMI reaches the VMM. An NMI after the last test of
 * nmi_count stays pending until VMRUN sets the global interrupt flag, and then the guest exits
 * before its first instruction (APM 2 15.5.1, 15.17).
 *
 * unsigned svm_run(struct vcpu_regs *regs [rdi], struct vmcb *vmcb [rsi])
 * returns 0: VMRUN was executed; 1: an NMI came first and the guest did not run.
 * The caller treats every register except RBP as lost, so the code here saves no other register of
 * the VMM.
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
	cmpl	$0, nmi_count(%rip)		/* the last test */
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
	/* with V_INTR_MASKING the VMM's IF decides whether an interrupt may exit */
	sti
	/* ends STI's shadow: VMRUN of an emulator carries the shadow into the guest */
	nop
	vmrun	%rax
	cli
	vmsave	%rax				/* RAX and RSP belong to the VMM again */
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
	vmload	%rax				/* loads the TSS first: NMIs have their own stack */
	/* an NMI that ended the guest's turn is taken here (nmi.S) */
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
