/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and memory that no VM may be given, or only one that is trusted with them.
 *
 * Rule: what is reserved has a reason; what a word can grant, or another port does as well, has a
 * remedy too.
 */
#ifndef VMM_CONFIG_RESERVED_H
#define VMM_CONFIG_RESERVED_H

#include "vmm/config.h"

struct reserved {
	struct config_range range;
	const char *what;
	const char *remedy; /* NULL: it is the VMM's, whatever the words say */
	bool device;
	unsigned trust; /* a VM with this is granted it (enum trust) */
};

/* The first of them that the range touches and this trust does not grant; NULL: none. */
const struct reserved *config_reserved_port(const struct config_range *range, unsigned trust);
const struct reserved *config_reserved_memory(const struct config_range *range);

#endif
