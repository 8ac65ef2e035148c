/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What newlib asks of the system below it.
 *
 * Rule: the VMM has no heap. newlib's formatted output refers to one but never uses it for strings.
 */
#include <errno.h>
#include <stddef.h>

void *sbrk(ptrdiff_t bytes);

void *sbrk(ptrdiff_t bytes)
{
	(void)bytes;
	errno = ENOMEM;
	return (void *)-1;
}
