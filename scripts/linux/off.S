/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of the Linux guest: it ends the VM well, or the bare emulator.
 *
 * Rule: no library. The word "Shutdown" at port 8900h ends the VM (docs/guest-abi.md) and a bare
 * Bochs; a byte at port F4h ends a bare QEMU (isa-debug-exit). Where neither ends the machine, the
 * program ends with status 1.
 */
#include <asm/unistd.h>

	.set	PORT_WORD, 0x8900
	.set	PORT_QEMU, 0xf4
	.set	ALL_PORTS, 3

	.text
	.globl	_start
_start:
	mov	$__NR_iopl, %eax
	mov	$ALL_PORTS, %edi
	syscall
	test	%eax, %eax
	jnz	1f
	lea	word(%rip), %rsi
	mov	$8, %ecx
	mov	$PORT_WORD, %edx
2:	lodsb
	out	%al, %dx
	loop	2b
	xor	%eax, %eax
	out	%al, $PORT_QEMU
1:	mov	$__NR_exit, %eax
	mov	$1, %edi
	syscall

	.section .rodata
word:	.ascii	"Shutdown"

	.section .note.GNU-stack, "", @progbits
