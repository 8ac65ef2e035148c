/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice of a back end for each function of arch/x86/virt/virt.h.
 *
 * Rule: each function is one branch, and nothing else. The linker's optimiser sees through a branch
 * and inlines the back end's function; keep one caller where the function is large. Indirect calls
 * cost the first back end a tenth of its instructions on the way of exits and switches.
 */
#include "arch/x86/virt/backends.h"

bool virt_is_second;

__attribute__((cold)) const char *virt_describe(void)
{
	return virt_is_second ? svm_describe() : vmx_describe();
}

void virt_leave(void)
{
	virt_is_second ? svm_leave() : vmx_leave();
}

__attribute__((cold)) struct vcpu *virt_create(const char *name)
{
	return virt_is_second ? svm_create(name) : vmx_create(name);
}

__attribute__((cold)) void virt_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx)
{
	virt_is_second ? svm_reset(v, eip, eax, ebx) : vmx_reset(v, eip, eax, ebx);
}

__attribute__((cold)) int virt_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes,
                                   bool writable, bool executable)
{
	return virt_is_second ? svm_map(v, guest, host, bytes, writable, executable)
	                      : vmx_map(v, guest, host, bytes, writable, executable);
}

int virt_absent(struct vcpu *v)
{
	return virt_is_second ? svm_absent(v) : vmx_absent(v);
}

int virt_absent_page(struct vcpu *v, uint64_t guest)
{
	return virt_is_second ? svm_absent_page(v, guest) : vmx_absent_page(v, guest);
}

__attribute__((cold)) int virt_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes)
{
	return virt_is_second ? svm_forbid(v, guest, bytes) : vmx_forbid(v, guest, bytes);
}

void virt_open_port(struct vcpu *v, uint16_t port, bool open)
{
	virt_is_second ? svm_open_port(v, port, open) : vmx_open_port(v, port, open);
}

void virt_open_msr(uint32_t msr, bool read, bool write)
{
	virt_is_second ? svm_open_msr(msr, read, write) : vmx_open_msr(msr, read, write);
}

void virt_load(struct vcpu *v)
{
	virt_is_second ? svm_load(v) : vmx_load(v);
}

enum vm_exit_reason virt_enter(struct vcpu *v)
{
	return virt_is_second ? svm_enter(v) : vmx_enter(v);
}

void virt_unblock_nmi(void)
{
	virt_is_second ? svm_unblock_nmi() : vmx_unblock_nmi();
}

void virt_set_timer(struct vcpu *v, uint64_t ticks)
{
	virt_is_second ? svm_set_timer(v, ticks) : vmx_set_timer(v, ticks);
}

bool virt_skip(struct vcpu *v)
{
	return virt_is_second ? svm_skip(v) : vmx_skip(v);
}

uint64_t virt_rip(struct vcpu *v)
{
	return virt_is_second ? svm_rip(v) : vmx_rip(v);
}

bool virt_in_ring_0(struct vcpu *v)
{
	return virt_is_second ? svm_in_ring_0(v) : vmx_in_ring_0(v);
}

void virt_dump(struct vcpu *v)
{
	virt_is_second ? svm_dump(v) : vmx_dump(v);
}

bool virt_exit_on_hlt(struct vcpu *v, bool exits)
{
	return virt_is_second ? svm_exit_on_hlt(v, exits) : vmx_exit_on_hlt(v, exits);
}

bool virt_halted(struct vcpu *v)
{
	return virt_is_second ? svm_halted(v) : vmx_halted(v);
}

void virt_set_halted(struct vcpu *v, bool halted)
{
	virt_is_second ? svm_set_halted(v, halted) : vmx_set_halted(v, halted);
}

bool virt_interrupts_on(struct vcpu *v)
{
	return virt_is_second ? svm_interrupts_on(v) : vmx_interrupts_on(v);
}

bool virt_can_inject(struct vcpu *v)
{
	return virt_is_second ? svm_can_inject(v) : vmx_can_inject(v);
}

void virt_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	virt_is_second ? svm_inject_interrupt(v, vector) : vmx_inject_interrupt(v, vector);
}

bool virt_may_be_overtaken(struct vcpu *v)
{
	return virt_is_second ? svm_may_be_overtaken(v) : vmx_may_be_overtaken(v);
}

void virt_want_window(struct vcpu *v, enum window wanted)
{
	virt_is_second ? svm_want_window(v, wanted) : vmx_want_window(v, wanted);
}

bool virt_can_exit_on_interrupt(void)
{
	return virt_is_second ? svm_can_exit_on_interrupt() : vmx_can_exit_on_interrupt();
}

void virt_exit_on_interrupt(struct vcpu *v, bool exits)
{
	virt_is_second ? svm_exit_on_interrupt(v, exits) : vmx_exit_on_interrupt(v, exits);
}

bool virt_has_interrupt_table(struct vcpu *v)
{
	return virt_is_second ? svm_has_interrupt_table(v) : vmx_has_interrupt_table(v);
}

bool virt_inject_nmi(struct vcpu *v)
{
	return virt_is_second ? svm_inject_nmi(v) : vmx_inject_nmi(v);
}

bool virt_nmis_blocked(struct vcpu *v)
{
	return virt_is_second ? svm_nmis_blocked(v) : vmx_nmis_blocked(v);
}

void virt_requeue_event(struct vcpu *v)
{
	virt_is_second ? svm_requeue_event(v) : vmx_requeue_event(v);
}

void virt_cpuid(struct vcpu *v)
{
	virt_is_second ? svm_cpuid(v) : vmx_cpuid(v);
}

/* inline: as a call, it takes 10 instructions of a mask write (test_figures.py:
 * test_R02_a_mask_write_of_the_guest). */
inline struct vcpu_io virt_exit_io(struct vcpu *v)
{
	return virt_is_second ? svm_exit_io(v) : vmx_exit_io(v);
}

__attribute__((cold)) void virt_break_on_io(struct vcpu *v, const struct vcpu_io *io,
                                            const struct vcpu_string *string)
{
	virt_is_second ? svm_break_on_io(v, io, string) : vmx_break_on_io(v, io, string);
}

uint64_t virt_exit_address(struct vcpu *v, bool *write)
{
	return virt_is_second ? svm_exit_address(v, write) : vmx_exit_address(v, write);
}

bool virt_drop_store(struct vcpu *v)
{
	return virt_is_second ? svm_drop_store(v) : vmx_drop_store(v);
}

bool virt_move(struct vcpu *v, store_device *device)
{
	return virt_is_second ? svm_step_store(v, device) : vmx_step_store(v, device);
}

int virt_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what)
{
	return virt_is_second ? svm_emulate(v, reason, what) : vmx_emulate(v, reason, what);
}
