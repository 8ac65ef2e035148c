/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the tests of the SVM back end. See the header for the rule.
 */
#include "tests/unit/svm_kit.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/nested_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAMES = 64,
	CR0_PE = 1,
	EFER_NXE = 1 << 11,
	PML4 = KIT_RAM - KIT_PAGE,
	PDPT = PML4 - KIT_PAGE,
	PD = PDPT - KIT_PAGE
};
#define MSR_EFER 0xc0000080u

struct vcpu kit_vcpu;
struct vmcb kit_vmcb;
unsigned kit_frames;
bool kit_nxe, kit_gib_pages;

static _Alignas(1 << 21) uint8_t ram[KIT_RAM];
static _Alignas(4096) uint8_t frames[FRAMES][PAGE];

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	if (bytes != PAGE || align != PAGE || kit_frames == 0)
		return NULL;
	return memset(frames[--kit_frames], 0, PAGE);
}

/* What it holds is anything. */
void *frames_alloc_vmm_raw(uint64_t bytes, uint64_t align)
{
	void *memory = frames_alloc_vmm(bytes, align);

	return memory == NULL ? NULL : memset(memory, 0xa5, PAGE);
}

uint64_t msr_read(uint32_t msr)
{
	if (msr != MSR_EFER) {
		fprintf(stderr, "MSR %x is read\n", (unsigned)msr);
		abort();
	}
	return KIT_LME | KIT_LMA | (kit_nxe ? EFER_NXE : 0);
}

bool cpu_has_gib_pages(void)
{
	return kit_gib_pages;
}

uint8_t *kit_ram(uint64_t guest)
{
	return &ram[guest];
}

void kit_entry(uint64_t table, unsigned index, unsigned bytes, uint64_t value)
{
	memcpy(kit_ram(table + index * bytes), &value, bytes);
}

void kit_begin(void)
{
	memset(ram, 0, sizeof(ram));
	kit_frames = FRAMES;
	memset(nested_absent_entry, 0, sizeof(nested_absent_entry)); /* of the frames before */
	kit_nxe = true;
	kit_gib_pages = false;
	memset(&kit_vmcb, 0, sizeof(kit_vmcb));
	kit_vcpu = (struct vcpu){ .vmcb = &kit_vmcb, .npt = npt_create(), .name = "pulse" };
	if (npt_map(kit_vcpu.npt, 0, (uint64_t)ram, sizeof(ram), true, true) != 0)
		abort();
	kit_mode(KIT_CODE_32);
}

void kit_mode(enum kit_mode mode)
{
	static const uint16_t attributes[] = {
		[KIT_CODE_16] = KIT_CODE | KIT_G,
		[KIT_CODE_32] = KIT_CODE | KIT_D,
		[KIT_CODE_64] = KIT_CODE | KIT_L | KIT_G,
	};
	bool wide = mode == KIT_CODE_64;

	kit_vmcb.cs = (struct vmcb_segment){ 8, attributes[mode], wide ? UINT32_MAX : 0xffff, 0 };
	kit_vmcb.cr0 = CR0_PE | (wide ? KIT_PG : 0);
	kit_vmcb.cr4 = wide ? KIT_PAE : 0;
	kit_vmcb.efer = KIT_SVME | (wide ? KIT_LME | KIT_LMA : 0);
	kit_vmcb.cr3 = wide ? PML4 : 0;
	if (!wide)
		return;
	kit_entry(PML4, 0, 8, PDPT | KIT_P);
	kit_entry(PDPT, 0, 8, PD | KIT_P);
	kit_entry(PD, 0, 8, KIT_LARGE | KIT_P);
}
