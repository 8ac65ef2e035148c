/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's commands.
 *
 * Rule: a command prints by the log. A command is background work, so it may take long.
 */
#ifndef VMM_COMMANDS_H
#define VMM_COMMANDS_H

#include <stddef.h>

/* Carries out a command line. The call may cut up the line. Call it from the background work. */
void command_run(char *line);
/* Returns candidate number i (from 0 on) for the word that begins at line[begin], or NULL after the
 * last candidate. For completion. */
const char *command_candidate(const char *line, size_t begin, unsigned i);

#endif
