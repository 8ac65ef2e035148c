/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/virt/vmx/enter.h: a guest is a function of the test.
 *
 * Rule: this directory comes first in the include path, so the sources that are tested do not know.
 */
#ifndef TESTS_UNIT_FAKE_VMX_ENTER_H
#define TESTS_UNIT_FAKE_VMX_ENTER_H

#include "arch/x86/virt/virt.h"

/* Return 0: the guest ran, and exited as the VMCS says; 1: an NMI came before the entry; 2: the
 * entry failed. */
unsigned vmx_resume(struct vcpu_regs *regs);
unsigned vmx_launch(struct vcpu_regs *regs);

#define ENTER(entry, v, result) (((result) = entry(&(v)->regs)) != 0)

#endif
