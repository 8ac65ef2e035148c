/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The timeline of a run: levels of lines, INTAs, EOIs, and the VMM's trace, which is taken over
 * from the machine's memory while the machine runs.
 *
 *   IRQMUX_TIMELINE=FILE          the file
 *   IRQMUX_TRACE=ADDRESS:ENTRIES  where the VMM's trace lies, and how many entries the trace holds
 *
 * Rule: the timeline takes none of the machine's time. Times are instructions, as the TSC is.
 */
#include "irqmux.h"

#include "cpu/cpu.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define LOG_THIS ((logfunctions *)bx_devices.pluginPicDevice)->

/* Instructions between two looks at the trace. An entry takes the VMM more than four. */
enum { DRAIN_TICKS = 4096, LEAST_ENTRIES = 1024 };

timeline_c::timeline_c(void) : begun(false), inta(), eoi()
{
}

static void read_memory(uint64_t address, void *to, uint64_t bytes)
{
	DEV_MEM_READ_PHYSICAL_DMA(address, (unsigned)bytes, (Bit8u *)to);
}

/* Reads IRQMUX_TRACE. Returns false where the value is wrong. */
static bool read_ring(struct timeline_ring *ring)
{
	const char *text = getenv("IRQMUX_TRACE");
	char behind;

	return text &&
	       sscanf(text, "%" SCNx64 ":%" SCNu64 "%c", &ring->address, &ring->entries, &behind) ==
	               2 &&
	       ring->address && ring->entries >= LEAST_ENTRIES;
}

void timeline_c::init(void)
{
	const char *path = getenv("IRQMUX_TIMELINE");
	struct timeline_ring ring;

	if (!path || !*path)
		return;
	if (!read_ring(&ring))
		BX_PANIC(("IRQMUX_TRACE=%s: not ADDRESS:ENTRIES of the VMM's trace",
		          getenv("IRQMUX_TRACE") ? getenv("IRQMUX_TRACE") : ""));
	if (!timeline_begin(path, &ring, read_memory))
		BX_PANIC(("IRQMUX_TIMELINE=%s: %s", path, strerror(errno)));
	begun = true;
	bx_pc_system.register_timer_ticks(this, drain, DRAIN_TICKS, true, true, "irqmux timeline");
}

/* Before VMXON there may be anything in the place of the trace. */
void timeline_c::drain(void *)
{
	if (BX_CPU(0)->in_vmx)
		timeline_drain(1);
}

void timeline_c::line(unsigned line, bool high)
{
	if (begun)
		timeline_add(high ? TIMELINE_HIGH : TIMELINE_LOW, 0, line,
		             (int64_t)bx_pc_system.time_ticks());
}

void timeline_c::note(enum timeline_kind kind, unsigned line, uint64_t when, uint64_t *last)
{
	if (when == *last)
		return;
	*last = when;
	if (when != 0)
		timeline_add(kind, 0, line, (int64_t)when);
}

void timeline_c::look(const struct hardware *block)
{
	for (unsigned line = 0; begun && line < BLOCK_LINES; line++) {
		note(TIMELINE_DELIVERED, line, hardware_last_inta(block, line), &inta[line]);
		note(TIMELINE_EOI, line, hardware_last_eoi(block, line), &eoi[line]);
	}
}

void timeline_c::end(void)
{
	if (begun && !timeline_end())
		BX_ERROR(("IRQMUX_TIMELINE: the file is not whole: %s", strerror(errno)));
	begun = false;
}
