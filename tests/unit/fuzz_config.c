/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as configuration lines: libFuzzer where clang is, else a loop of random lines made of
 * likely pieces.
 *
 * Rule: whatever comes in, what comes out is within the limits that config.h states, and an error
 * has a printable message.
 */
#include "tests/unit/fuzz.h"
#include "vmm/config/config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                      \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

static void require_message(int error, const char *err, size_t size)
{
	size_t length = strnlen(err, size);

	REQUIRE(length < size);
	REQUIRE((error == 0) == (length == 0));
	for (size_t i = 0; i < length; i++)
		REQUIRE(err[i] >= ' ' && err[i] <= '~');
}

static void require_text(const char *text, size_t size)
{
	REQUIRE(strnlen(text, size) < size);
}

static void require_ranges(const struct config_range *range, unsigned count, uint64_t limit)
{
	REQUIRE(count <= CONFIG_RANGES_MAX);
	for (unsigned i = 0; i < count; i++)
		REQUIRE(range[i].first <= range[i].last && range[i].last <= limit);
}

static void parse_vmm(const char *line)
{
	struct vmm_config vmm;
	char err[160];

	memset(&vmm, 0xa5, sizeof(vmm));
	require_message(config_parse_vmm(line, &vmm, err, sizeof(err)), err, sizeof(err));
	require_text(vmm.console, sizeof(vmm.console));
	require_text(vmm.chipset, sizeof(vmm.chipset));
	require_text(vmm.nmi_vm, sizeof(vmm.nmi_vm));
	REQUIRE(vmm.nmi == NMI_PANIC || vmm.nmi == NMI_LOG || vmm.nmi == NMI_VM);
	REQUIRE(vmm.banks <= 255);
	REQUIRE(vmm.status_ms <= 3600000 && vmm.seconds <= 1000000 &&
	        (vmm.stay == 0 || vmm.stay == 1));
}

static void parse_of(unsigned n, const char *line)
{
	struct of_config of;
	char err[160];

	memset(&of, 0xa5, sizeof(of));
	require_message(config_parse_of(n, line, &of, err, sizeof(err)), err, sizeof(err));
	require_text(of.vm, sizeof(of.vm));
	require_text(of.line, sizeof(of.line));
	(void)config_is_of(line);
}

static void parse_vm(unsigned n, const char *line, struct vm_config *vm)
{
	char err[160];

	memset(vm, 0xa5, sizeof(*vm));
	require_message(config_parse_vm(n, line, vm, err, sizeof(err)), err, sizeof(err));
	require_text(vm->name, sizeof(vm->name));
	REQUIRE(vm->name[0] != '\0');
	require_text(vm->guest, sizeof(vm->guest));
	REQUIRE(vm->memory >= 1 << 20 && vm->memory <= UINT64_C(3) << 30 && vm->memory % 4096 == 0);
	REQUIRE(vm->priority <= 15 && vm->slice_us >= 100 && vm->slice_us <= 1000000);
	REQUIRE(!line_in(vm->lines, LINE_CASCADE));
	for (unsigned line = 0; line < LINES; line++) {
		bool moved = line_input(vm->controller_input, line) != line;

		REQUIRE(!moved || (line_in(vm->lines, line) &&
		                   line_input(vm->controller_input, line) != LINE_CASCADE));
	}
	REQUIRE(vm->onfault == FAULT_LOG || vm->onfault == FAULT_STOP ||
	        vm->onfault == FAULT_RESTART);
	REQUIRE(vm->share == 0 || vm->share == 1);
	require_ranges(vm->io, vm->io_count, 0xffff);
	require_ranges(vm->mmio, vm->mmio_count, (UINT64_C(1) << 46) - 1);
}

/* A bit of the VMM block's status tells of one VM's lines, or of the VMM's own. */
static void require_inputs(const struct vm_config *a, const struct vm_config *b)
{
	for (unsigned n = 0; n < LINES; n++) {
		unsigned input = line_input(b->block_input, n);

		if (!line_in(b->lines, n)) {
			REQUIRE(input == n);
			continue;
		}
		REQUIRE(input != 4);
		for (unsigned m = 0; m < LINES; m++)
			if (line_in(a->lines, m))
				REQUIRE((line_input(a->block_input, m) == input) == (m == n));
	}
}

static void parse_lines(char *first)
{
	char *second = strchr(first, '\n');
	struct vm_config a, b;
	const struct vm_config *accepted[] = { &a };
	char err[160];
	int error;

	if (second)
		*second++ = '\0';
	else
		second = first;
	parse_vmm(first);
	parse_of(1, first);
	parse_vm(1, first, &a);
	parse_vm(2, second, &b);
	error = config_check_vm(2, &b, accepted, 1, LINE(4), err, sizeof(err));
	require_message(error, err, sizeof(err));
	/* VMs with a PIT each have line 0 each. */
	line_set own_pits = a.pit && b.pit ? LINE(0) : 0;
	if (error == 0 && !(a.share && b.share))
		REQUIRE((a.lines & b.lines & ~own_pits) == 0 && strcmp(a.name, b.name) != 0);
	if (error == 0) {
		REQUIRE(!(b.lines & LINE(4)));
		require_inputs(&a, &b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);

	memcpy(line, data, size);
	line[size] = '\0';
	parse_lines(line);
	free(line);
	return 0;
}

#ifndef WITH_LIBFUZZER
enum { LINES_TRIED = 100000, LINE_BYTES = 1200 };

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static size_t random_line(uint32_t *seed, char *line, size_t size)
{
	static const char *const pieces[] = {
		"vm=",        "mem=",
		"prio=",      "slice=",
		"irq=",       "io=",
		"mmio=",      "block=",
		"routes=",    "exit",
		"banks=",     ":",
		"irq=3:",     "block=3:",
		"share",      "onfault=",
		"args=",      "--",
		"log",        "restart",
		"nmi=",       "vm:",
		"stay",       "status=",
		"0x",         "0",
		"15",         "16",
		"2",          "3",
		"4",          "0x3f8",
		"0xb8000",    "-",
		",",          " ",
		"  ",         "\"",
		"\\",         "\n",
		"=",          "K",
		"M",          "G",
		"us",         "ms",
		"s",          "a",
		"pulse",      "99999999999999999999",
		"0xfff",      "console=com1",
		"chipset=pc", "/boot/x",
	};
	size_t length = 0, count = next(seed) % 60;

	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[next(seed) % (sizeof(pieces) / sizeof(pieces[0]))];
		size_t bytes = strlen(piece), times = next(seed) % 32 == 0 ? 40 : 1;

		for (; times > 0 && length + bytes < size; times--, length += bytes)
			memcpy(line + length, piece, bytes);
		if (next(seed) % 8 == 0 && length < size)
			line[length++] = (char)next(seed);
	}
	return length;
}

int main(void)
{
	char line[LINE_BYTES] = "";
	uint32_t seed = 1;

	for (unsigned i = 0; i < LINES_TRIED; i++)
		LLVMFuzzerTestOneInput((const uint8_t *)line,
		                       random_line(&seed, line, sizeof(line)));
	printf("config: %d random lines ... ok\n", LINES_TRIED);
	return 0;
}
#endif
