/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Model-specific registers: denied by default.
 *
 * Rule: an MSR is open only where the VMCS carries its value for each VM; the few that an operating system needs beside
 * those are kept in struct vcpu from their first write on, so a VM that never uses them costs nothing at a switch.
 */
#include "arch/x86/io.h"
#include "arch/x86/platform.h"
#include "arch/x86/vmx/vmx.h"

#include <errno.h>
#include <string.h>

enum {
	IA32_TSC = 0x10,
	IA32_BIOS_SIGN_ID = 0x8b,
	IA32_SYSENTER_CS = 0x174,
	IA32_SYSENTER_ESP = 0x175,
	IA32_SYSENTER_EIP = 0x176,
	IA32_MISC_ENABLE = 0x1a0,
	IA32_PAT = 0x277,
};
#define IA32_EFER 0xc0000080u
#define IA32_FS_BASE 0xc0000100u
#define IA32_GS_BASE 0xc0000101u

/* EFER (SDM 3A 2.2.1): 11 NXE | 10 LMA | 8 LME | 0 SCE */
enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };
#define CR0_PG (1u << 31)

static const uint32_t kept[VCPU_MSRS] = {
	[VCPU_STAR] = 0xc0000081,  [VCPU_LSTAR] = 0xc0000082,     [VCPU_CSTAR] = 0xc0000083,
	[VCPU_FMASK] = 0xc0000084, [VCPU_KERNEL_GS] = 0xc0000102, [VCPU_TSC_AUX] = 0xc0000103,
};

static uint8_t *bitmap; /* SDM 3C 24.6.9: read low, read high, write low, write high; 1 KiB each; 1 = exits */

static void bitmap_open(uint32_t msr, bool write)
{
	uint32_t offset = (write ? 2048 : 0) + (msr >> 31 ? 1024 : 0) + ((msr & 0x1fff) >> 3);
	bitmap[offset] &= (uint8_t) ~(1u << (msr & 7));
}

uint64_t msr_bitmap_create(void)
{
	static const uint32_t open[] = { IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP,
		                         IA32_FS_BASE,     IA32_GS_BASE,      IA32_PAT };
	if (bitmap != NULL)
		return (uint64_t)bitmap;
	bitmap = frames_alloc_vmm(PAGE, PAGE);
	if (bitmap == NULL)
		return 0;
	memset(bitmap, 0xff, PAGE);
	for (unsigned i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		bitmap_open(open[i], false);
		bitmap_open(open[i], true);
	}
	bitmap_open(IA32_TSC, false);
	bitmap_open(IA32_EFER, false);
	return (uint64_t)bitmap;
}

static int kept_index(uint32_t msr)
{
	for (int i = 0; i < VCPU_MSRS; i++)
		if (kept[i] == msr)
			return i;
	return -1;
}

/* Long mode may be chosen only while paging is off (SDM 3A 9.8.5); LMA is the processor's. */
static int write_efer(uint64_t value)
{
	uint64_t old = vmcs_read(GUEST_EFER);
	if (value & ~(uint64_t)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return -EPERM;
	if (((value ^ old) & EFER_LME) && (vmcs_read(GUEST_CR0) & CR0_PG))
		return -EPERM;
	vmcs_write(GUEST_EFER, (value & ~(uint64_t)EFER_LMA) | (old & EFER_LMA));
	return 0;
}

static int write_kept(struct vcpu *v, int index, uint64_t value)
{
	bool address = index == VCPU_LSTAR || index == VCPU_CSTAR || index == VCPU_KERNEL_GS;
	if (address && !address_is_canonical(value))
		return -EPERM;
	if (!v->uses_msrs) { /* from now on they move at each switch */
		v->uses_msrs = v->rare = true;
		for (int i = 0; i < VCPU_MSRS; i++)
			msr_write(kept[i], v->msr[i]);
	}
	msr_write(kept[index], value);
	return 0;
}

static int read_value(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	int index = kept_index(msr);
	if (index >= 0)
		*value = v->uses_msrs ? msr_read(msr) : v->msr[index];
	else if (msr == IA32_MISC_ENABLE || msr == IA32_BIOS_SIGN_ID)
		*value = msr == IA32_MISC_ENABLE ? 1 : 0; /* fast strings */
	else
		return -EPERM;
	return 0;
}

int msr_emulate(struct vcpu *v, bool write, struct denial *what)
{
	uint32_t msr = (uint32_t)v->regs.rcx;
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)v->regs.rax;
	int error = -EPERM;
	if (!write)
		error = read_value(v, msr, &value);
	else if (msr == IA32_EFER)
		error = write_efer(value);
	else if (kept_index(msr) >= 0)
		error = write_kept(v, kept_index(msr), value);
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

void msr_switch(struct vcpu *from, struct vcpu *to)
{
	if (from != NULL && from->uses_msrs)
		for (int i = 0; i < VCPU_MSRS; i++)
			from->msr[i] = msr_read(kept[i]);
	if (to != NULL && to->uses_msrs)
		for (int i = 0; i < VCPU_MSRS; i++)
			msr_write(kept[i], to->msr[i]);
}
