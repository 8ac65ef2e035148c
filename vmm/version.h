/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The version of this VMM, and the compiler of the image.
 *
 * Rule: the version is the tree's file VERSION. Only version.c is compiled anew for another commit.
 */
#ifndef VMM_VERSION_H
#define VMM_VERSION_H

extern const char version_name[];     /* "Signalbox 0.2.0 (1234abcd)" */
extern const char version_compiler[]; /* "gcc 12.2.0" */

#endif
