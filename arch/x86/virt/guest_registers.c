/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers that instructions of a guest reach. See the header for the rule.
 *
 * Numbers and bits of MSRs: SDM 4 2.1; APM 2 appendix A.
 */
#include "arch/x86/virt/guest_registers.h"
#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/guest_cpuid.h"
#include "arch/x86/virt/guest_state.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define ALL UINT64_MAX
#define LOW_HALF UINT64_C(0xffffffff)
#define PAT_BITS UINT64_C(0x0707070707070707)
/* EFER (SDM 3A 2.2.1, APM 2 3.1.7): 11 NXE | 10 LMA | 8 LME | 0 SCE */
#define EFER_BITS UINT64_C(0xd01)

static const struct guest_msr msrs[] = {
	/* number VMX SVM kept, canonical, writable, answer */
	{ 0x00000010, MSR_READ_ONLY, MSR_READ_ONLY, 0, false, 0, 0 }, /* TSC */
	/* TSC_ADJUST: the TSC is unshifted. Linux trusts a TSC that has this register. */
	{ 0x0000003b, MSR_ANSWERED, MSR_ANSWERED, 0, false, 0, 0 },
	/* BIOS_SIGN_ID, PATCH_LEVEL */
	{ 0x0000008b, MSR_ANSWERED, MSR_ANSWERED, 0, false, 0, 0 },
	{ 0x00000174, MSR_OPEN, MSR_OPEN, 0, false, ALL, 0 }, /* SYSENTER_CS */
	/* SYSENTER_ESP */
	{ 0x00000175, MSR_OPEN, MSR_OPEN, 0, true, ALL, 0 },
	/* SYSENTER_EIP */
	{ 0x00000176, MSR_OPEN, MSR_OPEN, 0, true, ALL, 0 },
	/* MISC_ENABLE: fast strings */
	{ 0x000001a0, MSR_ANSWERED, MSR_REFUSED, 0, false, 0, 1 },
	{ 0x00000277, MSR_OPEN, MSR_EMULATED, 0, false, PAT_BITS, 0 },             /* PAT */
	{ 0xc0000080, MSR_WRITES_EMULATED, MSR_EMULATED, 0, false, EFER_BITS, 0 }, /* EFER */
	{ 0xc0000081, MSR_KEPT, MSR_OPEN, KEPT_STAR, false, ALL, 0 },
	{ 0xc0000082, MSR_KEPT, MSR_OPEN, KEPT_LSTAR, true, ALL, 0 },
	{ 0xc0000083, MSR_KEPT, MSR_OPEN, KEPT_CSTAR, true, ALL, 0 },
	{ 0xc0000084, MSR_KEPT, MSR_OPEN, KEPT_FMASK, false, LOW_HALF, 0 },
	{ 0xc0000100, MSR_OPEN, MSR_OPEN, 0, true, ALL, 0 }, /* FS_BASE */
	{ 0xc0000101, MSR_OPEN, MSR_OPEN, 0, true, ALL, 0 }, /* GS_BASE */
	{ 0xc0000102, MSR_OPEN, MSR_OPEN, 0, true, ALL, 0 }, /* KERNEL_GS_BASE */
	{ 0xc0000103, MSR_KEPT, MSR_KEPT, KEPT_TSC_AUX, false, LOW_HALF, 0 },
};
enum { MSRS = sizeof(msrs) / sizeof(msrs[0]) };

/* The bits of CR4 (SDM 3A 2.5, APM 2 3.1.3), each with the CPUID bit of its feature. Leaf 0: every
 * processor has the feature. Missing here: LA57, VMXE, SMXE, PKE, CET, PKS, UINTR, KL, because no
 * VM has their registers. */
enum { EAX, EBX, ECX, EDX };
struct cr4_bit {
	uint8_t bit, leaf, reg, feature;
};
static const struct cr4_bit cr4_bits[] = {
	{ 0, 1, EDX, 1 }, /* VME */
	{ 1, 1, EDX, 1 }, /* PVI */
	{ 2, 1, EDX, 4 }, /* TSD: the TSC */
	{ 3, 1, EDX, 2 }, /* DE */
	{ 4, 1, EDX, 3 }, /* PSE */
	{ 5, 1, EDX, 6 }, /* PAE */
	/* MCE: hidden by CPUID, but boot code sets the bit without asking. The VMM handles a
	 * machine check in any case. */
	{ 6, 0, 0, 0 },
	{ 7, 1, EDX, 13 },  /* PGE */
	{ 8, 0, 0, 0 },     /* PCE: RDPMC exits with either value */
	{ 9, 1, EDX, 24 },  /* OSFXSR */
	{ 10, 1, EDX, 25 }, /* OSXMMEXCPT */
	{ 11, 7, ECX, 2 },  /* UMIP */
	{ 16, 7, EBX, 0 },  /* FSGSBASE */
	{ 17, 1, ECX, 17 }, /* PCIDE */
	{ 18, 1, ECX, 26 }, /* OSXSAVE */
	{ 20, 7, EBX, 7 },  /* SMEP */
	{ 21, 7, EBX, 20 }, /* SMAP */
};

uint64_t guest_cr4_allowed;
const struct guest_msr_device *guest_msr_device;

/* The kept MSRs: the values in the processor, and the numbers of the MSRs that the VMM moves. */
static struct {
	uint32_t number[KEPT_COUNT]; /* 0: the VMM does not move the MSR, or the MSR is absent */
	uint64_t value[KEPT_COUNT];
	bool svm;
} kept_msrs;

static enum guest_msr_way way_of(const struct guest_msr *m)
{
	enum guest_msr_way way = kept_msrs.svm ? m->svm : m->vmx;

	return way == MSR_KEPT && kept_msrs.number[m->kept] == 0 ? MSR_REFUSED : way;
}

static void find_cr4_bits(void)
{
	guest_cr4_allowed = 0;
	for (unsigned i = 0; i < sizeof(cr4_bits) / sizeof(cr4_bits[0]); i++) {
		const uint32_t leaf = cr4_bits[i].leaf;
		struct cpuid c = guest_cpuid_shown(cpu_id(leaf, 0), leaf, 0, 0);
		const uint32_t regs[] = { c.eax, c.ebx, c.ecx, c.edx };
		if (leaf == 0 || regs[cr4_bits[i].reg] >> cr4_bits[i].feature & 1)
			guest_cr4_allowed |= UINT64_C(1) << cr4_bits[i].bit;
	}
}

__attribute__((cold)) void guest_registers_init(bool svm)
{
	memset(&kept_msrs, 0, sizeof(kept_msrs));
	kept_msrs.svm = svm;
	for (unsigned i = 0; i < MSRS; i++) {
		bool kept = (svm ? msrs[i].svm : msrs[i].vmx) == MSR_KEPT;
		if (kept && guarded_msr_write(msrs[i].number, 0) == 0)
			kept_msrs.number[msrs[i].kept] = msrs[i].number;
	}
	find_cr4_bits();
}

void guest_msr_open(void (*open)(uint32_t number, bool read, bool write))
{
	for (unsigned i = 0; i < MSRS; i++) {
		enum guest_msr_way way = way_of(&msrs[i]);
		if (way == MSR_OPEN || way == MSR_READ_ONLY || way == MSR_WRITES_EMULATED ||
		    way == MSR_KEPT)
			open(msrs[i].number, true, way == MSR_OPEN);
	}
	if (guest_msr_device != NULL)
		guest_msr_device->open(open);
}

static const struct guest_msr *find(uint32_t number)
{
	for (unsigned i = 0; i < MSRS; i++)
		if (msrs[i].number == number)
			return &msrs[i];
	return NULL;
}

int guest_msr_read(const struct guest_registers *r, uint32_t number, uint64_t *value)
{
	const struct guest_msr *m = find(number);

	if (m == NULL && guest_msr_device != NULL)
		return guest_msr_device->read(number, value);
	switch (m != NULL ? way_of(m) : MSR_REFUSED) {
	case MSR_ANSWERED:
		*value = m->answer;
		return 0;
	case MSR_KEPT:
		*value = r->kept[m->kept];
		return 0;
	case MSR_EMULATED:
		return 1;
	default:
		return -EPERM;
	}
}

static int write_kept(struct guest_registers *r, const struct guest_msr *m, uint64_t value)
{
	if (guarded_msr_write(m->number, value) != 0)
		return -EPERM;
	kept_msrs.value[m->kept] = r->kept[m->kept] = value;
	r->used = true;
	return 0;
}

int guest_msr_write(struct guest_registers *r, uint32_t number, uint64_t value)
{
	const struct guest_msr *m = find(number);
	enum guest_msr_way way = m != NULL ? way_of(m) : MSR_REFUSED;

	if (m == NULL && guest_msr_device != NULL)
		return guest_msr_device->write(number, value);
	if (way == MSR_ANSWERED)
		return value == m->answer ? 0 : -EPERM;
	if (m == NULL || value & ~m->writable || (m->address && !address_is_canonical(value)))
		return -EPERM;
	if (way == MSR_KEPT)
		return write_kept(r, m, value);
	return way == MSR_EMULATED || way == MSR_WRITES_EMULATED ? 1 : -EPERM;
}

void guest_registers_reset(struct guest_registers *r)
{
	*r = (struct guest_registers){ 0 };
}

void guest_registers_load(const struct guest_registers *r)
{
	for (unsigned i = 0; i < KEPT_COUNT; i++) {
		if (kept_msrs.number[i] == 0 || kept_msrs.value[i] == r->kept[i])
			continue;
		kept_msrs.value[i] = r->kept[i];
		msr_write(kept_msrs.number[i], r->kept[i]); /* accepted before */
	}
}
