/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry with IF clear: the preemption timer brings the VMM back where an interrupt would not, and
 * what it was to measure is not changed by it.
 *
 * Rule: the processor is a VMCS and a few lines that run a guest for so many ticks; the back end's
 * own code sets it up.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/vmx/vmx.h"

enum { FIELDS = HOST_RIP + 1, TICKS_PER_US = 20, SHIFT = 3, RFLAGS_IF = 1 << 9 };
enum { IF_CLEAR = 1000 * TICKS_PER_US >> SHIFT }; /* quirk.c: how long such an entry may last */

struct vmx_capabilities vmx_caps = { .pin = (uint64_t)PIN_INTERRUPT_EXITING << 32,
	                             .timer_shift = SHIFT };
struct platform platform = { .bochs = true };
const void *entry_ready;
uint64_t fake_tsc;
volatile uint32_t nmi_count;

static uint64_t vmcs[FIELDS];

uint64_t vmcs_read(enum vmcs_field field)
{
	return vmcs[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs[field] = value;
}

void nmi_unblock(void)
{
}

uint64_t tsc_from_us(uint64_t us)
{
	return us * TICKS_PER_US;
}

static struct vcpu v;

/* A guest with its interrupts on or off runs for so many of the timer's ticks; true: the timer
 * ended that, by quirk or not. */
static bool run(uint64_t ticks, bool interrupts)
{
	vmcs[GUEST_RFLAGS] = 2 | (interrupts ? RFLAGS_IF : 0);
	if (v.entry_with_if_clear)
		quirk_before_entry(&v);
	assert_true(vmcs[PIN_CONTROLS] & PIN_PREEMPTION_TIMER);
	bool ended = ticks >= vmcs[PREEMPTION_TIMER];
	vmcs[PREEMPTION_TIMER] -= ended ? vmcs[PREEMPTION_TIMER] : ticks;
	return ended;
}

static int begin(void **state)
{
	(void)state;
	v = (struct vcpu){ .name = "v" };
	for (unsigned i = 0; i < FIELDS; i++)
		vmcs[i] = 0;
	platform.bochs = true;
	entry_ready = &v;
	vmx_exit_on_interrupt(&v, true);
	return 0;
}

static void a_guest_with_interrupts_off_is_looked_at_and_its_slice_is_as_long_as_ever(void **state)
{
	unsigned looks = 0;

	(void)state;
	vmx_set_timer(&v, (uint64_t)(10 * IF_CLEAR + 5) << SHIFT);
	while (run(UINT32_MAX, false) && quirk_timer(&v))
		looks++;
	assert_int_equal(looks, 10);
	assert_int_equal(vmcs[PREEMPTION_TIMER], 0);
}

static void what_an_entry_with_if_clear_used_counts(void **state)
{
	(void)state;
	vmx_set_timer(&v, (uint64_t)(3 * IF_CLEAR) << SHIFT);
	for (unsigned i = 0; i < 30; i++)
		assert_false(run(IF_CLEAR / 20, i & 1)); /* other exits */
	assert_int_equal(vmcs[PREEMPTION_TIMER] + v.timer_rest,
	                 3 * IF_CLEAR - 30 * (IF_CLEAR / 20));
	assert_true(run(UINT32_MAX, true));
	assert_false(quirk_timer(&v)); /* with interrupts on the rest is measured in one */
}

static void an_entry_that_does_not_happen_changes_nothing(void **state)
{
	(void)state;
	vmx_set_timer(&v, (uint64_t)(2 * IF_CLEAR) << SHIFT);
	for (unsigned i = 0; i < 5; i++)
		assert_false(run(0, false));
	assert_int_equal(vmcs[PREEMPTION_TIMER], IF_CLEAR);
	assert_int_equal(v.timer_rest, IF_CLEAR);
}

static void a_new_slice_is_a_new_slice(void **state)
{
	(void)state;
	vmx_set_timer(&v, (uint64_t)(5 * IF_CLEAR) << SHIFT);
	assert_true(run(UINT32_MAX, false));
	assert_true(quirk_timer(&v));
	vmx_set_timer(&v, (uint64_t)7 << SHIFT);
	assert_false(run(6, false));
	assert_true(run(1, false));
	assert_false(quirk_timer(&v));
}

static void an_event_that_is_delivered_makes_the_guest_hear(void **state)
{
	(void)state;
	vmx_set_timer(&v, (uint64_t)(5 * IF_CLEAR) << SHIFT);
	vmx_inject_interrupt(&v, 0x20);
	assert_false(run(2 * IF_CLEAR, false));
	assert_int_equal(v.timer_rest, 0);
}

static void a_timer_that_is_off_is_on_where_it_is_needed(void **state)
{
	(void)state;
	vmx_set_timer(&v, UINT64_MAX);
	assert_true(run(UINT32_MAX, false));
	assert_true(quirk_timer(&v));
}

static void nothing_is_done_where_the_quirk_is_not(void **state)
{
	(void)state;
	assert_true(v.entry_with_if_clear);
	assert_null(entry_ready); /* each entry takes the way that looks */
	platform.bochs = false;
	vmx_exit_on_interrupt(&v, true);
	assert_false(v.entry_with_if_clear);
	assert_true(vmcs[PIN_CONTROLS] & PIN_INTERRUPT_EXITING);
	platform.bochs = true;
	vmx_exit_on_interrupt(&v, false); /* the guest takes its interrupts itself */
	assert_false(v.entry_with_if_clear);
	assert_false(vmcs[PIN_CONTROLS] & PIN_INTERRUPT_EXITING);
	assert_true(vmx_can_exit_on_interrupt());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(a_guest_with_interrupts_off_is_looked_at_and_its_slice_is_as_long_as_ever),
		CASE(what_an_entry_with_if_clear_used_counts),
		CASE(an_entry_that_does_not_happen_changes_nothing),
		CASE(a_new_slice_is_a_new_slice),
		CASE(an_event_that_is_delivered_makes_the_guest_hear),
		CASE(a_timer_that_is_off_is_on_where_it_is_needed),
		CASE(nothing_is_done_where_the_quirk_is_not),
	};

	return cmocka_run_group_tests_name("quirk", tests, NULL, NULL);
}
