/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Model-specific registers: denied by default.
 *
 * Rule: an MSR is open only where the VMCB carries its value for each VM; the few that an operating system needs beside
 * those are answered here. TSC_AUX moves from a guest's first write on, so a VM that never uses it costs nothing at a switch.
 */
#include "arch/x86/io.h"
#include "arch/x86/platform.h"
#include "arch/x86/svm/svm.h"

#include <errno.h>
#include <string.h>

enum {
	MSR_TSC = 0x10,
	MSR_PATCH_LEVEL = 0x8b,
	MSR_SYSENTER_CS = 0x174,
	MSR_SYSENTER_ESP = 0x175,
	MSR_SYSENTER_EIP = 0x176,
	MSR_PAT = 0x277,
};
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_FMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

/* EFER (APM 2 3.1.7): 12 SVME | 11 NXE | 10 LMA | 8 LME | 0 SCE */
enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11, EFER_SVME = 1 << 12 };
#define CR0_PG (1u << 31)
enum { PAT_ENTRIES = 8, PAT_TYPE_MOST = 7 };

/* MSRPM (APM 2 15.11): two bits each, read and write; 2 KiB each for 0, C0000000h and C0010000h and up; 1 = exits */
enum { MSRPM_BYTES = 2 * PAGE, MSRPM_HIGH = 0x800 };
static uint8_t *map;

static void map_open(uint32_t msr, bool read, bool write)
{
	uint32_t bit = (msr & 0x1fff) * 2, at = (msr >> 31 ? MSRPM_HIGH : 0) + bit / 8;
	map[at] &= (uint8_t) ~((read ? 1u : 0) << bit % 8 | (write ? 2u : 0) << bit % 8);
}

uint64_t msrpm_create(void)
{
	static const uint32_t open[] = { MSR_SYSENTER_CS, MSR_SYSENTER_ESP,  MSR_SYSENTER_EIP, MSR_STAR,
		                         MSR_LSTAR,       MSR_CSTAR,         MSR_FMASK,        MSR_FS_BASE,
		                         MSR_GS_BASE,     MSR_KERNEL_GS_BASE };
	if (map != NULL)
		return (uint64_t)map;
	map = frames_alloc_vmm(MSRPM_BYTES, PAGE);
	if (map == NULL)
		return 0;
	memset(map, 0xff, MSRPM_BYTES);
	for (unsigned i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		map_open(open[i], true, true);
	map_open(MSR_TSC, true, false);
	return (uint64_t)map;
}

/* Long mode may be chosen only while paging is off (APM 2 14.6.1); LMA is the processor's, SVME the VMM's. */
static int write_efer(struct vmcb *c, uint64_t value)
{
	if (value & ~(uint64_t)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return -EPERM;
	if (((value ^ c->efer) & EFER_LME) && (c->cr0 & CR0_PG))
		return -EPERM;
	c->efer = (value & ~(uint64_t)EFER_LMA) | (c->efer & EFER_LMA) | EFER_SVME;
	return 0;
}

/* Each entry a type that there is: 2 and 3 are reserved (APM 2 7.8.1). */
static int write_pat(struct vmcb *c, uint64_t value)
{
	for (unsigned i = 0; i < PAT_ENTRIES; i++) {
		uint8_t type = (uint8_t)(value >> 8 * i);
		if (type > PAT_TYPE_MOST || type == 2 || type == 3)
			return -EPERM;
	}
	c->pat = value;
	return 0;
}

static int write_tsc_aux(struct vcpu *v, uint64_t value)
{
	if (value >> 32)
		return -EPERM;
	v->uses_tsc_aux = v->rare = true;
	msr_write(MSR_TSC_AUX, value);
	return 0;
}

static int write_value(struct vcpu *v, uint32_t msr, uint64_t value)
{
	if (msr == MSR_EFER)
		return write_efer(v->vmcb, value);
	if (msr == MSR_PAT)
		return write_pat(v->vmcb, value);
	return msr == MSR_TSC_AUX ? write_tsc_aux(v, value) : -EPERM;
}

static int read_value(const struct vcpu *v, uint32_t msr, uint64_t *value)
{
	if (msr == MSR_EFER)
		*value = v->vmcb->efer & ~(uint64_t)EFER_SVME;
	else if (msr == MSR_PAT)
		*value = v->vmcb->pat;
	else if (msr == MSR_TSC_AUX)
		*value = v->uses_tsc_aux ? msr_read(msr) : 0;
	else if (msr == MSR_PATCH_LEVEL)
		*value = 0;
	else
		return -EPERM;
	return 0;
}

int svm_msr_emulate(struct vcpu *v, bool write, struct denial *what)
{
	uint32_t msr = (uint32_t)v->regs.rcx;
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)v->regs.rax;
	int error = write ? write_value(v, msr, value) : read_value(v, msr, &value);
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
	svm_skip(v);
	return 0;
}

/* A guest that never wrote it reads 0 by RDTSCP too. */
void svm_msr_switch(struct vcpu *from, const struct vcpu *to)
{
	if (from != NULL && from->uses_tsc_aux)
		from->tsc_aux = msr_read(MSR_TSC_AUX);
	if (to != NULL)
		msr_write(MSR_TSC_AUX, to->tsc_aux);
}
