/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Model-specific registers: the permission map, and accesses that exit.
 *
 * Rule: arch/x86/virt/guest_registers.c decides about MSRs. This file has the part of SVM only:
 * EFER and PAT in the VMCB.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/svm/svm.h"

#include <errno.h>
#include <string.h>

#define MSR_EFER 0xc0000080u

/* EFER (APM 2 3.1.7): 12 SVME | 10 LMA | 8 LME */
enum { EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_SVME = 1 << 12 };
#define CR0_PG (1u << 31)
enum { PAT_ENTRIES = 8 };

/* MSRPM (APM 2 15.11): two bits per MSR, read and write; 2 KiB each for the MSRs from 0, from
 * C0000000h and from C0010000h; 1 = exits */
enum { MSRPM_BYTES = 2 * PAGE, MSRPM_HIGH = 0x800 };
static uint8_t *map;

void svm_open_msr(uint32_t msr, bool read, bool write)
{
	uint32_t bit = (msr & 0x1fff) * 2, at = (msr >> 31 ? MSRPM_HIGH : 0) + bit / 8;

	map[at] = (uint8_t)((map[at] & ~(3u << bit % 8)) | ((read ? 0u : 1u) | (write ? 0u : 2u))
	                                                           << bit % 8);
}

uint64_t msrpm_create(void)
{
	if (map != NULL)
		return (uint64_t)map;
	map = frames_alloc_vmm(MSRPM_BYTES, PAGE);
	if (map == NULL)
		return 0;
	memset(map, 0xff, MSRPM_BYTES);
	guest_msr_open(svm_open_msr);
	return (uint64_t)map;
}

/* Writes EFER. The guest may change LME only while paging is off (APM 2 14.6.1). The guest cannot
 * write LMA or SVME. */
static int write_efer(struct vmcb *c, uint64_t value)
{
	if (((value ^ c->efer) & EFER_LME) && (c->cr0 & CR0_PG))
		return -EPERM;
	c->efer = (value & ~(uint64_t)EFER_LMA) | (c->efer & EFER_LMA) | EFER_SVME;
	return 0;
}

/* Writes PAT. Each entry must have a valid type: 2 and 3 are reserved (APM 2 7.8.1). */
static int write_pat(struct vmcb *c, uint64_t value)
{
	for (unsigned i = 0; i < PAT_ENTRIES; i++) {
		uint8_t type = (uint8_t)(value >> 8 * i);
		if (type == 2 || type == 3)
			return -EPERM;
	}
	c->pat = value;
	return 0;
}

static int write_value(struct vcpu *v, uint32_t msr, uint64_t value)
{
	int error = guest_msr_write(&v->registers, msr, value);

	v->lazy_state |= v->registers.used;
	if (error <= 0)
		return error;
	return msr == MSR_EFER ? write_efer(v->vmcb, value) : write_pat(v->vmcb, value);
}

static int read_value(const struct vcpu *v, uint32_t msr, uint64_t *value)
{
	int error = guest_msr_read(&v->registers, msr, value);

	if (error <= 0)
		return error;
	*value = msr == MSR_EFER ? v->vmcb->efer & ~(uint64_t)EFER_SVME : v->vmcb->pat;
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
