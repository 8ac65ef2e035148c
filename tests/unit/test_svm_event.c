/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events of the SVM back end: interrupts as virtual ones, windows beside them, what an exit has
 * interrupted.
 *
 * Rule: the back end's own event.c, beside a processor of a few lines that takes V_IRQ and the
 * event's field as the manual says (APM 2 15.20, 15.21.4).
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/guest_registers.h"
#include "arch/x86/virt/svm/svm.h"

enum { VECTOR_NMI = 2, VECTOR = 0x33, IRET_AT = 0x2000, RFLAGS_IF = 1 << 9 };
enum { V_INTR_PRIO_HIGHEST = 15 << V_INTR_PRIO_SHIFT };

struct svm_capabilities svm_caps;
const void *entry_ready;
bool guest_xcr0_unseen;
static uint64_t armed; /* what the slice timer was set to */

uint64_t slice_timer_left(void)
{
	return 1000;
}

void slice_timer_arm(uint64_t ticks)
{
	armed = ticks;
}

void fpu_take_all(void)
{
}

/* ---- The processor ---- */

enum { NOTHING = -1, EXITS = -2 };

static bool interrupts_on(void)
{
	return kit_vmcb.rflags & RFLAGS_IF && !(kit_vmcb.interrupt_shadow & INTERRUPT_SHADOW);
}

/* What an entry delivers before the guest's first instruction: a vector, an exit for V_IRQ, or
 * nothing. */
static int entry(void)
{
	struct vmcb *c = &kit_vmcb;

	if (c->event_injection & EVENT_VALID) {
		c->event_injection &= ~(uint64_t)EVENT_VALID;
		c->rflags &= ~(uint64_t)RFLAGS_IF;
		return (int)(c->event_injection & 0xff);
	}
	if (!(c->virtual_interrupt & V_IRQ) || !interrupts_on())
		return NOTHING;
	if (c->intercept_1 & INTERCEPT_VINTR) {
		c->exit_code = EXIT_VINTR;
		return EXITS;
	}
	c->virtual_interrupt &= ~(uint32_t)V_IRQ;
	c->rflags &= ~(uint64_t)RFLAGS_IF;
	return (int)(c->virtual_vector & 0xff);
}

/* The guest's IRET: does it exit? Else interrupts are on again. */
static bool iret_exits(void)
{
	if (kit_vmcb.intercept_1 & INTERCEPT_IRET) {
		kit_vmcb.exit_code = EXIT_IRET;
		return true;
	}
	kit_vmcb.rflags |= RFLAGS_IF;
	return false;
}

/* The guest takes an interrupt of its controller. An emulator forgets V_IRQ with it, be V_IRQ an
 * interrupt or a window (docs/emulators.md). */
static void chip_interrupt(void)
{
	assert_true(interrupts_on());
	kit_vmcb.virtual_interrupt &= ~(uint32_t)V_IRQ;
	kit_vmcb.rflags &= ~(uint64_t)RFLAGS_IF;
}

static void begin(void)
{
	kit_begin();
	kit_vmcb.rflags = 2 | RFLAGS_IF;
	kit_vmcb.virtual_interrupt = V_IGN_TPR;
	kit_vmcb.exit_code = EXIT_CPUID;
	armed = UINT64_MAX;
}

/* ---- Interrupts ---- */

static void an_interrupt_is_a_virtual_one_and_comes_once(void **state)
{
	(void)state;
	begin();
	kit_vcpu.halted = true;
	assert_true(svm_can_inject(&kit_vcpu));
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	assert_false(kit_vcpu.halted);
	assert_false(kit_vmcb.event_injection & EVENT_VALID);
	assert_int_equal(kit_vmcb.virtual_interrupt, V_IGN_TPR | V_IRQ | V_INTR_PRIO_HIGHEST);
	assert_int_equal(entry(), VECTOR);
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(entry(), NOTHING);
}

static void an_interrupt_that_waits_may_be_overtaken_and_no_other_is_injected(void **state)
{
	(void)state;
	begin();
	assert_false(svm_may_be_overtaken(&kit_vcpu));
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	assert_true(svm_may_be_overtaken(&kit_vcpu));
	assert_false(svm_can_inject(&kit_vcpu));
	assert_int_equal(entry(), VECTOR);
	assert_false(svm_may_be_overtaken(&kit_vcpu));
	assert_false(svm_can_inject(&kit_vcpu)); /* its handler has them off */
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_true(svm_can_inject(&kit_vcpu));
	kit_vmcb.interrupt_shadow = INTERRUPT_SHADOW;
	assert_false(svm_can_inject(&kit_vcpu));
}

static void an_exception_that_waits_is_no_interrupt(void **state)
{
	(void)state;
	begin();
	/* svm_raise() */
	kit_vmcb.event_injection = 8ull << 32 | EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | 13;
	assert_false(svm_may_be_overtaken(&kit_vcpu));
	assert_false(svm_can_inject(&kit_vcpu));
}

/* ---- HLT ---- */

static void a_halt_that_would_be_for_ever_exits(void **state)
{
	(void)state;
	begin();
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_false(svm_exit_on_hlt(&kit_vcpu, false));
	assert_false(kit_vmcb.intercept_1 & INTERCEPT_HLT);
	assert_true(svm_exit_on_hlt(&kit_vcpu, true));
	kit_vmcb.rflags &= ~(uint64_t)RFLAGS_IF;
	kit_vmcb.intercept_1 = 0;
	assert_true(svm_exit_on_hlt(&kit_vcpu, false));
	assert_true(kit_vmcb.intercept_1 & INTERCEPT_HLT);
}

/* ---- Windows ---- */

static void a_window_exits_as_soon_as_interrupts_are_on(void **state)
{
	(void)state;
	begin();
	kit_vmcb.rflags = 2;
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	assert_false(svm_may_be_overtaken(&kit_vcpu)); /* it is no interrupt */
	assert_int_equal(entry(), NOTHING);
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(entry(), EXITS);
	svm_want_window(&kit_vcpu, WINDOW_NONE);
	assert_int_equal(entry(), NOTHING);
	assert_int_equal(kit_vmcb.virtual_interrupt & V_IRQ, 0);
}

static void an_interrupt_takes_the_place_of_a_window(void **state)
{
	(void)state;
	begin();
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	assert_true(svm_can_inject(&kit_vcpu));
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	assert_int_equal(entry(), VECTOR);
}

static void a_window_behind_an_interrupt_is_its_handlers_end(void **state)
{
	(void)state;
	begin();
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	assert_int_equal(entry(), VECTOR);
	assert_true(iret_exits());
	assert_int_equal(svm_iret_exit(&kit_vcpu), VM_EXIT_WINDOW);
	svm_want_window(&kit_vcpu, WINDOW_LATER); /* what waits asks anew: V_IRQ is free */
	assert_int_equal(entry(), NOTHING);
	assert_false(iret_exits());
	assert_int_equal(entry(), EXITS);
	assert_int_equal(kit_vmcb.exit_code, EXIT_VINTR);
}

static void the_interrupt_is_not_lost_to_a_window_that_is_given_up(void **state)
{
	(void)state;
	begin();
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	svm_want_window(&kit_vcpu, WINDOW_NONE);
	assert_int_equal(entry(), VECTOR);
	assert_false(iret_exits());
}

static void an_iret_exits_once_for_an_interrupt_that_still_waits(void **state)
{
	(void)state;
	begin();
	svm_inject_nmi(&kit_vcpu);
	/* behind the NMI, whose handler has interrupts off */
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	assert_int_equal(entry(), VECTOR_NMI);
	assert_true(iret_exits());
	(void)svm_iret_exit(&kit_vcpu);
	assert_true(svm_may_be_overtaken(&kit_vcpu));
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	assert_int_equal(entry(), NOTHING);
	assert_false(iret_exits());
	assert_int_equal(entry(), VECTOR);
}

/* ---- A window that an interrupt of the controller's has wiped out ---- */

static void a_window_that_is_wiped_out_is_there_after_the_next_exit(void **state)
{
	(void)state;
	begin();
	kit_vmcb.rflags = 2;
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	for (unsigned times = 0; times < 3; times++) {
		kit_vmcb.rflags |= RFLAGS_IF;
		chip_interrupt();
		assert_int_equal(entry(), NOTHING);
		kit_vmcb.rflags |= RFLAGS_IF;
		assert_int_equal(entry(), NOTHING);       /* it is gone */
		svm_want_window(&kit_vcpu, WINDOW_LATER); /* any exit: what waits asks anew */
		assert_int_equal(entry(), EXITS);
	}
}

static void a_window_that_is_wiped_out_leaves_room_for_the_interrupt(void **state)
{
	(void)state;
	begin();
	kit_vmcb.rflags = 2;
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	kit_vmcb.rflags |= RFLAGS_IF;
	chip_interrupt();
	assert_false(svm_may_be_overtaken(&kit_vcpu));
	assert_false(svm_can_inject(&kit_vcpu)); /* the handler has interrupts off */
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_true(svm_can_inject(&kit_vcpu));
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	assert_int_equal(entry(), VECTOR);
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(entry(), NOTHING);
}

/* The exception comes first, and its handler is where the controller's interrupt comes. */
static void a_window_behind_an_exception_is_asked_for_again(void **state)
{
	(void)state;
	begin();
	kit_vmcb.event_injection = EVENT_VALID | EVENT_EXCEPTION | 6;
	svm_want_window(&kit_vcpu, WINDOW_SOON);
	assert_int_equal(entry(), 6);
	kit_vmcb.rflags |= RFLAGS_IF;
	chip_interrupt();
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(entry(), NOTHING);
	svm_want_window(&kit_vcpu, WINDOW_SOON);
	assert_false(kit_vcpu.timer_due); /* no interrupt stands before it */
	assert_int_equal(entry(), EXITS);
}

static void end_of_slice(void);

/* Its handler may be left by no IRET. */
static void one_that_is_deliverable_beside_an_interrupt_ends_the_slice_at_once(void **state)
{
	(void)state;
	begin();
	svm_inject_interrupt(&kit_vcpu, VECTOR);
	svm_want_window(&kit_vcpu, WINDOW_LATER);
	assert_false(kit_vcpu.timer_due);
	svm_want_window(&kit_vcpu, WINDOW_SOON);
	assert_int_equal(entry(), VECTOR);
	end_of_slice();
	svm_want_window(&kit_vcpu, WINDOW_SOON); /* a window, now that V_IRQ is free */
	assert_false(kit_vcpu.timer_due);
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(entry(), EXITS);
}

/* ---- NMIs ---- */

static void end_of_slice(void)
{
	assert_true(kit_vcpu.timer_due && kit_vcpu.timer_left == 0);
	kit_vcpu.timer_due = false;
	assert_true(svm_nmi_window(&kit_vcpu));
	assert_int_equal(armed, 1000); /* what was left of the slice */
	assert_false(svm_nmi_window(&kit_vcpu));
}

static void a_virtual_nmi_blocks_no_physical_one(void **state)
{
	(void)state;
	begin();
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(kit_vmcb.event_injection, EVENT_VALID | EVENT_INTERRUPT | VECTOR_NMI);
	svm_caps.doubled_event = true;
	begin();
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(kit_vmcb.event_injection, EVENT_VALID | EVENT_NMI | VECTOR_NMI);
	svm_caps.doubled_event = false;
}

static void the_next_nmi_waits_for_the_iret_and_comes_behind_it(void **state)
{
	(void)state;
	begin();
	kit_vmcb.rip = IRET_AT;
	assert_false(svm_nmis_blocked(&kit_vcpu));
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(entry(), VECTOR_NMI);
	assert_true(svm_nmis_blocked(&kit_vcpu));
	assert_false(svm_inject_nmi(&kit_vcpu));
	assert_false(kit_vcpu.timer_due); /* for however long: the IRET exits */
	assert_true(iret_exits());
	assert_int_equal(svm_iret_exit(&kit_vcpu), VM_EXIT_WAKE);
	assert_false(svm_inject_nmi(&kit_vcpu)); /* it has not been executed */
	end_of_slice();                          /* too early */
	assert_false(svm_inject_nmi(&kit_vcpu));
	assert_false(iret_exits());
	assert_true(svm_nmis_blocked(&kit_vcpu));
	kit_vmcb.rip = IRET_AT + 0x1000;
	assert_false(svm_nmis_blocked(&kit_vcpu));
	end_of_slice();
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(entry(), VECTOR_NMI);
}

/* For ever: slices go on, and no event of type NMI is ever injected. */
static void a_handler_without_an_iret_holds_nothing_but_its_own_nmis(void **state)
{
	(void)state;
	begin();
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(entry(), VECTOR_NMI);
	for (unsigned turn = 0; turn < 1000; turn++) {
		assert_false(svm_inject_nmi(&kit_vcpu));
		svm_set_timer(&kit_vcpu, 1000);
		assert_true(kit_vcpu.timer_due);
		assert_int_equal(kit_vcpu.timer_left, 1000); /* nothing cuts the slice short */
		kit_vmcb.rflags |= RFLAGS_IF;                /* by STI, or by a jump elsewhere */
		assert_true(svm_can_inject(&kit_vcpu));
		svm_inject_interrupt(&kit_vcpu, VECTOR);
		assert_int_equal(entry(), VECTOR);
		assert_int_equal(kit_vmcb.event_injection & EVENT_VALID, 0);
	}
}

/* The IRET exits, and is executed, whatever comes of it: another place is the guest's next. */
static void an_iret_that_faults_ends_the_handler(void **state)
{
	(void)state;
	begin();
	kit_vmcb.rip = IRET_AT;
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(entry(), VECTOR_NMI);
	assert_true(iret_exits());
	(void)svm_iret_exit(&kit_vcpu);
	kit_vmcb.rip = 0x9000; /* the guest's handler of the fault */
	assert_true(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(entry(), VECTOR_NMI);
}

/* The exit came while the NMI was delivered: its frame lies in absent memory. */
static void an_nmi_that_an_exit_interrupts_is_put_back_and_blocks_none(void **state)
{
	(void)state;
	begin();
	assert_true(svm_inject_nmi(&kit_vcpu));
	uint64_t event = kit_vmcb.event_injection;
	assert_int_equal(entry(), VECTOR_NMI);
	kit_vmcb.exit_interruption = event;
	svm_requeue_event(&kit_vcpu);
	assert_int_equal(kit_vmcb.event_injection, EVENT_VALID | EVENT_INTERRUPT | VECTOR_NMI);
	assert_false(svm_inject_nmi(&kit_vcpu)); /* one at a time */
	assert_int_equal(entry(), VECTOR_NMI);
	assert_true(iret_exits());
}

static void an_nmi_waits_for_another_event_and_for_a_shadow(void **state)
{
	(void)state;
	begin();
	kit_vmcb.event_injection = EVENT_VALID | EVENT_EXCEPTION | 6;
	assert_false(svm_inject_nmi(&kit_vcpu));
	assert_int_equal(entry(), 6);
	end_of_slice();
	assert_true(svm_inject_nmi(&kit_vcpu));
	begin();
	kit_vmcb.interrupt_shadow = INTERRUPT_SHADOW;
	assert_false(svm_inject_nmi(&kit_vcpu));
	svm_set_timer(&kit_vcpu, 1000); /* a new slice: the window comes first all the same */
	kit_vmcb.interrupt_shadow = 0;
	end_of_slice();
	assert_true(svm_inject_nmi(&kit_vcpu));
}

static void a_guest_has_an_interrupt_table_when_it_has_loaded_one(void **state)
{
	(void)state;
	begin();
	kit_vmcb.idtr = (struct vmcb_segment){ 0, 0, 0xffff, 0 };
	assert_false(svm_has_interrupt_table(&kit_vcpu));
	kit_vmcb.idtr.base = 0x5000;
	assert_true(svm_has_interrupt_table(&kit_vcpu));
	kit_vmcb.idtr = (struct vmcb_segment){ 0, 0, 0x3ff, 0 };
	assert_true(svm_has_interrupt_table(&kit_vcpu));
}

/* ---- What an exit has interrupted ---- */

/* The exit came while this was delivered: what the next entry injects. */
static uint64_t after(uint64_t interrupted)
{
	begin();
	kit_vmcb.exit_interruption = interrupted;
	svm_requeue_event(&kit_vcpu);
	return kit_vmcb.event_injection;
}

static void events_are_put_back_as_they_were(void **state)
{
	static const uint64_t events[] = {
		EVENT_VALID | EVENT_INTERRUPT | VECTOR,
		EVENT_VALID | EVENT_NMI | VECTOR_NMI,
		EVENT_VALID | EVENT_EXCEPTION | 6,
		0x1234ull << 32 | EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | 14,
		EVENT_VALID | EVENT_INTERRUPT | VECTOR_NMI, /* a virtual NMI */
	};

	(void)state;
	svm_caps.wrong_event = false;
	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		assert_int_equal(after(events[i]), events[i]);
	assert_int_equal(after(EVENT_INTERRUPT | VECTOR), 0); /* nothing was interrupted */
}

static void what_an_instruction_raised_it_raises_again(void **state)
{
	(void)state;
	assert_int_equal(after(EVENT_VALID | EVENT_SOFTWARE | 0x80), 0);
	assert_int_equal(after(EVENT_VALID | EVENT_EXCEPTION | 3), 0); /* INT3 */
	assert_int_equal(after(EVENT_VALID | EVENT_EXCEPTION | 4), 0); /* INTO */
}

static void an_interrupt_that_is_called_an_exception_is_one_again(void **state)
{
	(void)state;
	svm_caps.wrong_event = true;
	assert_int_equal(after(EVENT_VALID | EVENT_EXCEPTION | VECTOR), 0);
	assert_true(svm_may_be_overtaken(&kit_vcpu)); /* the controller's own are kept away */
	assert_int_equal(entry(), VECTOR);
	kit_vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(entry(), NOTHING);
	assert_int_equal(after(EVENT_VALID | EVENT_EXCEPTION | VECTOR_NMI),
	                 EVENT_VALID | EVENT_NMI | VECTOR_NMI);
	assert_int_equal(after(EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | 14),
	                 EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | 14);
	svm_caps.wrong_event = false;
}

static void a_virtual_interrupt_that_stands_still_is_not_put_back_as_well(void **state)
{
	(void)state;
	svm_caps.wrong_event = true;
	begin();
	svm_inject_interrupt(&kit_vcpu, 8);
	kit_vmcb.exit_interruption = EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR |
	                             8; /* as QEMU has it of the timer's vector */
	svm_requeue_event(&kit_vcpu);
	assert_int_equal(kit_vmcb.event_injection, 0);
	assert_int_equal(entry(), 8);
	svm_caps.wrong_event = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_halt_that_would_be_for_ever_exits),
		cmocka_unit_test(an_interrupt_is_a_virtual_one_and_comes_once),
		cmocka_unit_test(an_interrupt_that_waits_may_be_overtaken_and_no_other_is_injected),
		cmocka_unit_test(an_exception_that_waits_is_no_interrupt),
		cmocka_unit_test(a_window_exits_as_soon_as_interrupts_are_on),
		cmocka_unit_test(an_interrupt_takes_the_place_of_a_window),
		cmocka_unit_test(a_window_behind_an_interrupt_is_its_handlers_end),
		cmocka_unit_test(the_interrupt_is_not_lost_to_a_window_that_is_given_up),
		cmocka_unit_test(
			one_that_is_deliverable_beside_an_interrupt_ends_the_slice_at_once),
		cmocka_unit_test(an_iret_exits_once_for_an_interrupt_that_still_waits),
		cmocka_unit_test(a_virtual_nmi_blocks_no_physical_one),
		cmocka_unit_test(the_next_nmi_waits_for_the_iret_and_comes_behind_it),
		cmocka_unit_test(a_window_that_is_wiped_out_is_there_after_the_next_exit),
		cmocka_unit_test(a_window_that_is_wiped_out_leaves_room_for_the_interrupt),
		cmocka_unit_test(a_window_behind_an_exception_is_asked_for_again),
		cmocka_unit_test(a_handler_without_an_iret_holds_nothing_but_its_own_nmis),
		cmocka_unit_test(an_iret_that_faults_ends_the_handler),
		cmocka_unit_test(an_nmi_that_an_exit_interrupts_is_put_back_and_blocks_none),
		cmocka_unit_test(an_nmi_waits_for_another_event_and_for_a_shadow),
		cmocka_unit_test(a_guest_has_an_interrupt_table_when_it_has_loaded_one),
		cmocka_unit_test(events_are_put_back_as_they_were),
		cmocka_unit_test(what_an_instruction_raised_it_raises_again),
		cmocka_unit_test(an_interrupt_that_is_called_an_exception_is_one_again),
		cmocka_unit_test(a_virtual_interrupt_that_stands_still_is_not_put_back_as_well),
	};

	return cmocka_run_group_tests_name("svm_event", tests, NULL, NULL);
}
