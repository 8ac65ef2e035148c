/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's NMI handler and the change to the work's stack, instruction by instruction.
 *
 * Rule: the handler is the VMM's own (nmi.S, work.S). An NMI is a frame on a stack of its own, as
 * the processor pushes it, and a jump to the handler. Whether the handler returned by IRET shows
 * below the interrupted stack pointer: the way out that leaves NMIs blocked writes there.
 *
 * Rule: where each instruction counts, the program is executed step by step (EFLAGS.TF), and the
 * signal's handler makes an NMI of the step.
 */
#define _GNU_SOURCE /* the registers' names in a signal's context */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/cpu/work.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

__asm__(".include \"arch/x86/cpu/nmi.S\"\n"
        ".include \"arch/x86/cpu/work.S\"\n"
        ".bss\n"
        ".globl entry_stack\n"
        "entry_stack: .quad 0\n"
        ".text\n"
        /* The frame: SS, RSP, RFLAGS, CS, RIP (in RSI); on entry RDI is the NMI's own stack. */
        ".macro frame\n"
        "	mov	%rsp, %rax\n"
        "	movq	$0x5a, -8(%rax)\n"
        "	mov	%rdi, %rsp\n"
        "	mov	%ss, %ecx\n"
        "	push	%rcx\n"
        "	push	%rax\n"
        "	pushfq\n"
        "	mov	%cs, %ecx\n"
        "	push	%rcx\n"
        "	push	%rsi\n"
        "	jmp	nmi_entry\n"
        ".endm\n"
        ".globl nmi_here\n"
        "nmi_here:\n"
        "	lea	1f(%rip), %rsi\n"
        "	frame\n"
        "1:	xor	%eax, %eax\n"
        "	cmpq	$0x5a, -8(%rsp)\n"
        "	setne	%al\n"
        "	ret\n"
        ".globl nmi_in\n"
        "nmi_in:\n"
        "	frame\n"
        /* Windows as those of the entries; the halt's own is nmi.S's. */
        ".macro window name\n"
        ".globl \\name\\()_window_begin\n"
        "\\name\\()_window_begin:\n"
        "	nop\n"
        ".globl \\name\\()_window_end\n"
        "\\name\\()_window_end:\n"
        "	mov	$0, %eax\n"
        "	ret\n"
        ".endm\n"
        "	window	enter\n"
        "	window	launch\n"
        "	window	sti_hlt\n"
        "enter_window_out:\n"
        "	mov	$1, %eax\n"
        "	ret\n"
        "sti_hlt_window_out:\n"
        "	mov	$2, %eax\n"
        "	ret\n");

/* An NMI right here: 1 where NMIs stay blocked. An NMI at an instruction: what is returned
 * there. */
int nmi_here(void *stack);
int nmi_in(void *stack, const char *at);
extern const char enter_window_begin[], enter_window_end[], launch_window_begin[],
	launch_window_end[];
extern const char sti_hlt_window_begin[], sti_hlt_window_end[];

static _Alignas(16) char nmi_stack[4096];
static char *const top = nmi_stack + sizeof(nmi_stack);
static unsigned hooked, pieces;

static void hook(void)
{
	hooked++;
}

static int begin(void **state)
{
	(void)state;
	nmi_count = nmi_windows = 0;
	nmi_expected = 0;
	nmi_hook = hook;
	work_open = 0;
	hooked = pieces = 0;
	return 0;
}

/* ---- The handler ---- */

static void R12_an_nmi_is_counted_and_its_sources_are_looked_at(void **state)
{
	(void)state;
	assert_int_equal(nmi_here(top), 0);
	assert_int_equal(nmi_count, 1);
	assert_int_equal(hooked, 1);
	nmi_hook = NULL;
	assert_int_equal(nmi_here(top), 0);
	assert_int_equal(nmi_count, 2);
	assert_int_equal(nmi_windows, 0);
}

static void R12_the_nmi_of_an_exit_that_is_known_counts_nothing(void **state)
{
	(void)state;
	nmi_expected = 1;
	assert_int_equal(nmi_here(top), 0);
	assert_int_equal(nmi_count, 0);
	assert_int_equal(nmi_expected, 0);
	assert_int_equal(nmi_here(top), 0);
	assert_int_equal(nmi_count, 1);
}

static void R02_in_a_storm_nmis_stay_blocked(void **state)
{
	(void)state;
	for (unsigned i = 1; i < NMI_STORM; i++)
		assert_int_equal(nmi_here(top), 0);
	assert_int_equal(nmi_here(top), 1);
	assert_int_equal(nmi_here(top), 1);
	assert_int_equal(nmi_count, NMI_STORM + 1);
	assert_int_equal(nmi_take(), NMI_STORM + 1);
	nmi_looked(NMI_STORM + 1); /* returns, by an IRET */
	assert_int_equal(nmi_here(top), 0);
}

static void R12_an_nmi_in_a_window_undoes_the_entry(void **state)
{
	(void)state;
	assert_int_equal(nmi_in(top, enter_window_begin), 1);
	assert_int_equal(nmi_in(top, launch_window_begin), 1);
	assert_int_equal(nmi_in(top, sti_hlt_window_begin), 2);
	assert_int_equal(nmi_windows, 3);
	assert_int_equal(nmi_count, 3);
	assert_int_equal(hooked, 3);
	assert_int_equal(nmi_in(top, enter_window_end), 0);
	assert_int_equal(nmi_in(top, launch_window_end), 0);
	assert_int_equal(nmi_in(top, sti_hlt_window_end), 0);
	assert_int_equal(nmi_windows, 3);
}

static void R12_a_storm_in_a_window_undoes_the_entry_too(void **state)
{
	(void)state;
	nmi_count = NMI_STORM;
	assert_int_equal(nmi_in(top, enter_window_begin), 1);
}

static void R12_nobody_sleeps_on_an_nmi(void **state)
{
	(void)state;
	nmi_count = 1;
	nmi_halt(); /* a HLT would be this program's end */
}

/* ---- Work ---- */

static void body(void)
{
	for (;;) {
		pieces++;
		work_pause();
		pieces++;
		(void)nmi_here(top); /* leaves, and goes on here */
		pieces++;
		work_hold();
		(void)nmi_here(top); /* is counted, and no more */
		pieces++;
		work_release();
	}
}

static void prepare(void)
{
	static _Alignas(16) char stack[16384];

	work_init(stack + sizeof(stack), body);
}

static void work_pauses_and_goes_on(void **state)
{
	(void)state;
	prepare();
	work_run();
	assert_int_equal(pieces, 1);
	assert_int_equal(work_open, 0);
	assert_int_equal(nmi_count, 0);
}

static void R12_an_nmi_ends_work_at_once(void **state)
{
	(void)state;
	prepare();
	work_run();
	work_run();
	assert_int_equal(pieces, 2);
	assert_int_equal(nmi_count, 1);
	assert_int_equal(hooked, 1);
	assert_int_equal(work_open, 0); /* else the next one would leave what is not work */
	assert_int_equal(nmi_here(top), 0);
	assert_int_equal(nmi_count, 2);
}

static void R12_an_nmi_from_before_leaves_no_work_to_do(void **state)
{
	(void)state;
	prepare();
	nmi_count = 1;
	work_run();
	assert_int_equal(pieces, 0);
	assert_int_equal(work_open, 0);
	nmi_count = 0;
	work_run();
	assert_int_equal(pieces, 1);
}

static void R12_work_that_is_held_ends_where_it_is_released(void **state)
{
	(void)state;
	prepare();
	work_run();
	work_run();
	nmi_count = 0;
	work_run();
	assert_int_equal(pieces, 4);
	assert_int_equal(nmi_count, 1);
	assert_int_equal(work_open, 0);
	nmi_count = 0;
	work_run();
	assert_int_equal(pieces, 5);
}

/* ---- An NMI at each instruction of the way into the work ---- */

enum { FLAG_TRAP = 1 << 8, FRAME_WORDS = 5, STORM = 20 };

extern const char work_enter[];
extern uint64_t work_stack;
extern void nmi_entry(void);

static volatile bool stepping, came;
static volatile unsigned steps_left; /* of work_enter's, until the NMI comes */

static void nmi_of_the_processor(greg_t *registers)
{
	uint64_t *frame = (uint64_t *)top - FRAME_WORDS;
	uint16_t cs, ss;

	__asm__("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
	frame[0] = (uint64_t)registers[REG_RIP];
	frame[1] = cs;
	frame[2] = (uint64_t)registers[REG_EFL] & ~(uint64_t)FLAG_TRAP;
	frame[3] = (uint64_t)registers[REG_RSP];
	frame[4] = ss;
	registers[REG_RSP] = (greg_t)frame;
	registers[REG_RIP] = (greg_t)nmi_entry;
}

static void step(int number, siginfo_t *information, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	const char *at = (const char *)registers[REG_RIP];
	bool here = at >= work_enter && at < (const char *)work_pause;

	(void)number;
	(void)information;
	registers[REG_EFL] &= ~(greg_t)FLAG_TRAP;
	if (stepping && here && steps_left-- == 0) {
		stepping = false;
		came = true;
		nmi_of_the_processor(registers);
	} else if (stepping) {
		registers[REG_EFL] |= FLAG_TRAP;
	}
}

static void step_signals(void)
{
	static char stack[65536];
	const stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = step, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	assert_int_equal(sigaltstack(&own, NULL), 0);
	assert_int_equal(sigaction(SIGTRAP, &action, NULL), 0);
}

/* An NMI at instruction n of work_enter; false: it has not so many. */
static bool work_run_until(unsigned n)
{
	came = false;
	steps_left = n;
	stepping = true;
	__asm__ volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(FLAG_TRAP) : "memory", "cc");
	work_run();
	stepping = false;
	return came;
}

/* NMIs come at that instruction, one after the other; then none, and the work goes on where it was.
 * before: so many that nobody has taken are there already. */
static bool storm_at(unsigned n, unsigned before)
{
	uint64_t stack;

	begin(NULL);
	prepare();
	work_run();
	stack = work_stack;
	for (unsigned i = 0; i < STORM; i++) {
		nmi_count = before;
		if (!work_run_until(n))
			return false;
		assert_int_equal(work_stack, stack);
		assert_int_equal(nmi_count, before + 1);
		assert_int_equal(work_open, 0);
	}
	nmi_count = 0;
	assert_int_equal(pieces, 1);
	work_run();
	assert_int_equal(pieces, 2);
	return true;
}

static void R12_nmis_on_the_way_into_the_work_leave_it_as_it_was(void **state)
{
	enum { LEAST = 16 + 4 + 17 }; /* what work_enter has to do, whichever way it takes */

	(void)state;
	step_signals();
	for (unsigned before = 0; before <= NMI_STORM; before += NMI_STORM / 2) {
		unsigned n = 0;

		while (storm_at(n, before))
			n++;
		assert_true(n >= LEAST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R12_an_nmi_is_counted_and_its_sources_are_looked_at, begin),
		cmocka_unit_test_setup(R12_the_nmi_of_an_exit_that_is_known_counts_nothing, begin),
		cmocka_unit_test_setup(R02_in_a_storm_nmis_stay_blocked, begin),
		cmocka_unit_test_setup(R12_an_nmi_in_a_window_undoes_the_entry, begin),
		cmocka_unit_test_setup(R12_a_storm_in_a_window_undoes_the_entry_too, begin),
		cmocka_unit_test_setup(R12_nobody_sleeps_on_an_nmi, begin),
		cmocka_unit_test_setup(work_pauses_and_goes_on, begin),
		cmocka_unit_test_setup(R12_an_nmi_ends_work_at_once, begin),
		cmocka_unit_test_setup(R12_an_nmi_from_before_leaves_no_work_to_do, begin),
		cmocka_unit_test_setup(R12_work_that_is_held_ends_where_it_is_released, begin),
		cmocka_unit_test_setup(R12_nmis_on_the_way_into_the_work_leave_it_as_it_was, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
