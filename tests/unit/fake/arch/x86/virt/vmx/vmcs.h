/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/virt/vmx/vmcs.h: the real names and bits, with a VMCS that
 * the test keeps.
 *
 * Rule: the real header gives everything but the instructions, so that no number is written twice.
 */
#ifndef TESTS_UNIT_FAKE_VMCS_H
#define TESTS_UNIT_FAKE_VMCS_H

#define vmcs_read processor_vmcs_read
#define vmcs_write processor_vmcs_write
#define vmcs_clear processor_vmcs_clear
#define vmcs_load processor_vmcs_load
#define vmx_invept processor_vmx_invept
#include "../../../../../../../arch/x86/virt/vmx/vmcs.h"
#undef vmcs_read
#undef vmcs_write
#undef vmcs_clear
#undef vmcs_load
#undef vmx_invept

uint64_t vmcs_read(enum vmcs_field field);
void vmcs_write(enum vmcs_field field, uint64_t value);
int vmcs_clear(uint64_t physical);
void vmcs_load(const uint64_t *physical);
void vmx_invept(uint64_t eptp);

#endif
