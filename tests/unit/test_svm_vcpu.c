/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor of SVM: what exits, when its translations are flushed, what moves when
 * another one is loaded.
 *
 * Rule: the back end's own vcpu.c, beside a slice timer and registers of a few lines.
 */
#include "tests/unit/check.h"
#include "tests/unit/svm_kit.h"

#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/svm.h"

#include <string.h>

enum { PAGE_AT = 0x200000, IOPM_BYTES = 3 * PAGE }; /* APM 2 15.10.1 */

struct svm_capabilities svm_caps;
const struct guest_msr_device *guest_msr_device;
const void *entry_ready;
static uint64_t armed, left;
static unsigned debug_switches, msr_loads;
static struct vcpu other;
static struct vmcb other_vmcb;

uint64_t slice_timer_left(void)
{
	return left;
}

void slice_timer_arm(uint64_t ticks)
{
	armed = ticks;
}

int guest_state_create(struct guest_state *s)
{
	(void)s;
	return 0;
}

void guest_state_reset(struct guest_state *s)
{
	(void)s;
}

void guest_fpu_load(struct guest_state *s)
{
	(void)s;
}

void quirk_claim_breakpoints(struct vcpu *of, struct vcpu *to)
{
	(void)of;
	(void)to;
}

void guest_debug_switch(struct guest_state *from, const struct guest_state *to)
{
	(void)from;
	(void)to;
	debug_switches++;
}

void guest_registers_reset(struct guest_registers *r)
{
	*r = (struct guest_registers){ 0 };
}

void guest_registers_load(const struct guest_registers *r)
{
	assert_false(r->used);
	msr_loads++;
}

uint64_t msrpm_create(void)
{
	return 0;
}

static int begin(void **state)
{
	(void)state;
	kit_begin();
	svm_loaded = NULL;
	other_vmcb = kit_vmcb;
	other = kit_vcpu;
	other.vmcb = &other_vmcb;
	armed = left = debug_switches = msr_loads = 0;
	return 0;
}

/* ---- What exits ---- */

static void R18_exceptions_that_can_nest_for_ever_exit(void **state)
{
	(void)state;
	svm_reset(&kit_vcpu, 0x1000, 1, 2);
	assert_true(kit_vmcb.intercept_exceptions & 1u << 17); /* #AC */
	assert_true(kit_vmcb.intercept_exceptions & 1u << 1);  /* #DB */
	assert_true(kit_vmcb.intercept_exceptions & 1u << 18); /* #MC, for another reason */
}

static void R01_what_reaches_beyond_the_guest_exits(void **state)
{
	(void)state;
	svm_reset(&kit_vcpu, 0x1000, 1, 2);
	const uint32_t first = INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_CPUID | INTERCEPT_INVD |
	                       INTERCEPT_HLT | INTERCEPT_CR0_SELECTIVE | INTERCEPT_INVLPGA |
	                       INTERCEPT_IOIO | INTERCEPT_MSR | INTERCEPT_SHUTDOWN | INTERCEPT_RSM;
	const uint32_t second = INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD |
	                        INTERCEPT_VMSAVE | INTERCEPT_STGI | INTERCEPT_CLGI |
	                        INTERCEPT_SKINIT | INTERCEPT_XSETBV | INTERCEPT_RDPRU;

	assert_int_equal(kit_vmcb.intercept_1 & first, first);
	assert_int_equal(kit_vmcb.intercept_2 & second, second);
	assert_int_equal(kit_vmcb.intercept_cr_write & ~1, 1 << 8 | 1 << 4);
	assert_int_equal(kit_vmcb.intercept_dr_write, 0xffff);
	assert_int_equal(kit_vmcb.nested_paging, 1);
}

/* On the processor NE is set, or an error would be an interrupt of the machine's. */
static void R01_an_x87_error_of_a_guest_that_has_ne_clear_exits(void **state)
{
	(void)state;
	svm_reset(&kit_vcpu, 0x1000, 1, 2);
	assert_int_equal(kit_vmcb.cr0, 0x31); /* NE, ET, PE */
	assert_int_equal(svm_cr0(&kit_vcpu), 0x11);
	assert_true(kit_vmcb.intercept_exceptions & 1u << 16);
	assert_true(kit_vmcb.intercept_cr_read & kit_vmcb.intercept_cr_write & 1);
}

static void a_reset_keeps_what_the_vm_is_and_nothing_else(void **state)
{
	(void)state;
	kit_vmcb.iopm_base = 0x11000;
	kit_vmcb.msrpm_base = 0x22000;
	kit_vmcb.nested_cr3 = 0x33000;
	kit_vmcb.asid = 7;
	kit_vmcb.event_injection = EVENT_VALID | 3;
	kit_vcpu.halted = kit_vcpu.nmi_masked = true;
	svm_reset(&kit_vcpu, 0x1000, 1, 2);
	assert_int_equal(kit_vmcb.iopm_base, 0x11000);
	assert_int_equal(kit_vmcb.msrpm_base, 0x22000);
	assert_int_equal(kit_vmcb.nested_cr3, 0x33000);
	assert_int_equal(kit_vmcb.asid, 7);
	assert_int_equal(kit_vmcb.event_injection, 0);
	assert_int_equal(kit_vmcb.rip, 0x1000);
	assert_int_equal(kit_vcpu.regs.rax, 1);
	assert_int_equal(kit_vcpu.regs.rbx, 2);
	assert_false(kit_vcpu.halted || kit_vcpu.nmi_masked);
}

/* Two lives that differ in all there is, but for what the VM is. */
static void R01_a_reset_leaves_nothing_of_the_life_before(void **state)
{
	static struct vmcb first;
	static struct vcpu kept;

	for (unsigned life = 0; life < 2; life++) {
		begin(state);
		svm_loaded = &kit_vcpu;
		memset(&kit_vmcb, life ? 0x6b : 0, sizeof(kit_vmcb));
		kit_vmcb.iopm_base = kit_vmcb.msrpm_base = kit_vmcb.nested_cr3 = 0x11000;
		kit_vmcb.asid = 7;
		memset(&kit_vcpu.regs, life ? 0x77 : 0, sizeof(kit_vcpu.regs));
		memset(kit_vcpu.code, life ? 0x77 : 0, sizeof(kit_vcpu.code));
		kit_vcpu.registers.used = kit_vcpu.lazy_state = life;
		kit_vcpu.halted = kit_vcpu.ends_soon = kit_vcpu.nmi_masked = life;
		kit_vcpu.iret_exited = kit_vcpu.end_wanted = life;
		svm_reset(&kit_vcpu, 0x1000, 1, 2);
		if (life == 0) {
			first = kit_vmcb;
			kept = kit_vcpu;
		}
	}
	assert_memory_equal(&first, &kit_vmcb, sizeof(first));
	assert_memory_equal(&kept, &kit_vcpu, sizeof(kept));
}

/* ---- Translations ---- */

static void R01_a_reset_flushes_translations(void **state)
{
	(void)state;
	kit_vmcb.tlb_control = TLB_CONTROL_NONE;
	svm_reset(&kit_vcpu, 0x1000, 1, 2);
	assert_int_equal(kit_vmcb.tlb_control, TLB_CONTROL_FLUSH_ALL);
}

static void R01_memory_that_is_mapped_anew_flushes_translations(void **state)
{
	(void)state;
	kit_vmcb.tlb_control = TLB_CONTROL_NONE;
	assert_int_equal(svm_map(&kit_vcpu, PAGE_AT, (uint64_t)kit_ram(0), PAGE, true, true), 0);
	assert_int_equal(kit_vmcb.tlb_control, TLB_CONTROL_FLUSH_ALL);
	assert_ptr_equal(npt_translate(kit_vcpu.npt, PAGE_AT), kit_ram(0));
}

static void R01_an_asid_of_several_vms_is_flushed_at_each_switch(void **state)
{
	(void)state;
	kit_vmcb.tlb_control = other_vmcb.tlb_control = TLB_CONTROL_NONE;
	svm_load(&kit_vcpu);
	assert_int_equal(kit_vmcb.tlb_control, TLB_CONTROL_NONE);
	other.shares_asid = true;
	svm_load(&other);
	assert_int_equal(other_vmcb.tlb_control, TLB_CONTROL_FLUSH_ALL);
	other_vmcb.tlb_control = TLB_CONTROL_NONE;
	svm_load(&other); /* it is loaded already */
	assert_int_equal(other_vmcb.tlb_control, TLB_CONTROL_NONE);
}

/* ---- A switch ---- */

static void R01_rare_registers_move_where_either_uses_them(void **state)
{
	(void)state;
	svm_load(&kit_vcpu);
	svm_load(&other);
	assert_int_equal(debug_switches + msr_loads, 0);
	kit_vcpu.lazy_state = true;
	svm_load(&kit_vcpu);
	assert_int_equal(debug_switches, 1);
	assert_int_equal(msr_loads, 1);
	svm_load(&other);
	assert_int_equal(debug_switches, 2);
	assert_int_equal(msr_loads, 2);
}

static void a_sleeper_is_never_settled(void **state)
{
	(void)state;
	svm_load(&kit_vcpu);
	svm_settle(&kit_vcpu);
	assert_ptr_equal(entry_ready, &kit_vcpu);
	kit_vcpu.halted = true;
	svm_settle(&kit_vcpu);
	assert_null(entry_ready);
}

static void a_port_is_a_bit(void **state)
{
	static uint8_t bitmap[IOPM_BYTES];

	(void)state;
	memset(bitmap, 0xff, sizeof(bitmap));
	kit_vcpu.io_bitmap = bitmap;
	svm_open_port(&kit_vcpu, 0x3fb, true);
	assert_int_equal(bitmap[0x3fb / 8], (uint8_t) ~(1 << 3));
	svm_open_port(&kit_vcpu, 0x3fb, false);
	assert_int_equal(bitmap[0x3fb / 8], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R18_exceptions_that_can_nest_for_ever_exit, begin),
		cmocka_unit_test_setup(R01_what_reaches_beyond_the_guest_exits, begin),
		cmocka_unit_test_setup(R01_an_x87_error_of_a_guest_that_has_ne_clear_exits, begin),
		cmocka_unit_test_setup(a_reset_keeps_what_the_vm_is_and_nothing_else, begin),
		cmocka_unit_test_setup(R01_a_reset_leaves_nothing_of_the_life_before, begin),
		cmocka_unit_test_setup(R01_a_reset_flushes_translations, begin),
		cmocka_unit_test_setup(R01_memory_that_is_mapped_anew_flushes_translations, begin),
		cmocka_unit_test_setup(R01_an_asid_of_several_vms_is_flushed_at_each_switch, begin),
		cmocka_unit_test_setup(R01_rare_registers_move_where_either_uses_them, begin),
		cmocka_unit_test_setup(a_sleeper_is_never_settled, begin),
		cmocka_unit_test_setup(a_port_is_a_bit, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
