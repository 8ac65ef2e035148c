/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times that the block keeps (docs/register-window.md, section 7): what begins a sample, what
 * ends it, and what is no sample.
 *
 * Rule: the test is the clock. Each event is given a time of its own, and the figures are read from
 * the register window.
 */
#include "chipset/times/times.h"
#include "tests/unit/block_kit.h"
#include "tests/unit/check.h"

static struct block block;
static struct times times;
static uint64_t now;

static uint64_t read_clock(void *owner)
{
	return *(uint64_t *)owner;
}

static const struct times_clock test_clock = { read_clock, &now, 1000 };

static uint64_t read_at(uint32_t offset)
{
	return times_window_read(&times, &block, offset, 8, &test_clock);
}

static void write_at(uint32_t offset, uint64_t value)
{
	times_window_write(&times, &block, offset, 8, value);
}

static void set_line_at(uint64_t time, unsigned line, bool high)
{
	times_set_line(&times, &block, line, high, time);
}

static void port_write_at(uint64_t time, uint16_t port, uint8_t value)
{
	times_port_write(&times, &block, port, value, time);
}

static uint8_t acknowledge_at(uint64_t time)
{
	return times_acknowledge(&times, &block, time);
}

static void eoi_at(uint64_t time, unsigned input)
{
	if (input >= 8)
		port_write_at(time, SLAVE, EOI);
	port_write_at(time, MASTER, EOI);
}

static void select_bank(uint16_t route, uint16_t bank)
{
	write_at(WINDOW_SELECT, route | UINT64_C(0xffff) << 16 | (uint64_t)bank << 48);
}

static uint64_t figure(unsigned line, unsigned probe, uint32_t offset)
{
	write_at(WINDOW_PROBE, line + probe * WINDOW_PROBE_SERVICE);
	return read_at(offset);
}

static uint64_t stamp(unsigned line, uint32_t which)
{
	return read_at(WINDOW_STAMPS + line * WINDOW_STAMPS_STRIDE + which);
}

static void assert_samples(unsigned line, unsigned probe, uint64_t n, uint64_t sum, uint64_t least,
                           uint64_t greatest)
{
	assert_int_equal(figure(line, probe, WINDOW_SAMPLES), n);
	assert_int_equal(figure(line, probe, WINDOW_SUM), sum);
	assert_int_equal(figure(line, probe, WINDOW_LEAST), least);
	assert_int_equal(figure(line, probe, WINDOW_GREATEST), greatest);
}

/* Bank 0 as a PC's firmware leaves it, all masks open. */
static int begin(void **state)
{
	(void)state;
	block_reset(&block);
	kit_initialise(&block, 1);
	times = (struct times){ 0 };
	now = 0;
	return 0;
}

static void an_interrupt_has_its_three_times_and_two_samples(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 16; line++) {
		if (line == BLOCK_LINE_ABSENT)
			continue;
		uint64_t time = 1000 * (line + 1);

		set_line_at(time, line, true);
		assert_int_equal(acknowledge_at(time + 30), 0x20 + line);
		set_line_at(time + 35, line, false);
		eoi_at(time + 230, line);
		assert_int_equal(stamp(line, WINDOW_STAMPS_EDGE), time);
		assert_int_equal(stamp(line, WINDOW_STAMPS_INTA), time + 30);
		assert_int_equal(stamp(line, WINDOW_STAMPS_EOI), time + 230);
		assert_samples(line, 0, 1, 30, 30, 30);
		assert_samples(line, 1, 1, 200, 200, 200);
		assert_int_equal(figure(line, 0, WINDOW_MERGED), 0);
		assert_int_equal(figure(line, 0, WINDOW_UNMATCHED), 0);
	}
}

static void a_second_edge_that_waits_too_is_merged(void **state)
{
	(void)state;
	select_bank(0, 0); /* the latch keeps the first edge */
	set_line_at(100, 3, true);
	set_line_at(110, 3, false);
	set_line_at(150, 3, true);
	select_bank(0xffff, 0);
	acknowledge_at(190);
	assert_samples(3, 0, 1, 90, 90, 90);
	assert_int_equal(stamp(3, WINDOW_STAMPS_EDGE), 150);
	assert_int_equal(figure(3, 0, WINDOW_MERGED), 1);
}

static void a_request_that_the_device_takes_back_is_no_sample(void **state)
{
	(void)state;
	set_line_at(100, 3, true);
	set_line_at(110, 3, false);
	set_line_at(500, 3, true);
	acknowledge_at(505);
	assert_samples(3, 0, 1, 5, 5, 5);
	assert_int_equal(figure(3, 0, WINDOW_MERGED), 0);
}

static void a_masked_line_waits_from_the_opening_of_its_mask(void **state)
{
	(void)state;
	port_write_at(1, MASTER_DATA, 0x08);
	set_line_at(100, 3, true);
	port_write_at(400, MASTER_DATA, 0x00);
	acknowledge_at(420);
	assert_samples(3, 0, 1, 20, 20, 20);
	eoi_at(430, 3);
	/* the master's mask of the cascade closes the slave's lines */
	port_write_at(500, MASTER_DATA, 0x04);
	set_line_at(600, 9, true);
	port_write_at(700, MASTER_DATA, 0x00);
	acknowledge_at(750);
	assert_samples(9, 0, 1, 50, 50, 50);
	/* another line's mask changes nothing */
	eoi_at(760, 9);
	port_write_at(770, MASTER_DATA, 0x10);
	set_line_at(800, 5, true);
	port_write_at(850, MASTER_DATA, 0x00);
	acknowledge_at(900);
	assert_samples(5, 0, 1, 100, 100, 100);
}

static void the_sample_goes_with_the_line_to_the_vm_s_bank(void **state)
{
	(void)state;
	block_window_write(&block, WINDOW_BANK, 2, 1);
	kit_initialise(&block, 1);
	select_bank(0, 0);
	set_line_at(100, 0, true);
	set_line_at(110, 0, false);
	select_bank(1, 1);
	acknowledge_at(700);
	eoi_at(900, 0);
	assert_samples(0, 0, 1, 600, 600, 600);
	assert_samples(0, 1, 1, 200, 200, 200);
}

static void a_request_in_a_bank_that_is_not_connected_waits(void **state)
{
	(void)state;
	set_line_at(100, 0, true);
	select_bank(0, 1);   /* another VM; the request stays in bank 0 */
	acknowledge_at(150); /* spurious, and of no line */
	select_bank(1, 0);
	acknowledge_at(400);
	assert_samples(0, 0, 1, 300, 300, 300);
	eoi_at(410, 0);
	/* the device takes the next request back meanwhile */
	set_line_at(500, 0, false);
	set_line_at(510, 0, true);
	select_bank(0, 1);
	set_line_at(520, 0, false);
	select_bank(1, 0);
	set_line_at(600, 0, true);
	acknowledge_at(601);
	assert_samples(0, 0, 2, 301, 1, 300);
}

static void another_vm_s_eoi_ends_no_service(void **state)
{
	(void)state;
	set_line_at(100, 0, true);
	acknowledge_at(110);
	block_window_write(&block, WINDOW_BANK, 2, 1);
	kit_initialise(&block, 1);
	select_bank(0, 1);
	/* a request of the other VM's input 0 by the VMM, as a PIT of the VM's own makes */
	write_at(WINDOW_STATE + WINDOW_STATE_STRIDE,
	         read_at(WINDOW_STATE + WINDOW_STATE_STRIDE) | UINT64_C(1) << 32);
	acknowledge_at(120);
	eoi_at(130, 0);
	select_bank(1, 0);
	eoi_at(310, 0);
	assert_samples(0, 1, 1, 200, 200, 200);
	assert_int_equal(stamp(0, WINDOW_STAMPS_INTA), 110);
}

static void an_inta_without_an_edge_is_unmatched(void **state)
{
	(void)state;
	port_write_at(1, 0x4d0, 0x20); /* level triggered: the request comes again after the EOI */
	set_line_at(100, 5, true);
	acknowledge_at(101);
	eoi_at(150, 5);
	acknowledge_at(160);
	eoi_at(190, 5);
	assert_samples(5, 0, 1, 1, 1, 1);
	assert_samples(5, 1, 2, 79, 30, 49);
	assert_int_equal(figure(5, 0, WINDOW_UNMATCHED), 1);
	/* a spurious INTA is of no line */
	set_line_at(200, 5, false);
	acknowledge_at(210);
	for (unsigned line = 0; line < 16; line++)
		assert_int_equal(figure(line, 0, WINDOW_UNMATCHED), line == 5);
}

static void automatic_eoi_ends_the_service_with_inta(void **state)
{
	(void)state;
	kit_initialise(&block, 3);
	port_write_at(1, 0x4d1, 0x06);
	set_line_at(100, 9, true); /* level triggered: the request is still there after INTA */
	acknowledge_at(140);
	assert_samples(9, 0, 1, 40, 40, 40);
	assert_samples(9, 1, 1, 0, 0, 0);
	assert_int_equal(stamp(9, WINDOW_STAMPS_EOI), 140);
}

static void a_poll_is_an_inta(void **state)
{
	(void)state;
	set_line_at(100, 6, true);
	port_write_at(110, MASTER, 0x0c);
	assert_int_equal(times_port_read(&times, &block, MASTER, 120), 0x86);
	assert_int_equal(times_port_read(&times, &block, MASTER, 130) & 0x80, 0);
	port_write_at(150, MASTER, 0x66); /* the specific EOI */
	assert_samples(6, 0, 1, 20, 20, 20);
	assert_samples(6, 1, 1, 30, 30, 30);
}

static void icw1_ends_a_service_without_an_eoi(void **state)
{
	(void)state;
	set_line_at(100, 6, true);
	acknowledge_at(110);
	port_write_at(120, MASTER, 0x11);
	port_write_at(121, MASTER_DATA, 0x20);
	port_write_at(122, MASTER_DATA, 4);
	port_write_at(123, MASTER_DATA, 1);
	port_write_at(130, MASTER, 0x66);
	assert_samples(6, 1, 0, 0, 0, 0);
	assert_int_equal(stamp(6, WINDOW_STAMPS_EOI), 0);
	/* and the requests before are gone */
	set_line_at(200, 7, true);
	port_write_at(210, MASTER, 0x11);
	assert_int_equal(times.waiting, 0);
}

static void initialise_at(uint64_t time, uint8_t vectors)
{
	port_write_at(time, MASTER, 0x11);
	port_write_at(time, MASTER_DATA, vectors);
	port_write_at(time, MASTER_DATA, 4);
	port_write_at(time, MASTER_DATA, 1);
}

/* The firmware's interrupts, then a system's, which initialises the controller a second time. */
static void the_figures_begin_when_a_system_takes_the_controller_over(void **state)
{
	(void)state;
	initialise_at(10, 0x08);
	set_line_at(100, 0, true);
	acknowledge_at(900);
	set_line_at(910, 0, false);
	eoi_at(920, 0);
	initialise_at(930, 0x0f); /* 2:0 are no bits of a base: the firmware's once more */
	set_line_at(940, 6, true);
	acknowledge_at(945);
	assert_samples(0, 0, 1, 800, 800, 800);
	select_bank(0xfffe, 0);
	set_line_at(950, 0, true); /* waits in the latch */

	initialise_at(1000, 0x40);
	assert_samples(0, 0, 0, 0, 0, 0);
	assert_samples(0, 1, 0, 0, 0, 0);
	assert_int_equal(stamp(0, WINDOW_STAMPS_EDGE), 950);
	assert_int_equal(stamp(0, WINDOW_STAMPS_INTA), 0);
	eoi_at(1001, 6); /* of the firmware's interrupt */
	assert_samples(6, 1, 0, 0, 0, 0);
	select_bank(0xffff, 0);
	acknowledge_at(1040);
	eoi_at(1050, 0);
	assert_samples(0, 0, 1, 40, 40, 40);

	initialise_at(1100, 0x30);
	assert_samples(0, 0, 1, 40, 40, 40);
	assert_samples(0, 1, 1, 10, 10, 10);
}

static void lines_at_other_inputs_have_their_own_figures(void **state)
{
	(void)state;
	/* lines 4 and 5 at input 9, line 9 at input 4 */
	write_at(WINDOW_CONTROLLER_INPUT, UINT64_C(0xfedcba4876993210));
	set_line_at(100, 5, true);
	assert_int_equal(acknowledge_at(110), BASE_SLAVE + 1);
	eoi_at(120, 9);
	assert_samples(5, 0, 1, 10, 10, 10);
	assert_samples(5, 1, 1, 10, 10, 10);
	assert_samples(4, 0, 0, 0, 0, 0);
	assert_int_equal(figure(4, 0, WINDOW_UNMATCHED), 0);
	set_line_at(200, 9, true);
	assert_int_equal(acknowledge_at(250), BASE_MASTER + 4);
	assert_samples(9, 0, 1, 50, 50, 50);
	/* both lines of an input wait: one INTA takes both */
	eoi_at(260, 4);
	set_line_at(270, 5, false);
	set_line_at(300, 4, true);
	set_line_at(310, 5, true);
	acknowledge_at(330);
	assert_samples(4, 0, 1, 30, 30, 30);
	assert_samples(5, 0, 2, 30, 10, 20);
}

static void an_edge_of_no_line_is_no_event(void **state)
{
	static const unsigned none[] = { BLOCK_LINE_ABSENT, 16, 17, 1000 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		set_line_at(100, none[i], true);
	set_line_at(200, 3, true);
	set_line_at(300, 3, true); /* no edge */
	assert_int_equal(times.waiting, 8);
	assert_int_equal(stamp(3, WINDOW_STAMPS_EDGE), 200);
	assert_int_equal(stamp(BLOCK_LINE_ABSENT, WINDOW_STAMPS_EDGE), 0);
}

/* ---- The registers ---- */

static void the_version_and_the_capability_say_what_is_there(void **state)
{
	(void)state;
	assert_int_equal(read_at(WINDOW_ID), UINT64_C(0x00020000584f4253));
	assert_int_equal(read_at(WINDOW_CAPABILITY), 0x01031010);
	assert_int_equal(times_window_read(&times, &block, 0x006, 2, &test_clock), 2);
	assert_int_equal(times_window_read(&times, &block, 0x00b, 1, &test_clock), 1);
	/* the block beside no keeper */
	assert_int_equal(block_window_read(&block, WINDOW_VERSION, 4), 0x00010000);
	assert_int_equal(block_window_read(&block, WINDOW_CAPABILITY, 8), 0x00031010);
	assert_int_equal(block_window_read(&block, WINDOW_FREQUENCY, 8), 0);
}

/* The page's table of section 7. */
static void headers_and_page_name_the_same_offsets(void **state)
{
	(void)state;
	assert_int_equal(WINDOW_PROBE, 0x300);
	assert_int_equal(WINDOW_FROM, 0x308);
	assert_int_equal(WINDOW_BUCKET, 0x310);
	assert_int_equal(WINDOW_COUNT, 0x318);
	assert_int_equal(WINDOW_SAMPLES, 0x320);
	assert_int_equal(WINDOW_SUM, 0x328);
	assert_int_equal(WINDOW_LEAST, 0x330);
	assert_int_equal(WINDOW_GREATEST, 0x338);
	assert_int_equal(WINDOW_MERGED, 0x340);
	assert_int_equal(WINDOW_UNMATCHED, 0x348);
	assert_int_equal(WINDOW_FREQUENCY, 0x350);
	assert_int_equal(WINDOW_TIME, 0x358);
	assert_int_equal(WINDOW_STAMPS, 0x400);
	assert_int_equal(WINDOW_STAMPS_STRIDE, 0x20);
	assert_int_equal(WINDOW_STAMPS_EDGE, 0x00);
	assert_int_equal(WINDOW_STAMPS_INTA, 0x08);
	assert_int_equal(WINDOW_STAMPS_EOI, 0x10);
	assert_int_equal(WINDOW_VERSION_TIMES_VALUE, 0x00020000);
	assert_int_equal(WINDOW_CAPABILITY_TIMES, 0x01000000);
}

static void a_low_half_keeps_its_high_half(void **state)
{
	(void)state;
	now = UINT64_C(0x11111111ffffffff);
	assert_int_equal(times_window_read(&times, &block, WINDOW_TIME, 4, &test_clock),
	                 0xffffffff);
	now++;
	assert_int_equal(times_window_read(&times, &block, WINDOW_TIME + 4, 4, &test_clock),
	                 0x11111111);
	assert_int_equal(times_window_read(&times, &block, WINDOW_TIME + 6, 2, &test_clock),
	                 0x1111);
	assert_int_equal(read_at(WINDOW_TIME), UINT64_C(0x1111111200000000));
	assert_int_equal(times_window_read(&times, &block, WINDOW_TIME + 4, 4, &test_clock),
	                 0x11111112);
	assert_int_equal(read_at(WINDOW_FREQUENCY), 1000);
}

static void what_can_be_written_is_the_probe_and_from(void **state)
{
	(void)state;
	for (uint32_t offset = WINDOW_PROBE; offset < WINDOW_BYTES; offset += 8) {
		uint64_t before = read_at(offset);

		write_at(offset, UINT64_C(0x0123456789abcdef));
		uint64_t after = read_at(offset);
		if (offset == WINDOW_PROBE)
			assert_int_equal(after, 0x0f);
		else if (offset == WINDOW_FROM)
			assert_int_equal(after, UINT64_C(0x0123456789abcdef));
		else
			assert_int_equal(after, before);
	}
	times_window_write(&times, &block, WINDOW_FROM + 2, 2, 0xabcd);
	assert_int_equal(read_at(WINDOW_FROM), UINT64_C(0x01234567abcdcdef));
	times_window_write(&times, &block, WINDOW_PROBE + 1, 1, 0xff);
	assert_int_equal(read_at(WINDOW_PROBE), 0x0f);
	times_window_write(&times, &block, WINDOW_FROM + 1, 2, 0xffff); /* not aligned */
	assert_int_equal(read_at(WINDOW_FROM), UINT64_C(0x01234567abcdcdef));
	assert_int_equal(times_window_read(&times, &block, WINDOW_FROM + 1, 2, &test_clock), 0);
	assert_int_equal(times_window_read(&times, &block, WINDOW_FROM, 3, &test_clock), 0);
}

static void the_registers_of_version_1_are_the_block_s(void **state)
{
	(void)state;
	write_at(WINDOW_SELECT, UINT64_C(0x0003000512340ff0));
	assert_int_equal(read_at(WINDOW_SELECT), UINT64_C(0x0003000512340ff0));
	assert_int_equal(block.connected, 3);
	for (uint32_t offset = WINDOW_SELECT; offset < WINDOW_PROBE; offset += 8)
		assert_int_equal(read_at(offset), block_window_read(&block, offset, 8));
}

static void the_buckets_are_read_one_after_the_other(void **state)
{
	static const uint64_t taken[] = { 7, 7, 40, 41, 1000 };
	static const uint64_t least[] = { 7, 40, 992 }, count[] = { 2, 2, 1 };
	uint64_t time = 0, bucket = UINT64_MAX;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		set_line_at(time, 3, true);
		acknowledge_at(time + taken[i]);
		eoi_at(time + taken[i], 3);
		set_line_at(time += 5000, 3, false);
	}
	write_at(WINDOW_PROBE, 3);
	for (unsigned i = 0; i < 3; i++) {
		write_at(WINDOW_FROM, bucket + 1);
		bucket = read_at(WINDOW_BUCKET);
		assert_int_equal(bucket, least[i]);
		assert_int_equal(read_at(WINDOW_COUNT), count[i]);
	}
	write_at(WINDOW_FROM, bucket + 1);
	assert_true(read_at(WINDOW_BUCKET) == UINT64_MAX);
	assert_int_equal(read_at(WINDOW_COUNT), 0);
	assert_samples(3, 0, 5, 1095, 7, 1000);
}

/* ---- Histograms ---- */

static void a_bucket_is_at_most_a_16th_of_its_value_wide(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++)
		for (int near = -2; near <= 2; near++) {
			struct histogram histogram = { 0 };
			uint64_t value = (UINT64_C(1) << bits) + (uint64_t)(int64_t)near, count;

			histogram_add(&histogram, value);
			uint64_t least = histogram_next(&histogram, 0, &count);
			assert_int_equal(count, 1);
			assert_true(least <= value && value - least <= value / 16);
			assert_true(value >= 32 || least == value);
			assert_true(histogram_next(&histogram, least, &count) == least);
			assert_true(histogram_next(&histogram, least + 1, &count) ==
			                    HISTOGRAM_NONE ||
			            least + 1 == 0);
			assert_int_equal(histogram.least, value);
			assert_int_equal(histogram.greatest, value);
		}
}

static void every_sample_has_a_bucket(void **state)
{
	static struct histogram histogram;
	uint64_t seed = 7, from = 0, all = 0, count;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		histogram_add(&histogram, random_next(&seed) >> random_below(&seed, 64));
	for (uint64_t least = 0; least != HISTOGRAM_NONE; from = least + 1) {
		least = histogram_next(&histogram, from, &count);
		assert_true(least >= from);
		all += count;
	}
	assert_int_equal(all, 10000);
	assert_int_equal(histogram.samples, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_interrupt_has_its_three_times_and_two_samples, begin),
		cmocka_unit_test_setup(a_second_edge_that_waits_too_is_merged, begin),
		cmocka_unit_test_setup(a_request_that_the_device_takes_back_is_no_sample, begin),
		cmocka_unit_test_setup(a_masked_line_waits_from_the_opening_of_its_mask, begin),
		cmocka_unit_test_setup(the_sample_goes_with_the_line_to_the_vm_s_bank, begin),
		cmocka_unit_test_setup(a_request_in_a_bank_that_is_not_connected_waits, begin),
		cmocka_unit_test_setup(another_vm_s_eoi_ends_no_service, begin),
		cmocka_unit_test_setup(an_inta_without_an_edge_is_unmatched, begin),
		cmocka_unit_test_setup(automatic_eoi_ends_the_service_with_inta, begin),
		cmocka_unit_test_setup(a_poll_is_an_inta, begin),
		cmocka_unit_test_setup(icw1_ends_a_service_without_an_eoi, begin),
		cmocka_unit_test_setup(the_figures_begin_when_a_system_takes_the_controller_over,
		                       begin),
		cmocka_unit_test_setup(lines_at_other_inputs_have_their_own_figures, begin),
		cmocka_unit_test_setup(an_edge_of_no_line_is_no_event, begin),
		cmocka_unit_test_setup(the_version_and_the_capability_say_what_is_there, begin),
		cmocka_unit_test(headers_and_page_name_the_same_offsets),
		cmocka_unit_test_setup(a_low_half_keeps_its_high_half, begin),
		cmocka_unit_test_setup(what_can_be_written_is_the_probe_and_from, begin),
		cmocka_unit_test_setup(the_registers_of_version_1_are_the_block_s, begin),
		cmocka_unit_test_setup(the_buckets_are_read_one_after_the_other, begin),
		cmocka_unit_test(a_bucket_is_at_most_a_16th_of_its_value_wide),
		cmocka_unit_test(every_sample_has_a_bucket),
	};

	return cmocka_run_group_tests_name("times", tests, NULL, NULL);
}
