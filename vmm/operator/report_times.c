/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times that the chipset block keeps of each line (docs/register-window.md, section 7): from
 * the edge to INTA, and from INTA to the EOI, of any guest.
 *
 * Rule: the VMM reads the block's registers and keeps nothing. A guest may run between two reads,
 * so that the figures of a record may be some interrupts apart. After the run nothing moves.
 */
#include "vmm/operator/report.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "chipset/block/window.h"
#include "chipset/chipset.h"

#include <string.h>

static unsigned long read(uint32_t offset)
{
	return mmio_read64(chipset_window + offset);
}

/* Prints the registers from offset on as key=value. name: each register's name, one string behind
 * the other, up to an empty name. */
static void print_registers(uint32_t offset, const char *name)
{
	for (; *name != '\0'; name += strlen(name) + 1, offset += 8)
		log_format(" %s=%lu", name, read(offset));
	log_format("\n");
}

/* A device whose buckets do not rise ends the list. */
static void print_buckets(void)
{
	uint64_t from = 0, least;

	for (;; from = least + 1) {
		mmio_write64(chipset_window + WINDOW_FROM, from);
		least = read(WINDOW_BUCKET);
		if (least < from || least == UINT64_MAX)
			break;
		log_format(" %lu:%lu", (unsigned long)least, read(WINDOW_COUNT));
	}
	log_format("\n");
}

/* Prints nothing of a line without an INTA. */
static void print_line(unsigned line, bool buckets)
{
	uint32_t stamps = WINDOW_STAMPS + line * WINDOW_STAMPS_STRIDE;

	if (read(stamps + WINDOW_STAMPS_INTA) == 0)
		return;
	for (unsigned service = 0; service < 2; service++) {
		const char *to = service != 0 ? "eoi" : "inta";

		mmio_write64(chipset_window + WINDOW_PROBE, line + service * WINDOW_PROBE_SERVICE);
		log_format("times line=%u to=%s", line, to);
		print_registers(WINDOW_SAMPLES, "n\0sum\0min\0max\0merged\0unmatched\0hz\0now\0");
		if (!buckets)
			continue;
		log_format("buckets line=%u to=%s", line, to);
		print_buckets();
	}
	log_format("last line=%u", line);
	print_registers(stamps, "edge\0inta\0eoi\0");
}

void report_times(bool at_end)
{
	if (chipset_window != 0 && read(WINDOW_CAPABILITY) & WINDOW_CAPABILITY_TIMES)
		for (unsigned line = 0; line < LINES; line++)
			print_line(line, at_end);
	else if (chipset_window != 0 || !at_end)
		log_format("no times: no block of version 2\n");
}
