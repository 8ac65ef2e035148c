/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and memory that no VM may get, or only a VM with a trust= for such ports.
 *
 * Rule: each reserved range has a reason. There is a remedy too where a word can grant the range,
 * or where another port does the same.
 */
#ifndef VMM_CONFIG_RESERVED_H
#define VMM_CONFIG_RESERVED_H

#include "vmm/config/config.h"

/* A reserved range. */
struct reserved {
	/* The ports, or the addresses. */
	struct config_range range;
	/* The reason, for the message. */
	const char *what;
	/* The range of memory has a device's registers. */
	bool device;
};

/* Why a VM does not get a range. */
struct refusal {
	uint64_t first;     /* the first port or address of the reserved range */
	const char *what;   /* the reason; NULL: the range is free */
	const char *remedy; /* NULL: the reserved range is the VMM's, whatever the words say */
};

/* A list of reserved ranges. */
struct reservations {
	struct reserved *list;
	unsigned count, max;
};

/* The ranges that only the running machine knows: ports of power management, RAM, devices. */
struct machine_ranges {
	struct reservations ports, memory;
};
extern struct machine_ranges config_machine;

/* Returns the first reserved range that touches this range of ports. trust: ranges that trust
 * grants do not count. Call it for each range of a VM (config_check.c). */
struct refusal config_reserved_port(const struct config_range *range, unsigned trust);
/* Does the same for a range of memory. No trust grants reserved memory. */
struct refusal config_reserved_memory(const struct config_range *range);

#endif
