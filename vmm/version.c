/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The version of this VMM. SIGNALBOX_VERSION and SIGNALBOX_COMMIT come from vmm/version.mk.
 */
#include "vmm/version.h"

#ifndef SIGNALBOX_VERSION
#define SIGNALBOX_VERSION "(no version)"
#endif
#ifndef SIGNALBOX_COMMIT
#define SIGNALBOX_COMMIT ""
#endif

/* With brackets where there is a commit. */
const char version_name[] = "Signalbox " SIGNALBOX_VERSION SIGNALBOX_COMMIT;

#ifdef __clang__
const char version_compiler[] = __VERSION__;
#else
const char version_compiler[] = "gcc " __VERSION__;
#endif
