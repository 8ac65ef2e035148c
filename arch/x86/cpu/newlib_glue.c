/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call that newlib needs from the system below.
 *
 * Rule: the VMM has no heap. newlib's formatted output refers to a heap but never uses the heap for
 * strings.
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
