/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The latencies of each line of each VM, as the machine sees them: from the line's edge to the
 * delivery of the interrupt, and to the guest's EOI; and from the delivery to the EOI.
 *
 * Rule: this file knows no emulator. The emulator tells each edge, each access of a guest to its
 * 8259s and each delivery, with the machine's time in ns.
 */
#ifndef EMULATORS_QEMU_LATENCY_H
#define EMULATORS_QEMU_LATENCY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { LATENCY_LINES = 16 };

/* The number of a VM is the address of the VM's VMCB. Two numbers are no VMs: the bare machine, and
 * the VMM. */
#define LATENCY_BARE UINT64_C(0)
#define LATENCY_VMM UINT64_MAX

/* When the measurement is over; 0 sets no limit. lines: a bit for each line that has to have that
 * many samples. A line without any sample does not count. ns: the machine's time from the first
 * delivery of such a line on. */
struct latency_limits {
	uint64_t samples;
	uint32_t lines;
	int64_t ns;
};

/* Call once, before all other functions. ticks: how many ns an instruction takes. */
void latency_begin(const struct latency_limits *limits, int64_t ticks);
/* A line has a new level. running: the VM that has the processor, LATENCY_BARE or LATENCY_VMM. */
void latency_line(unsigned line, bool high, uint64_t running, int64_t now);
/* A guest writes to a port of the 8259s, with an exit or without an exit. */
void latency_port(uint64_t vm, uint16_t port, uint8_t value, int64_t now);
/* Stores the vector that the guest has given to the line. Returns false where the guest has not
 * initialised its 8259s. */
bool latency_vector(uint64_t vm, unsigned line, uint8_t *vector);
/* Returns true while an edge of the line waits for its delivery. */
bool latency_waits(unsigned line);
/* The processor is about to execute the first instruction of the handler of the line. */
void latency_delivered(uint64_t vm, unsigned line, int64_t now);
/* The VM has exited. */
void latency_exit(uint64_t vm);
/* Returns true when a limit is reached. No sample counts from then on. */
bool latency_is_over(int64_t now);
/* Writes all samples. docs/measuring.md describes the lines. */
void latency_write(FILE *out);

#endif
