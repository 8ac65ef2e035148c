/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this VMM is, and what made it.
 *
 * Rule: the version is the tree's file VERSION; only version.c is compiled anew for another commit.
 */
#ifndef VMM_VERSION_H
#define VMM_VERSION_H

extern const char version_name[];     /* "Signalbox 0.2.0 (1234abcd)" */
extern const char version_compiler[]; /* "gcc 12.2.0" */

#endif
