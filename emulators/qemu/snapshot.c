/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"

#include "qemu/error-report.h"

#include "emulators/qemu/info.h"
#include "emulators/qemu/snapshot.h"

static int before_save(void *opaque)
{
	struct snapshot *snapshot = opaque;

	snapshot->count = (uint32_t)hardware_save(snapshot->block, NULL, 0);
	snapshot->bytes = g_malloc(snapshot->count);
	hardware_save(snapshot->block, snapshot->bytes, snapshot->count);
	return 0;
}

static int after_save(void *opaque)
{
	struct snapshot *snapshot = opaque;

	g_free(snapshot->bytes);
	snapshot->bytes = NULL;
	return 0;
}

static int after_load(void *opaque, int version)
{
	struct snapshot *snapshot = opaque;
	bool ours = hardware_restore(snapshot->block, snapshot->bytes, snapshot->count);
	char text[INFO_BYTES];

	after_save(snapshot);
	if (ours)
		return 0;
	hardware_describe(snapshot->block, text, sizeof text);
	error_report("irqmux: the snapshot is of another make or build of the block, and here %s: "
	             "load the snapshot on the platform that saved the snapshot",
	             text);
	return -EINVAL;
}

const VMStateDescription snapshot_vmstate = {
	.name = "irqmux-block",
	.version_id = 1,
	.minimum_version_id = 1,
	.pre_save = before_save,
	.post_save = after_save,
	.post_load = after_load,
	.fields =
		(VMStateField[]){
			VMSTATE_UINT32(count, struct snapshot),
			VMSTATE_VBUFFER_ALLOC_UINT32(bytes, struct snapshot, 0, NULL, count),
			VMSTATE_END_OF_LIST(),
		},
};
