/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every sequence of operations on a small configuration of the chipset block, breadth first: no
 * assertion is lost, none is invented, a masked one is never delivered, the VMM is always told.
 * search CONFIGURATION STATES: stops when every reachable state was visited (then the sequences may
 * be of any length) or after the last depth that fits into STATES.
 *
 * Rule: the model is judged by the ghost (ghost.h) after each operation, and from each state on a
 * drain follows: a guest that unmasks, ends and acknowledges must get exactly what is pending for
 * it.
 */
#include "tests/proof/ghost.h"
#include "tests/unit/block_kit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Configurations ---- */

static const struct configuration {
	const char *name;
	uint16_t lines, level;
	unsigned banks;
} configurations[] = {
	{ "master", 1 << 3, 0, 2 },
	{ "slave", 1 << 8, 0, 2 },
	{ "level", 1 << 5, 1 << 5, 2 },
	{ "both", 1 << 3 | 1 << 8, 0, 1 },
	{ "mixed", 1 << 5 | 1 << 9, 1 << 5, 1 },
	{ "banks", 1 << 3 | 1 << 8, 0, 2 },
	{ "three", 1 << 1 | 1 << 8 | 1 << 15, 0, 1 },
};
enum { CONFIGURATIONS = sizeof(configurations) / sizeof(configurations[0]) };

static const struct configuration *conf;
static unsigned line_of[4], lines_count;

/* ---- Operations ---- */

enum kind {
	LINE,
	INTA,
	EOI_MASTER,
	EOI_SLAVE,
	IMR,
	IMR_CASCADE,
	INITIALISE, /* device, processor, guest */
	ROUTE,
	BANK,
	TURN,
	MASK,
	SHARE,
	CLEAR,
	EXTERNAL,
	CLEAR_EXTERNAL, /* VMM */
	KINDS
};

static const char *const kind_names[KINDS] = { "line",      "INTA",     "EOI master",
	                                       "EOI slave", "OCW1",     "OCW1 input 2",
	                                       "ICW1-4",    "ROUTE",    "BANK",
	                                       "SELECT",    "MASK",     "SHARE",
	                                       "STATUS",    "external", "STATUS external" };

struct operation {
	uint8_t kind, line;
};

static struct operation operations[64];
static unsigned operation_count;

static void add(enum kind kind, unsigned line)
{
	operations[operation_count].kind = (uint8_t)kind;
	operations[operation_count++].line = (uint8_t)line;
}

static void list_operations(void)
{
	static const uint8_t of_lines[] = { LINE, IMR, ROUTE, MASK, SHARE, CLEAR };
	static const uint8_t alone[] = { INTA, EOI_MASTER, INITIALISE, EXTERNAL, CLEAR_EXTERNAL };

	for (unsigned line = 0; line < 16; line++)
		if (conf->lines >> line & 1)
			line_of[lines_count++] = line;
	for (unsigned i = 0; i < sizeof(of_lines); i++)
		for (unsigned n = 0; n < lines_count; n++)
			add(of_lines[i], line_of[n]);
	for (unsigned i = 0; i < sizeof(alone); i++)
		add(alone[i], 0);
	if (conf->lines >> 8) {
		add(EOI_SLAVE, 0);
		add(IMR_CASCADE, 0);
	}
	if (conf->banks > 1) {
		add(BANK, 0);
		add(TURN, 0);
	}
}

/* ---- A state: the model and the ghost ---- */

struct state {
	struct pair bank[GHOST_BANKS];
	uint8_t rest[sizeof(struct block) - offsetof(struct block, lines)];
	struct ghost ghost;
};

static struct block model;
static struct ghost ghost;
static const char *broken;

static void expect(bool holds, const char *what)
{
	if (!holds && !broken)
		broken = what;
}

static void load(const struct state *state)
{
	memcpy(model.bank, state->bank, sizeof(state->bank));
	memcpy(&model.lines, state->rest, sizeof(state->rest));
	memcpy(&ghost, &state->ghost, sizeof(ghost));
}

static void store(struct state *state)
{
	memset(state, 0, sizeof(*state));
	memcpy(state->bank, model.bank, sizeof(state->bank));
	memcpy(state->rest, &model.lines, sizeof(state->rest));
	memcpy(&state->ghost, &ghost, sizeof(ghost));
}

/* ---- One operation on both ---- */

static void select_both(uint16_t route, uint16_t mask, uint16_t share, uint8_t bank)
{
	kit_select(&model, route, mask, share, bank);
	ghost_select(&ghost, route, mask, share, bank);
}

static void write_imr(uint16_t imr)
{
	block_port_write(&model, MASTER_DATA, (uint8_t)imr);
	block_port_write(&model, SLAVE_DATA, (uint8_t)(imr >> 8));
	ghost_imr(&ghost, imr);
}

/* The interrupt must be pending and unmasked, and be the one that priorities give. */
static int acknowledge(void)
{
	int line = ghost_next(&ghost);
	uint8_t vector = block_acknowledge(&model);

	expect(vector == BASE_MASTER + line,
	       "INTA brings something that is not pending, or is masked");
	ghost_inta(&ghost);
	return line;
}

static void device_or_guest(enum kind kind, unsigned line)
{
	uint16_t bit = (uint16_t)(1u << line);
	struct ghost_bank *bank = &ghost.bank[ghost.connected];

	switch (kind) {
	case LINE:
		block_set_line(&model, line, !(ghost.lines & bit));
		ghost_line(&ghost, line, !(ghost.lines & bit));
		return;
	case INTA:
		acknowledge();
		return;
	case EOI_MASTER:
	case EOI_SLAVE:
		block_port_write(&model, kind == EOI_SLAVE ? SLAVE : MASTER, EOI);
		ghost_eoi(&ghost, kind == EOI_SLAVE);
		return;
	case IMR:
		write_imr(bank->imr ^ bit);
		return;
	case IMR_CASCADE:
		write_imr(bank->imr ^ 4);
		return;
	default:
		kit_initialise(&model, ICW4_UPM);
		ghost_initialise(&ghost);
		return;
	}
}

/* true: mask or status was written, so what stands must be told again. */
static bool vmm(enum kind kind, unsigned line)
{
	uint16_t bit = (uint16_t)(1u << line);

	switch (kind) {
	case ROUTE:
		kit_route(&model, ghost.route ^ bit);
		ghost_select(&ghost, ghost.route ^ bit, ghost.mask, ghost.share, ghost.connected);
		return false;
	case BANK:
		block_window_write(&model, WINDOW_BANK, 2, !ghost.connected);
		ghost_select(&ghost, ghost.route, ghost.mask, ghost.share, !ghost.connected);
		return false;
	case TURN: /* the other VM: its bank, its lines */
		select_both(ghost.route ^ conf->lines, ghost.mask, ghost.share, !ghost.connected);
		return true;
	case MASK:
		kit_mask(&model, ghost.mask ^ bit);
		ghost.mask ^= bit;
		return true;
	case SHARE:
		block_window_write(&model, WINDOW_SHARE, 2, ghost.share ^ bit);
		ghost_select(&ghost, ghost.route, ghost.mask, ghost.share ^ bit, ghost.connected);
		return false;
	case CLEAR:
		kit_clear(&model, bit);
		ghost_clear(&ghost, bit, false);
		return true;
	case EXTERNAL:
		block_set_external(&model, true);
		block_set_external(&model, false);
		ghost.external = true;
		return false;
	default:
		block_window_write(&model, WINDOW_STATUS, 4, WINDOW_STATUS_EXTERNAL);
		ghost_clear(&ghost, 0, true);
		return true;
	}
}

static void judge(bool again, bool external_rose)
{
	bool nmi = block_take_nmi(&model);

	model.pulses = 0;
	expect(kit_status(&model) == ghost.pending, "status is not what is pending");
	expect(kit_external(&model) == ghost.external, "the external status bit");
	for (unsigned bank = 0; bank < conf->banks; bank++)
		expect((uint16_t)kit_word(&model, bank, 3) == ghost_requests(&ghost, bank),
		       "a bank's requests are not what is pending");
	expect(block_intr(&model) == (ghost_next(&ghost) >= 0),
	       "INTR is not what is pending and unmasked");
	if (again)
		ghost.told = false;
	if (nmi || !ghost_stands(&ghost))
		ghost.told = true;
	expect(ghost.told, "the VMM was not told of what stands");
	expect(nmi || !external_rose, "an external signal without a pulse");
	expect(!nmi || ghost_stands(&ghost), "a pulse for nothing");
}

/* false: an INTA that no processor makes. */
static bool perform(struct operation operation)
{
	bool stood = ghost_stands(&ghost), again = false;

	if (operation.kind == INTA && !block_intr(&model) && ghost_next(&ghost) < 0)
		return false;
	if (operation.kind < ROUTE)
		device_or_guest(operation.kind, operation.line);
	else
		again = vmm(operation.kind, operation.line);
	if (!stood && ghost_stands(&ghost))
		ghost.told = false;
	judge(again, operation.kind == EXTERNAL);
	return true;
}

/* ---- The drain ---- */

static void drain(uint8_t bank)
{
	uint16_t pending, delivered = 0;

	select_both(conf->lines, 0xffff, ghost.share, bank);
	for (unsigned i = 0; i < 3; i++) {
		device_or_guest(EOI_SLAVE, 0);
		device_or_guest(EOI_MASTER, 0);
	}
	write_imr(0xffff);
	write_imr(0);
	pending = ghost_requests(&ghost, bank);
	for (unsigned i = 0; i < 8 && block_intr(&model); i++) {
		int line = acknowledge();

		if (line < 0)
			return;
		delivered |= (uint16_t)(1u << line);
		if (ghost.level >> line & 1) { /* served: the device is content */
			block_set_line(&model, (unsigned)line, false);
			ghost_line(&ghost, (unsigned)line, false);
		}
		device_or_guest(EOI_SLAVE, 0);
		device_or_guest(EOI_MASTER, 0);
	}
	expect(delivered == pending, "the drain does not bring what is pending");
}

/* ---- The states visited ---- */

struct visited {
	uint32_t parent;
	uint8_t operation;
};

static uint64_t *table; /* fingerprints of 64 bits; 0: free */
static struct visited *visited;
static uint32_t visited_count, visited_limit;
static uint64_t table_mask;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t fingerprint(void)
{
	uint64_t hash = UINT64_C(0x243f6a8885a308d3);
	uint8_t bytes[(sizeof(ghost) + 7) / 8 * 8] = { 0 };

	for (unsigned bank = 0; bank < conf->banks; bank++)
		for (unsigned word = 0; word < 3; word++)
			hash = mix(hash, pair_word(&model.bank[bank], word));
	hash = mix(hash, (uint64_t)model.lines << 48 | (uint64_t)model.latch << 32 |
	                         model.route << 16 | model.share);
	hash = mix(hash, (uint64_t)model.mask << 16 | model.connected << 2 | model.out << 1 |
	                         model.external);
	/* no padding in it but at its end, and that is zero from the start */
	memcpy(bytes, &ghost, sizeof(ghost));
	for (unsigned i = 0; i < sizeof(bytes); i += 8) {
		uint64_t part;

		memcpy(&part, bytes + i, 8);
		hash = mix(hash, part);
	}
	return mix(hash, hash >> 32) | 1;
}

/* false: seen before. */
static bool visit(uint32_t parent, unsigned operation)
{
	uint64_t print = fingerprint(), at = print >> 1 & table_mask;

	for (; table[at]; at = (at + 1) & table_mask)
		if (table[at] == print)
			return false;
	table[at] = print;
	visited[visited_count].parent = parent;
	visited[visited_count++].operation = (uint8_t)operation;
	return true;
}

/* ---- The search ---- */

struct frontier {
	struct state *states;
	uint32_t count, room, first; /* first: the number of its first state */
};

static void append(struct frontier *frontier)
{
	if (frontier->count == frontier->room) {
		frontier->room = frontier->room ? frontier->room * 2 : 1024;
		frontier->states = realloc(frontier->states, frontier->room * sizeof(struct state));
		if (!frontier->states)
			exit(2);
	}
	store(&frontier->states[frontier->count++]);
}

static void show_trace(uint32_t number)
{
	if (number == 0)
		return;
	show_trace(visited[number].parent);
	printf("  %s %u\n", kind_names[operations[visited[number].operation].kind],
	       operations[visited[number].operation].line);
}

static int fail(uint32_t parent, const char *last)
{
	printf("R09 search %s: %s, after\n", conf->name, broken);
	show_trace(parent);
	printf("  %s\n", last);
	return 1;
}

static void begin(void)
{
	block_reset(&model);
	memset(&ghost, 0, sizeof(ghost));
	ghost.level = conf->level;
	block_window_write(&model, WINDOW_LEVEL, 2, conf->level);
	for (unsigned bank = conf->banks; bank-- > 0;) {
		kit_select(&model, 0, 0xffff, 0, (uint16_t)bank);
		kit_initialise(&model, ICW4_UPM);
		block_port_write(&model, PORT_ELCR1, (uint8_t)conf->level);
		block_port_write(&model, PORT_ELCR2, (uint8_t)(conf->level >> 8));
	}
	ghost.mask = 0xffff;
	ghost.told = true;
	block_take_nmi(&model);
	model.pulses = 0;
}

static int expand(struct frontier *now, struct frontier *next)
{
	for (uint32_t i = 0; i < now->count; i++) {
		for (unsigned n = 0; n < operation_count; n++) {
			load(&now->states[i]);
			if (!perform(operations[n]))
				continue;
			if (broken)
				return fail(now->first + i, kind_names[operations[n].kind]);
			if (visited_count == visited_limit)
				return -1;
			if (visit(now->first + i, n))
				append(next);
		}
		for (unsigned bank = 0; bank < conf->banks; bank++) {
			load(&now->states[i]);
			drain((uint8_t)bank);
			if (broken)
				return fail(now->first + i, "drain");
		}
	}
	return 0;
}

static int search(void)
{
	struct frontier frontiers[2] = { { 0 } };
	uint64_t slots = 1024;
	unsigned depth = 0;

	while (slots < 2 * (uint64_t)visited_limit)
		slots *= 2;
	table_mask = slots - 1;
	table = calloc(slots, sizeof(*table));
	visited = calloc(visited_limit, sizeof(*visited));
	if (!table || !visited)
		return 2;
	begin();
	visit(0, 0);
	append(&frontiers[0]);
	for (;; depth++) {
		struct frontier *now = &frontiers[depth % 2], *next = &frontiers[(depth + 1) % 2];
		int status;

		next->count = 0;
		next->first = visited_count;
		status = expand(now, next);
		if (status > 0)
			return status;
		if (status < 0) {
			printf("R09 search %s: all sequences of up to %u operations out of %u, "
			       "%u states ... ok\n",
			       conf->name, depth, operation_count, next->first);
			return 0;
		}
		if (next->count == 0) {
			printf("R09 search %s: sequences of any length, %u operations, all %u "
			       "states ... ok\n",
			       conf->name, operation_count, visited_count);
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc == 3 && i < CONFIGURATIONS; i++)
		if (strcmp(argv[1], configurations[i].name) == 0)
			conf = &configurations[i];
	if (!conf) {
		fprintf(stderr, "search CONFIGURATION STATES\n");
		return 2;
	}
	visited_limit = (uint32_t)strtoul(argv[2], NULL, 10);
	list_operations();
	return search();
}
