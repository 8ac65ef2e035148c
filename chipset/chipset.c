/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing the realisation of the chipset block.
 *
 * Rule: "auto" takes the first realisation that probes, in the table's order. A name takes the
 * named realisation or none.
 */
#include "chipset/chipset.h"
#include "arch/x86/log/log.h"
#include "chipset/pc/pc.h"
#include "chipset/window/driver.h"
#include "chipset/window/soft.h"

#include <errno.h>
#include <string.h>

/* Two tables may have the same name: the first that probes is taken. */
static const struct chipset *const realisations[] = { &chipset_irqmux, &chipset_pc_pirqs,
	                                              &chipset_pc, &chipset_soft };

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

	for (unsigned i = 0; i < sizeof(realisations) / sizeof(realisations[0]); i++) {
		if (!any && strcmp(wanted, realisations[i]->name) != 0)
			continue;
		known = true;
		if (realisations[i]->probe() != 0)
			continue;
		chipset = realisations[i];
		set_banks(banks);
		return 0;
	}
	if (!known) {
		log_line("chipset=%s: no such realisation in this image; it has: irqmux, pc, soft",
		         wanted);
		return -EINVAL;
	}
	log_line("chipset=%s: this machine has none of what it needs", wanted);
	return -ENODEV;
}
