/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back ends behind arch/x86/virt/virt.h.
 *
 * Rule: only virt.c, for the choice, and the back ends include this header.
 */
#ifndef ARCH_X86_VIRT_BACKENDS_H
#define ARCH_X86_VIRT_BACKENDS_H

#include "arch/x86/virt/virt.h"

extern const struct virt_calls vmx_calls, svm_calls;

/* Checks the processor, prints all that is missing, and turns virtualisation on. Returns 0,
 * -ENODEV, or -ENOMEM. */
int vmx_init(void);
int svm_init(void);

#endif
