/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the VMM's own line.
 *
 * Rule: each value is checked against its limits here. No code here looks at the machine.
 */
#include "vmm/config/config_words.h"
#include "vmm/config/words.h"

#include <errno.h>
#include <string.h>

enum { STATUS_MIN = 10, STATUS_MAX = 3600000 }; /* ms */
enum { FRAME_MIN = 1000, FRAME_MAX = 1000000 }; /* us */
enum { SECONDS_MAX = 1000000, BANKS_MAX = 255 };

static int vmm_console(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "com1, vga, auto, none");

	if (choice < 0)
		return choice;
	strcpy(r->vmm->console, value);
	return 0;
}

static int vmm_chipset(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "auto, irqmux, pc, soft, apic");

	if (choice < 0)
		return choice;
	strcpy(r->vmm->chipset, value);
	return 0;
}

static int vmm_banks(struct reader *r, const char *value)
{
	uint64_t number = 0;

	if (config_number(r, value, BANKS_MAX, &number))
		return -EINVAL;
	r->vmm->banks = (unsigned)number;
	return 0;
}

static int vmm_nmi(struct reader *r, const char *value)
{
	_Static_assert(NMI_PANIC == 0 && NMI_LOG == 1, "the list has the enum's order");
	int choice;

	if (strncmp(value, "vm:", 3) == 0) {
		if (config_name(r, value + 3, r->vmm->nmi_vm))
			return -EINVAL;
		r->vmm->nmi = NMI_VM;
		return 0;
	}
	choice = config_choice(r, value, "panic, log, vm:NAME");
	if (choice < 0)
		return choice;
	r->vmm->nmi = (enum nmi_policy)choice;
	return 0;
}

static int vmm_status(struct reader *r, const char *value)
{
	uint64_t us = 0;

	if (config_time(r, value, &us))
		return -EINVAL;
	if (us != 0 && (us / 1000 < STATUS_MIN || us / 1000 > STATUS_MAX))
		return config_refuse(r, "the status line's time is 0, or from 10ms to 3600s");
	r->vmm->status_ms = (uint32_t)(us / 1000);
	return 0;
}

static int vmm_seconds(struct reader *r, const char *value)
{
	uint64_t number = 0;

	if (config_number(r, value, SECONDS_MAX, &number))
		return -EINVAL;
	r->vmm->seconds = (uint32_t)number;
	return 0;
}

static int vmm_jitter(struct reader *r, const char *value)
{
	uint64_t number = 0;

	if (config_number(r, value, UINT32_MAX, &number))
		return -EINVAL;
	r->vmm->jitter = (uint32_t)number;
	return 0;
}

static int vmm_mitigations(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "auto, off");

	if (choice < 0)
		return choice;
	r->vmm->mitigations_off = choice == 1;
	return 0;
}

static int vmm_keyboard(struct reader *r, const char *value)
{
	_Static_assert(KEYBOARD_AUTO == 0 && KEYBOARD_ON == 1 && KEYBOARD_OFF == 2,
	               "the list has the enum's order");
	int choice = config_choice(r, value, "auto, on, off");

	if (choice < 0)
		return choice;
	r->vmm->keyboard = (enum keyboard_use)choice;
	return 0;
}

static int vmm_end(struct reader *r, const char *value)
{
	_Static_assert(END_AUTO == 0 && END_WAIT == 1 && END_OFF == 2 && END_HALT == 3,
	               "the list has the enum's order");
	int choice = config_choice(r, value, "auto, wait, off, halt");

	if (choice < 0)
		return choice;
	r->vmm->end = (enum end_policy)choice;
	return 0;
}

static int vmm_trace(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "off, on");

	if (choice < 0)
		return choice;
	r->vmm->trace_on = choice == 1;
	return 0;
}

static int vmm_frame(struct reader *r, const char *value)
{
	uint64_t us = 0;

	if (config_time(r, value, &us))
		return -EINVAL;
	if (us < FRAME_MIN || us > FRAME_MAX)
		return config_refuse(r, "a frame is from 1ms to 1s");
	r->vmm->frame_us = (uint32_t)us;
	return 0;
}

static int vmm_stay(struct reader *r, const char *value)
{
	(void)value;
	r->vmm->stay = 1;
	return 0;
}

const struct keyword config_vmm_words[] = {
	{ "console", false, vmm_console }, { "chipset", false, vmm_chipset },
	{ "nmi", false, vmm_nmi },         { "status", false, vmm_status },
	{ "seconds", false, vmm_seconds }, { "jitter", false, vmm_jitter },
	{ "banks", false, vmm_banks },     { "stay", true, vmm_stay },
	{ "frame", false, vmm_frame },     { "keyboard", false, vmm_keyboard },
	{ "end", false, vmm_end },         { "mitigations", false, vmm_mitigations },
	{ "trace", false, vmm_trace },     { "", false, NULL },
};
