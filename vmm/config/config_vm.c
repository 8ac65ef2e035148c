/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of a module's line: one VM.
 *
 * Rule: faults of the line itself are refused here. Faults that depend on the other VMs are for
 * config_check.c.
 */
#include "vmm/config/config_words.h"
#include "vmm/config/words.h"

#include <errno.h>
#include <string.h>

#define MEMORY_MIN (UINT64_C(1) << 20)
#define MEMORY_MAX (UINT64_C(511) << 30) /* the VMM uses RAM below 512 GiB (frames.c) */
#define MEMORY_UNIT UINT64_C(4096)
#define MMIO_LAST ((UINT64_C(1) << 46) - 1) /* the addresses of a 64-bit processor of today */

enum { PRIORITY_MAX = 15, PORT_LAST = 0xffff };
enum { SLICE_MIN = 100, SLICE_MAX = 1000000 };                      /* us */
enum { BUDGET_MIN = 100, PERIOD_MIN = 1000, PERIOD_MAX = 1000000 }; /* us */
enum { WAKEUPS_MAX = 100000 };

static int vm_name(struct reader *r, const char *value)
{
	return config_name(r, value, r->vm->name);
}

static int vm_memory(struct reader *r, const char *value)
{
	uint64_t bytes;

	switch (size_parse(value, &bytes)) {
	case 0:
		break;
	case -ERANGE:
		return config_refuse(r, "more than 511G");
	default:
		return config_refuse(r, "a size is a number and K, M or G, as in 16M");
	}
	if (bytes < MEMORY_MIN)
		return config_refuse(r, "less than 1M");
	if (bytes > MEMORY_MAX)
		return config_refuse(r, "more than 511G");
	if (bytes % MEMORY_UNIT)
		return config_refuse(r, "not a multiple of 4K");
	r->vm->memory = bytes;
	return 0;
}

static int vm_type(struct reader *r, const char *value)
{
	_Static_assert(GUEST_MULTIBOOT == 0 && GUEST_LINUX == 1 && GUEST_BIOS == 2,
	               "the list has the enum's order");
	int choice = config_choice(r, value, "multiboot, linux, bios");

	if (choice < 0)
		return choice;
	r->vm->type = (enum guest_type)choice;
	r->vm->pc |= choice != GUEST_MULTIBOOT;
	return 0;
}

static int vm_priority(struct reader *r, const char *value)
{
	uint64_t number = 0;

	if (config_number(r, value, PRIORITY_MAX, &number))
		return -EINVAL;
	r->vm->priority = (unsigned)number;
	return 0;
}

static int vm_slice(struct reader *r, const char *value)
{
	uint64_t us = 0;

	if (config_time(r, value, &us))
		return -EINVAL;
	if (us < SLICE_MIN || us > SLICE_MAX)
		return config_refuse(r, "a slice is from 100us to 1s");
	r->vm->slice_us = (uint32_t)us;
	return 0;
}

/* Splits AMOUNT/PERIOD, and parses the period into microseconds. said: an example. Returns 0, or
 * -EINVAL with the reason noted. */
static int parse_share(struct reader *r, const char *value, const char *said, char amount[ITEM_MAX],
                       uint32_t *period)
{
	const char *slash = strchr(value, '/');
	uint64_t us = 0;

	if (slash == NULL || slash - value >= ITEM_MAX)
		return config_refuse(r, "it is so much in each period, as in %s", said);
	memcpy(amount, value, (size_t)(slash - value));
	amount[slash - value] = '\0';
	if (config_time(r, slash + 1, &us))
		return -EINVAL;
	if (us < PERIOD_MIN || us > PERIOD_MAX)
		return config_refuse(r, "a period is from 1ms to 1s");
	*period = (uint32_t)us;
	return 0;
}

static int vm_budget(struct reader *r, const char *value)
{
	char amount[ITEM_MAX];
	uint32_t period;
	uint64_t us = 0;

	if (parse_share(r, value, "2ms/10ms", amount, &period) || config_time(r, amount, &us))
		return -EINVAL;
	if (us > period)
		return config_refuse(r, "the budget is longer than its period");
	if (us < BUDGET_MIN)
		return config_refuse(r, "a budget is 100us at least");
	r->vm->budget_us = (uint32_t)us;
	r->vm->period_us = period;
	return 0;
}

static int vm_wakeups(struct reader *r, const char *value)
{
	char amount[ITEM_MAX];
	uint32_t window;
	uint64_t number = 0;

	if (parse_share(r, value, "5/10ms", amount, &window) ||
	    config_number(r, amount, WAKEUPS_MAX, &number))
		return -EINVAL;
	if (number == 0)
		return config_refuse(r, "at least 1; without the word there is no limit");
	r->vm->wakeups = (uint32_t)number;
	r->vm->window_us = window;
	return 0;
}

/* Parses a line's number or a range of numbers: first and last. */
static int parse_lines(struct reader *r, const char *item, uint64_t *first, uint64_t *last)
{
	char shown[SHOWN_MAX];
	int error = range_parse(item, first, last);

	if (item[0] == '\0')
		return config_refuse(r, "a line's number is missing");
	if (error == -EINVAL)
		return config_refuse(r, "%s is not a number or a range", word_shown(item, shown));
	if (error || *last >= LINES || *first >= LINES)
		return config_refuse(r, "%s is not a line (0-15)", word_shown(item, shown));
	if (*first > *last)
		return config_refuse(r, "%s runs backwards", word_shown(item, shown));
	return 0;
}

/* Parses the text after the colon in LINE:INPUT. */
static int parse_input(struct reader *r, const char *text, uint64_t *input)
{
	char shown[SHOWN_MAX];

	int error = number_parse(text, input);

	if (text[0] == '\0')
		return config_refuse(r, "an input's number is missing");
	if (error == -EINVAL)
		return config_refuse(r, "%s is not an input's number", word_shown(text, shown));
	if (error || *input >= LINES)
		return config_refuse(r, "there is no input %s (0-15)", word_shown(text, shown));
	return 0;
}

/* Adds an item of irq=: LINE, FIRST-LAST or LINE:INPUT. */
static int add_lines(struct reader *r, char *item, line_set *lines, uint64_t *inputs)
{
	uint64_t first, last, input;
	char *colon = strchr(item, ':');

	if (colon)
		*colon = '\0';
	if (parse_lines(r, item, &first, &last) || (colon && parse_input(r, colon + 1, &input)))
		return -EINVAL;
	if (colon && first != last)
		return config_refuse(r, "%s:%s: one line has one input", item, colon + 1);
	if (colon && input == LINE_CASCADE)
		return config_refuse(r, "input 2 joins the two 8259s; no line can enter there");
	for (unsigned n = (unsigned)first; n <= last; n++) {
		if (n == LINE_CASCADE)
			return config_refuse(r, "line 2 joins the two 8259s; no device is on it");
		if (line_in(*lines, n))
			return config_refuse(r, "line %u is in the list twice", n);
		*lines |= LINE(n);
		if (colon)
			*inputs = line_set_input(*inputs, n, (unsigned)input);
	}
	return 0;
}

static int vm_lines(struct reader *r, const char *value)
{
	line_set lines = 0;
	uint64_t inputs = LINE_INPUTS_OWN;
	char item[ITEM_MAX];

	while (item_next(&value, item))
		if (add_lines(r, item, &lines, &inputs))
			return -EINVAL;
	r->vm->lines = lines;
	r->vm->controller_input = inputs;
	return 0;
}

static int vm_block(struct reader *r, const char *value)
{
	uint64_t inputs = LINE_INPUTS_OWN, line, last, input;
	line_set named = 0;
	char item[ITEM_MAX], shown[SHOWN_MAX];

	while (item_next(&value, item)) {
		char *colon = strchr(item, ':');
		if (colon == NULL)
			return config_refuse(r, "%s is not LINE:INPUT", word_shown(item, shown));
		*colon = '\0';
		if (parse_lines(r, item, &line, &last) || parse_input(r, colon + 1, &input))
			return -EINVAL;
		if (line != last)
			return config_refuse(r, "%s:%s: one line has one input", item, colon + 1);
		if (line_in(named, (unsigned)line))
			return config_refuse(r, "line %u is in the list twice", (unsigned)line);
		named |= LINE(line);
		inputs = line_set_input(inputs, (unsigned)line, (unsigned)input);
	}
	r->vm->block_input = inputs;
	return 0;
}

static int vm_routes(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "entry, exit");

	if (choice < 0)
		return choice;
	r->vm->routes_at_exit = choice;
	return 0;
}

static bool overlap(const struct config_range *list, unsigned count,
                    const struct config_range *range)
{
	for (unsigned i = 0; i < count; i++)
		if (range->first <= list[i].last && list[i].first <= range->last)
			return true;
	return false;
}

/* Parses a list of ranges into list. limit: the last possible value; unit: begin and end have to be
 * multiples of it. */
static int parse_ranges(struct reader *r, const char *value, uint64_t limit, uint64_t unit,
                        struct config_range *list, unsigned *count)
{
	char item[ITEM_MAX], shown[SHOWN_MAX];
	unsigned n = 0;

	while (item_next(&value, item)) {
		struct config_range range;
		int error = range_parse(item, &range.first, &range.last);

		if (item[0] == '\0')
			return config_refuse(r, "an address is missing");
		word_shown(item, shown);
		if (error == -EINVAL)
			return config_refuse(r, "%s is not a number or a range", shown);
		if (error || range.first > limit || range.last > limit)
			return config_refuse(r, "%s is above 0x%lx", shown, (unsigned long)limit);
		if (range.first > range.last)
			return config_refuse(r, "%s runs backwards", shown);
		if (range.first % unit || (range.last + 1) % unit)
			return config_refuse(r, "%s is not whole pages (0x...000-0x...fff)", shown);
		if (overlap(list, n, &range))
			return config_refuse(r, "%s is in the list twice", shown);
		if (n == CONFIG_RANGES_MAX)
			return config_refuse(r, "more than %d ranges", CONFIG_RANGES_MAX);
		list[n++] = range;
	}
	*count = n;
	return 0;
}

static int vm_ports(struct reader *r, const char *value)
{
	return parse_ranges(r, value, PORT_LAST, 1, r->vm->io, &r->vm->io_count);
}

static int vm_mmio(struct reader *r, const char *value)
{
	return parse_ranges(r, value, MMIO_LAST, MEMORY_UNIT, r->vm->mmio, &r->vm->mmio_count);
}

static int vm_share(struct reader *r, const char *value)
{
	(void)value;
	r->vm->share = 1;
	return 0;
}

static int vm_pc(struct reader *r, const char *value)
{
	(void)value;
	r->vm->pc = true;
	return 0;
}

static int vm_acpi(struct reader *r, const char *value)
{
	r->vm->acpi = true;
	return vm_pc(r, value);
}

/* A PIT brings its line. */
static int vm_pit(struct reader *r, const char *value)
{
	(void)value;
	r->vm->pit = true;
	return 0;
}

static int vm_ticks(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "merge, all");

	if (choice < 0)
		return choice;
	r->vm->ticks_all = choice;
	return 0;
}

static int vm_uart(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "com1");

	if (choice < 0)
		return choice;
	r->vm->uart = true;
	return 0;
}

static const char *const trust_names[] = { "dma", "nmi", "reset" };

const char *config_trust_name(enum trust trust)
{
	return trust_names[__builtin_ctz(trust)];
}

static int vm_trust(struct reader *r, const char *value)
{
	unsigned trust = 0;
	char item[ITEM_MAX];

	while (item_next(&value, item)) {
		int choice = config_choice(r, item, "dma, nmi, reset");
		if (choice < 0)
			return choice;
		trust |= 1u << choice;
	}
	r->vm->trust = trust;
	return 0;
}

/* Parses a hexadecimal number of at most two digits before the character end, as in 0:1f.2. Returns
 * the text after end, or NULL where there is no such number. */
static const char *parse_hex(const char *text, char end, unsigned limit, unsigned *number)
{
	static const char digits[] = "0123456789abcdef";
	unsigned count = 0;

	for (*number = 0; *text != end; text++, count++) {
		const char *digit = *text != '\0' ? strchr(digits, *text) : NULL;
		if (digit == NULL || count == 2)
			return NULL;
		*number = *number * 16 + (unsigned)(digit - digits);
	}
	return count == 0 || *number > limit ? NULL : text + 1;
}

/* Parses a list of PCI functions. */
static int parse_functions(struct reader *r, const char *value, uint16_t list[CONFIG_FUNCTIONS_MAX],
                           unsigned *functions)
{
	enum { BUS_MAX = 255, DEVICE_MAX = 31, FUNCTION_MAX = 7 };
	char item[ITEM_MAX], shown[SHOWN_MAX];
	unsigned n = 0, bus, device, function;

	while (item_next(&value, item)) {
		const char *at = parse_hex(item, ':', BUS_MAX, &bus);
		if (at != NULL)
			at = parse_hex(at, '.', DEVICE_MAX, &device);
		if (at != NULL)
			at = parse_hex(at, '\0', FUNCTION_MAX, &function);
		if (at == NULL)
			return config_refuse(r, "%s is not BUS:DEVICE.FUNCTION, as in 0:1f.2",
			                     word_shown(item, shown));
		if (n == CONFIG_FUNCTIONS_MAX)
			return config_refuse(r, "more than %d functions", CONFIG_FUNCTIONS_MAX);
		list[n] = (uint16_t)(bus << 8 | device << 3 | function);
		for (unsigned i = 0; i < n; i++)
			if (list[i] == list[n])
				return config_refuse(r, "%s is in the list twice",
				                     word_shown(item, shown));
		n++;
	}
	*functions = n;
	return 0;
}

static int vm_busmaster(struct reader *r, const char *value)
{
	return parse_functions(r, value, r->vm->busmaster, &r->vm->busmaster_count);
}

static int vm_pci(struct reader *r, const char *value)
{
	return parse_functions(r, value, r->vm->pci, &r->vm->pci_count);
}

static int vm_dma(struct reader *r, const char *value)
{
	int choice = config_choice(r, value, "unsafe");

	r->vm->dma_unsafe = choice == 0;
	return choice < 0 ? choice : 0;
}

static int vm_onfault(struct reader *r, const char *value)
{
	_Static_assert(FAULT_LOG == 0 && FAULT_STOP == 1 && FAULT_RESTART == 2,
	               "the list has the enum's order");
	int choice = config_choice(r, value, "log, stop, restart");

	if (choice < 0)
		return choice;
	r->vm->onfault = (enum fault_policy)choice;
	return 0;
}

static int vm_guest_text(struct reader *r, const char *value)
{
	return config_text(r, value, r->vm->guest);
}

const struct keyword config_vm_words[] = {
	{ "vm", false, vm_name },
	{ "type", false, vm_type },
	{ "mem", false, vm_memory },
	{ "prio", false, vm_priority },
	{ "slice", false, vm_slice },
	{ "budget", false, vm_budget },
	{ "wakeups", false, vm_wakeups },
	{ "irq", false, vm_lines },
	{ "io", false, vm_ports },
	{ "mmio", false, vm_mmio },
	{ "share", true, vm_share },
	{ "pc", true, vm_pc },
	{ "onfault", false, vm_onfault },
	{ "block", false, vm_block },
	{ "routes", false, vm_routes },
	{ "args", false, vm_guest_text },
	{ "trust", false, vm_trust },
	{ "busmaster", false, vm_busmaster },
	{ "pci", false, vm_pci },
	{ "dma", false, vm_dma },
	{ "pit", true, vm_pit },
	{ "ticks", false, vm_ticks },
	{ "uart", false, vm_uart },
	{ "acpi", true, vm_acpi },
	{ "", false, NULL }, /* the end */
};
