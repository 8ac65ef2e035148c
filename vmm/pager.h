/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory log as rows of a screen.
 *
 * Rule: a row is a position in the log, that of its first byte; so a row stays the same row while
 * the log grows. Nothing is counted from the log's beginning, which the log may have forgotten.
 */
#ifndef VMM_PAGER_H
#define VMM_PAGER_H

#include "arch/x86/platform.h"

#include <stddef.h>
#include <stdint.h>

/* The row that follows; log_end() behind the last one. */
uint64_t pager_next(uint64_t row);
/* The row before; the first row has none, and is returned itself. */
uint64_t pager_previous(uint64_t row);
/* So many rows on, or back where rows is negative, as far as there are any. */
uint64_t pager_move(uint64_t row, int rows);
/* A row that the log may have forgotten meanwhile: it, or the oldest that is there. */
uint64_t pager_clamp(uint64_t row);
/* The text of a row, without its line end. Returns its length. */
size_t pager_text(uint64_t row, char text[VGA_COLUMNS]);

#endif
