/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What VMs print and what the VMM notes, until it is text.
 *
 * Rule: each test takes a ring of its own.
 */
#include "tests/unit/check.h"

#include "arch/x86/log/log.h"
#include "tests/unit/fake_log.h"
#include "vmm/core/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct output out;

static unsigned noted;

static void count_note(void)
{
	noted++;
}

static int begin(void **state)
{
	(void)state;
	memset(&out, 0, sizeof(out));
	while (log_notes_print())
		;
	log_notes_later(count_note);
	noted = 0;
	printed_clear();
	return 0;
}

static void put(const char *text)
{
	assert_int_equal(output_put(&out, text, (uint32_t)strlen(text)), 0);
}

static void print_all(void)
{
	while (output_print(&out, "vm"))
		;
}

static void a_print_becomes_lines_with_the_vms_name(void **state)
{
	(void)state;
	put("one\ntw");
	put("o\r\nthree");
	assert_string_equal(printed(), "");
	print_all();
	assert_string_equal(printed(), "[vm] one\n[vm] two\n");
	output_end(&out, "vm");
	assert_string_equal(printed(), "[vm] one\n[vm] two\n[vm] three\n");
	assert_false(output_waits(&out));
}

static void one_call_prints_one_line(void **state)
{
	(void)state;
	put("a\nb\nc\n");
	assert_true(output_print(&out, "vm"));
	assert_string_equal(printed(), "[vm] a\n");
}

static void odd_bytes_and_long_lines_do_no_harm(void **state)
{
	char line[2 * OUTPUT_LINE_MAX];

	(void)state;
	put("\x1b[2Jx\x80\n");
	memset(line, 'y', sizeof(line));
	assert_int_equal(output_put(&out, line, OUTPUT_LINE_MAX + 10), 0);
	put("\n");
	print_all();
	assert_non_null(strstr(printed(), "[vm] ?[2Jx?\n"));
	assert_non_null(strstr(printed(), "y\n[vm] yyyyyyyyyy\n"));
}

/* Nothing of it is printed, and looking at it all takes long. */
static void R13_text_without_a_line_is_looked_at_in_parts(void **state)
{
	char text[OUTPUT_BYTES];
	unsigned steps = 0;

	(void)state;
	memset(text, '\r', sizeof(text));
	assert_int_equal(output_put(&out, text, sizeof(text)), 0);
	while (output_print(&out, "vm"))
		steps++;
	assert_in_range(steps, OUTPUT_BYTES / 256, OUTPUT_BYTES / 128);
	assert_string_equal(printed(), "");
	assert_false(output_waits(&out));
}

static unsigned pauses;

static void count_pause(void)
{
	pauses++;
}

static void R13_the_log_pauses_between_what_takes_long(void **state)
{
	(void)state;
	log_set_pause(count_pause);
	pauses = 0;
	log_format("a line\n");
	assert_true(pauses >= 1 + FAKE_ROWS); /* it is formatted; each row; the console has it */
	log_note("vm %s: %lu", "x", 1);
	pauses = 0;
	assert_true(log_notes_print());
	assert_true(pauses >= 2 + FAKE_ROWS); /* and the note's values are put in */
	log_set_pause(NULL);
}

static void what_finds_no_room_is_dropped_whole_and_told(void **state)
{
	char text[512];

	(void)state;
	memset(text, 'z', sizeof(text));
	text[511] = '\n';
	for (unsigned i = 0; i < OUTPUT_BYTES / sizeof(text); i++)
		assert_int_equal(output_put(&out, text, sizeof(text)), 0);
	assert_int_equal(output_put(&out, text, sizeof(text)), -EAGAIN);
	assert_int_equal(output_put(&out, text, 1), -EAGAIN);
	print_all();
	assert_non_null(
		strstr(printed(), "signalbox: vm vm: 513 bytes of its output were dropped"));
	assert_int_equal(out.dropped, 513);
	printed_clear();
	print_all();
	assert_string_equal(printed(), "");
	assert_int_equal(output_put(&out, text, sizeof(text)), 0);
}

static void a_ring_goes_round_and_keeps_every_byte(void **state)
{
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		text[0] = (char)('0' + i % 10);
		memcpy(text + 1, "234567890123\n", 13);
		assert_int_equal(output_put(&out, text, 14), 0);
		assert_true(output_print(&out, "vm"));
		assert_int_equal(printed()[5], text[0]);
		assert_string_equal(printed() + 6, "234567890123\n");
		printed_clear();
	}
}

static void a_note_is_formatted_later(void **state)
{
	(void)state;
	log_note("vm %s: %lu of %lx", "x", 7, 0xabc);
	assert_string_equal(printed(), "");
	assert_int_equal(noted, 1);
	assert_true(log_notes_print());
	assert_string_equal(printed(), "signalbox: vm x: 7 of abc\n");
	assert_false(log_notes_print());
	log_notes_later(NULL);
	log_note("at once %lu", 1);
	assert_non_null(strstr(printed(), "at once 1\n"));
}

static void a_note_has_two_parts(void **state)
{
	const struct note note = { "vm %s: ", "port %lxh, %s",
		                   1,         { (uint64_t) "a", 0x80, (uint64_t) "1 byte" },
		                   NULL,      0 };

	(void)state;
	log_note_post(&note);
	assert_true(log_notes_print());
	assert_string_equal(printed(), "signalbox: vm a: port 80h, 1 byte\n");
}

static void a_note_comes_behind_the_text_before_it(void **state)
{
	(void)state;
	put("text\n");
	log_notes_after(&out.tail, out.head);
	log_note("vm %s: done", "vm");
	log_notes_after(NULL, 0);
	log_note("%s", "of no VM");
	assert_true(log_notes_print());
	assert_string_equal(printed(), "signalbox: of no VM\n");
	assert_false(log_notes_print());
	print_all();
	assert_true(log_notes_print());
	assert_string_equal(printed(), "signalbox: of no VM\n[vm] text\nsignalbox: vm vm: done\n");
	assert_false(log_notes_print());
}

static void too_many_notes_are_counted(void **state)
{
	unsigned lines = 0;

	(void)state;
	for (unsigned i = 0; i < NOTES + 5; i++)
		log_note("note %lu", i);
	while (log_notes_print())
		lines++;
	assert_int_equal(lines, NOTES + 1);
	assert_non_null(strstr(printed(), "signalbox: 5 notes were dropped"));
}

static char logged[LOG_BYTES + 1];

static void collect(const char *text, size_t size)
{
	strncat(logged, text, size);
}

static void a_vm_that_prints_for_ever_pushes_out_no_other_lines(void **state)
{
	struct output other = { 0 };
	char text[64];

	(void)state;
	log_line("the VMM has a line");
	assert_int_equal(output_put(&other, "so has another VM\n", 18), 0);
	while (output_print(&other, "other"))
		;
	for (unsigned n = 0; n < 4000; n++) {
		snprintf(text, sizeof(text), "line %u of very many\n", n);
		put(text);
		print_all();
		printed_clear();
	}
	logged[0] = '\0';
	log_replay(collect);
	assert_non_null(strstr(logged, "signalbox: the VMM has a line\n"));
	assert_non_null(strstr(logged, "[other] so has another VM\n"));
	assert_non_null(strstr(logged, "[vm] line 3999 of very many\n"));
	/* its share is there */
	assert_non_null(strstr(logged, "[vm] line 3900 of very many\n"));
	assert_null(strstr(logged, "[vm] line 3000 of very many\n"));
}

#define ON_RING(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_RING(a_print_becomes_lines_with_the_vms_name),
		ON_RING(one_call_prints_one_line),
		ON_RING(odd_bytes_and_long_lines_do_no_harm),
		ON_RING(R13_text_without_a_line_is_looked_at_in_parts),
		ON_RING(R13_the_log_pauses_between_what_takes_long),
		ON_RING(what_finds_no_room_is_dropped_whole_and_told),
		ON_RING(a_ring_goes_round_and_keeps_every_byte),
		ON_RING(a_note_is_formatted_later),
		ON_RING(a_note_has_two_parts),
		ON_RING(a_note_comes_behind_the_text_before_it),
		ON_RING(too_many_notes_are_counted),
		ON_RING(a_vm_that_prints_for_ever_pushes_out_no_other_lines),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
