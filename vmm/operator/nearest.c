/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The distance of two words: three rows of the table that has a column for each letter of known.
 */
#include "vmm/operator/nearest.h"

#include <string.h>

enum { BEGINNING_LEAST = 2 };

static int least(int a, int b, int c)
{
	int of_two = a < b ? a : b;

	return of_two < c ? of_two : c;
}

/* Fills row i, for the letter at *at. The next arguments are the rows of the letter before and of
 * the letter before that letter. */
static void fill(int *row, const int *one, const int *two, int i, const char *at, const char *known)
{
	row[0] = i;
	for (int j = 1; known[j - 1] != '\0'; j++) {
		int same = at[0] == known[j - 1] ? 0 : 1;

		row[j] = least(one[j] + 1, row[j - 1] + 1, one[j - 1] + same);
		if (i > 1 && j > 1 && at[0] == known[j - 2] && at[-1] == known[j - 1])
			row[j] = least(row[j], row[j], two[j - 2] + 1);
	}
}

int nearest_distance(const char *typed, const char *known)
{
	int rows[3][NEAREST_WORD_MAX + 1];
	size_t length = strlen(typed), columns = strlen(known);

	if (length > NEAREST_WORD_MAX || columns > NEAREST_WORD_MAX)
		return -1;
	for (int j = 0; j <= (int)columns; j++)
		rows[0][j] = j;
	for (int i = 1; i <= (int)length; i++)
		fill(rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3], i, typed + i - 1, known);
	int distance = rows[length % 3][columns];
	size_t longer = length > columns ? length : columns;

	if (length >= BEGINNING_LEAST && strncmp(typed, known, length) == 0 && distance > 0)
		return 1;
	return (size_t)distance * 3 > longer + 1 ? -1 : distance;
}
