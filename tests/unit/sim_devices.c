/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices on the lines, and the account of what they raised.
 *
 * Rule: a device that holds its line has events until its owner serves it; one that ticks is
 * satisfied when its owner's handler began after its last tick. Two ticks before service are one
 * request, on a bare machine too.
 */
#include "tests/unit/sim_internal.h"

#include "arch/x86/cpu/io.h"
#include "tests/unit/sim_board.h"

/* Ticks of one device come at least so many moments apart: more than the VMM needs from an edge to
 * the masking of its pin. */
enum { TICK_MOMENTS = 200 };

struct device {
	unsigned events; /* of a ticking one: 1 when a tick waits for the handler */
	uint64_t next_tick;
};

static struct device devices[SIM_VMS + 1][LINES];

static bool on_line(unsigned owner, unsigned line)
{
	if (owner == SIM_VMM)
		return sim_world.vmm_device && line == 4;
	return owner < sim_vms && line_in(sim_habits[owner].lines, line);
}

/* Several devices on one line: it is high while any of them holds it. */
static bool held(unsigned line)
{
	for (unsigned owner = 0; owner <= SIM_VMS; owner++)
		if (on_line(owner, line) && devices[owner][line].events > 0)
			return true;
	return false;
}

void sim_device_fire(unsigned owner, unsigned line)
{
	struct device *d = &devices[owner][line];

	if (owner < SIM_VMS && line_in(sim_habits[owner].pulsed, line)) {
		if (fake_tsc < d->next_tick)
			return;
		d->next_tick = fake_tsc + TICK_MOMENTS;
		d->events = 1;
		sim_result.vm[owner].fired++;
		board_pulse(line);
		return;
	}
	if (owner < SIM_VMS)
		sim_result.vm[owner].fired++;
	d->events++;
	board_set_line(line, true);
}

void sim_devices_fire(bool active)
{
	if (!active || sim_random(sim_world.fire_one_in))
		return;
	unsigned owner = sim_random(sim_vms + 1);
	unsigned line = sim_random(LINES);

	if (owner == sim_vms)
		owner = SIM_VMM;
	for (unsigned i = 0; i < LINES; i++, line = (line + 1) % LINES) {
		if (on_line(owner, line)) {
			sim_device_fire(owner, line);
			return;
		}
	}
}

bool sim_device_serve(unsigned owner, unsigned line)
{
	struct device *d = &devices[owner][line];
	bool had = d->events > 0;

	d->events = 0;
	if (owner < SIM_VMS && line_in(sim_habits[owner].pulsed, line))
		return had;
	board_set_line(line, held(line));
	return had;
}

void sim_devices_check(void)
{
	for (unsigned owner = 0; owner <= SIM_VMS; owner++)
		for (unsigned line = 0; line < LINES; line++)
			if (on_line(owner, line) && devices[owner][line].events > 0 &&
			    !(owner < SIM_VMS && sim_habits[owner].hostile))
				sim_violation(
					"lost: line %u of owner %u was asserted %u times and its "
					"handler never came",
					line, owner, devices[owner][line].events);
}
