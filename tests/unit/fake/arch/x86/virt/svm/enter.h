/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/virt/svm/enter.h: a guest is a function of the test.
 *
 * Rule: this directory comes first in the include path, so the sources that are tested do not know.
 */
#ifndef TESTS_UNIT_FAKE_SVM_ENTER_H
#define TESTS_UNIT_FAKE_SVM_ENTER_H

#include "arch/x86/virt/svm/vmcb.h"
#include "arch/x86/virt/virt.h"

/* Returns 0: the guest ran, and exited as the VMCB says; 1: an NMI came before the entry. */
unsigned svm_run(struct vcpu_regs *regs, struct vmcb *vmcb);

#define RUN(v) svm_run(&(v)->regs, (v)->vmcb)

#endif
