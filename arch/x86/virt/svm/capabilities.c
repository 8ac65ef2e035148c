/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The capabilities of the processor's SVM, checked before EFER.SVME is set.
 *
 * Rule: the message on a missing capability names the place where the manual announces the
 * capability, and says what a user can do. An MSR is read only after a bit says that the MSR
 * exists: some emulated processors fault otherwise.
 */
#include "arch/x86/cpu/hypervisor.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/svm/svm.h"

#include <errno.h>
#include <string.h>

struct svm_capabilities svm_caps;

#define LEAF_EXTENDED 0x80000000u
#define LEAF_SVM 0x8000000au
#define LEAF_HYPERVISOR 0x40000000u

/* CPUID 8000000Ah: EAX 7:0 revision; EBX the number of ASIDs; EDX (APM 3 E.4.9) */
enum { EDX_NESTED_PAGING = 1 << 0, EDX_NEXT_RIP = 1 << 3, EDX_DECODE_ASSISTS = 1 << 7 };
enum { ASIDS_FEWEST = 2 }; /* one for the VMM, one or more for the VMs; VMs can share an ASID */

/* VM_CR (APM 2 15.30.1); every processor with SVM has the MSR: 4 SVMDIS | 3 LOCK */
#define MSR_VM_CR 0xc0010114u
enum { VM_CR_LOCK = 1 << 3, VM_CR_SVMDIS = 1 << 4 };

static int firmware_allows(void)
{
	uint64_t control = msr_read(MSR_VM_CR);

	if (control & VM_CR_SVMDIS && !(control & VM_CR_LOCK)) { /* the firmware leaves the
	                                                          * choice */
		msr_write(MSR_VM_CR, control & ~(uint64_t)VM_CR_SVMDIS);
		control = msr_read(MSR_VM_CR);
	}
	if (!(control & VM_CR_SVMDIS))
		return 0;
	log_line("SVM is locked off by the firmware: VM_CR = %lx (SVMDIS set%s); enable "
	         "virtualisation (\"SVM mode\") in the firmware's set-up",
	         (unsigned long)control, control & VM_CR_LOCK ? ", LOCK set" : ", and it stays so");
	return -ENODEV;
}

/* Returns true on QEMU's translator. The translator gives this name while its option tcg-cpuid is
 * on (the default). */
static bool is_tcg(void)
{
	if (!(cpu_id(1, 0).ecx & CPUID_ECX_HYPERVISOR))
		return false;
	struct cpuid id = cpu_id(LEAF_HYPERVISOR, 0);
	uint32_t name[3] = { id.ebx, id.ecx, id.edx };
	return memcmp(name, "TCGTCGTCGTCG", sizeof(name)) == 0;
}

/* Reads the features of SVM and returns EDX. */
static uint32_t read_features(void)
{
	if (cpu_id(LEAF_EXTENDED, 0).eax < LEAF_SVM)
		return 0;
	struct cpuid id = cpu_id(LEAF_SVM, 0);
	svm_caps.revision = id.eax & 0xff;
	svm_caps.asids = id.ebx;
	svm_caps.next_rip = id.edx & EDX_NEXT_RIP;
	svm_caps.decode_assists = id.edx & EDX_DECODE_ASSISTS;
	svm_caps.lost_shadow = svm_caps.unseen_xsetbv = svm_caps.wrong_event =
		svm_caps.doubled_event = svm_caps.stale_breakpoints = is_tcg();
	return id.edx;
}

int svm_check(void)
{
	unsigned missing = 0;

	if (firmware_allows() != 0)
		return -ENODEV;
	if (!(read_features() & EDX_NESTED_PAGING)) {
		log_line("SVM lacks nested paging: CPUID.8000000Ah:EDX[0] = 0");
		missing++;
	}
	if (svm_caps.asids < ASIDS_FEWEST) {
		log_line("SVM lacks ASIDs: "
		         "CPUID.8000000Ah:EBX = %u, and the VMM needs one of its own",
		         (unsigned)svm_caps.asids);
		missing++;
	}
	if (missing == 0)
		return 0;
	log_line("this processor's SVM is not enough for Signalbox: %u thing%s missing; AMD's "
	         "since 2007 (family 10h) have them, so have nested KVM and, from QEMU 3.0 on, "
	         "-cpu max",
	         missing, missing == 1 ? "" : "s");
	return -ENODEV;
}
