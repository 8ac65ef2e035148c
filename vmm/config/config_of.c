/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the line of a VM's module: the initrd of a Linux, a module of a multiboot kernel.
 *
 * Rule: a VM's module has no words but of= and its text. The rest is the VM's.
 */
#include "vmm/config/config_words.h"

#include <stddef.h>

static int of_name(struct reader *r, const char *value)
{
	return config_name(r, value, r->of->vm);
}

static int of_text(struct reader *r, const char *value)
{
	return config_text(r, value, r->of->line);
}

const struct keyword config_of_words[] = {
	{ "of", false, of_name },
	{ "args", false, of_text },
	{ "", false, NULL },
};
