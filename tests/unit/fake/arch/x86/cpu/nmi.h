/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/cpu/nmi.h: the real declarations, with a test's
 * nmi_unblock(). The IRET of the real function is no host's.
 *
 * Rule: the real header gives all the rest, so no number is written twice.
 */
#ifndef TESTS_UNIT_FAKE_NMI_H
#define TESTS_UNIT_FAKE_NMI_H

#define nmi_unblock processor_nmi_unblock
#include "../../../../../../arch/x86/cpu/nmi.h"
#undef nmi_unblock

void nmi_unblock(void);

#endif
