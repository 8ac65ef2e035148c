/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI interrupts as lines of chipset pc: ICH9's PIRQ registers beside the simulated 8259s and I/O
 * APIC.
 *
 * Rule: each test is played twice: with a bridge whose registers count at once, and with QEMU's,
 * which looks at them when a PIRQ changes or INTx Disable of a function of its device does.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_window.h"

#include <errno.h>
#include <string.h>

enum {
	HOST = 0x00,
	LPC = 0xf8,
	ID = 0x00,
	COMMAND = 0x04,
	ACPI = 0x44,
	ROUT_A = 0x60,
	ROUT_E = 0x68
};
enum { PIRQS = 8, PIRQ_A = 0, PIRQ_E = 4, PIN_A = 16, ELCR = LINE(10) | LINE(11) };
enum { A_LINES = LINE(3) | LINE(8), B_LINES = LINE(10) };

static struct controller a, b;
static bool by_datasheet;
static struct {
	uint32_t id, lpc_command, host_command, acpi, rout_a, rout_e;
	uint8_t high; /* PIRQs */
} ich9;
uint64_t fake_tsc;

/* ---- The bridge ---- */

static uint8_t rout(unsigned pirq)
{
	return (uint8_t)((pirq < 4 ? ich9.rout_a : ich9.rout_e) >> 8 * (pirq % 4));
}

/* The PIRQs that are high and on the 8259s. */
static void drive(unsigned line)
{
	bool level = false;

	for (unsigned pirq = 0; pirq < PIRQS; pirq++)
		level |= rout(pirq) == line && (ich9.high >> pirq & 1);
	sim_pic_set_line(line, level);
}

static void drive_all(void)
{
	drive(10);
	drive(11);
}

static uint32_t *registers(unsigned function, unsigned offset)
{
	static uint32_t host_id = 0x29c08086;

	if (function == HOST)
		return offset == ID ? &host_id : offset == COMMAND ? &ich9.host_command : NULL;
	if (function != LPC)
		return NULL;
	switch (offset) {
	case ID:
		return &ich9.id;
	case COMMAND:
		return &ich9.lpc_command;
	case ACPI:
		return &ich9.acpi;
	case ROUT_A:
		return &ich9.rout_a;
	case ROUT_E:
		return &ich9.rout_e;
	default:
		return NULL;
	}
}

/* QEMU: a function's INTx Disable, and what its device's four pins are mapped to: A to D in slot
 * 31, E to H in slot 0. */
static void written(unsigned function, unsigned offset)
{
	if (by_datasheet) {
		drive_all();
		return;
	}
	for (unsigned pirq = 0; offset == COMMAND && pirq < PIRQS; pirq++)
		if ((pirq < 4) == (function == LPC))
			drive(rout(pirq) & 15);
}

static void set_pirq(unsigned pirq, bool high)
{
	bool was = ich9.high >> pirq & 1;

	ich9.high = (uint8_t)((ich9.high & ~(1u << pirq)) | (unsigned)high << pirq);
	drive(rout(pirq) & 15);
	if (high && !was && (ioapic_read(PIN_A + pirq) & (RTE_MASKED | 0x700)) == RTE_NMI)
		board_raise_nmi(10);
}

/* ---- Two VMs, b with the PCI device; a runs ---- */

static void power_on(void)
{
	board_reset();
	sim_window_detach();
	memset(&ich9, 0, sizeof(ich9));
	ich9.id = 0x29188086;
	ich9.rout_a = ich9.rout_e = 0x0b0b0a0a; /* as SeaBIOS has it */
	sim_window.others = registers;
	sim_window.others_written = written;
	io_out8(PORT_ELCR1, (uint8_t)ELCR);
	io_out8(PORT_ELCR2, ELCR >> 8);
}

static void initialise(struct controller *c, uint8_t base)
{
	chipset_route(c);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;
		const uint8_t icws[] = { base + 8 * chip, chip ? 2 : 4, 1,
			                 chip ? (uint8_t) ~(c->lines >> 8)
			                      : (uint8_t) ~(c->lines | LINE(LINE_CASCADE)) };

		assert_int_equal(chipset->controller.port_write(c, port, 0x11), 0);
		for (unsigned i = 0; i < sizeof(icws); i++)
			assert_int_equal(chipset->controller.port_write(c, port + 1, icws[i]), 0);
	}
}

static int begin(bool datasheet)
{
	power_on();
	by_datasheet = datasheet;
	assert_int_equal(chipset_init("pc", 0), 0);
	chipset->controller.reset(&a, A_LINES, 0);
	chipset->controller.reset(&b, B_LINES, 0);
	chipset->block.claim(A_LINES, false);
	chipset->block.claim(B_LINES, false);
	initialise(&b, 0x30);
	initialise(&a, 0x20);
	chipset_mask(0);
	return 0;
}

static int begin_datasheet(void **state)
{
	(void)state;
	return begin(true);
}

static int begin_qemu(void **state)
{
	(void)state;
	return begin(false);
}

static struct chipset_status look(void)
{
	return chipset->block.read_status(nmi_take());
}

/* What is left must not reach the next test: the realisation has state of its own. */
static int end(void **state)
{
	(void)state;
	for (unsigned pirq = 0; pirq < PIRQS; pirq++)
		set_pirq(pirq, false);
	chipset_route(NULL);
	(void)look();
	chipset->block.acknowledge(0xffff);
	(void)look();
	return 0;
}

static void switch_to(struct controller *from, struct controller *to)
{
	assert_int_equal(chipset->controller.save(from, false), 0);
	chipset->controller.restore(to);
	chipset_mask(1);
	chipset_mask(0);
}

static bool on_the_8259s(void)
{
	return rout(0) == 10 && rout(1) == 10 && rout(4) == 10 && rout(5) == 10;
}

static bool off_the_8259s(void)
{
	return rout(0) == 0x8a && rout(1) == 0x8a && rout(4) == 0x8a && rout(5) == 0x8a;
}

static void R02_a_silent_line_is_armed_on_all_its_pins(void **state)
{
	(void)state;
	assert_true(on_the_8259s());
	for (unsigned pirq = 0; pirq < PIRQS; pirq++)
		assert_int_equal(!(ioapic_read(PIN_A + pirq) & RTE_MASKED), rout(pirq) == 10);
	assert_true(ioapic_read(10) & RTE_MASKED);
}

static void R02_a_foreign_line_leaves_the_8259s(void **state)
{
	/* the line's first pin, and a further one */
	static const unsigned both[] = { PIRQ_A, PIRQ_E };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		unsigned pirq = both[i];
		uint64_t nmis = board.nmis;

		set_pirq(pirq, true);
		assert_int_equal(board.nmis, nmis + 1);
		struct chipset_status s = look();

		assert_int_equal(s.asserted, LINE(10));
		assert_int_equal(s.fresh, LINE(10));
		assert_false(s.external);
		assert_true(off_the_8259s());
		assert_int_equal(rout(2), 11);
		assert_int_equal(sim_pic.chip[SIM_SLAVE].level & LINE(2), 0);
		switch_to(&a, &b);
		set_pirq(pirq, false);
		switch_to(&b, &a);
		assert_true(on_the_8259s());
	}
}

static void R10_an_initialisation_does_not_give_it_to_another_vm(void **state)
{
	(void)state;
	set_pirq(PIRQ_E, true);
	(void)look();
	sim_pic_write(0x20, 0x11); /* a, with no exit: masks are clear */
	sim_pic_write(0xa0, 0x11);
	assert_false(sim_pic_interrupt());
}

static void R08_it_is_delivered_as_a_level_when_its_vm_runs(void **state)
{
	(void)state;
	set_pirq(PIRQ_E, true);
	(void)look();
	switch_to(&a, &b);
	assert_true(on_the_8259s());
	assert_int_equal(chipset->block.asserted(), 0);
	assert_int_equal(chipset->controller.pending_vector(&b), -1);
	for (unsigned i = 0; i < 2; i++) { /* it is high still: so it comes again */
		assert_true(sim_pic_interrupt());
		assert_int_equal(sim_pic_acknowledge(), 0x3a);
		sim_pic_write(0xa0, 0x20);
		sim_pic_write(0x20, 0x20);
	}
	set_pirq(PIRQ_E, false);
	assert_false(sim_pic_interrupt());
}

static void R08_a_line_that_is_high_at_the_switch_is_held(void **state)
{
	(void)state;
	switch_to(&a, &b);
	set_pirq(PIRQ_E, true);
	switch_to(&b, &a);
	assert_true(off_the_8259s());
	assert_int_equal(chipset->block.asserted(), LINE(10));
	assert_int_equal(chipset->controller.deliverable(&b, 0), LINE(10));
	switch_to(&a, &b);
	assert_int_equal(sim_pic_acknowledge(), 0x3a);
}

static void R06_two_pirqs_of_a_line_are_one_line(void **state)
{
	(void)state;
	board.in_guest = true;
	set_pirq(PIRQ_A, true); /* an exit; the other one comes before the VMM has looked */
	board.in_guest = false;
	board.nmi_blocked = true;
	set_pirq(PIRQ_E, true);
	assert_int_equal(chipset->block.identify_line(), 10);
	board_unblock_nmi();
	assert_int_equal(nmi_count, 1);
	assert_false(look().external);
	board_external_nmi();
	assert_true(look().external);
	switch_to(&a, &b);
	set_pirq(PIRQ_A, false);
	assert_true(sim_pic_interrupt()); /* E is high */
}

static void R02_its_own_interrupts_raise_no_nmi(void **state)
{
	(void)state;
	switch_to(&a, &b);
	uint64_t nmis = board.nmis;

	set_pirq(PIRQ_E, true);
	assert_int_equal(sim_pic_acknowledge(), 0x3a);
	assert_int_equal(chipset->controller.save(&b, false), -EBUSY);
	set_pirq(PIRQ_E, false);
	set_pirq(PIRQ_E, true);
	assert_int_equal(board.nmis, nmis);
}

/* ---- Where it is as on any PC ---- */

static void stays_on_its_own_pin(void (*otherwise)(void))
{
	power_on();
	otherwise();
	assert_int_equal(chipset_init("pc", 0), 0);
	chipset->block.claim(B_LINES, false);
	assert_int_equal(platform.line[10].pin, 10);
	assert_true(on_the_8259s() || rout(0) != 10);
}

static void no_ich9(void)
{
	ich9.id = 0x70008086; /* PIIX3, whose PIRQs reach the I/O APIC by the pins of ISA's lines */
}

static void edges(void)
{
	io_out8(PORT_ELCR2, 0);
}

static void of_the_sci(void)
{
	ich9.acpi = 1;
}

static void not_routed(void)
{
	ich9.rout_a = ich9.rout_e = 0x80808080;
}

static void few_pins(void)
{
	platform.ioapic_pins = 16;
}

static void other_lines_stay_as_they_are(void **state)
{
	static void (*const reasons[])(void) = { no_ich9, edges, of_the_sci, not_routed, few_pins };

	(void)state;
	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		stays_on_its_own_pin(reasons[i]);
}

#define ON_BRIDGES(test)                                             \
	cmocka_unit_test_setup_teardown(test, begin_datasheet, end), \
		cmocka_unit_test_setup_teardown(test, begin_qemu, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BRIDGES(R02_a_silent_line_is_armed_on_all_its_pins),
		ON_BRIDGES(R02_a_foreign_line_leaves_the_8259s),
		ON_BRIDGES(R10_an_initialisation_does_not_give_it_to_another_vm),
		ON_BRIDGES(R08_it_is_delivered_as_a_level_when_its_vm_runs),
		ON_BRIDGES(R08_a_line_that_is_high_at_the_switch_is_held),
		ON_BRIDGES(R06_two_pirqs_of_a_line_are_one_line),
		ON_BRIDGES(R02_its_own_interrupts_raise_no_nmi),
		cmocka_unit_test(other_lines_stay_as_they_are),
	};

	return cmocka_run_group_tests_name("pirq", tests, NULL, NULL);
}
