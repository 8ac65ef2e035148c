/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory log as rows of a screen. See the header for the rule.
 */
#include "vmm/operator/pager.h"

#include "arch/x86/log/log.h"

/* A line end behind a full row belongs to that row. */
uint64_t pager_next(uint64_t row)
{
	uint64_t at = row, end = log_end();

	for (; at < end && at - row < VGA_COLUMNS; at++)
		if (log_at(at) == '\n')
			return at + 1;
	return at < end && log_at(at) == '\n' ? at + 1 : at;
}

/* Returns the beginning of the line with the byte at at. */
static uint64_t line_of(uint64_t at)
{
	while (at > log_begin() && log_at(at - 1) != '\n')
		at--;
	return at;
}

uint64_t pager_previous(uint64_t row)
{
	if (row <= log_begin())
		return log_begin();
	uint64_t before = line_of(row - 1);

	for (uint64_t next = pager_next(before); next < row; next = pager_next(before))
		before = next;
	return before;
}

uint64_t pager_move(uint64_t row, int rows)
{
	for (; rows > 0 && row < log_end(); rows--)
		row = pager_next(row);
	for (; rows < 0 && row > log_begin(); rows++)
		row = pager_previous(row);
	return row;
}

uint64_t pager_clamp(uint64_t row)
{
	return row < log_begin() ? log_begin() : row;
}

size_t pager_text(uint64_t row, char text[VGA_COLUMNS])
{
	uint64_t end = pager_next(row);
	size_t length = 0;

	for (uint64_t at = row; at < end && log_at(at) != '\n'; at++)
		text[length++] = log_at(at);
	return length;
}
