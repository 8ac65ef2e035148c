/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mask accesses that the back end carries out itself: what the guest, the chip and the counters
 * have afterwards, and each access that is left to the run loop with nothing changed.
 *
 * Rule: the back end's own code enters a guest that is a list of exits.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/quick_ports.h"
#include "arch/x86/virt/vmx/enter.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <string.h>

enum { FIELDS = HOST_RIP + 1, REASON_CPUID = 10, REASON_IO = 30, REASON_MSR = 31, LENGTH = 2 };
enum { OUT_21 = 0x21 << 16, OUT_A1 = 0xa1 << 16, IN = 1 << 3, STRING = 1 << 4, IMMEDIATE = 1 << 6 };
enum { RFLAGS_TF = 1 << 8, RIP = 0x1000, STI_SHADOW = 1 };

struct vmx_capabilities vmx_caps;
struct platform platform;
struct vcpu *vmx_loaded;
const void *entry_ready;
static uint64_t vmcs[FIELDS], counters[VM_EXIT_COUNT + 1];
static struct vcpu v;
static uint8_t chip[2], noted[2], guest[2];
static unsigned reads, writes, entries, nmi_before;

/* The exits to come, in turn: an I/O exit with this qualification and AL, or another reason. */
struct played {
	uint32_t reason, qualification;
	uint8_t al;
};
static const struct played *next;

uint64_t vmcs_read(enum vmcs_field field)
{
	return vmcs[field];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	vmcs[field] = value;
}

uint8_t io_in8(uint16_t port)
{
	reads++;
	return chip[port >> 7];
}

void io_out8(uint16_t port, uint8_t value)
{
	writes++;
	chip[port >> 7] = value;
}

int vmx_settle(struct vcpu *vcpu)
{
	entry_ready = vcpu;
	return 0;
}

bool quirk_timer(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

bool vmx_wrap_rip(void)
{
	return false;
}

unsigned vmx_audit(struct vcpu *vcpu)
{
	(void)vcpu;
	return 0;
}

unsigned vmx_resume(struct vcpu_regs *regs)
{
	if (++entries == nmi_before)
		return 1;
	vmcs[EXIT_REASON] = next->reason;
	vmcs[EXIT_QUALIFICATION] = next->qualification;
	if (next->reason == REASON_IO && !(next->qualification & IN))
		regs->rax = (regs->rax & ~(uint64_t)0xff) | next->al;
	next++;
	return 0;
}

unsigned vmx_launch(struct vcpu_regs *regs)
{
	return vmx_resume(regs);
}

/* The guest owns lines 0 and 3, and may open the cascade. Line 0 is open. */
static int begin(void **state)
{
	(void)state;
	memset(vmcs, 0, sizeof(vmcs));
	memset(counters, 0, sizeof(counters));
	v = (struct vcpu){ .regs.rax = 0x123456 };
	vmx_loaded = &v;
	vmcs[GUEST_RIP] = RIP;
	vmcs[EXIT_INSTRUCTION_LENGTH] = LENGTH;
	reads = writes = entries = nmi_before = 0;
	guest[0] = 0xfa;
	guest[1] = 0xff;
	chip[0] = noted[0] = 0xfe;
	chip[1] = noted[1] = 0xff;
	quick_ports = (struct quick_ports){ .offered = true, .left = QUICK_MOST };
	quick_ports.counters = counters;
	quick_ports.port[0] = (struct quick_port){ guest, noted, (uint8_t)~0x09, 0x0d, { 0 } };
	quick_ports.port[1] = (struct quick_port){ guest + 1, noted + 1, 0xff, 0, { 0 } };
	return 0;
}

static enum vm_exit_reason enter(const struct played *exits)
{
	next = exits;
	return vmx_enter(&v);
}

static void assert_done(unsigned accesses)
{
	assert_int_equal(vmcs[GUEST_RIP], RIP + LENGTH * accesses);
	assert_int_equal(counters[VM_EXIT_IO], accesses);
	assert_int_equal(counters[VM_EXIT_COUNT], accesses);
	assert_int_equal(quick_ports.left, QUICK_MOST - accesses);
	assert_int_equal(entries, accesses + 1);
}

static void masks_are_written_and_read(void **state)
{
	(void)state;
	const struct played exits[] = { { REASON_IO, OUT_21 | IMMEDIATE, 0xf3 },
		                        { REASON_IO, OUT_21 | IN, 0 },
		                        { REASON_IO, OUT_A1, 0xff },
		                        { REASON_CPUID, 0, 0 } };

	assert_int_equal(enter(exits), VM_EXIT_CPUID);
	assert_done(3);
	assert_int_equal(guest[0], 0xf3);
	/* the cascade is not the guest's own input: it stays closed */
	assert_int_equal(chip[0], 0xf7);
	assert_int_equal(noted[0], 0xf7);
	assert_int_equal(writes, 1); /* the slave's mask stays as it is */
	assert_int_equal(v.regs.rax, 0x1234ff);
}

static void a_read_gives_the_guest_its_own_mask(void **state)
{
	(void)state;
	const struct played exits[] = { { REASON_IO, OUT_21 | IN, 0 }, { REASON_MSR, 0, 0 } };

	assert_int_equal(enter(exits), VM_EXIT_MSR_READ);
	assert_done(1);
	assert_int_equal(v.regs.rax, 0x1234fa);
	assert_int_equal(writes, 0);
}

/* One access that is not plain: the run loop gets the exit, and nothing has changed. */
static void assert_left(uint32_t qualification, uint8_t al)
{
	const struct played exits[] = { { REASON_IO, qualification, al } };
	const uint8_t before[] = { guest[0], noted[0], chip[0] };

	entries = 0;
	assert_int_equal(enter(exits), VM_EXIT_IO);
	assert_done(0);
	assert_int_equal(writes, 0);
	assert_int_equal(guest[0], before[0]);
	assert_int_equal(noted[0], before[1]);
	assert_int_equal(chip[0], before[2]);
}

static void other_accesses_are_the_run_loop_s(void **state)
{
	(void)state;
	assert_left(0x20 << 16, 0x20); /* a command port */
	assert_left(0xa0 << 16, 0x20); /* the slave's */
	assert_left(0x22 << 16, 0xf6); /* a port beside */
	assert_left(OUT_21 | 1, 0xf6); /* two bytes */
	assert_left(OUT_21 | STRING, 0xf6);
	assert_left(OUT_21, 0xf0); /* opens a foreign line */
	assert_left(OUT_A1, 0xfe);
}

static void a_mask_of_all_zero_is_the_run_loop_s(void **state)
{
	(void)state;
	quick_ports.port[0].closed = 0;
	quick_ports.port[0].may_open = 0xff;
	assert_left(OUT_21, 0);
}

static void an_initialised_chip_is_the_run_loop_s(void **state)
{
	(void)state;
	chip[0] = 0; /* by an ICW1 at the open command port */
	assert_left(OUT_21, 0xf6);
	assert_left(OUT_21 | IN, 0);
}

static void a_trap_behind_the_access_is_the_run_loop_s(void **state)
{
	(void)state;
	v.lazy_state = true; /* there may be a breakpoint on the port */
	assert_left(OUT_21, 0xf6);
	v.lazy_state = false;
	vmcs[GUEST_RFLAGS] = RFLAGS_TF;
	assert_left(OUT_21, 0xf6);
	vmcs[GUEST_RFLAGS] = 0;
	vmcs[GUEST_INTERRUPTIBILITY] = STI_SHADOW;
	assert_left(OUT_21, 0xf6);
}

static void an_offer_ends(void **state)
{
	(void)state;
	struct played exits[QUICK_MOST + 2];

	for (unsigned i = 0; i < QUICK_MOST + 2; i++)
		exits[i] = (struct played){ REASON_IO, OUT_21, 0xf6 };
	assert_int_equal(enter(exits), VM_EXIT_IO);
	assert_done(QUICK_MOST);
}

static void ports_taken_back_are_the_run_loop_s(void **state)
{
	(void)state;
	const struct played exits[] = { { REASON_IO, OUT_21, 0xf6 } };

	quick_ports_end();
	assert_int_equal(enter(exits), VM_EXIT_IO);
	assert_int_equal(reads + writes, 0);
	assert_int_equal(counters[VM_EXIT_IO], 0);
}

static void an_nmi_before_the_next_entry_is_told(void **state)
{
	(void)state;
	const struct played exits[] = { { REASON_IO, OUT_21, 0xf6 }, { REASON_CPUID, 0, 0 } };

	nmi_before = 2;
	assert_int_equal(enter(exits), VM_EXIT_ABORTED);
	assert_done(1);
	assert_int_equal(chip[0], 0xf6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(masks_are_written_and_read, begin),
		cmocka_unit_test_setup(a_read_gives_the_guest_its_own_mask, begin),
		cmocka_unit_test_setup(other_accesses_are_the_run_loop_s, begin),
		cmocka_unit_test_setup(a_mask_of_all_zero_is_the_run_loop_s, begin),
		cmocka_unit_test_setup(an_initialised_chip_is_the_run_loop_s, begin),
		cmocka_unit_test_setup(a_trap_behind_the_access_is_the_run_loop_s, begin),
		cmocka_unit_test_setup(an_offer_ends, begin),
		cmocka_unit_test_setup(ports_taken_back_are_the_run_loop_s, begin),
		cmocka_unit_test_setup(an_nmi_before_the_next_entry_is_told, begin),
	};

	return cmocka_run_group_tests_name("mask accesses that the back end carries out", tests,
	                                   NULL, NULL);
}
