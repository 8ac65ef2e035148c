/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware virtualisation behind one small interface: a virtual processor that is entered and that exits. VMX implements
 * it (vmx/); SVM fits the same calls.
 *
 * Rule: no vendor's name, field or number is visible above this header.
 */
#ifndef ARCH_X86_VIRT_H
#define ARCH_X86_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the hardware's push; the entry code knows the offsets. */
struct vcpu_regs {
	uint64_t rax, rcx, rdx, rbx, rsp_unused, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

#define VM_EXIT_REASONS(X)                                                                                             \
	X(NMI, "nmi")     /* the VMM block's output, or the external signal (410) */                                   \
	X(TIMER, "slice") /* the slice timer ran out */                                                                \
	X(HLT, "hlt")                                                                                                  \
	X(IO, "io") /* a port that is not open */                                                                      \
	X(CPUID, "cpuid")                                                                                              \
	X(CALL, "vmcall")                                                                                              \
	X(WINDOW, "irq-window") /* the guest can take an interrupt now */                                              \
	X(NMI_WINDOW, "nmi-window")                                                                                    \
	X(INTERRUPT, "interrupt") /* a physical interrupt, where those exit */                                         \
	X(CR, "cr")                                                                                                    \
	X(DR, "dr")                                                                                                    \
	X(MSR_READ, "rdmsr")                                                                                           \
	X(MSR_WRITE, "wrmsr")                                                                                          \
	X(XSETBV, "xsetbv")                                                                                            \
	X(MEMORY, "memory")           /* guest-physical memory that is not the VM's */                                 \
	X(VIRT, "virt")               /* a virtualisation instruction */                                               \
	X(INSTRUCTION, "instruction") /* another instruction that the VMM intercepts */                                \
	X(EXCEPTION, "exception")                                                                                      \
	X(TASK_SWITCH, "task-switch")                                                                                  \
	X(SHUTDOWN, "triple-fault")                                                                                    \
	X(ABORTED, "aborted-entry") /* an NMI between the last check and the entry: nothing of the guest ran */        \
	X(FAILED, "failed-entry")   /* the processor refused the entry; the message named the rule */                  \
	X(OTHER, "other")                                                                                              \
	X(POLL, "poll") /* a quirk of this processor: an interrupt may be waiting, and would not exit */

#define X_ENUM(id, name) VM_EXIT_##id,
enum vm_exit_reason { VM_EXIT_REASONS(X_ENUM) VM_EXIT_COUNT };
#undef X_ENUM

const char *vm_exit_name(enum vm_exit_reason reason);

struct vcpu; /* vendor's own */

/* What an exit of kind IO, MEMORY, CR or MSR is about; asked for only where it is needed. */
struct vcpu_io {
	uint16_t port;
	uint8_t size; /* bytes: 1, 2, 4 */
	uint8_t kind; /* 0: OUT */
};
enum { IO_IN = 1 << 0, IO_STRING = 1 << 1, IO_REPEAT = 1 << 2 };

/* Look at the processor and turn virtualisation on. 0 or -ENODEV; the line that was printed names what is missing. */
int virt_init(void);
/* One line of what was found, for the banner. */
const char *virt_describe(void);
/* Turn virtualisation off before the machine is handed back or powered off. */
void virt_exit(void);

/* A virtual processor with its nested page tables; NULL when memory has run out. name is for messages. */
struct vcpu *vcpu_create(const char *name);
/* Back to the state of a multiboot entry: protected mode without paging, EAX, EBX and EIP as given. */
void vcpu_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx);
struct vcpu_regs *vcpu_regs(struct vcpu *v);

/* Guest-physical to host-physical, both page aligned; 2M pages where both sides allow it. 0 or -ENOMEM. */
int vcpu_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable, bool executable);
/* Open or close one port for the guest. Closed at first, all of them. */
void vcpu_open_port(struct vcpu *v, uint16_t port, bool open);

/* Make v the one that is entered next: loads its control structure and its floating-point state, MSRs and the like. */
void vcpu_load(struct vcpu *v);
/* 412: enter the loaded vcpu; returns at its exit. */
enum vm_exit_reason vcpu_enter(struct vcpu *v);
/* The processor takes an NMI exit with further NMIs blocked; unblock on purpose, in one place (R12). */
void virt_unblock_nmi(void);

/* The calls below are for the loaded vcpu, between exit and entry. */
uint64_t vcpu_rip(struct vcpu *v);
/* Step over the instruction that exited. */
void vcpu_skip(struct vcpu *v);
/* Interrupts on, no shadow of STI or MOV SS, and no event waiting for delivery already. */
bool vcpu_can_inject(struct vcpu *v);
bool vcpu_interrupts_on(struct vcpu *v);
/* At the next entry, whenever that is. It is no longer halted. */
void vcpu_inject_interrupt(struct vcpu *v, uint8_t vector);
void vcpu_inject_exception(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error);
/* A virtual NMI for the guest (external NMI with nmi=vm:NAME); delivered when the guest can take it. */
void vcpu_inject_nmi(struct vcpu *v);
/* Exit as soon as the guest can take an interrupt. */
void vcpu_want_window(struct vcpu *v, bool wanted);
/* Exit after so many TSC ticks of guest time; UINT64_MAX turns the timer off. */
void vcpu_set_timer(struct vcpu *v, uint64_t ticks);
/* Can physical interrupts exit on this processor? After virt_init(). */
bool virt_exits_on_interrupt(void);
/* Do physical interrupts exit, or does the guest take them? Not at first. An interrupt that exits is still pending then. */
void vcpu_exit_on_interrupt(struct vcpu *v, bool exits);
/* Does HLT exit, or does the processor sleep in the guest? */
void vcpu_exit_on_hlt(struct vcpu *v, bool exits);
bool vcpu_halted(struct vcpu *v);
void vcpu_set_halted(struct vcpu *v, bool halted);

struct vcpu_io vcpu_exit_io(struct vcpu *v);
/* MEMORY: guest-physical address, and whether it was a write. */
uint64_t vcpu_exit_address(struct vcpu *v, bool *write);
/* The exit came while an event was being delivered to the guest: deliver it again at the next entry. */
void vcpu_requeue_event(struct vcpu *v);
/* Answer CPUID and step over it. */
void vcpu_cpuid(struct vcpu *v);
/* Exits whose handling is the processor's own business (CR, DR, MSR, XSETBV ...): 0 handled, -EPERM denied (a #GP or
 * #UD is set up; the caller logs and applies the VM's policy), -ENOSYS not one of these. what receives a short text. */
int vcpu_emulate(struct vcpu *v, enum vm_exit_reason reason, char *what, size_t size);
/* A few lines of registers for a VM that stops. */
void vcpu_dump(struct vcpu *v);
/* Formatted output may use registers that hold the guest's floating-point state: put it away first. Reloaded on entry. */
void virt_fpu_release(void);

#endif
