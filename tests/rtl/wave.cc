/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of one interrupt as a waveform: wave FILE. Line 3 rises while the line is with the VMM
 * block, and SELECT gives the line to the controller.
 *
 * Between two parts there is a pause of some clocks, where a processor's instructions would be.
 *
 * Rule: each part of the way is looked at, and a part that does not come is an error.
 */
#include "tests/rtl/device.h"

#include <cstdio>

extern "C" {
#include "chipset/block/block.h"
#include "chipset/block/window.h"
}

enum { LINE = 3, VECTOR = 0x23, EOI = 0x20 };

static int missing(const char *what)
{
	fprintf(stderr, "wave: %s does not come\n", what);
	return 1;
}

int main(int argc, char **argv)
{
	static const uint8_t setup[] = { 0x11, 0x20, 4, 1, 0 };
	const uint16_t line = 1 << LINE, others = (uint16_t)~line;
	class device rtl;

	if (argc != 2) {
		fprintf(stderr, "wave FILE\n");
		return 2;
	}
	rtl.record(argv[1]);
	for (unsigned i = 0; i < sizeof(setup); i++)
		rtl.port_write(i ? PORT_MASTER + 1 : PORT_MASTER, setup[i]);
	rtl.window_write(WINDOW_SELECT, 4, others); /* the line to the VMM block, unmasked */
	rtl.drive_lines(line);
	rtl.settle();
	if (!rtl.take_nmi() || rtl.intr())
		return missing("NMI");
	rtl.settle();
	if ((rtl.window_read(WINDOW_STATUS, 4) & 0xffff) != line)
		return missing("the status bit");
	rtl.settle();
	rtl.window_write(WINDOW_SELECT, 4, 0xffff);
	if (!rtl.intr())
		return missing("INTR");
	rtl.settle();
	if (rtl.acknowledge() != VECTOR)
		return missing("the vector");
	rtl.drive_lines(0);
	rtl.settle();
	rtl.port_write(PORT_MASTER, EOI);
	rtl.settle();
	printf("wave: edge, latch, NMI, SELECT, INTR, INTA, EOI: %s\n", argv[1]);
	return 0;
}
