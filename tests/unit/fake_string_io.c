/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of string_io.c of the back end that a test does not have.
 *
 * Rule: each function is weak, and ends the test when called.
 */
#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/string_io.h"

#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

static _Noreturn void other_back_end(const char *function)
{
	fprintf(stderr, "%s() is of the other back end\n", function);
	abort();
}

#define FAKE(result, name, parameters)               \
	__attribute__((weak)) result name parameters \
	{                                            \
		other_back_end(#name);               \
	}

FAKE(bool, vmx_skip, (struct vcpu * v))
FAKE(bool, svm_skip, (struct vcpu * v))
FAKE(bool, vmx_string_find, (struct vcpu * v, struct string_io *s))
FAKE(void, vmx_string_fault, (struct vcpu * v, const struct string_io *s))
FAKE(void, vmx_string_again, (struct vcpu * v, const struct string_io *s))
FAKE(bool, svm_string_find, (struct vcpu * v, struct string_io *s))
FAKE(void, svm_string_fault, (struct vcpu * v, const struct string_io *s))
FAKE(void, svm_string_again, (struct vcpu * v, const struct string_io *s))
