/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files beside a guest's image. See the header for the rule.
 */
#include "vmm/load/files.h"

#include "arch/x86/cpu/bytes.h"
#include "vmm/load/bios.h"
#include "vmm/load/handover.h"

enum { FILE_ALIGN = 4096 };

uint64_t files_place(struct load *l)
{
	const bool roms = l->source.kind == LOAD_BIOS;
	const uint64_t first = roms ? BIOS_FIRST : HOLE_END,
		       align = roms ? BIOS_ROM_ALIGN : FILE_ALIGN;
	uint64_t end = roms ? BIOS_FIRST : l->image_end;

	for (unsigned i = 0; i < l->source.file_count; i++) {
		uint64_t at = end < first ? first : end;

		at = (at + align - 1) & ~(align - 1);
		l->file_at[i] = at;
		end = at + l->source.file[i].bytes;
	}
	return end;
}

bool files_copy(struct load *l)
{
	if (l->index == l->source.file_count)
		return false;
	const struct load_file *f = &l->source.file[l->index];
	uint64_t left = f->bytes - l->done, bytes = left < LOAD_PIECE ? left : LOAD_PIECE;

	bytes_copy(l->memory + l->file_at[l->index] + l->done, (const uint8_t *)f->at + l->done,
	           bytes);
	l->done += bytes;
	if (l->done == f->bytes) {
		l->done = 0;
		l->index++;
	}
	return true;
}
