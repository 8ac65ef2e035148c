/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading a Linux kernel, its initrd, and the modules of a multiboot kernel.
 *
 * Rule: the boot parameters are compared at the boot protocol's own offsets. Each hostile image is
 * a good image with a single change.
 */
#include "tests/unit/check.h"

#include "tests/unit/elf_image.h"
#include "tests/unit/linux_image.h"
#include "tests/unit/ram_kit.h"
#include "vmm/load/elf.h"
#include "vmm/load/handover.h"
#include "vmm/load/linux.h"

#include <errno.h>
#include <stdlib.h>

enum { MEMORY = 2 << 20, PAGE_BYTES = 4096, FIRST_BYTES = 5000, SECOND_BYTES = 7 };

static uint8_t *memory; /* exactly MEMORY bytes, so that the sanitizer sees a byte too many */
static uint8_t first_file[FIRST_BYTES], second_file[SECOND_BYTES];
static struct load l;
static char err[256];

static int make_memory(void **state)
{
	(void)state;
	memory = malloc(MEMORY);
	memset(memory, 0xcc, MEMORY);
	for (unsigned n = 0; n < FIRST_BYTES; n++)
		first_file[n] = (uint8_t)(n % 251 + 1);
	memset(second_file, 0x5a, SECOND_BYTES);
	return 0;
}

static int drop_memory(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static struct load_source linux_source(const struct bz *b, unsigned files)
{
	struct load_source s = {
		.image = b, .bytes = sizeof(*b), .kind = LOAD_LINUX, .file_count = files
	};

	s.file[0] = (struct load_file){ first_file, FIRST_BYTES, "one" };
	s.file[1] = (struct load_file){ second_file, SECOND_BYTES, "" };
	return s;
}

static int load(const struct load_source *source)
{
	const struct guest_ram ram = ram_at(memory, MEMORY);
	int error;

	load_begin(&l, source, &ram);
	while ((error = load_step(&l)) > 0)
		;
	assert_int_equal(load_step(&l), error);
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

/* ---- Linux ---- */

static void a_kernel_lies_at_its_address_and_its_initrd_behind_it(void **state)
{
	struct bz b = bz_image();
	const struct load_source s = linux_source(&b, 2);
	const uint32_t first = 0x141000, second = 0x143000;

	(void)state;
	assert_int_equal(load(&s), 0);
	assert_string_equal(err, "");
	assert_int_equal(l.entry, BZ_AT);
	assert_memory_equal(memory + BZ_AT, b.bytes + BZ_SETUP, BZ_KERNEL);
	for (unsigned n = BZ_AT + BZ_KERNEL; n < first; n++)
		assert_int_equal(memory[n], 0);
	assert_memory_equal(memory + first, first_file, FIRST_BYTES);
	for (unsigned n = first + FIRST_BYTES; n < second; n++)
		assert_int_equal(memory[n], 0); /* the kernel skips zeros between two archives */
	assert_memory_equal(memory + second, second_file, SECOND_BYTES);
	assert_int_equal(memory[second + SECOND_BYTES], 0);
}

/* The header counts paragraphs of 16 bytes. memtest86+ 6.10 ends 8 bytes before the end of its last
 * paragraph. */
static void a_kernel_may_end_within_its_last_paragraph(void **state)
{
	struct bz b = bz_image();

	(void)state;
	for (unsigned missing = 1; missing < 16; missing++) {
		struct load_source s = linux_source(&b, 0);
		s.bytes -= missing;
		assert_int_equal(load(&s), 0);
		assert_memory_equal(memory + BZ_AT, b.bytes + BZ_SETUP, BZ_KERNEL - missing);
		for (unsigned n = BZ_KERNEL - missing; n < BZ_KERNEL; n++)
			assert_int_equal(memory[BZ_AT + n], 0);
	}
}

static void a_kernel_gets_the_parameters_of_the_boot_protocol(void **state)
{
	struct bz b = bz_image();
	struct load_source s = linux_source(&b, 2);
	const uint32_t params = HANDOVER_AT;

	(void)state;
	assert_int_equal(load(&s), 0);
	assert_true(linux_hand_over(&l, "console=ttyS1 quiet", 0) != 0);
	assert_int_equal(field(params + BZ_LOADER, 1), 0xff);
	assert_string_equal((char *)memory + field(params + BZ_CMDLINE, 4), "console=ttyS1 quiet");
	assert_int_equal(field(params + BZ_RAMDISK, 4), 0x141000);
	assert_int_equal(field(params + BZ_RAMDISK_BYTES, 4), 0x2000 + SECOND_BYTES);
	assert_int_equal(field(params + BZ_MAGIC, 4), 0x53726448);
	assert_int_equal(field(params + BZ_INIT, 4), BZ_INIT_SIZE);
	assert_int_equal(field(params + BZ_HEADER_END, 4), 0);
	/* memory: below the hole, the hole, above */
	assert_int_equal(field(params + 0x1e8, 1), 3);
	assert_int_equal(field(params + 0x2d0, 8), 0);
	assert_int_equal(field(params + 0x2d8, 8), 0xa0000);
	assert_int_equal(field(params + 0x2e0, 4), 1);
	assert_int_equal(field(params + 0x2e4, 8), 0xa0000);
	assert_int_equal(field(params + 0x2ec, 8), 0x60000);
	assert_int_equal(field(params + 0x2f4, 4), 2);
	assert_int_equal(field(params + 0x2f8, 8), 0x100000);
	assert_int_equal(field(params + 0x300, 8), 0x100000);
	assert_int_equal(field(params + 0x308, 4), 1);
	assert_int_equal(field(params + 2, 2), 1024);
	assert_int_equal(field(params + 0x1e0, 4), 1024);

	l.high_size = 5ull << 30; /* of 8 GiB */
	assert_true(linux_hand_over(&l, "", 0) != 0);
	assert_int_equal(field(params + 0x1e8, 1), 4);
	assert_int_equal(field(params + 0x30c, 8), 4ull << 30);
	assert_int_equal(field(params + 0x314, 8), 5ull << 30);
	assert_int_equal(field(params + 0x31c, 4), 1);
	assert_int_equal(field(params + 0x1e0, 4), 1024); /* up to the hole at 3 GiB */

	s.file_count = 0;
	assert_int_equal(load(&s), 0);
	assert_true(linux_hand_over(&l, "", 0) != 0);
	assert_int_equal(field(params + BZ_RAMDISK, 4), 0);
	assert_int_equal(field(params + BZ_RAMDISK_BYTES, 4), 0);
}

/* The kernel's word comes first: of two words of a name the kernel takes the last. */
static void a_known_frequency_of_the_tsc_is_in_the_command_line(void **state)
{
	struct bz b = bz_image();
	const struct load_source s = linux_source(&b, 0);

	(void)state;
	assert_int_equal(load(&s), 0);
	assert_true(linux_hand_over(&l, "console=ttyS1", 19998) != 0);
	assert_string_equal((char *)memory + field(HANDOVER_AT + BZ_CMDLINE, 4),
	                    "tsc_early_khz=19998 console=ttyS1");
	assert_true(linux_hand_over(&l, "", UINT32_MAX) != 0);
	assert_string_equal((char *)memory + field(HANDOVER_AT + BZ_CMDLINE, 4),
	                    "tsc_early_khz=4294967295 ");
}

/* The instructions, as an assembler lists them; each address is checked. */
static void the_first_instructions_load_flat_segments_and_jump(void **state)
{
	struct bz b = bz_image();
	const struct load_source s = linux_source(&b, 0);

	(void)state;
	assert_int_equal(load(&s), 0);
	uint32_t at = linux_hand_over(&l, "", 0);
	assert_int_equal(field(at, 3), 0x15010f); /* lgdt */
	uint32_t pointer = (uint32_t)field(at + 3, 4);
	assert_int_equal(field(pointer, 2), 31);
	uint32_t gdt = (uint32_t)field(pointer + 2, 4);
	assert_true(field(gdt, 8) == 0 && field(gdt + 8, 8) == 0);
	assert_true(field(gdt + 0x10, 8) == 0x00cf9b000000ffff);
	assert_true(field(gdt + 0x18, 8) == 0x00cf93000000ffff);
	assert_int_equal(memory[at + 7], 0xea); /* ljmp $10h, next */
	assert_int_equal(field(at + 8, 4), at + 14);
	assert_int_equal(field(at + 12, 2), 0x10);
	assert_int_equal(memory[at + 14], 0xb8); /* mov $18h, %eax */
	assert_int_equal(field(at + 15, 4), 0x18);
	static const uint8_t segments[] = { 0x8e, 0xd8, 0x8e, 0xc0, 0x8e,
		                            0xd0, 0x8e, 0xe0, 0x8e, 0xe8 };
	assert_memory_equal(memory + at + 19, segments, sizeof(segments));
	assert_int_equal(memory[at + 29], 0xbe); /* mov parameters, %esi */
	assert_int_equal(field(at + 30, 4), HANDOVER_AT);
	static const uint8_t zeros[] = { 0x31, 0xdb, 0x31, 0xed, 0x31, 0xff, 0xb8 };
	assert_memory_equal(memory + at + 34, zeros, sizeof(zeros));
	assert_int_equal(field(at + 41, 4), BZ_AT); /* mov entry, %eax; jmp *%eax */
	assert_int_equal(field(at + 45, 2), 0xe0ff);
}

static void a_kernel_that_cannot_move_lies_at_1_mib(void **state)
{
	struct bz b = bz_image();
	const struct load_source s = linux_source(&b, 1);

	(void)state;
	bz_put(&b, BZ_RELOCATABLE, 0, 1);
	assert_int_equal(load(&s), 0);
	assert_int_equal(l.entry, 0x100000);
	assert_memory_equal(memory + 0x100000, b.bytes + BZ_SETUP, BZ_KERNEL);
	assert_memory_equal(memory + 0x141000, first_file, FIRST_BYTES);
}

static void expect_refused(const struct load_source *s, int error, const char *message)
{
	memset(memory, 0xcc, MEMORY);
	assert_int_equal(load(s), error);
	assert_string_equal(err, message);
	for (unsigned n = 0; n < MEMORY; n += sizeof(uint64_t))
		assert_true(*(const uint64_t *)(memory + n) == 0xcccccccccccccccc);
}

#define REFUSED(error, message, ...)                        \
	do {                                                \
		struct bz b = bz_image();                   \
		struct load_source s = linux_source(&b, 1); \
		__VA_ARGS__;                                \
		expect_refused(&s, error, message);         \
	} while (0)

static void a_hostile_kernel_names_the_broken_rule(void **state)
{
	(void)state;
	REFUSED(-ENOEXEC, "too short for a Linux kernel: 611 bytes, the setup header ends at 612",
	        s.bytes = 611);
	REFUSED(-ENOEXEC, "no Linux kernel (type=linux): the setup header's magic is missing",
	        b.bytes[BZ_MAGIC] = 'h');
	REFUSED(-ENOEXEC, "no Linux kernel (type=linux): the setup header's magic is missing",
	        b.bytes[BZ_BOOT_FLAG] = 0);
	REFUSED(-ENOEXEC,
	        "the Linux kernel has boot protocol 2.09; "
	        "it has to be 2.10 or later (Linux 2.6.31)",
	        bz_put(&b, BZ_VERSION, 0x209, 2));
	REFUSED(-ENOEXEC,
	        "the Linux kernel is a zImage, which loads below 1 MiB; a bzImage is needed",
	        b.bytes[BZ_LOADFLAGS] = 0);
	REFUSED(-ENOEXEC, "the Linux kernel is cut off: its header says 4096 bytes, 4080 are there",
	        s.bytes -= 16);
	REFUSED(-ENOEXEC,
	        "the Linux kernel is cut off: its header says 68719477744 bytes, 4096 are there",
	        bz_put(&b, BZ_SYSSIZE, UINT32_MAX, 4));
	REFUSED(-ENOEXEC, "the Linux kernel is cut off: its header says 5632 bytes, 4096 are there",
	        b.bytes[BZ_SETUP_SECTS] = 0); /* 0 means 4 sectors */
	REFUSED(-ENOEXEC, "the Linux kernel is cut off: its header says 1024 bytes, 4096 are there",
	        bz_put(&b, BZ_SYSSIZE, 0, 4));
	REFUSED(-ENOEXEC,
	        "the Linux kernel wants address 0xfffff and size 0x20010, which is not between 1 "
	        "MiB and 4 GiB",
	        bz_put(&b, BZ_PREF_ADDRESS, 0xfffff, 8));
	REFUSED(-ENOEXEC,
	        "the Linux kernel wants address 0xffffffffffffffff and size 0x20010, which is not "
	        "between 1 MiB and 4 GiB",
	        bz_put(&b, BZ_PREF_ADDRESS, UINT64_MAX, 8));
	REFUSED(-ENOEXEC,
	        "the Linux kernel wants address 0x120000 and size 0xffffffff, which is not between "
	        "1 MiB and 4 GiB",
	        bz_put(&b, BZ_INIT, UINT32_MAX, 4));
}

static void too_little_memory_says_how_much_is_needed(void **state)
{
	(void)state;
	REFUSED(-ENOMEM, "the Linux kernel and its modules need mem=3M at least; the VM has 2M",
	        bz_put(&b, BZ_INIT, 0xe0001, 4));
	REFUSED(-ENOMEM, "with its modules (of=: 1) the VM needs mem=3M at least; the VM has 2M",
	        bz_put(&b, BZ_INIT, 0xe0000 - PAGE_BYTES, 4));
	REFUSED(-ENOMEM, "with its modules (of=: 2) the VM needs mem=3M at least; the VM has 2M",
	        (s.file_count = 2, bz_put(&b, BZ_INIT, 0xe0000 - 2 * PAGE_BYTES, 4)));
	REFUSED(-ENOMEM,
	        "the initrd would end at 0x142388; this kernel takes an initrd up to 0x142386",
	        bz_put(&b, BZ_INITRD_MAX, 0x142386, 4));
	REFUSED(-ENOEXEC, "module number 1 of the VM (of=) is empty", s.file[0].bytes = 0);
}

static void a_kernel_and_its_initrd_may_fill_the_memory(void **state)
{
	struct bz b = bz_image();
	struct load_source s = linux_source(&b, 1);

	(void)state;
	bz_put(&b, BZ_INIT, 0xe0000 - 2 * PAGE_BYTES, 4);
	assert_int_equal(load(&s), 0);
	s.file[0].bytes = 4096;
	bz_put(&b, BZ_INIT, 0xe0000 - PAGE_BYTES, 4);
	assert_int_equal(load(&s), 0);
	bz_put(&b, BZ_INITRD_MAX, MEMORY - 1, 4);
	assert_int_equal(load(&s), 0);
	s.file_count = 0;
	bz_put(&b, BZ_INIT, 0xe0000, 4);
	assert_int_equal(load(&s), 0);
}

static void a_command_line_that_is_too_long_is_refused(void **state)
{
	struct bz b = bz_image();
	const struct load_source s = linux_source(&b, 0);
	char line[4096];

	(void)state;
	assert_int_equal(load(&s), 0);
	memset(line, 'a', sizeof(line));
	line[2047] = '\0';
	assert_true(linux_hand_over(&l, line, 0) != 0);
	line[2047] = 'a';
	line[2048] = '\0';
	assert_int_equal(linux_hand_over(&l, line, 0), 0);
	line[2048 - 1 - sizeof("tsc_early_khz=1")] = '\0';
	assert_true(linux_hand_over(&l, line, 1) != 0);
	line[2048 - 1 - sizeof("tsc_early_khz=1")] = 'a';
	line[2048 - sizeof("tsc_early_khz=1")] = '\0';
	assert_int_equal(linux_hand_over(&l, line, 1), 0);
}

static void a_kernel_without_type_is_told_of_the_word(void **state)
{
	struct bz b = bz_image();
	struct load_source s = linux_source(&b, 0);

	(void)state;
	s.kind = LOAD_MULTIBOOT;
	expect_refused(&s, -ENOEXEC,
	               "this is a Linux kernel, not a multiboot kernel: add type=linux");
	b.bytes[BZ_MAGIC] = 0;
	expect_refused(&s, -ENOEXEC, "no multiboot header in the first 8 KiB");
}

/* ---- Modules of a multiboot kernel ---- */

static struct load_source with_modules(const struct image *i, unsigned files)
{
	struct load_source s = { .image = i, .bytes = sizeof(*i), .file_count = files };

	s.file[0] = (struct load_file){ first_file, FIRST_BYTES, "one two" };
	s.file[1] = (struct load_file){ second_file, SECOND_BYTES, "" };
	return s;
}

/* Builds the boot information of l with all modules. Returns its address, or 0 where a text is too
 * long. */
static uint32_t hand_over(const char *loader_name)
{
	uint32_t at = handover_build(&l, "", loader_name);

	for (unsigned i = 0; i < l.source.file_count; i++)
		if (!handover_list_file(&l, i))
			return 0;
	return at;
}

static void a_multiboot_kernel_gets_a_list_of_its_modules(void **state)
{
	struct image i = image_elf64();
	const struct load_source s = with_modules(&i, 2);
	struct multiboot_info info;
	struct multiboot_module module[2];

	(void)state;
	assert_int_equal(load(&s), 0);
	memcpy(&info, memory + hand_over("Signalbox"), sizeof(info));
	assert_true(info.flags & 1 << 3);
	assert_int_equal(info.mods_count, 2);
	memcpy(module, memory + info.mods_addr, sizeof(module));
	assert_int_equal(module[0].start, 0x102000);
	assert_int_equal(module[0].end, 0x102000 + FIRST_BYTES);
	assert_string_equal((char *)memory + module[0].string, "one two");
	assert_int_equal(module[1].start, 0x104000);
	assert_int_equal(module[1].end, 0x104000 + SECOND_BYTES);
	assert_string_equal((char *)memory + module[1].string, "");
	assert_memory_equal(memory + module[0].start, first_file, FIRST_BYTES);
	assert_memory_equal(memory + module[1].start, second_file, SECOND_BYTES);
}

static void modules_never_lie_below_1_mib(void **state)
{
	struct image i = image_elf32();
	const struct load_source s = with_modules(&i, 1);

	(void)state;
	image_program32(&i, 0)->paddr = image_program32(&i, 0)->vaddr = 0x20000;
	image_program32(&i, 2)->paddr = image_program32(&i, 2)->vaddr = 0x30000;
	i.h32.entry = 0x20010;
	assert_int_equal(load(&s), 0);
	assert_int_equal(l.file_at[0], 0x100000);
	assert_memory_equal(memory + 0x100000, first_file, FIRST_BYTES);
}

static void modules_of_a_multiboot_kernel_have_limits(void **state)
{
	struct image i = image_elf64();
	struct load_source s = with_modules(&i, LOAD_FILES_MAX);
	char line[300];

	(void)state;
	memset(line, 'a', 255);
	line[255] = '\0';
	for (unsigned n = 0; n < LOAD_FILES_MAX; n++)
		s.file[n] = (struct load_file){ first_file, FIRST_BYTES, line };
	assert_int_equal(load(&s), 0);
	uint32_t at = hand_over("");
	assert_in_range(at, HANDOVER_AT, HANDOVER_AT + HANDOVER_BYTES - 1);
	assert_int_equal(memory[HANDOVER_AT + HANDOVER_BYTES], 0);
	line[255] = 'a';
	line[256] = '\0';
	assert_int_equal(hand_over(""), 0);
	s.file[0].bytes = MEMORY;
	expect_refused(&s, -ENOMEM,
	               "with its modules (of=: 8) the VM needs mem=4M at least; the VM has 2M");
	s.file[0].bytes = 0;
	expect_refused(&s, -ENOEXEC, "module number 1 of the VM (of=) is empty");
}

/* A step copies 4 KiB at most, so the files' sizes decide how many steps there are. */
static void files_are_copied_in_steps(void **state)
{
	struct image i = image_elf64();
	const struct load_source with = with_modules(&i, 2), without = with_modules(&i, 0);
	const struct guest_ram ram = ram_at(memory, MEMORY);
	unsigned steps[2] = { 0, 0 };

	(void)state;
	load_begin(&l, &without, &ram);
	while (load_step(&l) > 0)
		steps[0]++;
	load_begin(&l, &with, &ram);
	while (load_step(&l) > 0)
		steps[1]++;
	assert_int_equal(steps[1] - steps[0], 2 + 1);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, make_memory, drop_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEMORY(a_kernel_lies_at_its_address_and_its_initrd_behind_it),
		WITH_MEMORY(a_kernel_may_end_within_its_last_paragraph),
		WITH_MEMORY(a_kernel_gets_the_parameters_of_the_boot_protocol),
		WITH_MEMORY(a_known_frequency_of_the_tsc_is_in_the_command_line),
		WITH_MEMORY(the_first_instructions_load_flat_segments_and_jump),
		WITH_MEMORY(a_kernel_that_cannot_move_lies_at_1_mib),
		WITH_MEMORY(a_hostile_kernel_names_the_broken_rule),
		WITH_MEMORY(too_little_memory_says_how_much_is_needed),
		WITH_MEMORY(a_kernel_and_its_initrd_may_fill_the_memory),
		WITH_MEMORY(a_command_line_that_is_too_long_is_refused),
		WITH_MEMORY(a_kernel_without_type_is_told_of_the_word),
		WITH_MEMORY(a_multiboot_kernel_gets_a_list_of_its_modules),
		WITH_MEMORY(modules_never_lie_below_1_mib),
		WITH_MEMORY(modules_of_a_multiboot_kernel_have_limits),
		WITH_MEMORY(files_are_copied_in_steps),
	};

	return cmocka_run_group_tests_name("linux", tests, NULL, NULL);
}
