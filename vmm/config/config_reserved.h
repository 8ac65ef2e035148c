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
	const char *remedy; /* NULL: the range is the VMM's, whatever the words say. */
	/* The range of memory has a device's registers. */
	bool device;
	unsigned trust; /* A VM with this trust gets the range (enum trust). */
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

/* Returns the first reserved range that touches this range of ports, or NULL. trust: ranges that
 * trust grants do not count. Call it for each range of a VM (config_check.c). */
const struct reserved *config_reserved_port(const struct config_range *range, unsigned trust);
/* Does the same for a range of memory. No trust grants reserved memory. */
const struct reserved *config_reserved_memory(const struct config_range *range);

#endif
