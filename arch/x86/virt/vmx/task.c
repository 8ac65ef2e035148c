/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carries out a task switch by hardware, which VMX leaves to the VMM (SDM 3C 25.4.2): CALL, JMP and
 * IRET to a TSS, and task gates of the IDT.
 *
 * Rule: the steps are those of SDM 3A 7.3, in the same order. Before the switch is made, a fault
 * belongs to the old task and no state has changed. After the switch, a fault belongs to the new
 * task. The processor checked the privileges before the exit.
 *
 * A switch has steps, and a step walks through the guest's page tables once at most. A step that
 * needs another walk begins again: until its last access a step has changed nothing. A look at the
 * NMI count stands before each try: an NMI sends the VMM back to the run loop, and the switch goes
 * on at the next entry, before the guest runs.
 */
#include "arch/x86/virt/vmx/task.h"
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The steps have the numbers 1 to TASK_STEPS - 1. NO_FAULT: no vector, the switch has no fault. */
enum { TASK_STEPS = 16, NO_FAULT = 256 };

/* The part of a TSS that a switch saves: from EIP to the last segment. */
enum {
	SAVED32 = offsetof(struct tss32, eip),
	SAVED32_BYTES = offsetof(struct tss32, ldt) - SAVED32
};
enum {
	SAVED16 = offsetof(struct tss16, ip),
	SAVED16_BYTES = offsetof(struct tss16, ldt) - SAVED16
};

static bool refuse(struct task_change *c, unsigned vector, uint32_t error)
{
	c->fault = vector;
	c->error = error;
	return false;
}

static bool page_fault(struct task_change *c, struct guest_fault fault)
{
	if (fault.later) {
		c->later = true;
		return false;
	}
	cr2_write(fault.address);
	return refuse(c, VECTOR_PF, fault.error);
}

static bool read(struct task_change *c, uint32_t linear, void *to, unsigned bytes)
{
	struct guest_fault fault = { .later = false };

	return guest_read(&c->memory, linear, to, bytes, &fault) || page_fault(c, fault);
}

static bool write(struct task_change *c, uint32_t linear, const void *from, unsigned bytes)
{
	struct guest_fault fault = { .later = false };

	return guest_write(&c->memory, linear, from, bytes, &fault) || page_fault(c, fault);
}

static bool may_write(struct task_change *c, uint32_t linear, unsigned bytes)
{
	struct guest_fault fault = { .later = false };

	return guest_may_write(&c->memory, linear, bytes, &fault) || page_fault(c, fault);
}

static void memory_now(struct task_change *c, const struct vcpu *v)
{
	c->memory = (struct guest_memory){
		.paging.cr0 = vmcs_read(GUEST_CR0),
		.paging.cr3 = vmcs_read(GUEST_CR3),
		.paging.cr4 = vmcs_read(GUEST_CR4),
		.paging.efer = vmcs_read(GUEST_EFER),
		.paging.nested = v->ept,
		.paging.narrow = true,
		.most = 1,
	};
}

/* ---- Descriptors ---- */

static bool read_descriptor(struct task_change *c, uint16_t selector, unsigned vector,
                            struct task_descriptor *d)
{
	bool local = selector & SELECTOR_TI;
	bool none = local && vmcs_read(GUEST_LDTR_ACCESS) & RIGHTS_UNUSABLE;
	uint32_t offset = selector & 0xfff8u;

	if (none || offset + 7 > vmcs_read(local ? GUEST_LDTR_LIMIT : GUEST_GDTR_LIMIT))
		return refuse(c, vector, selector & 0xfffc);
	d->at = (uint32_t)vmcs_read(local ? GUEST_LDTR_BASE : GUEST_GDTR_BASE) + offset;
	if (!read(c, (uint32_t)d->at, &d->raw, sizeof(d->raw)))
		return false;
	uint32_t low = (uint32_t)d->raw, high = (uint32_t)(d->raw >> 32);
	d->base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
	d->limit = (low & 0xffff) | (high & 0xf0000);
	if (high & 1 << 23)
		d->limit = d->limit << 12 | 0xfff;
	d->rights = high >> 8 & 0xf0ff;
	return true;
}

/* Sets or clears a bit of the descriptor's type in d and in memory. */
static bool mark_type(struct task_change *c, struct task_descriptor *d, unsigned bit, bool on)
{
	uint8_t type = (uint8_t)(d->raw >> 40);

	type = (uint8_t)(on ? type | bit : type & ~bit);
	d->rights = (d->rights & ~0xffu) | type;
	return write(c, (uint32_t)d->at + 5, &type, 1);
}

static void set_segment(unsigned segment, uint16_t selector, const struct task_descriptor *d)
{
	vmcs_write(GUEST_ES_SELECTOR + 2 * segment, selector);
	vmcs_write(GUEST_ES_BASE + 2 * segment, d->base);
	vmcs_write(GUEST_ES_LIMIT + 2 * segment, d->limit);
	vmcs_write(GUEST_ES_ACCESS + 2 * segment, d->rights);
}

/* ---- Checks in the old task (SDM 3A 7.3, steps 1 to 6) ---- */

static bool check_new(struct task_change *c)
{
	bool back = c->source == BY_IRET;
	unsigned vector = back ? VECTOR_TS : VECTOR_GP, error = c->selector & 0xfffc;

	if (c->selector & SELECTOR_TI || error == 0)
		return refuse(c, vector, error);
	if (!read_descriptor(c, c->selector, vector, &c->tss))
		return false;
	unsigned type = c->tss.rights & 15 & ~(unsigned)TYPE_32;
	if (c->tss.rights & RIGHTS_S || type != (back ? TYPE_TSS | TYPE_BUSY : TYPE_TSS))
		return refuse(c, vector, error);
	if (!(c->tss.rights & RIGHTS_P))
		return refuse(c, VECTOR_NP, error);
	c->wide = c->tss.rights & TYPE_32;
	if (c->tss.limit < (c->wide ? sizeof(struct tss32) : sizeof(struct tss16)) - 1)
		return refuse(c, VECTOR_TS, error);
	return true;
}

static bool check_old(struct task_change *c)
{
	c->old_selector = (uint16_t)vmcs_read(GUEST_TR_SELECTOR);
	c->old_base = (uint32_t)vmcs_read(GUEST_TR_BASE);
	c->old_wide = vmcs_read(GUEST_TR_ACCESS) & TYPE_32;
	uint32_t last = c->old_wide ? SAVED32 + SAVED32_BYTES - 1 : SAVED16 + SAVED16_BYTES - 1;
	if (vmcs_read(GUEST_TR_LIMIT) < last)
		return refuse(c, VECTOR_TS, c->old_selector & 0xfffc);
	return may_write(c, c->old_base, last + 1);
}

/* ---- The registers of the two tasks ---- */

static void take_old(const struct task_change *c, const struct vcpu *v, struct task_registers *t)
{
	uint64_t event = vmcs_read(IDT_VECTORING), type = event & INTERRUPTION_TYPE;
	bool behind = c->source != BY_GATE ||
	              (event & INTERRUPTION_VALID && type >= INTERRUPTION_SOFT_INT);

	t->eip = (uint32_t)(vmcs_read(GUEST_RIP) +
	                    (behind ? vmcs_read(EXIT_INSTRUCTION_LENGTH) : 0));
	t->eflags = (uint32_t)vmcs_read(GUEST_RFLAGS);
	if (c->source == BY_IRET)
		t->eflags &= ~(uint32_t)FLAGS_NT;
	for (unsigned i = 0; i < 8; i++)
		t->general[i] = (uint32_t)(&v->regs.rax)[i];
	t->general[4] = (uint32_t)vmcs_read(GUEST_RSP);
	for (unsigned i = 0; i < SEGMENTS; i++)
		t->segment[i] = (uint16_t)vmcs_read(GUEST_ES_SELECTOR + 2 * i);
}

static bool save_old(struct task_change *c, const struct vcpu *v)
{
	struct task_registers t;

	take_old(c, v, &t);
	struct tss32 wide = { .eip = t.eip, .eflags = t.eflags };
	struct tss16 narrow = { .ip = (uint16_t)t.eip, .flags = (uint16_t)t.eflags };

	memcpy(wide.general, t.general, sizeof(wide.general));
	for (unsigned i = 0; i < 8; i++)
		narrow.general[i] = (uint16_t)t.general[i];
	for (unsigned i = 0; i < SEGMENTS; i++)
		(&wide.es)[i] = t.segment[i];
	for (unsigned i = 0; i < FS; i++)
		(&narrow.es)[i] = t.segment[i];
	if (c->old_wide)
		return write(c, c->old_base + SAVED32, &wide.eip, SAVED32_BYTES);
	return write(c, c->old_base + SAVED16, &narrow.ip, SAVED16_BYTES);
}

/* A TSS of 16 bits has no CR3, FS and GS, and has half of each register (SDM 3A 7.6). */
static bool load_new(struct task_change *c)
{
	struct task_registers *t = &c->next;
	struct tss32 wide;
	struct tss16 narrow;

	if (c->wide) {
		if (!read(c, c->tss.base, &wide, sizeof(wide)))
			return false;
		*t = (struct task_registers){ .eip = wide.eip,
			                      .eflags = wide.eflags,
			                      .ldt = (uint16_t)wide.ldt };
		memcpy(t->general, wide.general, sizeof(t->general));
		for (unsigned i = 0; i < SEGMENTS; i++)
			t->segment[i] = (uint16_t)(&wide.es)[i];
		c->cr3 = wide.cr3;
		c->traps |= wide.trap & 1 ? DR6_BT : 0;
		return true;
	}
	if (!read(c, c->tss.base, &narrow, sizeof(narrow)))
		return false;
	*t = (struct task_registers){ .eip = narrow.ip, .eflags = narrow.flags, .ldt = narrow.ldt };
	for (unsigned i = 0; i < 8; i++)
		t->general[i] = 0xffff0000u | narrow.general[i];
	for (unsigned i = 0; i < FS; i++)
		t->segment[i] = (&narrow.es)[i];
	return true;
}

/* ---- The switch (steps 7 to 12) ---- */

static bool nests(const struct task_change *c)
{
	return c->source == BY_CALL || c->source == BY_GATE;
}

static bool leave_old(struct task_change *c)
{
	struct task_descriptor old;

	if (nests(c))
		return write(c, c->tss.base, &c->old_selector, sizeof(c->old_selector));
	return read_descriptor(c, c->old_selector, VECTOR_TS, &old) &&
	       mark_type(c, &old, TYPE_BUSY, false);
}

static void set_cr3(const struct task_change *c, struct vcpu *v)
{
	const uint32_t cr3 = c->cr3;
	uint64_t cr0 = vmcs_read(GUEST_CR0), cr4 = vmcs_read(GUEST_CR4);

	if (!c->wide || !(cr0 & CR0_PG))
		return;
	vmcs_write(GUEST_CR3,
	           cr4 & CR4_PAE ? cr3 & ~7u : (cr3 & 0xfffff000u) | (cr3 & CR3_PCD_PWT));
	if (cr4 & CR4_PAE)
		(void)vmx_load_pointers(v);
	ept_invalidate(v->ept); /* drops the translations of the old tables too */
}

/* Returns a segment of virtual-8086 mode (SDM 3C 26.3.1.2). */
static struct task_descriptor segment_v86(uint16_t selector)
{
	return (struct task_descriptor){ .base = (uint32_t)selector << 4,
		                         .limit = 0xffff,
		                         .rights = 0xf3 };
}

/* Sets the segments for the time before their descriptors are loaded: CS is flat, all others are
 * unusable. In virtual-8086 mode segments need no descriptor. The new privilege level, SS's DPL, is
 * in force from here on, even when a descriptor faults. */
static void set_segments(const struct task_registers *t, uint32_t flags)
{
	uint32_t level = (uint32_t)(t->segment[CS] & RPL) << DPL_SHIFT;

	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct task_descriptor d = { .rights = RIGHTS_UNUSABLE | level };
		if (i == CS)
			d = (struct task_descriptor){ .limit = UINT32_MAX,
				                      .rights = 0xc09b | level };
		if (flags & FLAGS_VM)
			d = segment_v86(t->segment[i]);
		set_segment(i, t->segment[i], &d);
	}
}

static void set_registers(const struct task_change *c, struct vcpu *v)
{
	const struct task_registers *t = &c->next;
	uint32_t flags = (t->eflags & FLAGS_MAY) | FLAGS_ALWAYS | (nests(c) ? FLAGS_NT : 0);

	vmcs_write(GUEST_RIP, t->eip);
	vmcs_write(GUEST_RFLAGS, flags);
	for (unsigned i = 0; i < 8; i++)
		(&v->regs.rax)[i] = t->general[i];
	vmcs_write(GUEST_RSP, t->general[4]);
	set_segments(t, flags);
	vmcs_write(GUEST_LDTR_SELECTOR, t->ldt);
	vmcs_write(GUEST_LDTR_ACCESS, RIGHTS_UNUSABLE);
	set_segment(TR, c->selector, &c->tss);
	vmcs_write(GUEST_TR_ACCESS, c->tss.rights | TYPE_BUSY);
	vmcs_write(GUEST_CR0, vmcs_read(GUEST_CR0) | CR0_TS);
	vmcs_write(CR0_SHADOW, vmcs_read(CR0_SHADOW) | CR0_TS);
	vmcs_write(GUEST_DR7, vmcs_read(GUEST_DR7) & ~(uint64_t)DR7_LOCAL);
}

/* Ends the event that caused the switch. */
static void end_event(const struct task_change *c)
{
	uint64_t blocked = vmcs_read(GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_NMI;
	uint64_t event = vmcs_read(IDT_VECTORING);

	if (c->source == BY_IRET)
		blocked = 0;
	if (event & INTERRUPTION_VALID && (event & INTERRUPTION_TYPE) == INTERRUPTION_NMI)
		blocked = INTERRUPTIBILITY_NMI;
	vmcs_write(GUEST_INTERRUPTIBILITY, blocked);
	vmcs_write(GUEST_PENDING_DEBUG, 0);
}

/* ---- In the new task (steps 13 to 15) ---- */

static bool load_ldt(struct task_change *c, uint16_t selector)
{
	struct task_descriptor d;

	if (!(selector & 0xfffc))
		return true;
	if (selector & SELECTOR_TI)
		return refuse(c, VECTOR_TS, selector & 0xfffc);
	if (!read_descriptor(c, selector, VECTOR_TS, &d))
		return false;
	if ((d.rights & (RIGHTS_S | 15 | RIGHTS_P)) != (TYPE_LDT | RIGHTS_P))
		return refuse(c, VECTOR_TS, selector & 0xfffc);
	set_segment(LDTR, selector, &d);
	return true;
}

/* Returns true when type and privileges follow SDM 3A table 7-1. */
static bool is_loadable(enum segment segment, uint16_t selector, uint32_t rights, unsigned cpl)
{
	unsigned dpl = rights >> DPL_SHIFT & 3, rpl = selector & RPL;
	bool code = rights & TYPE_CODE, conforming = code && rights & TYPE_CONFORMING;

	if (!(rights & RIGHTS_S))
		return false;
	if (segment == CS)
		return code && (conforming ? dpl <= rpl : dpl == rpl);
	if (segment == SS)
		return !code && rights & TYPE_WRITABLE && dpl == cpl && rpl == cpl;
	return (!code || rights & TYPE_READABLE) && (conforming || (dpl >= cpl && dpl >= rpl));
}

static bool load_segment(struct task_change *c, enum segment segment, uint16_t selector,
                         unsigned cpl)
{
	struct task_descriptor d;

	if (!(selector & 0xfffc) && segment != CS && segment != SS)
		return true; /* unusable */
	if (!(selector & 0xfffc))
		return refuse(c, VECTOR_TS, 0);
	if (!read_descriptor(c, selector, VECTOR_TS, &d))
		return false;
	if (!is_loadable(segment, selector, d.rights, cpl))
		return refuse(c, VECTOR_TS, selector & 0xfffc);
	if (!(d.rights & RIGHTS_P))
		return refuse(c, segment == SS ? VECTOR_SS : VECTOR_NP, selector & 0xfffc);
	if (!(d.rights & TYPE_ACCESSED) && !mark_type(c, &d, TYPE_ACCESSED, true))
		return false;
	set_segment(segment, selector, &d);
	return true;
}

/* Loads the segment of a place in the order of loading. The segments of virtual-8086 mode are
 * there already. */
static bool load_in_order(struct task_change *c, unsigned place)
{
	static const uint8_t order[SEGMENTS] = { CS, SS, ES, DS, FS, GS };
	const struct task_registers *t = &c->next;
	const unsigned segment = order[place];

	return t->eflags & FLAGS_VM ||
	       load_segment(c, (enum segment)segment, t->segment[segment], t->segment[CS] & RPL);
}

static bool check_eip(struct task_change *c)
{
	return c->next.eip <= vmcs_read(GUEST_CS_LIMIT) || refuse(c, VECTOR_GP, 0);
}

/* Pushes an exception's error code on the new task's stack (SDM 3A 6.14.4, figure 6-9). */
static bool push_error(struct task_change *c)
{
	uint64_t event = vmcs_read(IDT_VECTORING);

	if (c->source != BY_GATE || !(event & INTERRUPTION_VALID) || !(event & INTERRUPTION_ERROR))
		return true;
	uint64_t rights = vmcs_read(GUEST_SS_ACCESS);
	uint32_t bytes = c->wide ? 4 : 2, error = (uint32_t)vmcs_read(IDT_VECTORING_ERROR);
	uint32_t mask = rights & 1 << 14 ? UINT32_MAX : 0xffff,
		 rsp = (uint32_t)vmcs_read(GUEST_RSP);
	uint32_t at = (rsp - bytes) & mask, limit = (uint32_t)vmcs_read(GUEST_SS_LIMIT);
	bool down = (rights & 12) == 4; /* expand-down */
	if (down ? at <= limit || at + bytes - 1 > mask : at > limit || limit - at < bytes - 1)
		return refuse(c, VECTOR_SS, 0);
	if (!write(c, (uint32_t)vmcs_read(GUEST_SS_BASE) + at, &error, bytes))
		return false;
	vmcs_write(GUEST_RSP, (rsp & ~mask) | at);
	return true;
}

/* ---- The steps ---- */

static bool take_over(struct task_change *c, struct vcpu *v)
{
	set_cr3(c, v);
	set_registers(c, v);
	end_event(c);
	memory_now(c, v);
	return true;
}

static bool do_step(struct task_change *c, struct vcpu *v)
{
	enum { FIRST_SEGMENT = 9 };

	switch (c->step) {
	case 1:
		return check_new(c);
	case 2:
		return check_old(c);
	case 3:
		return load_new(c);
	case 4:
		return leave_old(c);
	case 5:
		return c->source == BY_IRET || mark_type(c, &c->tss, TYPE_BUSY, true);
	case 6:
		return save_old(c, v);
	case 7:
		return take_over(c, v);
	case 8:
		return load_ldt(c, c->next.ldt);
	case TASK_STEPS - 1:
		return check_eip(c) && push_error(c);
	default:
		return load_in_order(c, c->step - FIRST_SEGMENT);
	}
}

/* Carries out the next step, or a part of the step. Returns false when the switch has ended. Then
 * fault is the vector of an exception for the guest, or NO_FAULT. */
static bool go_on(struct task_change *c, struct vcpu *v)
{
	c->later = false;
	c->memory.walks = 0;
	if (!do_step(c, v))
		return c->later;
	if (++c->step != TASK_STEPS)
		return true;
	if (c->traps != 0)
		vmx_debug_tell(v, c->traps);
	c->fault = c->traps != 0 ? VECTOR_DB : NO_FAULT;
	return false;
}

/* No event may be injected before the switch is done, so the field of events is in use. An event
 * that came by a gate has ended a HLT. An instruction that began with TF set has its trap behind
 * the switch, in the new task (SDM 3B 17.3.1.4). */
void task_begin(struct vcpu *v)
{
	const uint64_t qualification = vmcs_read(EXIT_QUALIFICATION);
	const uint8_t source = qualification >> 30 & 3;
	const bool steps = source != BY_GATE && vmcs_read(GUEST_RFLAGS) & FLAGS_TF;

	v->change = (struct task_change){
		.step = 1,
		.source = source,
		.traps = steps ? DR6_BS : 0,
		.selector = (uint16_t)qualification,
	};
	memory_now(&v->change, v);
	vmcs_write(ENTRY_INTERRUPTION, INTERRUPTION_VALID);
	vmcs_write(GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	v->entry_is_slow = true;
	entry_ready = NULL;
}

int task_go_on(struct vcpu *v)
{
	struct task_change *c = &v->change;

	/* where interrupts exit, no NMI tells of an interrupt that waits: the caller looks */
	const bool looks = v->pin & PIN_INTERRUPT_EXITING;
	bool looked = true;

	do {
		if (nmi_count != 0 || !looked)
			return -EINTR;
		looked = !looks;
	} while (go_on(c, v));
	c->step = 0;
	vmcs_write(ENTRY_INTERRUPTION, 0);
	return c->fault == NO_FAULT || vmx_raise(v, c->fault, c->error) ? 0 : -EFAULT;
}
