/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays programs and prints their transcripts.
 *
 *   22=2     register 822h reads 2h       3f!      an access to register 83Fh faults
 *   i41      vector 41h came              i--      none came
 *
 * Rule: the program first, the text afterwards.
 */
#include "guests/apicprobe/apicprobe.h"
#include "guests/lib/args.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_BYTES = 24, LINE_BYTES = 120, NO_VECTOR = -1 };

struct answer {
	bool faults;
	int vector;
	uint64_t value;
};

static struct op ops[PROBE_OPS_MAX];
static struct answer seen[PROBE_OPS_MAX];

/* Ends all that is in service. */
static void end_all(void)
{
	uint64_t word;

	for (unsigned i = 0; i < WORDS; i++)
		while (probe_read(REG_ISR + i, &word) && word != 0)
			probe_write(REG_EOI, 0);
}

/* Brings the APIC to a known state. No interrupt has the vector that SVR names meanwhile. */
static void begin(void)
{
	enum {
		ON = 0x100,
		SPURIOUS = 0x0f,
		SPURIOUS_USUAL = 0xff,
		MASKED = 1 << 16,
		OTHERS = 3 << 18
	};

	probe_write(REG_SVR, ON | SPURIOUS);
	end_all();
	probe_write(REG_TPR, 0);
	while (probe_take() != NO_VECTOR)
		end_all();
	for (unsigned reg = REG_TIMER; reg <= REG_ERROR; reg++)
		probe_write(reg, MASKED);
	probe_write(REG_DIVIDE, 0);
	probe_write(REG_ICR, OTHERS);
	probe_write(REG_ESR, 0);
	probe_write(REG_ESR, 0);
	probe_write(REG_SVR, ON | SPURIOUS_USUAL);
}

static struct answer operate(const struct op *op)
{
	struct answer a = { .vector = NO_VECTOR };

	if (op->kind == OP_TAKE)
		a.vector = probe_take();
	else
		a.faults = op->kind == OP_WRITE ? !probe_write(op->reg, op->value)
		                                : !probe_read(op->reg, &a.value);
	return a;
}

/* newlib prints no 64 bits. */
static void print_value(char *text, unsigned reg, uint64_t value)
{
	unsigned long high = (uint32_t)(value >> 32), low = (uint32_t)value;

	if (high != 0)
		snprintf(text, TOKEN_BYTES, " %02x=%lx%08lx", reg, high, low);
	else
		snprintf(text, TOKEN_BYTES, " %02x=%lx", reg, low);
}

/* Returns false where the operation has no answer. */
static bool token(char *text, const struct op *op, const struct answer *a)
{
	if (a->faults)
		snprintf(text, TOKEN_BYTES, " %02x!", op->reg);
	else if (op->kind == OP_READ)
		print_value(text, op->reg, a->value);
	else if (op->kind == OP_TAKE && a->vector == NO_VECTOR)
		snprintf(text, TOKEN_BYTES, " i--");
	else if (op->kind == OP_TAKE)
		snprintf(text, TOKEN_BYTES, " i%02x", (unsigned)a->vector);
	else
		return false;
	return true;
}

/* Returns the number of answers. */
static unsigned print_all(unsigned count)
{
	char line[LINE_BYTES + TOKEN_BYTES] = "", text[TOKEN_BYTES];
	unsigned answers = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!token(text, &ops[i], &seen[i]))
			continue;
		answers++;
		strcat(line, text);
		if (strlen(line) > LINE_BYTES - TOKEN_BYTES) {
			probe_print(line);
			line[0] = '\0';
		}
	}
	if (line[0] != '\0')
		probe_print(line);
	return answers;
}

void probe_run(void)
{
	uint32_t seed = (uint32_t)args_number("seed", 1), first = (uint32_t)args_number("first", 0);
	uint32_t programs = (uint32_t)args_number("count", 100);
	unsigned length = (unsigned)args_number("ops", 40), answers = 0, operations = 0;
	char line[80];

	for (uint32_t i = first; i - first < programs; i++) {
		unsigned count = probe_random(seed, i, length, ops);

		begin();
		for (unsigned k = 0; k < count; k++)
			seen[k] = operate(&ops[k]);
		snprintf(line, sizeof(line), "random %lu/%lu", (unsigned long)seed,
		         (unsigned long)i);
		probe_print(line);
		answers += print_all(count);
		operations += count;
	}
	snprintf(line, sizeof(line), "apicprobe: %lu programs, %u operations, %u answers",
	         (unsigned long)programs, operations, answers);
	probe_print(line);
}
