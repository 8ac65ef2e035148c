/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays one program and prints its transcript.
 *
 *   20=0a    port 20h read 0Ah                  20<0a    0Ah written there    (shown on demand)
 *   i2b      vector 2Bh came; i--: none came    +3 -3    line 3 up, down      (shown on demand)
 *
 * Rule: the program first, the text afterwards: nothing is printed between two operations.
 */
#include "guests/picprobe/picprobe.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_BYTES = 8, LINE_BYTES = 120 };

static const char *const port_names[PROBE_PORTS] = { "20", "21", "a0", "a1", "4d0", "4d1" };

/* The result of an operation; NOTHING for an operation without a result. */
enum { NOTHING = -2, NO_VECTOR = -1 };
static int16_t seen[PROBE_OPS_MAX];

/*
 * The preamble: lines low, edge triggered, both chips initialised as on a PC, every input masked.
 * By the datasheet ICW1 ends several states. Separate commands end the same states too. So a
 * controller with a faulty ICW1 shows the fault inside a program, and does not spoil the next
 * program.
 */
static const struct op preamble[] = {
	{ OP_IN, MASTER_DATA, 0 }, /* ends a poll command that waits for its read */
	{ OP_IN, SLAVE_DATA, 0 },
	{ OP_OUT, ELCR_MASTER, 0 },
	{ OP_OUT, ELCR_SLAVE, 0 },
	/* the slave first: its request is a request of the master */
	{ OP_OUT, SLAVE_COMMAND, 0x11 },
	{ OP_OUT, SLAVE_DATA, 0x28 },
	{ OP_OUT, SLAVE_DATA, 0x02 },
	{ OP_OUT, SLAVE_DATA, 0x01 },
	{ OP_OUT, MASTER_COMMAND, 0x11 },
	{ OP_OUT, MASTER_DATA, 0x20 },
	{ OP_OUT, MASTER_DATA, 0x04 },
	{ OP_OUT, MASTER_DATA, 0x01 },
	{ OP_OUT, MASTER_DATA, 0xff },
	{ OP_OUT, SLAVE_DATA, 0xff },
	/* OCW3: special mask mode off, IRR is read */
	{ OP_OUT, MASTER_COMMAND, 0x4a },
	{ OP_OUT, SLAVE_COMMAND, 0x4a },
	/* OCW2: no rotation in automatic EOI mode */
	{ OP_OUT, MASTER_COMMAND, 0x00 },
	{ OP_OUT, SLAVE_COMMAND, 0x00 },
};

static uint16_t levels;

static void drive(unsigned line, bool high)
{
	if ((levels >> line & 1) == high)
		return;
	levels ^= (uint16_t)(1u << line);
	probe_line(line, high);
}

static int operate(const struct op *op)
{
	switch (op->kind) {
	case OP_OUT:
		probe_out(op->at, op->value);
		return NOTHING;
	case OP_IN:
		return probe_in(op->at);
	case OP_TAKE:
		return probe_take();
	default:
		if (op->value && op->at == LINE_KEYBOARD)
			drive(LINE_AUX, false);
		if (op->value && op->at == LINE_AUX)
			drive(LINE_KEYBOARD, false);
		drive(op->at, op->value);
		return NOTHING;
	}
}

static bool token(char *text, const struct op *op, int value, enum probe_show show)
{
	bool silent = value == NOTHING;

	if (op->kind == OP_IN)
		snprintf(text, TOKEN_BYTES, "%s=%02x", port_names[op->at], (unsigned)value & 0xff);
	else if (op->kind == OP_TAKE && value == NO_VECTOR)
		snprintf(text, TOKEN_BYTES, "i--");
	else if (op->kind == OP_TAKE)
		snprintf(text, TOKEN_BYTES, "i%02x", (unsigned)value & 0xff);
	else if (op->kind == OP_OUT)
		snprintf(text, TOKEN_BYTES, "%s<%02x", port_names[op->at], op->value);
	else
		snprintf(text, TOKEN_BYTES, "%c%u", op->value ? '+' : '-', op->at);
	return show == SHOW_LIST || (show == SHOW_ALL && !silent);
}

/* FNV-1a */
static uint32_t sum_on(uint32_t sum, const char *text)
{
	for (; *text != '\0'; text++)
		sum = (sum ^ (uint8_t)*text) * 16777619u;
	return sum;
}

static uint32_t print_all(const struct program *program, enum probe_show show)
{
	char line[LINE_BYTES + TOKEN_BYTES + 2] = "", text[TOKEN_BYTES];
	uint32_t sum = 2166136261u;

	for (unsigned i = 0; i < program->count; i++) {
		bool shown = token(text, &program->ops[i], seen[i], show);

		if (seen[i] != NOTHING)
			sum = sum_on(sum, text);
		if (!shown)
			continue;
		strcat(strcat(line, " "), text);
		if (strlen(line) > LINE_BYTES - TOKEN_BYTES) {
			probe_print(line);
			line[0] = '\0';
		}
	}
	if (line[0] != '\0')
		probe_print(line);
	return sum;
}

uint16_t probe_lines(const struct program *program)
{
	uint16_t lines = 0;

	for (unsigned i = 0; i < program->count; i++)
		if (program->ops[i].kind == OP_LINE)
			lines |= (uint16_t)(1u << program->ops[i].at);
	return lines;
}

struct probe_result probe_play(const struct program *program, uint16_t lines, enum probe_show show)
{
	struct probe_result result = { .operations = program->count };

	probe_lines_low(lines);
	levels = 0;
	for (unsigned i = 0; i < sizeof(preamble) / sizeof(preamble[0]); i++)
		operate(&preamble[i]);
	for (unsigned i = 0; i < program->count; i++)
		seen[i] = (int16_t)operate(&program->ops[i]);
	probe_done();
	result.sum = print_all(program, show);
	return result;
}
