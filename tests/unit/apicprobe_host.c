/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apicprobe on the host: the same programs, the same transcript (guests/apicprobe), played on the
 * model of the local APIC, with the rules that are named.
 *
 *   apicprobe_host "seed=1 count=100" [RULE,RULE...]
 *
 * Rule: the words are the guest's. Bad usage and an unknown rule end it with status 2.
 */
#include "guests/apicprobe/apicprobe.h"
#include "guests/lib/args.h"
#include "tests/unit/sim_apic.h"

#include <stdio.h>

enum { STATUS_USAGE = 2 };

static struct sim_apic apic;

bool probe_write(unsigned reg, uint64_t value)
{
	return sim_apic_write(&apic, PROBE_MSRS + reg, value);
}

bool probe_read(unsigned reg, uint64_t *value)
{
	return sim_apic_read(&apic, PROBE_MSRS + reg, value);
}

int probe_take(void)
{
	return sim_apic_take(&apic);
}

void probe_print(const char *line)
{
	puts(line);
}

int main(int count, char **arguments)
{
	char name[32], value[8];
	const char *rest = count > 2 ? arguments[2] : "";

	if (count < 2) {
		fputs("apicprobe_host WORDS [RULE,RULE...]\n", stderr);
		return STATUS_USAGE;
	}
	while (args_item(&rest, name, value, sizeof(name))) {
		if (sim_apic_rule(name) == 0) {
			fprintf(stderr, "apicprobe_host: no rule '%s'\n", name);
			return STATUS_USAGE;
		}
		apic.rules |= sim_apic_rule(name);
	}
	sim_apic_reset(&apic);
	args_init(arguments[1]);
	probe_run();
	return 0;
}
