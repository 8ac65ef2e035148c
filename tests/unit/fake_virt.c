/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor for a test without a processor.
 *
 * Rule: each function of arch/x86/virt/virt.h for a virtual processor is here, weak, and ends the
 * test when called. A test defines the functions for the calls of its own code.
 */
#include "arch/x86/virt/virt.h"

#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"

static _Noreturn void nobody_calls(const char *function)
{
	fprintf(stderr, "%s() is called, and this test has no processor\n", function);
	abort();
}

#define FAKE(result, name, parameters)               \
	__attribute__((weak)) result name parameters \
	{                                            \
		nobody_calls(#name);                 \
	}

FAKE(struct vcpu *, virt_create, (const char *name))
FAKE(void, virt_reset, (struct vcpu * v, uint32_t eip, uint32_t eax, uint32_t ebx))
FAKE(int, virt_map,
     (struct vcpu * v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
      bool executable))
FAKE(int, virt_absent, (struct vcpu * v))
FAKE(int, virt_absent_page, (struct vcpu * v, uint64_t guest))
FAKE(int, virt_forbid, (struct vcpu * v, uint64_t guest, uint64_t bytes))
FAKE(void, virt_open_port, (struct vcpu * v, uint16_t port, bool open))
FAKE(void, virt_load, (struct vcpu * v))
FAKE(enum vm_exit_reason, virt_enter, (struct vcpu * v))
FAKE(void, virt_unblock_nmi, (void))
FAKE(void, virt_set_timer, (struct vcpu * v, uint64_t ticks))
FAKE(bool, virt_skip, (struct vcpu * v))
FAKE(uint64_t, virt_rip, (struct vcpu * v))
FAKE(bool, virt_in_ring_0, (struct vcpu * v))
FAKE(void, virt_dump, (struct vcpu * v))
FAKE(bool, virt_exit_on_hlt, (struct vcpu * v, bool exits))
FAKE(bool, virt_halted, (struct vcpu * v))
FAKE(void, virt_set_halted, (struct vcpu * v, bool halted))
FAKE(bool, virt_interrupts_on, (struct vcpu * v))
FAKE(bool, virt_can_inject, (struct vcpu * v))
FAKE(void, virt_inject_interrupt, (struct vcpu * v, uint8_t vector))
FAKE(bool, virt_may_be_overtaken, (struct vcpu * v))
FAKE(void, virt_want_window, (struct vcpu * v, enum window wanted))
FAKE(bool, virt_can_exit_on_interrupt, (void))
FAKE(void, virt_exit_on_interrupt, (struct vcpu * v, bool exits))
FAKE(bool, virt_has_interrupt_table, (struct vcpu * v))
FAKE(bool, virt_inject_nmi, (struct vcpu * v))
FAKE(bool, virt_nmis_blocked, (struct vcpu * v))
FAKE(void, virt_requeue_event, (struct vcpu * v))
FAKE(void, virt_cpuid, (struct vcpu * v))
FAKE(struct vcpu_io, virt_exit_io, (struct vcpu * v))
FAKE(void, virt_break_on_io,
     (struct vcpu * v, const struct vcpu_io *io, const struct vcpu_string *string))
FAKE(bool, virt_string_begin,
     (struct vcpu * v, const struct vcpu_io *io, unsigned most, struct vcpu_string *piece))
FAKE(void, virt_string_end,
     (struct vcpu * v, const struct vcpu_io *io, const struct vcpu_string *piece))
FAKE(uint64_t, virt_exit_address, (struct vcpu * v, bool *write))
FAKE(bool, virt_drop_store, (struct vcpu * v))
FAKE(int, virt_emulate, (struct vcpu * v, enum vm_exit_reason reason, struct denial *what))
