/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard's line as a line of the VMM's own.
 *
 * Rule: where a VM owns a part of the keyboard, the VMM leaves the whole keyboard alone.
 */
#ifndef VMM_KEYBOARD_LINE_H
#define VMM_KEYBOARD_LINE_H

/* Has handler called when the keyboard interrupts. Returns 0, or -EBUSY after a log line with the
 * VM and its part of the keyboard. Call it when all VMs are known. */
int keyboard_line_claim(void (*handler)(void));
/* Withdraws a request that the chipset still holds for the keyboard's line. Call it when the
 * background work has seen all codes. */
void keyboard_line_settle(void);

#endif
