/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM around a virtual processor of a back end, for the fuzzers of exits: vmm/core's handlers are
 * the real ones, and everything behind them is of this file.
 *
 * Rule: a fuzzer names its back end by EXITS_BACK_END(vmx) or EXITS_BACK_END(svm), once. The
 * handlers then reach the back end's own functions.
 */
#ifndef TESTS_UNIT_EXITS_KIT_H
#define TESTS_UNIT_EXITS_KIT_H

#include "arch/x86/virt/virt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of an input that are left. Behind the last byte there are zeroes. */
struct exits_input {
	const uint8_t *at;
	size_t left;
};

/* The next bytes of the input as a number: at most 8. */
uint64_t exits_take(struct exits_input *in, unsigned bytes);
/* Returns one of the values, or with `any` set now and then a random number. */
uint64_t exits_pick(struct exits_input *in, const uint64_t *values, unsigned count);
/* Ends the program with a message when the condition does not hold. */
void exits_require(bool condition, const char *text);

/* What the handlers asked of the VMM since exits_begin(). */
struct exits_seen {
	bool fatal;    /* the VM was stopped: its state means nothing any more */
	bool stopped;  /* vm_fault() said so by the input's policy */
	unsigned said; /* denials; each was formatted */
};
extern struct exits_seen exits_seen;

/* A new VM with this processor. The input chooses its ports and its policy. */
void exits_begin(struct vcpu *v, struct exits_input *in);
/* Handles an exit as the run loop does. */
void exits_handle(enum vm_exit_reason reason);
/* Sets the general registers and DR0 to DR3. */
void exits_registers(struct exits_input *in, struct vcpu_regs *regs);
/* The general registers that an exit of this kind may change, a bit each in the order of
 * vcpu_regs. */
uint32_t exits_may_change(enum vm_exit_reason reason);

/* Fills memory from the input: pieces of 8 bytes at addresses below `bytes`. Values are table
 * entries and descriptors that lead somewhere, or anything. */
void exits_fill(struct exits_input *in, uint8_t *memory, unsigned bytes);

static inline void exits_set_u64(uint8_t *at, uint64_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

/* Runs the function on random inputs; prints the count. libFuzzer goes on from there. */
void exits_tries(const char *name, unsigned tries, int (*one)(const uint8_t *data, size_t size));

/* clang-format off */
#define EXITS_BACK_END(name)                                                                      \
	bool virt_skip(struct vcpu *v) { return name##_skip(v); }                                 \
	uint64_t virt_rip(struct vcpu *v) { return name##_rip(v); }                               \
	bool virt_in_ring_0(struct vcpu *v) { return name##_in_ring_0(v); }                       \
	bool virt_interrupts_on(struct vcpu *v) { return name##_interrupts_on(v); }               \
	void virt_want_window(struct vcpu *v, enum window w) { name##_want_window(v, w); }        \
	bool virt_may_be_overtaken(struct vcpu *v) { return name##_may_be_overtaken(v); }         \
	void virt_requeue_event(struct vcpu *v) { name##_requeue_event(v); }                      \
	void virt_cpuid(struct vcpu *v) { name##_cpuid(v); }                                      \
	struct vcpu_io virt_exit_io(struct vcpu *v) { return name##_exit_io(v); }                 \
	void virt_break_on_io(struct vcpu *v, const struct vcpu_io *io,                           \
	                      const struct vcpu_string *string)                                   \
	{                                                                                         \
		name##_break_on_io(v, io, string);                                                \
	}                                                                                         \
	uint64_t virt_exit_address(struct vcpu *v, bool *write)                                   \
	{                                                                                         \
		return name##_exit_address(v, write);                                             \
	}                                                                                         \
	bool virt_drop_store(struct vcpu *v) { return name##_drop_store(v); }                     \
	int virt_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what)         \
	{                                                                                         \
		return name##_emulate(v, reason, what);                                           \
	}                                                                                         \
	void virt_open_port(struct vcpu *v, uint16_t port, bool open)                             \
	{                                                                                         \
		name##_open_port(v, port, open);                                                  \
	}                                                                                         \
	int virt_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes,               \
	             bool writable, bool executable)                                              \
	{                                                                                         \
		return name##_map(v, guest, host, bytes, writable, executable);                   \
	}                                                                                         \
	int virt_absent(struct vcpu *v) { return name##_absent(v); }                              \
	int virt_absent_page(struct vcpu *v, uint64_t guest)                                      \
	{                                                                                         \
		return name##_absent_page(v, guest);                                              \
	}                                                                                         \
	int virt_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes)                           \
	{                                                                                         \
		return name##_forbid(v, guest, bytes);                                            \
	}
/* clang-format on */

#endif
