/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The longest distances between two looks of the VMM at its NMI count: a plugin of QEMU 7.2 and
 * 10.0, loaded with -plugin looks.so,out=FILE,looks=A+B,opens=A+B,closes=A+B.
 *
 * The lists are addresses of instructions, in hexadecimal: looks at the count, and writes of 1 and
 * of 0 to work_open. VMRUN is a look as well: an NMI that waits ends the entry. While work_open is
 * 1, an NMI ends the work at any instruction, so each instruction is a look. FILE gets a line for
 * each instruction that ended a distance: the longest one in instructions, the addresses where that
 * distance began and ended, and the address of every STEP-th instruction between.
 *
 * Rule: boot is no distance. The first VMRUN begins the first distance, and what does not end
 * before the emulator ends counts for nothing. The plugin looks at 64-bit code outside of a guest
 * only.
 */
#include "qemu/osdep.h"

#include "qemu/error-report.h"

#include "cpu.h"
#include "hw/core/cpu.h"

#include "qemu/qemu-plugin.h"

#include "emulators/qemu/version_check.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum kind { PLAIN, LOOK, OPEN, CLOSE, VMRUN };
enum { STEP = 64, STEPS = 256 };

/* A distance; of the present one the fields grow. */
struct distance {
	uint64_t instructions, from, to;
	uint64_t between[STEPS];
};

static struct {
	FILE *out;
	GHashTable *kinds;   /* address of an instruction: its kind */
	GHashTable *longest; /* address of the end: struct distance */
	struct distance now;
	bool begun, inside, open;
} looks;

static void end_distance(uint64_t at)
{
	struct distance *longest = g_hash_table_lookup(looks.longest, (gpointer)(uintptr_t)at);

	looks.now.to = at;
	if (longest == NULL) {
		longest = g_new0(struct distance, 1);
		g_hash_table_insert(looks.longest, (gpointer)(uintptr_t)at, longest);
	}
	if (looks.now.instructions > longest->instructions)
		*longest = looks.now;
	looks.now.instructions = 0;
	looks.now.from = at;
}

static void on_instruction(unsigned int cpu, void *data)
{
	uint64_t at = (uintptr_t)data >> 3;
	enum kind kind = (enum kind)((uintptr_t)data & 7);

	if (kind == VMRUN && !looks.begun) {
		looks.begun = looks.inside = true;
		return;
	}
	if (!looks.begun)
		return;
	if (looks.inside) { /* the first instruction behind an exit */
		looks.now.instructions = 0;
		looks.now.from = at;
		looks.inside = false;
	}
	uint64_t n = looks.now.instructions++;
	if (n % STEP == 0 && n / STEP < STEPS)
		looks.now.between[n / STEP] = at;
	if (kind != PLAIN || looks.open)
		end_distance(at);
	looks.inside = kind == VMRUN;
	looks.open = kind == OPEN || (looks.open && kind != CLOSE);
}

static enum kind kind_of(uint64_t at, const uint8_t *bytes, size_t size)
{
	static const uint8_t vmrun[] = { 0x0f, 0x01, 0xd8 };

	if (size == sizeof(vmrun) && memcmp(bytes, vmrun, size) == 0)
		return VMRUN;
	return (enum kind)(uintptr_t)g_hash_table_lookup(looks.kinds, (gpointer)(uintptr_t)at);
}

static enum kind kind_of_instruction(const struct qemu_plugin_insn *one)
{
	uint64_t at = qemu_plugin_insn_vaddr(one);

#if QEMU_VERSION_MAJOR >= 10
	enum { LONGEST = 15 };
	uint8_t bytes[LONGEST];
	return kind_of(at, bytes, qemu_plugin_insn_data(one, bytes, sizeof bytes));
#else
	return kind_of(at, qemu_plugin_insn_data(one), qemu_plugin_insn_size(one));
#endif
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	uint32_t mode = X86_CPU(first_cpu)->env.hflags;

	if (!(mode & HF_CS64_MASK) || (mode & HF_GUEST_MASK))
		return;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *one = qemu_plugin_tb_get_insn(block, i);
		uintptr_t data = (uintptr_t)(qemu_plugin_insn_vaddr(one) << 3) |
		                 (uintptr_t)kind_of_instruction(one);

		qemu_plugin_register_vcpu_insn_exec_cb(one, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
		                                       (void *)data);
	}
}

static void write_distance(gpointer key, gpointer value, gpointer unused)
{
	const struct distance *one = value;

	fprintf(looks.out, "%" PRIu64 " %" PRIx64 " %" PRIx64, one->instructions, one->from,
	        one->to);
	for (uint64_t i = 0; i < STEPS && i * STEP < one->instructions; i++)
		fprintf(looks.out, " %" PRIx64, one->between[i]);
	fputc('\n', looks.out);
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	g_hash_table_foreach(looks.longest, write_distance, NULL);
	fclose(looks.out);
}

/* Takes a list of addresses from an argument. Returns false where the argument is another one. */
static bool take_list(const char *argument, const char *name, enum kind kind)
{
	if (!g_str_has_prefix(argument, name))
		return false;
	for (const char *next = argument + strlen(name); *next != '\0';) {
		char *end;
		uint64_t at = strtoull(next, &end, 16);
		if (end == next)
			return false;
		g_hash_table_insert(looks.kinds, (gpointer)(uintptr_t)at,
		                    (gpointer)(uintptr_t)kind);
		next = *end == '+' ? end + 1 : end;
	}
	return true;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
	if (!plugin_is_for_this_qemu("looks", info->target_name))
		return 1;
	looks.kinds = g_hash_table_new(NULL, NULL);
	looks.longest = g_hash_table_new(NULL, NULL);
	for (int i = 0; i < argc; i++) {
		if (g_str_has_prefix(argv[i], "out="))
			looks.out = fopen(argv[i] + strlen("out="), "w");
		else if (!take_list(argv[i], "looks=", LOOK) &&
		         !take_list(argv[i], "opens=", OPEN) &&
		         !take_list(argv[i], "closes=", CLOSE)) {
			error_report("looks: %s is not out=FILE, nor a list of addresses", argv[i]);
			return 1;
		}
	}
	if (looks.out == NULL || g_hash_table_size(looks.kinds) == 0) {
		error_report("looks: out=FILE or looks= is missing, or the file cannot be written");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
