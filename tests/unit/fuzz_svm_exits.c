/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any exit of SVM, of a guest in any mode, with any registers, tables and memory: libFuzzer where
 * clang is, else random ones.
 *
 * Rule: the state before the exit is one that VMRUN accepts (audit.c). The back end and the VMM's
 * handlers are the real ones. Afterwards VMRUN must accept the state again; the exit has changed
 * only what its kind may change; RIP has moved by the instruction or not at all; the VMM's own
 * fields stand.
 */
#include "tests/unit/exits_kit.h"
#include "tests/unit/fuzz.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/audit.h"
#include "arch/x86/virt/svm/enter.h"
#include "arch/x86/virt/svm/svm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EXITS_BACK_END(svm)

enum { LOW = 1 << 16, LENGTH_MOST = 15, NE = 1 << 5, IOPM_BYTES = 3 * KIT_PAGE };
enum { RFLAGS_IF = 1 << 9, RFLAGS_VM = 1 << 17, VECTOR_DB = 1, VECTOR_MF = 16, VECTOR_AC = 17 };

struct svm_capabilities svm_caps;
const void *entry_ready;
bool guest_xcr0_unseen;
struct platform platform;

static _Alignas(KIT_PAGE) uint8_t iopm[IOPM_BYTES], msrpm[2 * KIT_PAGE];
static struct vmcb before;
static uint8_t ram_before[LOW];
static struct exits_input *exit_input;
static bool xcr0_refused;

/* ---- The processor ---- */

void msr_write(uint32_t msr, uint64_t value)
{
	(void)msr;
	(void)value;
}

/* Refuses some values, as processors do. */
int guarded_msr_write(uint32_t msr, uint64_t value)
{
	(void)msr;
	return value == UINT32_MAX ? -1 : 0;
}

/* A processor with everything, and 48 bits of address. */
struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	return (struct cpuid){ leaf == 0x80000008 ? 48
		               : leaf == 0        ? 0x1f
		                                  : UINT32_MAX,
		               UINT32_MAX, UINT32_MAX, UINT32_MAX };
}

unsigned svm_run(struct vcpu_regs *regs, struct vmcb *vmcb)
{
	exits_require(regs == &kit_vcpu.regs && vmcb == &kit_vmcb, "the guest's own are entered");
	return 0;
}

void slice_timer_arm(uint64_t ticks)
{
	(void)ticks;
}

uint64_t slice_timer_left(void)
{
	return 1;
}

bool slice_timer_ended(void)
{
	return exits_take(exit_input, 1) & 1;
}

void fpu_take_all(void)
{
}

int guest_state_create(struct guest_state *s)
{
	*s = (struct guest_state){ .xcr0 = 1 };
	return 0;
}

void guest_state_reset(struct guest_state *s)
{
	*s = (struct guest_state){ .xcr0 = 1 };
}

void guest_fpu_load(struct guest_state *s)
{
	exits_require(s == &kit_vcpu.state, "the registers are for the guest");
}

void guest_debug_use(struct guest_state *s)
{
	s->uses_debug = true;
}

void guest_debug_switch(struct guest_state *from, const struct guest_state *to)
{
	(void)from;
	(void)to;
}

int guest_set_xcr0(struct guest_state *s, uint32_t number, uint64_t value, struct denial *what)
{
	(void)s;
	*what = (struct denial){ "XSETBV %lx = %lx", { number, value } };
	return xcr0_refused ? -EPERM : 0;
}

/* ---- The guest before its exit ---- */

enum mode { REAL, V86, PROTECTED_16, PROTECTED_32, PAGED, PAE, COMPATIBLE, LONG, MODES };
static enum mode mode;

static uint64_t take(unsigned bytes)
{
	return exits_take(exit_input, bytes);
}

static void begin(void)
{
	kit_begin();
	kit_vmcb.iopm_base = (uint64_t)iopm;
	kit_vmcb.msrpm_base = (uint64_t)msrpm;
	kit_vmcb.nested_cr3 = (uint64_t)kit_vcpu.npt;
	kit_vmcb.asid = 1;
	kit_vcpu.io_bitmap = iopm;
	memset(iopm, 0xff, sizeof(iopm));
	virt_is_second = true;
	guest_registers_init(true);
	svm_loaded = NULL;
	svm_reset(&kit_vcpu, 0, 0, 0);
	/* RAM with a page that cannot be written, a device, and absent memory */
	exits_require(svm_map(&kit_vcpu, 3 * KIT_PAGE, (uint64_t)kit_ram(3 * KIT_PAGE), KIT_PAGE,
	                      false, true) == 0 &&
	                      svm_absent(&kit_vcpu) == 0 &&
	                      svm_forbid(&kit_vcpu, 9 * KIT_PAGE, KIT_PAGE) == 0,
	              "there is memory");
	kit_vmcb.tlb_control = TLB_CONTROL_NONE;
}

static void set_control_registers(void)
{
	enum { PE = 1, CHOSEN = 0xe | 1 << 16 | 1 << 18, ET = 1 << 4, PCIDE = 1 << 17 };
	const bool paged = mode >= PAGED, wide = mode >= COMPATIBLE;
	struct vmcb *c = &kit_vmcb;
	const unsigned caches = (unsigned)take(1);

	c->cr0 = ET | (take(4) & CHOSEN) | (mode != REAL ? PE : 0) | (paged ? KIT_PG : 0);
	c->cr0 |= caches % 3 == 0 ? 0 : caches % 3 == 1 ? 1 << 30 : 3 << 29;
	/* as the guest's own write would have set what exits (cr0.c) */
	const bool ne = caches & 0x80;
	c->cr0 |= NE;
	c->intercept_cr_read = (uint16_t)((c->intercept_cr_read & ~1) | !ne);
	c->intercept_cr_write = (uint16_t)((c->intercept_cr_write & ~1) | !ne);
	c->intercept_exceptions &= ~(1u << VECTOR_MF);
	c->intercept_exceptions |= ne ? 0 : 1u << VECTOR_MF;
	c->cr4 = take(4) & guest_cr4_allowed & ~(uint64_t)(KIT_PAE | PCIDE);
	if (mode == PAE || wide || (!paged && caches & 0x40))
		c->cr4 |= KIT_PAE;
	if (wide && caches & 0x20)
		c->cr4 |= PCIDE;
	c->efer = KIT_SVME | (take(2) & 0x801);
	c->efer |= wide ? KIT_LME | KIT_LMA : !paged && caches & 0x10 ? KIT_LME : 0;
	c->cr3 = take(2) * 32 % LOW;
}

static void set_segments(void)
{
	static const uint16_t code[MODES] = { 0x9b, 0xf3, 0x9b, 0xc9b, 0xc9b, 0xc9b, 0xc9b, 0xa9b };
	struct vmcb_segment *s = &kit_vmcb.es;

	for (unsigned n = 0; n < SEGMENTS; n++) {
		const uint16_t selector = (uint16_t)(take(2) % 0x800);
		const bool flat = mode != REAL && mode != V86;
		s[n].selector = selector;
		s[n].base = flat ? 0 : (uint32_t)selector << 4;
		s[n].limit = flat ? UINT32_MAX : 0xffff;
		s[n].attributes = n == SEGMENT_CS ? code[mode]
		                                  : (uint16_t)(0xc93 | (take(1) & 0x6c));
	}
	kit_vmcb.cpl = mode == REAL ? 0 : mode == V86 ? 3 : take(1) & 1 ? 0 : take(1) & 3;
}

static void set_flags(void)
{
	struct vmcb *c = &kit_vmcb;

	c->rflags = (take(4) & 0x257fd5 & ~(uint64_t)(1 << 3 | 1 << 5 | RFLAGS_VM)) | 2;
	c->rflags |= mode == V86 ? RFLAGS_VM : 0;
	c->interrupt_shadow = take(1) & 1;
	c->dr7 = (take(4) & 0xffff2fff) | 0x400;
	c->dr6 = 0xffff0ff0 | (take(2) & 0xe00f);
	kit_vcpu.state.uses_debug = take(1) & 1;
}

/* ---- The exit ---- */

struct kind {
	uint16_t code;
	uint8_t bytes[4], length;
};
static const struct kind kinds[] = {
	{ EXIT_CPUID, { 0x0f, 0xa2 }, 2 },
	{ EXIT_HLT, { 0xf4 }, 1 },
	{ EXIT_VMMCALL, { 0x0f, 0x01, 0xd9 }, 3 },
	{ EXIT_MSR, { 0x0f, 0x32 }, 2 },
	{ EXIT_MSR, { 0x0f, 0x30 }, 2 },
	{ EXIT_XSETBV, { 0x0f, 0x01, 0xd1 }, 3 },
	{ EXIT_CR_WRITE + 8, { 0xf0, 0x0f, 0x22, 0xc1 }, 4 },
	{ EXIT_CR_READ + 8, { 0xf0, 0x0f, 0x20, 0xc1 }, 4 },
	{ EXIT_CR_WRITE + 4, { 0x0f, 0x22, 0xe2 }, 3 },
	{ EXIT_CR_WRITE, { 0x0f, 0x22, 0xc1 }, 3 },
	{ EXIT_CR_WRITE, { 0x0f, 0x06 }, 2 },
	{ EXIT_CR_READ, { 0x0f, 0x20, 0xc4 }, 3 },
	{ EXIT_CR_READ, { 0x0f, 0x01, 0x26 }, 0 },
	{ EXIT_CR_READ, { 0x0f, 0x01, 0x67 }, 0 },
	{ EXIT_CR0_SELECTIVE, { 0x0f, 0x01, 0xf2 }, 3 },
	{ EXIT_CR0_SELECTIVE, { 0x0f, 0x22, 0xc6 }, 3 },
	{ EXIT_CR_WRITE, { 0x0f, 0x01, 0x37 }, 0 },
	{ EXIT_DR_READ + 6, { 0x0f, 0x21, 0xf0 }, 3 },
	{ EXIT_DR_WRITE + 7, { 0x0f, 0x23, 0xf8 }, 3 },
	{ EXIT_IOIO, { 0xec }, 1 },
	{ EXIT_IOIO, { 0xee }, 1 },
	{ EXIT_IOIO, { 0xf3, 0x6d }, 2 },
	{ EXIT_IOIO, { 0xf3, 0x65, 0x67, 0x6e }, 4 },
	{ EXIT_INVD, { 0x0f, 0x08 }, 2 },
	{ EXIT_WBINVD, { 0x0f, 0x09 }, 2 },
	{ EXIT_RDPMC, { 0x0f, 0x33 }, 2 },
	{ EXIT_MONITOR, { 0x0f, 0x01, 0xc8 }, 3 },
	{ EXIT_VMRUN, { 0x0f, 0x01, 0xd8 }, 3 },
	{ EXIT_IRET, { 0xcf }, 0 },
	{ EXIT_VINTR, { 0x90 }, 0 },
	{ EXIT_NMI, { 0x90 }, 0 },
	{ EXIT_INTR, { 0x90 }, 0 },
	{ EXIT_EXCEPTION + VECTOR_DB, { 0x90 }, 0 },
	{ EXIT_EXCEPTION + VECTOR_AC, { 0x90 }, 0 },
	{ EXIT_EXCEPTION + VECTOR_MF, { 0x9b }, 0 },
	{ EXIT_NPF, { 0x89, 0x07 }, 0 },
	{ EXIT_NPF, { 0xf3, 0xab }, 0 },
	{ EXIT_NPF, { 0x48, 0x01, 0x07 }, 0 },
	{ EXIT_NPF, { 0x0f, 0xb1, 0x07 }, 0 },
	{ EXIT_SHUTDOWN, { 0 }, 0 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The event that the exit interrupted, if any. */
static void set_interrupted_event(void)
{
	static const uint8_t vectors[] = { 0, 6, 8, 10, 11, 12, 13, 14, 17 };
	const unsigned which = (unsigned)take(1), vector = vectors[take(1) % sizeof(vectors)];
	uint64_t event = EVENT_VALID;

	switch (which % 6) {
	case 0:
		event |= EVENT_INTERRUPT | (take(1) & 0xff);
		break;
	case 1:
		event |= EVENT_NMI | 2;
		break;
	case 2:
		event |= EVENT_EXCEPTION | vector;
		event |= vector > 6 && mode != REAL ? EVENT_ERROR | take(2) << 32 : 0;
		break;
	case 3:
		event |= EVENT_SOFTWARE | (take(1) & 0xff);
		break;
	default:
		return;
	}
	kit_vmcb.exit_interruption = event;
}

static const struct kind *set_exit(void)
{
	static const uint64_t addresses[] = { 0x3000, 0x9000, 0x500000, 0xfee00000, 0x7ffff0 };
	static const uint64_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x43,  0x60,  0x61,
		                          0x64, 0x70, 0x71, 0x80, 0xf0,  0xcf9, 0x300, 0x3f5 };
	static const uint64_t places[] = { 0x1ff8, 0x1fff, 0xfff0, 0xfffffff0, UINT32_MAX, 0x2100 };
	const struct kind *k = &kinds[take(1) % KINDS];
	struct vmcb *c = &kit_vmcb;
	uint64_t rip = exits_pick(exit_input, places, sizeof(places) / sizeof(places[0]));

	c->rip = mode == LONG ? (uint64_t)((int64_t)(rip << 16) >> 16) : (uint32_t)rip;
	c->rsp = take(2);
	c->exit_code = k->code;
	c->exit_info_1 = take(1) & 1;
	c->exit_info_2 = exits_pick(exit_input, addresses, 5) & ((1ull << 48) - 1);
	c->next_rip = c->rip + k->length;
	if (k->code == EXIT_IOIO) {
		c->exit_info_1 = (exits_pick(exit_input, ports, 16) & 0xffff) << IOIO_PORT_SHIFT |
		                 (take(1) & 13) | 0x10u << take(1) % 3;
		c->exit_info_2 = c->next_rip;
	}
	if (k->code == EXIT_NPF) {
		c->exit_info_1 = (take(1) & 0x1f) | (take(1) & 3) << 32;
		set_interrupted_event();
	}
	if (k->code == EXIT_EXCEPTION + VECTOR_AC)
		c->exit_info_1 = 0;
	return k;
}

static void set_code(const struct kind *k)
{
	const uint64_t at = (kit_vmcb.cs.base + kit_vmcb.rip) % (LOW - LENGTH_MOST);
	const unsigned changed = (unsigned)take(1);

	memcpy(kit_ram(at), k->bytes, sizeof(k->bytes));
	if (changed < 0x40) /* the guest has written there since */
		*kit_ram(at + changed % 4) = (uint8_t)take(1);
}

/* ---- What must hold ---- */

static void require_rules(const char *when)
{
	const struct svm_rule *r;

	for (unsigned row = 0; (r = svm_rule(row)) != NULL; row++) {
		if (r->holds(&kit_vmcb))
			continue;
		fprintf(stderr, "%s: %s (APM 2 15.%s)\n", when, r->rule, r->section);
		abort();
	}
	exits_require(kit_vmcb.cr0 & NE, "NE is set on the processor");
}

/* INS and OUTS: an INS writes, and both mark the guest's page tables. */
static bool is_string(void)
{
	return before.exit_code == EXIT_IOIO && before.exit_info_1 & IOIO_STRING;
}

#define TAKE_OVER(to, member) memcpy(&(to)->member, &kit_vmcb.member, sizeof((to)->member))

/* The fields that no exit changes belong to the VMM, or to the guest alone. */
static void require_fields(enum vm_exit_reason reason)
{
	static struct vmcb expected;

	memcpy(&expected, &before, sizeof(expected));
	TAKE_OVER(&expected, rip); /* required below */
	TAKE_OVER(&expected, rflags);
	TAKE_OVER(&expected, interrupt_shadow);
	TAKE_OVER(&expected, event_injection);
	TAKE_OVER(&expected, dr6);
	TAKE_OVER(&expected, dr7);
	TAKE_OVER(&expected, tlb_control);
	expected.intercept_1 ^= (expected.intercept_1 ^ kit_vmcb.intercept_1) &
	                        (INTERCEPT_VINTR | INTERCEPT_IRET);
	if (reason == VM_EXIT_CR) {
		TAKE_OVER(&expected, cr0);
		TAKE_OVER(&expected, cr2);
		TAKE_OVER(&expected, cr4);
		TAKE_OVER(&expected, efer);
		TAKE_OVER(&expected, rsp);
		expected.intercept_cr_read ^= (expected.intercept_cr_read ^
		                               kit_vmcb.intercept_cr_read) &
		                              1;
		expected.intercept_cr_write ^= (expected.intercept_cr_write ^
		                                kit_vmcb.intercept_cr_write) &
		                               1;
		expected.intercept_exceptions ^= (expected.intercept_exceptions ^
		                                  kit_vmcb.intercept_exceptions) &
		                                 1u << VECTOR_MF;
	} else if (reason == VM_EXIT_MSR_WRITE) {
		TAKE_OVER(&expected, efer);
		TAKE_OVER(&expected, pat);
	} else if (is_string()) {
		TAKE_OVER(&expected, cr2); /* of the operand's page fault */
	} else if (reason == VM_EXIT_DR) {
		expected.intercept_dr_read = expected.intercept_dr_write = 0;
	} else if (reason == VM_EXIT_MEMORY || reason == VM_EXIT_WINDOW) {
		TAKE_OVER(&expected, virtual_interrupt);
		TAKE_OVER(&expected, virtual_vector);
	}
	exits_require(memcmp(&expected, &kit_vmcb, sizeof(expected)) == 0,
	              "an exit changes only what its kind may change");
	exits_require(kit_vmcb.tlb_control <= TLB_CONTROL_FLUSH_ALL, "a flush is none or all");
}

static void require_rip(const struct kind *k, enum vm_exit_reason reason)
{
	const uint64_t moved = kit_vmcb.rip - before.rip;
	const bool told = svm_caps.next_rip || k->code == EXIT_IOIO;

	if (told && k->length != 0 && reason != VM_EXIT_CR)
		exits_require(moved == 0 || moved == k->length,
		              "RIP moves by the instruction's length, or not at all");
	else
		exits_require((mode == LONG ? moved : (uint32_t)moved) <= LENGTH_MOST,
		              "RIP moves by an instruction, or not at all");
}

static void require_rest(enum vm_exit_reason reason, const struct vcpu_regs *old)
{
	const uint32_t may = exits_may_change(reason);

	for (unsigned i = 0; i < 16; i++)
		exits_require(may >> i & 1 || (&kit_vcpu.regs.rax)[i] == (&old->rax)[i],
		              "an exit changes only the instruction's registers");
	exits_require(reason == VM_EXIT_CR || is_string() ||
	                      memcmp(kit_ram(0), ram_before, LOW) == 0,
	              "an exit writes no memory");
	iopm[0x60 / 8] |= 1; /* the VM's own (port_filter.c) */
	exits_require(iopm[0] == 0xff && memcmp(iopm, iopm + 1, sizeof(iopm) - 1) == 0,
	              "no exit opens a port");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exits_input in = { data, size };
	static struct vcpu_regs regs;

	exit_input = &in;
	const unsigned caps = (unsigned)take(1);
	svm_caps = (struct svm_capabilities){ .asids = 16,
		                              .next_rip = caps & 1,
		                              .wrong_event = caps & 2,
		                              .lost_shadow = caps & 4,
		                              .doubled_event = caps & 8 };
	begin();
	exits_begin(&kit_vcpu, &in);
	mode = (enum mode)(take(1) % MODES);
	set_control_registers();
	set_segments();
	set_flags();
	exits_registers(&in, &kit_vcpu.regs);
	const struct kind *k = set_exit();
	set_code(k);
	exits_fill(&in, kit_ram(0), LOW);
	xcr0_refused = take(1) & 1;
	require_rules("before the exit");
	memcpy(ram_before, kit_ram(0), LOW);
	regs = kit_vcpu.regs;
	entry_ready = &kit_vcpu;
	nmi_count = 0;
	if (kit_vmcb.interrupt_shadow && svm_caps.lost_shadow)
		kit_vmcb.interrupt_shadow = 0; /* of an entry, and no exit */
	memcpy(&before, &kit_vmcb, sizeof(before));
	const enum vm_exit_reason reason = svm_enter(&kit_vcpu);
	exits_handle(reason);
	if (exits_seen.stopped)
		return 0;
	require_fields(reason);
	require_rip(k, reason);
	require_rest(reason, &regs);
	require_rules("after the exit");
	return 0;
}

void tries(void)
{
	enum { TRIES = 6000 };

	exits_tries("svm_exits", TRIES, LLVMFuzzerTestOneInput);
}
