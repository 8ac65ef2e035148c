/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: COM1 belongs to the VMM and works by interrupt (R14: IRQ4 through the VMM block).
 *
 * Rule: no VM ever waits for the UART. Text comes from the background work, which sleeps until
 * there is room, so no text is lost there. Everything here runs in the VMM with interrupts off, so
 * nothing needs a lock.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

enum { CONSOLE_LINE = 4 }; /* IRQ of COM1 */

/* which: "com1", "auto" (COM1 where it is), "vga" or "none" (no COM1). Sets the log's sink and
 * flush, and prints what the memory log has so far. 0, -EINVAL, or -ENODEV where there is no UART
 * ("com1": a line says so); then the screen is the console (vmm/screen.h). */
int console_init(const char *which);
/* The lines the console needs: for reserved_lines. 0 without a UART. */
uint16_t console_lines(void);

/* Interrupts reach the dispatcher from now on (or no more). Before, and after a panic, the UART
 * is polled: bytes that the FIFO has room for go at once, the rest with the next ones; a full
 * ring waits. */
void console_set_interrupts(bool on);
/* Line 4 has status and is acknowledged: serve the UART until it has no cause left, so that the
 * next one is an edge. Takes some hundred instructions, at most 1,500; a UART that still has a
 * cause then is left to the next call (console_work). */
void console_interrupt(void);
/* Write out everything, polled, and wait until the last bit is on the wire. Gives up on a UART
 * that does not move. */
void console_flush(void);
/* A key has come, at COM1 or at the keyboard: the background work is to look at it. */
void console_typed(void);
/* TSC up to which somebody may be taken to use the console: 30 s after the last key, five minutes
 * where a line is begun. 0: nobody has typed. */
uint64_t console_used_until(void);
/* A byte that the UART has received, polled; -EAGAIN: none. For the end, without interrupts. */
int console_poll(void);
/* Bytes that found no room so far. */
uint64_t console_dropped(void);

extern bool console_work; /* use console_is_pending() */

/* Has the UART a cause that console_interrupt() has left? A flag test. */
static inline bool console_is_pending(void)
{
	return console_work;
}

/* For the background work. Has a key come at COM1? */
bool console_has_keys(void);
/* Takes the next byte that has come at COM1. False: there is none. */
bool console_key(char *key);
/* Tells the prompt where no key has come for half a second (vmm/terminal.h). Call it before the
 * keys are looked at. */
void console_keys_pause(void);
/* Gets an echo moving. Call it when the keys were looked at. */
void console_kick(void);

/* Shows the memory log on the UART once more, and only there. */
void console_replay(void);

#endif
