/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack with devices whose lines enter other inputs of the controller than their numbers: the
 * timer at input timer=1, the keyboard at input keyboard=0.
 *
 * Rule: vector, IRR, ISR, mask and EOI all go by the input. Bytes of the keyboard come in the order
 * of sending.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

enum { OCW3_READ_IRR = 0x0a, OCW3_READ_ISR = 0x0b, PATIENCE_MS = 3000 };
enum { PIT_RELOAD = PIT_HZ / 1000, TICKS = 200, KEYS = 50, MASKED_MS = 5 };
enum {
	KBC_DATA = 0x60,
	KBC_COMMAND = 0x64,
	KBC_INPUT_FULL = 1 << 1,
	KBC_OUTPUT_FULL = 1 << 0,
	KBC_TRIES = 10000
};
/* 8042: WRITE_MODE writes the next byte to the controller's mode; AS_KEYBOARD puts the next byte
 * where the keyboard's bytes go. Mode: bit 0 interrupt. */
enum {
	KBC_WRITE_MODE = 0x60,
	KBC_AS_KEYBOARD = 0xd2,
	KBC_KEYBOARD_OFF = 0xad,
	KBC_MODE_INTERRUPT = 0x21
};

static unsigned timer_input, keyboard_input;
static volatile uint32_t ticks, keys, out_of_order, out_of_place;

static uint8_t controller(unsigned input, uint8_t which)
{
	uint16_t command = input < 8 ? PIC_MASTER_COMMAND : PIC_SLAVE_COMMAND;

	io_out8(command, which);
	uint8_t value = io_in8(command);
	io_out8(command, OCW3_READ_IRR);
	return value;
}

static bool shows(unsigned input, uint8_t which)
{
	return controller(input, which) >> input % 8 & 1;
}

static void handle_timer(uint64_t tsc)
{
	(void)tsc;
	ticks++;
	out_of_place += !shows(timer_input, OCW3_READ_ISR);
}

static void handle_keyboard(uint64_t tsc)
{
	(void)tsc;
	out_of_order += io_in8(KBC_DATA) != (uint8_t)keys;
	keys++;
	out_of_place += !shows(keyboard_input, OCW3_READ_ISR);
}

static void kbc_write(uint16_t port, uint8_t value)
{
	for (unsigned i = 0; i < KBC_TRIES && io_in8(KBC_COMMAND) & KBC_INPUT_FULL; i++)
		cpu_pause();
	io_out8(port, value);
}

static bool reaches(const volatile uint32_t *count, uint32_t wanted)
{
	uint64_t start = cpu_tsc();

	cpu_interrupts_on();
	while (*count < wanted && !clock_over(start, PATIENCE_MS))
		cpu_pause();
	cpu_interrupts_off();
	return *count >= wanted;
}

/* Returns whether the timer's request shows at the timer's own input and at no other, and comes
 * when the mask opens. */
static bool timer_waits_while_masked(void)
{
	uint64_t start = cpu_tsc();
	uint32_t before;
	bool waits;

	pic_mask(timer_input);
	before = ticks;
	cpu_interrupts_on();
	while (!clock_over(start, MASKED_MS))
		cpu_pause();
	cpu_interrupts_off();
	waits = ticks == before && controller(timer_input, OCW3_READ_IRR) == 1 << timer_input % 8;
	pic_unmask(timer_input);
	return waits && reaches(&ticks, before + 1);
}

static bool keyboard_types(void)
{
	bool comes = true;

	kbc_write(KBC_COMMAND, KBC_KEYBOARD_OFF);
	for (unsigned i = 0; i < KBC_TRIES && io_in8(KBC_COMMAND) & KBC_OUTPUT_FULL; i++)
		io_in8(KBC_DATA);
	kbc_write(KBC_COMMAND, KBC_WRITE_MODE);
	kbc_write(KBC_DATA, KBC_MODE_INTERRUPT);
	pic_unmask(keyboard_input);
	for (uint32_t i = 0; i < KEYS && comes; i++) {
		kbc_write(KBC_COMMAND, KBC_AS_KEYBOARD);
		kbc_write(KBC_DATA, (uint8_t)i);
		comes = reaches(&keys, i + 1);
	}
	pic_mask(keyboard_input);
	return comes && keys == KEYS;
}

void vandal_inputs(const char *argument)
{
	(void)argument;
	timer_input = (unsigned)args_number("timer", 1) % TRAP_LINES;
	keyboard_input = (unsigned)args_number("keyboard", 0) % TRAP_LINES;
	ticks = keys = out_of_order = out_of_place = 0;
	irq_install(timer_input, handle_timer);
	irq_install(keyboard_input, handle_keyboard);
	pit_start(PIT_RELOAD);
	pic_unmask(timer_input);
	bool ticked = reaches(&ticks, TICKS), waited = timer_waits_while_masked(),
	     typed = keyboard_types();
	pic_mask(timer_input);
	uint32_t foreign = irq_count_all() - irq_count(timer_input) - irq_count(keyboard_input);
	vandal_says(
		ticked && waited && typed && out_of_order + out_of_place + foreign == 0,
		"timer at input %u: %u ticks%s; keyboard at input %u: %u keys, %u out of order; %u "
		"foreign",
		timer_input, (unsigned)ticks, waited ? ", held while masked" : "", keyboard_input,
		(unsigned)keys, (unsigned)out_of_order, (unsigned)(out_of_place + foreign));
}
