/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration: the VMM's own command line and the line of each module, parsed and checked.
 *
 * Rule: a bad word leads to a clear line with module, word and reason. The VM of that line does not
 * start; the other VMs do. Pure C, no hardware: the same file is tested on the host.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include "arch/x86/machine/lines.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits: a VM's name and the guest's text in bytes (NUL included), ranges of a list, VMs. */
enum { CONFIG_NAME_MAX = 16, CONFIG_RANGES_MAX = 16, CONFIG_TEXT_MAX = 256, CONFIG_VMS_MAX = 64 };
enum { CONFIG_FUNCTIONS_MAX = 8 }; /* PCI functions of a VM. */
enum { CONFIG_PARTS_MAX = 16 };    /* Parts of the frame. */
/* The page of a VM's ACPI tables (vmm/load/vm_acpi.h). */
enum { CONFIG_ACPI_AT = 0xe0000 };
/* Reserved ranges that only the running machine knows. */
enum { CONFIG_RESERVED_PORTS = 16, CONFIG_RESERVED_MEMORY = 128 };

/* onfault=: the effect of a denied access. */
enum fault_policy { FAULT_LOG, FAULT_STOP, FAULT_RESTART };
/* type=: the boot protocol of the VM's image. */
enum guest_type { GUEST_MULTIBOOT, GUEST_LINUX, GUEST_BIOS };
/* trust=LIST: rights of a VM beyond its devices. */
enum trust { TRUST_DMA = 1 << 0, TRUST_NMI = 1 << 1, TRUST_RESET = 1 << 2 };
/* nmi=: the effect of an external NMI. */
enum nmi_policy { NMI_PANIC, NMI_LOG, NMI_VM };
/* keyboard=: whether the PC's keyboard is a console. */
enum keyboard_use { KEYBOARD_AUTO, KEYBOARD_ON, KEYBOARD_OFF };
/* end=: the machine's last act. */
enum end_policy { END_AUTO, END_WAIT, END_OFF, END_HALT };

/* A range of ports or of addresses. */
struct config_range {
	uint64_t first, last; /* Both are included. */
};

/* The line of a function that has no interrupt pin. */
enum { CONFIG_NO_LINE = 0xff };

/* A module: vm=NAME type=multiboot|linux|bios mem=SIZE prio=N slice=TIME budget=TIME/TIME
 * wakeups=N/TIME irq=LIST block=LIST routes=entry|exit io=RANGES mmio=RANGES share pc pit
 * acpi ticks=merge|all uart=com1 onfault=log|stop|restart trust=LIST busmaster=LIST pci=LIST
 * dma=unsafe args="..." or everything after "--" for the guest. */
struct vm_config {
	char name[CONFIG_NAME_MAX]; /* vm=; default: "vmN" with the module's number. */
	enum guest_type type;       /* type=multiboot|linux|bios; default multiboot */
	uint64_t memory;            /* mem=16M: bytes, a multiple of 4K, at least 1M; default 16M */
	unsigned priority;          /* prio=0..15, higher runs first; default 1 */
	uint32_t slice_us;          /* slice=5ms, 500us, 1s; default 5ms; 100us to 1s */
	/* budget=2ms/10ms: so much of the processor's time in each period. 0: no limit. */
	uint32_t budget_us, period_us;
	/* wakeups=5/10ms: the VM may end the turns of VMs below so often in each window. 0: no
	 * limit. */
	uint32_t wakeups, window_us;
	line_set lines; /* irq=0,3 or irq=8-9 */
	uint64_t
		/* irq=0:1 sends line 0 to input 1 of the controller (R03). Default: the input with
		 * the line's own number. */
		controller_input;
	uint64_t block_input; /* block=0:7 sends line 0 to input 7 of the VMM block (R04). */
	/* routes=exit: all lines go to the VMM block at each exit (R17); default: entry */
	bool routes_at_exit;
	/* Number of ranges in io and in mmio. */
	unsigned io_count, mmio_count;
	struct config_range io[CONFIG_RANGES_MAX]; /* io=0x40-0x43,0x61 */
	/* mmio=0xb8000-0xbffff: identity mapped, page granular */
	struct config_range mmio[CONFIG_RANGES_MAX];
	/* 'pit': a PIT of its own, with line 0 (vmm/core/pit.h) */
	bool pit;
	bool ticks_all; /* ticks=merge|all; default merge */
	bool uart;      /* uart=com1: a 16550 of its own, at 3F8h and line 4 (vmm/core/vm_uart.h) */
	/* 'share': another VM may have the same lines and ports, if its own line has 'share'
	 * too. */
	int share;
	bool acpi; /* 'acpi': the VM finds ACPI tables, and the word pc is included */
	/* 'pc': the VM finds a CMOS, and ports for reset and power-off; type=linux and
	 * type=bios have it too */
	bool pc;
	unsigned trust; /* trust=dma,nmi,reset: a set of enum trust; default: empty */
	/* Number of functions in busmaster. */
	unsigned busmaster_count;
	/* busmaster=0:1f.2: bus << 8 | device << 3 | function */
	uint16_t busmaster[CONFIG_FUNCTIONS_MAX];
	/* Number of functions in pci. */
	unsigned pci_count;
	/* pci=00:06.0: the VM's own functions, as in busmaster */
	uint16_t pci[CONFIG_FUNCTIONS_MAX];
	/* The functions' lines, or CONFIG_NO_LINE. config_claim_pci() sets the lines, and adds them
	 * to `lines` and the functions' BARs to `io` and `mmio`. */
	uint8_t pci_line[CONFIG_FUNCTIONS_MAX];
	/* The function of each range in io and in mmio; 0: the range's own word. */
	uint16_t io_function[CONFIG_RANGES_MAX], mmio_function[CONFIG_RANGES_MAX];
	bool dma_unsafe; /* dma=unsafe: the VM's functions reach all memory */
	/* The VM's functions reach the VM's memory alone. No word: confine_check() sets it. */
	bool dma_confined;
	enum fault_policy onfault; /* default: log */
	/* The text after "--": the guest's own command line. */
	char guest[CONFIG_TEXT_MAX];
};

/* A module for a VM: of=NAME args="..." or everything after "--". */
struct of_config {
	char vm[CONFIG_NAME_MAX];   /* of=: the VM's name. */
	char line[CONFIG_TEXT_MAX]; /* The module's own command line. */
};

/* A part of the frame. */
struct config_part {
	char vm[CONFIG_NAME_MAX];
	uint32_t us;
};

/* The words of the VMM's own line. */
struct vmm_config {
	char console[8]; /* console=com1|vga|auto|none; default com1 */
	char chipset[8]; /* chipset=auto|irqmux|pc|soft|apic; default auto */
	/* banks=N: use so many interrupt controllers (R16); 0 = all there are */
	unsigned banks;
	enum nmi_policy nmi; /* nmi=panic|log|vm:NAME; default log */
	/* The NAME of nmi=vm:NAME. */
	char nmi_vm[CONFIG_NAME_MAX];
	/* status=1s: the time between two status lines; 0 = never; default 1s */
	uint32_t status_ms;
	/* seconds=30: end the run after so many seconds; 0 = when the guests are done */
	uint32_t seconds;
	/* jitter=SEED: slices of random length (0.25 to 1.75 of the nominal); 0 = off */
	uint32_t jitter;
	bool mitigations_off; /* mitigations=auto|off; default auto */
	/* keyboard=auto|on|off; auto: on where no UART is the console */
	enum keyboard_use keyboard;
	/* end=auto|wait|off|halt; auto: wait where no UART is the console */
	enum end_policy end;
	bool trace_on; /* trace=on|off: vmm/operator/watch.h; default off */
	/* frame=10ms: the length of a cyclic table; 0: no table. */
	uint32_t frame_us;
	/* pulse:3ms scribe:5ms, behind frame=: the parts of the table, in their order. */
	unsigned part_count;
	struct config_part part[CONFIG_PARTS_MAX];
	/* 'stay': do not end when all guests are done; the console's quit ends the run. */
	int stay;
};

/* Parses the VMM's line into out. Returns 0, or -EINVAL with the first error in err ("word:
 * reason"). After an error, parsing goes on with the default for the bad word, so that the console
 * still works. */
int config_parse_vmm(const char *line, struct vmm_config *out, char *err, size_t size);

/* Parses the line of module number n into out. The first word is skipped where it begins with '/',
 * or holds no '=' and is no configuration word: some boot loaders pass the file's name first.
 * Returns 0, or -EINVAL with a message such as "module 2 (scribe): word: reason". */
int config_parse_vm(unsigned n, const char *line, struct vm_config *out, char *err, size_t size);

/* Returns true where a module's line has the word of= before "--": the module belongs to a VM. */
bool config_is_of(const char *line);
/* Parses the line of such a module, as config_parse_vm() does. */
int config_parse_of(unsigned n, const char *line, struct of_config *out, char *err, size_t size);

/* Reads the functions of pci= from the machine, and gives vm their lines, ports and memory. Reasons
 * to refuse: a function that is not there or is no device, a BAR or a line that the firmware left
 * out. Returns 0, or -ENODEV/-EPERM with a message. Call it after config_parse_vm(). */
int config_claim_pci(unsigned n, struct vm_config *vm, char *err, size_t size);

/* Checks vm against the accepted VMs and the VMM. Reasons to refuse: a duplicate name, overlapping
 * irq=/io=/mmio= without share on both sides, a line or port of the VMM (reserved_lines;
 * config_reserved.h). Returns 0, or -EEXIST/-EPERM with a message that names the owner. n: the
 * module's number. Call it after config_claim_pci(). */
int config_check_vm(unsigned n, const struct vm_config *vm, const struct vm_config *const *accepted,
                    unsigned count, line_set reserved_lines, char *err, size_t size);

/* Checks vm against the VMM's frame. Reasons to refuse: a word that gives the VM time in another
 * way; a frame without a part for the VM and without a rest. Returns 0 or -EPERM. n: the module's
 * number. */
int config_check_frame(unsigned n, const struct vm_config *vm, const struct vmm_config *vmm,
                       char *err, size_t size);

/* Reserves a range of ports that only the running machine knows, such as the power management
 * block's. what is text for the message; the text has to stay. Ranges that join and have the same
 * name become a single range. Returns 0, or -ENOMEM for more than CONFIG_RESERVED_PORTS ranges.
 * Call it before the first check. */
int config_reserve_ports(uint16_t first, uint16_t last, const char *what);
/* Does the same for memory, such as RAM: no mmio= may map RAM. Returns -ENOMEM for more than
 * CONFIG_RESERVED_MEMORY ranges. */
int config_reserve_memory(uint64_t first, uint64_t last, const char *what);
/* Does the same for a device's registers. A guest's access to such an address is a fault. An access
 * to an address of RAM or firmware is a probe: a guest never finds the machine's RAM there. */
int config_reserve_device(uint64_t first, uint64_t last, const char *what);
/* Calls take for each range of ports that the VMM uses itself, or needs to keep its hold on the
 * machine. */
void config_vmms_ports(void (*take)(uint16_t first, uint16_t last));
/* Calls take for each range of memory with a device that the VMM keeps. */
void config_devices(void (*take)(uint64_t first, uint64_t last));
/* Returns true where the VMM keeps a device at this address. */
bool config_is_device(uint64_t address);
/* Writes a function's number as "00:06.0". Returns the text. */
enum { CONFIG_FUNCTION_TEXT = 8 };
const char *config_function_text(unsigned function, char text[CONFIG_FUNCTION_TEXT]);
/* Returns the name of a right; trust is a single bit of enum trust. */
const char *config_trust_name(enum trust trust);

#endif
