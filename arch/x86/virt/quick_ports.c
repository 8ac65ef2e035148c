/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one offer of ports to the back end. See the header for the rule.
 */
#include "arch/x86/virt/quick_ports.h"

struct quick_ports quick_ports;
