/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C model behind the prototypes of an emulator's device (emulators/hardware.h): with a clock
 * the block keeps time, and without a clock the block is of version 1.
 */
#include "chipset/block/window.h"
#include "emulators/hardware.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static uint64_t now;

static uint64_t read_clock(void *owner)
{
	return *(uint64_t *)owner;
}

static struct hardware *with_clock(void)
{
	struct hardware *hardware = hardware_new();

	assert_true(hardware_keep_time(hardware,
	                               &(struct hardware_clock){ read_clock, &now, 1000000 }));
	return hardware;
}

static void initialise(struct hardware *hardware)
{
	static const uint8_t words[] = { 0x11, 0x20, 0x04, 0x01 };

	for (unsigned i = 0; i < 4; i++)
		hardware_port_write(hardware, i == 0 ? 0x20 : 0x21, words[i]);
}

/* An interrupt of line 3: 40 units from the edge to INTA, 60 to the EOI. */
static void interrupt(struct hardware *hardware)
{
	now += 1000;
	hardware_set_line(hardware, 3, true);
	now += 40;
	assert_int_equal(hardware_acknowledge(hardware), 0x23);
	now += 60;
	hardware_port_write(hardware, 0x20, 0x20);
	hardware_set_line(hardware, 3, false);
}

static uint64_t sum_of(struct hardware *hardware, unsigned probe)
{
	hardware_window_write(hardware, WINDOW_PROBE, 8, probe);
	return hardware_window_read(hardware, WINDOW_SUM, 8);
}

static void with_a_clock_each_event_has_its_time(void **state)
{
	struct hardware *hardware = with_clock();

	(void)state;
	initialise(hardware);
	interrupt(hardware);
	interrupt(hardware);
	assert_int_equal(hardware_window_read(hardware, WINDOW_VERSION, 4), 0x00020000);
	assert_int_equal(hardware_window_read(hardware, WINDOW_FREQUENCY, 8), 1000000);
	assert_int_equal(hardware_window_read(hardware, WINDOW_TIME, 8), now);
	assert_int_equal(sum_of(hardware, 3), 80);
	assert_int_equal(sum_of(hardware, 3 | WINDOW_PROBE_SERVICE), 120);
	hardware_reset(hardware);
	assert_int_equal(sum_of(hardware, 3), 0);
	hardware_free(hardware);
}

static void without_a_clock_the_block_is_of_version_1(void **state)
{
	struct hardware *hardware = hardware_new();

	(void)state;
	initialise(hardware);
	interrupt(hardware);
	assert_int_equal(hardware_window_read(hardware, WINDOW_VERSION, 4), 0x00010000);
	assert_int_equal(hardware_window_read(hardware, WINDOW_CAPABILITY, 8), 0x00031010);
	for (uint32_t offset = WINDOW_PROBE; offset < WINDOW_BYTES; offset += 8) {
		hardware_window_write(hardware, offset, 8, UINT64_MAX);
		assert_int_equal(hardware_window_read(hardware, offset, 8), 0);
	}
	hardware_free(hardware);
}

static void a_snapshot_has_the_times(void **state)
{
	struct hardware *one = with_clock(), *other = with_clock(), *untimed = hardware_new();
	size_t bytes = hardware_save(one, NULL, 0);
	void *saved = malloc(bytes);

	(void)state;
	initialise(one);
	interrupt(one);
	now += 1000;
	hardware_set_line(one, 3, true);
	assert_int_equal(hardware_save(one, saved, bytes), bytes);
	assert_true(hardware_restore(other, saved, bytes));
	now += 5;
	hardware_acknowledge(other);
	assert_int_equal(sum_of(other, 3), 45);
	/* a block without a clock has no place for the times */
	assert_false(hardware_restore(untimed, saved, bytes));
	assert_true(hardware_save(untimed, NULL, 0) < bytes);
	free(saved);
	hardware_free(one);
	hardware_free(other);
	hardware_free(untimed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_clock_each_event_has_its_time),
		cmocka_unit_test(without_a_clock_the_block_is_of_version_1),
		cmocka_unit_test(a_snapshot_has_the_times),
	};

	return cmocka_run_group_tests_name("hardware", tests, NULL, NULL);
}
