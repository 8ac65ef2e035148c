/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two back ends of arch/x86/virt/virt.h, where the simulated processor has one.
 *
 * Rule: included by the one file of a program that defines `virt`; that file's vmx_NAME are the hot
 * calls, and nobody chooses others.
 */
#ifndef TESTS_UNIT_SIM_VIRT_H
#define TESTS_UNIT_SIM_VIRT_H

#include "arch/x86/virt/virt.h"

bool virt_is_second;

/* What the linker wants. */
#define X_SECOND(type, name, parameters, arguments) \
	type svm_##name parameters                  \
	{                                           \
		return vmx_##name arguments;        \
	}
VIRT_HOT_CALLS(X_SECOND)
#undef X_SECOND

#endif
