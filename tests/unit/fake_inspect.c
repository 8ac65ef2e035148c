/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vmm/operator/inspect.c needs beside the VMM's core, for a test that reads its reports.
 *
 * Rule: reports read. Nothing pauses, nobody has printed or measured anything, and a command ends
 * the test. A test with the real function has that one.
 */
#include "arch/x86/cpu/stacks.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/background.h"
#include "vmm/core/exits.h"
#include "vmm/core/run.h"
#include "vmm/core/vm_build.h"
#include "vmm/operator/console.h"

#include <stdlib.h>

#define WEAK __attribute__((weak))
#pragma GCC diagnostic ignored "-Wunused-parameter"

struct stack stacks[STACKS];
volatile uint8_t work_open;
bool work_inside;

uint64_t stack_deepest(unsigned i)
{
	return 0;
}

uint64_t console_dropped(void)
{
	return 0;
}

void background_point(void)
{
}

void background_pause(void)
{
}

void work_pause(void)
{
}

void lapic_send_nmi_self(void)
{
	abort();
}

WEAK unsigned calls_result_count(void)
{
	return 0;
}

WEAK const struct sb_result *calls_result(unsigned i, const struct vm **vm)
{
	abort();
}

WEAK uint64_t run_ticks(void)
{
	return 0;
}

WEAK struct vm *vm_find(const char *name)
{
	abort();
}

WEAK void vm_stop(struct vm *vm, int status, const struct denial *why)
{
	abort();
}

WEAK void vm_start(struct vm *vm)
{
	abort();
}

WEAK void run_quit(void)
{
	abort();
}

WEAK void run_stay(bool on)
{
	abort();
}
