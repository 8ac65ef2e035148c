/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two NMIs at any two instructions of the change to the work's stack and back (work.S).
 *
 * Rule: the processor's single step stands for time. At the chosen steps the trap's handler does
 * what an NMI does: it pushes a frame on the NMI's stack and goes to nmi_entry. Whatever the two
 * steps are, the work goes on where it was left, and nothing of it is done twice.
 */
#define _GNU_SOURCE /* the registers of a signal's context */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/work.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>

__asm__(".include \"arch/x86/cpu/nmi.S\"\n"
        ".include \"arch/x86/cpu/work.S\"\n"
        ".text\n"
        ".globl work_code_end\n"
        "work_code_end:\n"
        ".globl enter_window_begin, enter_window_end, enter_window_out\n"
        ".globl launch_window_begin, launch_window_end\n"
        ".globl sti_hlt_window_begin, sti_hlt_window_end, sti_hlt_window_out\n"
        "enter_window_begin: enter_window_end: enter_window_out:\n"
        "launch_window_begin: launch_window_end:\n"
        "sti_hlt_window_begin: sti_hlt_window_end: sti_hlt_window_out:\n"
        "	ret\n");

extern const char work_enter[], work_code_end[], nmi_entry[];

enum { TRAP_FLAG = 1 << 8, RUNS = 5, APART = 24, STACK_BYTES = 16384, ALTERNATE_STACK = 65536 };

static _Alignas(16) uint64_t nmi_stack[512];
static bool stepping;
/* at which steps the two NMIs come; a step is an instruction of work.S */
static unsigned step, first, second;
static unsigned pieces, wrong;

static void nmi(ucontext_t *c)
{
	greg_t *r = c->uc_mcontext.gregs;
	uint64_t *top = nmi_stack + 512, cs = (uint64_t)r[REG_CSGSFS] & 0xffff, ss;

	__asm__("mov %%ss, %0" : "=r"(ss));
	*--top = ss & 0xffff;
	*--top = (uint64_t)r[REG_RSP];
	*--top = (uint64_t)r[REG_EFL];
	*--top = cs;
	*--top = (uint64_t)r[REG_RIP];
	r[REG_RSP] = (greg_t)(uintptr_t)top;
	r[REG_RIP] = (greg_t)(uintptr_t)nmi_entry;
	r[REG_EFL] &= ~TRAP_FLAG; /* the frame has the flag: stepping goes on behind the IRET */
}

static void on_trap(int signal_number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	greg_t *r = c->uc_mcontext.gregs;
	uintptr_t at = (uintptr_t)r[REG_RIP];

	(void)signal_number;
	(void)info;
	/* The frame of the last NMI may have the flag still. */
	r[REG_EFL] = stepping ? r[REG_EFL] | TRAP_FLAG : r[REG_EFL] & ~TRAP_FLAG;
	if (!stepping || at < (uintptr_t)work_enter || at >= (uintptr_t)work_code_end)
		return;
	step++;
	if (step == first || step == second)
		nmi(c);
	if (step == second)
		stepping = false;
}

static void step_from_here(void)
{
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" : : : "memory", "cc");
}

/* Each piece is done once, in order, with its registers as they were. */
static void body(void)
{
	for (uint64_t next = 0;; next++) {
		wrong += pieces != next;
		pieces++;
		if (stepping)
			step_from_here();
		work_pause();
	}
}

static void one_way(char *stack)
{
	pieces = step = 0;
	nmi_count = 0;
	work_open = 0;
	work_init(stack + STACK_BYTES, body);
	stepping = true;
	step_from_here();
	for (unsigned run = 0; run < RUNS; run++) {
		work_run();
		(void)nmi_take();
	}
	stepping = false;
	__asm__ volatile("nop"); /* the last trap */
}

static void R12_work_goes_on_after_two_nmis_at_any_instruction(void **state)
{
	static _Alignas(16) char stack[STACK_BYTES];
	static char alternate[ALTERNATE_STACK];
	const stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK },
			 before;

	(void)state;
	assert_int_equal(sigaltstack(&ss, NULL), 0);
	assert_int_equal(sigaction(SIGTRAP, &action, &before), 0);
	first = second = 0;
	one_way(stack);
	unsigned steps = step;
	assert_int_equal(pieces, RUNS);
	assert_true(steps > RUNS * 2 * 32); /* each way has its pushes and its pops */
	/* The first within one entry and one pause: what comes later is the same again. */
	for (first = 1; first <= steps / RUNS; first++)
		for (second = first + 1; second <= first + APART; second++) {
			one_way(stack);
			if (wrong || pieces < RUNS - 2)
				fail_msg("NMIs at steps %u and %u: %u of %u pieces, %u wrong",
				         first, second, pieces, RUNS, wrong);
		}
	sigaction(SIGTRAP, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R12_work_goes_on_after_two_nmis_at_any_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
