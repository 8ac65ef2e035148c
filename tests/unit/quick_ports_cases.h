/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine of the cases of quick_ports_cases.c: a back end that enters a guest which is a list
 * of exits.
 *
 * Rule: a test of a back end has the guest, and the cases are the same for each back end.
 */
#ifndef TESTS_UNIT_QUICK_PORTS_CASES_H
#define TESTS_UNIT_QUICK_PORTS_CASES_H

#include "arch/x86/virt/virt.h"

#include <stdbool.h>
#include <stdint.h>

enum { CASE_RIP = 0x1000, CASE_LENGTH = 2 };

/* The exits to come, in turn. An access to a port has the kind VM_EXIT_IO. The other kinds are
 * VM_EXIT_CPUID and VM_EXIT_MSR_READ. al: what the guest writes. */
struct played {
	enum vm_exit_reason kind;
	uint16_t port;
	enum { PLAYED_IN = 1, PLAYED_STRING = 2, PLAYED_IMMEDIATE = 4, PLAYED_WORD = 8 } form;
	uint8_t al;
};

/* What a guest may have that makes an access not plain. */
enum case_guest { CASE_BREAKPOINTS, CASE_SINGLE_STEP, CASE_RESUME, CASE_SHADOW };

/* ---- The back end's part ---- */

/* Begins anew: the guest is at CASE_RIP with RAX = rax, and has nothing of enum case_guest. */
void back_end_begin(uint64_t rax);
void back_end_set(enum case_guest what, bool on);
/* Enters the guest by the back end's own entry. */
enum vm_exit_reason back_end_enter(void);
uint64_t back_end_rip(void);
uint64_t back_end_rax(void);

/* ---- The cases' part ---- */

/* An entry. Returns NULL where an NMI came before. Sets the guest's AL by the exit that is
 * returned. */
const struct played *cases_enter(struct vcpu_regs *regs);
int quick_ports_cases(const char *name);
/* Offers the ports to a guest that owns lines 0 and 3, as a test's set-up does. */
int quick_ports_begin(void **state);
/* One access that is not plain: the run loop gets the exit, and nothing has changed. */
void quick_ports_assert_left(uint16_t port, unsigned form, uint8_t al);

#endif
