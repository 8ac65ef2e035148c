/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory log as rows of a screen.
 *
 * Rule: a row is a position in the log: the position of the row's first byte. So a row stays the
 * same row while the log grows. No row is counted from the log's beginning: the log may have
 * forgotten its beginning.
 */
#ifndef VMM_PAGER_H
#define VMM_PAGER_H

#include "arch/x86/machine/platform.h"

#include <stddef.h>
#include <stdint.h>

/* Returns the row after row, or log_end() after the last row. */
uint64_t pager_next(uint64_t row);
/* Returns the row before row. The first row is returned itself. */
uint64_t pager_previous(uint64_t row);
/* Returns the row so many rows after row, or before row where rows is negative; at most the first
 * row or the end. */
uint64_t pager_move(uint64_t row, int rows);
/* Returns row, or the oldest row in the log where the log has forgotten row. Call it before a row
 * from an earlier step is used again. */
uint64_t pager_clamp(uint64_t row);
/* Copies the text of a row, without the line end. Returns the length. */
size_t pager_text(uint64_t row, char text[VGA_COLUMNS]);

#endif
