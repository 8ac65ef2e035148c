/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dispatcher, beside a chipset of a few lines: what it asks, in which order, and how often.
 *
 * Rule: the chipset's answers are the test's; what the answers lead to is the VMM's own.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/virt.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/run.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

#include <string.h>

enum { VMM_LINE = 4, LOW = 0, EQUAL = 1, HIGH = 2, VMS = 3, MOST_LOOKS = 4 };

uint64_t fake_tsc;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
bool slice_timer_by_nmi;
volatile uint32_t nmi_count;
struct chipset_present chipset_present;

static struct vm own[VMS];
static struct chipset_status answer;
static int sole;
static unsigned echoes, looks, reopened, unblocked, comes_meanwhile, comes_at_looks,
	comes_while_served;
static char order[16];

/* ---- What it is built on ---- */

void virt_unblock_nmi(void)
{
	unblocked++;
	nmi_count += comes_meanwhile;
}

bool slice_timer_ended(void)
{
	return false;
}

void slice_timer_expect(void)
{
}

enum slice_timer_part slice_timer_part(bool ended)
{
	(void)ended;
	return SLICE_TIMER_NO_PART;
}

void nmi_reopen(void)
{
	reopened++;
}

/* ---- The chipset ---- */

static struct chipset_status status(unsigned nmis)
{
	struct chipset_status now = answer;

	(void)nmis;
	looks++;
	nmi_count += comes_at_looks;
	answer = (struct chipset_status){ 0 };
	return now;
}

static int single(void)
{
	return sole;
}

static void echo(void)
{
	echoes++;
}

static line_set asserted(void)
{
	return answer.asserted;
}

static void acknowledge(line_set lines)
{
	if (lines == LINE(VMM_LINE))
		strcat(order, "a");
}

static line_set deliverable(const struct controller *c, line_set lines)
{
	/* the test's use of shared: masked by its guest */
	return lines & c->lines & (line_set)~c->shared;
}

static void claim(line_set lines, bool served)
{
	(void)lines;
	(void)served;
}

static struct chipset block = { .name = "block",
	                        .masks_in_hardware = true,
	                        .block.read_status = status,
	                        .block.identify_line = single,
	                        .block.echo = echo,
	                        .block.asserted = asserted,
	                        .block.acknowledge = acknowledge,
	                        .controller.deliverable = deliverable,
	                        .block.claim = claim };
const struct chipset *chipset = &block;

static void serve_own(void)
{
	strcat(order, "s");
	nmi_count += comes_while_served;
	comes_while_served = 0;
}

/* VM 0 runs; VM 1 is its equal; VM 2 is above them and sleeps. VM i has line 8 + i. */
static int begin(void **state)
{
	static bool claimed;
	unsigned taken;

	(void)state;
	if (!claimed)
		assert_int_equal(line_reserve(VMM_LINE, serve_own), 0);
	for (unsigned i = 0; i < VMS && !claimed; i++) {
		own[i].number = (uint8_t)i;
		own[i].config.priority = i == HIGH ? 2 : 1;
		own[i].controller.lines = LINE(8 + i);
		vms[vm_count++] = &own[i];
		assert_int_equal(line_assign(&own[i], &taken), 0);
		sched_add(&own[i]);
	}
	claimed = true;
	own[HIGH].controller.shared = 0;
	sched_set_state(&own[LOW], VM_READY);
	sched_set_state(&own[EQUAL], VM_READY);
	sched_set_state(&own[HIGH], VM_HALTED);
	dispatch_set_policy(NMI_LOG, NULL);
	for (unsigned line = 0; line < LINES; line++)
		line_table[line].exits = line_table[line].wakeups = 0;
	answer = (struct chipset_status){ 0 };
	sole = -1;
	nmi_count = echoes = looks = reopened = unblocked = comes_meanwhile = comes_at_looks =
		comes_while_served = 0;
	order[0] = '\0';
	processor.attention = false;
	return 0;
}

/* ---- NMIs ---- */

static void R06_an_nmi_that_waited_behind_a_line_is_the_lines_echo(void **state)
{
	(void)state;
	sole = 8 + EQUAL;
	dispatch_exit(&own[LOW]);
	assert_int_equal(unblocked, 1);
	assert_int_equal(echoes, 0);
	comes_meanwhile = 1;
	dispatch_exit(&own[LOW]);
	assert_int_equal(echoes, 1);
	sole = -1; /* it was no line that is known */
	dispatch_exit(&own[LOW]);
	assert_int_equal(echoes, 1);
}

static void R02_after_a_storm_nmis_are_open_again(void **state)
{
	(void)state;
	nmi_count = NMI_STORM - 1;
	dispatch_counted(&own[LOW]);
	assert_int_equal(looks, 1);
	assert_int_equal(reopened, 0);
	nmi_count = NMI_STORM;
	dispatch_counted(&own[LOW]);
	assert_int_equal(looks, 2);
	assert_int_equal(reopened, 1);
	assert_int_equal(nmi_count, 0);
}

static void R02_a_source_that_goes_on_does_not_keep_the_vmm(void **state)
{
	(void)state;
	nmi_count = comes_at_looks = 1;
	dispatch_counted(&own[LOW]);
	assert_in_range(looks, 1, MOST_LOOKS);
}

static void R06_an_external_nmi_goes_to_its_vm(void **state)
{
	(void)state;
	dispatch_set_policy(NMI_VM, &own[HIGH]);
	answer.external = EXTERNAL_TOLD;
	nmi_count = 1;
	dispatch_counted(&own[LOW]);
	assert_true((own[HIGH].at_entry & AT_ENTRY_NMI) && own[HIGH].controller.changed);
	assert_int_equal(own[HIGH].state, VM_READY);
	assert_true(processor.attention);
}

/* Where lines raise NMIs themselves, an NMI of no known source may have been a line's. */
static void R06_an_nmi_that_may_have_been_a_lines_is_unattributed(void **state)
{
	static const struct {
		bool ambiguous;
		uint16_t external;
		unsigned unattributed;
	} rows[] = {
		{ false, EXTERNAL_UNEXPLAINED, 0 },
		{ false, EXTERNAL_TOLD, 0 },
		{ true, EXTERNAL_TOLD, 0 },
		{ true, EXTERNAL_UNEXPLAINED, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dispatch_counters before = dispatch_counters;

		block.ambiguous = rows[i].ambiguous;
		answer.external = rows[i].external;
		nmi_count = 1;
		dispatch_counted(&own[LOW]);
		assert_int_equal(dispatch_counters.external - before.external, 1);
		assert_int_equal(dispatch_counters.unattributed - before.unattributed,
		                 rows[i].unattributed);
	}
	block.ambiguous = false;
}

static bool source_spoke;
static unsigned source_asked;

static bool spoke(void)
{
	source_asked++;
	return source_spoke;
}

static void serve_source(void)
{
}

/* The IOMMUs are asked about an NMI that nothing else explains, and about no other NMI. */
static void R06_an_nmi_of_an_iommu_is_not_external(void **state)
{
	static const struct dispatch_source source = { spoke, serve_source };

	static const struct {
		uint16_t external;
		bool spoke;
		unsigned asked, counted;
	} rows[] = {
		{ EXTERNAL_UNEXPLAINED, true, 1, 0 },
		{ EXTERNAL_UNEXPLAINED, false, 1, 1 },
		{ EXTERNAL_TOLD, true, 0, 1 },
		{ 0, true, 0, 0 },
	};

	(void)state;
	dispatch_set_source(&source);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dispatch_counters before = dispatch_counters;

		source_spoke = rows[i].spoke;
		source_asked = 0;
		processor.attention = false;
		answer.external = rows[i].external;
		nmi_count = 1;
		dispatch_counted(&own[LOW]);
		assert_int_equal(source_asked, rows[i].asked);
		assert_int_equal(dispatch_counters.external - before.external, rows[i].counted);
		/* the housekeeping serves the source at once */
		assert_int_equal(processor.attention, rows[i].asked && rows[i].spoke);
	}
	dispatch_set_source(NULL);
}

/* ---- Lines ---- */

static void R14_a_line_of_the_vmms_is_acknowledged_before_it_is_served(void **state)
{
	(void)state;
	answer.asserted = answer.fresh = LINE(VMM_LINE);
	nmi_count = 1;
	dispatch_counted(&own[LOW]);
	assert_string_equal(order, "as");
	assert_int_equal(line_table[VMM_LINE].exits, 1);
	assert_false(processor.attention);
}

static void R06_an_nmi_that_comes_while_a_line_is_served_is_that_lines(void **state)
{
	(void)state;
	answer.asserted = answer.fresh = LINE(VMM_LINE);
	comes_while_served = nmi_count = 1;
	dispatch_counted(&own[LOW]);
	assert_int_equal(echoes, 1);
}

static void R13_a_line_of_an_equal_ends_no_turn(void **state)
{
	(void)state;
	answer.asserted = answer.fresh = LINE(8 + EQUAL);
	nmi_count = 1;
	dispatch_counted(&own[LOW]);
	assert_false(processor.attention);
	assert_int_equal(line_table[8 + EQUAL].exits, 1);
	assert_int_equal(line_table[8 + EQUAL].wakeups, 0);
}

static void R13_a_line_of_a_vm_above_wakes_it_and_ends_the_turn(void **state)
{
	(void)state;
	sole = 8 + HIGH;
	dispatch_exit(&own[LOW]);
	assert_int_equal(own[HIGH].state, VM_READY);
	assert_int_equal(line_table[8 + HIGH].wakeups, 1);
	assert_true(processor.attention);
	/* it is ready, and waits for its turn: a second line says so again */
	processor.attention = false;
	dispatch_exit(&own[LOW]);
	assert_int_equal(line_table[8 + HIGH].wakeups, 2);
	assert_true(processor.attention);
}

static void R07_a_line_that_its_guest_masks_wakes_nobody(void **state)
{
	(void)state;
	own[HIGH].controller.shared = LINE(8 + HIGH);
	sole = 8 + HIGH;
	dispatch_exit(&own[LOW]);
	assert_int_equal(own[HIGH].state, VM_HALTED);
	assert_false(processor.attention);
}

/* ---- Masks ---- */

static void R05_what_a_halted_vm_waits_for_is_open_and_no_longer(void **state)
{
	(void)state;
	assert_int_equal(sched_masked(&own[LOW]), (line_set) ~(LINE(VMM_LINE) | LINE(8 + HIGH)));
	sched_set_state(&own[EQUAL], VM_HALTED);
	assert_int_equal(sched_masked(&own[LOW]),
	                 (line_set) ~(LINE(VMM_LINE) | LINE(8 + HIGH) | LINE(8 + EQUAL)));
	sched_set_state(&own[EQUAL], VM_READY);
	assert_int_equal(sched_masked(&own[LOW]), (line_set) ~(LINE(VMM_LINE) | LINE(8 + HIGH)));
	assert_int_equal(sched_masked(&own[HIGH]), (line_set) ~(LINE(VMM_LINE) | LINE(8 + HIGH)));
	sched_wake(&own[HIGH]);
	assert_int_equal(sched_masked(&own[HIGH]), (line_set)~LINE(VMM_LINE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(R06_an_nmi_that_waited_behind_a_line_is_the_lines_echo,
		                       begin),
		cmocka_unit_test_setup(R02_after_a_storm_nmis_are_open_again, begin),
		cmocka_unit_test_setup(R02_a_source_that_goes_on_does_not_keep_the_vmm, begin),
		cmocka_unit_test_setup(R06_an_external_nmi_goes_to_its_vm, begin),
		cmocka_unit_test_setup(R06_an_nmi_that_may_have_been_a_lines_is_unattributed,
		                       begin),
		cmocka_unit_test_setup(R06_an_nmi_of_an_iommu_is_not_external, begin),
		cmocka_unit_test_setup(R14_a_line_of_the_vmms_is_acknowledged_before_it_is_served,
		                       begin),
		cmocka_unit_test_setup(R06_an_nmi_that_comes_while_a_line_is_served_is_that_lines,
		                       begin),
		cmocka_unit_test_setup(R13_a_line_of_an_equal_ends_no_turn, begin),
		cmocka_unit_test_setup(R13_a_line_of_a_vm_above_wakes_it_and_ends_the_turn, begin),
		cmocka_unit_test_setup(R07_a_line_that_its_guest_masks_wakes_nobody, begin),
		cmocka_unit_test_setup(R05_what_a_halted_vm_waits_for_is_open_and_no_longer, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
