/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console whole, on a UART that is made of two buffers. See the header for the rule.
 */
#include "tests/unit/console_kit.h"

#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/fake_log.h"
#include "vmm/core/background.h"
#include "vmm/operator/console.h"
#include "vmm/operator/typing.h"

#include <string.h>

volatile uint8_t work_open;
bool work_inside = true;
struct console_kit kit;
static bool wanted;

void work_pause(void)
{
}

void background_want(void)
{
	wanted = true;
}

void background_wake(void)
{
}

void background_point(void)
{
	kit.points++;
}

/* The VMs run meanwhile, and the UART sends. */
void background_sleep(uint64_t until)
{
	(void)until;
	kit.sleeps++;
	let_it_run();
}

uint64_t tsc_from_us(uint64_t us)
{
	return us;
}

void type(const char *keys)
{
	size_t length = strlen(keys);

	memcpy(com1.keys, keys, length);
	com1.key_first = 0;
	com1.key_end = length;
	wanted = false;
	while (line_high())
		console_interrupt();
	assert_true(length == 0 || wanted);
	while (typing_step())
		;
}

void let_it_run(void)
{
	for (unsigned i = 0; i < 2000 && (com1.in_fifo > 0 || line_high()); i++) {
		fifo_runs_empty();
		if (line_high())
			console_interrupt();
	}
	assert_false(line_high());
}

int console_begin(void **state)
{
	(void)state;
	com1.absent = com1.stuck = false;
	com1.polled = true;
	fake_vmm_reset();
	assert_int_equal(console_init("com1"), 0);
	log_bytes("\n", 1); /* the test before may have stopped in the middle of a line */
	console_flush();
	com1.polled = false;
	console_set_interrupts(true);
	let_it_run();
	com1.room_asked = 0;
	memset(&kit, 0, sizeof(kit));
	work_inside = true;
	wire_clear();
	printed_clear();
	return 0;
}

void command(const char *line)
{
	type(line);
	let_it_run();
	wire_clear();
	printed_clear();
	type("\r");
	let_it_run();
}
