/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back ends behind arch/x86/virt/virt.h: vmx_NAME() and svm_NAME() do the work of virt_NAME().
 *
 * Rule: only the choice (choice.c) and the back ends include this header. virt.h describes the
 * functions.
 */
#ifndef ARCH_X86_VIRT_BACKENDS_H
#define ARCH_X86_VIRT_BACKENDS_H

#include "arch/x86/virt/virt.h"

/* Check the processor, print all that is missing, and turn virtualisation on. Return 0, -ENODEV, or
 * -ENOMEM. */
int vmx_init(void);
const char *vmx_describe(void);
void vmx_leave(void);
struct vcpu *vmx_create(const char *name);
void vmx_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx);
int vmx_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable);
int vmx_absent(struct vcpu *v);
int vmx_absent_page(struct vcpu *v, uint64_t guest);
int vmx_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes);
void vmx_open_port(struct vcpu *v, uint16_t port, bool open);
void vmx_open_msr(uint32_t msr, bool read, bool write);
void vmx_load(struct vcpu *v);
enum vm_exit_reason vmx_enter(struct vcpu *v);
void vmx_unblock_nmi(void);
void vmx_set_timer(struct vcpu *v, uint64_t ticks);
bool vmx_skip(struct vcpu *v);
uint64_t vmx_rip(struct vcpu *v);
bool vmx_in_ring_0(struct vcpu *v);
void vmx_dump(struct vcpu *v);
bool vmx_exit_on_hlt(struct vcpu *v, bool exits);
bool vmx_halted(struct vcpu *v);
void vmx_set_halted(struct vcpu *v, bool halted);
bool vmx_interrupts_on(struct vcpu *v);
bool vmx_can_inject(struct vcpu *v);
void vmx_inject_interrupt(struct vcpu *v, uint8_t vector);
bool vmx_may_be_overtaken(struct vcpu *v);
void vmx_want_window(struct vcpu *v, enum window wanted);
bool vmx_can_exit_on_interrupt(void);
void vmx_exit_on_interrupt(struct vcpu *v, bool exits);
bool vmx_has_interrupt_table(struct vcpu *v);
bool vmx_inject_nmi(struct vcpu *v);
bool vmx_nmis_blocked(struct vcpu *v);
void vmx_requeue_event(struct vcpu *v);
void vmx_cpuid(struct vcpu *v);
struct vcpu_io vmx_exit_io(struct vcpu *v);
void vmx_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string);
uint64_t vmx_exit_address(struct vcpu *v, bool *write);
/* Does virt_move(), or virt_drop_store() where device is NULL. */
bool vmx_step_store(struct vcpu *v, store_device *device);
static inline bool vmx_drop_store(struct vcpu *v)
{
	return vmx_step_store(v, NULL);
}
int vmx_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what);

int svm_init(void);
const char *svm_describe(void);
void svm_leave(void);
struct vcpu *svm_create(const char *name);
void svm_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx);
int svm_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable);
int svm_absent(struct vcpu *v);
int svm_absent_page(struct vcpu *v, uint64_t guest);
int svm_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes);
void svm_open_port(struct vcpu *v, uint16_t port, bool open);
void svm_open_msr(uint32_t msr, bool read, bool write);
void svm_load(struct vcpu *v);
enum vm_exit_reason svm_enter(struct vcpu *v);
void svm_unblock_nmi(void);
void svm_set_timer(struct vcpu *v, uint64_t ticks);
bool svm_skip(struct vcpu *v);
uint64_t svm_rip(struct vcpu *v);
bool svm_in_ring_0(struct vcpu *v);
void svm_dump(struct vcpu *v);
bool svm_exit_on_hlt(struct vcpu *v, bool exits);
bool svm_halted(struct vcpu *v);
void svm_set_halted(struct vcpu *v, bool halted);
bool svm_interrupts_on(struct vcpu *v);
bool svm_can_inject(struct vcpu *v);
void svm_inject_interrupt(struct vcpu *v, uint8_t vector);
bool svm_may_be_overtaken(struct vcpu *v);
void svm_want_window(struct vcpu *v, enum window wanted);
bool svm_can_exit_on_interrupt(void);
void svm_exit_on_interrupt(struct vcpu *v, bool exits);
bool svm_has_interrupt_table(struct vcpu *v);
bool svm_inject_nmi(struct vcpu *v);
bool svm_nmis_blocked(struct vcpu *v);
void svm_requeue_event(struct vcpu *v);
void svm_cpuid(struct vcpu *v);
struct vcpu_io svm_exit_io(struct vcpu *v);
void svm_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string);
uint64_t svm_exit_address(struct vcpu *v, bool *write);
/* Does virt_move(), or virt_drop_store() where device is NULL. */
bool svm_step_store(struct vcpu *v, store_device *device);
static inline bool svm_drop_store(struct vcpu *v)
{
	return svm_step_store(v, NULL);
}
int svm_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what);

#endif
