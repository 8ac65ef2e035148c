/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the manual's checks on VM entry (audit.c).
 *
 * Rule: only audit.c and the test of audit.c include the header. The test has at least one case for
 * each row.
 */
#ifndef ARCH_X86_VIRT_VMX_AUDIT_H
#define ARCH_X86_VIRT_VMX_AUDIT_H

#include "arch/x86/virt/vmx/vmcs.h"

#include <stdbool.h>
#include <stdint.h>

struct vmx_rule {
	bool (*holds)(void); /* false: the current VMCS breaks the rule */
	const char *rule;    /* in words */
	uint16_t field;      /* the field in the message: an enum vmcs_field */
	char section[6];     /* within chapter 26 of SDM 3C: no pointer of 8 bytes */
};

/* Returns the rule in a row of the table, or NULL behind the last row. */
const struct vmx_rule *vmx_rule(unsigned row);

#endif
