/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of the checks of a VM's configuration (config_check.c, config_pci.c).
 *
 * Rule: a message names the module, the word and the reason.
 */
#ifndef VMM_CONFIG_REFUSE_H
#define VMM_CONFIG_REFUSE_H

#include "vmm/config/config.h"

/* The VM that is checked, and the place of the message. */
struct check {
	unsigned n;
	const struct vm_config *vm;
	char *err;
	size_t size;
};

/* Writes the message, the module's name before the text. Always returns error. */
int check_refuse(const struct check *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
