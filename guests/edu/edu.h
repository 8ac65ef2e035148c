/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest edu: declarations that its files share.
 *
 * Rule: device.c and nic.c know their device's registers, main.c the order of the trials.
 */
#ifndef GUESTS_EDU_H
#define GUESTS_EDU_H

#include <stdbool.h>
#include <stdint.h>

/* QEMU's device for teaching (QEMU documentation, "EDU device"). */
enum { EDU_VENDOR = 0x1234, EDU_DEVICE = 0x11e8 };
/* QEMU's e1000. */
enum { NIC_VENDOR = 0x8086, NIC_DEVICE = 0x100e };

/* ---- device.c ---- */

/* The probe's samples, for each device's: a guest of 1280K has no room for two. */
struct samples;
extern struct samples device_samples;

/* Finds the device's registers, and takes its line. */
void device_init(uint64_t registers, unsigned line);
/* Returns whether the device is there: its version, and the inverse of a number. */
bool device_answers(void);
/* Has the device compute a factorial and interrupt. Returns the result, or 0 where no interrupt
 * came. */
uint32_t device_factorial(uint32_t n);
/* Returns the last result. */
uint32_t device_result(void);
/* Waits 200 ms, until the VMM has shown what was printed and has taken the records of faults. */
void device_settle(void);
/* Asserts the line n times, and hands the latencies to the VMM as probe edu. Returns the number of
 * interrupts. */
uint32_t device_ping(uint32_t n);
/* Has the device read its memory from `from`, and write the bytes to `to`: addresses on the bus.
 * Returns whether both transfers ended, by interrupt. */
bool device_copy(uint64_t from, uint64_t to, uint32_t bytes);

/* ---- nic.c ---- */

/* Finds the device's registers, takes its line, and gives the device its rings. bus: address on the
 * bus of the guest's address 0. */
void nic_init(uint64_t registers, unsigned line, uint64_t bus);
/* Sends n packets, which come back, and hands the latencies to the VMM as probe nic. Returns the
 * number of packets that came back whole, by an interrupt each. */
uint32_t nic_loop(uint32_t n);
/* Sends a packet. Returns whether the packet came back whole, by an interrupt. */
bool nic_packet(void);
/* Sends a foreign address's memory, and has a packet arrive there. Returns whether nothing of the
 * foreign memory was seen. */
bool nic_attack(uint64_t address);

#endif
