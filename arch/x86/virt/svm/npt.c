/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page tables: the part of the machine's memory that a VM can reach. nested_map.c builds the
 * tables.
 *
 * Rule: the processor reads the guest's own page tables through these tables too, so a ban in an
 * entry holds for every access of the guest.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/svm/svm.h"

/*
 * Nested page table entry: the format of long mode (APM 2 5.3.3, 15.25.5)
 *   63 NX | 51:12 address | 7 large page | 4 PCD | 3 PWT | 2 user | 1 write | 0 present
 *
 * Every access of a guest counts as a user access here (APM 2 15.25.5), so U is set at every level.
 */
enum {
	NPT_PRESENT = 1 << 0,
	NPT_WRITE = 1 << 1,
	NPT_USER = 1 << 2,
	NPT_PWT = 1 << 3,
	NPT_PCD = 1 << 4
};
enum { NPT_TABLE = NPT_PRESENT | NPT_WRITE | NPT_USER };
/* PAT's entry 3: UC after a reset and in the VMM (APM 2 7.8.1) */
enum { NPT_UNCACHED = NPT_PCD | NPT_PWT };
#define NPT_NO_EXECUTE (1ull << 63)

/* NX is a reserved bit while the VMM runs with EFER.NXE clear (boot/entry.S). A reserved bit causes
 * a fault. */
enum { EFER_NXE = 1 << 11 };
#define MSR_EFER 0xc0000080u

uint64_t *npt_create(void)
{
	return nested_create();
}

static uint64_t no_execute(void)
{
	return msr_read(MSR_EFER) & EFER_NXE ? NPT_NO_EXECUTE : 0;
}

int npt_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable)
{
	/* Device memory (identity mapped, below 1M or in the PCI hole) must not be cached. RAM is
	 * always cached. */
	uint64_t device = executable ? 0 : NPT_UNCACHED | no_execute();
	uint64_t flags = NPT_PRESENT | NPT_USER | (writable ? NPT_WRITE : 0) | device;
	const struct nested_range range = { guest, host, bytes,
		                            cpu_has_gib_pages() ? NESTED_1G : NESTED_2M };
	return nested_map(pml4, range, flags, NPT_TABLE);
}

int npt_absent(uint64_t *pml4)
{
	return nested_absent(pml4, NPT_PRESENT | NPT_USER, NPT_TABLE);
}

int npt_absent_page(uint64_t *pml4, uint64_t guest)
{
	return nested_absent_page(pml4, guest, NPT_TABLE);
}

int npt_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes)
{
	return nested_forbid(pml4, (struct nested_range){ .guest = guest, .bytes = bytes },
	                     NPT_TABLE);
}

void *npt_translate(const uint64_t *pml4, uint64_t guest)
{
	return nested_translate(pml4, guest);
}
