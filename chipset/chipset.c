/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing the realisation of the chipset block.
 *
 * Rule: "auto" takes the first realisation of the image that probes, in the table's order. A name
 * takes the named realisation or none.
 */
#include "arch/x86/log/log.h"
#include "chipset/realisations.h"

#include <errno.h>
#include <string.h>

static void set_banks(unsigned wanted)
{
	unsigned there = chipset->banks(wanted);

	if (wanted > there)
		log_line("banks=%u: chipset %s has %u interrupt controller%s; "
		         "the word is cut to that",
		         wanted, chipset->name, there, there == 1 ? "" : "s");
}

__attribute__((cold)) int chipset_init(const char *wanted, unsigned banks)
{
	bool any = strcmp(wanted, "auto") == 0, known = any;

	for (const struct chipset *const *each = chipset_realisations; *each; each++) {
		if (!any && strcmp(wanted, (*each)->name) != 0)
			continue;
		known = true;
		if ((*each)->probe() != 0)
			continue;
		chipset = *each;
		set_banks(banks);
		return 0;
	}
	if (!known) {
		log_line("chipset=%s: no such realisation in this image; it has: %s", wanted,
		         chipset_realisation_names);
		return -EINVAL;
	}
	log_line("chipset=%s: this machine has none of what it needs", wanted);
	return -ENODEV;
}
