/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The account of the NMIs. See the header for the rule.
 */
#include "arch/x86/cpu/nmi_account.h"

struct nmi_account nmi_account;
