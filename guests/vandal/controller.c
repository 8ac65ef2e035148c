/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks at the interrupt controller: every line unmasked, initialisation over and over,
 * initialisation begun and abandoned.
 *
 * Rule: the guest may use its controller at will. But the guest may not get another VM's interrupt,
 * and the guest's own line (COM2, line 3) must go on working. Word own=3,...: this guest's lines.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/clock.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/vandal/vandal.h"

enum { ICW1 = 0x11, VECTOR_FIRST = 0x20, VECTOR_STEP = 0x10, VECTOR_SETS = 8 };
enum { REINIT_ROUNDS = 5000, PING_EVERY = 16, PING_MS = 500, DELAY_MAX = 512, UNMASK_MS = 500 };

uint16_t vandal_own_lines(void)
{
	char list[48], name[8], value[8];
	const char *rest = list;
	uint64_t line;
	uint16_t own = 0;

	args_text("own", list, sizeof(list));
	while (args_item(&rest, name, value, sizeof(name)))
		if (args_parse(name, &line) && line < TRAP_LINES)
			own |= (uint16_t)(1u << line);
	return own;
}

/* Returns the number of interrupts so far on lines that are not the guest's. *lines: set of such
 * lines. */
static uint32_t foreign_interrupts(uint16_t own, uint32_t *lines)
{
	uint32_t sum = 0;

	*lines = 0;
	for (unsigned line = 0; line < TRAP_LINES; line++) {
		uint32_t count = own >> line & 1 ? 0 : irq_count(line);

		sum += count;
		*lines |= (uint32_t)(count != 0) << line;
	}
	return sum;
}

void vandal_unmask(const char *argument)
{
	uint16_t own = vandal_own_lines();
	uint32_t lines, before = foreign_interrupts(own, &lines);
	uint64_t start = cpu_tsc();
	uint8_t master, slave;

	io_out8(PIC_MASTER_DATA, 0);
	io_out8(PIC_SLAVE_DATA, 0);
	master = io_in8(PIC_MASTER_DATA);
	slave = io_in8(PIC_SLAVE_DATA);
	cpu_interrupts_on();
	while (!clock_over(start, vandal_number(argument, "ms", UNMASK_MS)))
		cpu_pause();
	cpu_interrupts_off();
	before = foreign_interrupts(own, &lines) - before;
	vandal_says(master == 0 && slave == 0 && (!machine_is_virtual() || before == 0),
	            "masks read back %x and %x, foreign interrupts: %u (lines %lx)", master, slave,
	            (unsigned)before, (unsigned long)lines);
	io_out8(PIC_MASTER_DATA, 0xff);
	io_out8(PIC_SLAVE_DATA, 0xff);
}

/* ---- Initialisation over and over ---- */

static volatile uint32_t pings;

static void handle_com2(uint64_t tsc)
{
	(void)tsc;
	if ((io_in8(UART_COM2 + UART_IIR) & UART_IIR_CAUSE) == UART_IIR_THRE)
		pings++;
	io_out8(UART_COM2 + UART_IER, 0);
}

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

/* Returns whether an interrupt of COM2 arrives. Interrupts are on during the wait only. */
static bool ping(void)
{
	uint32_t before = pings;
	uint64_t start = cpu_tsc();

	io_out8(UART_COM2 + UART_IER, UART_IER_THRI);
	cpu_interrupts_on();
	while (pings == before && !clock_over(start, PING_MS))
		cpu_pause();
	cpu_interrupts_off();
	io_out8(UART_COM2 + UART_IER, 0);
	io_in8(UART_COM2 + UART_IIR);
	return pings == before + 1;
}

static void delay(uint32_t rounds)
{
	for (volatile uint32_t i = 0; i < rounds; i++)
		;
}

/* Initialises once at a random point in the life of an interrupt: before the request, or during the
 * request, with interrupts on or off, perhaps with a second start. */
static void initialise_once(uint8_t *base)
{
	uint32_t way = random_below(8);

	delay(random_below(DELAY_MAX));
	if (way & 1)
		io_out8(UART_COM2 + UART_IER, UART_IER_THRI);
	if (way & 2)
		io_out8(PIC_MASTER_COMMAND, ICW1);
	/* The vectors stay the same then, as an interrupt may come at any step. On the bare machine
	 * a chip without ICW2 answers vector 0. */
	if (way & 4 && machine_is_virtual())
		cpu_interrupts_on();
	else
		*base = (uint8_t)(VECTOR_FIRST + VECTOR_STEP * random_below(VECTOR_SETS));
	pic_again(*base);
	cpu_interrupts_off();
	/* A request that an initialisation dropped does not come back by itself: take the request's
	 * cause away. */
	io_out8(UART_COM2 + UART_IER, 0);
	io_in8(UART_COM2 + UART_IIR);
}

void vandal_reinit(const char *argument)
{
	uint32_t rounds = (uint32_t)vandal_number(argument, "rounds", REINIT_ROUNDS), tried = 0,
		 missed = 0;
	uint16_t own = 1 << UART_COM2_LINE;
	uint32_t lines, before = foreign_interrupts(own, &lines);
	uint8_t base = (uint8_t)args_number("base", PIC_BASE);

	if (!uart_init(UART_COM2)) {
		vandal_says(false, "no UART at %xh to try it with", UART_COM2);
		return;
	}
	irq_install(UART_COM2_LINE, handle_com2);
	pic_unmask(UART_COM2_LINE);
	for (uint32_t i = 0; i < rounds && missed < 3; i++) {
		initialise_once(&base);
		if (i % PING_EVERY == 0) {
			tried++;
			missed += !ping();
		}
	}
	pic_mask(UART_COM2_LINE);
	before = foreign_interrupts(own, &lines) - before;
	vandal_says(missed == 0 && (!machine_is_virtual() || before == 0),
	            "%u initialisations, %u of %u interrupts missed, %u foreign ones (lines %lx)",
	            (unsigned)rounds, (unsigned)missed, (unsigned)tried, (unsigned)before,
	            (unsigned long)lines);
}

/* ---- In service for long ---- */

static const char *service_time;

static void handle_slowly(uint64_t tsc)
{
	handle_com2(tsc);
	cpu_interrupts_on();
	while (!vandal_time_over(tsc, service_time))
		cpu_pause();
	cpu_interrupts_off();
}

/* A handler that takes a long time before the EOI: the VM's turn ends with an interrupt in
 * service. */
void vandal_inservice(const char *argument)
{
	uint64_t start;
	bool first, later;

	if (!uart_init(UART_COM2)) {
		vandal_says(false, "no UART at %xh to try it with", UART_COM2);
		return;
	}
	service_time = argument;
	irq_install(UART_COM2_LINE, handle_slowly);
	pic_unmask(UART_COM2_LINE);
	start = cpu_tsc();
	first = ping();
	first = first && vandal_time_over(start, argument);
	irq_install(UART_COM2_LINE, handle_com2);
	later = ping();
	pic_mask(UART_COM2_LINE);
	vandal_says(first && later, "in service for long, %s, and the next interrupt %s",
	            first ? "ended" : "not ended", later ? "came" : "did not come");
}

/* With open=1, interrupts are on meanwhile: all masks are clear, and a line that is high is a
 * request. */
void vandal_icw1(const char *argument)
{
	uint64_t start = cpu_tsc();
	uint32_t lines, before = foreign_interrupts(vandal_own_lines(), &lines);

	io_out8(PIC_MASTER_COMMAND, ICW1);
	io_out8(PIC_SLAVE_COMMAND, ICW1);
	if (args_number("open", 0))
		cpu_interrupts_on();
	while (!vandal_time_over(start, argument))
		cpu_pause();
	cpu_interrupts_off();
	before = foreign_interrupts(vandal_own_lines(), &lines) - before;
	vandal_says(!machine_is_virtual() || before == 0,
	            "initialisation begun and left, foreign interrupts: %u", (unsigned)before);
}
