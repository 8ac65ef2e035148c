/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mask accesses that the back end carries out itself: what the guest, the chip and the counters
 * have afterwards, and each access that is left to the run loop with nothing changed.
 *
 * Rule: the back end's own code enters a guest that is a list of exits.
 */
#include "tests/unit/quick_ports_cases.h"
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/quick_ports.h"

#include <string.h>

struct platform platform;
const void *entry_ready;
static uint64_t counters[VM_EXIT_COUNT + 1];
static uint8_t chip[2], noted[2], guest[2];
static unsigned reads, writes, entries, nmi_before;
static const struct played *next;

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

const struct played *cases_enter(struct vcpu_regs *regs)
{
	if (++entries == nmi_before)
		return NULL;
	if (next->kind == VM_EXIT_IO && !(next->form & PLAYED_IN))
		regs->rax = (regs->rax & ~(uint64_t)0xff) | next->al;
	return next++;
}

/* The guest owns lines 0 and 3, and may open the cascade. Line 0 is open. */
int quick_ports_begin(void **state)
{
	(void)state;
	memset(counters, 0, sizeof(counters));
	back_end_begin(0x123456);
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
	return back_end_enter();
}

static void assert_done(unsigned accesses)
{
	assert_int_equal(back_end_rip(), CASE_RIP + CASE_LENGTH * accesses);
	assert_int_equal(counters[VM_EXIT_IO], accesses);
	assert_int_equal(counters[VM_EXIT_COUNT], accesses);
	assert_int_equal(quick_ports.left, QUICK_MOST - accesses);
	assert_int_equal(entries, accesses + 1);
}

static void masks_are_written_and_read(void **state)
{
	(void)state;
	const struct played exits[] = { { VM_EXIT_IO, 0x21, PLAYED_IMMEDIATE, 0xf3 },
		                        { VM_EXIT_IO, 0x21, PLAYED_IN, 0 },
		                        { VM_EXIT_IO, 0xa1, 0, 0xff },
		                        { VM_EXIT_CPUID, 0, 0, 0 } };

	assert_int_equal(enter(exits), VM_EXIT_CPUID);
	assert_done(3);
	assert_int_equal(guest[0], 0xf3);
	/* the cascade is not the guest's own input: it stays closed */
	assert_int_equal(chip[0], 0xf7);
	assert_int_equal(noted[0], 0xf7);
	assert_int_equal(writes, 1); /* the slave's mask stays as it is */
	assert_int_equal(back_end_rax(), 0x1234ff);
}

static void a_read_gives_the_guest_its_own_mask(void **state)
{
	(void)state;
	const struct played exits[] = { { VM_EXIT_IO, 0x21, PLAYED_IN, 0 },
		                        { VM_EXIT_MSR_READ, 0, 0, 0 } };

	assert_int_equal(enter(exits), VM_EXIT_MSR_READ);
	assert_done(1);
	assert_int_equal(back_end_rax(), 0x1234fa);
	assert_int_equal(writes, 0);
}

/* One access that is not plain: the run loop gets the exit, and nothing has changed. */
void quick_ports_assert_left(uint16_t port, unsigned form, uint8_t al)
{
	const struct played exits[] = { { VM_EXIT_IO, port, form, al } };
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
	quick_ports_assert_left(0x20, 0, 0x20);           /* a command port */
	quick_ports_assert_left(0xa0, 0, 0x20);           /* the slave's */
	quick_ports_assert_left(0x22, 0, 0xf6);           /* a port beside */
	quick_ports_assert_left(0x21, PLAYED_WORD, 0xf6); /* two bytes */
	quick_ports_assert_left(0x21, PLAYED_STRING, 0xf6);
	quick_ports_assert_left(0x21, 0, 0xf0); /* opens a foreign line */
	quick_ports_assert_left(0xa1, 0, 0xfe);
}

static void a_mask_of_all_zero_is_the_run_loop_s(void **state)
{
	(void)state;
	quick_ports.port[0].closed = 0;
	quick_ports.port[0].may_open = 0xff;
	quick_ports_assert_left(0x21, 0, 0);
}

static void an_initialised_chip_is_the_run_loop_s(void **state)
{
	(void)state;
	chip[0] = 0; /* by an ICW1 at the open command port */
	quick_ports_assert_left(0x21, 0, 0xf6);
	quick_ports_assert_left(0x21, PLAYED_IN, 0);
}

static void a_trap_behind_the_access_is_the_run_loop_s(void **state)
{
	(void)state;
	for (enum case_guest what = CASE_BREAKPOINTS; what <= CASE_SHADOW; what++) {
		back_end_set(what, true);
		quick_ports_assert_left(0x21, 0, 0xf6);
		back_end_set(what, false);
	}
}

static void an_offer_ends(void **state)
{
	(void)state;
	struct played exits[QUICK_MOST + 2];

	for (unsigned i = 0; i < QUICK_MOST + 2; i++)
		exits[i] = (struct played){ VM_EXIT_IO, 0x21, 0, 0xf6 };
	assert_int_equal(enter(exits), VM_EXIT_IO);
	assert_done(QUICK_MOST);
}

static void ports_taken_back_are_the_run_loop_s(void **state)
{
	(void)state;
	const struct played exits[] = { { VM_EXIT_IO, 0x21, 0, 0xf6 } };

	quick_ports_end();
	assert_int_equal(enter(exits), VM_EXIT_IO);
	assert_int_equal(reads + writes, 0);
	assert_int_equal(counters[VM_EXIT_IO], 0);
}

static void an_nmi_before_the_next_entry_is_told(void **state)
{
	(void)state;
	const struct played exits[] = { { VM_EXIT_IO, 0x21, 0, 0xf6 }, { VM_EXIT_CPUID, 0, 0, 0 } };

	nmi_before = 2;
	assert_int_equal(enter(exits), VM_EXIT_ABORTED);
	assert_done(1);
	assert_int_equal(chip[0], 0xf6);
}

int quick_ports_cases(const char *name)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(masks_are_written_and_read, quick_ports_begin),
		cmocka_unit_test_setup(a_read_gives_the_guest_its_own_mask, quick_ports_begin),
		cmocka_unit_test_setup(other_accesses_are_the_run_loop_s, quick_ports_begin),
		cmocka_unit_test_setup(a_mask_of_all_zero_is_the_run_loop_s, quick_ports_begin),
		cmocka_unit_test_setup(an_initialised_chip_is_the_run_loop_s, quick_ports_begin),
		cmocka_unit_test_setup(a_trap_behind_the_access_is_the_run_loop_s,
		                       quick_ports_begin),
		cmocka_unit_test_setup(an_offer_ends, quick_ports_begin),
		cmocka_unit_test_setup(ports_taken_back_are_the_run_loop_s, quick_ports_begin),
		cmocka_unit_test_setup(an_nmi_before_the_next_entry_is_told, quick_ports_begin),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
