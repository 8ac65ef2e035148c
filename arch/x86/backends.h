/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back ends behind arch/x86/virt.h.
 *
 * Rule: virt.c includes this, to choose; nobody else does but the back ends themselves.
 */
#ifndef ARCH_X86_BACKENDS_H
#define ARCH_X86_BACKENDS_H

#include "arch/x86/virt.h"

extern const struct virt_calls vmx_calls, svm_calls;

/* Check what the processor has, say what is missing, turn virtualisation on. 0, -ENODEV, or
 * -ENOMEM. */
int vmx_init(void);
int svm_init(void);

#endif
