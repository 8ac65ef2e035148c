/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns SVM on and off.
 *
 * Rule: the capabilities are checked first. EFER.SVME is set only on a processor with all
 * capabilities for Signalbox.
 */
#include "arch/x86/virt/svm/svm.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"

#include <errno.h>
#include <stdio.h>

/* EFER: 12 SVME; VM_HSAVE_PA: where VMRUN keeps the VMM's state (APM 2 15.30) */
enum { EFER_SVME = 1 << 12 };
#define MSR_EFER 0xc0000080u
#define MSR_VM_HSAVE_PA 0xc0010117u

/* The state that VMLOAD restores at each exit: the VMM's own FS, GS, TR and LDTR. enter.S reads the
 * address here. */
uint64_t svm_host;
static bool on;

int svm_init(void)
{
	if (svm_check() != 0)
		return -ENODEV;
	void *save = frames_alloc_vmm(PAGE, PAGE), *host = frames_alloc_vmm(PAGE, PAGE);
	if (save == NULL || host == NULL)
		return -ENOMEM;
	svm_host = (uint64_t)host;
	if (svm_caps.unseen_xsetbv)
		quirk_unseen_xsetbv();
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
	msr_write(MSR_VM_HSAVE_PA, (uint64_t)save);
	__asm__ volatile("vmsave %0" : : "a"(svm_host) : "memory");
	on = true;
	if (slice_timer_init() != 0)
		log_line("no timer ends a VM's slice here: a VM that does not sleep keeps the "
		         "processor until a line or NMI of another one ends its turn");
	return 0;
}

const char *svm_describe(void)
{
	static char text[160];

	snprintf(text, sizeof(text), "SVM revision %u: nested paging, %u ASIDs, %s, slices by %s%s",
	         (unsigned)svm_caps.revision, (unsigned)svm_caps.asids,
	         svm_caps.next_rip ? "next RIP" : "instruction lengths decoded",
	         slice_timer_describe(),
	         svm_caps.lost_shadow
	                 ? ", quirks: lost shadows, unseen XSETBV, wrong events, doubled events, "
	                   "stale breakpoints"
	                 : "");
	return text;
}

void svm_leave(void)
{
	if (!on)
		return;
	on = false;
	slice_timer_arm(UINT64_MAX);
	msr_write(MSR_EFER, msr_read(MSR_EFER) & ~(uint64_t)EFER_SVME);
}
