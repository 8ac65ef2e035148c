/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any registers at a call, with any text in the guest's memory: libFuzzer where clang is, else
 * random ones near what breaks.
 *
 * Rule: the sanitizers see every byte beyond the guest's memory; of that memory a call writes the
 * counters and nothing else, and its answer says what was done.
 */
#include "arch/x86/machine/multiboot.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/fuzz.h"
#include "tests/unit/ram_kit.h"
#include "vmm/core/exits.h"
#include "vmm/core/sched.h"
#include "vmm/load/handover.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 0x101000, VCPU_BYTES = 4096, STATUS = 48 };

/* How an input begins; what follows lies at `at` in the guest's memory. */
struct input {
	uint64_t rax, rbx, rcx, rdx;
	uint32_t at;
};

static _Alignas(16) uint8_t vcpu[VCPU_BYTES];
static struct vm vm;
static uint8_t *memory, *before;

static void begin(void)
{
	if (memory == NULL) {
		memory = malloc(MEMORY);
		before = malloc(MEMORY);
		memset(memory, 'a', MEMORY);
	}
	memset(&vm, 0, sizeof(vm));
	vm.ram = ram_at(memory, MEMORY);
	vm.vcpu = (struct vcpu *)vcpu;
	vm.config.priority = 1;
	memcpy(vm.config.name, "vandal", sizeof("vandal"));
	vms[0] = &vm;
	vm_count = 1;
	processor.vm = &vm;
	sched_set_state(&vm, VM_READY);
}

/* Does the guest have all of this memory? In small steps, unlike the code that is tested. Memory of
 * no bytes is between two bytes, and one of the two has to be the guest's. */
static bool has(uint64_t address, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		if (address + i >= MEMORY || (address + i >= HOLE_FIRST && address + i < HOLE_END))
			return false;
	return bytes != 0 || (address <= MEMORY && (address <= HOLE_FIRST || address >= HOLE_END));
}

static void require_same(uint64_t from, uint64_t to)
{
	require(from >= to || memcmp(memory + from, before + from, to - from) == 0,
	        "a call writes nothing else");
}

static void require_answer(const struct input *in, int64_t answer)
{
	uint64_t bytes = in->rax == SB_CALL_PRINT || in->rax == SB_CALL_STATUS ? in->rcx
	                 : in->rax == SB_CALL_RESULT ? sizeof(struct sb_result)
	                                             : sizeof(struct sb_counters);
	uint64_t most = in->rax == SB_CALL_STATUS ? SB_STATUS_MAX : SB_PRINT_MAX;
	bool takes = in->rax >= SB_CALL_PRINT && in->rax <= SB_CALL_COUNTERS;
	bool good = bytes <= (in->rax <= SB_CALL_STATUS ? most : bytes) && has(in->rbx, bytes);

	if (in->rax < SB_CALL_PRINT || in->rax > SB_CALL_RAN)
		require(answer == -ENOSYS, "there is no such call");
	else if (in->rax == SB_CALL_RAN)
		require(answer >= 0, "a VM has had the processor for some time");
	else if (!takes)
		require(answer == 0, "a turn or a life can always be ended");
	else if (!good)
		require(answer == -EFAULT, "memory that is not the guest's is refused");
	else
		require(answer == 0 || (answer == -EAGAIN && in->rax == SB_CALL_PRINT) ||
		                (answer == -ENOSPC && in->rax == SB_CALL_RESULT),
		        "a good call is done, or there is no room");
}

static void call(const struct input *in)
{
	struct vcpu_regs *regs = vcpu_regs(vm.vcpu);
	uint64_t written = in->rbx, bytes = 0;

	regs->rax = in->rax;
	regs->rbx = in->rbx;
	regs->rcx = in->rcx;
	regs->rdx = in->rdx;
	memcpy(before, memory, MEMORY);
	exit_call(&vm, VM_EXIT_CALL);
	require_answer(in, (int64_t)regs->rax);
	if (in->rax == SB_CALL_COUNTERS && regs->rax == 0)
		bytes = sizeof(struct sb_counters);
	else
		written = 0;
	require_same(0, written);
	require_same(written + bytes, MEMORY);
	require(strnlen(vm.status, sizeof(vm.status)) <= STATUS, "the status has its end");
	require(vm.done == (in->rax == SB_CALL_EXIT), "a call ends the VM where it was asked to");
	require(vm.output.head - vm.output.tail <= OUTPUT_BYTES,
	        "the output holds no more than it can");
	while (output_waits(&vm.output) && output_print(&vm.output, vm.config.name))
		;
	printed_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	size_t rest;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	begin();
	in.at %= MEMORY;
	rest = size - sizeof(in) < MEMORY - in.at ? size - sizeof(in) : MEMORY - in.at;
	memcpy(memory + in.at, data + sizeof(in), rest);
	if (in.rax > 2 * SB_CALL_RAN && in.rdx & 1)
		in.rax %= SB_CALL_RAN + 2;
	call(&in);
	return 0;
}

enum { CALLS = 3000, TEXT = 600 };

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static uint64_t near(uint32_t *seed)
{
	static const uint64_t places[] = { 0,          HOLE_FIRST,   HOLE_END,      MEMORY,
		                           MEMORY / 2, SB_PRINT_MAX, SB_STATUS_MAX, UINT32_MAX,
		                           UINT64_MAX, 1ull << 63 };

	return places[next(seed) % (sizeof(places) / sizeof(places[0]))] + next(seed) % 1024 - 512;
}

void tries(void)
{
	static uint8_t bytes[sizeof(struct input) + TEXT];
	uint32_t seed = 1;

	for (unsigned i = 0; i < CALLS; i++) {
		struct input in = { next(&seed) % 8, near(&seed),
			            next(&seed) % 2 ? next(&seed) % 600 : near(&seed), next(&seed),
			            next(&seed) };

		memcpy(bytes, &in, sizeof(in));
		for (unsigned n = sizeof(in); n < sizeof(bytes); n++)
			bytes[n] = (uint8_t)next(&seed);
		LLVMFuzzerTestOneInput(bytes, sizeof(bytes));
	}
	printf("calls: %d random calls ... ok\n", CALLS);
}
