/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory by its linear addresses. See the header for the rule.
 */
#include "arch/x86/guest_memory.h"
#include "arch/x86/nested_map.h"

#include <string.h>

#define CR0_WP (1ull << 16)
#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define CR4_SMAP (1ull << 21)
#define EFER_LMA (1ull << 10)

/*
 * How a mode walks (APM 2 5.2, 5.3): the table of each level takes `bits` of the address, the first of them from `shift` on. Tables
 * and pages begin at the address bits of entries; bit 7 of an entry makes a large page at the levels in `large` (bit: its shift).
 */
struct paging {
	uint64_t root;
	unsigned shift, bits, entry_bytes;
	uint64_t large, address;
};

enum { PAGE_SHIFT = 12, PDPT_SHIFT = 30 };
#define PAGE_MASK ((1ull << PAGE_SHIFT) - 1)
enum {
	PTE_PRESENT = 1 << 0,
	PTE_WRITE = 1 << 1,
	PTE_USER = 1 << 2,
	PTE_ACCESSED = 1 << 5,
	PTE_DIRTY = 1 << 6,
	PTE_LARGE = 1 << 7
};
enum { FAULT_PRESENT = 1 << 0, FAULT_WRITE = 1 << 1 };
#define ADDRESS_52 0x000ffffffffff000ull
#define ADDRESS_32 0xfffff000ull

static struct paging paging_of(const struct guest_paging *g)
{
	const uint64_t cr3 = g->cr3;
	if (g->efer & EFER_LMA)
		return (struct paging){ cr3 & ADDRESS_52, g->cr4 & CR4_LA57 ? 48 : 39, 9, 8, 1ull << 30 | 1ull << 21,
			                ADDRESS_52 };
	if (g->cr4 & CR4_PAE) /* four pointers, 32-byte aligned */
		return (struct paging){ cr3 & 0xffffffe0, PDPT_SHIFT, 9, 8, 1ull << 21, ADDRESS_52 };
	return (struct paging){ cr3 & ADDRESS_32, 22, 10, 4, g->cr4 & CR4_PSE ? 1ull << 22 : 0, ADDRESS_32 };
}

/* A large page of the two-level format keeps bits 39:32 of its address in bits 20:13 (APM 2 5.2.2). */
static uint64_t large_page(const struct paging *p, uint64_t entry, unsigned shift)
{
	uint64_t high = p->entry_bytes == 4 ? (entry >> 13 & 0xff) << 32 : 0;
	return (entry & p->address & ~((1ull << shift) - 1)) | high;
}

/* Where a linear address leads to, and what the entries on the way allow. */
struct walk {
	uint64_t physical; /* UINT64_MAX: nowhere */
	uint64_t allows;   /* PTE_WRITE, PTE_USER: at each level */
	void *entry[5];    /* they are to get accessed and dirty bits; NULL: cannot be written */
	unsigned entries;
};

/* The pointers of PAE paging have neither permissions nor an accessed bit (SDM 3A 4.4.1). */
static bool is_pointer(const struct paging *p, unsigned shift)
{
	return shift == PDPT_SHIFT && p->shift == PDPT_SHIFT;
}

static struct walk walk(const struct guest_paging *g, uint64_t linear)
{
	struct walk w = { .physical = linear, .allows = PTE_WRITE };
	if (!(g->cr0 & CR0_PG))
		return w;
	const struct paging p = paging_of(g);
	uint64_t table = p.root;
	w.physical = UINT64_MAX;
	w.allows = PTE_WRITE | PTE_USER;
	for (unsigned shift = p.shift;; shift -= p.bits) {
		uint64_t index = linear >> shift & ((1ull << p.bits) - 1), entry = 0;
		void *at = nested_translate(g->nested, table + index * p.entry_bytes);
		if (at == NULL)
			return w;
		memcpy(&entry, at, p.entry_bytes);
		if (!(entry & PTE_PRESENT))
			return w;
		if (!is_pointer(&p, shift)) {
			w.allows &= entry;
			w.entry[w.entries++] = nested_translate_to_write(g->nested, table + index * p.entry_bytes);
		}
		table = entry & p.address;
		if (entry & PTE_LARGE && p.large >> shift & 1)
			w.physical = large_page(&p, entry, shift) | (linear & ((1ull << shift) - 1));
		else if (shift == PAGE_SHIFT)
			w.physical = table | (linear & PAGE_MASK);
		else
			continue;
		return w;
	}
}

uint64_t guest_translate(const struct guest_paging *g, uint64_t linear)
{
	return walk(g, linear).physical;
}

/* The processor's own accesses are a supervisor's; SMAP is for these too (SDM 3A 4.6.1). */
static bool allows(const struct guest_paging *g, const struct walk *w, uint64_t linear, bool write,
                   struct guest_fault *fault)
{
	bool mapped = w->physical != UINT64_MAX;
	bool denied = (write && !(w->allows & PTE_WRITE) && g->cr0 & CR0_WP) ||
	              (w->allows & PTE_USER && g->cr4 & CR4_SMAP);
	*fault = (struct guest_fault){ linear, (mapped ? FAULT_PRESENT : 0) | (write ? FAULT_WRITE : 0) };
	return mapped && !denied;
}

static void mark(const struct walk *w, bool write)
{
	for (unsigned i = 0; i < w->entries; i++)
		if (w->entry[i] != NULL)
			*(uint8_t *)w->entry[i] |= PTE_ACCESSED | (write && i == w->entries - 1 ? PTE_DIRTY : 0);
}

/* Bytes of this page, at most so many. */
static unsigned in_page(uint64_t linear, unsigned bytes)
{
	uint64_t here = PAGE_MASK + 1 - (linear & PAGE_MASK);
	return here < bytes ? (unsigned)here : bytes;
}

static bool may_access(const struct guest_paging *g, uint64_t linear, unsigned bytes, bool write,
                       struct guest_fault *fault)
{
	for (unsigned done = 0; done < bytes; done += in_page(linear + done, bytes - done)) {
		struct walk w = walk(g, linear + done);
		if (!allows(g, &w, linear + done, write, fault))
			return false;
	}
	return true;
}

bool guest_may_write(const struct guest_paging *g, uint64_t linear, unsigned bytes, struct guest_fault *fault)
{
	return may_access(g, linear, bytes, true, fault);
}

bool guest_read(const struct guest_paging *g, uint64_t linear, void *to, unsigned bytes, struct guest_fault *fault)
{
	if (!may_access(g, linear, bytes, false, fault))
		return false;
	for (unsigned done = 0, here; done < bytes; done += here) {
		struct walk w = walk(g, linear + done);
		const void *at = nested_translate(g->nested, w.physical);
		here = in_page(linear + done, bytes - done);
		mark(&w, false);
		if (at != NULL)
			memcpy((char *)to + done, at, here);
		else
			memset((char *)to + done, 0xff, here);
	}
	return true;
}

bool guest_write(const struct guest_paging *g, uint64_t linear, const void *from, unsigned bytes,
                 struct guest_fault *fault)
{
	if (!may_access(g, linear, bytes, true, fault))
		return false;
	for (unsigned done = 0, here; done < bytes; done += here) {
		struct walk w = walk(g, linear + done);
		void *at = nested_translate_to_write(g->nested, w.physical);
		here = in_page(linear + done, bytes - done);
		mark(&w, true);
		if (at != NULL)
			memcpy(at, (const char *)from + done, here);
	}
	return true;
}
