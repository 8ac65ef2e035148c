/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading a BIOS and the ROMs beside the BIOS.
 *
 * Rule: the first instructions are compared byte by byte with what an assembler makes of them. Each
 * hostile image is a good image with a single change.
 */
#include "tests/unit/check.h"

#include "tests/unit/ram_kit.h"
#include "vmm/load/bios.h"
#include "vmm/load/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 2 << 20, IMAGE = 128 << 10, AT = HOLE_END - IMAGE, ROM = 5000 };

static uint8_t *memory; /* exactly MEMORY bytes, so that the sanitizer sees a byte too many */
static uint8_t image[256 << 10], rom[ROM];
static struct load l;
static char err[256];

static int make_memory(void **state)
{
	(void)state;
	memory = malloc(MEMORY);
	memset(memory, 0xcc, MEMORY);
	for (unsigned n = 0; n < sizeof(image); n++)
		image[n] = (uint8_t)(n % 253 + 1);
	image[IMAGE - 16] = image[sizeof(image) - 16] = 0xea;
	memset(rom, 0x5a, ROM);
	return 0;
}

static int drop_memory(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static struct load_source bios(unsigned files)
{
	struct load_source s = {
		.image = image, .bytes = IMAGE, .kind = LOAD_BIOS, .file_count = files
	};

	s.file[0] = (struct load_file){ rom, ROM, "vgabios" };
	s.file[1] = (struct load_file){ rom, 512, "" };
	return s;
}

static int load(const struct load_source *source, size_t bytes)
{
	const struct guest_ram ram = ram_at(memory, bytes);
	int error;

	load_begin(&l, source, &ram);
	while ((error = load_step(&l)) > 0)
		;
	assert_int_equal(l.checked, error == 0);
	load_describe(&l, err, sizeof(err));
	return error;
}

static uint64_t field(uint32_t at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, memory + at, bytes);
	return value;
}

static void a_bios_ends_at_1_mib_and_its_roms_begin_at_c0000h(void **state)
{
	const struct load_source s = bios(2);

	(void)state;
	assert_int_equal(load(&s, MEMORY), 0);
	assert_string_equal(err, "");
	assert_memory_equal(memory + AT, image, IMAGE);
	assert_memory_equal(memory + 0xc0000, rom, ROM);
	for (unsigned n = 0xc0000 + ROM; n < 0xc1800; n++)
		assert_int_equal(memory[n], 0);
	assert_memory_equal(memory + 0xc1800, rom, 512);
	for (unsigned n = 0xc1a00; n < AT; n++)
		assert_int_equal(memory[n], 0);
	for (unsigned n = 0; n < 0xc0000; n++)
		assert_int_equal(memory[n], 0);
	for (unsigned n = HOLE_END; n < MEMORY; n++)
		assert_int_equal(memory[n], 0);
}

static void the_first_instructions_go_to_real_mode_and_to_ffff0h(void **state)
{
	/* ljmp; mov $16, %ax; to DS, ES, SS, FS, GS; mov %cr0, %eax; and $0xfe, %al;
	 * mov %eax, %cr0; ljmp $0xf000, $0xfff0 */
	static const uint8_t rest[] = { 8,    0,    0xb8, 16,   0,    0x8e, 0xd8, 0x8e, 0xc0, 0x8e,
		                        0xd0, 0x8e, 0xe0, 0x8e, 0xe8, 0x0f, 0x20, 0xc0, 0x24, 0xfe,
		                        0x0f, 0x22, 0xc0, 0xea, 0xf0, 0xff, 0x00, 0xf0 };
	const struct load_source s = bios(0);

	(void)state;
	assert_int_equal(load(&s, MEMORY), 0);
	uint32_t at = bios_hand_over(&l);
	assert_true(at >= l.handover && at + 64 < l.handover + HANDOVER_BYTES && at < 0x10000);
	assert_int_equal(field(at, 3), 0x15010f); /* lgdt */
	uint32_t pointer = (uint32_t)field(at + 3, 4);
	assert_int_equal(field(pointer, 2), 23);
	uint32_t gdt = (uint32_t)field(pointer + 2, 4);
	assert_true(field(gdt, 8) == 0);
	assert_true(field(gdt + 8, 8) == 0x00009b000000ffff);
	assert_true(field(gdt + 16, 8) == 0x000093000000ffff);
	assert_int_equal(field(at + 7, 3), 0x1d010f); /* lidt */
	pointer = (uint32_t)field(at + 10, 4);
	assert_int_equal(field(pointer, 2), 0x3ff);
	assert_int_equal(field(pointer + 2, 4), 0);
	assert_int_equal(memory[at + 14], 0xea);
	assert_int_equal(field(at + 15, 4), at + 21);
	assert_memory_equal(memory + at + 19, rest, sizeof(rest));
}

static void expect_refused(const struct load_source *s, size_t bytes, int error,
                           const char *message)
{
	memset(memory, 0xcc, MEMORY);
	assert_int_equal(load(s, bytes), error);
	assert_string_equal(err, message);
	for (unsigned n = 0; n < MEMORY; n++)
		assert_int_equal(memory[n], 0xcc);
}

static void a_hostile_bios_names_the_broken_rule(void **state)
{
	struct load_source s = bios(0);

	(void)state;
	s.bytes = 15;
	expect_refused(&s, MEMORY, -ENOEXEC,
	               "15 bytes are no BIOS (type=bios): 16 to 262144 fit below 1 MiB");
	s.bytes = sizeof(image) + 1;
	expect_refused(&s, MEMORY, -ENOEXEC,
	               "262145 bytes are no BIOS (type=bios): 16 to 262144 fit below 1 MiB");
	s.bytes = IMAGE - 1;
	expect_refused(&s, MEMORY, -ENOEXEC,
	               "no BIOS (type=bios): 0x2, 16 bytes before the end, begins no jump");
	s = bios(0);
	expect_refused(&s, 1 << 20, -ENOMEM, "a BIOS needs mem=2M at least; the VM has 1M");
	s = bios(1);
	s.bytes = sizeof(image); /* from C0000h on: no room for a ROM */
	expect_refused(&s, MEMORY, -ENOMEM,
	               "the ROMs (of=) from 0xc0000 on end at 0xc1388, the BIOS begins at 0xc0000");
	s.file_count = 0;
	assert_int_equal(load(&s, MEMORY), 0);
	s = bios(1);
	s.file[0].bytes = 0;
	expect_refused(&s, MEMORY, -ENOEXEC, "module number 1 of the VM (of=) is empty");
	s.file[0].bytes = 3ul << 30;
	expect_refused(&s, MEMORY, -ENOMEM,
	               "with its modules (of=: 1) the VM needs mem=3073M at least; the VM has 2M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bios_ends_at_1_mib_and_its_roms_begin_at_c0000h),
		cmocka_unit_test(the_first_instructions_go_to_real_mode_and_to_ffff0h),
		cmocka_unit_test(a_hostile_bios_names_the_broken_rule),
	};

	return cmocka_run_group_tests_name("bios", tests, make_memory, drop_memory);
}
