/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration: the VMM's own command line and each module's, parsed and validated.
 *
 * Rule: a bad word is one clear line that names module, word and reason; that VM does not start,
 * the others do. Pure C, no hardware: the same file is tested on the host.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include "arch/x86/lines.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_NAME_MAX = 16, CONFIG_RANGES_MAX = 16, CONFIG_TEXT_MAX = 256, CONFIG_VMS_MAX = 64 };
enum { CONFIG_FUNCTIONS_MAX = 8 }; /* of PCI, for one VM */
/* that only the running machine knows */
enum { CONFIG_RESERVED_PORTS = 16, CONFIG_RESERVED_MEMORY = 128 };

enum fault_policy { FAULT_LOG, FAULT_STOP, FAULT_RESTART };
/* What a VM may be trusted with beyond its devices: trust=LIST. */
enum trust { TRUST_DMA = 1 << 0, TRUST_NMI = 1 << 1, TRUST_RESET = 1 << 2 };
enum nmi_policy { NMI_PANIC, NMI_LOG, NMI_VM };
enum keyboard_use { KEYBOARD_AUTO, KEYBOARD_ON, KEYBOARD_OFF };
enum end_policy { END_AUTO, END_WAIT, END_OFF, END_HALT };

struct config_range {
	uint64_t first, last; /* both included */
};

/* One module: vm=NAME mem=SIZE prio=N slice=TIME irq=LIST block=LIST routes=entry|exit io=RANGES
 * mmio=RANGES share onfault=log|stop|restart trust=LIST busmaster=LIST args="..." or everything
 * after "--" for the guest. */
struct vm_config {
	char name[CONFIG_NAME_MAX]; /* vm=, default: the module's number as "vmN" */
	uint64_t memory;            /* mem=16M: bytes, a multiple of 4K, at least 1M; default 16M */
	unsigned priority;          /* prio=0..15, higher runs first; default 1 */
	uint32_t slice_us;          /* slice=5ms, 500us, 1s; default 5ms; 100us to 1s */
	line_set lines;             /* irq=0,3 or irq=8-9 */
	uint64_t
		/* irq=0:1 sends line 0 to input 1 of the controller (R03); default: its own
		 * number's */
		controller_input;
	uint64_t block_input; /* block=0:7 sends line 0 to input 7 of the VMM block (R04) */
	/* routes=exit: all lines go to the VMM block at each exit (R17); default: entry */
	bool routes_at_exit;
	unsigned io_count, mmio_count;
	struct config_range io[CONFIG_RANGES_MAX]; /* io=0x40-0x43,0x61 */
	/* mmio=0xb8000-0xbffff: identity mapped, page granular */
	struct config_range mmio[CONFIG_RANGES_MAX];
	/* 'share': another VM may have the same lines and ports, if it says so too */
	int share;
	unsigned trust; /* trust=dma,nmi,reset: a set of enum trust; default: nothing */
	unsigned busmaster_count;
	/* busmaster=0:1f.2: bus << 8 | device << 3 | function */
	uint16_t busmaster[CONFIG_FUNCTIONS_MAX];
	enum fault_policy onfault; /* default: log */
	/* what follows "--": the guest's own command line */
	char guest[CONFIG_TEXT_MAX];
};

struct vmm_config {
	char console[8]; /* console=com1|vga|auto|none; default com1 */
	char chipset[8]; /* chipset=auto|irqmux|pc|soft; default auto */
	/* banks=N: use so many interrupt controllers (R16); 0 = all there are */
	unsigned banks;
	enum nmi_policy nmi; /* nmi=panic|log|vm:NAME; default log */
	char nmi_vm[CONFIG_NAME_MAX];
	/* status=1s: how often the status line comes; 0 = never; default 1s */
	uint32_t status_ms;
	/* seconds=30: end the run after so many seconds; 0 = when the guests are done */
	uint32_t seconds;
	/* jitter=SEED: slices of random length (0.25 to 1.75 of the nominal); 0 = off */
	uint32_t jitter;
	bool mitigations_off;       /* mitigations=auto|off; default auto */
	enum keyboard_use keyboard; /* keyboard=auto|on|off; auto: where no UART is the console */
	/* end=auto|wait|off|halt; auto: wait where no UART is the console */
	enum end_policy end;
	/* 'stay': do not end when all guests are done; the console's quit ends */
	int stay;
};

/* Parse the VMM's line. 0, or -EINVAL with a message in err ("word: reason"); parsing goes on, with
 * the default for that word, so that the console still works. err holds the first error. */
int config_parse_vmm(const char *line, struct vmm_config *out, char *err, size_t size);

/* Parse module number n's line. A first word without '=' that is a path (begins with '/', or holds
 * no '=' and is not 'share') is the file's name, as some boot loaders pass it, and is skipped. 0,
 * or -EINVAL and a message such as "module 2 (scribe): word: reason". */
int config_parse_vm(unsigned n, const char *line, struct vm_config *out, char *err, size_t size);

/* Check vm against those already accepted: duplicate name, overlapping irq=/io=/mmio= without share
 * on both sides, a line or port that belongs to the VMM (reserved_lines; config_reserved.h). 0, or
 * -EEXIST/-EPERM and a message that says whose it is. */
int config_check_vm(unsigned n, const struct vm_config *vm, const struct vm_config *const *accepted,
                    unsigned count, line_set reserved_lines, char *err, size_t size);

/* Reserve what only the running machine knows, before the first check: the power management
 * block's ports, RAM (which no mmio= may map), ... what is for the message, and has to stay. Ranges
 * that join and have the same name are one. 0, or -ENOMEM: there are more than
 * CONFIG_RESERVED_PORTS or CONFIG_RESERVED_MEMORY. */
int config_reserve_ports(uint16_t first, uint16_t last, const char *what);
int config_reserve_memory(uint64_t first, uint64_t last, const char *what);
/* The same for a device's registers. RAM and firmware are not what a guest finds at their
 * addresses. */
int config_reserve_device(uint64_t first, uint64_t last, const char *what);
/* Calls take with each range of ports that the VMM itself uses, or keeps the machine by. */
void config_vmms_ports(void (*take)(uint16_t first, uint16_t last));
/* Calls take with each range of memory where a device is that the VMM keeps; is there one at this
 * address? */
void config_devices(void (*take)(uint64_t first, uint64_t last));
bool config_is_device(uint64_t address);
/* The names of what a VM is trusted with; one bit of enum trust. */
const char *config_trust_name(enum trust trust);

#endif
