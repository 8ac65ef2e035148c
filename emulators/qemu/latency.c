/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The latencies of each line of each VM.
 *
 * Rule: see latency.h. A latency begins with the edge. Where the guest has masked the line, the
 * latency begins when the guest unmasks the line. An edge from before the guest's ICW1 is no
 * request to the guest.
 */
#include "emulators/qemu/latency.h"
#include "emulators/qemu/recent.h"

#include <stdlib.h>
#include <string.h>

enum {
	VMS = 65, /* 64, and the bare machine */
	CHIPS = 2,
	CHIP_LINES = 8,
	CASCADE = 2,
	PIT = 0,
	/* A value up to FINE has a bucket of its own. Above, each power of two has FINE / 2
	 * buckets. */
	FINE = 1024,
	HALF = FINE / 2,
	BUCKETS = FINE + HALF * 54,
};

/* The bits of the 8259A's command words (datasheet, figures 7 and 8). */
enum { ICW1 = 0x10, ICW1_ICW4 = 0x01, ICW1_SINGLE = 0x02, ICW4_AEOI = 0x02 };
enum { OCW3 = 0x08, OCW2_EOI = 0x20, OCW2_SPECIFIC = 0x40, OCW2_LEVEL = 0x07 };

/* What happened during the longest sample. */
struct worst {
	int64_t began;
	bool all; /* no moment is missing */
	unsigned n;
	struct recent_moment moment[RECENT];
};

struct histogram {
	uint64_t n, sum, min, max;
	uint64_t *count; /* BUCKETS of them, from the first sample on */
	struct worst *worst;
};

/* The word that a chip expects next at its odd port. */
enum word { OCW1, ICW2, ICW3, ICW4 };

struct chip {
	bool ready; /* ICW2 has come */
	uint8_t base, icw1, mask;
	bool automatic_end;
	enum word next;
	int64_t begun;
};

struct line {
	struct histogram running, waiting, served, handled;
	uint64_t merged, withdrawn, unmatched, exits;
	int64_t unmasked;
	bool in_service;
	bool timed; /* an edge was there: the EOI is a sample too */
	int64_t began, delivered;
	uint64_t exits_before; /* of the VM, at the edge */
};

struct vm {
	uint64_t number;
	uint64_t exits;
	struct chip chip[CHIPS];
	struct line line[LATENCY_LINES];
};

/* The physical line: the edge that waits, and the VM that had the processor at the edge. */
struct edge {
	bool high, waits;
	int64_t at;
	uint64_t running;
	uint64_t exits; /* of the VM that had the processor */
	uint64_t merged, withdrawn;
};

static struct {
	struct latency_limits limits;
	int64_t ticks;
	int64_t first; /* the first delivery of a line of the limit */
	bool begun, over;
	bool virtual; /* a VM has run */
	struct edge edge[LATENCY_LINES];
	unsigned vms;
	struct vm vm[VMS];
} all;

/* ---- Histograms ---- */

static unsigned bucket_of(uint64_t value)
{
	unsigned shift = 0;

	for (; value >> shift >= FINE; shift++)
		;
	return shift == 0 ? (unsigned)value
	                  : FINE + (shift - 1) * HALF + ((unsigned)(value >> shift) - HALF);
}

/* Returns the smallest value of a bucket. */
static uint64_t value_of(unsigned bucket)
{
	unsigned above = bucket - FINE;

	if (bucket < FINE)
		return bucket;
	return (uint64_t)(HALF + above % HALF) << (1 + above / HALF);
}

static void keep_worst(struct histogram *h, int64_t began)
{
	if (h->worst == NULL)
		h->worst = malloc(sizeof(*h->worst));
	if (h->worst == NULL)
		return;
	h->worst->began = began;
	h->worst->n = recent_copy(began, h->worst->moment, &h->worst->all);
}

/* Adds the sample that ends now. */
static void histogram_add(struct histogram *h, int64_t began, int64_t now)
{
	int64_t ns = now - began;
	uint64_t value = (uint64_t)(ns < 0 ? 0 : ns) / (uint64_t)all.ticks;

	if (h->count == NULL)
		h->count = calloc(BUCKETS, sizeof(h->count[0]));
	if (h->count == NULL)
		return;
	h->count[bucket_of(value)]++;
	if (h->n == 0 || value < h->min)
		h->min = value;
	if (h->n == 0 || value > h->max)
		keep_worst(h, began);
	if (value > h->max)
		h->max = value;
	h->n++;
	h->sum += value;
}

/* ---- VMs ---- */

static struct vm *find(uint64_t number)
{
	for (unsigned i = 0; i < all.vms; i++)
		if (all.vm[i].number == number)
			return &all.vm[i];
	if (all.vms == VMS)
		return NULL;
	all.vm[all.vms].number = number;
	return &all.vm[all.vms++];
}

static void forget_samples(struct vm *vm)
{
	for (unsigned i = 0; i < LATENCY_LINES; i++) {
		free(vm->line[i].running.count);
		free(vm->line[i].waiting.count);
		free(vm->line[i].served.count);
		free(vm->line[i].handled.count);
		free(vm->line[i].running.worst);
		free(vm->line[i].waiting.worst);
		free(vm->line[i].served.worst);
		free(vm->line[i].handled.worst);
		vm->line[i] = (struct line){ 0 };
	}
}

void latency_begin(const struct latency_limits *limits, int64_t ticks)
{
	recent_begin();
	for (unsigned v = 0; v < all.vms; v++)
		forget_samples(&all.vm[v]);
	memset(&all, 0, sizeof(all));
	all.limits = *limits;
	all.ticks = ticks;
}

/* The first exit shows that the machine has a VMM. The VMM has taken its own interrupts as a bare
 * machine does, and no such interrupt counts. */
static void forget_bare_machine(void)
{
	struct vm *vm = find(LATENCY_BARE);

	if (vm != NULL)
		forget_samples(vm);
	all.begun = all.over = false;
}

void latency_exit(uint64_t number)
{
	struct vm *vm = find(number);

	if (!all.virtual)
		forget_bare_machine();
	all.virtual = true;
	if (vm != NULL)
		vm->exits++;
}

/* ---- Lines ---- */

/* The output of the PIT takes nothing back when it falls: the next count begins. Any other device
 * withdraws its request. */
void latency_line(unsigned number, bool high, uint64_t running, int64_t now)
{
	struct edge *edge = &all.edge[number];
	const struct vm *vm = running == LATENCY_VMM ? NULL : find(running);

	if (high == edge->high)
		return;
	edge->high = high;
	if (!high) {
		edge->withdrawn += edge->waits && number != PIT;
		edge->waits = edge->waits && number == PIT;
		return;
	}
	if (edge->waits) {
		edge->merged++;
		return;
	}
	edge->waits = true;
	edge->at = now;
	edge->running = running;
	edge->exits = vm != NULL ? vm->exits : 0;
}

bool latency_waits(unsigned line)
{
	return all.edge[line].waits;
}

/* ---- The guest's 8259s ---- */

static void end_of_interrupt(struct vm *vm, unsigned chip, uint8_t ocw2, int64_t now)
{
	unsigned first = chip * CHIP_LINES, end = first + CHIP_LINES;

	if (ocw2 & OCW2_SPECIFIC) {
		first += ocw2 & OCW2_LEVEL;
		end = first + 1;
	}
	for (unsigned i = first; i < end; i++) {
		struct line *line = &vm->line[i];
		if (!line->in_service)
			continue;
		line->in_service = false;
		moment_add(TIMELINE_EOI, vm->number, i, now);
		if (!all.over)
			histogram_add(&line->handled, line->delivered, now);
		if (line->timed && !all.over) {
			histogram_add(&line->served, line->began, now);
			line->exits += vm->exits - line->exits_before;
		}
		return;
	}
}

static bool is_masked(const struct vm *vm, unsigned line)
{
	bool slave = line >= CHIP_LINES;

	if (slave && vm->chip[0].mask >> CASCADE & 1)
		return true;
	return vm->chip[slave].mask >> line % CHIP_LINES & 1;
}

static void set_mask(struct vm *vm, unsigned chip, uint8_t mask, int64_t now)
{
	bool before[LATENCY_LINES];

	for (unsigned i = 0; i < LATENCY_LINES; i++)
		before[i] = is_masked(vm, i);
	vm->chip[chip].mask = mask;
	for (unsigned i = 0; i < LATENCY_LINES; i++)
		if (before[i] && !is_masked(vm, i))
			vm->line[i].unmasked = now;
}

static void initialise(struct vm *vm, unsigned chip, uint8_t icw1, int64_t now)
{
	vm->chip[chip] = (struct chip){ .icw1 = icw1, .next = ICW2, .begun = now };
	for (unsigned i = chip * CHIP_LINES; i < (chip + 1) * CHIP_LINES; i++)
		vm->line[i].in_service = false;
}

static void odd_port(struct vm *vm, unsigned number, uint8_t value, int64_t now)
{
	struct chip *chip = &vm->chip[number];
	enum word last = chip->icw1 & ICW1_ICW4 ? ICW4 : OCW1;

	switch (chip->next) {
	case OCW1:
		set_mask(vm, number, value, now);
		return;
	case ICW2:
		chip->base = value & 0xf8;
		chip->ready = true;
		chip->next = chip->icw1 & ICW1_SINGLE ? last : ICW3;
		return;
	case ICW3:
		chip->next = last;
		return;
	case ICW4:
		chip->automatic_end = value & ICW4_AEOI;
		chip->next = OCW1;
		return;
	}
}

void latency_port(uint64_t number, uint16_t port, uint8_t value, int64_t now)
{
	struct vm *vm = find(number);
	unsigned chip = port >= 0xa0;

	if (vm == NULL)
		return;
	if (port & 1)
		odd_port(vm, chip, value, now);
	else if (value & ICW1)
		initialise(vm, chip, value, now);
	else if (!(value & OCW3) && value & OCW2_EOI)
		end_of_interrupt(vm, chip, value, now);
}

bool latency_vector(uint64_t number, unsigned line, uint8_t *vector)
{
	const struct vm *vm = find(number);
	const struct chip *chip = vm != NULL ? &vm->chip[line / CHIP_LINES] : NULL;

	if (chip == NULL || !chip->ready || (line == CASCADE))
		return false;
	*vector = (uint8_t)(chip->base + line % CHIP_LINES);
	return true;
}

/* ---- Deliveries ---- */

static void take_sample(struct vm *vm, struct line *line, const struct edge *edge, int64_t now)
{
	bool masked = line->unmasked > edge->at;
	bool running = masked || edge->running == vm->number;

	line->began = masked ? line->unmasked : edge->at;
	line->exits_before = running && !masked ? edge->exits : vm->exits;
	line->timed = true;
	if (!all.over)
		histogram_add(running ? &line->running : &line->waiting, line->began, now);
}

void latency_delivered(uint64_t number, unsigned of, int64_t now)
{
	struct vm *vm = find(number);
	struct edge *edge = &all.edge[of];

	if (vm == NULL)
		return;
	struct line *line = &vm->line[of];
	const struct chip *chip = &vm->chip[of / CHIP_LINES];
	if (all.limits.lines >> of & 1 && !all.begun) {
		all.first = now;
		all.begun = true;
	}
	line->timed = false;
	if (edge->waits && edge->at >= chip->begun)
		take_sample(vm, line, edge, now);
	else
		line->unmatched++;
	line->in_service = !chip->automatic_end;
	line->delivered = now;
	line->merged += edge->merged;
	line->withdrawn += edge->withdrawn;
	edge->waits = false;
	edge->merged = edge->withdrawn = 0;
	if (!all.over)
		all.over = latency_is_over(now);
}

/* Returns true when each line of the limit that any VM has taken has its samples. */
static bool has_samples(void)
{
	bool any = false;

	for (unsigned v = 0; v < all.vms; v++) {
		for (unsigned i = 0; i < LATENCY_LINES; i++) {
			const struct line *line = &all.vm[v].line[i];
			uint64_t n = line->running.n + line->waiting.n;
			if (!(all.limits.lines >> i & 1) || n == 0)
				continue;
			if (n < all.limits.samples)
				return false;
			any = true;
		}
	}
	return any;
}

bool latency_is_over(int64_t now)
{
	if (all.over)
		return true;
	if (all.limits.samples != 0 && has_samples())
		all.over = true;
	if (all.limits.ns != 0 && all.begun && now - all.first >= all.limits.ns)
		all.over = true;
	return all.over;
}

/* ---- The output ---- */

/* Each moment as KIND:VM:NUMBER:TIME, the time in ns from the sample's beginning. */
static void write_worst(FILE *out, const struct vm *vm, unsigned line, const char *state,
                        const struct worst *worst)
{
	if (worst == NULL)
		return;
	fprintf(out,
	        "worst vm=%llx line=%u state=%s all=%d moments=", (unsigned long long)vm->number,
	        line, state, worst->all);
	for (unsigned i = 0; i < worst->n; i++) {
		const struct recent_moment *one = &worst->moment[i];
		fprintf(out, "%s%u:%llx:%llx:%lld", i == 0 ? "" : ",", one->kind,
		        (unsigned long long)one->vm, (unsigned long long)one->number,
		        (long long)(one->time - worst->began));
	}
	fputc('\n', out);
}

static void write_histogram(FILE *out, const struct vm *vm, unsigned line, const char *state,
                            const struct histogram *h)
{
	if (h->n == 0)
		return;
	fprintf(out, "sample vm=%llx line=%u state=%s n=%llu sum=%llu min=%llu max=%llu counts=",
	        (unsigned long long)vm->number, line, state, (unsigned long long)h->n,
	        (unsigned long long)h->sum, (unsigned long long)h->min, (unsigned long long)h->max);
	const char *separator = "";
	for (unsigned i = 0; i < BUCKETS; i++) {
		if (h->count[i] == 0)
			continue;
		fprintf(out, "%s%llu:%llu", separator, (unsigned long long)value_of(i),
		        (unsigned long long)h->count[i]);
		separator = ",";
	}
	fputc('\n', out);
	write_worst(out, vm, line, state, h->worst);
}

static void write_line(FILE *out, const struct vm *vm, unsigned number)
{
	const struct line *line = &vm->line[number];

	if (line->running.n + line->waiting.n + line->unmatched == 0)
		return;
	write_histogram(out, vm, number, "running", &line->running);
	write_histogram(out, vm, number, "waiting", &line->waiting);
	write_histogram(out, vm, number, "served", &line->served);
	write_histogram(out, vm, number, "handled", &line->handled);
	fprintf(out, "taken vm=%llx line=%u merged=%llu withdrawn=%llu unmatched=%llu exits=%llu\n",
	        (unsigned long long)vm->number, number, (unsigned long long)line->merged,
	        (unsigned long long)line->withdrawn, (unsigned long long)line->unmatched,
	        (unsigned long long)line->exits);
}

void latency_write(FILE *out)
{
	for (unsigned v = 0; v < all.vms; v++)
		for (unsigned i = 0; i < LATENCY_LINES; i++)
			write_line(out, &all.vm[v], i);
	fprintf(out, "end reason=%s\n", all.over ? "limit" : "guest");
}
