/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor of VMX: what exits, what a reset forgets, what moves when another one is
 * loaded, and what an exit interrupted.
 *
 * Rule: the back end's own vcpu.c, event.c and timer.c, beside a VMCS and registers of the test's.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <string.h>

enum { FIELDS = HOST_RIP + 1 };

/* The processor: control registers, and a current VMCS. */
static uint64_t cr2, vmcs_fields[FIELDS], current_vmcs;
static unsigned cleared, invalidated, debug_switches, msr_loads;
static uint64_t kernel_gs;
static const uint64_t *invalidated_ept;

enum {
	IA32_KERNEL_GS_BASE = 0xc0000102,
	CR0_NE = 1 << 5,
	CR0_CD = 1 << 30,
	CR4_MCE = 1 << 6,
	RFLAGS_IF = 1 << 9
};

#define ANY (UINT64_C(0xffffffff) << 32)

struct vmx_capabilities vmx_caps;
struct platform platform;
uint64_t guest_cr4_allowed = 0x7f0;
const struct guest_msr_device *guest_msr_device;
const void *entry_ready;
uint64_t fake_tsc;
volatile uint32_t nmi_count;
static int task_result;
static unsigned task_calls, quirk_calls;
char vmx_host_rip[1], vmx_host_frame[1];

static struct vcpu a, b;
static uint64_t ept_a[1], ept_b[1];

uint64_t vmcs_read(enum vmcs_field field)
{
	return vmcs_fields[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs_fields[field] = value;
}

int vmcs_clear(uint64_t physical)
{
	(void)physical;
	cleared++;
	return 0;
}

void vmcs_load(const uint64_t *physical)
{
	current_vmcs = *physical;
}

uint64_t cr0_read(void)
{
	return 0x80000031;
}

uint64_t cr2_read(void)
{
	return cr2;
}

uint64_t cr3_read(void)
{
	return 0x1000;
}

uint64_t cr4_read(void)
{
	return 0x2020;
}

void cr2_write(uint64_t value)
{
	cr2 = value;
}

void nmi_unblock(void)
{
}

uint64_t msr_read(uint32_t msr)
{
	return msr == IA32_KERNEL_GS_BASE ? kernel_gs : msr;
}

void msr_write(uint32_t msr, uint64_t value)
{
	assert_int_equal(msr, IA32_KERNEL_GS_BASE);
	kernel_gs = value;
}

uint64_t tables_tss_base(void)
{
	return 0;
}

uint64_t tables_gdt_base(void)
{
	return 0;
}

uint64_t tables_idt_base(void)
{
	return 0;
}

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	(void)bytes;
	(void)align;
	return NULL;
}

uint64_t *ept_create(void)
{
	return NULL;
}

uint64_t ept_pointer(const uint64_t *pml4)
{
	return (uint64_t)pml4;
}

int ept_absent(uint64_t *pml4)
{
	(void)pml4;
	return 0;
}

int ept_absent_page(uint64_t *pml4, uint64_t guest)
{
	(void)pml4;
	(void)guest;
	return 0;
}

int ept_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes)
{
	(void)pml4;
	(void)guest;
	(void)bytes;
	return 0;
}

int ept_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable)
{
	(void)pml4;
	(void)guest;
	(void)host;
	(void)bytes;
	(void)writable;
	(void)executable;
	return 0;
}

void ept_invalidate(const uint64_t *pml4)
{
	invalidated++;
	invalidated_ept = pml4;
}

uint64_t msr_bitmap_create(void)
{
	return 0;
}

void guest_registers_reset(struct guest_registers *r)
{
	*r = (struct guest_registers){ 0 };
}

void guest_registers_load(const struct guest_registers *r)
{
	(void)r;
	msr_loads++;
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

void guest_debug_switch(struct guest_state *from, const struct guest_state *to)
{
	(void)from;
	(void)to;
	debug_switches++;
}

void quirk_entry_with_if_clear(struct vcpu *v, bool on)
{
	(void)v;
	(void)on;
}

void quirk_before_entry(struct vcpu *v)
{
	(void)v;
	quirk_calls++;
}

int task_go_on(struct vcpu *v)
{
	task_calls++;
	if (task_result != -EINTR)
		v->change.step = 0;
	return task_result;
}

static int begin(void **state)
{
	(void)state;
	memset(vmcs_fields, 0, sizeof(vmcs_fields));
	vmx_caps = (struct vmx_capabilities){ .pin = ANY,
		                              .primary = ANY,
		                              .secondary = ANY,
		                              .exit = ANY,
		                              .entry = ANY,
		                              .cr4_fixed1 = UINT64_MAX };
	a = (struct vcpu){ .name = "a", .vmcs = 0x10000, .ept = ept_a, .vpid = 1 };
	b = (struct vcpu){ .name = "b", .vmcs = 0x20000, .ept = ept_b, .vpid = 2 };
	vmx_loaded = NULL;
	cr2 = 0;
	cleared = invalidated = debug_switches = msr_loads = 0;
	kernel_gs = 0;
	task_calls = quirk_calls = 0;
	return 0;
}

/* ---- A reset ---- */

static void R18_exceptions_that_can_nest_for_ever_exit(void **state)
{
	(void)state;
	vmx_reset(&a, 0x1000, 1, 2);
	assert_int_equal(vmcs_fields[EXCEPTION_BITMAP] & ~(1u << 16),
	                 1u << 18 | 1u << 17 | 1u << 1); /* #MC, #AC, #DB */
}

/* The guest reads NE clear at first, as on a PC: its errors are interrupts. On the processor NE is
 * set. */
static void R01_an_x87_error_of_a_guest_that_has_ne_clear_exits(void **state)
{
	(void)state;
	vmx_caps.cr0_fixed0 = 0x80000021;
	vmx_reset(&a, 0x1000, 1, 2);
	assert_int_equal(vmcs_fields[CR0_SHADOW], 0x11);
	assert_int_equal(vmcs_fields[GUEST_CR0], 0x31);
	assert_true(vmcs_fields[CR0_MASK] & CR0_NE);
	assert_true(vmcs_fields[EXCEPTION_BITMAP] & 1u << 16);
	vmx_set_exceptions(true);
	assert_false(vmcs_fields[EXCEPTION_BITMAP] & 1u << 16);
}

static void R01_what_reaches_beyond_the_guest_exits(void **state)
{
	(void)state;
	const uint32_t wanted = CPU_HLT_EXITING | CPU_MWAIT_EXITING | CPU_MONITOR_EXITING |
	                        CPU_RDPMC_EXITING | CPU_CR8_LOAD_EXITING | CPU_CR8_STORE_EXITING |
	                        CPU_MOV_DR_EXITING | CPU_IO_BITMAPS | CPU_MSR_BITMAPS |
	                        CPU_SECONDARY;

	vmx_reset(&a, 0x1000, 1, 2);
	assert_int_equal(vmcs_fields[PRIMARY_CONTROLS], wanted);
	assert_int_equal(vmcs_fields[PIN_CONTROLS], PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	assert_true(vmcs_fields[SECONDARY_CONTROLS] & CPU2_EPT);
	assert_int_equal(vmcs_fields[EPT_POINTER], (uint64_t)ept_a);
	assert_true(vmcs_fields[CR0_MASK] & CR0_CD);
	assert_int_equal(vmcs_fields[CR4_MASK], ~(guest_cr4_allowed & ~(uint64_t)CR4_MCE));
}

static void R01_a_reset_forgets_translations(void **state)
{
	(void)state;
	vmx_reset(&b, 0x1000, 1, 2);
	assert_int_equal(invalidated, 1);
	assert_ptr_equal(invalidated_ept, ept_b);
}

/* The guest's state in a VMCS, but for PAE's pointers, which paging loads, and the timer; and the
 * controls. */
static const unsigned decided[][2] = {
	{ GUEST_ES_SELECTOR, GUEST_TR_SELECTOR },
	{ IO_BITMAP_A, MSR_BITMAP },
	{ VMCS_LINK_POINTER, GUEST_EFER },
	{ PIN_CONTROLS, ENTRY_INTERRUPTION },
	{ GUEST_ES_LIMIT, GUEST_ACTIVITY },
	{ GUEST_SYSENTER_CS, GUEST_SYSENTER_CS },
	{ CR0_MASK, CR4_SHADOW },
	{ GUEST_CR0, GUEST_SYSENTER_EIP },
};

/* Two lives that differ in all there is. */
static void R01_a_reset_leaves_nothing_of_the_life_before(void **state)
{
	static uint64_t first[FIELDS];
	static struct vcpu kept;

	for (unsigned life = 0; life < 2; life++) {
		begin(state);
		for (unsigned i = 0; i < FIELDS; i++)
			vmcs_fields[i] = life ? 0x5aa5000000000000 + i : 0;
		memset(&a.regs, life ? 0x77 : 0, sizeof(a.regs));
		a.registers.used = a.lazy_state = life;
		a.cr2 = a.kernel_gs = a.change.step = life;
		vmx_reset(&a, 0x1000, 1, 2);
		if (life == 0) {
			memcpy(first, vmcs_fields, sizeof(first));
			kept = a;
		}
	}
	assert_memory_equal(&kept, &a, sizeof(a));
	for (unsigned i = 0; i < sizeof(decided) / sizeof(decided[0]); i++)
		for (unsigned field = decided[i][0]; field <= decided[i][1]; field += 2)
			if (first[field] != vmcs_fields[field])
				fail_msg("field %04x is left", field);
}

static void R01_a_reset_puts_the_other_ones_rare_registers_away(void **state)
{
	(void)state;
	vmx_load(&a);
	debug_switches = msr_loads = 0;
	cr2 = 0xaaaa;
	kernel_gs = 0x6500;
	vmx_reset(&b, 0x1000, 1, 2);
	assert_int_equal(debug_switches, 2); /* a's away, b's in */
	assert_int_equal(msr_loads, 1);
	assert_int_equal(a.cr2, 0xaaaa);
	assert_int_equal(a.kernel_gs, 0x6500);
	assert_int_equal(cr2 | kernel_gs, 0);
	assert_int_equal(cleared, 1);
	assert_int_equal(current_vmcs, b.vmcs);
	assert_int_equal(vmcs_fields[GUEST_RIP], 0x1000);
	assert_int_equal(b.regs.rax, 1);
	assert_int_equal(b.regs.rbx, 2);
}

/* ---- A switch ---- */

static void R01_each_guest_has_a_cr2_of_its_own(void **state)
{
	(void)state;
	vmx_load(&a);
	cr2 = 0xaaaa; /* a page fault of a's */
	vmx_load(&b);
	assert_int_equal(cr2, 0);
	cr2 = 0xbbbb;
	vmx_load(&a);
	assert_int_equal(cr2, 0xaaaa);
	vmx_load(&b);
	assert_int_equal(cr2, 0xbbbb);
}

static void R01_what_a_guest_left_in_the_processor_is_gone_at_its_restart(void **state)
{
	(void)state;
	vmx_load(&a);
	cr2 = 0xaaaa;
	kernel_gs = 0x6500;
	msr_loads = 0;
	vmx_reset(&a, 0x1000, 1, 2);
	assert_int_equal(cr2 | kernel_gs | a.cr2 | a.kernel_gs, 0);
	assert_int_equal(msr_loads, 1);
}

static void R01_each_guest_has_a_kernel_gs_base_of_its_own_though_swapgs_does_not_exit(void **state)
{
	(void)state;
	vmx_load(&a);
	kernel_gs = 0x6500; /* by a's SWAPGS */
	vmx_load(&b);
	assert_int_equal(kernel_gs, 0);
	kernel_gs = 0x7700;
	vmx_load(&a);
	assert_int_equal(kernel_gs, 0x6500);
	vmx_load(&b);
	assert_int_equal(kernel_gs, 0x7700);
}

static void R01_rare_registers_move_where_either_uses_them(void **state)
{
	(void)state;
	vmx_load(&a);
	debug_switches = msr_loads = 0;
	vmx_load(&b);
	assert_int_equal(debug_switches + msr_loads, 0);
	a.lazy_state = true;
	vmx_load(&a);
	vmx_load(&b);
	assert_int_equal(debug_switches, 2);
	assert_int_equal(msr_loads, 2);
}

/* ---- Events ---- */

static void interrupted(uint64_t event)
{
	vmcs_fields[IDT_VECTORING] = event;
	vmcs_fields[ENTRY_INTERRUPTION] = 0;
	vmx_requeue_event(&a);
}

static void an_event_is_put_back_with_what_belongs_to_it(void **state)
{
	(void)state;
	vmcs_fields[IDT_VECTORING_ERROR] = 6;
	vmcs_fields[EXIT_INSTRUCTION_LENGTH] = 2;
	interrupted(INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR | 1 << 12 |
	            14);
	assert_int_equal(vmcs_fields[ENTRY_INTERRUPTION],
	                 INTERRUPTION_VALID | INTERRUPTION_EXCEPTION | INTERRUPTION_ERROR | 14);
	assert_int_equal(vmcs_fields[ENTRY_ERROR_CODE], 6);
	assert_int_equal(vmcs_fields[ENTRY_INSTRUCTION_LENGTH], 2);
	interrupted(0);
	assert_int_equal(vmcs_fields[ENTRY_INTERRUPTION], 0);
}

static void an_nmi_is_not_blocked_by_its_own_first_try(void **state)
{
	(void)state;
	vmcs_fields[GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_NMI;
	interrupted(INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
	assert_int_equal(vmcs_fields[GUEST_INTERRUPTIBILITY], 0);
	assert_int_equal(vmcs_fields[ENTRY_INTERRUPTION],
	                 INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
}

static void an_iret_that_comes_again_has_nmis_blocked_again(void **state)
{
	(void)state;
	vmcs_fields[EXIT_REASON] = 48;
	vmcs_fields[EXIT_QUALIFICATION] = 1 << 12;
	interrupted(0);
	assert_int_equal(vmcs_fields[GUEST_INTERRUPTIBILITY], INTERRUPTIBILITY_NMI);
}

static void an_nmi_waits_for_its_window(void **state)
{
	(void)state;
	vmcs_fields[GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_STI;
	assert_false(vmx_inject_nmi(&a));
	assert_true(vmcs_fields[PRIMARY_CONTROLS] & CPU_NMI_WINDOW);
	vmcs_fields[GUEST_INTERRUPTIBILITY] = 0;
	assert_true(vmx_inject_nmi(&a));
	assert_false(vmcs_fields[PRIMARY_CONTROLS] & CPU_NMI_WINDOW);
	assert_int_equal(vmcs_fields[ENTRY_INTERRUPTION],
	                 INTERRUPTION_VALID | INTERRUPTION_NMI | 2);
	assert_false(vmx_inject_nmi(&a)); /* one event an entry */
	assert_false(vmx_nmis_blocked(&a));
	vmcs_fields[GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_NMI; /* its handler runs */
	assert_true(vmx_nmis_blocked(&a));
}

static void an_interrupt_waits_for_shadows_and_other_events(void **state)
{
	(void)state;
	assert_false(vmx_can_inject(&a));
	vmcs_fields[GUEST_RFLAGS] = RFLAGS_IF;
	assert_true(vmx_can_inject(&a));
	vmcs_fields[GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_MOV_SS;
	assert_false(vmx_can_inject(&a));
	vmcs_fields[GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_STI;
	assert_false(vmx_can_inject(&a));
	vmcs_fields[GUEST_INTERRUPTIBILITY] = 0;
	vmcs_fields[GUEST_ACTIVITY] = ACTIVITY_HLT;
	vmx_inject_interrupt(&a, 0x33);
	assert_int_equal(vmcs_fields[ENTRY_INTERRUPTION],
	                 INTERRUPTION_VALID | INTERRUPTION_EXTERNAL | 0x33);
	assert_int_equal(vmcs_fields[GUEST_ACTIVITY], ACTIVITY_ACTIVE);
	assert_false(vmx_can_inject(&a));
}

/* A switch is under way, as task_begin() leaves it. */
static void change_task(struct vcpu *v)
{
	v->change.step = 3;
	v->entry_is_slow = true;
	entry_ready = NULL;
}

static void a_task_switch_comes_before_the_entry(void **state)
{
	(void)state;
	vmx_load(&a);
	assert_int_equal(vmx_settle(&a), 0);
	assert_ptr_equal(entry_ready, &a);
	change_task(&a);
	task_result = -EINTR;
	assert_int_equal(vmx_settle(&a), -EINTR);
	assert_null(entry_ready);
	assert_int_equal(vmx_settle(&b), 0); /* another VM's turn */
	assert_ptr_equal(entry_ready, &b);
	task_result = 0;
	assert_int_equal(vmx_settle(&a), 0);
	assert_ptr_equal(entry_ready, &a);
	assert_int_equal(task_calls, 2);
	change_task(&a);
	task_result = -EFAULT;
	assert_int_equal(vmx_settle(&a), -EFAULT);
	assert_null(entry_ready);
}

static void a_task_switch_is_forgotten_at_a_reset(void **state)
{
	(void)state;
	change_task(&a);
	vmx_reset(&a, 0x1000, 1, 2);
	assert_int_equal(vmx_settle(&a), 0);
	assert_ptr_equal(entry_ready, &a);
	assert_int_equal(task_calls, 0);
}

static void the_quirk_waits_for_the_end_of_a_task_switch(void **state)
{
	(void)state;
	a.entry_with_if_clear = true;
	change_task(&a);
	task_result = -EINTR;
	assert_int_equal(vmx_settle(&a), -EINTR);
	assert_int_equal(quirk_calls, 0);
	task_result = 0;
	assert_int_equal(vmx_settle(&a), 0);
	assert_int_equal(vmx_settle(&a), 0);
	assert_int_equal(quirk_calls, 2);
	assert_null(entry_ready);
}

static void R18_the_slice_timer_counts_in_its_own_unit(void **state)
{
	(void)state;
	vmx_caps.timer_shift = 5;
	vmx_set_timer(&a, 3200);
	assert_int_equal(vmcs_fields[PREEMPTION_TIMER], 100);
	assert_true(vmcs_fields[PIN_CONTROLS] & PIN_PREEMPTION_TIMER);
	assert_true(vmcs_fields[EXIT_CONTROLS] & EXIT_SAVE_TIMER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R18_exceptions_that_can_nest_for_ever_exit, begin),
		cmocka_unit_test_setup(R01_an_x87_error_of_a_guest_that_has_ne_clear_exits, begin),
		cmocka_unit_test_setup(R01_what_reaches_beyond_the_guest_exits, begin),
		cmocka_unit_test_setup(R01_a_reset_forgets_translations, begin),
		cmocka_unit_test_setup(R01_a_reset_leaves_nothing_of_the_life_before, begin),
		cmocka_unit_test_setup(R01_a_reset_puts_the_other_ones_rare_registers_away, begin),
		cmocka_unit_test_setup(R01_each_guest_has_a_cr2_of_its_own, begin),
		cmocka_unit_test_setup(
			R01_what_a_guest_left_in_the_processor_is_gone_at_its_restart, begin),
		cmocka_unit_test_setup(
			R01_each_guest_has_a_kernel_gs_base_of_its_own_though_swapgs_does_not_exit,
			begin),
		cmocka_unit_test_setup(R01_rare_registers_move_where_either_uses_them, begin),
		cmocka_unit_test_setup(an_event_is_put_back_with_what_belongs_to_it, begin),
		cmocka_unit_test_setup(an_nmi_is_not_blocked_by_its_own_first_try, begin),
		cmocka_unit_test_setup(an_iret_that_comes_again_has_nmis_blocked_again, begin),
		cmocka_unit_test_setup(an_nmi_waits_for_its_window, begin),
		cmocka_unit_test_setup(an_interrupt_waits_for_shadows_and_other_events, begin),
		cmocka_unit_test_setup(a_task_switch_comes_before_the_entry, begin),
		cmocka_unit_test_setup(a_task_switch_is_forgotten_at_a_reset, begin),
		cmocka_unit_test_setup(the_quirk_waits_for_the_end_of_a_task_switch, begin),
		cmocka_unit_test_setup(R18_the_slice_timer_counts_in_its_own_unit, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
