/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The background work for the operator at the console: text of the VMs and of the VMM, keys,
 * commands, the status line.
 *
 * Rule: a step does a little of each: a line of each VM, a note, the keys, the status line. So no
 * VM that prints keeps the operator waiting. A VM's text comes before the notes that were made
 * after the text.
 */
#include "vmm/operator/operator.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "vmm/core/background.h"
#include "vmm/core/vm.h"
#include "vmm/operator/console.h"
#include "vmm/operator/report.h"
#include "vmm/operator/typing.h"

/* The run loop's orders to the background work. */
static struct {
	volatile bool status;       /* the status line */
	const char *volatile words; /* a line about the run; NULL: no line waits */
} orders;

static void want_status(void)
{
	orders.status = true;
	background_want();
}

static void tell(const char *words)
{
	orders.words = words;
	background_want();
}

const struct operator_calls operator_calls = { .want_status = want_status,
	                                       .tell = tell,
	                                       .used_until = console_used_until };

/* Prints a line of each VM's text. */
static bool print_outputs(void)
{
	bool any = false;

	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = vms[i];

		any |= output_print(&vm->output, vm->config.name);
		if (vm->done && !output_waits(&vm->output))
			output_end(&vm->output, vm->config.name);
		vmm_printed(i);
		background_point();
	}
	return any;
}

static bool say_what_was_told(void)
{
	work_hold();
	const char *words = orders.words;
	orders.words = NULL;
	work_release();
	if (words != NULL)
		log_line("%s", words);
	return words != NULL;
}

bool operator_step(void)
{
	bool any = print_outputs();

	any |= log_notes_print();
	any |= typing_step();
	if (orders.status) {
		orders.status = false;
		report_status();
		any = true;
	}
	return any || say_what_was_told();
}
