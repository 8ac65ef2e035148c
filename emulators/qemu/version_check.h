/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a plugin and the emulator that loads the plugin were built for each other.
 *
 * Rule: structures of QEMU change from a patch level to the next. A plugin knows the structures of
 * one QEMU, and refuses every other QEMU. Include qemu/osdep.h first.
 */
#ifndef EMULATORS_QEMU_VERSION_CHECK_H
#define EMULATORS_QEMU_VERSION_CHECK_H

#include "qapi/qapi-commands-control.h"
#include "qemu-version.h"
#include "qemu/error-report.h"

/* Returns true where this QEMU is the QEMU of the plugin's headers; else prints the remedy. name:
 * the plugin's. target: the processor that QEMU emulates. */
static inline bool plugin_is_for_this_qemu(const char *name, const char *target)
{
	VersionInfo *info = qmp_query_version(NULL);
	VersionTriple *v = info->qemu;
	g_autofree char *number = g_strdup_printf("%d.%d.%d", (int)v->major, (int)v->minor,
	                                          (int)v->micro);
	g_autofree char *here = g_strdup_printf("%s (%s)", number, info->package);

	qapi_free_VersionInfo(info);
	if (strcmp(here, QEMU_FULL_VERSION) == 0 && strcmp(target, "x86_64") == 0)
		return true;
	error_report("%s: this is QEMU %s for %s", name, here, target);
	error_report("%s: the plugin was built for %s: make bench builds it anew", name,
	             QEMU_FULL_VERSION);
	return false;
}

#endif
