/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware, done by the VMM: what it checks, what it saves and loads, and whose a
 * fault is.
 *
 * Rule: the back end's own task.c, retire.c and debug.c, with a VMCS and 64 KiB of RAM of the
 * test's; two tasks of 32 bits and one of 16 in its GDT, without paging. Each case is played twice:
 * in one go, and with an NMI at each step.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/vmx/task.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <string.h>

enum { FIELDS = HOST_RIP + 1, RAM = 1 << 16, CR0_PE = 1 << 0 };

static uint64_t vmcs_fields[FIELDS], dr6, cr2;
static unsigned invalidated;
static uint8_t ram[RAM];

static struct vcpu vcpu;
struct vcpu *vmx_loaded = &vcpu;
const void *entry_ready;
volatile uint32_t nmi_count;

/* An NMI comes whenever the switch reads the VMCS or the guest's memory. */
static bool nmis;

static void on_access(void)
{
	if (nmis)
		nmi_count = 1;
}

uint64_t vmcs_read(enum vmcs_field field)
{
	on_access();
	return vmcs_fields[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs_fields[field] = value;
}

uint64_t dr6_read(void)
{
	return dr6;
}

void dr6_write(uint64_t value)
{
	dr6 = value;
}

void cr2_write(uint64_t value)
{
	cr2 = value;
}

void guest_debug_use(struct guest_state *s)
{
	(void)s;
}

bool vmx_load_pointers(struct vcpu *v)
{
	(void)v;
	return true;
}

void ept_invalidate(const uint64_t *pml4)
{
	(void)pml4;
	invalidated++;
}

void *nested_translate(const uint64_t *pml4, uint64_t guest)
{
	(void)pml4;
	on_access();
	return guest < RAM ? &ram[guest] : NULL;
}

void *nested_translate_to_write(const uint64_t *pml4, uint64_t guest)
{
	return nested_translate(pml4, guest);
}

/* ---- The guest ---- */

enum {
	GDT = 0x1000,
	OLD = 0x2000,
	NEW = 0x2100,
	NARROW = 0x2200,
	ACROSS = 0x3fd0,
	TABLES = 0x8000
};
enum {
	CODE = 0x08,
	DATA = 0x10,
	TSS_OLD = 0x18,
	TSS_NEW = 0x20,
	TSS_NARROW = 0x28,
	LDT = 0x30,
	USER_CODE = 0x3b
};
enum {
	USER_DATA = 0x43,
	LIMIT = 0x47,
	EIP = 0x100,
	NEW_EIP = 0x400,
	LENGTH = 7,
	NEW_STACK = 0x5000
};
enum { FLAGS_IF = 1 << 9, PIECES = 12 };

static void set_descriptor(uint16_t selector, uint64_t raw)
{
	memcpy(&ram[GDT + (selector & 0xfff8)], &raw, sizeof(raw));
}

static uint8_t rights_of(uint16_t selector)
{
	return ram[GDT + (selector & 0xfff8) + 5];
}

static void set_rights(uint16_t selector, uint8_t rights)
{
	ram[GDT + (selector & 0xfff8) + 5] = rights;
}

static uint64_t system_descriptor(uint32_t base, uint32_t limit, uint8_t rights)
{
	return (uint64_t)rights << 40 | (uint64_t)base << 16 | limit;
}

static struct tss32 *tss(uint32_t at)
{
	return (struct tss32 *)&ram[at];
}

static int begin(void **state)
{
	(void)state;
	memset(vmcs_fields, 0, sizeof(vmcs_fields));
	memset(ram, 0, sizeof(ram));
	memset(&vcpu, 0, sizeof(vcpu));
	set_descriptor(CODE, 0x00cf9b000000ffff);
	set_descriptor(DATA, 0x00cf93000000ffff);
	set_descriptor(USER_CODE, 0x00cffa000000ffff);
	set_descriptor(USER_DATA, 0x00cff2000000ffff);
	set_descriptor(TSS_OLD, system_descriptor(OLD, 103, 0x8b));
	set_descriptor(TSS_NEW, system_descriptor(NEW, 103, 0x89));
	set_descriptor(TSS_NARROW, system_descriptor(NARROW, 43, 0x81));
	set_descriptor(LDT, system_descriptor(0x3000, 0xff, 0x82));
	*tss(NEW) = (struct tss32){ .eip = NEW_EIP,
		                    .eflags = 2,
		                    .es = DATA,
		                    .cs = CODE,
		                    .ss = DATA,
		                    .ds = DATA,
		                    .ldt = LDT };
	tss(NEW)->general[4] = NEW_STACK;
	vmcs_write(GUEST_GDTR_BASE, GDT);
	vmcs_write(GUEST_GDTR_LIMIT, LIMIT);
	vmcs_write(GUEST_LDTR_ACCESS, RIGHTS_UNUSABLE);
	vmcs_write(GUEST_TR_SELECTOR, TSS_OLD);
	vmcs_write(GUEST_TR_BASE, OLD);
	vmcs_write(GUEST_TR_LIMIT, 103);
	vmcs_write(GUEST_TR_ACCESS, 0x8b);
	vmcs_write(GUEST_ES_SELECTOR + 2 * CS, CODE);
	vmcs_write(GUEST_ES_SELECTOR + 2 * SS, DATA);
	vmcs_write(GUEST_CR0, CR0_PE);
	vmcs_write(GUEST_RFLAGS, FLAGS_IF | 2);
	vmcs_write(GUEST_RIP, EIP);
	vmcs_write(GUEST_RSP, 0x7000);
	vmcs_write(GUEST_DR7, 0x4ff);
	vmcs_write(EXIT_INSTRUCTION_LENGTH, LENGTH);
	vcpu.regs.rax = 0x12345678;
	dr6 = 0xffff0ff0;
	invalidated = 0;
	return 0;
}

static unsigned pieces; /* of the last switch */

/* Plays a switch as an exit and entries do. The VMM looks at the NMIs between two calls. */
static int switches(enum source source, uint16_t selector)
{
	int error;

	vmcs_write(EXIT_QUALIFICATION, (uint64_t)source << 30 | selector);
	entry_ready = &vcpu;
	task_begin(&vcpu);
	assert_true(vcpu.entry_is_slow && vcpu.change.step != 0);
	assert_null(entry_ready);
	assert_int_equal(vmcs_read(GUEST_ACTIVITY), ACTIVITY_ACTIVE);
	pieces = 0;
	do {
		/* no event can be injected meanwhile */
		assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), INTERRUPTION_VALID);
		nmi_count = 0;
		error = task_go_on(&vcpu);
		pieces++;
	} while (error == -EINTR);
	assert_int_equal(vcpu.change.step, 0);
	return error;
}

static void delivers(uint32_t type, unsigned vector)
{
	vmcs_write(IDT_VECTORING, INTERRUPTION_VALID | type | vector);
}

static void expect_switched(uint32_t eip)
{
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), 0);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_NEW);
	assert_int_equal(vmcs_read(GUEST_TR_ACCESS), 0x8b);
	assert_int_equal(vmcs_read(GUEST_RIP), NEW_EIP);
	assert_int_equal(tss(OLD)->eip, eip);
}

static void expect_fault(unsigned vector, uint32_t error)
{
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION) & 0xff, vector);
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), error);
}

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

#define PAGING (CR0_PE | (uint64_t)CR0_PG | 1 << 16)

/* 32-bit paging: 4 KiB pages of RAM at their own addresses, all written to by the supervisor
 * alone. */
static void paging(void)
{
	uint32_t *directory = (uint32_t *)&ram[TABLES], *table = (uint32_t *)&ram[TABLES + 0x1000];

	directory[0] = (TABLES + 0x1000) | 3;
	for (uint32_t i = 0; i < RAM >> 12; i++)
		table[i] = i << 12 | 3;
	vmcs_write(GUEST_CR0, PAGING);
	vmcs_write(GUEST_CR3, TABLES);
	tss(NEW)->cr3 = TABLES;
}

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

/* ---- Across pages, and across 4 GiB ---- */

enum { HIGH = 0x6000, SPLIT = 48, WRAPPED = 0u - SPLIT, PAGE_BYTES = 4096 };

/* Copies bytes to both sides of the end of the addresses: the page at FFFFF000h is at HIGH. */
static void put_across_4_gib(const void *from, unsigned below, unsigned bytes)
{
	memcpy(&ram[HIGH + PAGE_BYTES - below], from, below);
	memcpy(ram, (const uint8_t *)from + below, bytes - below);
}

static void paging_to_the_end(void)
{
	uint32_t *directory = (uint32_t *)&ram[TABLES], *table = (uint32_t *)&ram[TABLES + 0x2000];

	paging();
	directory[1023] = (TABLES + 0x2000) | 3;
	table[1023] = HIGH | 3;
}

static void a_task_lies_across_4_gib(void **state)
{
	struct tss32 saved;

	(void)state;
	paging_to_the_end();
	put_across_4_gib(tss(NEW), SPLIT, sizeof(struct tss32));
	set_descriptor(TSS_NEW, system_descriptor(WRAPPED & 0xffffff, 103, 0x89) | 0xffull << 56);
	memset(tss(NEW), 0, sizeof(struct tss32));
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(vmcs_read(GUEST_RSP), NEW_STACK);
	assert_int_equal(vmcs_read(GUEST_LDTR_SELECTOR), LDT);
	assert_int_equal(ram[HIGH + PAGE_BYTES - SPLIT], TSS_OLD); /* the link */
	/* back, by IRET: the registers are saved on both sides */
	vcpu.regs.rax = 0x11112222; /* below 4 GiB */
	vcpu.regs.rdi = 0x33334444; /* at 0 */
	vmcs_write(GUEST_RFLAGS, vmcs_read(GUEST_RFLAGS) | 1 << 14);
	assert_int_equal(switches(BY_IRET, TSS_OLD), 0);
	memcpy(&saved, &ram[HIGH + PAGE_BYTES - SPLIT], SPLIT);
	memcpy((uint8_t *)&saved + SPLIT, ram, sizeof(saved) - SPLIT);
	assert_int_equal(saved.eip, NEW_EIP + LENGTH);
	assert_int_equal(saved.general[0], 0x11112222);
	assert_int_equal(saved.general[7], 0x33334444);
	assert_int_equal(saved.ss, DATA);
}

/* Without paging no memory is below 4 GiB: the part there reads as ones, and cannot be loaded. */
static void a_task_lies_partly_in_no_memory(void **state)
{
	(void)state;
	memcpy(ram, (uint8_t *)tss(NEW) + SPLIT, sizeof(struct tss32) - SPLIT);
	set_descriptor(TSS_NEW, system_descriptor(WRAPPED & 0xffffff, 103, 0x89) | 0xffull << 56);
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_NEW);
	assert_int_equal(vmcs_read(GUEST_RIP), UINT32_MAX);
}

/* The descriptor of TSS_NEW has its first four bytes in one page, and its busy bit in the next. */
static void a_descriptor_lies_across_pages(void **state)
{
	enum { TABLE = 0x4fdc };
	uint32_t *table = (uint32_t *)&ram[TABLES + 0x1000];

	(void)state;
	paging_to_the_end();
	memcpy(&ram[TABLE], &ram[GDT], LIMIT + 1);
	vmcs_write(GUEST_GDTR_BASE, TABLE);
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(ram[TABLE + TSS_NEW + 5], 0x8b);
	begin(NULL);
	paging_to_the_end();
	memcpy(&ram[TABLE], &ram[GDT], LIMIT + 1);
	vmcs_write(GUEST_GDTR_BASE, TABLE);
	table[5] = 0;
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_fault(VECTOR_PF, 0);
	assert_int_equal(cr2, 0x5000);
	begin(NULL);
	paging_to_the_end();
	put_across_4_gib(&ram[GDT], TSS_NEW + 4, LIMIT + 1);
	vmcs_write(GUEST_GDTR_BASE, 0u - (TSS_NEW + 4));
	assert_int_equal(switches(BY_CALL, TSS_NEW), 0);
	expect_switched(EIP + LENGTH);
	assert_int_equal(ram[1], 0x8b);
}

static int in_one_go(void **state)
{
	(void)state;
	nmis = false;
	return 0;
}

static int with_nmis(void **state)
{
	(void)state;
	nmis = true;
	return 0;
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
		CASE(a_task_lies_across_4_gib),
		CASE(a_task_lies_partly_in_no_memory),
		CASE(a_descriptor_lies_across_pages),
	};

	return cmocka_run_group_tests_name("vmx_task", tests, in_one_go, NULL) |
	       cmocka_run_group_tests_name("vmx_task, an NMI at each step", tests, with_nmis, NULL);
}
