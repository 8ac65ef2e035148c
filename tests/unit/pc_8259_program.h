/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any program of a guest at its 8259 pair on pc, beside a pair that the guest has alone.
 *
 * A step is an access by the guest, an interrupt that the guest takes, a change of a line, or a
 * turn of the other VM. Lines of the other VM and lines without an owner change too. pc_8259_kit.h
 * says what is compared after each step.
 *
 * A program may use the modes that software cannot read back: rotation, special mask mode, and
 * automatic EOI beside another VM.
 *
 * Not played, as docs/limits.md says: another ICW1 or ICW3 than a PC's; a read without a select
 * before the read; an exit between a poll command and the read, or a read at the data port; a poll
 * of the master that names the slave, without a poll of the slave behind; a change of a foreign
 * line between an ICW1 and the next ICW. A line of the guest's falls when the request has been
 * taken, as a device does until the device is served: a request stays a request once the VMM has
 * seen the request.
 *
 * Rule: no foreign line is ever open in the chips while the guest runs, and none is acknowledged
 * for the guest. A difference ends the process.
 */
#ifndef TESTS_UNIT_PC_8259_PROGRAM_H
#define TESTS_UNIT_PC_8259_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Plays one program. Three bytes are a step. The first byte also says whether the program uses
 * automatic EOI (bit 7) and the other modes (bit 6). Returns how many accesses of the guest the
 * back end carried out (arch/x86/virt/quick_ports.h). */
unsigned pc_8259_play(const uint8_t *data, size_t size);
/* Plays so many random programs, the same at each call. */
void pc_8259_play_random(unsigned programs);

#endif
