/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any exit of VMX, of a guest in any mode, with any registers, tables and memory: libFuzzer where
 * clang is, else random ones.
 *
 * Rule: the state before the exit is one that the processor accepts (audit.c). The back end and the
 * VMM's handlers are the real ones. Afterwards the processor must accept the state again; the exit
 * has changed only what its kind may change; RIP has moved by the instruction or not at all; the
 * VMM's own fields stand.
 */
#include "tests/unit/exits_kit.h"
#include "tests/unit/fuzz.h"
#include "tests/unit/vmx_exits_kit.h"

#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/mitigations.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/vmx/audit.h"
#include "arch/x86/virt/vmx/enter.h"
#include "arch/x86/virt/vmx/task.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EXITS_BACK_END(vmx)

static struct exits_input *exit_input;

/* ---- The guest before its exit ---- */

enum mode { REAL, V86, PROTECTED_16, PROTECTED_32, PAGED, PAE, COMPATIBLE, LONG, MODES };
static enum mode mode;
static unsigned cpl;

static uint64_t take(unsigned bytes)
{
	return exits_take(exit_input, bytes);
}

static void set_control_registers(void)
{
	const bool paged = mode >= PAGED, wide = mode >= COMPATIBLE;
	const uint64_t chosen = take(4) & (0xe | CR0_WP | 1 << 18);
	uint64_t cr0 = CR0_ET | CR0_NE | chosen | (mode != REAL ? CR0_PE : 0);
	uint64_t cr4 = take(4) & vmx_cr4_allowed() & ~(uint64_t)(CR4_PAE | CR4_PCIDE);
	uint64_t caches = take(1);

	if (paged)
		cr0 |= CR0_PG;
	if (mode == PAE || wide || (!paged && caches & 0x80))
		cr4 |= CR4_PAE;
	if (wide && caches & 0x40)
		cr4 |= CR4_PCIDE;
	vmcs_write(GUEST_CR0, cr0);
	caches = caches % 3 == 0 ? 0 : caches % 3 == 1 ? CR0_CD : CR0_CD | CR0_NW;
	vmcs_write(CR0_SHADOW, (cr0 & ~(uint64_t)(take(1) & 1 ? CR0_NE : 0)) | caches);
	vmx_set_exceptions(vmcs_read(CR0_SHADOW) & CR0_NE);
	vmcs_write(GUEST_CR4, cr4 | CR4_VMXE | CR4_MCE);
	vmcs_write(CR4_SHADOW, take(1) & 1 ? CR4_MCE : 0);
	uint64_t efer = take(2) & (EFER_SCE | EFER_NXE);
	efer |= wide ? EFER_LME | EFER_LMA : !paged && take(1) & 1 ? EFER_LME : 0;
	vmcs_write(GUEST_EFER, efer);
	vmcs_write(ENTRY_CONTROLS, vmcs_read(ENTRY_CONTROLS) | (wide ? ENTRY_IA32E : 0));
	vmcs_write(GUEST_CR3, take(2) % RAM & ~31ull);
}

static void set_segment(unsigned n, uint64_t selector, uint64_t base, uint64_t limit,
                        uint64_t access)
{
	vmcs_write(GUEST_ES_SELECTOR + 2 * n, selector);
	vmcs_write(GUEST_ES_BASE + 2 * n, base);
	vmcs_write(GUEST_ES_LIMIT + 2 * n, limit);
	vmcs_write(GUEST_ES_ACCESS + 2 * n, access);
}

static void set_segments(void)
{
	static const uint16_t code[MODES] = { 0x9b,   0xf3,   0x9b,   0xc09b,
		                              0xc09b, 0xc09b, 0xc09b, 0xa09b };
	const bool flat = mode != REAL && mode != V86;
	const uint64_t dpl = cpl << DPL_SHIFT;

	for (unsigned n = 0; n < SEGMENTS; n++) {
		const uint64_t selector = take(2) % (flat ? 0x80 : 0x800);
		if (!flat)
			set_segment(n, selector, selector << 4, 0xffff,
			            mode == V86 ? 0xf3
			            : n == CS   ? 0x9b
			                        : 0x93);
		else if (n == CS)
			set_segment(n, (selector & 0xfff8) | cpl, 0, UINT32_MAX, code[mode] | dpl);
		else if (n == SS)
			set_segment(n, (selector & 0xfff8) | cpl, 0, UINT32_MAX, 0xc093 | dpl);
		else
			set_segment(n, selector, 0, UINT32_MAX,
			            take(1) & 1 ? 0xc0f3 : RIGHTS_UNUSABLE);
	}
	if (mode == PROTECTED_16)
		vmcs_write(GUEST_CS_LIMIT, 0xffff);
	set_segment(LDTR, 0x28, take(2) * 8 % RAM, take(1), take(1) & 1 ? 0x82 : RIGHTS_UNUSABLE);
	set_segment(TR, take(2) & 0xfff8, take(2) * 8 % RAM, take(1),
	            mode < PROTECTED_32 ? 0x83 : 0x8b);
	vmcs_write(GUEST_GDTR_BASE, take(2) * 8 % RAM);
	vmcs_write(GUEST_GDTR_LIMIT, take(2));
	vmcs_write(GUEST_IDTR_BASE, take(2) * 8 % RAM);
	vmcs_write(GUEST_IDTR_LIMIT, take(2));
}

/* Flags, shadows and what is pending (SDM 3C 26.3.1.4 and 26.3.1.5). */
static void set_interruptibility(bool instruction)
{
	const unsigned shadow = (unsigned)take(1);
	uint64_t flags = (take(4) & 0x257fd5 & ~(uint64_t)(1 << 3 | 1 << 5)) | 2;
	uint64_t blocked = (shadow >> 4 & 1) * INTERRUPTIBILITY_NMI;

	if (mode == V86)
		flags |= RFLAGS_VM;
	else
		flags &= ~(uint64_t)RFLAGS_VM;
	if (shadow % 4 == 1 && flags & RFLAGS_IF)
		blocked |= INTERRUPTIBILITY_STI;
	if (shadow % 4 == 2)
		blocked |= INTERRUPTIBILITY_MOV_SS;
	const bool sleeps = !instruction && shadow % 4 == 3 && cpl == 0;
	vmcs_write(GUEST_RFLAGS, flags);
	vmcs_write(GUEST_INTERRUPTIBILITY, blocked);
	vmcs_write(GUEST_ACTIVITY, sleeps ? ACTIVITY_HLT : ACTIVITY_ACTIVE);
	uint64_t pending = take(1) & 31;
	pending = pending < 16 ? pending | 1 << 12 : 0;
	if (sleeps || blocked & (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS))
		pending |= flags & RFLAGS_TF ? PENDING_BS : 0;
	vmcs_write(GUEST_PENDING_DEBUG, pending);
	vmcs_write(GUEST_DR7, (take(4) & ~0xdc00ull) | 0x400);
	dr6 = 0xffff0ff0 | (take(2) & 0xe00f);
	vcpu->state.uses_debug = take(1) & 1;
}

static void set_code(void)
{
	static const uint8_t stores[][8] = {
		{ 0x89, 0x07 },
		{ 0xf3, 0xaa },
		{ 0xf3, 0x48, 0xab },
		{ 0xc6, 0x07, 5 },
		{ 0x48, 0x01, 0x07 },
		{ 0xa3, 0x00, 0x90 },
		{ 0xf3, 0xa4 },
		{ 0xf0, 0xff, 0x00 },
		{ 0x0f, 0xb1, 0x07 },
		{ 0x66, 0xa5 },
		{ 0x6c },
		{ 0xf3, 0x6f },
	};
	const uint64_t values[] = { 0x1ff8, 0x2000, 0xfffe, UINT32_MAX, UINT32_MAX - 1, 0x20ff };
	uint64_t rip = exits_pick(exit_input, values, sizeof(values) / sizeof(values[0]));

	if (mode == LONG)
		rip = (uint64_t)((int64_t)(rip << 16) >> 16);
	else
		rip = (uint32_t)rip;
	vmcs_write(GUEST_RIP, rip);
	vmcs_write(GUEST_RSP, exits_pick(exit_input, values, sizeof(values) / sizeof(values[0])));
	const uint64_t at = (vmcs_read(GUEST_ES_BASE + 2 * CS) + rip) % (RAM - 8);
	const unsigned changed = (unsigned)take(1);
	memcpy(ram + at, stores[take(1) % (sizeof(stores) / sizeof(stores[0]))], 8);
	if (changed < 0x80)
		ram[at + changed % 3] = (uint8_t)take(1);
}

/* ---- Tasks: a GDT with all kinds, two TSSs, and page tables that map RAM to itself ---- */

enum { GDT = 0x1000, DESCRIPTORS = 16, TSS_OLD = 0x4000, TSS_NEW = 0x4100, TABLES = 0xc000 };

static void set_descriptor(unsigned n)
{
	static const uint8_t rights[] = { 0x9b, 0x93, 0x89, 0x81, 0x8b, 0x83, 0x82, 0xfb,
		                          0xf3, 0x9f, 0x92, 0x97, 0x13, 0x09, 0x99, 0xf2 };
	const uint64_t value = rights[(n + take(1) % 3) % DESCRIPTORS];
	const bool is_system = !(value & 0x10);
	const uint64_t base = is_system ? TSS_NEW + (take(1) & 3) * 8 : 0;
	const uint64_t high = is_system ? 0 : 0xcf;

	exits_set_u64(ram + GDT + 8 * n, high << 48 | value << 40 | base << 16 |
	                                         (is_system ? 0x60 + (take(1) & 0x1f) : 0xffff));
}

static void set_task(unsigned at)
{
	struct tss32 t = { .cr3 = TABLES, .eip = (uint32_t)take(2), .eflags = (uint32_t)take(3) };

	for (unsigned i = 0; i < 8; i++)
		t.general[i] = (uint32_t)take(2);
	for (unsigned i = 0; i < SEGMENTS; i++)
		(&t.es)[i] = take(1) & 0x7b;
	t.ldt = take(1) & 1 ? 6 * 8 : 0;
	t.trap = take(1) & 1;
	memcpy(ram + at, &t, sizeof(t));
}

static void set_tasks(void)
{
	for (unsigned n = 1; n < DESCRIPTORS; n++)
		set_descriptor(n);
	set_task(TSS_OLD);
	set_task(TSS_NEW);
	vmcs_write(GUEST_GDTR_BASE, GDT);
	vmcs_write(GUEST_GDTR_LIMIT, 8 * DESCRIPTORS - 1);
	vmcs_write(GUEST_TR_BASE, TSS_OLD);
	vmcs_write(GUEST_TR_LIMIT, take(1) < 0xf0 ? sizeof(struct tss32) - 1 : take(1) & 0x7f);
	vmcs_write(GUEST_CR3, TABLES);
	if (mode == PAGED)
		vmcs_write(GUEST_CR4, vmcs_read(GUEST_CR4) | 1 << 4);
	exits_set_u64(ram + TABLES, mode == PAGED ? 0x87 : (TABLES + PAGE) | 1);
	exits_set_u64(ram + TABLES + PAGE, 0x87);
}

static void begin(void)
{
	static unsigned kept; /* frames that live as long as the program */

	if (kept == 0) {
		guest_registers_init(false);
		vcpu = vmx_create("vandal");
		exits_require(vcpu != NULL && msr_bitmap_create() != 0, "there is memory");
		kept = frames_used;
	}
	frames_used = kept;
	memset(nested_absent_entry, 0, sizeof(uint64_t) * NESTED_LEVELS);
	memset(fields, 0, sizeof(fields));
	memset(ram, 0, sizeof(ram));
	vmx_loaded = NULL;
	memset(vcpu->io_bitmap, 0xff, 2 * PAGE);
	vcpu->ept = ept_create();
	vmx_reset(vcpu, 0, 0, 0);
	/* RAM with a page that cannot be written, a device, and absent memory */
	exits_require(
		vmx_map(vcpu, 0, (uint64_t)ram, RAM, true, true) == 0 &&
			vmx_map(vcpu, 3 * PAGE, (uint64_t)ram + 3 * PAGE, PAGE, false, true) == 0 &&
			vmx_absent(vcpu) == 0 && vmx_forbid(vcpu, 9 * PAGE, PAGE) == 0,
		"there is memory");
}

/* ---- The exit ---- */

/* The event that the exit interrupted (SDM 3C 24.9.3), if any. */
static void set_vectoring(bool always)
{
	static const uint8_t vectors[] = { 0, 6, 8, 10, 11, 12, 13, 14, 17 };
	const unsigned kind = (unsigned)take(1);
	uint64_t event = INTERRUPTION_VALID, flags = vmcs_read(GUEST_RFLAGS);
	uint64_t blocked = vmcs_read(GUEST_INTERRUPTIBILITY);

	if (!always && kind & 0x40)
		return;
	vmcs_write(GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	blocked &= ~(uint64_t)(INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS);
	switch (kind % 5) {
	case 0:
		event |= INTERRUPTION_EXTERNAL | (take(1) & 0xff);
		flags |= RFLAGS_IF;
		break;
	case 1:
		event |= INTERRUPTION_NMI | 2;
		blocked |= INTERRUPTIBILITY_NMI;
		break;
	case 2: {
		const unsigned vector = vectors[take(1) % sizeof(vectors)];
		const bool error = vector != 0 && vector != 6 && mode != REAL;
		event |= INTERRUPTION_EXCEPTION | vector | (error ? INTERRUPTION_ERROR : 0);
		vmcs_write(IDT_VECTORING_ERROR, error ? take(2) : 0);
		break;
	}
	case 3:
		event |= INTERRUPTION_SOFT_INT | (take(1) & 0xff);
		break;
	default:
		event |= INTERRUPTION_SOFT_EXCEPTION | (take(1) & 1 ? 3 : 4);
	}
	vmcs_write(GUEST_RFLAGS, flags);
	vmcs_write(GUEST_INTERRUPTIBILITY, blocked);
	vmcs_write(GUEST_PENDING_DEBUG, 0);
	vmcs_write(IDT_VECTORING, event | (take(1) & 1) << 12);
}

/* #DB, #AC and, with NE clear, #MF (vcpu.c). A machine check ends the VMM, and is no input. */
static void set_exception(void)
{
	const unsigned kind = (unsigned)take(1) % 4;
	const bool ne = vmcs_read(CR0_SHADOW) & CR0_NE;
	uint64_t info = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION;

	vmcs_write(GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	if (kind == 0 || (kind == 3 && ne)) {
		info = INTERRUPTION_VALID | INTERRUPTION_NMI | 2;
	} else if (kind == 1) {
		info |= VECTOR_DB;
		vmcs_write(EXIT_QUALIFICATION, take(2) & 0xe00f);
	} else if (kind == 2 && mode != REAL) {
		info |= VECTOR_AC | INTERRUPTION_ERROR;
	} else {
		info |= ne ? VECTOR_DB : VECTOR_MF;
	}
	vmcs_write(EXIT_INTERRUPTION, info | (take(1) & 1) << 12);
}

static uint64_t qualification(unsigned reason)
{
	static const uint64_t crs[] = { 0x000, 0x310,   0x004, 0x304, 0x008, 0x018, 0x020,
		                        0x030, 0x50030, 0x118, 0x400, 0x404, 0x418 };
	static const uint64_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x43,  0x60,  0x61,
		                          0x64, 0x70, 0x71, 0x80, 0xf0,  0xcf9, 0x300, 0x3f5 };
	static const uint8_t sizes[] = { 0, 1, 3 };

	switch (reason) {
	case REASON_TASK_SWITCH: /* source and selector */
		return take(1) % 4 << 30 | (take(1) & 0x7f & (take(1) & 15 ? ~7ull : ~0ull));
	case 28:
		return exits_pick(exit_input, crs, sizeof(crs) / sizeof(crs[0])) & 0xffff0f3f;
	case 30:
		return exits_pick(exit_input, ports, sizeof(ports) / sizeof(ports[0])) << 16 |
		       (take(1) & 0x38) | sizes[take(1) % 3];
	default:
		return take(2);
	}
}

/* Instructions of newer processors that exit whatever the controls say: SEAMCALL, TDCALL, the two
 * accesses to MSRs with the register's number in the instruction (85), and those to come. */
static bool is_newer(unsigned reason)
{
	return reason >= 76;
}

/* SDM 3D appendix C: which exits are instructions', and where an event can be under way. */
static bool is_instruction(unsigned reason)
{
	return is_newer(reason) || (reason >= 10 && reason <= 32) || reason == 36 ||
	       (reason >= 39 && reason <= 40) || reason == 50 || (reason >= 53 && reason <= 55) ||
	       reason == 59;
}

static unsigned exit_reason_of_input(void)
{
	enum { REASONS = 90 };
	static const uint8_t often[] = { 0,  9,  9,  10, 12, 18, 28, 28, 29, 30,
		                         30, 31, 32, 48, 48, 49, 54, 55, 7,  8 };
	const unsigned n = (unsigned)take(1);

	return n < 200 ? often[n % sizeof(often)] : (unsigned)take(1) % REASONS;
}

/* Only these modes have hardware tasks: a task switch in another does not exit. */
static enum mode mode_of(unsigned reason)
{
	const unsigned n = (unsigned)take(1);

	return reason == REASON_TASK_SWITCH ? (enum mode)(PROTECTED_16 + n % 4)
	                                    : (enum mode)(n % MODES);
}

static void set_exit(unsigned reason)
{
	static const uint64_t addresses[] = { 0x3000, 0x9000, 0x20000, 0xfee00000, 0x1ffff0 };

	vmcs_write(EXIT_REASON, reason);
	vmcs_write(EXIT_INSTRUCTION_LENGTH, 1 + take(1) % LENGTH_MOST);
	vmcs_write(EXIT_QUALIFICATION, qualification(reason));
	vmcs_write(GUEST_PHYSICAL_ADDRESS,
	           exits_pick(exit_input, addresses, 5) & ((1ull << 46) - 1));
	vmcs_write(EXIT_INSTRUCTION_INFO, take(1) % 3 << 7 | take(1) % 6 << 15);
	if (reason == 0)
		set_exception();
	if (reason == 48 || reason == 49)
		set_vectoring(false);
	if (reason == REASON_TASK_SWITCH && vmcs_read(EXIT_QUALIFICATION) >> 30 == BY_GATE)
		set_vectoring(true);
}

/* ---- What must hold ---- */

static void require_rules(const char *when)
{
	const struct vmx_rule *r;

	if (!vmx_rule(0)->holds())
		exits_require(false, "the rules can be asked");
	vmx_wrap_rip(); /* what an entry that is refused does */
	for (unsigned row = 0; (r = vmx_rule(row)) != NULL; row++) {
		if (r->holds())
			continue;
		fprintf(stderr, "%s: %s (SDM 3C 26.%s): field %x = %lx\n", when, r->rule,
		        r->section, (unsigned)r->field, vmcs_read(r->field));
		abort();
	}
}

/* The fields that no exit changes belong to the VMM, or to the guest alone. */
static bool may_change(enum vmcs_field field, enum vm_exit_reason reason)
{
	const bool task = reason == VM_EXIT_TASK_SWITCH, cr = reason == VM_EXIT_CR;

	switch ((unsigned)field) {
	case GUEST_RIP: /* required below */
	case GUEST_RFLAGS:
	case GUEST_INTERRUPTIBILITY:
	case GUEST_PENDING_DEBUG:
	case GUEST_DR7:
	case ENTRY_INTERRUPTION:
	case ENTRY_ERROR_CODE:
	case ENTRY_INSTRUCTION_LENGTH:
	case PRIMARY_CONTROLS: /* required below */
		return true;
	case GUEST_CR0:
	case CR0_SHADOW:
		return cr || task;
	case GUEST_EFER:
		return cr || reason == VM_EXIT_MSR_WRITE;
	case CR4_SHADOW:
	case EXCEPTION_BITMAP:
	case ENTRY_CONTROLS:
		return cr;
	case GUEST_PDPTE0:
	case GUEST_PDPTE0 + 2:
	case GUEST_PDPTE0 + 4:
	case GUEST_PDPTE0 + 6:
		return cr || task;
	case GUEST_RSP:
		return cr || task;
	case GUEST_CR3:
	case GUEST_ACTIVITY:
		return task;
	default:
		return task && ((field >= GUEST_ES_SELECTOR && field <= GUEST_TR_SELECTOR) ||
		                (field >= GUEST_ES_LIMIT && field <= GUEST_TR_LIMIT) ||
		                (field >= GUEST_ES_ACCESS && field <= GUEST_TR_ACCESS) ||
		                (field >= GUEST_ES_BASE && field <= GUEST_TR_BASE));
	}
}

static void require_fields(enum vm_exit_reason reason)
{
	const uint64_t asked = CPU_NMI_WINDOW | CPU_INTERRUPT_WINDOW | CPU_MOV_DR_EXITING;

	for (unsigned i = 0; i < FIELDS; i++)
		if (fields[i] != before[i] && !may_change(field_at(i), reason)) {
			fprintf(stderr, "exit %u changes field %x: %lx, %lx\n", reason,
			        (unsigned)field_at(i), before[i], fields[i]);
			abort();
		}
	exits_require(((vmcs_read(PRIMARY_CONTROLS) ^ was(PRIMARY_CONTROLS)) & ~asked) == 0,
	              "what exits is the VMM's choice");
	exits_require(
		((vmcs_read(ENTRY_CONTROLS) ^ was(ENTRY_CONTROLS)) & ~(uint64_t)ENTRY_IA32E) == 0,
		"an entry changes its mode alone");
	exits_require((vmcs_read(EXCEPTION_BITMAP) | 1u << VECTOR_MF) ==
	                      (was(EXCEPTION_BITMAP) | 1u << VECTOR_MF),
	              "the VMM's exceptions exit");
	exits_require((vmcs_read(GUEST_CR4) ^ was(GUEST_CR4)) == 0, "CR4 is the processor's work");
}

static void require_rip(enum vm_exit_reason reason)
{
	const uint64_t old = was(GUEST_RIP), now = vmcs_read(GUEST_RIP);
	const uint64_t length = vmcs_read(EXIT_INSTRUCTION_LENGTH);

	if (reason == VM_EXIT_TASK_SWITCH)
		return;
	if (reason == VM_EXIT_MEMORY)
		exits_require((mode == LONG ? now - old : (uint32_t)(now - old)) <= LENGTH_MOST,
		              "RIP moves by an instruction");
	else
		exits_require(now == old || now == old + length,
		              "RIP moves by the instruction's length, or not at all");
}

static void require_registers(enum vm_exit_reason reason, const struct vcpu_regs *old)
{
	const uint32_t may = exits_may_change(reason);

	for (unsigned i = 0; i < 16; i++)
		exits_require(may >> i & 1 || (&vcpu->regs.rax)[i] == (&old->rax)[i],
		              "an exit changes only the instruction's registers");
}

/* Port 60h is the VM's own, and opens after the byte of a command (port_filter.c). */
static void require_ports(void)
{
	uint8_t *keyboard = &vcpu->io_bitmap[0x60 / 8];

	*keyboard |= 1;
	exits_require(vcpu->io_bitmap[0] == 0xff &&
	                      memcmp(vcpu->io_bitmap, vcpu->io_bitmap + 1, 2 * PAGE - 1) == 0,
	              "no exit opens a port");
}

/* INS and OUTS: an INS writes, and both mark the guest's page tables. */
static bool is_string(void)
{
	enum { REASON_IO = 30, Q_STRING = 1 << 4 };
	return was(EXIT_REASON) == REASON_IO && was(EXIT_QUALIFICATION) & Q_STRING;
}

/* Returns true where the guest gets #UD at the next entry. */
static bool is_undefined(void)
{
	enum { VECTOR_UD = 6 };
	return (vmcs_read(ENTRY_INTERRUPTION) & 0xff) == VECTOR_UD;
}

/* Enters until the guest would run: a task switch has steps there. An entry with an NMI does no
 * step. The input ends, and with the input the NMIs. */
static bool enter_again(void)
{
	enum { ENTRIES = 64 };
	for (unsigned i = 0; i < ENTRIES; i += nmi_count == 0) {
		nmi_count = (unsigned)take(1) & 1;
		const enum vm_exit_reason reason = vmx_enter(vcpu);
		if (reason == VM_EXIT_SHUTDOWN && vcpu->change.step == 0 &&
		    vmcs_read(EXIT_REASON) != 2)
			return false; /* of a task that cannot be entered */
		if (reason != VM_EXIT_ABORTED)
			return true;
	}
	exits_require(false, "a task switch comes to its end");
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exits_input in = { data, size };
	static uint8_t ram_before[RAM];

	exit_input = &in;
	begin();
	exits_begin(vcpu, &in);
	const unsigned reason = exit_reason_of_input();
	mode = mode_of(reason);
	cpl = mode == REAL ? 0 : mode == V86 ? 3 : reason == 28 || reason == 29 ? 0 : take(1) & 3;
	set_control_registers();
	set_segments();
	set_interruptibility(is_instruction(reason));
	exits_registers(&in, &vcpu->regs);
	set_code();
	if (reason == REASON_TASK_SWITCH)
		set_tasks();
	set_exit(reason);
	exits_fill(&in, ram, RAM);
	xcr0_refused = take(1) & 1;
	require_rules("before the exit");
	memcpy(before, fields, sizeof(before));
	memcpy(ram_before, ram, RAM);
	const struct vcpu_regs regs = vcpu->regs;
	entry_ready = vcpu;
	nmi_count = 0;
	const enum vm_exit_reason translated = vmx_enter(vcpu);
	exits_require(!is_newer(reason) || translated == VM_EXIT_INSTRUCTION,
	              "an instruction's exit has a known reason");
	exits_handle(translated);
	if (exits_seen.stopped)
		return 0;
	exits_require(!is_newer(reason) || is_undefined(), "an instruction of others is #UD");
	if (translated == VM_EXIT_TASK_SWITCH && !enter_again())
		return 0;
	require_fields(translated);
	require_rip(translated);
	require_registers(translated, &regs);
	require_ports();
	exits_require(translated == VM_EXIT_TASK_SWITCH || is_string() ||
	                      memcmp(ram, ram_before, RAM) == 0,
	              "an exit writes no memory");
	require_rules("after the exit");
	return 0;
}

void tries(void)
{
	enum { TRIES = 12000 };

	exits_tries("vmx_exits", TRIES, LLVMFuzzerTestOneInput);
}
