/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM that has the console's keys.
 *
 * Rule: a VM has the keys from the command 'keys' until Ctrl-], or until the VM stops. All of this
 * is background work. A key goes to the VM in one step (work_hold()).
 */
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "vmm/core/sched.h"
#include "vmm/operator/prompt.h"
#include "vmm/operator/report.h"

#include <errno.h>

static struct vm *typed_to; /* NULL: the console has the keys */

static void give(struct vm *vm)
{
	if (typed_to != NULL)
		typed_to->uart.watched = false;
	typed_to = vm;
	if (vm == NULL) {
		prompt_follow(NULL, NULL);
		return;
	}
	vm->uart.watched = true;
	prompt_follow(vm->config.name, &vm->output);
}

int vmm_keys(const char *name)
{
	struct vm *vm = vm_find(name);

	if (vm == NULL)
		return -ENOENT;
	if (!vm->config.uart)
		return -ENODEV;
	if (vm->state == VM_STOPPED)
		return -EINVAL;
	give(vm);
	return 0;
}

void vmm_keys_back(void)
{
	give(NULL);
	log_format("the keys are the console's again\n");
}

bool vmm_keys_given(void)
{
	if (typed_to != NULL && typed_to->state == VM_STOPPED && !output_waits(&typed_to->output))
		vmm_keys_back();
	return typed_to != NULL;
}

void vmm_type(char key)
{
	work_hold();
	(void)vm_uart_type(typed_to, (uint8_t)key);
	work_release();
}

void vmm_printed(unsigned i)
{
	work_hold();
	vm_uart_printed(vms[i]);
	work_release();
}
