/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The known word that a mistyped word was meant to be.
 *
 * Rule: no suggestion is better than a wrong suggestion. Pure C.
 */
#ifndef VMM_NEAREST_H
#define VMM_NEAREST_H

enum { NEAREST_WORD_MAX = 15 }; /* longer words are near no other word */

/* Returns how many letters differ between typed and known: a letter too few, a letter too many,
 * another letter, or two letters exchanged. Returns -1 where more than a third of the letters
 * differ: the words are unrelated. Returns 1 where typed is the beginning of known and has two
 * letters at least. Takes some 5,000 instructions at most. */
int nearest_distance(const char *typed, const char *known);

#endif
