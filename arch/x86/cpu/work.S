/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes between the stacks of the run loop and of the work.
 *
 * Rule: each flow of control keeps its state on its own stack: the registers, RFLAGS, and RIP on
 * top. The NMI handler (nmi.S) turns an NMI during work into a call of work_interrupted: the
 * handler pushes the interrupted RIP to the work's stack and returns here. work_open says that the
 * stack pointer is the work's and that the work may be left.
 *
 * Rule: the state on the work's stack is taken whole or not at all. An NMI in the window, up to the
 * first instruction of the work, is sent to the way out, and work_stack keeps its value. With a
 * call instead, each NMI would leave its words on the stack, without end while NMIs go on. The way
 * out, entered as work, would also end the work for ever. Interrupts are off in the work while it
 * is open, so no interrupt frame overwrites the words that the window has popped.
 */
	.macro push_all
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro pop_all
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	.endm

	.text
/* void work_enter(void): continues the work from its stack. Returns when the work is left. */
	.globl work_enter
work_enter:
	pushfq
	push_all
	mov	%rsp, run_stack(%rip)
	mov	work_stack(%rip), %rsp
	movb	$1, work_open(%rip)
	.globl work_window_begin
work_window_begin:
	/* an NMI before work_open was set found no work to leave */
	cmpl	$0, nmi_count(%rip)
	jne	not_now
	pop_all
	popfq
	ret

not_now:
	movb	$0, work_open(%rip)
	.globl work_window_end
	.globl work_window_out
work_window_end:
work_window_out:
	mov	run_stack(%rip), %rsp
	pop_all
	popfq
	ret

	.globl work_pause
work_pause:
	movb	$0, work_open(%rip)
	.globl work_interrupted
work_interrupted:
	pushfq
	push_all
	mov	%rsp, work_stack(%rip)
	mov	run_stack(%rip), %rsp
	pop_all
	popfq
	ret

	.bss
	.balign	8
	.globl work_stack
	.globl run_stack
	.globl work_open
work_stack:
	.quad	0
run_stack:
	.quad	0
work_open:
	.byte	0
	.section .note.GNU-stack, "", @progbits
