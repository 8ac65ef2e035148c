/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware, done by the VMM, against everything that a guest has: each field of
 * the VMCS, each register, and each byte of the guest's RAM. What the manual does not name stays.
 *
 * Rule: see tests/unit/task_kit.h. A case writes down what it expects in the image of before, by
 * the manual and by hand, and then the whole images are compared.
 */
#include "tests/unit/task_kit.h"

#define FLAGS_OF_OLD (FLAGS_IF | 0x40000 | 0xcd7) /* AC, and all that arithmetic sets */
#define FLAGS_OF_NEW (0x200000 | 0x8d5 | 2)       /* ID, and some of arithmetic's */

/* All that a guest has. */
struct file {
	uint64_t vmcs[FIELDS];
	struct vcpu vcpu;
	uint64_t dr6, cr2;
	uint8_t ram[RAM];
};
static struct file want, have;

static void look(struct file *f)
{
	const bool were = nmis;

	nmis = false;
	for (unsigned i = 0; i < FIELDS; i++)
		f->vmcs[i] = vmcs_read((enum vmcs_field)i);
	memcpy(&f->vcpu, &vcpu, sizeof(vcpu));
	memset(&f->vcpu.change, 0, sizeof(f->vcpu.change)); /* the switch's own */
	f->dr6 = dr6;
	f->cr2 = cr2;
	memcpy(f->ram, ram, RAM);
	nmis = were;
}

/* Fields in which a pattern would be an event, a mode, or what stands behind a table. */
static bool has_meaning(unsigned field)
{
	return field == IDT_VECTORING || field == ENTRY_INTERRUPTION || field == GUEST_CR4 ||
	       field == GUEST_EFER || field == EXIT_QUALIFICATION || field == GUEST_ACTIVITY ||
	       field == GUEST_INTERRUPTIBILITY || field == ENTRY_CONTROLS;
}

/* Gives each field, register and byte of a TSS a value of its own. */
static void fill(void)
{
	struct tss32 *n = tss(NEW), *o = tss(OLD);

	nmis = false;
	for (unsigned i = 0; i < FIELDS; i += 2)
		if (vmcs_read((enum vmcs_field)i) == 0 && !has_meaning(i))
			vmcs_write((enum vmcs_field)i, 0x5a5a00000000 + i);
	memset(&ram[OLD], 0xa5, sizeof(*o));
	memset(&vcpu.regs, 0x3c, sizeof(vcpu.regs));
	for (unsigned i = 0; i < 8; i++) {
		(&vcpu.regs.rax)[i] = 0x11110000 + i;
		n->general[i] = i == 4 ? NEW_STACK : 0x22220000 + i;
	}
	vmcs_write(GUEST_RFLAGS, FLAGS_OF_OLD);
	vmcs_write(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	for (unsigned i = 0; i < SEGMENTS; i++)
		vmcs_write(GUEST_ES_SELECTOR + 2 * i, i == CS ? CODE : DATA);
	n->eflags = FLAGS_OF_NEW;
	n->fs = n->gs = DATA;
	n->link = 0x7777;
	n->cr3 = TABLES;
	cr2 = 0x123456;
	vcpu.cr2 = 0x345678;
	vcpu.kernel_gs = 0x456789;
}

static void want_segment(unsigned segment, uint16_t selector, uint64_t base, uint64_t limit,
                         uint64_t rights)
{
	want.vmcs[GUEST_ES_SELECTOR + 2 * segment] = selector;
	want.vmcs[GUEST_ES_BASE + 2 * segment] = base;
	want.vmcs[GUEST_ES_LIMIT + 2 * segment] = limit;
	want.vmcs[GUEST_ES_ACCESS + 2 * segment] = rights;
}

/* The old task's registers in its TSS: EIP to GS. */
static void want_old(uint32_t eip, uint32_t eflags)
{
	struct tss32 *o = (struct tss32 *)&want.ram[OLD];

	o->eip = eip;
	o->eflags = eflags;
	for (unsigned i = 0; i < 8; i++)
		o->general[i] = i == 4 ? 0x7000 : 0x11110000 + i;
	o->es = o->ss = o->ds = o->fs = o->gs = DATA;
	o->cs = CODE;
}

/* What each switch to NEW has in common. */
static void want_new(uint64_t rflags)
{
	for (unsigned i = 0; i < 8; i++)
		(&want.vcpu.regs.rax)[i] = i == 4 ? NEW_STACK : 0x22220000 + i;
	want.vmcs[GUEST_RSP] = NEW_STACK;
	want.vmcs[GUEST_RIP] = NEW_EIP;
	want.vmcs[GUEST_RFLAGS] = rflags;
	for (unsigned i = 0; i < SEGMENTS; i++)
		want_segment(i, i == CS ? CODE : DATA, 0, UINT32_MAX, i == CS ? 0xc09b : 0xc093);
	want_segment(LDTR, LDT, 0x3000, 0xff, 0x82);
	want_segment(TR, TSS_NEW, NEW, 103, 0x8b);
	want.vmcs[GUEST_CR0] |= CR0_TS;
	want.vmcs[CR0_SHADOW] |= CR0_TS;
	want.vmcs[GUEST_DR7] = 0x4aa;
	want.vmcs[GUEST_PENDING_DEBUG] = 0;
	want.ram[GDT + TSS_NEW + 5] = 0x8b;
}

/* The exit's own data, and the flag for the entry. */
static void want_exit(enum source source)
{
	want.vmcs[EXIT_QUALIFICATION] = (uint64_t)source << 30 | TSS_NEW;
	want.vcpu.entry_is_slow = true;
	want.vmcs[ENTRY_INTERRUPTION] = 0;
}

static void play(enum source source)
{
	assert_int_equal(switches(source, TSS_NEW), 0);
	look(&have);
	for (unsigned i = 0; i < FIELDS; i++)
		if (have.vmcs[i] != want.vmcs[i])
			fail_msg("field %04x is %lx, not %lx", i, have.vmcs[i], want.vmcs[i]);
	for (unsigned i = 0; i < RAM; i++)
		if (have.ram[i] != want.ram[i])
			fail_msg("byte %x is %02x, not %02x", i, have.ram[i], want.ram[i]);
	assert_memory_equal(&have.vcpu.regs, &want.vcpu.regs, sizeof(have.vcpu.regs));
	assert_memory_equal(&have, &want, sizeof(have));
}

/* Fills, and looks; nmis is the group's again. */
static void start(bool with)
{
	fill();
	nmis = with;
	look(&want);
}

/* Rows: CALL, JMP, IRET, a gate with and without an error code. */
static void a_switch_changes_what_the_manual_says_and_nothing_else(void **state)
{
	static const enum source sources[] = { BY_CALL, BY_JMP, BY_IRET, BY_GATE };
	const bool with = nmis;

	for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const enum source source = sources[i];
		const bool nests = source == BY_CALL || source == BY_GATE;

		begin(state);
		if (source == BY_IRET) {
			set_rights(TSS_NEW, 0x8b);
			vmcs_write(GUEST_RFLAGS, FLAGS_NT);
		}
		if (source == BY_GATE)
			delivers(INTERRUPTION_EXTERNAL, 0x20);
		start(with);
		if (source == BY_IRET)
			vmcs_write(GUEST_RFLAGS, FLAGS_OF_OLD | FLAGS_NT);
		look(&want);
		want_exit(source);
		want_old(source == BY_GATE ? EIP : EIP + LENGTH, FLAGS_OF_OLD);
		want_new(FLAGS_OF_NEW | (nests ? FLAGS_NT : 0));
		if (nests)
			*(uint16_t *)&want.ram[NEW] = TSS_OLD;
		else
			want.ram[GDT + TSS_OLD + 5] = 0x89;
		want.vmcs[GUEST_INTERRUPTIBILITY] = source == BY_IRET ? 0 : INTERRUPTIBILITY_NMI;
		play(source);
	}
}

/* Both halves of a switch with paging: CR3, and the accessed and dirty bits of the tables. */
static void with_paging_cr3_and_the_tables_change_too(void **state)
{
	const bool with = nmis;
	uint32_t *table = (uint32_t *)&want.ram[TABLES + 0x1000];

	(void)state;
	paging();
	vmcs_write(GUEST_CR3, TABLES);
	vmcs_write(GUEST_CR4, 1); /* VME: no PAE */
	start(with);
	tss(NEW)->cr3 = TABLES | 0xfe7; /* reserved bits are ignored: PCD and PWT are taken */
	look(&want);
	want_exit(BY_CALL);
	want_old(EIP + LENGTH, FLAGS_OF_OLD);
	want_new(FLAGS_OF_NEW | FLAGS_NT);
	*(uint16_t *)&want.ram[NEW] = TSS_OLD;
	want.vmcs[GUEST_CR3] = TABLES;
	*(uint32_t *)&want.ram[TABLES] |= 0x20;
	table[GDT >> 12] |= 0x60;
	table[OLD >> 12] |= 0x60;
	play(BY_CALL);
}

/* A fault in the old task: nothing of the switch has happened. */
static void a_fault_before_changes_nothing_else(void **state)
{
	const bool with = nmis;
	uint32_t *table = (uint32_t *)&ram[TABLES + 0x1000];
	uint32_t *wanted = (uint32_t *)&want.ram[TABLES + 0x1000];

	(void)state;
	paging();
	start(with);
	table[OLD >> 12] = 0;
	look(&want);
	want_exit(BY_CALL);
	want.vmcs[ENTRY_INTERRUPTION] = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION |
	                                INTERRUPTION_ERROR | VECTOR_PF;
	want.vmcs[ENTRY_ERROR_CODE] = 2;
	want.vmcs[GUEST_RFLAGS] |= 1 << 16; /* RF, as each fault pushes */
	want.cr2 = OLD;
	*(uint32_t *)&want.ram[TABLES] |= 0x20;
	wanted[GDT >> 12] |= 0x20;
	/* the NEW TSS is on the page of OLD: its limit alone has been read, from the GDT */
	play(BY_CALL);
}

/* A fault in the new task, at its LDT: general registers, RIP and flags are the new task's, CS is
 * flat, no other segment is there. */
static void a_fault_behind_leaves_the_new_task(void **state)
{
	const bool with = nmis;

	(void)state;
	start(with);
	tss(NEW)->ldt = DATA;
	look(&want);
	want_exit(BY_JMP);
	want_old(EIP + LENGTH, FLAGS_OF_OLD);
	want_new(FLAGS_OF_NEW | 1 << 16);
	for (unsigned i = 0; i < SEGMENTS; i++)
		want_segment(i, i == CS ? CODE : DATA, 0, i == CS ? UINT32_MAX : 0,
		             i == CS ? 0xc09b : RIGHTS_UNUSABLE);
	look(&have);
	want_segment(LDTR, DATA, have.vmcs[GUEST_LDTR_BASE], have.vmcs[GUEST_LDTR_LIMIT],
	             RIGHTS_UNUSABLE);
	want.ram[GDT + TSS_OLD + 5] = 0x89;
	want.vmcs[ENTRY_INTERRUPTION] = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION |
	                                INTERRUPTION_ERROR | VECTOR_TS;
	want.vmcs[ENTRY_ERROR_CODE] = DATA;
	play(BY_JMP);
}

/* A single step over the switch adds its trap, and nothing else. */
static void a_step_adds_its_trap(void **state)
{
	const bool with = nmis;

	(void)state;
	start(with);
	vmcs_write(GUEST_RFLAGS, FLAGS_OF_OLD | FLAGS_TF);
	vcpu.state.uses_debug = true;
	look(&want);
	want_exit(BY_CALL);
	want_old(EIP + LENGTH, FLAGS_OF_OLD | FLAGS_TF);
	want_new(FLAGS_OF_NEW | FLAGS_NT);
	*(uint16_t *)&want.ram[NEW] = TSS_OLD;
	want.dr6 |= DR6_BS;
	want.vmcs[ENTRY_INTERRUPTION] = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DB;
	want.vmcs[ENTRY_ERROR_CODE] = 0;
	/* the debug registers are the guest's from here on */
	want.vcpu.lazy_state = true;
	want.vcpu.primary &= ~(uint32_t)CPU_MOV_DR_EXITING;
	want.vmcs[PRIMARY_CONTROLS] = want.vcpu.primary;
	play(BY_CALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(a_switch_changes_what_the_manual_says_and_nothing_else),
		CASE(with_paging_cr3_and_the_tables_change_too),
		CASE(a_fault_before_changes_nothing_else),
		CASE(a_fault_behind_leaves_the_new_task),
		CASE(a_step_adds_its_trap),
	};

	return PLAY("vmx_task_file", tests);
}
