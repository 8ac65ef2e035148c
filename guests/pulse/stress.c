/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's stress: as many interrupts as wanted, and a count on both sides of each interrupt.
 *
 * Rule: every interrupt for which a device had a cause is handled, or the device's own reading
 * explains why the interrupt merged with its neighbour (tick.c). A stream of bytes on COM2 goes on
 * only by its interrupts, so a lost interrupt shows as a stall.
 */
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/report.h"
#include "guests/lib/threads.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/pulse/pulse.h"

enum { WATCH_MS = 100, STALLS_MAX = 20 };

void stress_run(uint32_t interrupts)
{
	struct stream_count stream = com2_count();
	uint32_t start = irq_count_all(), lost = stream.lost,
		 watch = WATCH_MS * tick_hz() / 1000 + 1;
	struct span span;

	span_begin(&span);
	com2_stream(true);
	while (irq_count_all() - start < interrupts && stream.lost - lost < STALLS_MAX) {
		thread_sleep(watch);
		com2_watch();
		tick_look();
		stream = com2_count();
	}
	com2_stream(false);
	thread_sleep(watch); /* the last byte's interrupt */
	stream = com2_count();
	span_end(&span);

	machine_print("count line=3 handled=%lu sent=%lu lost=%lu\n", (unsigned long)stream.handled,
	              (unsigned long)(stream.causes + stream.lost), (unsigned long)stream.lost);
	span_report("stress", &span);
	report(stream.handled == stream.causes && (stream.idle == 0 || args_number("idle", 0)),
	       "R08 the UART's interrupts, each once", "%u causes, %u handled, %u without a cause",
	       (unsigned)stream.causes, (unsigned)stream.handled, (unsigned)stream.idle);
}
