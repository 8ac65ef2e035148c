/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A processor with VMX for the fuzzer of exits. See the header for the rule.
 */
#include "tests/unit/vmx_exits_kit.h"
#include "tests/unit/exits_kit.h"

#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/mitigations.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/vmx/enter.h"
#include "arch/x86/virt/vmx/task.h"

#include <errno.h>
#include <string.h>

/* The processor's answers (SDM 3D appendix A), must-be-one in the low half: a Skylake's. */
struct vmx_capabilities vmx_caps = {
	.pin = 0x0000007f00000016,
	.primary = 0xfff9fffe04006172,
	.secondary = (uint64_t)(CPU2_EPT | CPU2_RDTSCP | CPU2_VPID | CPU2_UNRESTRICTED |
	                        CPU2_INVPCID | CPU2_WBINVD_EXITING)
	             << 32,
	.exit = 0x007fffff00036dfb,
	.entry = 0x0000ffff000011fb,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = CR4_VMXE,
	.cr4_fixed1 = 0x3767ff,
	.timer_shift = 5,
	.hlt_state = true,
	.true_controls = true,
};

struct platform platform;
struct mitigations mitigations;
const void *entry_ready;
char vmx_host_rip[1], vmx_host_frame[1];

uint64_t fields[FIELDS], before[FIELDS], dr6;
static uint64_t cr2;
_Alignas(PAGE) uint8_t ram[RAM];
static _Alignas(PAGE) uint8_t frames[FRAMES][PAGE];
unsigned frames_used;
struct vcpu *vcpu;
bool xcr0_refused;

/* ---- The processor ---- */

static unsigned place_of(enum vmcs_field field)
{
	exits_require((field & 0x93c1) == 0, "a field exists");
	return (field >> 13 & 3) << 7 | (field >> 10 & 3) << 5 | (field >> 1 & 31);
}

enum vmcs_field field_at(unsigned place)
{
	return (enum vmcs_field)(place >> 7 << 13 | (place >> 5 & 3) << 10 | (place & 31) << 1);
}

uint64_t vmcs_read(enum vmcs_field field)
{
	return fields[place_of(field)];
}

void vmcs_write(enum vmcs_field field, uint64_t value)
{
	fields[place_of(field)] = value;
}

uint64_t was(enum vmcs_field field)
{
	return before[place_of(field)];
}

int vmcs_clear(uint64_t physical)
{
	(void)physical;
	return 0;
}

void vmcs_load(const uint64_t *physical)
{
	(void)physical;
}

void vmx_invept(uint64_t eptp)
{
	exits_require(eptp == vmcs_read(EPT_POINTER), "the tables are the VM's");
}

uint64_t dr6_read(void)
{
	return dr6;
}

void dr6_write(uint64_t value)
{
	dr6 = value;
}

uint64_t cr0_read(void)
{
	return 0x80000031;
}

uint64_t cr2_read(void)
{
	return cr2;
}

void cr2_write(uint64_t value)
{
	cr2 = value;
}

uint64_t cr3_read(void)
{
	return PAGE;
}

uint64_t cr4_read(void)
{
	return CR4_VMXE | CR4_PAE | CR4_MCE;
}

void nmi_unblock(void)
{
}

uint64_t msr_read(uint32_t msr)
{
	(void)msr;
	return 0;
}

void msr_write(uint32_t msr, uint64_t value)
{
	(void)msr;
	(void)value;
}

/* Refuses some values, as processors do. */
int guarded_msr_write(uint32_t msr, uint64_t value)
{
	(void)msr;
	return value == UINT32_MAX ? -1 : 0;
}

/* A processor with everything, and 46 bits of address. */
struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	return (struct cpuid){ leaf == 0x80000008 ? 46
		               : leaf == 0        ? 0x1f
		                                  : UINT32_MAX,
		               UINT32_MAX, UINT32_MAX, UINT32_MAX };
}

uint64_t tables_tss_base(void)
{
	return PAGE;
}

uint64_t tables_gdt_base(void)
{
	return PAGE;
}

uint64_t tables_idt_base(void)
{
	return PAGE;
}

uint64_t tsc_from_us(uint64_t us)
{
	return us * 100;
}

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	const unsigned count = (unsigned)(bytes / PAGE);

	exits_require(bytes % PAGE == 0 && align == PAGE, "frames are pages");
	if (count > FRAMES - frames_used)
		return NULL;
	frames_used += count;
	return memset(frames[frames_used - count], 0, bytes);
}

void *frames_alloc_vmm_raw(uint64_t bytes, uint64_t align)
{
	return frames_alloc_vmm(bytes, align);
}

int guest_state_create(struct guest_state *s)
{
	*s = (struct guest_state){ .xcr0 = 1 };
	return 0;
}

void guest_state_reset(struct guest_state *s)
{
	*s = (struct guest_state){ .xcr0 = 1 };
}

void guest_fpu_load(struct guest_state *s)
{
	exits_require(s == &vcpu->state, "the registers are for the guest");
}

void guest_debug_use(struct guest_state *s)
{
	s->uses_debug = true;
}

void guest_debug_switch(struct guest_state *from, const struct guest_state *to)
{
	(void)from;
	(void)to;
}

int guest_set_xcr0(struct guest_state *s, uint32_t number, uint64_t value, struct denial *what)
{
	(void)s;
	*what = (struct denial){ "XSETBV %lx = %lx", { number, value } };
	return xcr0_refused ? -EPERM : 0;
}

/* The guest runs, and exits with the fields of the input. */
unsigned vmx_resume(struct vcpu_regs *regs)
{
	exits_require(regs == &vcpu->regs, "the registers are the guest's");
	return 0;
}

unsigned vmx_launch(struct vcpu_regs *regs)
{
	return vmx_resume(regs);
}
