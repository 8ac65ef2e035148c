/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pulse's latencies: a timer, an 8259 with its one latch, and a guest that is away at times; what
 * edges.c makes of the readings is held against what really happened.
 *
 * Rule: time is the TSC. The counter is what a PIT would show then, no finer.
 */
#include "guests/pulse/edges.h"
#include "tests/unit/check.h"

enum { ROUNDS = 3000, TO_READ = 25 };

/* ticks of the TSC for so many counts of the PIT, and what the guest measured of it: 5 in 100,000
 * beside the truth */
struct world {
	uint64_t tsc, counts; /* the true rate */
	uint32_t reload;
	uint64_t loaded, old, taken; /* TSC of the counter's last load; edges before, and up to
	                              * the last interrupt */
	uint64_t now, acknowledged;  /* TSC; that of the last interrupt */
	uint64_t random;
	struct edges edges;
};

static uint64_t below(struct world *w, uint64_t limit)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (w->random >> 33) % limit;
}

static uint64_t counts_at(const struct world *w, uint64_t tsc)
{
	return (uint64_t)((unsigned __int128)tsc * w->counts / w->tsc);
}

/* The first moment at which so many counts are over. */
static uint64_t tsc_of(const struct world *w, uint64_t counts)
{
	return (uint64_t)(((unsigned __int128)counts * w->tsc + w->counts - 1) / w->counts);
}

static uint32_t counter_at(const struct world *w, uint64_t tsc)
{
	return w->reload - (uint32_t)(counts_at(w, tsc - w->loaded) % w->reload);
}

static uint64_t edges_until(const struct world *w, uint64_t tsc)
{
	return w->old + counts_at(w, tsc - w->loaded) / w->reload;
}

/* An edge before the last load: the moment of the load. */
static uint64_t tsc_of_edge(const struct world *w, uint64_t number)
{
	return w->loaded + (number > w->old ? tsc_of(w, (number - w->old) * w->reload) : 0);
}

/* The next interrupt, taken when the guest is back: its true latency. spent: from the entry to the
 * reading. */
static uint64_t take(struct world *w, uint64_t away, uint64_t spent, uint64_t *said)
{
	uint64_t edge = tsc_of_edge(w, w->taken + 1);
	uint64_t entry = edge > w->now + away ? edge : w->now + away;

	w->acknowledged = entry;
	w->taken = edges_until(w, entry);
	w->now = entry + spent;
	*said = edges_handled(&w->edges, entry, w->now, counter_at(w, w->now));
	return entry - edge;
}

static struct world begin(uint64_t tsc, uint32_t reload)
{
	struct world w = { .tsc = tsc, .counts = 1000, .reload = reload, .random = tsc + reload };
	struct pit_rate rate = { .tsc = w.tsc * 30000 / 1000, .counts = 30001 };

	w.acknowledged = tsc_of(&w, 10 * reload) + TO_READ;
	w.taken = edges_until(&w, w.acknowledged);
	w.now = w.acknowledged + TO_READ;
	edges_begin(&w.edges, reload, rate, w.acknowledged, w.now, counter_at(&w, w.now));
	return w;
}

static void near(uint64_t said, uint64_t is, const struct world *w)
{
	/* Three counts, and what the guest's rate is wrong by. */
	uint64_t grain = 3 * w->tsc / w->counts + is / 20000 + 1;

	assert_true(said <= is + grain && is <= said + grain);
}

/* 20 MHz, 1 MHz, 3.6 GHz: ticks for 1,000 counts */
static const uint64_t rates[] = { 16762, 838, 3000000 };
static const uint32_t reloads[] = { 1193, 100, 65535 };

static void each(void (*play)(struct world *w))
{
	for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (unsigned j = 0; j < sizeof(reloads) / sizeof(reloads[0]); j++) {
			struct world w = begin(rates[i], reloads[j]);

			play(&w);
		}
}

static void play_short(struct world *w)
{
	uint64_t period = tsc_of(w, w->reload), first = edges_until(w, w->acknowledged), said;

	for (unsigned i = 0; i < ROUNDS; i++)
		near(said, take(w, below(w, period / 2), TO_READ * w->tsc / 16762, &said), w);
	assert_int_equal(w->edges.came, edges_until(w, w->now) - first);
}

static void test_a_latency_below_a_period_is_the_counter_s(void **state)
{
	(void)state;
	each(play_short);
}

/* Up to 40 periods away, now and then; and between the entry and the reading as well. */
static void play_long(struct world *w)
{
	uint64_t period = tsc_of(w, w->reload), first = edges_until(w, w->acknowledged), said,
		 grain, edge;
	bool doubt = false, doubted;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t away = below(w, 4) ? below(w, period / 2) : below(w, 40 * period);
		uint64_t spent = below(w, 8) ? TO_READ * w->tsc / 16762 : below(w, 3 * period);
		uint64_t before = w->acknowledged, is = take(w, away, spent, &said);

		/* An edge right at an entry may be before it or after it: the counter cannot tell,
		 * and the next may be short by a period, or the one after. */
		doubted = doubt;
		grain = 6 * w->tsc / w->counts + 2 + 3 * period / 20000;
		edge = tsc_of(w, edges_until(w, before + grain) * w->reload);
		doubt = edge + grain >= before && edge <= before + grain;
		if (!doubt && !doubted)
			near(said, is, w);
	}
	assert_int_equal(w->edges.came, edges_until(w, w->now) - first);
}

static void test_R13_a_latency_of_many_periods_is_seen_whole(void **state)
{
	(void)state;
	each(play_long);
}

/* The counter is loaded again and again, right behind a reading, or after some periods away. */
static void play_anew(struct world *w)
{
	uint64_t period = tsc_of(w, w->reload), first = edges_until(w, w->acknowledged), said, is;
	bool gap = false;

	for (unsigned i = 0; i < ROUNDS; i++) {
		is = take(w, below(w, period / 4), TO_READ * w->tsc / 16762, &said);
		if (!gap) /* an edge of the old period has an age that the counter cannot tell */
			near(said, is, w);
		gap = false;
		if (below(w, 4) != 0)
			continue;
		uint64_t before = w->now;
		uint32_t counter = counter_at(w, before);

		gap = below(w, 8) == 0;
		w->now += gap ? below(w, 9) * period : below(w, period / 8);
		w->old = edges_until(w, w->now);
		w->loaded = w->now;
		w->now += 1 + below(w, period / 8);
		edges_anew(&w->edges, before, counter, w->now, counter_at(w, w->now));
	}
	assert_int_equal(w->edges.came, edges_until(w, w->now) - first);
}

static void test_no_edge_is_lost_where_the_counter_is_loaded_anew(void **state)
{
	(void)state;
	each(play_anew);
}

static void play_absence(struct world *w)
{
	uint64_t period = tsc_of(w, w->reload), said, is;

	for (unsigned i = 0; i < 8000; i++) /* the pace is known better by and by */
		take(w, 0, 1, &said);
	is = take(w, 5000 * period, 1, &said);
	near(said, is, w);
	assert_true(said > 4998 * (uint64_t)period);
}

static void test_five_thousand_periods_at_once(void **state)
{
	(void)state;
	each(play_absence);
}

static void test_a_lost_tick_is_overdue_and_a_merged_one_is_not(void **state)
{
	struct world w = begin(16762, 1193);
	uint64_t period = tsc_of(&w, w.reload), said;

	(void)state;
	take(&w, 0, TO_READ, &said);
	/* It ran, and then was away for ten periods: nothing could have come earlier. */
	uint64_t ran = w.now;

	w.now += 10 * period;
	assert_false(edges_overdue(&w.edges, ran, w.now, counter_at(&w, w.now)));
	/* It runs again, and what waits has not come. */
	assert_true(edges_overdue(&w.edges, w.now - 5, w.now, counter_at(&w, w.now)));
	take(&w, 0, TO_READ, &said);
	assert_false(edges_overdue(&w.edges, w.now, w.now + period / 2,
	                           counter_at(&w, w.now + period / 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_latency_below_a_period_is_the_counter_s),
		cmocka_unit_test(test_R13_a_latency_of_many_periods_is_seen_whole),
		cmocka_unit_test(test_no_edge_is_lost_where_the_counter_is_loaded_anew),
		cmocka_unit_test(test_five_thousand_periods_at_once),
		cmocka_unit_test(test_a_lost_tick_is_overdue_and_a_merged_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
