/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any registers, page tables and bytes as a guest whose instruction is decoded: libFuzzer where
 * clang is, else random ones.
 *
 * Rule: the sanitizers see every byte read outside RAM and tables; what is decoded could be read,
 * and what is noted of it is right. Taken for an access to CR0, the instruction leaves NE set on
 * the processor, and is done, refused, or raises an exception.
 */
#include "tests/unit/fuzz.h"
#include "tests/unit/svm_kit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NE = 1 << 5 };
enum {
	LOW = 16 * KIT_PAGE,
	LENGTH_MOST = 15,
	AVAILABLE = 1 << 11,
	ENTRY = sizeof(uint16_t) + sizeof(uint64_t)
};

/* How an input begins: the guest's registers. */
struct registers {
	uint64_t rip, cr3, cs_base;
	uint32_t cr0, cr4, efer;
	uint16_t attributes;
	uint8_t exit_code, low_rip;
};

static void set_registers(const struct registers *r)
{
	kit_vmcb.cr0 = r->cr0;
	kit_vmcb.cr3 = r->cr3 & 1 ? r->cr3 : r->cr3 % LOW;
	kit_vmcb.cr4 = r->cr4;
	kit_vmcb.efer = r->efer;
	kit_vmcb.cs.attributes = r->attributes;
	kit_vmcb.cs.base = r->cs_base & 1 ? r->cs_base : 0;
	kit_vmcb.rip = r->low_rip & 1 ? r->rip % LOW : r->rip;
	kit_vmcb.cpl = r->low_rip >> 6;
	kit_vmcb.rflags = r->rip & 0x60000; /* AC, VM */
	for (unsigned n = 0; n < SEGMENTS; n++)
		if (n != SEGMENT_CS)
			(&kit_vmcb.es)[n] = (struct vmcb_segment){ 0, (uint16_t)(r->attributes ^ n),
				                                   r->cr4, r->cr0 };
	for (unsigned n = 0; n < 16; n++)
		(&kit_vcpu.regs.rax)[n] = n & 1 ? r->cs_base << n : r->cs_base % LOW;
	kit_vmcb.exit_code = r->exit_code;
}

/* The rest of it: what stands where, in the lowest pages. Addresses in it are of those pages too,
 * but for every other value. */
static void set_entry(const uint8_t *bytes)
{
	uint16_t place;
	uint64_t value;

	memcpy(&place, bytes, sizeof(place));
	memcpy(&value, bytes + sizeof(place), sizeof(value));
	if (value & 1 && !(value & AVAILABLE))
		value &= (LOW - 1) | 1ull << 63;
	memcpy(kit_ram(place), &value, sizeof(value)); /* up to a few bytes beyond */
}

/* What svm_skip() finds in `code` next time. */
static void require_noted(unsigned length)
{
	const struct svm_code *known = &kit_vcpu.code[kit_vmcb.rip % SVM_CODE_PLACES];
	uint32_t bytes;

	memcpy(&bytes, (const void *)known->at, sizeof(bytes));
	if ((bytes & known->mask) == known->bytes)
		require(known->rip == kit_vmcb.rip && known->length == length,
		        "what is noted is what was decoded");
}

struct svm_capabilities svm_caps;

static void access_cr0(const struct svm_instruction *i)
{
	struct denial what;

	kit_vmcb.cr0 |= NE;
	kit_vmcb.event_injection = kit_vmcb.exit_interruption = 0;
	int error = svm_cr0_emulate(&kit_vcpu, i, &what);

	require(kit_vmcb.cr0 & NE, "NE is set");
	require(error == 0 || (error == -EPERM && what.format != NULL), "what is refused is said");
	require(error == 0 || kit_vmcb.event_injection == 0,
	        "what is refused is raised by the caller");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct registers r;
	uint8_t bytes[LENGTH_MOST];

	if (size < sizeof(r))
		return 0;
	if (!kit_vcpu.npt)
		kit_begin();
	memset(kit_ram(0), 0, LOW + KIT_PAGE);
	memcpy(&r, data, sizeof(r));
	set_registers(&r);
	for (size_t at = sizeof(r); at + ENTRY <= size; at += ENTRY)
		set_entry(data + at);
	svm_forget_code(&kit_vcpu);
	unsigned count = svm_fetch(&kit_vcpu, kit_vmcb.rip, bytes, sizeof(bytes));
	struct svm_instruction i = svm_decode(&kit_vcpu);

	require(count <= sizeof(bytes), "no more is read than was asked for");
	require(i.length <= count, "what is decoded could be read");
	require(i.reg < 16 && i.rm < 16, "registers have numbers below 16");
	require(svm_instruction_length(&kit_vcpu) == i.length, "its length is the length");
	require_noted(i.length);
	if (i.length != 0)
		access_cr0(&i);
	return 0;
}

void tries(void)
{
	enum { TRIES = 20000, ENTRIES = 80, SIZE = sizeof(struct registers) + ENTRIES * ENTRY };
	static const uint8_t codes[][8] = { { 0x66, 0x0f, 0xa2, 0xf4, 0x0f, 0x01, 0xd9, 0x0f },
		                            { 0x0f, 0x01, 0x60, 0x0f, 0x01, 0x20, 0x01, 0x30 },
		                            { 0x0f, 0x22, 0xc0, 0x0f, 0x20, 0xc0, 0x0f, 0x06 } };
	uint8_t data[SIZE];
	uint32_t seed = 1;

	for (unsigned n = 0; n < TRIES; n++) {
		for (size_t at = 0; at < SIZE; at++) {
			seed = seed * 1664525 + 1013904223;
			data[at] = (uint8_t)(seed >> 24);
		}
		if (n & 1) /* half of memory is code */
			for (size_t at = sizeof(struct registers); at + ENTRY <= SIZE;
			     at += 2 * ENTRY)
				memcpy(data + at + 2, codes[n / 2 % 3], sizeof(codes[0]));
		LLVMFuzzerTestOneInput(data, SIZE);
	}
	printf("svm_decode: %d random guests ... ok\n", TRIES);
}
