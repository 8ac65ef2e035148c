/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manual's checks on VM entry, run in software after the processor has refused an entry. The
 * message then names the broken rule.
 *
 * Rule: each check has one row, in the order of the manual, with its section. A check reads the
 * current VMCS only.
 */
#include "arch/x86/virt/vmx/audit.h"
#include "arch/x86/log/log.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <stddef.h>

#define CR0_PE 1ull
#define CR0_PG (1ull << 31)
#define CR4_PAE (1ull << 5)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)
#define RFLAGS_VM (1ull << 17)
#define UNUSABLE (1ull << 16)
#define DEBUGCTL_BTF (1ull << 1)
#define PENDING_BS (1ull << 14)
#define INTERRUPTIBILITY_SMI (1ull << 2)

static uint64_t secondary(void)
{
	return vmcs_read(PRIMARY_CONTROLS) & CPU_SECONDARY ? vmcs_read(SECONDARY_CONTROLS) : 0;
}

static bool within(uint64_t capability, uint64_t value)
{
	uint64_t must = (uint32_t)capability, may = capability >> 32;

	return (value & must) == must && (value & ~may) == 0;
}

static bool canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static bool long_mode(void)
{
	return vmcs_read(ENTRY_CONTROLS) & ENTRY_IA32E;
}

static uint64_t interruption(void)
{
	uint64_t info = vmcs_read(ENTRY_INTERRUPTION);

	return info & INTERRUPTION_VALID ? info : 0;
}

static bool pin_ok(void)
{
	return within(vmx_caps.pin, vmcs_read(PIN_CONTROLS));
}
static bool primary_ok(void)
{
	return within(vmx_caps.primary, vmcs_read(PRIMARY_CONTROLS));
}
static bool secondary_ok(void)
{
	return secondary() == 0 || within(vmx_caps.secondary, secondary());
}
static bool bitmaps_ok(void)
{
	return !((vmcs_read(IO_BITMAP_A) | vmcs_read(IO_BITMAP_B) | vmcs_read(MSR_BITMAP)) & 0xfff);
}
static bool nmi_ok(void)
{
	uint64_t pin = vmcs_read(PIN_CONTROLS), primary = vmcs_read(PRIMARY_CONTROLS);

	return (pin & PIN_NMI_EXITING || !(pin & PIN_VIRTUAL_NMIS)) &&
	       (pin & PIN_VIRTUAL_NMIS || !(primary & CPU_NMI_WINDOW));
}
static bool eptp_ok(void)
{
	uint64_t eptp = vmcs_read(EPT_POINTER);

	return !(secondary() & CPU2_EPT) ||
	       ((eptp & 7) == 6 && (eptp >> 3 & 7) == 3 && !(eptp & 0xf80));
}
static bool unrestricted_ok(void)
{
	return !(secondary() & CPU2_UNRESTRICTED) || secondary() & CPU2_EPT;
}
static bool vpid_ok(void)
{
	return !(secondary() & CPU2_VPID) || vmcs_read(VPID) != 0;
}
static bool exit_ok(void)
{
	return within(vmx_caps.exit, vmcs_read(EXIT_CONTROLS));
}
static bool timer_ok(void)
{
	return vmcs_read(PIN_CONTROLS) & PIN_PREEMPTION_TIMER ||
	       !(vmcs_read(EXIT_CONTROLS) & EXIT_SAVE_TIMER);
}
static bool entry_ok(void)
{
	return within(vmx_caps.entry, vmcs_read(ENTRY_CONTROLS));
}
static bool interruption_type_ok(void)
{
	uint64_t type = interruption() >> 8 & 7;

	return interruption() == 0 ||
	       (type != 1 && (type != 2 || (interruption() & 0xff) == 2) &&
	        (type != 3 || (interruption() & 0xff) < 32) && !(interruption() & 0x7ffff000));
}
static bool interruption_error_ok(void)
{
	const uint32_t with_error = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 |
	                            1u << 17;
	bool exception = (interruption() & INTERRUPTION_TYPE) == INTERRUPTION_EXCEPTION;
	bool protected = vmcs_read(GUEST_CR0) & CR0_PE || !(secondary() & CPU2_UNRESTRICTED);
	bool wanted = exception && protected && with_error >> (interruption() & 31) & 1;

	return interruption() == 0 || !!(interruption() & INTERRUPTION_ERROR) == wanted;
}
static bool error_code_ok(void)
{
	return !(interruption() & INTERRUPTION_ERROR) || !(vmcs_read(ENTRY_ERROR_CODE) >> 16);
}
static bool instruction_length_ok(void)
{
	uint64_t length = vmcs_read(ENTRY_INSTRUCTION_LENGTH);
	bool software = (interruption() & INTERRUPTION_TYPE) >= INTERRUPTION_SOFT_INT &&
	                (interruption() & INTERRUPTION_TYPE) <= INTERRUPTION_SOFT_EXCEPTION;

	return !software || (length >= 1 && length <= 15);
}
static bool host_cr_ok(void)
{
	return (vmcs_read(HOST_CR0) & vmx_caps.cr0_fixed0) == vmx_caps.cr0_fixed0 &&
	       (vmcs_read(HOST_CR4) & vmx_caps.cr4_fixed0) == vmx_caps.cr4_fixed0;
}
static bool host_bases_ok(void)
{
	return canonical(vmcs_read(HOST_FS_BASE)) && canonical(vmcs_read(HOST_GS_BASE)) &&
	       canonical(vmcs_read(HOST_GDTR_BASE)) && canonical(vmcs_read(HOST_IDTR_BASE)) &&
	       canonical(vmcs_read(HOST_TR_BASE));
}
static bool host_selectors_ok(void)
{
	return vmcs_read(HOST_CS_SELECTOR) != 0 && vmcs_read(HOST_TR_SELECTOR) != 0 &&
	       !((vmcs_read(HOST_CS_SELECTOR) | vmcs_read(HOST_TR_SELECTOR)) & 7);
}
static bool host_rip_ok(void)
{
	return canonical(vmcs_read(HOST_RIP)) && vmcs_read(EXIT_CONTROLS) & EXIT_HOST_64;
}
static bool guest_cr0_ok(void)
{
	uint64_t fixed = vmx_caps.cr0_fixed0, cr0 = vmcs_read(GUEST_CR0);

	if (secondary() & CPU2_UNRESTRICTED)
		fixed &= ~(CR0_PE | CR0_PG);
	return (cr0 & fixed) == fixed && !(cr0 & ~vmx_caps.cr0_fixed1) &&
	       (!(cr0 & CR0_PG) || cr0 & CR0_PE);
}
static bool guest_cr4_ok(void)
{
	uint64_t cr4 = vmcs_read(GUEST_CR4);

	return (cr4 & vmx_caps.cr4_fixed0) == vmx_caps.cr4_fixed0 && !(cr4 & ~vmx_caps.cr4_fixed1);
}
static bool guest_long_ok(void)
{
	return !long_mode() || (vmcs_read(GUEST_CR0) & CR0_PG && vmcs_read(GUEST_CR4) & CR4_PAE);
}
static bool guest_efer_ok(void)
{
	uint64_t efer = vmcs_read(GUEST_EFER);

	if (!(vmcs_read(ENTRY_CONTROLS) & ENTRY_LOAD_EFER))
		return true;
	return !!(efer & EFER_LMA) == long_mode() &&
	       (!(vmcs_read(GUEST_CR0) & CR0_PG) || !!(efer & EFER_LMA) == !!(efer & EFER_LME));
}
static bool guest_cs_ok(void)
{
	uint64_t rights = vmcs_read(GUEST_CS_ACCESS), type = rights & 15;
	bool data = type == 3 && secondary() & CPU2_UNRESTRICTED;

	if (vmcs_read(GUEST_RFLAGS) & RFLAGS_VM)
		return rights == 0xf3;
	return (data || type == 9 || type == 11 || type == 13 || type == 15) && rights >> 4 & 1 &&
	       rights >> 7 & 1 && !(long_mode() && rights >> 13 & 1 && rights >> 14 & 1);
}
static bool guest_ss_ok(void)
{
	uint64_t rights = vmcs_read(GUEST_SS_ACCESS), type = rights & 15;

	return rights & UNUSABLE || vmcs_read(GUEST_RFLAGS) & RFLAGS_VM || type == 3 || type == 7;
}
static bool guest_tr_ok(void)
{
	uint64_t rights = vmcs_read(GUEST_TR_ACCESS), type = rights & 15;

	return !(rights & UNUSABLE) && (type == 11 || (type == 3 && !long_mode())) &&
	       !(rights >> 4 & 1) && rights >> 7 & 1 && !(vmcs_read(GUEST_TR_SELECTOR) & 4);
}
/* Bits 63:48 of a RIP are alike. Bit 47 may differ: behind the last instruction of the lower half,
 * where the guest's fetch faults. */
static bool guest_rip_ok(void)
{
	uint64_t rip = vmcs_read(GUEST_RIP);
	bool wide = long_mode() && vmcs_read(GUEST_CS_ACCESS) >> 13 & 1;

	return wide ? rip >> 48 == 0 || rip >> 48 == 0xffff : rip >> 32 == 0;
}
static bool guest_rflags_ok(void)
{
	uint64_t flags = vmcs_read(GUEST_RFLAGS);
	bool external = interruption() &&
	                (interruption() & INTERRUPTION_TYPE) == INTERRUPTION_EXTERNAL;

	return flags & 2 && !(flags & ~0x3f7fd7ull) && (!external || flags & RFLAGS_IF);
}
static bool guest_activity_ok(void)
{
	uint64_t activity = vmcs_read(GUEST_ACTIVITY), shadow = vmcs_read(GUEST_INTERRUPTIBILITY);

	return activity == ACTIVITY_ACTIVE ||
	       (activity == ACTIVITY_HLT &&
	        !(shadow & (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)));
}
static bool guest_halt_ok(void)
{
	return vmcs_read(GUEST_ACTIVITY) != ACTIVITY_HLT || !(vmcs_read(GUEST_SS_ACCESS) >> 5 & 3);
}
/* Pending debug exceptions (SDM 3C 24.4.2): 16 RTM | 14 BS | 12 enabled breakpoint | 3:0 B3-B0 */
static bool guest_pending_ok(void)
{
	return !(vmcs_read(GUEST_PENDING_DEBUG) & ~0x1500full);
}
static bool guest_step_ok(void)
{
	uint64_t shadow = vmcs_read(GUEST_INTERRUPTIBILITY) &
	                  (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS);
	bool steps = vmcs_read(GUEST_RFLAGS) & RFLAGS_TF &&
	             !(vmcs_read(GUEST_DEBUGCTL) & DEBUGCTL_BTF);
	bool pending = vmcs_read(GUEST_PENDING_DEBUG) & PENDING_BS;

	return (!shadow && vmcs_read(GUEST_ACTIVITY) != ACTIVITY_HLT) || pending == steps;
}
static bool guest_smi_ok(void)
{
	return !(vmcs_read(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_SMI);
}
static bool guest_event_ok(void)
{
	enum { VECTOR_DB = 1, VECTOR_MC = 18 };
	uint64_t type = interruption() & INTERRUPTION_TYPE, vector = interruption() & 0xff;
	bool wakes = type == INTERRUPTION_EXTERNAL || type == INTERRUPTION_NMI ||
	             (type == INTERRUPTION_EXCEPTION &&
	              (vector == VECTOR_DB || vector == VECTOR_MC));
	return interruption() == 0 || vmcs_read(GUEST_ACTIVITY) != ACTIVITY_HLT || wakes;
}
static bool guest_shadow_ok(void)
{
	uint64_t shadow = vmcs_read(GUEST_INTERRUPTIBILITY),
		 both = INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS;

	/* the shadows that the injected event forbids */
	uint64_t type = interruption() & INTERRUPTION_TYPE, refused = 0;
	if (interruption() && type == INTERRUPTION_EXTERNAL)
		refused = both;
	if (interruption() && type == INTERRUPTION_NMI)
		refused = INTERRUPTIBILITY_MOV_SS |
		          (vmcs_read(PIN_CONTROLS) & PIN_VIRTUAL_NMIS ? INTERRUPTIBILITY_NMI : 0);
	return (shadow & both) != both && !(shadow & ~31ull) && !(shadow & refused) &&
	       (!(shadow & INTERRUPTIBILITY_STI) || vmcs_read(GUEST_RFLAGS) & RFLAGS_IF);
}
static bool guest_link_ok(void)
{
	return vmcs_read(VMCS_LINK_POINTER) == UINT64_MAX;
}

/* 63:52, 8:5 and 2:1 must be zero where bit 0 is set (SDM 3A table 4-8). */
static bool guest_pointers_ok(void)
{
	bool pae = vmcs_read(GUEST_CR0) & CR0_PG && vmcs_read(GUEST_CR4) & CR4_PAE && !long_mode();
	bool valid = true;

	for (unsigned i = 0; pae && i < 4; i++) {
		const uint64_t pointer = vmcs_read(GUEST_PDPTE0 + 2 * i);
		valid = valid && !(pointer & 1 && pointer & 0xfff00000000001e6);
	}
	return valid || !(secondary() & CPU2_EPT);
}

static const struct vmx_rule rules[] = {
	{ pin_ok, "pin-based controls must respect their capability MSR", PIN_CONTROLS, "2.1.1" },
	{ primary_ok, "primary controls must respect their capability MSR", PRIMARY_CONTROLS,
	  "2.1.1" },
	{ secondary_ok, "secondary controls must respect their capability MSR", SECONDARY_CONTROLS,
	  "2.1.1" },
	{ bitmaps_ok, "I/O and MSR bitmaps must be page aligned", IO_BITMAP_A, "2.1.1" },
	{ nmi_ok, "virtual NMIs need NMI exiting, NMI window needs virtual NMIs", PIN_CONTROLS,
	  "2.1.1" },
	{ eptp_ok, "EPTP must be write-back with four levels", EPT_POINTER, "2.1.1" },
	{ unrestricted_ok, "unrestricted guest needs EPT", SECONDARY_CONTROLS, "2.1.1" },
	{ vpid_ok, "VPID must not be 0", VPID, "2.1.1" },
	{ exit_ok, "exit controls must respect their capability MSR", EXIT_CONTROLS, "2.1.2" },
	{ timer_ok, "saving the preemption timer needs the timer active", EXIT_CONTROLS, "2.1.2" },
	{ entry_ok, "entry controls must respect their capability MSR", ENTRY_CONTROLS, "2.1.3" },
	{ interruption_type_ok, "type and vector of the injected event must agree",
	  ENTRY_INTERRUPTION, "2.1.3" },
	{ interruption_error_ok,
	  "an error code goes with the exceptions that have one, in protected mode",
	  ENTRY_INTERRUPTION, "2.1.3" },
	{ error_code_ok, "bits 31:16 of the error code must be zero", ENTRY_ERROR_CODE, "2.1.3" },
	{ instruction_length_ok, "what an instruction raised needs its length, 1 to 15",
	  ENTRY_INSTRUCTION_LENGTH, "2.1.3" },
	{ host_cr_ok, "host CR0 and CR4 must have VMX's fixed bits", HOST_CR4, "2.2" },
	{ host_bases_ok, "host bases must be canonical", HOST_GDTR_BASE, "2.3" },
	{ host_selectors_ok, "host CS and TR must not be null, RPL and TI 0", HOST_CS_SELECTOR,
	  "2.3" },
	{ host_rip_ok, "host RIP must be canonical, host address space 64-bit", HOST_RIP, "2.4" },
	{ guest_cr0_ok, "guest CR0 must have VMX's fixed bits, PG needs PE", GUEST_CR0, "3.1.1" },
	{ guest_cr4_ok, "guest CR4 must have VMX's fixed bits", GUEST_CR4, "3.1.1" },
	{ guest_long_ok, "IA-32e mode needs CR0.PG and CR4.PAE", GUEST_CR4, "3.1.1" },
	{ guest_efer_ok, "EFER.LMA must equal IA-32e mode, and LME with paging on", GUEST_EFER,
	  "3.1.1" },
	{ guest_cs_ok, "CS must be present code (or type 3 with unrestricted guest), not L and D",
	  GUEST_CS_ACCESS, "3.1.2" },
	{ guest_ss_ok, "SS type must be 3 or 7", GUEST_SS_ACCESS, "3.1.2" },
	{ guest_tr_ok, "TR must be a present busy TSS in the GDT", GUEST_TR_ACCESS, "3.1.2" },
	{ guest_rip_ok, "RIP must fit the mode", GUEST_RIP, "3.1.4" },
	{ guest_rflags_ok, "RFLAGS reserved bits, and IF when an interrupt is injected",
	  GUEST_RFLAGS, "3.1.4" },
	{ guest_activity_ok, "activity must be active, or HLT without an STI or MOV SS shadow",
	  GUEST_ACTIVITY, "3.1.5" },
	{ guest_halt_ok, "HLT needs a privilege level of 0", GUEST_ACTIVITY, "3.1.5" },
	{ guest_event_ok, "an event injected into HLT must be an interrupt, an NMI, #DB or #MC",
	  ENTRY_INTERRUPTION, "3.1.5" },
	{ guest_shadow_ok, "interruptibility must fit IF and the injected event",
	  GUEST_INTERRUPTIBILITY, "3.1.5" },
	{ guest_smi_ok, "SMIs must not be blocked outside of SMM", GUEST_INTERRUPTIBILITY,
	  "3.1.5" },
	{ guest_pending_ok, "reserved bits of the pending debug exceptions must be zero",
	  GUEST_PENDING_DEBUG, "3.1.5" },
	{ guest_step_ok, "in HLT or a shadow a single step must be pending exactly where TF is set",
	  GUEST_PENDING_DEBUG, "3.1.5" },
	{ guest_link_ok, "the link pointer must be all ones", VMCS_LINK_POINTER, "3.1.5" },
	{ guest_pointers_ok, "reserved bits of the PAE pointers must be zero", GUEST_PDPTE0,
	  "3.1.6" },
};

const struct vmx_rule *vmx_rule(unsigned row)
{
	return row < sizeof(rules) / sizeof(rules[0]) ? &rules[row] : NULL;
}

unsigned vmx_audit(struct vcpu *v)
{
	const struct vmx_rule *r;
	unsigned broken = 0;

	for (unsigned row = 0; (r = vmx_rule(row)) != NULL; row++) {
		if (r->holds())
			continue;
		log_note("vm %s: entry rule broken: %s; field %lx = %lx (SDM 3C 26.%s)", v->name,
		         r->rule, r->field, vmcs_read(r->field), r->section);
		broken++;
	}
	return broken;
}
