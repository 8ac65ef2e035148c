/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard's line as a line of the VMM's own.
 *
 * Rule: what a VM has of the keyboard is the VM's: then the VMM leaves all of it alone.
 */
#ifndef VMM_KEYBOARD_LINE_H
#define VMM_KEYBOARD_LINE_H

/* Has handler called when the keyboard interrupts. Call it when all VMs are known. 0, or -EBUSY
 * with a line that says which VM has the line or its ports. */
int keyboard_line_claim(void (*handler)(void));
/* The background work has seen what came: a request that the chipset still holds goes. */
void keyboard_line_settle(void);

#endif
