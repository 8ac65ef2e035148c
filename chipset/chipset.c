/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing the realisation of the chipset block.
 *
 * Rule: "auto" takes the first that probes, in the table's order; a name takes that one or none.
 */
#include "chipset/chipset.h"
#include "arch/x86/log.h"
#include "chipset/pc.h"

#include <errno.h>
#include <string.h>

const struct chipset *chipset;
struct chipset_standing chipset_standing = { .touched = true };

static const struct chipset *const realisations[] = { &chipset_pc };

int chipset_init(const char *wanted)
{
	bool any = strcmp(wanted, "auto") == 0, known = any;
	for (unsigned i = 0; i < sizeof(realisations) / sizeof(realisations[0]); i++) {
		if (!any && strcmp(wanted, realisations[i]->name) != 0)
			continue;
		known = true;
		if (realisations[i]->probe() != 0)
			continue;
		chipset = realisations[i];
		return 0;
	}
	if (!known) {
		log_line("chipset=%s: no such realisation in this image; it has: pc", wanted);
		return -EINVAL;
	}
	log_line("chipset=%s: this machine has none of what it needs", wanted);
	return -ENODEV;
}
