/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vandal's list of attacks: do=LIST, e.g. do=cpuid,msr,port=0x3f8. Other words: seconds=1 or
 * ms=1000 for attacks of a given length, base=0x20.
 *
 * Rule: attacks run in the list's order. An attack that ends the guest ends the list.
 */
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/registers.h"
#include "guests/lib/report.h"
#include "guests/vandal/vandal.h"

#include "arch/x86/cpu/io.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HOLD_ROUNDS = 5000 };

static const char *doing = "";

void vandal_says(bool ok, const char *what, ...)
{
	char text[144];
	va_list list;
	int length = snprintf(text, sizeof(text), "vandal: do=%s: ", doing);

	va_start(list, what);
	vsnprintf(text + length, sizeof(text) - (size_t)length, what, list);
	va_end(list);
	report(ok, text, "this is not for a guest");
}

void vandal_goes(const char *what)
{
	machine_print("vandal: do=%s: %s\n", doing, what);
}

uint64_t vandal_number(const char *argument, const char *name, uint64_t otherwise)
{
	uint64_t number;

	return args_parse(argument, &number) ? number : args_number(name, otherwise);
}

static uint64_t length_ms(const char *argument)
{
	return args_number("ms", vandal_number(argument, "seconds", 1) * 1000);
}

bool vandal_time_over(uint64_t start, const char *argument)
{
	return clock_over(start, length_ms(argument));
}

static void deed_none(const char *argument)
{
	uint64_t ran = machine_ran(), start = cpu_tsc();
	unsigned wrong = 0, rounds = 0;

	do
		wrong += registers_hold(start + rounds++, HOLD_ROUNDS);
	while (!vandal_time_over(start, argument));
	uint64_t all = cpu_tsc() - start;
	ran = machine_ran() - ran;
	machine_print("time ticks=%lu ran=%lu stolen=%lu\n", all, ran, all > ran ? all - ran : 0);
	vandal_says(wrong == 0, "%u rounds of computing, %u registers wrong", rounds, wrong);
}

enum { BATCH = 64 };

static void deed_yield(const char *argument)
{
	uint64_t start = cpu_tsc(), length = length_ms(argument);
	unsigned rounds = 0;

	/* In batches: the partner's probe measures the switch, not the loop's reading of the
	 * clock. */
	do {
		for (unsigned i = 0; i < BATCH; i++)
			machine_yield();
		rounds += BATCH;
	} while (!clock_over(start, length));
	vandal_says(true, "yielded %u times", rounds);
}

static void deed_cpuid(const char *argument)
{
	uint64_t start = cpu_tsc();
	uint32_t highest = cpu_id(0, 0).eax;
	unsigned rounds = 0, wrong = 0;
	uint32_t random = 1;

	do {
		for (unsigned i = 0; i < BATCH; i++) {
			wrong += cpu_id(0, 0).eax != highest;
			/* Pauses without a rhythm: other VMs' interrupts fall at every point of the
			 * exit and the entry. */
			random = random * 1664525 + 1013904223;
			for (uint32_t pause = random >> 27; pause > 0; pause--)
				__asm__ volatile("");
		}
		rounds += BATCH;
	} while (!vandal_time_over(start, argument));
	vandal_says(wrong == 0, "%u times CPUID, %u answers wrong", rounds, wrong);
}

static const struct {
	const char *name;
	attack *run;
} attacks[] = {
	{ "none", deed_none },
	{ "yield", deed_yield },
	{ "cpuid", deed_cpuid },
	{ "vmx", vandal_vmx },
	{ "msr", vandal_msr },
	{ "cr", vandal_cr },
	{ "xsetbv", vandal_xsetbv },
	{ "xsave", vandal_xsave },
	{ "debugreg", vandal_debugreg },
	{ "port", vandal_port },
	{ "memory", vandal_memory },
	{ "pci", vandal_pci },
	{ "call", vandal_call },
	{ "unmask", vandal_unmask },
	{ "reinit", vandal_reinit },
	{ "inservice", vandal_inservice },
	{ "icw1", vandal_icw1 },
	{ "triple", vandal_triple },
	{ "spin", vandal_spin },
	{ "clihlt", vandal_clihlt },
	{ "hlt", vandal_hlt },
	{ "taskswitch", vandal_taskswitch },
	{ "ports", vandal_ports },
	{ "initialisations", vandal_initialisations },
	{ "polls", vandal_polls },
	{ "elcr", vandal_elcr },
	{ "levels", vandal_levels },
	{ "modes", vandal_modes },
	{ "apicstate", vandal_apicstate },
	{ "apicjunk", vandal_apicjunk },
	{ "wide", vandal_wide },
	{ "registers", vandal_registers },
	{ "inputs", vandal_inputs },
	{ "stream", vandal_stream },
	{ "nmi", vandal_nmi },
	{ "vectors", vandal_vectors },
	{ "prints", vandal_prints },
	{ "denied", vandal_denied },
	{ "msrs", vandal_msrs },
	{ "cpuids", vandal_cpuids },
	{ "faults", vandal_faults },
	{ "restarts", vandal_restarts },
	{ "debug", vandal_debug },
	{ "align", vandal_align },
	{ "pitstorm", vandal_pitstorm },
	{ "idle", vandal_idle },
	{ "a20", vandal_a20 },
	{ "reset", vandal_reset },
	{ "nmimask", vandal_nmimask },
	{ "probe", vandal_probe },
	{ "absent", vandal_absent },
	{ "frames", vandal_frames },
	{ "caches", vandal_caches },
	{ "steps", vandal_steps },
	{ "tasks", vandal_tasks },
	{ "taskfile", vandal_taskfile },
	{ "campaign", vandal_campaign },
	{ "poison", vandal_poison },
	{ "clean", vandal_clean },
	{ "ring3", vandal_ring3 },
	{ "exits", vandal_exits },
	{ "x87", vandal_x87 },
	{ "taskstorm", vandal_taskstorm },
	{ "edges", vandal_edges },
	{ "nmihlt", vandal_nmihlt },
	{ "nmidead", vandal_nmidead },
	{ "ram", vandal_ram },
	{ "breakpoint", vandal_breakpoint },
};

static attack *find(const char *name)
{
	for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (strcmp(attacks[i].name, name) == 0)
			return attacks[i].run;
	return NULL;
}

int guest_main(void)
{
	char list[160], name[24], argument[24];
	const char *rest = list;

	pic_init((uint8_t)args_number("base", PIC_BASE), PIC_EOI_SPECIFIC);
	machine_print("vandal: words: %s\n", args_line());
	if (!args_text("do", list, sizeof(list)))
		strcpy(list, "none");
	while (args_item(&rest, name, argument, sizeof(name))) {
		attack *run = find(name);

		doing = name;
		if (run != NULL)
			run(argument);
		else
			report(false, name, "vandal knows no such attack");
	}
	return report_end("vandal");
}
