/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block, as a device of an emulator drives the block. There are two makes of the block
 * behind these prototypes, and a shared object has one of the two: the C model (hardware_model.c),
 * or the block's hardware description, Verilated (hardware_rtl.cc).
 *
 * Rule: a call is an event at the block's signals, and the call returns when the outputs stand
 * still. The device sees no clock and no register of the block, but by the register window.
 */
#ifndef EMULATORS_HARDWARE_H
#define EMULATORS_HARDWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hardware;

/* The time of the emulated machine. */
struct hardware_clock {
	uint64_t (*now)(void *owner); /* never goes back */
	void *owner;
	uint64_t frequency; /* units of time a second */
};

/* Makes a block in the state at power-on. Returns NULL where the host has no memory. */
struct hardware *hardware_new(void);
void hardware_free(struct hardware *hardware);
/* Gives the block the machine's clock: from now on the block keeps time and is of version 2
 * (docs/register-window.md, section 7). Returns false where this make of the block keeps no time.
 * Call once, before any event. */
bool hardware_keep_time(struct hardware *hardware, const struct hardware_clock *clock);
/* Writes a line of text that says which make of the block this is. Call for the monitor, or for the
 * log. */
void hardware_describe(const struct hardware *hardware, char *text, size_t bytes);

/* Reset. All lines and the external signal are low afterwards: call hardware_set_line() for each
 * line that a device still drives high. */
void hardware_reset(struct hardware *hardware);
/* Sets the level of a line. A line that does not exist changes nothing. */
void hardware_set_line(struct hardware *hardware, unsigned line, bool high);
/* Returns the levels that the devices drive, by line. */
uint16_t hardware_lines(const struct hardware *hardware);
/* Raises and lowers the external signal. */
void hardware_press(struct hardware *hardware);

/* The outputs. hardware_intr() returns the level of INTR. hardware_take_nmi() returns whether NMI
 * has pulsed since the last call. Call both after every other call. */
bool hardware_intr(const struct hardware *hardware);
bool hardware_take_nmi(struct hardware *hardware);

/* INTA. Returns the vector. */
uint8_t hardware_acknowledge(struct hardware *hardware);
/* Returns the vector that INTA would give now. INTR must be low. No state of the block changes. */
uint8_t hardware_spurious(struct hardware *hardware);
/* An access of a byte to a port of the connected bank. */
uint8_t hardware_port_read(struct hardware *hardware, uint16_t port);
void hardware_port_write(struct hardware *hardware, uint16_t port, uint8_t value);
/* An access to the register window. size: in bytes. docs/register-window.md has the registers. */
uint64_t hardware_window_read(struct hardware *hardware, uint32_t offset, unsigned size);
void hardware_window_write(struct hardware *hardware, uint32_t offset, unsigned size,
                           uint64_t value);

/* Returns the time of the line's last INTA or EOI (docs/register-window.md, section 7), or 0 where
 * there was none, and where this make of the block keeps no time. */
uint64_t hardware_last_inta(const struct hardware *hardware, unsigned line);
uint64_t hardware_last_eoi(const struct hardware *hardware, unsigned line);

/* The whole state as bytes, for a snapshot of the machine. hardware_save() writes the bytes to `to`
 * where the bytes fit into `room`, and returns how many bytes the state has. hardware_restore()
 * returns false, and changes nothing, where the bytes are no state of this make of the block. */
size_t hardware_save(struct hardware *hardware, void *to, size_t room);
bool hardware_restore(struct hardware *hardware, const void *from, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
