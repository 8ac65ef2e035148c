/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of the block in QEMU, and the file at QEMU's end. See the header for the rule.
 */
#include "qemu/osdep.h"

#include "qemu/error-report.h"
#include "qemu/timer.h"

#include "emulators/qemu/times_end.h"
#include "emulators/times_file.h"

#if QEMU_VERSION_MAJOR >= 10
#include "system/system.h"
#else
#include "sysemu/sysemu.h"
#endif

/* With -icount this is the count of instructions, in ns of the machine's time. */
static uint64_t machine_time(void *owner)
{
	return (uint64_t)qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void on_end(Notifier *notifier, void *data)
{
	struct times_end *times = container_of(notifier, struct times_end, end);

	if (!times_file_write(times->block, times->path))
		error_report("irqmux: times=%s: the file cannot be written", times->path);
}

void times_begin(struct times_end *times)
{
	hardware_keep_time(times->block,
	                   &(struct hardware_clock){ .now = machine_time,
	                                             .frequency = NANOSECONDS_PER_SECOND });
	times->end.notify = on_end;
	if (times->path)
		qemu_add_exit_notifier(&times->end);
}
