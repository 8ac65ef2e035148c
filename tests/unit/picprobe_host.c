/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * picprobe on the host: the same programs, the same transcript (guests/picprobe), played on the
 * model of the chipset block or on the pair with the rules that are named.
 *
 *   picprobe_host "seed=1 count=100" model
 *   picprobe_host "seed=1 count=100" rules edge-stays,int-later
 *
 * Rule: the words are the guest's. Bad usage and an unknown rule end it with status 2.
 */
#include "guests/lib/args.h"
#include "guests/picprobe/picprobe.h"
#include "tests/unit/picprobe_bench.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_USAGE = 2 };

void probe_print(const char *line)
{
	puts(line);
}

static int usage(void)
{
	fputs("picprobe_host WORDS model, or picprobe_host WORDS rules [RULE,RULE...]\n", stderr);
	return STATUS_USAGE;
}

int main(int count, char **arguments)
{
	char name[32], value[8];
	const char *rest = count > 3 ? arguments[3] : "";
	uint32_t rules = 0;

	if (count < 3)
		return usage();
	while (args_item(&rest, name, value, sizeof(name))) {
		if (bench_rule(name) == 0) {
			fprintf(stderr, "picprobe_host: no rule '%s'\n", name);
			return STATUS_USAGE;
		}
		rules |= bench_rule(name);
	}
	if (strcmp(arguments[2], "model") == 0)
		bench_use_model();
	else if (strcmp(arguments[2], "rules") == 0)
		bench_use_rules(rules);
	else
		return usage();
	args_init(arguments[1]);
	probe_run();
	return 0;
}
