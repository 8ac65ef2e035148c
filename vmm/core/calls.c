/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the guests (vmm/abi.h).
 *
 * Rule: an address or a length from a guest is checked against its memory before all else. A bad
 * address gives the guest -EFAULT and costs no other VM any time. Calls are for the guest's system:
 * a program of the guest, in another ring than 0, gets -EPERM for each call.
 */
#include "arch/x86/cpu/io.h"
#include "vmm/core/background.h"
#include "vmm/core/exits.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

#include <errno.h>
#include <string.h>

enum { RESULTS_MAX = 64 };

/* The results of the guests' probes, in the order of the calls. */
static struct {
	struct {
		struct sb_result result;
		const struct vm *vm;
	} list[RESULTS_MAX];
	unsigned count;
} results;

static __attribute__((cold)) int64_t call_print(struct vm *vm, const struct vcpu_regs *regs)
{
	const char *text = regs->rcx <= SB_PRINT_MAX ? vm_memory(vm, regs->rbx, regs->rcx) : NULL;

	if (text == NULL)
		return -EFAULT;
	int error = output_put(&vm->output, text, (uint32_t)regs->rcx);
	background_want();
	return error;
}

static __attribute__((cold)) int64_t call_status(struct vm *vm, const struct vcpu_regs *regs)
{
	const char *text = regs->rcx <= SB_STATUS_MAX ? vm_memory(vm, regs->rbx, regs->rcx) : NULL;

	if (text == NULL)
		return -EFAULT;
	memcpy(vm->status, text, regs->rcx);
	vm->status[regs->rcx] = '\0';
	return 0;
}

/* Returns true when vm may have one more place of the table: half of the table is kept for VMs that
 * do not have their share of the half yet. cold: see take_external_nmi() (vmm/core/dispatch.c). */
static __attribute__((cold)) bool may_have_result(const struct vm *vm)
{
	const unsigned share = (RESULTS_MAX / 2 + vm_count - 1) / vm_count;
	unsigned kept = 0;

	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i] != vm && vms[i]->results < share)
			kept += share - vms[i]->results;
	return results.count + kept < RESULTS_MAX;
}

static __attribute__((cold)) int64_t call_result(struct vm *vm, const struct vcpu_regs *regs)
{
	const struct sb_result *from = vm_memory(vm, regs->rbx, sizeof(*from));

	if (from == NULL)
		return -EFAULT;
	if (!may_have_result(vm))
		return -ENOSPC;
	struct sb_result *to = &results.list[results.count].result;
	memcpy(to, from, sizeof(*to));
	to->probe[sizeof(to->probe) - 1] = to->unit[sizeof(to->unit) - 1] = '\0';
	results.list[results.count++].vm = vm;
	vm->results++;
	return 0;
}

static __attribute__((cold)) int64_t call_counters(struct vm *vm, const struct vcpu_regs *regs)
{
	_Static_assert((int)VM_EXIT_COUNT <= (int)SB_EXIT_KINDS,
	               "the guests' structure holds every reason");
	struct sb_counters *to = vm_memory(vm, regs->rbx, sizeof(*to));
	if (to == NULL)
		return -EFAULT;
	struct sb_counters counters = { .tsc = cpu_tsc(), .interrupt = vm->interrupt_exits };
	for (unsigned i = 0; i < VM_EXIT_COUNT; i++) {
		counters.kind[i] = vm->exits[i];
		counters.total += i == VM_EXIT_ABORTED ? 0 : vm->exits[i];
	}
	memcpy(to, &counters, sizeof(counters));
	return 0;
}

static int64_t call_yield(struct vm *vm, const struct vcpu_regs *regs)
{
	(void)regs;
	sched_end_turn(vm);
	return 0;
}

static __attribute__((cold)) int64_t call_exit(struct vm *vm, const struct vcpu_regs *regs)
{
	int status = (int)(uint8_t)regs->rbx;

	vm_stop(vm, status, &(struct denial){ "done, status %lu", { (uint64_t)status } });
	return 0;
}

static int64_t call_ran(struct vm *vm, const struct vcpu_regs *regs)
{
	(void)regs;
	return (int64_t)(vm->run_ticks + cpu_tsc() - vm->started_at);
}

static int64_t call_unknown(struct vm *vm, const struct vcpu_regs *regs)
{
	(void)vm;
	(void)regs;
	return -ENOSYS;
}

typedef int64_t (*call_handler)(struct vm *vm, const struct vcpu_regs *regs);

static const call_handler handlers[] = {
	[0] = call_unknown, /* no entry is empty */
	[SB_CALL_PRINT] = call_print,
	[SB_CALL_STATUS] = call_status,
	[SB_CALL_RESULT] = call_result,
	[SB_CALL_COUNTERS] = call_counters,
	[SB_CALL_YIELD] = call_yield,
	[SB_CALL_EXIT] = call_exit,
	[SB_CALL_RAN] = call_ran,
};

void exit_call(struct vm *vm, enum vm_exit_reason reason)
{
	(void)reason;
	struct vcpu_regs *regs = vcpu_regs(vm->vcpu);
	uint64_t number = regs->rax;
	virt_skip(vm->vcpu);
	if (!virt_in_ring_0(vm->vcpu))
		regs->rax = (uint64_t)-EPERM;
	else if (number < sizeof(handlers) / sizeof(handlers[0]))
		regs->rax = (uint64_t)handlers[number](vm, regs);
	else
		regs->rax = (uint64_t)-ENOSYS;
}

unsigned calls_result_count(void)
{
	return results.count;
}

const struct sb_result *calls_result(unsigned i, const struct vm **vm)
{
	*vm = results.list[i].vm;
	return &results.list[i].result;
}
