/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the back end for this processor.
 *
 * Rule: the processor's feature bits decide, not the vendor's name. The back end names any missing
 * feature.
 */
#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/text_list.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/guest_registers.h"

#include <errno.h>

enum { CPUID_1_ECX_VMX = 1 << 5, CPUID_80000001_ECX_SVM = 1 << 2 };
#define LEAF_EXTENDED 0x80000000u

const char *vm_exit_name(enum vm_exit_reason reason)
{
#define X_NAME(id, name) name "\0"
	return reason < VM_EXIT_COUNT ? text_list_get(VM_EXIT_REASONS(X_NAME), reason) : "?";
#undef X_NAME
}

static int say_nothing_there(void)
{
	struct cpuid id = cpu_id(0, 0);
	uint32_t name[4] = { id.ebx, id.edx, id.ecx, 0 };

	log_line("no VMX (CPUID.1:ECX[5] = 0) and no SVM (CPUID.80000001h:ECX[2] = 0) on this %s "
	         "processor. QEMU without KVM has SVM with -cpu max; with KVM, -cpu host where the "
	         "host nests; PLATFORM=bochs has VMX",
	         (const char *)name);
	return -ENODEV;
}

int virt_init(void)
{
	bool extended = cpu_id(LEAF_EXTENDED, 0).eax > LEAF_EXTENDED;
	bool svm = extended && cpu_id(LEAF_EXTENDED + 1, 0).ecx & CPUID_80000001_ECX_SVM;
	bool vmx = cpu_id(1, 0).ecx & CPUID_1_ECX_VMX;

	if (!vmx && !svm)
		return say_nothing_there();
	if (fpu_init() != 0)
		return -ENODEV;
	virt_is_second = !vmx;
	guest_registers_init(!vmx);
	return vmx ? vmx_init() : svm_init();
}
