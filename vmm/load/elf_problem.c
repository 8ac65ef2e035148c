/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for the refusal of an image.
 *
 * Rule: a message names the rule that the image breaks. No step of the loader formats text. The
 * formatting is done here, later.
 */
#include "vmm/load/elf.h"

#include "arch/x86/cpu/text_list.h"
#include "vmm/load/handover.h"

#include <stdio.h>

_Static_assert(HOLE_FIRST == 0xa0000 && HOLE_END == 0x100000, "the words say where the hole is");

#define X_WORDS(id, words) words "\0"
static const char words[] = LOAD_PROBLEMS_LIST(X_WORDS);
#undef X_WORDS

void load_describe(const struct load *l, char *text, size_t size)
{
	const uint64_t *n = l->number;
	int used = 0;

	if (l->problem > LOAD_OF_SEGMENT)
		used = snprintf(text, size,
		                "%s %u: ", l->flat ? "multiboot segment" : "program header",
		                l->segment);
	if (used < 0 || (size_t)used >= size)
		return;
	snprintf(text + used, size - (size_t)used, text_list_get(words, l->problem),
	         (unsigned long)n[0], (unsigned long)n[1], (unsigned long)n[2]);
}
