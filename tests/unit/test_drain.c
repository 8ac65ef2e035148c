/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timeline's file: moments of the emulator, and the VMM's trace drained from memory.
 *
 * Rule: the machine's memory is an array, and the file is read back.
 */
#include "tests/unit/check.h"

#include "emulators/timeline.h"
#include "vmm/core/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BASE = 0x1000, FEW = 4 };

struct record {
	uint64_t time;
	uint32_t kind, zero;
	uint64_t vm, number;
};

static struct {
	uint64_t count;
	uint64_t entry[FEW][2];
} memory;

static char path[] = "/tmp/signalbox-drain-XXXXXX";

static void read_memory(uint64_t address, void *to, uint64_t bytes)
{
	assert_true(address >= BASE && address + bytes <= BASE + sizeof(memory));
	memcpy(to, (const char *)&memory + address - BASE, bytes);
}

static void record(uint64_t tsc)
{
	memory.entry[memory.count % FEW][0] = tsc;
	memory.entry[memory.count++ % FEW][1] = tsc * 2;
}

static void assert_next(FILE *in, uint32_t kind, uint64_t time, uint64_t vm, uint64_t number)
{
	struct record r;

	assert_int_equal(fread(&r, sizeof(r), 1, in), 1);
	assert_int_equal(r.kind, kind);
	assert_int_equal(r.time, time);
	assert_int_equal(r.vm, vm);
	assert_int_equal(r.number, number);
}

static void each_entry_is_drained_once_and_losses_are_counted(void **state)
{
	const struct timeline_ring ring = { BASE, FEW };

	(void)state;
	int file = mkstemp(path);
	assert_true(file >= 0);
	close(file);
	timeline_add(TIMELINE_HIGH, 1, 2, 3); /* before the timeline: nothing */
	timeline_drain(0);
	for (unsigned i = 0; i < 6; i++)
		record(10 + i); /* two are gone before the first look, and count as no loss */
	assert_true(timeline_begin(path, &ring, read_memory));
	memory.entry[5 % FEW][0] = 0; /* counted, and not written yet */
	timeline_drain(1);
	memory.entry[5 % FEW][0] = 15;
	timeline_drain(0);
	timeline_drain(0);
	timeline_add(TIMELINE_HIGH, 7, 3, 20);
	for (unsigned i = 0; i < 7; i++)
		record(30 + i);
	assert_true(timeline_end());
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	for (unsigned i = 2; i < 6; i++)
		assert_next(in, TIMELINE_TRACE, 10 + i, 2 * (10 + i), i);
	assert_next(in, TIMELINE_HIGH, 20, 7, 3);
	assert_next(in, TIMELINE_LOST, 0, 0, 3);
	for (unsigned i = 3; i < 7; i++)
		assert_next(in, TIMELINE_TRACE, 30 + i, 2 * (30 + i), 6 + i);
	assert_int_equal(fgetc(in), EOF);
	fclose(in);
	unlink(path);
}

static void the_trace_lies_as_the_timeline_reads_it(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct trace_ring, count), 0);
	assert_int_equal(offsetof(struct trace_ring, entry), sizeof(uint64_t));
	assert_int_equal(sizeof(struct trace_entry), TIMELINE_ENTRY_BYTES);
	assert_int_equal(offsetof(struct trace_entry, event), 8);
	assert_int_equal(offsetof(struct trace_entry, vm), 9);
	assert_int_equal(offsetof(struct trace_entry, a), 10);
	assert_int_equal(offsetof(struct trace_entry, b), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_entry_is_drained_once_and_losses_are_counted),
		cmocka_unit_test(the_trace_lies_as_the_timeline_reads_it),
	};

	return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
