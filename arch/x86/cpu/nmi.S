/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs while the VMM itself runs, and the windows in which no NMI may go unseen.
 *
 * Rule: the handler counts the NMI, and lets the chipset check its sources while they stand
 * (nmi_hook). The handler changes no other state. The VMM tests the count once more right before
 * every VM entry and every halt. An NMI between that test and the instruction finds its return
 * address inside a window. The handler sends such an NMI to the window's way out, so the entry or
 * the halt does not happen (R12; SDM 3C 25.3: an NMI exit leaves NMIs blocked, all other exits do
 * not).
 *
 * Rule: NMIs may come faster than the handler runs: a guest can program the PIT to 600,000 edges a
 * second. When NMI_STORM NMIs were counted and not taken, the handler returns without IRET, so that
 * NMIs stay blocked (SDM 3A 6.7.1; APM 2 8.2.3). The interrupted code goes on, the dispatcher
 * silences the source, and nmi_reopen() ends the blocking. So the VMM spends at most NMI_STORM runs
 * of the handler between two tests of the count, whatever the rate is.
 */
	.set NMI_STORM, 8			/* as in nmi.h */

	.section .rodata
	/* begin (after the last test), end (after the instruction), way out */
windows:
	.quad enter_window_begin, enter_window_end, enter_window_out
	.quad launch_window_begin, launch_window_end, enter_window_out
	.quad halt_window_begin, halt_window_end, halt_window_out
	.quad sti_hlt_window_begin, sti_hlt_window_end, sti_hlt_window_out
windows_end:

	.text
	.globl nmi_entry
nmi_entry:
	/* an expected NMI: it ended a guest's turn, and was reported */
	cmpb	$0, nmi_expected(%rip)
	jne	expected
	push	%rax
	push	%rcx
	incl	nmi_count(%rip)
	cmpb	$0, work_open(%rip)
	jne	leave_work
	mov	16(%rsp), %rax			/* address that the NMI interrupted */
	mov	$windows, %ecx
1:	cmp	0(%rcx), %rax
	jb	2f
	cmp	8(%rcx), %rax
	jae	2f
	mov	16(%rcx), %rax			/* leave by the way out instead */
	mov	%rax, 16(%rsp)
	incl	nmi_windows(%rip)
	jmp	3f
2:	add	$24, %ecx
	cmp	$windows_end, %ecx
	jb	1b
3:	cmpq	$0, nmi_hook(%rip)
	je	4f
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	cld
	call	*nmi_hook(%rip)
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
4:	cmpl	$NMI_STORM, nmi_count(%rip)
	jae	stay_blocked
	pop	%rcx
	pop	%rax
	iretq

/* Leaves work at once (work.S), by a call of work_interrupted behind the interrupted instruction.
 * On the way into the work no call is made: the state of the work still lies where work_stack
 * points. */
leave_work:
	movb	$0, work_open(%rip)
	mov	16(%rsp), %rax			/* RIP */
	cmp	$work_window_begin, %rax
	jb	push_rip
	cmp	$work_window_end, %rax
	jb	undo_enter
push_rip:
	mov	40(%rsp), %rcx			/* RSP */
	sub	$8, %rcx
	mov	%rax, (%rcx)
	mov	%rcx, 40(%rsp)
	movq	$work_interrupted, 16(%rsp)
	jmp	3b
undo_enter:
	mov	run_stack(%rip), %rcx
	mov	%rcx, 40(%rsp)
	movq	$work_window_out, 16(%rsp)
	jmp	3b

/* The frame: RCX, RAX, then RIP, CS, RFLAGS, RSP, SS. The handler returns by the interrupted stack.
 * The memory below that stack pointer is free (no red zone). */
stay_blocked:
	mov	40(%rsp), %rcx			/* RSP */
	mov	16(%rsp), %rax			/* RIP */
	mov	%rax, -8(%rcx)
	mov	32(%rsp), %rax			/* RFLAGS */
	mov	%rax, -16(%rcx)
	mov	8(%rsp), %rax			/* RAX */
	mov	%rax, -24(%rcx)
	mov	0(%rsp), %rax			/* RCX */
	mov	%rax, -32(%rcx)
	lea	-32(%rcx), %rsp
	pop	%rcx
	pop	%rax
	popfq
	ret

expected:
	movb	$0, nmi_expected(%rip)
	iretq

/* void nmi_reopen(void): ends the blocking that the handler has left. A waiting NMI reaches the
 * handler before the function returns. */
	.globl nmi_reopen
nmi_reopen:
	pop	%rdx				/* the return address */
	mov	%rsp, %rax
	mov	%ss, %ecx
	push	%rcx
	push	%rax
	pushfq
	mov	%cs, %ecx
	push	%rcx
	push	%rdx
	iretq

/* void nmi_halt(void): sleeps until an NMI. Returns at once when an NMI came already. Call it with
 * interrupts off. */
	.globl nmi_halt
nmi_halt:
	cmpl	$0, nmi_count(%rip)
halt_window_begin:
	jne	halt_window_out
	hlt
halt_window_end:
halt_window_out:
	ret

	.bss
	.balign	4
	.globl nmi_count
	.globl nmi_windows
	.globl nmi_hook
	.globl nmi_expected
	.balign	8
nmi_hook:
	.quad	0
nmi_count:
	.long	0
nmi_windows:
	.long	0
nmi_expected:
	.byte	0
	.section .note.GNU-stack, "", @progbits
