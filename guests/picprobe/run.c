/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays everything that the words ask for: recorded programs, then random programs, then a line
 * with the counts.
 *
 *   recorded=1            0: without the recorded programs
 *   only=NAME             only the recorded program of this name
 *   count=100             random programs
 *   seed=1 first=0        of this seed, from this number on
 *   ops=40                operations of each program
 *   features=all          features beside the plain parts: a list of names, "all", "none"; "-name"
 *                         takes a name out
 *   lines=0,1,3,8,12,14,15  lines that have a device to drive the line
 *   show=all              sums: a checksum for each program; list: each operation
 *
 * Rule: a recorded program whose lines or features are missing is named and left out.
 */
#include "guests/lib/args.h"
#include "guests/picprobe/picprobe.h"

#include <stdio.h>
#include <string.h>

enum {
	DEFAULT_LINES = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 8 | 1 << 12 | 1 << 14 | 1 << 15,
	DRIVABLE = DEFAULT_LINES
};

static uint16_t lines;
static uint32_t features, sum;
static unsigned programs, operations;
static enum probe_show show;

uint16_t probe_word_lines(void)
{
	char list[64], name[8], value[8];
	const char *rest = list;
	uint64_t line;
	uint16_t set = 0;

	if (!args_text("lines", list, sizeof(list)))
		return DEFAULT_LINES;
	while (args_item(&rest, name, value, sizeof(name)))
		if (args_parse(name, &line) && line < 16 && DRIVABLE >> line & 1)
			set |= (uint16_t)(1u << line);
	return set;
}

static uint32_t feature_named(const char *name)
{
#define PROBE_NAME(id, text) text,
	static const char *const names[] = { PROBE_FEATURES(PROBE_NAME) };
#undef PROBE_NAME

	if (strcmp(name, "all") == 0)
		return FEATURES_ALL;
	for (unsigned i = 0; i < PROBE_FEATURE_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return 1u << i;
	return 0;
}

static uint32_t read_features(void)
{
	char list[128], name[16], value[8];
	const char *rest = list;
	uint32_t set = 0;

	if (!args_text("features", list, sizeof(list)))
		return FEATURES_ALL;
	while (args_item(&rest, name, value, sizeof(name))) {
		if (name[0] == '-')
			set &= ~feature_named(name + 1);
		else
			set |= feature_named(name);
	}
	return set;
}

static enum probe_show read_show(void)
{
	char word[8];

	args_text("show", word, sizeof(word));
	if (strcmp(word, "sums") == 0)
		return SHOW_SUMS;
	return strcmp(word, "list") == 0 ? SHOW_LIST : SHOW_ALL;
}

static void play(const struct program *program, const char *name)
{
	char line[64];

	if (show != SHOW_SUMS)
		probe_print(name);
	struct probe_result result = probe_play(program, lines, show);
	programs++;
	operations += result.operations;
	sum = (sum << 1 | sum >> 31) ^ result.sum;
	if (show == SHOW_SUMS)
		snprintf(line, sizeof(line), "%s: %08lx", name, (unsigned long)result.sum);
	else
		snprintf(line, sizeof(line), " sum %08lx", (unsigned long)result.sum);
	probe_print(line);
}

static void play_recorded(const char *only)
{
	char text[96];

	for (unsigned i = 0; i < probe_recorded_count; i++) {
		const struct program *program = &probe_recorded[i];

		if (only[0] != '\0' && strcmp(only, program->name) != 0)
			continue;
		snprintf(text, sizeof(text), "program %s", program->name);
		if (program->features & ~features || probe_lines(program) & ~lines) {
			strcat(text, ": left out");
			probe_print(text);
			continue;
		}
		play(program, text);
	}
}

static void play_random(void)
{
	uint32_t seed = (uint32_t)args_number("seed", 1), first = (uint32_t)args_number("first", 0);
	uint32_t count = (uint32_t)args_number("count", 100);
	unsigned length = (unsigned)args_number("ops", 40);
	char text[48];

	for (uint32_t i = first; i - first < count; i++) {
		struct program program = probe_random(seed, i, features, lines, length);

		snprintf(text, sizeof(text), "random %lu/%lu", (unsigned long)seed,
		         (unsigned long)i);
		play(&program, text);
	}
}

void probe_run(void)
{
	char only[32], line[96];

	lines = probe_word_lines();
	features = read_features();
	show = read_show();
	args_text("only", only, sizeof(only));
	if (only[0] != '\0' || args_number("recorded", 1) != 0)
		play_recorded(only);
	if (only[0] == '\0' && lines != 0)
		play_random();
	snprintf(line, sizeof(line), "picprobe: %u programs, %u operations, transcript %08lx",
	         programs, operations, (unsigned long)sum);
	probe_print(line);
}
