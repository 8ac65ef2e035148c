/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the manual's checks on VMRUN (audit.c).
 *
 * Rule: only audit.c and the test of audit.c include the header. The test has at least one case for
 * each row.
 */
#ifndef ARCH_X86_VIRT_SVM_AUDIT_H
#define ARCH_X86_VIRT_SVM_AUDIT_H

#include "arch/x86/virt/svm/vmcb.h"

#include <stdbool.h>
#include <stdint.h>

struct svm_rule {
	bool (*holds)(const struct vmcb *c); /* false: c breaks the rule */
	const char *rule;                    /* in words */
	uint16_t field;                      /* the field in the message: its offset */
	uint8_t size;                        /* its size in bytes */
	char section[5];                     /* within chapter 15 of APM 2: no pointer of 8 bytes */
};

/* Returns the rule in a row of the table, or NULL behind the last row. */
const struct svm_rule *svm_rule(unsigned row);

#endif
