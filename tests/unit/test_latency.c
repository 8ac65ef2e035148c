/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account of latencies of QEMU's plugin (emulators/qemu/latency.h).
 *
 * Rule: the test plays a machine, and reads the lines that latency_write() writes. An instruction
 * takes 10 ns.
 */
#include "tests/unit/check.h"

#include "emulators/qemu/latency.h"
#include "emulators/qemu/recent.h"

#include <stdlib.h>
#include <string.h>

enum { TICKS = 10, VM = 0x1000, OTHER = 0x2000, BASE = 0x20 };

static char *text;

/* Returns the text of all samples. Valid until the next call. */
static const char *written(void)
{
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	latency_write(out);
	fclose(out);
	return text;
}

static void expect(const char *part)
{
	if (strstr(written(), part) == NULL)
		fail_msg("'%s' is not in:\n%s", part, text);
	free(text);
}

static void expect_none(const char *part)
{
	if (strstr(written(), part) != NULL)
		fail_msg("'%s' is in:\n%s", part, text);
	free(text);
}

static void begin(uint64_t samples, int64_t ns)
{
	const struct latency_limits limits = { .samples = samples, .lines = 0xffff, .ns = ns };

	latency_begin(&limits, TICKS);
}

static void initialise(uint64_t vm, int64_t now)
{
	const uint8_t master[] = { BASE, 4, 1 }, slave[] = { BASE + 8, 2, 1 };

	latency_port(vm, 0x20, 0x11, now);
	latency_port(vm, 0xa0, 0x11, now);
	for (unsigned i = 0; i < sizeof(master); i++) {
		latency_port(vm, 0x21, master[i], now);
		latency_port(vm, 0xa1, slave[i], now);
	}
}

static void pulse(unsigned line, uint64_t running, int64_t now)
{
	latency_line(line, false, running, now);
	latency_line(line, true, running, now);
}

static int set_up(void **state)
{
	(void)state;
	begin(0, 0);
	latency_exit(VM);
	initialise(VM, 0);
	return 0;
}

static void an_edge_counts_until_the_delivery_and_the_eoi(void **state)
{
	(void)state;
	pulse(3, VM, 1000);
	latency_delivered(VM, 3, 1070);
	latency_port(VM, 0x20, 0x20, 1500);
	expect("vm=1000 line=3 state=running n=1 sum=7 min=7 max=7 counts=7:1\n");
	expect("vm=1000 line=3 state=served n=1 sum=50 min=50 max=50 counts=50:1\n");
	expect("vm=1000 line=3 state=handled n=1 sum=43 min=43 max=43 counts=43:1\n");
	expect("end reason=guest\n");
}

static void an_edge_while_another_vm_runs_is_a_wakeup(void **state)
{
	(void)state;
	pulse(3, OTHER, 1000);
	latency_delivered(VM, 3, 21000);
	pulse(3, LATENCY_VMM, 30000);
	latency_delivered(VM, 3, 30050);
	expect("line=3 state=waiting n=2 sum=2005 min=5 max=2000 counts=5:1,2000:1\n");
	expect_none("state=running");
}

static void masked_time_does_not_count(void **state)
{
	(void)state;
	latency_port(VM, 0x21, 0x08, 10);
	pulse(3, OTHER, 1000);
	latency_port(VM, 0x21, 0x00, 5000);
	latency_delivered(VM, 3, 5020);
	expect("line=3 state=running n=1 sum=2 ");
	/* The cascade masks the lines of the slave. */
	latency_port(VM, 0x21, 0x04, 6000);
	pulse(12, VM, 6000);
	latency_port(VM, 0x21, 0x00, 7000);
	latency_delivered(VM, 12, 7010);
	expect("line=12 state=running n=1 sum=1 ");
}

static void an_edge_from_before_the_guest_is_no_sample(void **state)
{
	(void)state;
	pulse(3, VM, 1000);
	initialise(VM, 2000);
	latency_delivered(VM, 3, 3000);
	latency_delivered(VM, 5, 3000);
	expect("line=3 merged=0 withdrawn=0 unmatched=1 ");
	expect("line=5 merged=0 withdrawn=0 unmatched=1 ");
	expect_none("state=");
}

static void edges_merge_on_the_pit_and_are_withdrawn_elsewhere(void **state)
{
	(void)state;
	pulse(0, VM, 1000);
	pulse(0, VM, 2000);
	latency_delivered(VM, 0, 2010);
	pulse(3, VM, 1000);
	pulse(3, VM, 2000);
	latency_delivered(VM, 3, 2010);
	expect("line=0 state=running n=1 sum=101 ");
	expect("line=0 merged=1 withdrawn=0 ");
	expect("line=3 state=running n=1 sum=1 ");
	expect("line=3 merged=0 withdrawn=1 ");
}

/* A nonspecific EOI ends the line of the highest priority; a specific EOI names the line. */
static void an_eoi_ends_the_right_line(void **state)
{
	(void)state;
	pulse(3, VM, 1000);
	latency_delivered(VM, 3, 1000);
	pulse(1, VM, 1100);
	latency_delivered(VM, 1, 1100);
	latency_port(VM, 0x20, 0x20, 1200);
	expect("line=1 state=served n=1 sum=10 ");
	expect_none("line=3 state=served");
	latency_port(VM, 0x20, 0x0b, 1300); /* OCW3: no EOI */
	latency_port(VM, 0x20, 0x63, 1400);
	expect("line=3 state=served n=1 sum=40 ");
}

/* An interrupt without an edge has a handler too. A second EOI ends nothing. */
static void each_handler_is_a_sample(void **state)
{
	(void)state;
	pulse(3, VM, 1000);
	latency_delivered(VM, 3, 1100);
	latency_port(VM, 0x20, 0x20, 1300);
	latency_port(VM, 0x20, 0x20, 1900);
	latency_delivered(VM, 3, 2000);
	latency_port(VM, 0x20, 0x63, 2050);
	expect("line=3 state=served n=1 sum=30 ");
	expect("line=3 state=handled n=2 sum=25 min=5 max=20 counts=5:1,20:1\n");
}

static void exits_count_from_the_edge_to_the_eoi(void **state)
{
	(void)state;
	latency_exit(VM);
	pulse(3, VM, 1000);
	latency_exit(VM);
	latency_exit(OTHER);
	latency_delivered(VM, 3, 1100);
	latency_exit(VM);
	latency_port(VM, 0x20, 0x20, 1200);
	latency_exit(VM);
	expect("line=3 merged=0 withdrawn=0 unmatched=0 exits=2\n");
}

static void the_vmms_own_interrupts_are_forgotten(void **state)
{
	(void)state;
	begin(0, 0);
	initialise(LATENCY_BARE, 0);
	pulse(4, LATENCY_BARE, 10);
	latency_delivered(LATENCY_BARE, 4, 20);
	expect("vm=0 line=4 state=running n=1 ");
	latency_exit(VM);
	expect_none("vm=0 ");
}

static void a_limit_freezes_the_samples(void **state)
{
	(void)state;
	begin(2, 0);
	latency_exit(VM);
	initialise(VM, 0);
	for (int64_t now = 100; now <= 400; now += 100) {
		pulse(3, VM, now);
		latency_delivered(VM, 3, now + 10);
		assert_int_equal(latency_is_over(now + 10), now >= 200);
	}
	expect("line=3 state=running n=2 ");
	expect("end reason=limit\n");
	begin(0, 1000);
	latency_exit(VM);
	initialise(VM, 0);
	assert_false(latency_is_over(5000)); /* nothing has been delivered yet */
	pulse(3, VM, 6000);
	latency_delivered(VM, 3, 6000);
	assert_false(latency_is_over(6999));
	assert_true(latency_is_over(7000));
}

static void great_values_share_buckets_and_the_maximum_is_exact(void **state)
{
	(void)state;
	pulse(3, VM, 0);
	latency_delivered(VM, 3, 10 * INT64_C(1023));
	pulse(3, VM, 100000);
	latency_delivered(VM, 3, 100000 + 10 * INT64_C(2051));
	pulse(3, VM, 200000);
	latency_delivered(VM, 3, 200000 + 10 * INT64_C(1000000007));
	expect(" max=1000000007 counts=1023:1,2048:1,999292928:1\n");
}

/* The moments of the longest sample stay, however many come later. */
static void the_longest_sample_keeps_its_moments(void **state)
{
	(void)state;
	moment_add(TIMELINE_HIGH, VM, 3, 900);
	moment_add(TIMELINE_HIGH, OTHER, 3, 1000);
	pulse(3, OTHER, 1000);
	moment_add(TIMELINE_EXIT, OTHER, 0x61, 1200);
	moment_add(TIMELINE_ENTRY, VM, 0, 1500);
	moment_add(TIMELINE_DELIVERED, VM, 3, 1600);
	latency_delivered(VM, 3, 1600);
	for (unsigned i = 0; i < 2 * RECENT; i++) {
		moment_add(TIMELINE_LOW, VM, 3, 2000 + 100 * i);
		pulse(3, OTHER, 2000 + 100 * i);
		latency_delivered(VM, 3, 2050 + 100 * i);
	}
	expect("worst vm=1000 line=3 state=waiting all=1 "
	       "moments=2:2000:3:0,7:2000:61:200,6:1000:0:500,4:1000:3:600\n");
}

static void a_sample_with_too_many_moments_says_so(void **state)
{
	(void)state;
	pulse(3, OTHER, 1000);
	for (unsigned i = 0; i <= RECENT; i++)
		moment_add(TIMELINE_LOW, VM, 4, 1000 + i);
	latency_delivered(VM, 3, 9000);
	expect("worst vm=1000 line=3 state=waiting all=0 moments=3:1000:4:1,");
}

static void vectors_are_those_of_the_guests_icw2(void **state)
{
	uint8_t vector = 0;

	(void)state;
	assert_true(latency_vector(VM, 3, &vector));
	assert_int_equal(vector, BASE + 3);
	assert_true(latency_vector(VM, 15, &vector));
	assert_int_equal(vector, BASE + 15);
	assert_false(latency_vector(VM, 2, &vector));
	assert_false(latency_vector(OTHER, 3, &vector));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_edge_counts_until_the_delivery_and_the_eoi, set_up),
		cmocka_unit_test_setup(an_edge_while_another_vm_runs_is_a_wakeup, set_up),
		cmocka_unit_test_setup(masked_time_does_not_count, set_up),
		cmocka_unit_test_setup(an_edge_from_before_the_guest_is_no_sample, set_up),
		cmocka_unit_test_setup(edges_merge_on_the_pit_and_are_withdrawn_elsewhere, set_up),
		cmocka_unit_test_setup(an_eoi_ends_the_right_line, set_up),
		cmocka_unit_test_setup(each_handler_is_a_sample, set_up),
		cmocka_unit_test_setup(exits_count_from_the_edge_to_the_eoi, set_up),
		cmocka_unit_test_setup(the_vmms_own_interrupts_are_forgotten, set_up),
		cmocka_unit_test_setup(a_limit_freezes_the_samples, set_up),
		cmocka_unit_test_setup(great_values_share_buckets_and_the_maximum_is_exact, set_up),
		cmocka_unit_test_setup(the_longest_sample_keeps_its_moments, set_up),
		cmocka_unit_test_setup(a_sample_with_too_many_moments_says_so, set_up),
		cmocka_unit_test_setup(vectors_are_those_of_the_guests_icw2, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
