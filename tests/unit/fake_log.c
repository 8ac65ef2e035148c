/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the log needs below it, on the host.
 *
 * Rule: nothing is thrown away; powering off ends the test.
 */
#include "tests/unit/fake_log.h"

#include "arch/x86/machine/platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 20];
static size_t length;
static unsigned unshown; /* rows */

void vga_put(const char *more, size_t size)
{
	if (size >= sizeof(text) - length) {
		fprintf(stderr, "a test printed more than %zu bytes\n", sizeof(text));
		abort();
	}
	memcpy(text + length, more, size);
	length += size;
	text[length] = '\0';
	unshown = FAKE_ROWS;
}

bool vga_show(void)
{
	unshown -= unshown > 0;
	return unshown > 0;
}

void vga_write(const char *more, size_t size)
{
	vga_put(more, size);
	unshown = 0;
}

_Noreturn void power_off(int status)
{
	fprintf(stderr, "powered off with status %d; printed: %s\n", status, text);
	abort();
}

const char *printed(void)
{
	return text;
}

void printed_clear(void)
{
	length = 0;
	text[0] = '\0';
}
