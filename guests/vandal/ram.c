/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test of the guest's own RAM above 4 GiB: RAM is where the loader's map says, clear at the
 * start, and each page keeps its own value. Around the RAM is absent memory. The VMM takes a call's
 * text from there.
 *
 * Rule: every page is written before any page is read back, so a page that lies at two addresses
 * shows.
 */
#include "guests/lib/machine.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { PAGE_BYTES = 4096, PAGE_WORDS = PAGE_BYTES / 8 };

/* Returns the words of a page that are not value; the first word may be first instead. */
static unsigned differs(uint64_t page, uint64_t first, uint64_t value)
{
	volatile uint64_t *at = machine_window(page);
	unsigned wrong = at[0] != first;

	for (unsigned i = 1; i < PAGE_WORDS; i++)
		wrong += at[i] != value;
	return wrong;
}

/* Prints a text that lies at the end of the RAM, and has a text refused that goes on behind. */
static bool calls_are_taken(uint64_t end)
{
	static const char text[] = "vandal: this text lies above 4 GiB\n";
	const uint64_t at = end - (sizeof(text) - 1);
	volatile char *to = machine_window(at);

	for (unsigned i = 0; i < sizeof(text) - 1; i++)
		to[i] = text[i];
	return machine_call(SB_CALL_PRINT, at, sizeof(text) - 1, 0) == 0 &&
	       machine_call(SB_CALL_PRINT, at, sizeof(text), 0) != 0;
}

void vandal_ram(const char *argument)
{
	const struct machine_ram *ram = machine_high_ram();
	const uint64_t end = ram->first + ram->bytes;
	unsigned wrong = 0;

	(void)argument;
	for (uint64_t page = ram->first; page < end; page += PAGE_BYTES) {
		wrong += differs(page, 0, 0);
		*(volatile uint64_t *)machine_window(page) = page;
	}
	for (uint64_t page = ram->first; page < end; page += PAGE_BYTES)
		wrong += differs(page, page, 0);
	wrong += differs(ram->first - PAGE_BYTES, UINT64_MAX, UINT64_MAX);
	wrong += differs(end, UINT64_MAX, UINT64_MAX);
	bool taken = calls_are_taken(end);
	vandal_says(ram->bytes != 0 && wrong == 0 && taken,
	            "%luK of RAM from %lx on, %luK below; %u words are wrong, a call is %s",
	            (unsigned long)(ram->bytes >> 10), (unsigned long)ram->first,
	            (unsigned long)(ram->low >> 10), wrong, taken ? "taken" : "refused");
}
