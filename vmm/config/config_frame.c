/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame of the VMM's line, as in: frame=10ms pulse:3ms scribe:5ms
 *
 * Rule: the parts come behind frame=, in the order of the table, and never sum up to more than the
 * frame. A frame stands in the place of the VMs' own budgets.
 */
#include "vmm/config/config_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PART_MIN = 100 }; /* us */

bool config_is_part(const char *word)
{
	return strchr(word, ':') != NULL && strchr(word, '=') == NULL;
}

/* Returns the sum of the parts in microseconds. */
static uint32_t sum_of(const struct vmm_config *vmm)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < vmm->part_count; i++)
		sum += vmm->part[i].us;
	return sum;
}

int config_frame_part(struct reader *r, const char *word)
{
	struct vmm_config *vmm = r->vmm;
	struct config_part part;
	char name[CONFIG_NAME_MAX + 1] = ""; /* one more: the name is too long */
	const char *colon = strchr(word, ':');
	uint64_t us = 0;

	if (vmm->frame_us == 0)
		return config_refuse(r, "a part of a frame, and frame= has to come before");
	if (vmm->part_count == CONFIG_PARTS_MAX)
		return config_refuse(r, "more than %d parts", CONFIG_PARTS_MAX);
	size_t length = (size_t)(colon - word);
	memcpy(name, word, length < CONFIG_NAME_MAX ? length : CONFIG_NAME_MAX);
	if (config_name(r, name, part.vm) || config_time(r, colon + 1, &us))
		return -EINVAL;
	if (us < PART_MIN)
		return config_refuse(r, "a part is 100us at least");
	if (us > vmm->frame_us - sum_of(vmm))
		return config_refuse(r, "the parts are longer than the frame: %lu of %u us",
		                     (unsigned long)(us + sum_of(vmm)), (unsigned)vmm->frame_us);
	part.us = (uint32_t)us;
	vmm->part[vmm->part_count++] = part;
	return 0;
}

int config_check_frame(unsigned n, const struct vm_config *vm, const struct vmm_config *vmm,
                       char *err, size_t size)
{
	const char *why = NULL;
	bool named = false;

	for (unsigned i = 0; i < vmm->part_count; i++)
		named |= strcmp(vmm->part[i].vm, vm->name) == 0;
	if (vmm->frame_us == 0)
		return 0;
	if (vm->budget_us != 0)
		why = "budget=: the VMM's frame= gives the time; take one of the two out";
	else if (vm->wakeups != 0)
		why = "wakeups=: the VMM's frame= gives the time; take one of the two out";
	else if (!named && sum_of(vmm) == vmm->frame_us)
		why = "the VMM's frame= has no part for this VM, and no rest";
	if (why == NULL)
		return 0;
	snprintf(err, size, "module %u (%s): %s", n, vm->name, why);
	return -EPERM;
}
