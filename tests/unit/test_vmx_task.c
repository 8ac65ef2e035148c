/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware, done by the VMM: what it checks, what it saves and loads, and
 * whose a fault is.
 *
 * Rule: see tests/unit/task_kit.h.
 */
#include "tests/unit/task_kit.h"

/* ---- Switches ---- */

static void a_call_nests(void **state)
{
	(void)state;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(rights_of(TSS_OLD), 0x8b);
	assert_int_equal(rights_of(TSS_NEW), 0x8b);
	assert_int_equal(tss(NEW)->link, TSS_OLD);
	assert_int_equal(vmcs_read(GUEST_RFLAGS), FLAGS_NT | 2);
	assert_int_equal(tss(OLD)->eflags, FLAGS_IF | 2);
	assert_int_equal(tss(OLD)->general[0], 0x12345678);
	assert_int_equal(tss(OLD)->general[4], 0x7000);
	assert_int_equal(tss(OLD)->cs, CODE);
	assert_int_equal(vmcs_read(GUEST_RSP), NEW_STACK);
	assert_int_equal(vcpu.regs.rax, 0);
	assert_int_equal(vmcs_read(GUEST_LDTR_SELECTOR), LDT);
	assert_int_equal(vmcs_read(GUEST_LDTR_BASE), 0x3000);
	assert_true(vmcs_read(GUEST_CR0) & CR0_TS);
	assert_int_equal(vmcs_read(GUEST_DR7), 0x4aa);
	assert_int_equal(vmcs_read(GUEST_ES_ACCESS + 2 * FS), RIGHTS_UNUSABLE); /* null */
}

/* Three of the 15 steps read neither the VMCS nor a new page: the busy bit, FS and GS. */
static void an_nmi_waits_for_one_step(void **state)
{
	(void)state;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(pieces, nmis ? PIECES : 1);
	begin(NULL);
	memcpy(&ram[ACROSS], &ram[NEW], sizeof(struct tss32));
	set_descriptor(TSS_NEW, system_descriptor(ACROSS, 103, 0x89));
	assert_int_equal(switches(BY_JMP, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(vmcs_read(GUEST_TR_BASE), ACROSS);
	assert_int_equal(pieces, nmis ? PIECES + 1 : 1); /* the TSS needs two walks */
}

/* On soft interrupts exit, and no NMI tells of an interrupt: the VMM looks after each step. */
static void where_interrupts_exit_a_step_comes_at_a_time(void **state)
{
	(void)state;
	vcpu.pin = PIN_INTERRUPT_EXITING;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(pieces, 15);
}

static void an_nmi_comes_before_the_first_step(void **state)
{
	(void)state;
	vmcs_write(EXIT_QUALIFICATION, (uint64_t)BY_CALL << 30 | TSS_NEW);
	task_begin(&vcpu);
	nmi_count = 1;
	assert_int_equal(task_go_on(&vcpu), -EINTR);
	assert_int_equal(vcpu.change.step, 1);
}

static void an_iret_goes_back(void **state)
{
	(void)state;
	set_rights(TSS_NEW, 0x8b);
	vmcs_write(GUEST_RFLAGS, FLAGS_NT | 2);
	vmcs_write(GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	assert_int_equal(switches(BY_IRET, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(rights_of(TSS_OLD), 0x89);
	assert_int_equal(rights_of(TSS_NEW), 0x8b);
	assert_int_equal(vmcs_read(GUEST_RFLAGS), 2);
	assert_int_equal(tss(OLD)->eflags, 2); /* NT is off in what is saved */
	assert_int_equal(vmcs_read(GUEST_INTERRUPTIBILITY), 0);
}

static void a_jump_leaves_no_way_back(void **state)
{
	(void)state;
	assert_int_equal(switches(BY_JMP, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(rights_of(TSS_OLD), 0x89);
	assert_int_equal(rights_of(TSS_NEW), 0x8b);
	assert_int_equal(tss(NEW)->link, 0);
	assert_int_equal(vmcs_read(GUEST_RFLAGS), 2);
}

static void a_gate_takes_an_event_along(void **state)
{
	(void)state;
	delivers(INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR, VECTOR_GP);
	vmcs_write(IDT_VECTORING_ERROR, 0x1234);
	assert_int_equal(switches(BY_GATE, TSS_NEW), 0);
	expect_switched(EIP); /* a fault: the instruction comes again */
	assert_int_equal(vmcs_read(GUEST_RSP), NEW_STACK - 4);
	assert_int_equal(*(uint32_t *)&ram[NEW_STACK - 4], 0x1234);
	assert_int_equal(tss(NEW)->link, TSS_OLD);
	begin(NULL);
	delivers(INTERRUPTION_SOFT_INT, 0x80);
	assert_int_equal(switches(BY_GATE, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(vmcs_read(GUEST_RSP), NEW_STACK);
	begin(NULL);
	vmcs_write(GUEST_ACTIVITY, ACTIVITY_HLT);
	delivers(INTERRUPTION_NMI, 2);
	assert_int_equal(switches(BY_GATE, TSS_NEW), 0);
	expect_switched(EIP);
	assert_int_equal(vmcs_read(GUEST_INTERRUPTIBILITY), INTERRUPTIBILITY_NMI);
	assert_int_equal(vmcs_read(GUEST_ACTIVITY), ACTIVITY_ACTIVE);
}

static void a_narrow_task_has_half_of_it(void **state)
{
	struct tss16 *narrow = (struct tss16 *)&ram[NARROW];

	(void)state;
	*narrow = (struct tss16){
		.ip = NEW_EIP, .flags = 2, .es = DATA, .cs = CODE, .ss = DATA, .ds = DATA
	};
	narrow->general[0] = 0xabcd;
	assert_int_equal(switches(BY_CALL, TSS_NARROW), 0);
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), 0);
	assert_int_equal(vmcs_read(GUEST_TR_ACCESS), 0x83);
	assert_int_equal(vcpu.regs.rax, 0xffffabcd);
	assert_int_equal(narrow->link, TSS_OLD);
	vmcs_write(GUEST_RIP, 0x500);
	assert_int_equal(switches(BY_IRET, TSS_OLD), 0);
	assert_int_equal(narrow->ip, 0x500 + LENGTH);
	assert_int_equal(vmcs_read(GUEST_RIP), EIP + LENGTH);
	assert_int_equal(vcpu.regs.rax, 0x12345678);
}

static void a_task_of_virtual_8086_mode(void **state)
{
	(void)state;
	tss(NEW)->eflags = FLAGS_VM | 2;
	tss(NEW)->cs = 0x1234;
	tss(NEW)->ldt = 0;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(vmcs_read(GUEST_ES_SELECTOR + 2 * CS), 0x1234);
	assert_int_equal(vmcs_read(GUEST_ES_BASE + 2 * CS), 0x12340);
	assert_int_equal(vmcs_read(GUEST_CS_ACCESS), 0xf3);
	assert_int_equal(vmcs_read(GUEST_SS_ACCESS), 0xf3);
	begin(NULL);
	tss(NEW)->eflags = FLAGS_VM | 2;
	tss(NEW)->ldt = DATA; /* a fault: an entry still wants the segments so */
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(VECTOR_TS, DATA);
	assert_int_equal(vmcs_read(GUEST_CS_ACCESS), 0xf3);
}

static void a_task_of_ring_3(void **state)
{
	(void)state;
	tss(NEW)->cs = USER_CODE;
	tss(NEW)->ss = tss(NEW)->ds = tss(NEW)->es = USER_DATA;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(vmcs_read(GUEST_SS_ACCESS) >> DPL_SHIFT & 3, 3);
	assert_int_equal(rights_of(USER_CODE), 0xfb); /* accessed */
	assert_int_equal(vmcs_read(GUEST_CS_ACCESS) & 0xff, 0xfb);
}

/* A gate's event is no instruction. Columns: source, T of the new task, EFLAGS, DR6. */
static void a_trap_comes_behind_the_switch(void **state)
{
	static const uint64_t rows[][4] = {
		{ BY_JMP, 1, 2, DR6_BT },
		{ BY_JMP, 0, FLAGS_TF | 2, DR6_BS },
		{ BY_CALL, 1, FLAGS_TF | 2, DR6_BS | DR6_BT },
		{ BY_GATE, 0, FLAGS_TF | 2, 0 },
	};
	const uint64_t event = INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | VECTOR_DB;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(state);
		vmcs_write(GUEST_RFLAGS, rows[i][2]);
		tss(NEW)->trap = (uint16_t)rows[i][1];
		assert_int_equal(switches((enum source)rows[i][0], TSS_NEW), 0);
		assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), rows[i][3] != 0 ? event : 0);
		assert_int_equal(dr6 & (DR6_BS | DR6_BT), rows[i][3]);
	}
}

/* ---- Faults ---- */

static void fault_before(enum source source, uint16_t selector, unsigned vector, uint32_t error)
{
	assert_int_equal(switches(source, selector), 0);
	expect_fault(vector, error);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_OLD);
	assert_int_equal(vmcs_read(GUEST_RIP), EIP);
	assert_int_equal(rights_of(TSS_OLD), 0x8b);
	assert_false(vmcs_read(GUEST_CR0) & CR0_TS);
	begin(NULL);
}

static void before_the_switch_a_fault_is_the_old_tasks(void **state)
{
	(void)state;
	fault_before(BY_CALL, 0, VECTOR_GP, 0);
	fault_before(BY_JMP, TSS_NEW | SELECTOR_TI, VECTOR_GP, TSS_NEW | SELECTOR_TI);
	fault_before(BY_CALL, LIMIT + 1, VECTOR_GP, LIMIT + 1);
	fault_before(BY_CALL, TSS_OLD, VECTOR_GP, TSS_OLD); /* busy */
	fault_before(BY_CALL, DATA, VECTOR_GP, DATA);
	fault_before(BY_IRET, TSS_NEW, VECTOR_TS, TSS_NEW); /* not busy */
	fault_before(BY_IRET, LIMIT + 1, VECTOR_TS, LIMIT + 1);
	set_rights(TSS_NEW, 0x09);
	fault_before(BY_CALL, TSS_NEW, VECTOR_NP, TSS_NEW);
	set_descriptor(TSS_NEW, system_descriptor(NEW, 102, 0x89));
	fault_before(BY_JMP, TSS_NEW, VECTOR_TS, TSS_NEW);
	vmcs_write(GUEST_TR_LIMIT, 0x5e);
	fault_before(BY_JMP, TSS_NEW, VECTOR_TS, TSS_OLD);
	delivers(INTERRUPTION_EXTERNAL, 0x20);
	set_rights(TSS_NEW, 0x09);
	fault_before(BY_GATE, TSS_NEW, VECTOR_NP, TSS_NEW | ERROR_EXT);
}

static void fault_behind(unsigned vector, uint32_t error)
{
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(vector, error);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_NEW);
	assert_int_equal(vmcs_read(GUEST_RIP), NEW_EIP);
	assert_int_equal(rights_of(TSS_NEW), 0x8b);
	assert_int_equal(vmcs_read(GUEST_CS_ACCESS) & 0x9f, 0x9b); /* an entry wants code */
	begin(NULL);
}

static void behind_the_switch_a_fault_is_the_new_tasks(void **state)
{
	(void)state;
	tss(NEW)->ldt = CODE;
	fault_behind(VECTOR_TS, CODE);
	tss(NEW)->cs = 0;
	fault_behind(VECTOR_TS, 0);
	tss(NEW)->cs = DATA;
	fault_behind(VECTOR_TS, DATA);
	tss(NEW)->cs = CODE | 3; /* DPL 0 */
	fault_behind(VECTOR_TS, CODE);
	set_rights(CODE, 0x1b);
	fault_behind(VECTOR_NP, CODE);
	tss(NEW)->ss = 0;
	fault_behind(VECTOR_TS, 0);
	tss(NEW)->ss = CODE;
	fault_behind(VECTOR_TS, CODE);
	tss(NEW)->ss = DATA | 3;
	fault_behind(VECTOR_TS, DATA);
	set_rights(DATA, 0x13);
	fault_behind(VECTOR_SS, DATA);
	tss(NEW)->ds = TSS_OLD;
	fault_behind(VECTOR_TS, TSS_OLD);
	tss(NEW)->gs = DATA | 3; /* DPL 0 */
	fault_behind(VECTOR_TS, DATA);
	tss(NEW)->fs = LIMIT + 1;
	fault_behind(VECTOR_TS, LIMIT + 1);
	set_descriptor(CODE, 0x00409b000000ffff); /* 64 KiB */
	tss(NEW)->eip = 0x10000;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(VECTOR_GP, 0);
}

static void an_error_code_that_has_no_room(void **state)
{
	(void)state;
	delivers(INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR, VECTOR_PF);
	set_descriptor(DATA, 0x004093000000ffff);
	tss(NEW)->general[4] = 0x20000;
	assert_int_equal(switches(BY_GATE, TSS_NEW), 0);
	expect_fault(VECTOR_DF, 0); /* #SS on the way of a page fault */
	begin(NULL);
	delivers(INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR, VECTOR_DF);
	set_rights(TSS_NEW, 0x09);
	assert_int_equal(switches(BY_GATE, TSS_NEW), -EFAULT); /* a triple fault */
}

/* ---- Paging ---- */

static void a_page_fault_is_one_of_the_guests(void **state)
{
	uint32_t *table = (uint32_t *)&ram[TABLES + 0x1000];

	(void)state;
	paging();
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(invalidated, 1);
	assert_int_equal(table[OLD >> 12] & 0x60, 0x60); /* accessed, dirty */
	begin(NULL);
	paging();
	table[OLD >> 12] = 0;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(VECTOR_PF, 2);
	assert_int_equal(cr2, OLD);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_OLD);
	begin(NULL);
	paging();
	table[GDT >> 12] &= ~2u;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(VECTOR_PF, 3); /* the busy bit */
	begin(NULL);
	paging();
	tss(NEW)->cr3 = 0x6000; /* nothing is mapped there */
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(VECTOR_PF, 0);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_NEW);
	assert_int_equal(vmcs_read(GUEST_CR3), 0x6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(a_call_nests),
		CASE(an_nmi_waits_for_one_step),
		CASE(where_interrupts_exit_a_step_comes_at_a_time),
		CASE(an_nmi_comes_before_the_first_step),
		CASE(an_iret_goes_back),
		CASE(a_jump_leaves_no_way_back),
		CASE(a_gate_takes_an_event_along),
		CASE(a_narrow_task_has_half_of_it),
		CASE(a_task_of_virtual_8086_mode),
		CASE(a_task_of_ring_3),
		CASE(a_trap_comes_behind_the_switch),
		CASE(before_the_switch_a_fault_is_the_old_tasks),
		CASE(behind_the_switch_a_fault_is_the_new_tasks),
		CASE(an_error_code_that_has_no_room),
		CASE(a_page_fault_is_one_of_the_guests),
	};

	return PLAY("vmx_task", tests);
}
