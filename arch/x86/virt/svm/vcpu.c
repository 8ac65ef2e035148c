/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor: its VMCB from creation to reset, and the state that moves when another
 * virtual processor is loaded.
 *
 * Rule: the VMCB is memory, so a control is written when it changes. An exit that changes no
 * control costs no time here.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/svm/svm.h"

#include <string.h>

#define EFER_SVME (1ull << 12)
#define PAT_RESET 0x0007040600070406ull
enum { VECTOR_DB = 1, VECTOR_AC = 17, VECTOR_MC = 18 };
enum { DR6_RESET = 0xffff0ff0, DR7_RESET = 0x400 };
enum {
	ATTRIBUTES_CODE = 0xc9b,
	ATTRIBUTES_DATA = 0xc93,
	ATTRIBUTES_TSS = 0x8b,
	ATTRIBUTES_LDT = 0x82
};
/* APM 2 15.10.1: 8 KiB, and the bits for accesses across port FFFFh */
enum { IOPM_BYTES = 3 * PAGE };

struct vcpu *svm_loaded;
static uint32_t next_asid = 1;

/* Intercepts all instructions and events that reach beyond the guest. CR0 belongs to the guest
 * except for NE (cr0.c). In CR4 the guest may set the bits of features that CPUID shows. */
static void setup_controls(struct vmcb *c)
{
	/* CR8 is the TPR, where the guest has a local APIC */
	const uint16_t cr8 = guest_msr_device == NULL ? 1 << 8 : 0;

	c->intercept_cr_read = cr8;
	c->intercept_cr_write = cr8 | 1 << 4;
	c->intercept_dr_read = c->intercept_dr_write = 0xffff;
	/* #DB and #AC only so that they cannot nest for ever; #MC because a machine check always
	 * concerns the machine */
	c->intercept_exceptions = 1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC;
	c->intercept_1 = INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_CR0_SELECTIVE |
	                 INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD | INTERCEPT_HLT |
	                 INTERCEPT_INVLPGA | INTERCEPT_IOIO | INTERCEPT_MSR |
	                 INTERCEPT_FERR_FREEZE | INTERCEPT_SHUTDOWN | INTERCEPT_RSM;
	c->intercept_2 = INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
	                 INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT | INTERCEPT_WBINVD |
	                 INTERCEPT_MONITOR | INTERCEPT_MWAIT | INTERCEPT_MWAIT_ARMED |
	                 INTERCEPT_XSETBV | INTERCEPT_RDPRU;
	c->nested_paging = 1;
	c->virtual_interrupt = V_IGN_TPR;
	c->tlb_control = TLB_CONTROL_FLUSH_ALL;
}

static void setup_segments(struct vmcb *c)
{
	const struct vmcb_segment data = { 16, ATTRIBUTES_DATA, UINT32_MAX, 0 };

	c->cs = (struct vmcb_segment){ 8, ATTRIBUTES_CODE, UINT32_MAX, 0 };
	c->es = c->ss = c->ds = c->fs = c->gs = data;
	c->ldtr = (struct vmcb_segment){ 0, ATTRIBUTES_LDT, 0xffff, 0 };
	c->tr = (struct vmcb_segment){ 0, ATTRIBUTES_TSS, 0xffff, 0 };
	c->gdtr = c->idtr = (struct vmcb_segment){ 0, 0, 0xffff, 0 };
}

struct vcpu *svm_create(const char *name)
{
	struct vcpu *v = frames_alloc_vmm(PAGE, PAGE);

	if (v == NULL)
		return NULL;
	v->name = name;
	v->vmcb = frames_alloc_vmm(PAGE, PAGE);
	v->io_bitmap = frames_alloc_vmm(IOPM_BYTES, PAGE);
	v->npt = npt_create();
	if (v->vmcb == NULL || v->io_bitmap == NULL || v->npt == NULL ||
	    guest_state_create(&v->state) != 0)
		return NULL;
	memset(v->io_bitmap, 0xff, IOPM_BYTES);
	v->vmcb->iopm_base = (uint64_t)v->io_bitmap;
	v->vmcb->msrpm_base = msrpm_create();
	v->vmcb->nested_cr3 = (uint64_t)v->npt;
	v->vmcb->asid = next_asid < svm_caps.asids ? next_asid++ : svm_caps.asids - 1;
	v->shares_asid = v->vmcb->asid == svm_caps.asids - 1; /* several VMs may share the last */
	v->timer_left = UINT64_MAX;
	return v->vmcb->msrpm_base != 0 ? v : NULL;
}

void svm_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx)
{
	struct vmcb *c = v->vmcb;
	const uint64_t iopm = c->iopm_base, msrpm = c->msrpm_base, nested_cr3 = c->nested_cr3;
	const uint32_t asid = c->asid;

	svm_load(v); /* puts the virtual processor before away */
	quirk_claim_breakpoints(v, NULL);
	guest_state_reset(&v->state);
	memset(&v->regs, 0, sizeof(v->regs));
	memset(c, 0, sizeof(*c));
	v->halted = v->ends_soon = v->nmi_masked = v->iret_exited = v->end_wanted = false;
	v->lazy_state = false;
	guest_registers_reset(&v->registers);
	guest_registers_load(&v->registers);
	svm_forget_code(v);
	c->iopm_base = iopm;
	c->msrpm_base = msrpm;
	c->nested_cr3 = nested_cr3;
	c->asid = asid;
	setup_controls(c);
	setup_segments(c);
	c->pat = PAT_RESET;
	c->efer = EFER_SVME; /* hidden from the guest (msr.c); VMRUN requires the bit */
	svm_cr0_reset(v);
	c->dr6 = DR6_RESET;
	c->dr7 = DR7_RESET;
	c->rflags = 2;
	c->rip = eip;
	v->regs.rax = eax;
	v->regs.rbx = ebx;
}

static void forget_memory(struct vcpu *v)
{
	v->vmcb->tlb_control = TLB_CONTROL_FLUSH_ALL;
	svm_forget_code(v);
}

int svm_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable)
{
	forget_memory(v);
	return npt_map(v->npt, guest, host, bytes, writable, executable);
}

int svm_absent(struct vcpu *v)
{
	return npt_absent(v->npt);
}

int svm_absent_page(struct vcpu *v, uint64_t guest)
{
	forget_memory(v);
	return npt_absent_page(v->npt, guest);
}

int svm_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes)
{
	forget_memory(v);
	return npt_forbid(v->npt, guest, bytes);
}

void svm_open_port(struct vcpu *v, uint16_t port, bool open)
{
	uint8_t bit = (uint8_t)(1u << (port & 7));

	if (open)
		v->io_bitmap[port >> 3] &= (uint8_t)~bit;
	else
		v->io_bitmap[port >> 3] |= bit;
}

/* Switches the registers that few guests use and the VMCB does not hold. */
static void switch_lazy_state(struct vcpu *old, struct vcpu *v)
{
	if (v->state.uses_debug)
		quirk_claim_breakpoints(NULL, v);
	guest_debug_switch(old != NULL ? &old->state : NULL, &v->state);
	guest_registers_load(&v->registers);
}

/* Makes v the loaded virtual processor. All guests share the slice timer, and the run loop sets the
 * timer anew for each turn. */
static void change_to(struct vcpu *v)
{
	struct vcpu *old = svm_loaded;
	unsigned lazy_state = v->lazy_state;

	if (old != NULL)
		lazy_state |= old->lazy_state;
	svm_loaded = v;
	v->timer_due = true;
	if (v->shares_asid)
		v->vmcb->tlb_control = TLB_CONTROL_FLUSH_ALL;
	if (lazy_state)
		switch_lazy_state(old, v);
}

void svm_load(struct vcpu *v)
{
	if (svm_loaded != v)
		change_to(v);
}

void svm_settle(struct vcpu *v)
{
	if (v->timer_due) {
		v->timer_due = false;
		slice_timer_arm(v->timer_left);
	}
	guest_fpu_load(&v->state);
	entry_ready = v->halted ? NULL : v;
}
