/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Distributions of measured times.
 *
 * Rule: see stats.h.
 */
#include "guests/lib/stats.h"

#include "guests/lib/machine.h"
#include "guests/lib/traps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS_MAX = 64, LINE_WIDTH = 140 /* for a terminal; the VMM cuts lines at 224 */ };

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void samples_sort(struct samples *s)
{
	qsort(s->value, s->n, sizeof(s->value[0]), compare);
}

/* ---- Span ---- */

void span_begin(struct span *span)
{
	machine_counters(&span->counters);
	span->interrupts = irq_count_all();
}

void span_end(struct span *span)
{
	struct sb_counters now;

	machine_counters(&now);
	span->interrupts = irq_count_all() - span->interrupts;
	span->counters.tsc = now.tsc - span->counters.tsc;
	span->counters.interrupt = now.interrupt - span->counters.interrupt;
	/* The first call is in both figures, the second in the later one only. */
	span->counters.total = now.total - span->counters.total - machine_is_virtual();
	for (unsigned i = 0; i < SB_EXIT_KINDS; i++)
		span->counters.kind[i] = now.kind[i] - span->counters.kind[i];
}

void span_report(const char *probe, const struct span *span)
{
	machine_print("span probe=%s interrupts=%lu exits=%lu all=%lu\n", probe,
	              (unsigned long)span->interrupts, span->counters.interrupt,
	              span->counters.total);
}

/* ---- Histogram of sorted values ---- */

static uint64_t bin_width(const struct samples *s)
{
	uint64_t range = s->value[s->n - 1] - s->value[0];
	uint32_t distinct = 1;

	for (uint32_t i = 1; i < s->n; i++)
		distinct += s->value[i] != s->value[i - 1];
	return distinct <= BINS_MAX ? 1 : range / BINS_MAX + 1;
}

static void print_histogram(const char *probe, const struct samples *s)
{
	char line[LINE_WIDTH + 32];
	uint64_t width = bin_width(s), low = s->value[0];
	int start = snprintf(line, sizeof(line), "hist probe=%s", probe), length = start;

	for (uint32_t i = 0; i < s->n;) {
		uint64_t bin = (s->value[i] - low) / width;
		uint32_t count = 0;

		for (; i < s->n && (s->value[i] - low) / width == bin; i++)
			count++;
		length += snprintf(line + length, sizeof(line) - (size_t)length, " %lu:%lu",
		                   low + bin * width, (unsigned long)count);
		if (i == s->n || length > LINE_WIDTH - 24) {
			machine_print("%s\n", line);
			length = start;
		}
	}
}

void stats_report(const char *probe, struct samples *s, const struct span *span)
{
	struct sb_result r = { .n = s->n,
		               .interrupts = span->interrupts,
		               .exits = span->counters.interrupt };

	for (uint32_t i = 0; i < s->n; i++)
		s->value[i] /= machine_unit_ticks();
	strncpy(r.probe, probe, sizeof(r.probe) - 1);
	strncpy(r.unit, machine_unit(), sizeof(r.unit) - 1);
	if (s->n != 0) {
		samples_sort(s);
		r.min = s->value[0];
		r.median = s->value[(s->n - 1) / 2];
		r.p99 = s->value[(s->n * 99 + 99) / 100 - 1];
		r.max = s->value[s->n - 1];
	}
	machine_print(
		"lat probe=%s unit=%s n=%lu min=%lu median=%lu p99=%lu max=%lu interrupts=%lu "
		"exits=%lu\n",
		probe, r.unit, (unsigned long)r.n, r.min, r.median, r.p99, r.max,
		(unsigned long)r.interrupts, r.exits);
	if (s->n != 0)
		print_histogram(probe, s);
	span_report(probe, span);
	machine_result(&r);
}
