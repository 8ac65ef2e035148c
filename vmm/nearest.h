/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The word that was meant, where a known one was mistyped.
 *
 * Rule: it is better to name none than a wrong one. Pure C.
 */
#ifndef VMM_NEAREST_H
#define VMM_NEAREST_H

enum { NEAREST_WORD_MAX = 15 }; /* longer words are near none */

/* How many letters have to be typed otherwise to get known from typed: one too few, one too many,
 * another one, or two exchanged. -1: they have nothing to do with each other, which is where more
 * than a third of the letters are others. The beginning of known, of two letters at least, is near
 * it (1). Takes some 5,000 instructions at most. */
int nearest_distance(const char *typed, const char *known);

#endif
