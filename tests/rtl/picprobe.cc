/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * picprobe's programs (guests/picprobe) on the Verilated block: the recorded programs, then random
 * programs. The emulators' 8259As are compared with the model by the same programs
 * (docs/differential.md).
 *
 * Rule: the model plays each operation as well, and each answer has to be the model's. The first
 * answer that differs ends the program with status 1.
 */
#include "tests/rtl/device.h"

#include <cstdio>
#include <cstdlib>

extern "C" {
#include "chipset/block/block.h"
#include "guests/picprobe/picprobe.h"
}

enum { PROGRAMS = 1000, OPERATIONS = 60, LINES = 0xffff & ~(1 << BLOCK_LINE_ABSENT) };
static const uint16_t ports[PROBE_PORTS] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };

static class device rtl;
static struct block model;
static const char *playing;
static unsigned number; /* of the operation, the preamble's included */
static uint64_t answers, operations;

static int same(const char *what, int by_model, int by_rtl)
{
	answers++;
	if (by_model == by_rtl)
		return by_rtl;
	fprintf(stderr, "rtl: %s, operation %u: %s is %d in the RTL, the model says %d\n", playing,
	        number, what, by_rtl, by_model);
	exit(1);
}

/* ---- What picprobe asks of a machine ---- */

void probe_out(enum probe_port port, uint8_t value)
{
	number++;
	block_port_write(&model, ports[port], value);
	rtl.port_write(ports[port], value);
}

uint8_t probe_in(enum probe_port port)
{
	number++;
	return (uint8_t)same("a port's read", block_port_read(&model, ports[port]),
	                     rtl.port_read(ports[port]));
}

void probe_line(unsigned line, bool high)
{
	uint16_t bit = (uint16_t)(1u << line), lines = rtl.driven_lines();
	number++;
	block_set_line(&model, line, high);
	rtl.drive_lines((uint16_t)(high ? lines | bit : lines & ~bit));
	rtl.settle();
}

void probe_lines_low(uint16_t lines)
{
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		if (lines >> line & 1)
			probe_line(line, false);
}

int probe_take(void)
{
	number++;
	if (!same("INTR", block_intr(&model), rtl.intr()))
		return -1;
	return same("the vector", block_acknowledge(&model), rtl.acknowledge());
}

void probe_done(void)
{
}

/* The answers are compared where the answers come. So no transcript is printed. */
void probe_print(const char *line)
{
	(void)line;
}

/* ---- The programs ---- */

static void play(const struct program *program, const char *name)
{
	playing = name;
	number = 0;
	operations += probe_play(program, LINES, SHOW_SUMS).operations;
}

int main(void)
{
	block_reset(&model);
	for (unsigned i = 0; i < probe_recorded_count; i++)
		play(&probe_recorded[i], probe_recorded[i].name);
	for (uint32_t i = 0; i < PROGRAMS; i++) {
		char name[32];
		struct program program = probe_random(1, i, FEATURES_ALL, LINES, OPERATIONS);
		snprintf(name, sizeof(name), "random program %u", i);
		play(&program, name);
	}
	printf("R07 rtl: picprobe's %u recorded and %d random programs, %llu operations: "
	       "%llu answers are the model's ... ok\n",
	       probe_recorded_count, (int)PROGRAMS, (unsigned long long)operations,
	       (unsigned long long)answers);
	return 0;
}
