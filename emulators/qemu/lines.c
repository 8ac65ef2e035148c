/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The latencies of a guest that knows nothing of a measurement, and the timeline of a run: a plugin
 * of QEMU, loaded with
 * -plugin lines.so,out=FILE,ticks=N,lines=MASK[,samples=N][,ms=N][,timeline=FILE,ring=N,entries=N].
 *
 *   devices --- lines ---> on_line()         the edge
 *   guest ----- ports ---> on_port_write()   the guest's 8259, where the write causes no exit
 *   guest ----- exits ---> on_exit()         the same, where the write causes an exit
 *   processor -----------> on_interrupt()    the delivery
 *   VMM ------ VMRUN ----> on_entry_of_vm()  for the timeline alone
 *
 * out=FILE gets the samples when the machine ends (latency.h). A limit ends the machine.
 * timeline=FILE gets each moment, and the VMM's trace, which lies at the address ring (timeline.h).
 *
 * Rule: the plugin changes no state of the machine, and takes none of the machine's time: time is
 * the count of instructions (-icount). So a guest runs as without the plugin.
 */
#include "qemu/osdep.h"

#include "qemu/error-report.h"
#include "qemu/notify.h"
#include "qemu/timer.h"

#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/isa/isa.h"

#include "qemu/qemu-plugin.h"

#include "emulators/qemu/latency.h"
#include "emulators/qemu/recent.h"
#include "emulators/qemu/version_check.h"
#include "emulators/timeline.h"

#if QEMU_VERSION_MAJOR >= 10
#include "accel/tcg/cpu-ops.h"
#include "system/runstate.h"
#include "system/system.h"
#else
#include "hw/core/tcg-cpu-ops.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#endif

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* Of exec/cpu_ldst.h, whose other parts need QEMU's code generator. Returns NULL where no page is
 * there. */
void *tlb_vaddr_to_host(CPUArchState *env, target_ulong address, MMUAccessType access, int mmu);

enum { PORTS = 4, CALLS = 8 };

/* Fields of a VMCB (APM 2 appendix B). */
enum { EXIT_CODE = 0x70, EXIT_INFO_1 = 0x78, SAVED_RAX = 0x5f8 };
/* An exit by IN or OUT, and its EXITINFO1: the port, and whether the instruction is an IN. */
enum { EXIT_IO = 0x7b, IO_IN = 1, IO_STRING = 4, IO_PORT_SHIFT = 16 };

static const uint16_t port_numbers[PORTS] = { 0x20, 0x21, 0xa0, 0xa1 };

static struct {
	const char *path, *timeline;
	struct timeline_ring ring;
	int64_t ticks;                /* ns of an instruction */
	bool virtual;                 /* a VM has run: what runs outside of VMs is the VMM */
	bool ended;                   /* the end of the machine is requested */
	unsigned high;                /* a bit for each line whose level is high */
	qemu_irq line[LATENCY_LINES]; /* the inputs of the interrupt controllers */
	const MemoryRegionOps *ops[PORTS];
	MemoryRegionOps own[PORTS];
	bool (*take_interrupt)(CPUState *cpu, int request);
	struct TCGCPUOps tcg;
	uint64_t return_address[CALLS]; /* where an exit leads to: behind each VMRUN */
	unsigned calls;
} lines;

static CPUX86State *processor(void)
{
	return &X86_CPU(first_cpu)->env;
}

static int64_t now(void)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Returns the VM that has the processor, LATENCY_VMM, or LATENCY_BARE before the first VM. */
static uint64_t running(void)
{
	const CPUX86State *env = processor();

	if (env->hflags & HF_GUEST_MASK)
		return env->vm_vmcb;
	return lines.virtual ? LATENCY_VMM : LATENCY_BARE;
}

static void end_at_limit(void)
{
	if (lines.ended || !latency_is_over(now()))
		return;
	lines.ended = true;
	qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_QMP_QUIT);
}

/* ---- Lines ---- */

/* Devices set the same level again and again. */
static void note_level(unsigned line, bool high)
{
	if ((lines.high >> line & 1) == high)
		return;
	lines.high ^= 1u << line;
	moment_add(high ? TIMELINE_HIGH : TIMELINE_LOW, running(), line, now());
}

/* opaque: the input as the input was before qemu_irq_intercept_in(). */
static void on_line(void *opaque, int n, int level)
{
	const qemu_irq *before = opaque;

	latency_line((unsigned)n, level != 0, running(), now());
	note_level((unsigned)n, level != 0);
	end_at_limit();
	qemu_set_irq(*before, level);
}

/* ---- The guest's 8259s ---- */

/* The region of a port is the stock pair's or the chipset block's. Only the function for writes
 * changes. */
static void write_port(unsigned which, void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
	uint64_t vm = running();

	if (vm != LATENCY_VMM)
		latency_port(vm, port_numbers[which], (uint8_t)value, now());
	lines.ops[which]->write(opaque, offset, value, size);
}

/* clang-format off */
#define PORT_FUNCTION(which) \
	static void write_port_##which(void *opaque, hwaddr offset, uint64_t value, unsigned size) \
	{ \
		write_port(((which) & ~1u) + (unsigned)(offset & 1), opaque, offset, value, size); \
	}
/* clang-format on */
PORT_FUNCTION(0)
PORT_FUNCTION(2)

/* Returns the time at the beginning of the block that has just begun. QEMU refuses to read the time
 * within a block, and has counted all n instructions of the block already. */
static int64_t now_at_block(uintptr_t n)
{
#if QEMU_VERSION_MAJOR >= 10
	bool *allowed = &first_cpu->neg.can_do_io;
#else
	uint32_t *allowed = &first_cpu->can_do_io;
#endif
	int64_t time;

	*allowed = 1;
	time = now() - (int64_t)n * lines.ticks;
	*allowed = 0;
	return time;
}

static void on_exit_of_io(uint64_t vmcb, uint64_t info, uintptr_t n)
{
	uint16_t port = (uint16_t)(info >> IO_PORT_SHIFT);
	uint8_t value = 0;

	if (info & (IO_IN | IO_STRING))
		return;
	for (unsigned i = 0; i < PORTS; i++) {
		if (port_numbers[i] != port)
			continue;
		cpu_physical_memory_read(vmcb + SAVED_RAX, &value, sizeof(value));
		latency_port(vmcb, port, value, now_at_block(n));
	}
}

/* Called at the first instruction after an exit. vm_vmcb is still the VMCB of the VM.
 * instructions: of the block that begins there. */
static void on_exit_of_vm(unsigned int cpu, void *instructions)
{
	uint64_t vmcb = processor()->vm_vmcb, code = 0, info = 0;

	lines.virtual = true;
	timeline_drain(0);
	cpu_physical_memory_read(vmcb + EXIT_CODE, &code, sizeof(code));
	cpu_physical_memory_read(vmcb + EXIT_INFO_1, &info, sizeof(info));
	latency_exit(vmcb);
	moment_add(TIMELINE_EXIT, vmcb, code, now_at_block((uintptr_t)instructions));
	if (code == EXIT_IO)
		on_exit_of_io(vmcb, info, (uintptr_t)instructions);
}

/* Called at the beginning of a block that ends with VMRUN. RAX is the VMCB's address already: a
 * block of one or two instructions has VMRUN alone, or with the NOP before (svm/enter.S). */
static void on_entry_of_vm(unsigned int cpu, void *unused)
{
	timeline_drain(0);
	moment_add(TIMELINE_ENTRY, processor()->regs[R_EAX], 0, now_at_block(0));
}

static bool is_vmrun(const struct qemu_plugin_insn *one)
{
	static const uint8_t vmrun[] = { 0x0f, 0x01, 0xd8 };

#if QEMU_VERSION_MAJOR >= 10
	uint8_t bytes[sizeof(vmrun)];
	size_t size = qemu_plugin_insn_data(one, bytes, sizeof(bytes));
#else
	const uint8_t *bytes = qemu_plugin_insn_data(one);
	size_t size = qemu_plugin_insn_size(one);
#endif
	return size == sizeof(vmrun) && memcmp(bytes, vmrun, sizeof(vmrun)) == 0;
}

static void note_vmrun(uint64_t behind)
{
	for (unsigned i = 0; i < lines.calls; i++)
		if (lines.return_address[i] == behind)
			return;
	if (lines.calls < CALLS)
		lines.return_address[lines.calls++] = behind;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	uint32_t mode = processor()->hflags;
	size_t n = qemu_plugin_tb_n_insns(block);

	if (!(mode & HF_CS64_MASK) || (mode & HF_GUEST_MASK))
		return;
	for (unsigned i = 0; i < lines.calls; i++)
		if (lines.return_address[i] == qemu_plugin_tb_vaddr(block))
			qemu_plugin_register_vcpu_tb_exec_cb(block, on_exit_of_vm,
			                                     QEMU_PLUGIN_CB_NO_REGS, (void *)n);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *one = qemu_plugin_tb_get_insn(block, i);
		if (!is_vmrun(one))
			continue;
		note_vmrun(qemu_plugin_insn_vaddr(one) + 3);
		qemu_plugin_register_vcpu_tb_exec_cb(block, on_entry_of_vm, QEMU_PLUGIN_CB_NO_REGS,
		                                     NULL);
	}
}

/* ---- Deliveries ---- */

/* Stores where the gate of the vector leads to. Returns false where no gate can be read, as in real
 * mode. (APM 2 section 4.8: gates of 8 bytes, in long mode of 16.) */
static bool read_gate(CPUX86State *env, uint8_t vector, uint64_t *handler)
{
	bool wide = env->hflags & HF_LMA_MASK;
	uint64_t at = env->idt.base + (uint64_t)vector * (wide ? 16 : 8);
	const uint8_t *gate = NULL;

	if (!(env->cr[0] & CR0_PE_MASK))
		return false;
	gate = tlb_vaddr_to_host(env, at, MMU_DATA_LOAD, cpu_mmu_index_kernel(env));
	if (gate == NULL)
		return false;
	*handler = lduw_le_p(gate) | (uint64_t)lduw_le_p(gate + 6) << 16;
	if (wide)
		*handler |= (uint64_t)ldl_le_p(gate + 8) << 32;
	return true;
}

/* The handler tells the line. A line with a waiting edge goes before a line without an edge, as
 * guests may have one handler for several vectors. */
static void on_delivery(CPUX86State *env)
{
	uint64_t vm = running(), handler = 0;
	uint8_t vector = 0;
	unsigned found = LATENCY_LINES;

	if (vm == LATENCY_VMM)
		return;
	for (unsigned i = 0; i < LATENCY_LINES; i++) {
		if (!latency_vector(vm, i, &vector) || !read_gate(env, vector, &handler) ||
		    handler != env->eip)
			continue;
		if (found == LATENCY_LINES || (latency_waits(i) && !latency_waits(found)))
			found = i;
	}
	if (found == LATENCY_LINES)
		return;
	moment_add(TIMELINE_DELIVERED, vm, found, now());
	latency_delivered(vm, found, now());
}

/* The function returns true when an event was delivered: then RIP is the first instruction of the
 * handler. An exit does not return. */
static bool on_interrupt(CPUState *cpu, int request)
{
	bool delivered = lines.take_interrupt(cpu, request);

	if (delivered && (request & (CPU_INTERRUPT_HARD | CPU_INTERRUPT_VIRQ))) {
		on_delivery(&X86_CPU(cpu)->env);
		end_at_limit();
	}
	return delivered;
}

/* ---- The way into the emulator ---- */

static bool take_ports(unsigned which, void (*write)(void *, hwaddr, uint64_t, unsigned))
{
	MemoryRegionSection section = memory_region_find(get_system_io(), port_numbers[which], 1);

	if (section.mr == NULL || section.mr->ops == NULL || section.mr->ops->write == NULL)
		return false;
	lines.ops[which] = lines.ops[which + 1] = section.mr->ops;
	lines.own[which] = *section.mr->ops;
	lines.own[which].write = write;
	section.mr->ops = &lines.own[which];
	memory_region_unref(section.mr);
	return true;
}

static void on_machine_done(Notifier *notifier, void *unused)
{
	CPUClass *class = CPU_GET_CLASS(first_cpu);

	for (unsigned i = 0; i < LATENCY_LINES; i++)
#if QEMU_VERSION_MAJOR >= 10
		lines.line[i] = isa_bus_get_irq(
			ISA_BUS(object_resolve_path_type("", TYPE_ISA_BUS, NULL)), i);
#else
		lines.line[i] = isa_get_irq(NULL, i);
#endif
	qemu_irq_intercept_in(lines.line, on_line, LATENCY_LINES);
	if (!take_ports(0, write_port_0) || !take_ports(2, write_port_2)) {
		error_report("lines: the 8259s have no ports: lines.so measures the machines pc "
		             "and q35 without KVM");
		exit(1);
	}
	lines.tcg = *class->tcg_ops;
	lines.take_interrupt = lines.tcg.cpu_exec_interrupt;
	lines.tcg.cpu_exec_interrupt = on_interrupt;
	class->tcg_ops = &lines.tcg;
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	FILE *out = fopen(lines.path, "w");

	if (!timeline_end())
		error_report("lines: %s: the timeline is not whole: %s", lines.timeline,
		             strerror(errno));
	if (out == NULL) {
		error_report("lines: %s: %s", lines.path, strerror(errno));
		return;
	}
	latency_write(out);
	fclose(out);
}

static void read_memory(uint64_t address, void *to, uint64_t bytes)
{
	cpu_physical_memory_read(address, to, bytes);
}

/* Returns false where the words are not those of this file's head. */
static bool read_words(int argc, char **argv, struct latency_limits *limits, int64_t *ticks)
{
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		if (value++ == NULL)
			return false;
		if (g_str_has_prefix(argv[i], "out="))
			lines.path = g_strdup(value);
		else if (g_str_has_prefix(argv[i], "timeline="))
			lines.timeline = g_strdup(value);
		else if (g_str_has_prefix(argv[i], "ring="))
			lines.ring.address = strtoull(value, NULL, 0);
		else if (g_str_has_prefix(argv[i], "entries="))
			lines.ring.entries = strtoull(value, NULL, 0);
		else if (g_str_has_prefix(argv[i], "ticks="))
			*ticks = strtoll(value, NULL, 10);
		else if (g_str_has_prefix(argv[i], "samples="))
			limits->samples = strtoull(value, NULL, 10);
		else if (g_str_has_prefix(argv[i], "lines="))
			limits->lines = (uint32_t)strtoul(value, NULL, 0);
		else if (g_str_has_prefix(argv[i], "ms="))
			limits->ns = strtoll(value, NULL, 10) * SCALE_MS;
		else
			return false;
	}
	return lines.path != NULL && *ticks > 0 &&
	       (lines.ring.address == 0 || lines.ring.entries > 0);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
	static Notifier done = { .notify = on_machine_done };
	struct latency_limits limits = { 0 };
	int64_t ticks = 0;

	if (!plugin_is_for_this_qemu("lines", info->target_name))
		return 1;
	if (!read_words(argc, argv, &limits, &ticks)) {
		error_report("lines: out=FILE,ticks=N is missing, or a word is unknown");
		return 1;
	}
	if (lines.timeline != NULL && !timeline_begin(lines.timeline, &lines.ring, read_memory)) {
		error_report("lines: %s: %s", lines.timeline, strerror(errno));
		return 1;
	}
	lines.ticks = ticks;
	latency_begin(&limits, ticks);
	qemu_add_machine_init_done_notifier(&done);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
