/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's stacks: how much of one has been in use, and which one an address belongs to.
 *
 * Rule: the main stack is memory of the test's; the others are the source's own.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/stacks.h"
#include "arch/x86/machine/platform.h"

_Alignas(PAGE) char boot_stack_absent[PAGE + 16384];

static void an_unused_stack_is_not_deep(void **state)
{
	(void)state;
	stacks_fill();
	for (unsigned i = 0; i < STACKS; i++)
		assert_int_equal(stack_deepest(i), 0);
}

/* What was pushed and popped again is seen, down to its last word, and so is a zero. */
static void the_deepest_use_is_seen(void **state)
{
	(void)state;
	stacks_fill();
	for (unsigned i = 0; i < STACKS; i++) {
		*(uint64_t *)(stack_top(i) - 8) = 1;
		assert_int_equal(stack_deepest(i), 8);
		*(uint64_t *)(stack_top(i) - 1024) = 0;
		assert_int_equal(stack_deepest(i), 1024);
		*(uint64_t *)stack_bottom(i) = 0;
		assert_int_equal(stack_deepest(i), stacks[i].bytes);
	}
}

static void an_address_tells_its_stack(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STACKS; i++) {
		uint64_t bottom = (uint64_t)stack_bottom(i), top = (uint64_t)stack_top(i);

		assert_int_equal(bottom % PAGE, 0);
		assert_int_equal(top % PAGE, 0);
		assert_ptr_equal(stack_of(bottom), &stacks[i]);
		assert_ptr_equal(stack_of(top - 8), &stacks[i]);
		assert_ptr_not_equal(stack_of(bottom - 8), &stacks[i]);
		assert_ptr_equal(stack_run_out(bottom - 8), &stacks[i]);
		assert_ptr_equal(stack_run_out(bottom - PAGE), &stacks[i]);
		assert_null(stack_run_out(bottom));
	}
	assert_null(stack_of(0));
	assert_null(stack_run_out(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unused_stack_is_not_deep),
		cmocka_unit_test(the_deepest_use_is_seen),
		cmocka_unit_test(an_address_tells_its_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
