/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole register file of a guest but for general registers: filled, looked at, compared.
 *
 * Rule: between exits_load_vectors() and exits_store_vectors() only the VMM executes vector
 * instructions.
 */
#include "guests/vandal/exits.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"

#include <string.h>

enum { AREA_BYTES = 4096, HEADER_AT = 512 };
/* FXSAVE (SDM 1 10.5.1): control word, status word, tags | pointers of the last instruction |
 * MXCSR | registers, 10 bytes in 16 */
enum {
	X87_TAGS_AT = 4,
	POINTERS_AT = 6,
	POINTERS_END = 24,
	MXCSR_AT = 24,
	X87_AT = 32,
	XMM_AT = 160,
	XMM_END = 416,
	WIDE_AT = 576,
};
enum { CPUID_XSAVE = 1 << 26, LEAF_XSAVE = 0xd, COMPONENTS = 32 };
#define CR4_OSXSAVE (1ul << 18)

/* All MSRs that a guest reads, but for TSC. */
static const uint32_t msrs[] = {
	0x174,      0x175,      0x176,      0x277,      0xc0000080, 0xc0000081, 0xc0000082,
	0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103,
};
_Static_assert(sizeof(msrs) / sizeof(msrs[0]) == EXITS_MSRS, "a value for each");

static uint8_t wanted[AREA_BYTES] __attribute__((aligned(64))),
	found[AREA_BYTES] __attribute__((aligned(64)));

void exits_look(struct exits_rest *r)
{
	uint32_t low, high;

	memset(r, 0, sizeof(*r));
	r->cr0 = cr0_read();
	r->cr2 = cr2_read();
	r->cr3 = cr3_read();
	r->cr4 = cr4_read();
	__asm__ volatile("mov %%cr8, %0" : "=r"(r->cr8));
	__asm__ volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3"
	                 : "=r"(r->dr[0]), "=r"(r->dr[1]), "=r"(r->dr[2]), "=r"(r->dr[3]));
	__asm__ volatile("mov %%dr6, %0; mov %%dr7, %1" : "=r"(r->dr6), "=r"(r->dr7));
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	r->xcr0 = (uint64_t)high << 32 | low;
	for (unsigned i = 0; i < EXITS_MSRS; i++)
		r->msr[i] = msr_read(msrs[i]);
	__asm__ volatile(
		"mov %%cs, %0; mov %%ds, %1; mov %%es, %2; mov %%ss, %3; mov %%fs, %4; mov %%gs, %5"
		: "=m"(r->selector[0]), "=m"(r->selector[1]), "=m"(r->selector[2]),
		  "=m"(r->selector[3]), "=m"(r->selector[4]), "=m"(r->selector[5]));
	__asm__ volatile("sldt %0; str %1" : "=m"(r->selector[6]), "=m"(r->selector[7]));
	__asm__ volatile("sgdt %0; sidt %1" : "=m"(r->gdtr), "=m"(r->idtr));
}

/* Registers that no row reads: a VMM that forgets one of them is found out. */
static void fill_msrs(void)
{
	msr_write(0x174, 0x1234);
	msr_write(0x175, 0x12345678);
	msr_write(0x176, 0x23456789);
	msr_write(0x277, 0x0007040600070406);
	msr_write(0xc0000081, 0x1122334455667788);
	msr_write(0xc0000082, 0x112233445566);
	msr_write(0xc0000083, 0x223344556677);
	msr_write(0xc0000084, 0x47700);
	msr_write(0xc0000100, 0x334455667788);
	msr_write(0xc0000102, 0x445566778899);
	msr_write(0xc0000103, 0x1234); /* as the row writes */
}

uint32_t exits_begin(void)
{
	const uint32_t offered = cpu_id(1, 0).ecx & CPUID_XSAVE ? cpu_id(LEAF_XSAVE, 0).eax : 0;

	if (offered == 0)
		return 0;
	cr4_write(cr4_read() | CR4_OSXSAVE);
	__asm__ volatile("xsetbv" : : "c"(0), "a"(offered), "d"(0));
	fill_msrs();
	return offered;
}

void exits_fill_vectors(uint32_t offered, uint32_t seed)
{
	enum { ROUNDING_X87 = 3 << 10, TOP = 7 << 11, CONDITIONS = 0x4700, ROUNDING = 3 << 13 };
	uint16_t *words = (uint16_t *)wanted;
	uint32_t *mxcsr = (uint32_t *)(wanted + MXCSR_AT);

	memset(wanted, 0, sizeof(wanted));
	__asm__ volatile("xsave64 (%0)" : : "r"(wanted), "a"(~0u), "d"(0) : "memory");
	words[0] = (uint16_t)(0x37f | (seed << 10 & ROUNDING_X87));
	words[1] = (uint16_t)((seed << 11 & TOP) | (seed << 8 & CONDITIONS));
	wanted[X87_TAGS_AT] = 0xff;
	*mxcsr = (*mxcsr & ~(uint32_t)ROUNDING) | (seed << 13 & ROUNDING);
	for (unsigned i = X87_AT; i < XMM_AT; i++)
		if (i % 16 < 10)
			wanted[i] = (uint8_t)(seed * 29 + i * 7);
	for (unsigned i = XMM_AT; i < XMM_END; i++)
		wanted[i] = (uint8_t)(seed * 37 + i * 11);
	for (unsigned n = 2; n < COMPONENTS; n++) {
		struct cpuid c = cpu_id(LEAF_XSAVE, n); /* EAX: bytes; EBX: offset */
		for (uint32_t i = 0; offered >> n & 1 && i < c.eax && c.ebx + i < AREA_BYTES; i++)
			wanted[c.ebx + i] = (uint8_t)(seed * 41 + i * 13);
	}
	memcpy(&wanted[HEADER_AT], &(uint64_t){ offered }, sizeof(uint64_t));
}

void exits_load_vectors(void)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(wanted), "a"(~0u), "d"(0) : "memory");
}

void exits_store_vectors(void)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(found), "a"(~0u), "d"(0) : "memory");
	__asm__ volatile("fninit");
}

/* SVM: QEMU's processor keeps no pointers of the last x87 instruction. */
unsigned exits_compare_vectors(void)
{
	const unsigned pointers = machine_by_vmmcall ? POINTERS_END : POINTERS_AT;

	return (memcmp(wanted, found, POINTERS_AT) != 0) +
	       (memcmp(wanted + pointers, found + pointers, XMM_END - pointers) != 0) +
	       (memcmp(wanted + WIDE_AT, found + WIDE_AT, AREA_BYTES - WIDE_AT) != 0);
}
