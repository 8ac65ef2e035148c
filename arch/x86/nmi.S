/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMI while the VMM itself runs, and the windows in which one must not go unseen.
 *
 * Rule: the handler counts, and has the chipset look at its sources while they stand (nmi_hook); it changes nothing else.
 * What it counts is looked at once more right before every VM entry and every halt; an NMI between that last look and the
 * instruction itself finds its return address inside a window and is sent to the window's way out, so the entry or the halt
 * does not happen (R12; SDM 3C 25.3: an NMI exit leaves NMIs blocked, all other exits do not).
 */
	.section .rodata
	/* begin (after the last look), end (after the instruction), way out */
windows:
	.quad enter_window_begin, enter_window_end, enter_window_out
	.quad launch_window_begin, launch_window_end, enter_window_out
	.quad halt_window_begin, halt_window_end, halt_window_out
	.quad door_window_begin, door_window_end, door_window_out
windows_end:

	.text
	.globl nmi_entry
nmi_entry:
	cmpb	$0, nmi_expected(%rip)		/* the one that ended a guest's turn, and is known */
	jne	expected
	push	%rax
	push	%rcx
	incl	nmi_count(%rip)
	mov	16(%rsp), %rax			/* where the NMI landed */
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
4:	pop	%rcx
	pop	%rax
	iretq

expected:
	movb	$0, nmi_expected(%rip)
	iretq

/* void nmi_halt(void): sleep until an NMI; returns at once when one came already. Interrupts are off. */
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
