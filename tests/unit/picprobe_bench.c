/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What picprobe's parts ask of the machine (guests/picprobe), with a controller of the host in its
 * place: see the header.
 *
 * Rule: the lines are exact, and the processor takes an interrupt whenever INTR is high.
 */
#include "tests/unit/picprobe_bench.h"

#include "chipset/block/block.h"
#include "guests/picprobe/picprobe.h"
#include "tests/unit/ruled8259.h"

#include <string.h>

static struct block block;
static bool ruled;
static const uint16_t ports[PROBE_PORTS] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };

void probe_out(enum probe_port port, uint8_t value)
{
	if (ruled)
		ruled_write(ports[port], value);
	else
		block_port_write(&block, ports[port], value);
}

uint8_t probe_in(enum probe_port port)
{
	return ruled ? ruled_read(ports[port]) : block_port_read(&block, ports[port]);
}

void probe_line(unsigned line, bool high)
{
	if (ruled)
		ruled_line(line, high);
	else
		block_set_line(&block, line, high);
	/* The keyboard controller drives its other line as well, low as it is. */
	if (ruled && (line == LINE_KEYBOARD || line == LINE_AUX))
		ruled_line(line ^ LINE_KEYBOARD ^ LINE_AUX, false);
}

void probe_lines_low(uint16_t lines)
{
	for (unsigned line = 0; line < 16; line++)
		if (lines >> line & 1)
			probe_line(line, false);
}

int probe_take(void)
{
	if (ruled)
		return ruled_intr() ? ruled_acknowledge() : -1;
	return block_intr(&block) ? block_acknowledge(&block) : -1;
}

void probe_done(void)
{
}

void bench_use_model(void)
{
	ruled = false;
	block_reset(&block);
}

void bench_use_rules(uint32_t rules)
{
	ruled = true;
	ruled_reset(rules);
}

uint32_t bench_rule(const char *name)
{
#define RULE_NAME(id, text) text,
	static const char *const names[] = { RULED_RULES(RULE_NAME) };
#undef RULE_NAME

	for (unsigned i = 0; i < RULED_RULE_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return 1u << i;
	return 0;
}
