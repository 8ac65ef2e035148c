/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of the local APIC, and of the I/O APIC beside it, sentence by sentence of the manual
 * (SDM 3A chapter 10). apicprobe lays the model beside an emulator's (docs/apic-model.md).
 */
#include "tests/unit/check.h"

#include "tests/unit/sim_ioapic.h"

static struct sim_apic apic;
static struct sim_ioapic ioapic;

static int fresh(void **state)
{
	(void)state;
	apic = (struct sim_apic){ .tsc = 1000 };
	sim_apic_reset(&apic);
	sim_ioapic_reset(&ioapic, &apic);
	sim_apic_write(&apic, X2_SVR, 0x1ff);
	return 0;
}

static uint64_t get(uint32_t msr)
{
	uint64_t value = 0;

	assert_true(sim_apic_read(&apic, msr, &value));
	return value;
}

static void set(uint32_t msr, uint64_t value)
{
	assert_true(sim_apic_write(&apic, msr, value));
}

static void set_pin(unsigned pin, uint32_t entry)
{
	sim_ioapic_write(&ioapic, SIM_IOREGSEL, 0x10 + 2 * pin);
	sim_ioapic_write(&ioapic, SIM_IOWIN, entry);
}

static void a_request_is_taken_and_ended(void **state)
{
	(void)state;
	set(X2_SELF_IPI, 0x41);
	assert_int_equal(get(X2_IRR + 2), 1 << 1);
	assert_int_equal(sim_apic_take(&apic), 0x41);
	assert_int_equal(get(X2_IRR + 2), 0);
	assert_int_equal(get(X2_ISR + 2), 1 << 1);
	assert_int_equal(get(X2_PPR), 0x40);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
	set(X2_EOI, 0);
	assert_int_equal(get(X2_ISR + 2), 0);
	assert_int_equal(get(X2_PPR), 0);
}

/* 10.8.3.1: the class decides, not the vector. */
static void a_class_nests_in_a_lower_one_alone(void **state)
{
	(void)state;
	set(X2_SELF_IPI, 0x41);
	assert_int_equal(sim_apic_take(&apic), 0x41);
	set(X2_SELF_IPI, 0x4f);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
	set(X2_SELF_IPI, 0x50);
	assert_int_equal(sim_apic_take(&apic), 0x50);
	set(X2_EOI, 0);
	assert_int_equal(get(X2_ISR + 2), 1 << 1);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x4f);
}

static void a_vector_in_service_may_wait_once_more(void **state)
{
	(void)state;
	set(X2_SELF_IPI, 0x61);
	assert_int_equal(sim_apic_take(&apic), 0x61);
	set(X2_SELF_IPI, 0x61);
	set(X2_SELF_IPI, 0x61);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x61);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
}

static void the_task_priority_holds_its_class_back(void **state)
{
	(void)state;
	set(X2_TPR, 0x53);
	set(X2_SELF_IPI, 0x5f);
	assert_int_equal(get(X2_PPR), 0x53);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
	set(X2_SELF_IPI, 0x60);
	assert_int_equal(sim_apic_take(&apic), 0x60);
	assert_int_equal(get(X2_PPR), 0x60);
	set(X2_EOI, 0);
	set(X2_TPR, 0x4f);
	assert_int_equal(sim_apic_take(&apic), 0x5f);
	set(X2_TPR, 0x5a);
	assert_int_equal(get(X2_PPR), 0x5a);
}

static void reserved_bits_and_registers_fault(void **state)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
	} bad[] = {
		{ X2_TPR, 0x100 },      { X2_EOI, 1 },         { X2_ESR, 2 },
		{ X2_SELF_IPI, 0x141 }, { X2_TIMER, 1 << 19 }, { X2_TIMER, 3 << 17 },
		{ X2_DIVIDE, 4 },       { X2_ID, 0 },          { X2_PPR, 0 },
		{ X2_ISR, 0 },          { X2_IRR + 7, 0 },     { X2_COUNT, 0 },
		{ X2_ICR, 1 << 12 },    { X2_SVR, 1 << 9 },    { X2_INITIAL, UINT64_C(1) << 32 },
		{ 0x80e, 0 },           { 0x831, 0 },
	};
	uint64_t value;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sim_apic_write(&apic, bad[i].msr, bad[i].value));
	assert_false(sim_apic_read(&apic, X2_EOI, &value));
	assert_false(sim_apic_read(&apic, X2_SELF_IPI, &value));
	assert_false(sim_apic_read(&apic, 0x809, &value));
}

static void an_illegal_vector_is_an_error(void **state)
{
	(void)state;
	set(X2_SELF_IPI, 15);
	assert_int_equal(get(X2_ESR), 0);
	set(X2_ESR, 0);
	assert_int_equal(get(X2_ESR), 1 << 6);
	set(X2_ESR, 0);
	assert_int_equal(get(X2_ESR), 0);
	assert_false(sim_apic_asks(&apic));
}

static void icr_reaches_the_only_processor(void **state)
{
	(void)state;
	set(X2_ICR, 1 << 18 | 0x45);
	set(X2_ICR, UINT64_C(1) << 32 | 0x55); /* to nobody */
	set(X2_ICR, 3 << 18 | 0x65);
	set(X2_ICR, UINT64_C(0xffffffff) << 32 | 0x75);
	set(X2_ICR, UINT64_C(1) << 32 | 1 << 11 | 0x85);
	assert_int_equal(get(X2_ICR), UINT64_C(1) << 32 | 1 << 11 | 0x85);
	set(X2_ICR, 4 << 8);
	assert_int_equal(apic.nmis, 1);
	assert_int_equal(sim_apic_take(&apic), 0x85);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x75);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x45);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
}

static void while_it_is_off_its_entries_are_masked(void **state)
{
	(void)state;
	set(X2_TIMER, 0x51);
	assert_int_equal(get(X2_TIMER), 0x51);
	set(X2_SVR, 0xff);
	assert_int_equal(get(X2_TIMER), X2_MASKED | 0x51);
	set(X2_TIMER, 0x52);
	assert_int_equal(get(X2_TIMER), X2_MASKED | 0x52);
	set(X2_SVR, 0x1ff);
	assert_int_equal(get(X2_TIMER), X2_MASKED | 0x52);
}

/* ---- The timer (10.5.4) ---- */

static void one_shot_fires_once(void **state)
{
	(void)state;
	set(X2_DIVIDE, 0xb);
	set(X2_TIMER, 0x51);
	set(X2_INITIAL, 100);
	sim_apic_pass(&apic, 99);
	assert_int_equal(get(X2_COUNT), 1);
	assert_false(sim_apic_asks(&apic));
	sim_apic_pass(&apic, 1);
	assert_int_equal(get(X2_COUNT), 0);
	assert_int_equal(get(X2_INITIAL), 100);
	assert_int_equal(sim_apic_take(&apic), 0x51);
	set(X2_EOI, 0);
	sim_apic_pass(&apic, 1000);
	assert_false(sim_apic_asks(&apic));
}

static void periodic_fires_each_period(void **state)
{
	(void)state;
	set(X2_DIVIDE, 0); /* by 2 */
	set(X2_TIMER, X2_PERIODIC | 0x51);
	set(X2_INITIAL, 100);
	for (unsigned i = 0; i < 3; i++) {
		sim_apic_pass(&apic, 199);
		assert_int_equal(get(X2_COUNT), 1);
		assert_false(sim_apic_asks(&apic));
		sim_apic_pass(&apic, 1);
		assert_int_equal(get(X2_COUNT), 100);
		assert_int_equal(sim_apic_take(&apic), 0x51);
		set(X2_EOI, 0);
	}
	sim_apic_pass(&apic, 650);
	assert_int_equal(get(X2_COUNT), 75);
	set(X2_INITIAL, 0);
	assert_int_equal(get(X2_COUNT), 0);
}

static void a_masked_timer_counts_and_is_silent(void **state)
{
	(void)state;
	set(X2_DIVIDE, 0xb);
	set(X2_TIMER, X2_MASKED | X2_PERIODIC | 0x51);
	set(X2_INITIAL, 100);
	sim_apic_pass(&apic, 150);
	assert_int_equal(get(X2_COUNT), 50);
	assert_false(sim_apic_asks(&apic));
	set(X2_TIMER, X2_PERIODIC | 0x51);
	assert_false(sim_apic_asks(&apic));
	sim_apic_pass(&apic, 50);
	assert_true(sim_apic_asks(&apic));
}

static void each_divider_divides(void **state)
{
	static const uint8_t code[] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };

	(void)state;
	for (unsigned shift = 0; shift < sizeof(code); shift++) {
		set(X2_DIVIDE, code[shift]);
		set(X2_INITIAL, 1000);
		sim_apic_pass(&apic, 10u << shift);
		assert_int_equal(get(X2_COUNT), 990);
	}
}

static void a_deadline_fires_at_its_tsc(void **state)
{
	(void)state;
	set(X2_TIMER, 0x51);
	set(X2_INITIAL, 7);
	set(X2_DEADLINE, apic.tsc + 5); /* ignored in this mode */
	assert_int_equal(get(X2_DEADLINE), 0);
	set(X2_TIMER, X2_DEADLINE_MODE | 0x51); /* disarms */
	sim_apic_pass(&apic, 10);
	assert_false(sim_apic_asks(&apic));
	set(X2_DEADLINE, apic.tsc + 5);
	sim_apic_pass(&apic, 4);
	assert_false(sim_apic_asks(&apic));
	sim_apic_pass(&apic, 1);
	assert_int_equal(get(X2_DEADLINE), 0);
	assert_int_equal(sim_apic_take(&apic), 0x51);
	set(X2_EOI, 0);
	set(X2_DEADLINE, 1); /* has passed */
	assert_int_equal(sim_apic_take(&apic), 0x51);
}

/* ---- The I/O APIC ---- */

static void an_edge_is_a_request_unless_masked(void **state)
{
	(void)state;
	sim_ioapic_drive(&ioapic, 4, true);
	assert_false(sim_apic_asks(&apic));
	set_pin(4, 0x44);
	assert_false(sim_apic_asks(&apic));
	sim_ioapic_drive(&ioapic, 4, false);
	sim_ioapic_drive(&ioapic, 4, true);
	assert_int_equal(sim_apic_take(&apic), 0x44);
	set(X2_EOI, 0);
	assert_false(sim_apic_asks(&apic));
}

static void a_level_is_sent_anew_after_its_eoi(void **state)
{
	(void)state;
	set_pin(10, SIM_RTE_LEVEL | SIM_RTE_LOW | 0x4a);
	assert_int_equal(sim_apic_take(&apic), 0x4a); /* active low, and low */
	assert_int_equal(get(X2_TMR + 2), 1 << 10);
	assert_int_equal(sim_ioapic_read(&ioapic, SIM_IOWIN),
	                 SIM_RTE_REMOTE_IRR | SIM_RTE_LEVEL | SIM_RTE_LOW | 0x4a);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x4a);
	sim_ioapic_drive(&ioapic, 10, true);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
	set_pin(10, SIM_RTE_MASKED | SIM_RTE_LEVEL | SIM_RTE_LOW | 0x4a);
	sim_ioapic_drive(&ioapic, 10, false);
	assert_false(sim_apic_asks(&apic));
	set_pin(10, SIM_RTE_LEVEL | SIM_RTE_LOW | 0x4a);
	assert_true(sim_apic_asks(&apic));
}

static void a_pin_may_be_an_nmi(void **state)
{
	(void)state;
	set_pin(4, SIM_RTE_NMI);
	sim_ioapic_drive(&ioapic, 4, true);
	sim_ioapic_drive(&ioapic, 4, true);
	assert_int_equal(apic.nmis, 1);
	assert_false(sim_apic_asks(&apic));
	sim_ioapic_write(&ioapic, SIM_IOREGSEL, 1);
	assert_int_equal(sim_ioapic_read(&ioapic, SIM_IOWIN), 23 << 16 | 0x11);
}

/* ---- The rules, as Bochs has them ---- */

static void int_stays_where_tpr_rises(void **state)
{
	(void)state;
	apic.rules = SIM_RULE_INT_LATCHED;
	set(X2_SELF_IPI, 0x41);
	set(X2_TPR, 0x40);
	assert_int_equal(sim_apic_take(&apic), 0xff);
	assert_int_equal(get(X2_IRR + 2), 1 << 1);
	assert_int_equal(sim_apic_take(&apic), SIM_APIC_NONE);
	set(X2_TPR, 0);
	assert_int_equal(sim_apic_take(&apic), 0x41);
}

static void other_rules_change_what_they_say(void **state)
{
	(void)state;
	assert_int_equal(sim_apic_rule("no-such-rule"), 0);
	assert_int_equal(sim_apic_rule("spurious-stays"), SIM_RULE_SPURIOUS_STAYS);
	apic.rules = SIM_RULE_SPURIOUS_STAYS | SIM_RULE_RESERVED_IGNORED | SIM_RULE_ICR_FORGETS;
	set(X2_SELF_IPI, 0x1ff);
	assert_int_equal(sim_apic_take(&apic), 0xff);
	set(X2_EOI, 0);
	assert_int_equal(get(X2_ISR + 7), UINT32_C(1) << 31);
	set(X2_ICR, 1 << 18 | 0x45);
	assert_int_equal(get(X2_ICR), 0xc469f);
	apic.rules = SIM_RULE_INT_IN_CLASS | SIM_RULE_IPI_BY_LEVEL | SIM_RULE_EOI_CLEARS_TMR;
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x45);
	set(X2_ICR, 1 << 18 | 1 << 15 | 0x46);
	assert_int_equal(get(X2_TMR + 2), 1 << 6);
	assert_int_equal(sim_apic_take(&apic), 0xff);
	set(X2_EOI, 0);
	assert_int_equal(sim_apic_take(&apic), 0x46);
	set(X2_EOI, 0);
	assert_int_equal(get(X2_TMR + 2), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_taken_and_ended),
		TEST(a_class_nests_in_a_lower_one_alone),
		TEST(a_vector_in_service_may_wait_once_more),
		TEST(the_task_priority_holds_its_class_back),
		TEST(reserved_bits_and_registers_fault),
		TEST(an_illegal_vector_is_an_error),
		TEST(icr_reaches_the_only_processor),
		TEST(while_it_is_off_its_entries_are_masked),
		TEST(one_shot_fires_once),
		TEST(periodic_fires_each_period),
		TEST(a_masked_timer_counts_and_is_silent),
		TEST(each_divider_divides),
		TEST(a_deadline_fires_at_its_tsc),
		TEST(an_edge_is_a_request_unless_masked),
		TEST(a_level_is_sent_anew_after_its_eoi),
		TEST(a_pin_may_be_an_nmi),
		TEST(int_stays_where_tpr_rises),
		TEST(other_rules_change_what_they_say),
	};
#undef TEST

	return cmocka_run_group_tests_name("sim_apic", tests, NULL, NULL);
}
