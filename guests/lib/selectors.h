/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The segments of a guest's GDT (start.S).
 */
#ifndef GUESTS_LIB_SELECTORS_H
#define GUESTS_LIB_SELECTORS_H

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_CODE32 0x18
#define SELECTOR_TSS_OLD 0x20
#define SELECTOR_TSS_NEW 0x28

#endif
