/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for task switches. See the header for the rule.
 */
#include "tests/unit/task_kit.h"

static uint64_t vmcs_fields[FIELDS];
uint64_t dr6, cr2;
unsigned invalidated;
uint8_t ram[RAM];

struct vcpu vcpu;
struct vcpu *vmx_loaded = &vcpu;
const void *entry_ready;
volatile uint32_t nmi_count;

/* An NMI comes whenever the switch reads the VMCS or the guest's memory. */
bool nmis;

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

void set_descriptor(uint16_t selector, uint64_t raw)
{
	memcpy(&ram[GDT + (selector & 0xfff8)], &raw, sizeof(raw));
}

uint8_t rights_of(uint16_t selector)
{
	return ram[GDT + (selector & 0xfff8) + 5];
}

void set_rights(uint16_t selector, uint8_t rights)
{
	ram[GDT + (selector & 0xfff8) + 5] = rights;
}

uint64_t system_descriptor(uint32_t base, uint32_t limit, uint8_t rights)
{
	return (uint64_t)rights << 40 | (uint64_t)base << 16 | limit;
}

struct tss32 *tss(uint32_t at)
{
	return (struct tss32 *)&ram[at];
}

int begin(void **state)
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

unsigned pieces; /* of the last switch */

/* Plays a switch as an exit and entries do. The VMM looks at the NMIs between two calls. */
int switches(enum source source, uint16_t selector)
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

void delivers(uint32_t type, unsigned vector)
{
	vmcs_write(IDT_VECTORING, INTERRUPTION_VALID | type | vector);
}

void expect_switched(uint32_t eip)
{
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION), 0);
	assert_int_equal(vmcs_read(GUEST_TR_SELECTOR), TSS_NEW);
	assert_int_equal(vmcs_read(GUEST_TR_ACCESS), 0x8b);
	assert_int_equal(vmcs_read(GUEST_RIP), NEW_EIP);
	assert_int_equal(tss(OLD)->eip, eip);
}

void expect_fault(unsigned vector, uint32_t error)
{
	assert_int_equal(vmcs_read(ENTRY_INTERRUPTION) & 0xff, vector);
	assert_int_equal(vmcs_read(ENTRY_ERROR_CODE), error);
}

/* ---- Paging ---- */

/* 32-bit paging: 4 KiB pages of RAM at their own addresses, all written to by the supervisor
 * alone. */
void paging(void)
{
	uint32_t *directory = (uint32_t *)&ram[TABLES], *table = (uint32_t *)&ram[TABLES + 0x1000];

	directory[0] = (TABLES + 0x1000) | 3;
	for (uint32_t i = 0; i < RAM >> 12; i++)
		table[i] = i << 12 | 3;
	vmcs_write(GUEST_CR0, PAGING);
	vmcs_write(GUEST_CR3, TABLES);
	tss(NEW)->cr3 = TABLES;
}

int in_one_go(void **state)
{
	(void)state;
	nmis = false;
	return 0;
}

int with_nmis(void **state)
{
	(void)state;
	nmis = true;
	return 0;
}
