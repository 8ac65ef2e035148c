/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory by its linear addresses. See the header for the rule.
 */
#include "arch/x86/virt/guest_memory.h"
#include "arch/x86/virt/nested_map.h"

#include <string.h>

#define CR0_WP (1ull << 16)
#define CR0_PG (1ull << 31)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define CR4_SMAP (1ull << 21)
#define EFER_LMA (1ull << 10)

/*
 * The walk of a mode (APM 2 5.2, 5.3). The table of each level takes `bits` of the address, the
 * first table from `shift` on. The address bits of an entry point to the next table or page. Bit 7
 * of an entry makes a large page at the levels in `large` (bit: the level's shift).
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
enum { FAULT_PRESENT = 1 << 0, FAULT_WRITE = 1 << 1, FAULT_USER = 1 << 2 };
#define ADDRESS_52 0x000ffffffffff000ull
#define ADDRESS_32 0xfffff000ull

static struct paging paging_of(const struct guest_paging *g)
{
	const uint64_t cr3 = g->cr3;

	if (g->efer & EFER_LMA)
		return (struct paging){ cr3 & ADDRESS_52,
			                g->cr4 & CR4_LA57 ? 48 : 39,
			                9,
			                8,
			                1ull << 30 | 1ull << 21,
			                ADDRESS_52 };
	if (g->cr4 & CR4_PAE) /* four pointers, 32-byte aligned */
		return (struct paging){
			cr3 & 0xffffffe0, PDPT_SHIFT, 9, 8, 1ull << 21, ADDRESS_52
		};
	return (struct paging){ cr3 & ADDRESS_32, 22, 10, 4, g->cr4 & CR4_PSE ? 1ull << 22 : 0,
		                ADDRESS_32 };
}

/* A large page of the two-level format keeps bits 39:32 of its address in bits 20:13 (APM 2
 * 5.2.2). */
static uint64_t large_page(const struct paging *p, uint64_t entry, unsigned shift)
{
	uint64_t high = p->entry_bytes == 4 ? (entry >> 13 & 0xff) << 32 : 0;

	return (entry & p->address & ~((1ull << shift) - 1)) | high;
}

/* The result of a walk: the physical address, and the permissions of the entries on the way. */
struct walk {
	uint64_t physical;    /* UINT64_MAX: not mapped */
	uint64_t allows;      /* PTE_WRITE, PTE_USER: set at each level */
	const void *entry[5]; /* entries for accessed and dirty bits */
	uint64_t where[5];    /* guest-physical addresses of the entries */
	unsigned entries;
};

/* The pointers of PAE paging have neither permissions nor an accessed bit (SDM 3A 4.4.1). */
static bool is_pointer(const struct paging *p, unsigned shift)
{
	return shift == PDPT_SHIFT && p->shift == PDPT_SHIFT;
}

static uint64_t load64(const void *at)
{
	uint64_t value;

	__builtin_memcpy(&value, at, sizeof(value)); /* one instruction */
	return value;
}

static uint32_t load32(const void *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

static struct walk walk(const struct guest_paging *g, uint64_t linear)
{
	struct walk w; /* of entry and where, `entries` elements are filled in */

	w.physical = linear;
	w.allows = PTE_WRITE;
	w.entries = 0;
	if (!(g->cr0 & CR0_PG))
		return w;
	const struct paging p = paging_of(g);
	uint64_t table = p.root;
	w.physical = UINT64_MAX;
	w.allows = PTE_WRITE | PTE_USER;
	for (unsigned shift = p.shift;; shift -= p.bits) {
		uint64_t index = linear >> shift & ((1ull << p.bits) - 1), entry;
		void *at = nested_translate(g->nested, table + index * p.entry_bytes);
		if (at == NULL)
			return w;
		entry = p.entry_bytes == 8 ? load64(at) : load32(at);
		if (!(entry & PTE_PRESENT))
			return w;
		if (!is_pointer(&p, shift)) {
			w.allows &= entry;
			w.entry[w.entries] = at;
			w.where[w.entries++] = table + index * p.entry_bytes;
		}
		table = entry & p.address;
		if (entry & PTE_LARGE && p.large >> shift & 1)
			w.physical = large_page(&p, entry, shift) |
			             (linear & ((1ull << shift) - 1));
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

/* Returns true when the entries deny the access. A supervisor may write read-only pages with WP
 * clear. SMAP keeps a supervisor from user pages unless AC allows the access. */
static bool denies(const struct guest_paging *g, const struct walk *w, bool write)
{
	bool read_only = write && !(w->allows & PTE_WRITE);

	if (g->user)
		return g->cr0 & CR0_PG && (read_only || !(w->allows & PTE_USER));
	return (read_only && g->cr0 & CR0_WP) ||
	       (w->allows & PTE_USER && g->cr4 & CR4_SMAP && !g->ignores_smap);
}

/* Checks an access and fills in the fault. The processor's own accesses are supervisor accesses,
 * and SMAP holds for them too (SDM 3A 4.6.1). */
static bool allows(const struct guest_paging *g, const struct walk *w, uint64_t linear, bool write,
                   struct guest_fault *fault)
{
	bool mapped = w->physical != UINT64_MAX;

	*fault = (struct guest_fault){ .address = linear,
		                       .error = (mapped ? FAULT_PRESENT : 0) |
		                                (write ? FAULT_WRITE : 0) |
		                                (g->user ? FAULT_USER : 0) };
	return mapped && !denies(g, w, write);
}

/* Sets accessed and dirty bits. Most entries already have their bits. Entries in memory that the
 * guest cannot write stay unchanged. */
static void mark(const struct guest_paging *g, const struct walk *w, bool write)
{
	for (unsigned i = 0; i < w->entries; i++) {
		uint8_t bits = PTE_ACCESSED | (write && i == w->entries - 1 ? PTE_DIRTY : 0);
		uint8_t *at = NULL;
		if ((*(const uint8_t *)w->entry[i] & bits) != bits)
			at = nested_translate_to_write(g->nested, w->where[i]);
		if (at != NULL)
			*at |= bits;
	}
}

/* Returns the bytes up to the end of the page, limited to `bytes`. */
static unsigned in_page(uint64_t linear, unsigned bytes)
{
	uint64_t here = PAGE_MASK + 1 - (linear & PAGE_MASK);

	return here < bytes ? (unsigned)here : bytes;
}

static const struct guest_page *find_page(struct guest_memory *m, uint64_t linear, bool write,
                                          struct guest_fault *fault)
{
	if (m->paging.narrow)
		linear = (uint32_t)linear;
	const uint64_t key = (linear & ~(uint64_t)PAGE_MASK) | 1 | (write ? 2 : 0);
	struct guest_page *p = &m->page[(linear >> PAGE_SHIFT << 1 | write) % GUEST_PAGES];

	if (p->key == key)
		return p;
	if (m->most != 0 && m->walks++ == m->most) {
		fault->later = true;
		return NULL;
	}
	const struct guest_paging *g = &m->paging;
	struct walk w = walk(g, linear);
	if (!allows(g, &w, linear, write, fault))
		return NULL;
	mark(g, &w, write);
	uint64_t page = w.physical & ~(uint64_t)PAGE_MASK;
	p->at = write ? nested_translate_to_write(g->nested, page)
	              : nested_translate(g->nested, page);
	p->key = key;
	return p;
}

static bool find_pages(struct guest_memory *m, uint64_t linear, unsigned bytes, bool write,
                       struct guest_fault *fault)
{
	for (unsigned done = 0; done < bytes; done += in_page(linear + done, bytes - done))
		if (find_page(m, linear + done, write, fault) == NULL)
			return false;
	return true;
}

bool guest_may_write(struct guest_memory *m, uint64_t linear, unsigned bytes,
                     struct guest_fault *fault)
{
	return find_pages(m, linear, bytes, true, fault);
}

/* Copies eight bytes at a time: an access has a few fields, or a task. */
static void move(uint8_t *to, const uint8_t *from, unsigned bytes)
{
	for (; bytes >= sizeof(uint64_t);
	     bytes -= sizeof(uint64_t), to += sizeof(uint64_t), from += sizeof(uint64_t))
		__builtin_memcpy(to, from, sizeof(uint64_t));
	for (; bytes != 0; bytes--)
		*to++ = *from++;
}

bool guest_read(struct guest_memory *m, uint64_t linear, void *to, unsigned bytes,
                struct guest_fault *fault)
{
	if (in_page(linear, bytes) < bytes && !find_pages(m, linear, bytes, false, fault))
		return false;
	for (unsigned done = 0, here; done < bytes; done += here) {
		const struct guest_page *p = find_page(m, linear + done, false, fault);
		if (p == NULL)
			return false;
		here = in_page(linear + done, bytes - done);
		if (p->at != NULL)
			move((uint8_t *)to + done, p->at + ((linear + done) & PAGE_MASK), here);
		else
			memset((char *)to + done, 0xff, here);
	}
	return true;
}

bool guest_write(struct guest_memory *m, uint64_t linear, const void *from, unsigned bytes,
                 struct guest_fault *fault)
{
	if (in_page(linear, bytes) < bytes && !find_pages(m, linear, bytes, true, fault))
		return false;
	for (unsigned done = 0, here; done < bytes; done += here) {
		const struct guest_page *p = find_page(m, linear + done, true, fault);
		if (p == NULL)
			return false;
		here = in_page(linear + done, bytes - done);
		if (p->at != NULL)
			move(p->at + ((linear + done) & PAGE_MASK), (const uint8_t *)from + done,
			     here);
	}
	return true;
}
