/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended page tables: the part of the machine's memory that a VM can reach. nested_map.c builds
 * the tables.
 *
 * Rule: a VM can execute only its RAM. The exception is absent memory: absent memory reads as all
 * bits set, and FFh bytes are no instruction.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/mitigations.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/vmx/vmx.h"

/*
 * EPT entry (SDM 3C 28.2.2)
 *   51:12 address | 7 large page | 6 ignore PAT | 5:3 memory type | 2 execute | 1 write | 0 read
 */
enum { EPT_READ = 1 << 0, EPT_WRITE = 1 << 1, EPT_EXECUTE = 1 << 2 };
enum { EPT_TYPE_SHIFT = 3, MEMORY_UC = 0, MEMORY_WB = 6 };
enum { EPT_TABLE = EPT_READ | EPT_WRITE | EPT_EXECUTE };

/* EPT_VPID_CAP (SDM 3D A.10) */
#define EPT_1G (1ull << 17)

/* EPTP (SDM 3C 24.6.11): 5:3 page-walk length - 1 | 2:0 memory type */
enum { EPTP_WALK_4 = 3 << 3 };

uint64_t *ept_create(void)
{
	return nested_create();
}

uint64_t ept_pointer(const uint64_t *pml4)
{
	return (uint64_t)pml4 | EPTP_WALK_4 | MEMORY_WB;
}

int ept_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable)
{
	/* Device memory (identity mapped, below 1M or in the PCI hole) must not be cached. RAM is
	 * always cached. */
	uint64_t type = executable ? MEMORY_WB : MEMORY_UC;
	uint64_t flags = EPT_READ | (writable ? EPT_WRITE : 0) | (executable ? EPT_EXECUTE : 0) |
	                 type << EPT_TYPE_SHIFT;
	const unsigned largest = vmx_caps.ept_vpid & EPT_1G ? NESTED_1G : NESTED_2M;
	const struct nested_range range = { guest, host, bytes,
		                            executable && mitigations.small_pages ? NESTED_4K
		                                                                  : largest };
	return nested_map(pml4, range, flags, EPT_TABLE);
}

void ept_invalidate(const uint64_t *pml4)
{
	vmx_invept(ept_pointer(pml4));
}

enum { EPT_ABSENT = EPT_READ | EPT_EXECUTE | MEMORY_WB << EPT_TYPE_SHIFT };

int ept_absent(uint64_t *pml4)
{
	return nested_absent(pml4, EPT_ABSENT, EPT_TABLE);
}

int ept_absent_page(uint64_t *pml4, uint64_t guest)
{
	int error = nested_absent_page(pml4, guest, EPT_TABLE);

	ept_invalidate(pml4);
	return error;
}

int ept_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes)
{
	int error = nested_forbid(pml4, (struct nested_range){ .guest = guest, .bytes = bytes },
	                          EPT_TABLE);

	ept_invalidate(pml4);
	return error;
}

void *ept_translate(const uint64_t *pml4, uint64_t guest)
{
	return nested_translate(pml4, guest);
}

/* Bits that must be 0 in a pointer that is present (SDM 3A table 4-8), besides the address
 * bits that the processor lacks. */
#define LEAF_ADDRESS_SIZES 0x80000008u
#define POINTER_RESERVED 0xfff00000000001e6ull

/* An entry with EPT takes the four pointers from the VMCS, and refuses reserved bits (SDM 3C
 * 26.3.1.6). */
bool vmx_load_pointers(struct vcpu *v)
{
	const uint64_t *pointers = ept_translate(v->ept, vmcs_read(GUEST_CR3) & 0xffffffe0);
	const uint64_t beyond = ~0ull << (cpu_id(LEAF_ADDRESS_SIZES, 0).eax & 0xff);
	bool valid = true;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t pointer = pointers != NULL ? pointers[i] : 0;
		if (pointer & 1 && pointer & (POINTER_RESERVED | beyond)) {
			valid = false;
			pointer = 0;
		}
		vmcs_write(GUEST_PDPTE0 + 2 * i, pointer);
	}
	return valid;
}
