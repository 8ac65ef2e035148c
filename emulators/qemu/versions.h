/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU 7.2 and QEMU 10.0 have different names for the same thing.
 *
 * Rule: the rest of the device knows no version. A name that differs has a name of the device's own
 * here. Include qemu/osdep.h first.
 */
#ifndef EMULATORS_QEMU_VERSIONS_H
#define EMULATORS_QEMU_VERSIONS_H

#include "hw/qdev-properties.h"

#if QEMU_VERSION_MAJOR >= 10

#include "hw/pci/pci_device.h"

typedef GString Printout;
#define print_to(out, ...) g_string_append_printf(out, __VA_ARGS__)
#define set_reset(device, function) device_class_set_legacy_reset(device, function)
/* A list of properties is constant, and has no entry that ends it. */
typedef const Property DeviceProperty;

#else

#include "monitor/monitor.h"

typedef Monitor Printout;
#define print_to(out, ...) monitor_printf(out, __VA_ARGS__)
#define set_reset(device, function) ((device)->reset = (function))
typedef Property DeviceProperty;

#endif

#endif
