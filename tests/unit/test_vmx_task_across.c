/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A task switch by hardware, done by the VMM: a TSS or a descriptor lies across pages, and
 * across 4 GiB.
 *
 * Rule: see tests/unit/task_kit.h.
 */
#include "tests/unit/task_kit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(a_task_lies_across_4_gib),
		CASE(a_task_lies_partly_in_no_memory),
		CASE(a_descriptor_lies_across_pages),
	};

	return PLAY("vmx_task_across", tests);
}
