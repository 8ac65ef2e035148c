/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mask accesses that the SVM back end carries out itself (quick_ports_cases.c), and the guest that
 * sleeps.
 *
 * Rule: the back end's own exit.c enters the guest. The VMCB is the test's.
 */
#include "tests/unit/check.h"
#include "tests/unit/quick_ports_cases.h"

#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/enter.h"
#include "arch/x86/virt/svm/svm.h"

enum { ADDRESS_64 = 1 << 9, SEGMENT_OF_DS = 3 << 10 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_RF = 1 << 16 };

struct svm_capabilities svm_caps;
struct vcpu *svm_loaded;
static struct vmcb vmcb;
static struct vcpu v;

unsigned svm_audit(struct vcpu *vcpu)
{
	(void)vcpu;
	return 0;
}

bool slice_timer_ended(void)
{
	return false;
}

bool svm_nmi_window(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

enum vm_exit_reason svm_iret_exit(struct vcpu *vcpu)
{
	(void)vcpu;
	return VM_EXIT_WAKE;
}

void svm_settle(struct vcpu *vcpu)
{
	entry_ready = vcpu;
}

void quirk_lost_shadow(struct vcpu *vcpu)
{
	(void)vcpu;
}

/* A processor tells the address size and the segment of every access (APM 2 15.10.2). */
unsigned svm_run(struct vcpu_regs *regs, struct vmcb *c)
{
	const struct played *p = cases_enter(regs);

	if (p == NULL)
		return 1;
	c->exit_code = p->kind == VM_EXIT_IO      ? EXIT_IOIO
	               : p->kind == VM_EXIT_CPUID ? EXIT_CPUID
	                                          : EXIT_MSR;
	c->exit_info_1 = 0;
	if (p->kind == VM_EXIT_IO)
		c->exit_info_1 = (uint32_t)p->port << IOIO_PORT_SHIFT | ADDRESS_64 | SEGMENT_OF_DS |
		                 (p->form & PLAYED_WORD ? 2 : 1) << IOIO_SIZE_SHIFT |
		                 (p->form & PLAYED_IN ? IOIO_IN : 0) |
		                 (p->form & PLAYED_STRING ? IOIO_STRING : 0);
	c->exit_info_2 = c->rip + CASE_LENGTH;
	return 0;
}

void back_end_begin(uint64_t rax)
{
	vmcb = (struct vmcb){ .rip = CASE_RIP };
	v = (struct vcpu){ .vmcb = &vmcb, .regs.rax = rax };
	svm_loaded = &v;
	entry_ready = &v;
}

void back_end_set(enum case_guest what, bool on)
{
	if (what == CASE_BREAKPOINTS)
		v.lazy_state = on;
	else if (what == CASE_SHADOW)
		vmcb.interrupt_shadow = on ? INTERRUPT_SHADOW : 0;
	else
		vmcb.rflags = !on ? 0 : what == CASE_SINGLE_STEP ? RFLAGS_TF : RFLAGS_RF;
}

enum vm_exit_reason back_end_enter(void)
{
	return svm_enter(&v);
}

uint64_t back_end_rip(void)
{
	return vmcb.rip;
}

uint64_t back_end_rax(void)
{
	return v.regs.rax;
}

/* The intercepts are those of the sleep until the entry returns. */
static void an_access_of_a_sleeping_guest_is_the_run_loop_s(void **state)
{
	(void)state;
	v.halted = true;
	entry_ready = NULL;
	quick_ports_assert_left(0x21, 0, 0xf6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_access_of_a_sleeping_guest_is_the_run_loop_s,
		                       quick_ports_begin),
	};
	int failed = quick_ports_cases("mask accesses that the SVM back end carries out");

	return failed + cmocka_run_group_tests_name("mask accesses of a guest that sleeps", tests,
	                                            NULL, NULL);
}
