/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's commands.
 *
 * Rule: a command prints by the log. It is background work, so it may take long.
 */
#ifndef VMM_COMMANDS_H
#define VMM_COMMANDS_H

#include <stddef.h>

/* Carries out one command line, which it may cut up. */
void command_run(char *line);
/* What the word that begins at line[begin] may be: number i, from 0 on; NULL: that was all. */
const char *command_candidate(const char *line, size_t begin, unsigned i);

#endif
