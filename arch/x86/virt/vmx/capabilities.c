/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMX's begin and end: the capabilities of the processor are checked, then VMX is turned on.
 *
 * Rule: VMXON is executed only on a processor with all capabilities for Signalbox. The message on a
 * missing capability names the place where the manual announces the capability, and says what a
 * user can do. An MSR is read only after a bit says that the MSR exists: some emulated processors
 * fault otherwise.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <stdio.h>

struct vmx_capabilities vmx_caps;

enum {
	IA32_FEATURE_CONTROL = 0x3a,
	IA32_VMX_BASIC = 0x480,
	IA32_VMX_MISC = 0x485,
	IA32_VMX_CR0_FIXED0 = 0x486,
	IA32_VMX_CR0_FIXED1 = 0x487,
	IA32_VMX_CR4_FIXED0 = 0x488,
	IA32_VMX_CR4_FIXED1 = 0x489,
	IA32_VMX_PROCBASED_CTLS2 = 0x48b,
	IA32_VMX_EPT_VPID_CAP = 0x48c,
};

/* FEATURE_CONTROL (SDM 3C 23.7): 0 lock | 2 VMXON outside SMX */
enum { FEATURE_LOCK = 1 << 0, FEATURE_VMXON = 1 << 2 };

/* EPT_VPID_CAP (SDM 3D A.10) */
#define EPT_4_LEVELS (1ull << 6)
#define EPT_WRITE_BACK (1ull << 14)
#define EPT_2M (1ull << 16)
#define EPT_INVEPT (1ull << 20)
#define EPT_INVEPT_SINGLE (1ull << 25)

struct need {
	const char *what, *where;
	const uint64_t *control; /* the high half has the bits that may be 1 */
	uint32_t bit;
};

static const struct need needs[] = {
	{ "NMI exiting", "VMX_PINBASED_CTLS[35]", &vmx_caps.pin, PIN_NMI_EXITING },
	{ "virtual NMIs", "VMX_PINBASED_CTLS[37]", &vmx_caps.pin, PIN_VIRTUAL_NMIS },
	{ "the VMX preemption timer", "VMX_PINBASED_CTLS[38]", &vmx_caps.pin,
	  PIN_PREEMPTION_TIMER },
	{ "I/O bitmaps", "VMX_PROCBASED_CTLS[57]", &vmx_caps.primary, CPU_IO_BITMAPS },
	{ "MSR bitmaps", "VMX_PROCBASED_CTLS[60]", &vmx_caps.primary, CPU_MSR_BITMAPS },
	{ "EPT", "VMX_PROCBASED_CTLS2[33]", &vmx_caps.secondary, CPU2_EPT },
	{ "unrestricted guest", "VMX_PROCBASED_CTLS2[39]", &vmx_caps.secondary, CPU2_UNRESTRICTED },
	{ "saving the preemption timer", "VMX_EXIT_CTLS[54]", &vmx_caps.exit, EXIT_SAVE_TIMER },
	{ "loading EFER on entry", "VMX_ENTRY_CTLS[47]", &vmx_caps.entry, ENTRY_LOAD_EFER },
};

static int firmware_allows(void)
{
	uint64_t control = msr_read(IA32_FEATURE_CONTROL);

	if (!(control & FEATURE_LOCK)) { /* the firmware left the choice to the VMM */
		msr_write(IA32_FEATURE_CONTROL, control | FEATURE_LOCK | FEATURE_VMXON);
		return 0;
	}
	if (control & FEATURE_VMXON)
		return 0;
	log_line("VMX is locked off by the firmware: IA32_FEATURE_CONTROL = %lx (lock set, VMXON "
	         "clear); enable virtualisation in the firmware's set-up",
	         (unsigned long)control);
	return -ENODEV;
}

static void read_controls(void)
{
	uint64_t basic = msr_read(IA32_VMX_BASIC);

	vmx_caps.revision = basic & 0x7fffffff;
	vmx_caps.true_controls = basic >> 55 & 1; /* SDM 3D A.1 */
	unsigned base = vmx_caps.true_controls ? 0x48d : 0x481;
	vmx_caps.pin = msr_read(base);
	vmx_caps.primary = msr_read(base + 1);
	vmx_caps.exit = msr_read(base + 2);
	vmx_caps.entry = msr_read(base + 3);
	vmx_caps.cr0_fixed0 = msr_read(IA32_VMX_CR0_FIXED0);
	vmx_caps.cr0_fixed1 = msr_read(IA32_VMX_CR0_FIXED1);
	vmx_caps.cr4_fixed0 = msr_read(IA32_VMX_CR4_FIXED0);
	vmx_caps.cr4_fixed1 = msr_read(IA32_VMX_CR4_FIXED1);
	uint64_t misc = msr_read(IA32_VMX_MISC);
	vmx_caps.timer_shift = misc & 0x1f;
	vmx_caps.hlt_state = misc >> 6 & 1;
	if (vmx_caps.primary >> 32 & CPU_SECONDARY)
		vmx_caps.secondary = msr_read(IA32_VMX_PROCBASED_CTLS2);
	if (vmx_caps.secondary >> 32 & CPU2_EPT)
		vmx_caps.ept_vpid = msr_read(IA32_VMX_EPT_VPID_CAP);
}

static unsigned missing_controls(void)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (*needs[i].control >> 32 & needs[i].bit)
			continue;
		log_line("VMX lacks %s: %s = 0", needs[i].what, needs[i].where);
		missing++;
	}
	return missing;
}

static unsigned missing_ept(void)
{
	static const struct {
		uint64_t bit;
		const char *what;
	} parts[] = {
		{ EPT_4_LEVELS, "a page walk of four levels" },
		{ EPT_WRITE_BACK, "write-back memory" },
		{ EPT_2M, "2M pages" },
		{ EPT_INVEPT | EPT_INVEPT_SINGLE, "single-context INVEPT" },
	};
	unsigned missing = 0;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if ((vmx_caps.ept_vpid & parts[i].bit) == parts[i].bit)
			continue;
		log_line("EPT lacks %s: VMX_EPT_VPID_CAP = %lx", parts[i].what,
		         (unsigned long)vmx_caps.ept_vpid);
		missing++;
	}
	return missing;
}

/* Reads and checks the capabilities and prints all that is missing. Returns 0 or -ENODEV. */
static int check(void)
{
	if (firmware_allows() != 0)
		return -ENODEV;
	read_controls();
	unsigned missing = missing_controls();
	if (vmx_caps.secondary >> 32 & CPU2_EPT)
		missing += missing_ept();
	if (!vmx_caps.hlt_state) {
		log_line("VMX lacks the HLT activity state: VMX_MISC[6] = 0");
		missing++;
	}
	if (missing == 0)
		return 0;
	log_line("this processor's VMX is not enough for Signalbox: %u thing%s missing; Intel's "
	         "since 2010 (Westmere) have them, so have Bochs's corei7_skylake_x and nested KVM",
	         missing, missing == 1 ? "" : "s");
	return -ENODEV;
}

enum { CR4_VMXE = 1 << 13 };

static bool on;

int vmx_init(void)
{
	if (check() != 0)
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
