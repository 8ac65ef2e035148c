/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list of texts in one string: "first\0" "second\0". A table of pointers takes 8 bytes more for
 * each text.
 *
 * Rule: for texts that a person reads; a look takes time for each text before.
 */
#ifndef ARCH_X86_CPU_TEXT_LIST_H
#define ARCH_X86_CPU_TEXT_LIST_H

#include <string.h>

/* Returns the text with the number. The list must have so many. */
static inline const char *text_list_get(const char *list, unsigned number)
{
	while (number-- > 0)
		list += strlen(list) + 1;
	return list;
}

#endif
