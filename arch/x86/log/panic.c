/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The panic: the last words, and the end of the machine.
 *
 * Rule: a panic during a panic prints only where printing cannot fail.
 */
#include "arch/x86/log/log.h"
#include "arch/x86/log/log_parts.h"
#include "arch/x86/machine/platform.h"

/* Ends a second panic: the printing of the first panic has failed. The message goes where printing
 * cannot fail, and the machine stops. */
static void panic_once(void)
{
	static const char twice[] = "\nsignalbox: panic inside a panic\n";
	static bool panicking;

	if (panicking) {
		log_ring_write(twice, sizeof(twice) - 1);
		vga_write(twice, sizeof(twice) - 1);
		power_off(1);
	}
	panicking = true;
}

void panic(const char *format, ...)
{
	va_list arguments;

	panic_once();
	va_start(arguments, format);
	log_line_write(LOG_PREFIX "panic: ", format, arguments);
	va_end(arguments);
	log_line("end: status 1");
	log_urgent();
	power_off(1);
}
