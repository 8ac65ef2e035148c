/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guarded accesses: a #GP at one of their instructions is an answer.
 *
 * Rule: the instructions are the VMM's own (guarded.S). In a program each of them is a #GP, which
 * the host tells as SIGSEGV; the handler here goes on where guarded_resume() says, as
 * arch/x86/cpu/tables.c does.
 */
#define _GNU_SOURCE
#include "tests/unit/check.h"

#include "arch/x86/cpu/guarded.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

__asm__(".include \"arch/x86/cpu/guarded.S\"\n"
        ".text\n");

static unsigned faults;

static void on_fault(int number, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t resume = guarded_resume((uint64_t)regs[REG_RIP]);

	(void)number;
	(void)info;
	if (resume == 0)
		abort();
	faults++;
	regs[REG_RIP] = (greg_t)resume;
}

/* In the test itself: cmocka has handlers of its own around each. */
static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	faults = 0;
	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_int_equal(sigaction(SIGILL, &action, NULL), 0);
}

static void R01_a_refused_write_is_an_answer(void **state)
{
	(void)state;
	catch_faults();
	assert_int_equal(guarded_msr_write(0xc0000103, UINT64_MAX), -1);
	assert_int_equal(faults, 1);
	assert_int_equal(guarded_xcr_write(0, UINT64_MAX), -1);
	assert_int_equal(faults, 2);
}

static void R01_a_refused_read_is_an_answer_and_leaves_the_value_alone(void **state)
{
	uint64_t value = 0x123456789abcdef0;

	(void)state;
	catch_faults();
	assert_int_equal(guarded_msr_read(0x1234567, &value), -1);
	assert_int_equal(faults, 1);
	assert_int_equal(value, 0x123456789abcdef0);
}

static void R01_a_fault_anywhere_else_is_none_of_these(void **state)
{
	(void)state;
	assert_int_equal(guarded_resume(0), 0);
	assert_int_equal(guarded_resume((uint64_t)guarded_msr_write), 0);
	assert_int_equal(guarded_resume((uint64_t)on_fault), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R01_a_refused_write_is_an_answer),
		cmocka_unit_test(R01_a_refused_read_is_an_answer_and_leaves_the_value_alone),
		cmocka_unit_test(R01_a_fault_anywhere_else_is_none_of_these),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
