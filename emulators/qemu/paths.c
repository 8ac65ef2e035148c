/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The work of each path of the VMM: a plugin of QEMU 7.2 and 10.0, loaded with
 * -plugin paths.so,out=FILE.
 *
 * A path begins with the first instruction after VMRUN and ends with the next VMRUN. FILE gets a
 * line for each path: the exit's code and EXITINFO1, the VMCBs that were left and entered, and the
 * counters below. The first line of FILE names the columns.
 *
 * Rule: the plugin knows an instruction by its bytes when QEMU translates the instruction, and
 * counts the instruction when QEMU executes it. The plugin looks at 64-bit code outside of a guest
 * only: firmware and loader have no such code.
 *
 * Rule: no register is read in the middle of a translated block, for a register may not be in the
 * processor's state there. The port of IN and OUT is read at the next instruction.
 */
#include "qemu/osdep.h"

#include "qemu/error-report.h"

#include "cpu.h"
#include "exec/cpu-common.h"
#include "hw/core/cpu.h"

#include "qemu/qemu-plugin.h"

#include "emulators/qemu/version_check.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* The counters, in the order of the columns. console: accesses to the ports and the memory of the
 * VMM's own terminal. Such accesses are counted by their own names as well. */
/* clang-format off */
#define COUNTERS(X) \
	X(instructions) X(in) X(out) X(console) X(ioapic_read) \
	X(ioapic_write) X(lapic_read) X(lapic_write) X(hpet_read) X(hpet_write) \
	X(vga_read) X(vga_write) X(window_read) X(window_write) X(rdtsc) \
	X(fxsave) X(fxrstor) X(xsave) X(xrstor) X(cr2) \
	X(cr) X(iret) X(vmload) X(vmsave) X(gif) \
	X(msr) X(cpuid) X(flush) X(hlt)
/* clang-format on */

#define X_ENUM(name) N_##name,
enum counter { COUNTERS(X_ENUM) COUNTED, OTHER = N_instructions, VMRUN = COUNTED };
#undef X_ENUM

/* Offsets in a VMCB (APM 2 appendix B). */
enum { EXIT_CODE = 0x70, EXIT_INFO_1 = 0x78 };

/* The terminal's ports: UART, and VGA's index and data. */
enum { COM1 = 0x3f8, COM1_END = 0x400, CRTC = 0x3d4, CRTC_END = 0x3d6 };

static struct {
	FILE *out;
	bool inside; /* a guest has run, and its exit is not known yet */
	bool begun;
	bool port; /* the last instruction was IN or OUT by DX */
	uint64_t code, info, from;
	uint64_t n[COUNTED];
} path;

static CPUX86State *processor(void)
{
	return &X86_CPU(first_cpu)->env;
}

/* ---- Kinds of instructions ---- */

static bool is_prefix(uint8_t byte)
{
	return (byte & 0xf0) == 0x40 || byte == 0x66 || byte == 0xf2 || byte == 0xf3 ||
	       byte == 0xf0;
}

static enum counter system_instruction(uint8_t last)
{
	switch (last) {
	case 0xd8:
		return VMRUN;
	case 0xda:
		return N_vmload;
	case 0xdb:
		return N_vmsave;
	case 0xdc:
	case 0xdd:
		return N_gif;
	case 0xdf:
		return N_flush; /* INVLPGA */
	case 0xf9:
		return N_rdtsc; /* RDTSCP */
	default:
		return last < 0xc0 && (last >> 3 & 7) == 7 ? N_flush : OTHER; /* INVLPG */
	}
}

static enum counter state_instruction(uint8_t modrm)
{
	/* clang-format off */
	static const enum counter by_digit[8] = {
		N_fxsave, N_fxrstor, OTHER, OTHER, N_xsave, N_xrstor, N_xsave, OTHER,
	};
	/* clang-format on */
	return modrm < 0xc0 ? by_digit[modrm >> 3 & 7] : OTHER;
}

static enum counter two_byte(uint8_t opcode, uint8_t modrm)
{
	switch (opcode) {
	case 0x01:
		return system_instruction(modrm);
	case 0x20:
	case 0x22:
		return (modrm >> 3 & 7) == 2 ? N_cr2 : N_cr;
	case 0x30:
	case 0x32:
		return N_msr;
	case 0x31:
		return N_rdtsc;
	case 0xa2:
		return N_cpuid;
	case 0xae:
		return state_instruction(modrm);
	default:
		return OTHER;
	}
}

static enum counter kind_of(const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && is_prefix(bytes[i]))
		i++;
	if (i + 2 < size && bytes[i] == 0x0f)
		return two_byte(bytes[i + 1], bytes[i + 2]);
	if (i + 1 < size && bytes[i] == 0x0f)
		return two_byte(bytes[i + 1], 0);
	switch (i < size ? bytes[i] : 0) {
	case 0xe4:
	case 0xe5:
	case 0xec:
	case 0xed:
		return N_in;
	case 0xe6:
	case 0xe7:
	case 0xee:
	case 0xef:
		return N_out;
	case 0xcf:
		return N_iret;
	case 0xf4:
		return N_hlt;
	default:
		return OTHER;
	}
}

/* ---- Execution ---- */

static uint64_t vmcb_field(uint64_t vmcb, unsigned offset)
{
	uint64_t value = 0;

	cpu_physical_memory_read(vmcb + offset, &value, sizeof(value));
	return value;
}

static void write_path(uint64_t to)
{
	const uint64_t head[] = { path.code, path.info, path.from, to };

	for (unsigned i = 0; i < G_N_ELEMENTS(head); i++)
		fprintf(path.out, "%s%" PRIx64, i ? " " : "", head[i]);
	for (unsigned i = 0; i < COUNTED; i++)
		fprintf(path.out, " %" PRIu64, path.n[i]);
	fputc('\n', path.out);
}

/* Called at the first instruction after an exit. vm_vmcb is the VMCB that the last path has
 * entered. */
static void begin_path(void)
{
	uint64_t vmcb = processor()->vm_vmcb;

	if (path.begun)
		write_path(vmcb);
	memset(path.n, 0, sizeof(path.n));
	path.inside = false;
	path.begun = true;
	path.port = false;
	path.from = vmcb;
	path.code = vmcb_field(vmcb, EXIT_CODE);
	path.info = vmcb_field(vmcb, EXIT_INFO_1);
}

static bool is_terminal(uint16_t port)
{
	return (port >= COM1 && port < COM1_END) || (port >= CRTC && port < CRTC_END);
}

static void on_instruction(unsigned int cpu, void *kind)
{
	enum counter what = (enum counter)(uintptr_t)kind;

	if (path.inside)
		begin_path();
	if (path.port) {
		uint16_t port = (uint16_t)processor()->regs[R_EDX];
		path.n[N_console] += is_terminal(port);
		path.port = false;
	}
	path.n[N_instructions]++;
	if (what == VMRUN) {
		path.inside = true;
		return;
	}
	if (what != OTHER)
		path.n[what]++;
	path.port = what == N_in || what == N_out;
}

static void on_memory(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t virtual, void *unused)
{
	const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, virtual);

	if (path.inside || where == NULL || !qemu_plugin_hwaddr_is_io(where))
		return;
	uint64_t address = qemu_plugin_hwaddr_phys_addr(where);
	bool store = qemu_plugin_mem_is_store(info);
	if (address < 0x100000) {
		path.n[N_vga_read + store]++;
		path.n[N_console]++;
		return;
	}
	switch (address >> 12) {
	case 0xfec00:
		path.n[N_ioapic_read + store]++;
		break;
	case 0xfed00:
		path.n[N_hpet_read + store]++;
		break;
	case 0xfee00:
		path.n[N_lapic_read + store]++;
		break;
	default:
		path.n[N_window_read + store]++;
		break;
	}
}

static enum counter kind_of_instruction(const struct qemu_plugin_insn *one)
{
#if QEMU_VERSION_MAJOR >= 10
	enum { LONGEST = 15 };
	uint8_t bytes[LONGEST];
	return kind_of(bytes, qemu_plugin_insn_data(one, bytes, sizeof bytes));
#else
	return kind_of(qemu_plugin_insn_data(one), qemu_plugin_insn_size(one));
#endif
}

static void on_execution(struct qemu_plugin_insn *one, void *kind)
{
	const enum qemu_plugin_cb_flags no_registers = QEMU_PLUGIN_CB_NO_REGS;

	qemu_plugin_register_vcpu_insn_exec_cb(one, on_instruction, no_registers, kind);
	qemu_plugin_register_vcpu_mem_cb(one, on_memory, no_registers, QEMU_PLUGIN_MEM_RW, NULL);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	uint32_t mode = processor()->hflags;

	if (!(mode & HF_CS64_MASK) || (mode & HF_GUEST_MASK))
		return;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *one = qemu_plugin_tb_get_insn(block, i);
		on_execution(one, (void *)(uintptr_t)kind_of_instruction(one));
	}
}

/* ---- The way into the emulator ---- */

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	fclose(path.out);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
	if (!plugin_is_for_this_qemu("paths", info->target_name))
		return 1;
	if (argc == 1 && g_str_has_prefix(argv[0], "out="))
		path.out = fopen(argv[0] + strlen("out="), "w");
	if (path.out == NULL) {
		error_report("paths: out=FILE is missing, or the file cannot be written");
		return 1;
	}
#define X_NAME(name) " " #name
	fputs("code info from to" COUNTERS(X_NAME) "\n", path.out);
#undef X_NAME
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
