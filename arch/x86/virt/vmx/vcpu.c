/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor: its VMCS from creation to reset, and the state that moves when another
 * virtual processor is loaded.
 *
 * Rule: a control is written only when it changes. An exit that changes no control costs no time
 * here.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <string.h>

extern char vmx_host_rip[], vmx_host_frame[]; /* in enter.S */

enum {
	IA32_PAT = 0x277,
	IA32_EFER = 0xc0000080,
	IA32_FS_BASE = 0xc0000100,
	IA32_GS_BASE = 0xc0000101
};
enum { IA32_KERNEL_GS_BASE = 0xc0000102 };
enum { CR0_PE = 1 << 0, CR0_ET = 1 << 4, CR0_NE = 1 << 5, CR0_NW = 1 << 29, CR0_CD = 1 << 30 };
#define CR0_PG (1u << 31)
enum { CR4_MCE = 1 << 6 };
#define PAT_RESET 0x0007040600070406ull
enum { VECTOR_DB = 1, VECTOR_MF = 16, VECTOR_AC = 17, VECTOR_MC = 18 };
enum { DR7_RESET = 0x400 };

/* Segment access rights (SDM 3C 24.4.1): 15 G | 14 D | 13 L | 7 P | 6:5 DPL | 4 S | 3:0 type; bit
 * 16 = unusable */
enum { ACCESS_CODE = 0xc09b, ACCESS_DATA = 0xc093, ACCESS_TSS = 0x8b, ACCESS_LDT = 0x82 };

struct vcpu *vmx_loaded;
static uint16_t next_vpid = 1;

/* Returns the value of a control: the wanted bits plus the bits that must be 1, without the bits
 * that must be 0. */
static uint32_t control(uint64_t capability, uint32_t wanted)
{
	uint32_t must = (uint32_t)capability, may = (uint32_t)(capability >> 32);

	return (wanted | must) & may;
}

/* Sets the exceptions that exit. #AC and #DB exit because they could otherwise keep the processor
 * delivering exceptions for ever, with no look at NMI and timer. #MC exits because a machine check
 * always concerns the machine. #MF belongs to the guest when the guest has set CR0.NE. With CR0.NE
 * clear the instruction of the #MF waits for an interrupt, so #MF exits. */
void vmx_set_exceptions(bool ne)
{
	vmcs_write(EXCEPTION_BITMAP, 1u << VECTOR_MC | 1u << VECTOR_AC | 1u << VECTOR_DB |
	                                     (ne ? 0 : 1u << VECTOR_MF));
}

static void setup_controls(struct vcpu *v)
{
	v->pin = control(vmx_caps.pin, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	v->primary = control(
		vmx_caps.primary,
		CPU_HLT_EXITING | CPU_MWAIT_EXITING | CPU_MONITOR_EXITING | CPU_RDPMC_EXITING |
			CPU_MOV_DR_EXITING | CPU_IO_BITMAPS | CPU_MSR_BITMAPS | CPU_SECONDARY |
			/* else CR8 is the TPR of the guest's local APIC */
			(guest_msr_device == NULL ? CPU_CR8_LOAD_EXITING | CPU_CR8_STORE_EXITING
	                                          : 0));
	v->secondary = control(vmx_caps.secondary, CPU2_EPT | CPU2_UNRESTRICTED | CPU2_VPID |
	                                                   CPU2_RDTSCP | CPU2_INVPCID |
	                                                   CPU2_WBINVD_EXITING);
	v->exit_controls = control(vmx_caps.exit, EXIT_HOST_64 | EXIT_SAVE_DEBUG | EXIT_SAVE_PAT |
	                                                  EXIT_LOAD_PAT | EXIT_SAVE_EFER |
	                                                  EXIT_LOAD_EFER);
	vmcs_write(PIN_CONTROLS, v->pin);
	vmcs_write(PRIMARY_CONTROLS, v->primary);
	vmcs_write(SECONDARY_CONTROLS, v->secondary);
	vmcs_write(EXIT_CONTROLS, v->exit_controls);
	vmx_set_exceptions(false);
	vmcs_write(IO_BITMAP_A, (uint64_t)v->io_bitmap);
	vmcs_write(IO_BITMAP_B, (uint64_t)v->io_bitmap + PAGE);
	vmcs_write(MSR_BITMAP, msr_bitmap_create());
	vmcs_write(EPT_POINTER, ept_pointer(v->ept));
	if (v->secondary & CPU2_VPID)
		vmcs_write(VPID, v->vpid);
	vmcs_write(PAGE_FAULT_MASK, 0);
	vmcs_write(PAGE_FAULT_MATCH, 0);
	vmcs_write(CR3_TARGET_COUNT, 0);
	vmcs_write(EXIT_MSR_STORE_COUNT, 0);
	vmcs_write(EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write(ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write(TSC_OFFSET, 0);
	vmcs_write(VMCS_LINK_POINTER, UINT64_MAX);
}

static void setup_host(void)
{
	vmcs_write(HOST_CR0, cr0_read());
	vmcs_write(HOST_CR3, cr3_read());
	vmcs_write(HOST_CR4, cr4_read());
	for (unsigned i = 0; i < 6; i++)
		vmcs_write(HOST_ES_SELECTOR + 2 * i, SELECTOR_DATA);
	vmcs_write(HOST_CS_SELECTOR, SELECTOR_CODE);
	vmcs_write(HOST_TR_SELECTOR, SELECTOR_TSS);
	vmcs_write(HOST_FS_BASE, msr_read(IA32_FS_BASE));
	vmcs_write(HOST_GS_BASE, msr_read(IA32_GS_BASE));
	vmcs_write(HOST_TR_BASE, tables_tss_base());
	vmcs_write(HOST_GDTR_BASE, tables_gdt_base());
	vmcs_write(HOST_IDTR_BASE, tables_idt_base());
	vmcs_write(HOST_PAT, msr_read(IA32_PAT));
	vmcs_write(HOST_EFER, msr_read(IA32_EFER));
	vmcs_write(HOST_SYSENTER_CS, 0);
	vmcs_write(HOST_SYSENTER_ESP, 0);
	vmcs_write(HOST_SYSENTER_EIP, 0);
	vmcs_write(HOST_RIP, (uint64_t)vmx_host_rip);
	vmcs_write(HOST_RSP, (uint64_t)vmx_host_frame);
}

/* The VMM keeps the bits of CR0 and CR4 that VMX fixes; unrestricted guest frees PE and PG (SDM 3C
 * 26.3.1.1). The VMM also keeps CR4.MCE, because with MCE clear a machine check would end the
 * machine, and the bits that no guest may set (guest_registers.c). VMX fixes CR0.NE: at first the
 * guest reads NE clear, as on a PC. */
static void setup_control_registers(void)
{
	uint64_t cr0_fixed = vmx_caps.cr0_fixed0 & ~(uint64_t)(CR0_PE | CR0_PG);
	uint64_t cr4_fixed = vmx_caps.cr4_fixed0 | (cr4_read() & CR4_MCE);

	vmcs_write(CR0_MASK, cr0_fixed | CR0_CD | CR0_NW | ~vmx_caps.cr0_fixed1);
	vmcs_write(CR0_SHADOW, CR0_PE | CR0_ET);
	vmcs_write(GUEST_CR0, CR0_PE | CR0_ET | cr0_fixed);
	vmcs_write(CR4_MASK, cr4_fixed | CR4_MCE | ~vmx_cr4_allowed());
	vmcs_write(CR4_SHADOW, 0);
	vmcs_write(GUEST_CR4, cr4_fixed);
}

static void setup_segments(void)
{
	enum { SEGMENTS = 8, LDTR = 6, TR = 7 };
	for (unsigned i = 0; i < SEGMENTS; i++) {
		unsigned access = i == 1      ? ACCESS_CODE
		                  : i == LDTR ? ACCESS_LDT
		                  : i == TR   ? ACCESS_TSS
		                              : ACCESS_DATA;
		vmcs_write(GUEST_ES_SELECTOR + 2 * i, i == 1 ? 8 : i < LDTR ? 16 : 0);
		vmcs_write(GUEST_ES_BASE + 2 * i, 0);
		vmcs_write(GUEST_ES_LIMIT + 2 * i, i < LDTR ? UINT32_MAX : 0xffff);
		vmcs_write(GUEST_ES_ACCESS + 2 * i, access);
	}
	vmcs_write(GUEST_GDTR_BASE, 0);
	vmcs_write(GUEST_GDTR_LIMIT, 0xffff);
	vmcs_write(GUEST_IDTR_BASE, 0);
	vmcs_write(GUEST_IDTR_LIMIT, 0xffff);
}

__attribute__((cold)) struct vcpu *vmx_create(const char *name)
{
	struct vcpu *v = frames_alloc_vmm(PAGE, PAGE);
	uint32_t *vmcs = frames_alloc_vmm(PAGE, PAGE);

	if (v == NULL || vmcs == NULL)
		return NULL;
	v->name = name;
	v->vmcs = (uint64_t)vmcs;
	v->vpid = next_vpid++;
	v->io_bitmap = frames_alloc_vmm(2 * PAGE, PAGE);
	v->ept = ept_create();
	if (v->io_bitmap == NULL || v->ept == NULL || guest_state_create(&v->state) != 0)
		return NULL;
	memset(v->io_bitmap, 0xff, 2 * PAGE);
	*vmcs = vmx_caps.revision;
	return v;
}

/* Switches the registers that few guests use and the VMCS does not hold. */
static void switch_lazy_state(struct vcpu *old, struct vcpu *v)
{
	guest_debug_switch(old != NULL ? &old->state : NULL, &v->state);
	guest_registers_load(&v->registers);
	msr_write(IA32_KERNEL_GS_BASE, v->kernel_gs);
}

/* Makes v the loaded virtual processor. SWAPGS exchanges KERNEL_GS_BASE without an exit, so the MSR
 * is read at each switch. The MSR is written only when the next guest's value differs. */
static void change_to(struct vcpu *v)
{
	struct vcpu *old = vmx_loaded;
	bool lazy_state = true;
	uint64_t kernel_gs = msr_read(IA32_KERNEL_GS_BASE);

	if (old != NULL) {
		old->cr2 = cr2_read();
		old->kernel_gs = kernel_gs;
		lazy_state = v->lazy_state | old->lazy_state;
	}
	vmcs_load(&v->vmcs);
	vmx_loaded = v;
	cr2_write(v->cr2);
	if (kernel_gs != v->kernel_gs || lazy_state)
		switch_lazy_state(old, v);
}

void vmx_load(struct vcpu *v)
{
	if (vmx_loaded != v)
		change_to(v);
}

/* Saves the registers of the loaded virtual processor that its VMCS does not hold. Call it before
 * no virtual processor is loaded. */
static void put_away(void)
{
	if (vmx_loaded == NULL)
		return;
	vmx_loaded->cr2 = cr2_read();
	vmx_loaded->kernel_gs = msr_read(IA32_KERNEL_GS_BASE);
	guest_debug_switch(&vmx_loaded->state, NULL);
}

__attribute__((cold)) void vmx_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx)
{
	if (vmx_loaded != v)
		put_away();
	vmx_loaded = NULL; /* all state of v in the processor is dropped */
	vmcs_clear(v->vmcs);
	memset(&v->regs, 0, sizeof(v->regs));
	guest_state_reset(&v->state);
	guest_registers_reset(&v->registers);
	v->lazy_state = false;
	v->change.step = 0;
	v->cr2 = v->kernel_gs = 0;
	vmx_load(v);

	setup_controls(v);
	setup_host();
	setup_control_registers();
	setup_segments();
	vmcs_write(ENTRY_CONTROLS,
	           control(vmx_caps.entry, ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER));
	vmcs_write(ENTRY_INTERRUPTION, 0);
	vmcs_write(GUEST_PAT, PAT_RESET);
	vmcs_write(GUEST_EFER, 0);
	vmcs_write(GUEST_DEBUGCTL, 0);
	vmcs_write(GUEST_DR7, DR7_RESET);
	vmcs_write(GUEST_CR3, 0);
	vmcs_write(GUEST_RFLAGS, 2);
	vmcs_write(GUEST_RSP, 0);
	vmcs_write(GUEST_RIP, eip);
	vmcs_write(GUEST_INTERRUPTIBILITY, 0);
	vmcs_write(GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	vmcs_write(GUEST_PENDING_DEBUG, 0);
	vmcs_write(GUEST_SYSENTER_CS, 0);
	vmcs_write(GUEST_SYSENTER_ESP, 0);
	vmcs_write(GUEST_SYSENTER_EIP, 0);
	v->regs.rax = eax;
	v->regs.rbx = ebx;
	ept_invalidate(v->ept);
}

int vmx_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable)
{
	return ept_map(v->ept, guest, host, bytes, writable, executable);
}

int vmx_absent(struct vcpu *v)
{
	return ept_absent(v->ept);
}

int vmx_absent_page(struct vcpu *v, uint64_t guest)
{
	return ept_absent_page(v->ept, guest);
}

int vmx_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes)
{
	return ept_forbid(v->ept, guest, bytes);
}

void vmx_open_port(struct vcpu *v, uint16_t port, bool open)
{
	uint8_t bit = (uint8_t)(1u << (port & 7));

	if (open)
		v->io_bitmap[port >> 3] &= (uint8_t)~bit;
	else
		v->io_bitmap[port >> 3] |= bit;
}

static int settle_slowly(struct vcpu *v)
{
	int error = v->change.step != 0 ? task_go_on(v) : 0;

	v->entry_is_slow = error != 0 || v->entry_with_if_clear;
	if (v->entry_is_slow)
		entry_ready = NULL;
	if (error == 0 && v->entry_with_if_clear)
		quirk_before_entry(v);
	return error;
}

/* The slow path of an entry: loads v's floating-point registers, carries out a task switch, and
 * prepares the entry when v has the quirk of entries with IF clear. */
int vmx_settle(struct vcpu *v)
{
	guest_fpu_load(&v->state);
	entry_ready = v;
	return v->entry_is_slow ? settle_slowly(v) : 0;
}
