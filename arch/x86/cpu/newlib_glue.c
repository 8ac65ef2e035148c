/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that newlib needs from the system below.
 *
 * Rule: the VMM has no heap. newlib's formatted output refers to a heap for texts that grow, and
 * the VMM formats into arrays only. So the three calls refuse, and newlib's heap stays out of the
 * image.
 */
#include <errno.h>
#include <stddef.h>

struct _reent;
void *_malloc_r(struct _reent *context, size_t bytes);
void *_realloc_r(struct _reent *context, void *block, size_t bytes);
void _free_r(struct _reent *context, void *block);

void *_malloc_r(struct _reent *context, size_t bytes)
{
	(void)context;
	(void)bytes;
	errno = ENOMEM;
	return NULL;
}

void *_realloc_r(struct _reent *context, void *block, size_t bytes)
{
	(void)context;
	(void)block;
	(void)bytes;
	errno = ENOMEM;
	return NULL;
}

void _free_r(struct _reent *context, void *block)
{
	(void)context;
	(void)block;
}
