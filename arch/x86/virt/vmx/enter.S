/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM entry and exit: loads the guest's general registers, enters, and stores them after the exit.
 *
 * Rule: only registers move here. The last test of nmi_count stands right before the entry, and
 * arch/x86/cpu/nmi.S closes the gap between the test and the entry.
 *
 * unsigned vmx_resume(struct vcpu_regs *regs [rdi])
 * unsigned vmx_launch(struct vcpu_regs *regs [rdi]), for a VMCS that was never launched
 * return 0: the guest ran and exited; 1: an NMI came first and the guest did not run; 2: the
 * processor refused the instruction. ZF is set when the result is 0.
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

	.macro load_guest
	mov	RAX(%rdi), %rax
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
	.endm

	.text
	.globl vmx_resume
vmx_resume:
	push	%rbp
	mov	%rdi, vmx_host_frame(%rip)
	mov	%rsp, vmx_host_frame + 8(%rip)
	load_guest
	cmpl	$0, nmi_count(%rip)		/* the last test */
	.globl enter_window_begin
enter_window_begin:
	jne	enter_window_out
	vmresume
	.globl enter_window_end
enter_window_end:
	jmp	refused

	.globl vmx_launch
vmx_launch:
	push	%rbp
	mov	%rdi, vmx_host_frame(%rip)
	mov	%rsp, vmx_host_frame + 8(%rip)
	load_guest
	cmpl	$0, nmi_count(%rip)
	.globl launch_window_begin
launch_window_begin:
	jne	enter_window_out
	vmlaunch
	.globl launch_window_end
launch_window_end:
refused:
	pop	%rbp
	mov	$2, %eax
	test	%eax, %eax
	ret

	.globl enter_window_out
/* the guest's registers in memory have not changed */
enter_window_out:
	pop	%rbp
	mov	$1, %eax
	test	%eax, %eax
	ret

	.globl vmx_host_rip
vmx_host_rip:					/* HOST_RIP */
	xchg	%rdi, (%rsp)
	mov	%rax, RAX(%rdi)
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
	pop	RDI(%rdi)
	pop	%rsp				/* the stack pointer of the entry */
	pop	%rbp
	xor	%eax, %eax
	ret
/* HOST_RSP points here and is written once. The two words are the address of the guest's registers
 * and the stack pointer of the entry. After an exit the words are the stack for a few instructions.
 * An NMI there may return through the memory below the words (nmi.S). */
	.bss
	.balign	16
	.skip	64
	.globl vmx_host_frame
vmx_host_frame:
	.quad	0, 0
	.section .note.GNU-stack, "", @progbits
