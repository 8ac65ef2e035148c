/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin of QEMU that lets a debugger see a guest's memory: `make debug` loads the plugin.
 *
 * QEMU answers a debugger with the memory at an address as the page tables of CR3 say. The tables
 * of a guest under nested paging have addresses of the guest, and QEMU reads the tables at these
 * addresses of the machine: so a debugger saw the memory of the VMM there, or none. Here each
 * address of a guest goes through the nested tables too.
 *
 * Rule: the plugin only reads, and only where a debugger asks. The machine runs as without it.
 */
#include "qemu/osdep.h"

#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/core/sysemu-cpu-ops.h"

#include "qemu/qemu-plugin.h"

#include "emulators/qemu/version_check.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { NOWHERE = -1 };
/* Bits of an entry, and the address in an entry of eight bytes (APM 2 section 5.4). */
enum { PRESENT = 1, LARGE = 0x80 };
#define ADDRESS UINT64_C(0x000ffffffffff000)

static struct {
	struct SysemuCPUOps ops; /* QEMU's own, with our walk */
	hwaddr (*own_walk)(CPUState *cpu, vaddr address, MemTxAttrs *attributes);
} view;

/* One kind of page tables: how many levels, the bytes of an entry, and the bits of the address that
 * a level takes. root_bits: of the highest level. */
struct tables {
	unsigned levels, entry_bytes, bits, root_bits;
	bool large_pages; /* entries of the second lowest level may map a page */
};

static const struct tables WIDE = { 4, 8, 9, 9, true }, WIDEST = { 5, 8, 9, 9, true },
			   PAE = { 3, 8, 9, 2, true };

/* Where an address of the tables lies in the machine. */
typedef hwaddr place_fn(const CPUX86State *env, hwaddr address);

static uint64_t read_entry(hwaddr at, unsigned bytes)
{
	uint64_t entry = 0;

	address_space_read(&address_space_memory, at, MEMTXATTRS_UNSPECIFIED, &entry, bytes);
	return le64_to_cpu(entry);
}

/* Returns what the tables at root make of an address, or NOWHERE. place: for the tables themselves
 * and not for the result. */
static hwaddr walk(const CPUX86State *env, const struct tables *t, hwaddr root, uint64_t address,
                   place_fn *place)
{
	hwaddr table = root;

	for (unsigned level = t->levels; level-- > 0;) {
		unsigned shift = 12 + level * t->bits;
		unsigned bits = level == t->levels - 1 ? t->root_bits : t->bits;
		uint64_t index = address >> shift & ((1U << bits) - 1), entry;
		hwaddr at = place(env, table + index * t->entry_bytes);

		if (at == (hwaddr)NOWHERE)
			return NOWHERE;
		entry = read_entry(at, t->entry_bytes);
		if (!(entry & PRESENT))
			return NOWHERE;
		table = entry & ADDRESS;
		if (level == 0 || (level <= 2 && t->large_pages && (entry & LARGE))) {
			uint64_t inside = (UINT64_C(1) << shift) - 1;
			return (table & ~inside) | (address & inside);
		}
	}
	return NOWHERE;
}

static hwaddr of_machine(const CPUX86State *env, hwaddr address)
{
	return address;
}

/* The nested tables have the mode of the VMM: long mode (APM 2 section 15.25.3). */
static hwaddr of_guest(const CPUX86State *env, hwaddr address)
{
	return walk(env, &WIDE, env->nested_cr3, address, of_machine);
}

/* Returns the guest's physical address of a linear address, or NOWHERE. */
static hwaddr linear(const CPUX86State *env, uint64_t address)
{
	/* Entries of 32 bits have pages of 4 MiB where CR4.PSE is set. */
	struct tables narrow = { 2, 4, 10, 10, env->cr[4] & CR4_PSE_MASK };
	hwaddr root = env->cr[3];

	if (!(env->cr[0] & CR0_PG_MASK))
		return (uint32_t)address;
	if (env->hflags & HF_LMA_MASK)
		return walk(env, env->cr[4] & CR4_LA57_MASK ? &WIDEST : &WIDE, root & ADDRESS,
		            address, of_guest);
	address = (uint32_t)address;
	if (env->cr[4] & CR4_PAE_MASK)
		return walk(env, &PAE, root & 0xffffffe0, address, of_guest);
	return walk(env, &narrow, root & 0xfffff000, address, of_guest);
}

static hwaddr walk_for_debugger(CPUState *cpu, vaddr address, MemTxAttrs *attributes)
{
	CPUX86State *env = &X86_CPU(cpu)->env;
	hwaddr guest;

	if (!(env->hflags & HF_GUEST_MASK) || !(env->hflags2 & HF2_NPT_MASK))
		return view.own_walk(cpu, address, attributes);
	*attributes = cpu_get_mem_attrs(env);
	guest = linear(env, address);
	guest = guest == (hwaddr)NOWHERE ? guest : of_guest(env, guest);
	return guest == (hwaddr)NOWHERE ? guest : guest & TARGET_PAGE_MASK;
}

static void on_processor(qemu_plugin_id_t id, unsigned number)
{
	CPUClass *class = CPU_GET_CLASS(first_cpu);

	if (class->sysemu_ops == &view.ops)
		return;
	view.ops = *class->sysemu_ops;
	view.own_walk = view.ops.get_phys_page_attrs_debug;
	view.ops.get_phys_page_attrs_debug = walk_for_debugger;
	class->sysemu_ops = &view.ops;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
	if (!plugin_is_for_this_qemu("guest_view", info->target_name))
		return 1;
	qemu_plugin_register_vcpu_init_cb(id, on_processor);
	return 0;
}
