/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block's times as lines of text. See the header for the rule.
 */
#include "emulators/times_file.h"

#include "chipset/block/block.h"
#include "chipset/block/window.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t read_at(struct hardware *hardware, uint32_t offset)
{
	return hardware_window_read(hardware, offset, 8);
}

/* The registers from offset on, each behind its name. */
static void write_registers(struct hardware *hardware, FILE *file, uint32_t offset,
                            const char *const *name)
{
	for (; *name; name++, offset += 8)
		fprintf(file, " %s=%" PRIu64, *name, read_at(hardware, offset));
	fprintf(file, "\n");
}

static void write_buckets(struct hardware *hardware, FILE *file)
{
	for (uint64_t least = UINT64_MAX;;) {
		hardware_window_write(hardware, WINDOW_FROM, 8, least + 1);
		least = read_at(hardware, WINDOW_BUCKET);
		if (least == UINT64_MAX)
			break;
		fprintf(file, " %" PRIu64 ":%" PRIu64, least, read_at(hardware, WINDOW_COUNT));
	}
	fprintf(file, "\n");
}

static void write_line(struct hardware *hardware, FILE *file, unsigned line)
{
	static const char *const of_probe[] = { "n",         "sum", "min", "max", "merged",
		                                "unmatched", "hz",  "now", NULL };
	static const char *const of_line[] = { "edge", "inta", "eoi", NULL };
	static const char *const ends[] = { "inta", "eoi" };
	uint32_t stamps = WINDOW_STAMPS + line * WINDOW_STAMPS_STRIDE;

	if (read_at(hardware, stamps + WINDOW_STAMPS_INTA) == 0)
		return;
	for (unsigned service = 0; service < 2; service++) {
		hardware_window_write(hardware, WINDOW_PROBE, 8,
		                      line + service * WINDOW_PROBE_SERVICE);
		fprintf(file, "times line=%u to=%s", line, ends[service]);
		write_registers(hardware, file, WINDOW_SAMPLES, of_probe);
		fprintf(file, "buckets line=%u to=%s", line, ends[service]);
		write_buckets(hardware, file);
	}
	fprintf(file, "last line=%u", line);
	write_registers(hardware, file, stamps, of_line);
}

bool times_file_write(struct hardware *hardware, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return false;
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		write_line(hardware, file, line);
	bool good = !ferror(file);
	return fclose(file) == 0 && good;
}
