/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Model-specific registers: the bitmap, and accesses that exit.
 *
 * Rule: arch/x86/virt/guest_registers.c decides about MSRs. This file has the part of VMX only:
 * EFER in the VMCS.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <string.h>

/* EFER (SDM 3A 2.2.1): 10 LMA | 8 LME */
enum { EFER_LME = 1 << 8, EFER_LMA = 1 << 10 };
#define CR0_PG (1u << 31)

/* SDM 3C 24.6.9: read low, read high, write low, write high; 1 KiB each; 1 = exits */
static uint8_t *bitmap;

void vmx_open_msr(uint32_t msr, bool read, bool write)
{
	uint32_t at = (msr >> 31 ? 1024 : 0) + ((msr & 0x1fff) >> 3);
	unsigned bit = msr & 7;
	uint8_t others = (uint8_t) ~(1u << bit);

	bitmap[at] = (uint8_t)((bitmap[at] & others) | !read << bit);
	bitmap[2048 + at] = (uint8_t)((bitmap[2048 + at] & others) | !write << bit);
}

uint64_t msr_bitmap_create(void)
{
	if (bitmap != NULL)
		return (uint64_t)bitmap;
	bitmap = frames_alloc_vmm(PAGE, PAGE);
	if (bitmap == NULL)
		return 0;
	memset(bitmap, 0xff, PAGE);
	guest_msr_open(vmx_open_msr);
	return (uint64_t)bitmap;
}

/* Writes EFER. The guest may change LME only while paging is off (SDM 3A 9.8.5). The guest cannot
 * write LMA. */
static int write_efer(uint64_t value)
{
	uint64_t old = vmcs_read(GUEST_EFER);

	if (((value ^ old) & EFER_LME) && (vmcs_read(GUEST_CR0) & CR0_PG))
		return -EPERM;
	vmcs_write(GUEST_EFER, (value & ~(uint64_t)EFER_LMA) | (old & EFER_LMA));
	return 0;
}

int msr_emulate(struct vcpu *v, bool write, struct denial *what)
{
	uint32_t msr = (uint32_t)v->regs.rcx;
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)v->regs.rax;
	int error = write ? guest_msr_write(&v->registers, msr, value)
	                  : guest_msr_read(&v->registers, msr, &value);

	v->lazy_state |= v->registers.used;
	if (error > 0)
		error = write_efer(value);
	if (error != 0) {
		if (write)
			*what = (struct denial){ "WRMSR %lx = %lx", { msr, value } };
		else
			*what = (struct denial){ "RDMSR %lx", { msr } };
		return error;
	}
	if (!write) {
		v->regs.rax = (uint32_t)value;
		v->regs.rdx = value >> 32;
	}
	vmx_skip(v);
	return 0;
}
