/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns VMX on and off.
 *
 * Rule: the capabilities are checked first. VMXON is executed only on a processor with all
 * capabilities for Signalbox.
 */
#include "arch/x86/virt/vmx/vmx.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stdio.h>

enum { CR4_VMXE = 1 << 13 };

static bool on;

int vmx_init(void)
{
	if (vmx_check() != 0)
		return -ENODEV;
	uint32_t *region = frames_alloc_vmm(PAGE, PAGE);
	if (region == NULL)
		return -ENOMEM;
	*region = vmx_caps.revision;
	cr0_write((cr0_read() | vmx_caps.cr0_fixed0) & vmx_caps.cr0_fixed1);
	cr4_write((cr4_read() | vmx_caps.cr4_fixed0 | CR4_VMXE) & vmx_caps.cr4_fixed1);
	uint64_t physical = (uint64_t)region;
	uint8_t failed;
	__asm__ volatile("vmxon %1; setna %0" : "=qm"(failed) : "m"(physical) : "cc", "memory");
	if (failed) {
		log_line("VMXON failed: CR0 = %lx, CR4 = %lx, VMCS revision %x (SDM 3C 23.7)",
		         (unsigned long)cr0_read(), (unsigned long)cr4_read(),
		         (unsigned)vmx_caps.revision);
		return -ENODEV;
	}
	on = true;
	return 0;
}

const char *vmx_describe(void)
{
	static char text[160];

	snprintf(text, sizeof(text),
	         "VMX, VMCS revision %x: "
	         "EPT, %sunrestricted guest, virtual NMIs, preemption timer / %u",
	         (unsigned)vmx_caps.revision, vmx_caps.secondary >> 32 & CPU2_VPID ? "VPID, " : "",
	         1u << vmx_caps.timer_shift);
	return text;
}

void vmx_leave(void)
{
	if (!on)
		return;
	on = false;
	__asm__ volatile("vmxoff" : : : "cc");
	cr4_write(cr4_read() & ~(uint64_t)CR4_VMXE);
}
