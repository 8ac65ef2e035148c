/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which HPET comparator the slice timer takes, and why none.
 *
 * Rule: each test is one machine, and what is printed about it is told to the letter.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim_hpet.h"

#include <errno.h>

/* ---- Finding one ---- */

static void the_last_comparator_with_messages_is_taken(void **state)
{
	(void)state;
	comparators[2].config = 0;
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(printed(), "");
	assert_true(slice_timer_by_nmi);
	assert_string_equal(slice_timer_describe(), "HPET comparator 1 by message");
	assert_int_equal(comparators[1].config, TN_HAS_MESSAGES | TN_MESSAGES | TN_32BIT);
	assert_int_equal(comparators[1].message, 0x400);
	assert_int_equal(comparators[1].address, 0xfee05000);
	assert_int_equal(comparators[2].config, 0);
	assert_int_equal(hpet.config, CONFIG_RUNS);
	assert_int_equal(nmi_count, 0); /* the proof's is nobody's */
	assert_int_equal(slice_timer_left(), UINT64_MAX);
	assert_false(slice_timer_ended());
}

static void without_messages_it_is_the_highest_pin_that_is_free(void **state)
{
	(void)state;
	messages_off(0x00ff0104); /* q35 */
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(printed(), "");
	assert_string_equal(slice_timer_describe(), "HPET comparator 2 by I/O APIC pin 23");
	assert_int_equal(comparators[2].config, 23 << TN_PIN_SHIFT | TN_32BIT);
	assert_int_equal(redirection[23], RTE_NMI);
	assert_int_equal(destination[23], APIC_ID);
	for (unsigned pin = 0; pin < 23; pin++)
		assert_int_equal(redirection[pin], RTE_MASKED);
}

static void a_pin_that_is_a_lines_or_that_is_not_there_is_none(void **state)
{
	(void)state;
	messages_off(0xffffffff);
	platform.line[9].pin = 23;
	platform.line[11].pin = 22;
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(slice_timer_describe(), "HPET comparator 2 by I/O APIC pin 21");
	power_on(state);
	messages_off(0xffffffff);
	platform.ioapic_pins = 17;
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(slice_timer_describe(), "HPET comparator 2 by I/O APIC pin 16");
}

static void what_firmware_left_is_turned_off_and_the_counter_goes_on(void **state)
{
	(void)state;
	hpet.config = CONFIG_RUNS | CONFIG_LEGACY;
	hpet.count = 0x12345678;
	for (unsigned n = 0; n < COMPARATORS; n++)
		comparators[n].config |= 0x1f << TN_PIN_SHIFT | TN_INTERRUPTS | TN_32BIT;
	comparators[2].config |= TN_LEVEL | TN_PERIODIC;
	/* it may raise anything until it is off, and the first access takes time */
	hpet.deaf = true;
	(void)mmio_read32(HPET_AT);
	hpet.deaf = false;
	comparators[2].config &= ~(uint32_t)(TN_LEVEL | TN_PERIODIC);
	slice_timer_quieten();
	assert_int_equal(slice_timer_init(), 0);
	assert_int_equal(hpet.config, CONFIG_RUNS);
	assert_in_range(hpet.count, 0x12345678, 0x12345678 + 1000000);
	for (unsigned n = 0; n < COMPARATORS; n++)
		assert_false(comparators[n].config & TN_INTERRUPTS);
}

/* A machine whose slices need no HPET. */
static void firmware_s_interrupts_are_turned_off_without_a_slice_timer(void **state)
{
	(void)state;
	hpet.config = CONFIG_RUNS | CONFIG_LEGACY;
	for (unsigned n = 0; n < COMPARATORS; n++)
		comparators[n].config |= TN_INTERRUPTS | TN_32BIT;
	slice_timer_quieten();
	assert_int_equal(hpet.config, CONFIG_RUNS);
	for (unsigned n = 0; n < COMPARATORS; n++)
		assert_false(comparators[n].config & TN_INTERRUPTS);
	uint64_t accesses = hpet.accesses;
	hpet.capability = UINT32_MAX; /* nothing answers: one read, no write */
	slice_timer_quieten();
	assert_int_equal(hpet.accesses, accesses + 1);
	platform.hpet = 0;
	slice_timer_quieten();
	assert_int_equal(hpet.accesses, accesses + 1);
}

/* ---- Refusals ---- */

static void expect_none(const char *text)
{
	assert_int_equal(slice_timer_init(), -ENODEV);
	assert_string_equal(printed(), text);
	assert_false(slice_timer_by_nmi);
	assert_string_equal(slice_timer_describe(), "none");
	nmi_count = 0;
	hpet.raised = 0;
	slice_timer_arm(1000);
	slice_timer_arm(UINT64_MAX);
	assert_false(slice_timer_ended());
	pass(1000000);
	assert_int_equal(hpet.raised, 0);
}

#define NO_ANSWER(capability, period)                                                         \
	"signalbox: slice timer: no HPET answers at fed00000h: capabilities read " capability \
	"h, period " period " fs\n"

static void without_a_table_there_is_no_timer(void **state)
{
	(void)state;
	platform.hpet = 0;
	expect_none("signalbox: slice timer: no HPET in ACPI's tables\n");
	assert_int_equal(hpet.accesses, 0);
}

static void registers_that_are_no_hpets_are_refused(void **state)
{
	static const struct {
		uint32_t capability, period;
		const char *text;
	} bad[] = {
		{ UINT32_MAX, UINT32_MAX, NO_ANSWER("ffffffff", "4294967295") },
		{ 0x8086a200, FS_100_MHZ, NO_ANSWER("8086a200", "10000000") }, /* revision 0 */
		{ 0, 0, NO_ANSWER("00000000", "0") },
		{ 0x8086a201, 0, NO_ANSWER("8086a201", "0") },
		{ 0x8086a201, 100000001, NO_ANSWER("8086a201", "100000001") },
		{ 0x8086a201, 999999, NO_ANSWER("8086a201", "999999") },
	};

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		power_on(state);
		hpet.capability = bad[n].capability;
		hpet.period = bad[n].period;
		expect_none(bad[n].text);
	}
}

static void a_counter_that_stands_is_refused(void **state)
{
	(void)state;
	hpet.frozen = true;
	expect_none("signalbox: slice timer: the HPET at fed00000h does not count\n");
}

static void a_processor_that_no_message_reaches_is_refused(void **state)
{
	(void)state;
	apic_id = 0x100;
	expect_none("signalbox: slice timer: neither message nor I/O APIC reaches this processor: "
	            "APIC id 100h\n");
}

#define BOTH_DEAF                                                             \
	"signalbox: slice timer: HPET comparator 0 by message: no NMI came\n" \
	"signalbox: slice timer: HPET comparator 0 by I/O APIC pin 20: no NMI came\n"
#define NONE_OF(count, most, pins)                                \
	"signalbox: slice timer: none of the HPET's " count       \
	" comparators can raise an NMI: no messages, and no I/O " \
	"APIC pin from 16 to " most " that is free (pins: " pins  \
	"h). In QEMU: -global hpet.msi=on, or -machine q35\n"

static void pins_of_the_isa_lines_are_refused(void **state)
{
	(void)state;
	messages_off(0x4); /* QEMU's pc */
	expect_none(NONE_OF("3", "23", "00000004"));
	power_on(state);
	messages_off(0x0000ffff);
	expect_none(NONE_OF("3", "23", "0000ffff"));
	power_on(state);
	messages_off(0x00010000);
	platform.line[5].pin = 16;
	expect_none(NONE_OF("3", "23", "00010000"));
	power_on(state);
	messages_off(0xff000000); /* beyond the chip's last */
	expect_none(NONE_OF("3", "23", "ff000000"));
	for (unsigned pin = 0; pin < PINS; pin++)
		assert_int_equal(redirection[pin], RTE_MASKED);
}

static void a_comparator_that_does_not_take_its_set_up_is_passed_over(void **state)
{
	(void)state;
	comparators[2].stuck = TN_MESSAGES;
	comparators[1].stuck = TN_PERIODIC;
	comparators[1].config |= TN_PERIODIC;
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(slice_timer_describe(), "HPET comparator 0 by message");
	assert_string_equal(printed(), "");
}

static void one_whose_nmi_never_comes_is_said_and_the_next_one_tried(void **state)
{
	(void)state;
	hpet.capability = 0x8086a001; /* one comparator */
	comparators[0].pins = 1 << 20;
	hpet.deaf = true;
	expect_none(BOTH_DEAF NONE_OF("1", "23", "00100000"));
	assert_int_equal(redirection[20], RTE_MASKED);
}

/* A slow machine: the first value has passed before it was written, and an emulator raises an NMI
 * for that. */
static void the_proof_may_take_more_than_one_try(void **state)
{
	(void)state;
	hpet.cost = KHZ / 1000 * 200; /* 200 us for each access */
	hpet.past_counts = true;
	assert_int_equal(slice_timer_init(), 0);
	assert_string_equal(printed(), "");
	assert_string_equal(slice_timer_describe(), "HPET comparator 2 by message");
	assert_int_equal(nmi_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_last_comparator_with_messages_is_taken, power_on),
		cmocka_unit_test_setup(without_messages_it_is_the_highest_pin_that_is_free,
		                       power_on),
		cmocka_unit_test_setup(a_pin_that_is_a_lines_or_that_is_not_there_is_none,
		                       power_on),
		cmocka_unit_test_setup(what_firmware_left_is_turned_off_and_the_counter_goes_on,
		                       power_on),
		cmocka_unit_test_setup(firmware_s_interrupts_are_turned_off_without_a_slice_timer,
		                       power_on),
		cmocka_unit_test_setup(without_a_table_there_is_no_timer, power_on),
		cmocka_unit_test_setup(registers_that_are_no_hpets_are_refused, power_on),
		cmocka_unit_test_setup(a_counter_that_stands_is_refused, power_on),
		cmocka_unit_test_setup(a_processor_that_no_message_reaches_is_refused, power_on),
		cmocka_unit_test_setup(pins_of_the_isa_lines_are_refused, power_on),
		cmocka_unit_test_setup(a_comparator_that_does_not_take_its_set_up_is_passed_over,
		                       power_on),
		cmocka_unit_test_setup(one_whose_nmi_never_comes_is_said_and_the_next_one_tried,
		                       power_on),
		cmocka_unit_test_setup(the_proof_may_take_more_than_one_try, power_on),
	};

	return cmocka_run_group_tests_name("slice_find", tests, NULL, NULL);
}
