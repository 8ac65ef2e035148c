/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine: its memory, and the facts of ACPI's tables about interrupt controllers and power.
 *
 * Rule: the facts are read once at boot and are constant afterwards.
 */
#ifndef ARCH_X86_MACHINE_PLATFORM_H
#define ARCH_X86_MACHINE_PLATFORM_H

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/acpi_dma.h"
#include "arch/x86/machine/lines.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_pin {
	/* I/O APIC pin of this ISA line, -1: none (MADT interrupt source override, else
	 * identity) */
	int pin;
	bool level; /* MADT flags: level triggered */
	bool low;   /* active low */
};

struct platform {
	bool acpi, has_8259;
	uint64_t lapic;  /* physical address; 0: none */
	uint64_t ioapic; /* the I/O APIC that holds GSI 0; 0: none */
	uint8_t ioapic_id;
	/* Where interrupts are remapped (vtd_interrupts.c): the upper word of each redirection
	 * entry, the bits that a handle's lower word has the other way, and the address of HPETs'
	 * messages. 0: not remapped. */
	uint32_t ioapic_route, ioapic_flip, hpet_message;
	unsigned ioapic_pins;
	/* physical address of the first HPET's registers; 0: none within reach */
	uint64_t hpet;
	unsigned processors; /* number of enabled processors in the MADT */
	struct line_pin line[LINES];
	uint16_t pm1a_control, pm1b_control; /* ports; 0: none */
	uint16_t slp_typ_a, slp_typ_b;       /* S5 values from the DSDT */
	/* port that takes acpi_enable to bring the machine to ACPI mode; 0: ACPI mode is on */
	uint16_t smi_command;
	uint8_t acpi_enable;
	bool can_power_off;
	struct dma_tables dma; /* of the units that confine DMA */
	uint64_t tsc_khz;      /* measured against the PIT's channel 2 */
	/* the emulator's debug port has answered (E9h), or the tables have the emulator's name */
	bool bochs;
	bool hypervised; /* CPUID names a hypervisor: QEMU's processor, or KVM below */
};

extern struct platform platform;

/* Reads ACPI's tables into platform. A missing table is reported in one line and leaves defaults.
 * rsdp: 36 bytes, the loader's copy of the RSDP; where the copy is not valid, the RSDP is searched
 * in the BIOS's memory. Returns 0 or -ENOENT (no ACPI). */
int acpi_init(const uint8_t *rsdp);
/* Measures the TSC (about 10 ms) and sets tsc_khz. */
void tsc_calibrate(void);
uint64_t tsc_from_us(uint64_t us);
uint64_t tsc_to_us(uint64_t ticks);
/* Powers the machine off: by ACPI S5, else by the emulators' exits (Bochs: "Shutdown" to 8900h;
 * QEMU: isa-debug-exit 501h/F4h). Otherwise prints a line and halts for good. */
_Noreturn void power_off(int status);
/* Sets a function for power_off() to call first, once: it lets a person read the screen. */
void power_off_after(void (*wait)(void));
/* Halts for good: the machine stays on and does no more work. */
_Noreturn void power_halt(void);

/* ---- Physical memory ---- */
enum { PAGE = 4096 };
#define LARGE_PAGE (2u << 20)

struct multiboot_info;
/* Collects RAM from the multiboot memory map, from 1 MiB to 3 GiB and from 4 GiB to 512 GiB,
 * without the used parts (VMM image, modules, boot information). Call it after pages_protect(). */
void frames_init(const struct multiboot_info *info);
/* Allocates contiguous memory for a VM. align: a power of two of at least PAGE. Returns the
 * address, or 0 when there is no such memory. The memory is not cleared: the start of a VM clears
 * the memory once (vmm/load/elf.h). Memory is not freed, but for frames_restore(). */
uint64_t frames_alloc(uint64_t bytes, uint64_t align);
/* Allocates memory for the VMM. The memory is cleared, and counted for the banner's figure of the
 * VMM's memory. Returns NULL when there is no such memory. A page costs about 600 instructions. */
void *frames_alloc_vmm(uint64_t bytes, uint64_t align);
/* Does the same without clearing, for a caller that fills all of the memory at once. */
void *frames_alloc_vmm_raw(uint64_t bytes, uint64_t align);
uint64_t frames_vmm_bytes(void); /* image and bss included */
uint64_t frames_free_bytes(void);
/* Returns the bytes of the largest free range. */
uint64_t frames_largest_bytes(void);
/* Returns the end of the highest RAM that there is, given away or not. */
uint64_t frames_end(void);
/* frames_restore() takes back all memory that was given away since frames_keep(). Call it where
 * nothing points to the memory. */
void frames_keep(void);
void frames_restore(void);

/* ---- The VMM's own page tables, from boot/entry.S (arch/x86/cpu/pages.c) ---- */
/* Sets the access rights of code, constants and stacks. Call it when a fault can be reported. */
void pages_protect(void);
/* Maps memory above 4 GiB, below 512 GiB, in pages of 1 GiB. device: uncached, as a device's memory
 * is; RAM in the same GiB is to be mapped afterwards. Returns false where the processor has no such
 * pages. */
bool pages_map_high(uint64_t first, uint64_t end, bool device);
/* Unmaps the first page, so that a null pointer faults. The BIOS's data area and the loader's
 * information cannot be read after the call. */
void pages_drop_first(void);

/* ---- GDT, IDT, TSS (64-bit, NMI stack by IST); a VMM exception panics with registers ---- */
void tables_init(void);
enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18 };
uint64_t tables_tss_base(void);
uint64_t tables_gdt_base(void);
uint64_t tables_idt_base(void);

/* ---- Local APIC ---- */
int lapic_init(void); /* maps, enables, LINT0 = ExtINT, LINT1 = NMI; 0 or -ENODEV */
/* Brings the local APIC to x2APIC mode. Returns 0, or -ENODEV where the processor has no such
 * mode. Call it after lapic_init(). */
int lapic_use_x2apic(void);
uint32_t lapic_id(void);
void lapic_send_nmi_self(void);

/* ---- I/O APIC ---- */
/*
 * Redirection entry, low word (82093AA, 3.2.4)
 *   16 mask | 15 trigger | 14 remote IRR | 13 polarity | 12 status | 11 destination mode |
 *   10:8 delivery mode | 7:0 vector
 */
enum { RTE_NMI = 4 << 8, RTE_LOW = 1 << 13, RTE_LEVEL = 1 << 15, RTE_MASKED = 1 << 16 };
/* With remapping, the upper word (VT-d specification 5.1.5.1): 31:17 handle | 16 this format. The
 * lower word has delivery mode 0. A message's address: 19:5 handle | 4 this format. */
enum { ROUTE_HANDLE_SHIFT = 17, ROUTE_BY_HANDLE = 1 << 16, MESSAGE_HANDLE_SHIFT = 5 };
#define MESSAGE_BY_HANDLE 0xfee00010u
int ioapic_init(void); /* all pins masked; 0 or -ENODEV */
void ioapic_set_destination(unsigned pin, uint32_t apic_id);
/* Register select and window. The redirection table has pairs of low and high word. */
enum { IOREGSEL = 0x00, IOWIN = 0x10, IOREDTBL = 0x10 };
static inline void ioapic_write(unsigned pin, uint32_t low)
{
	mmio_write32(platform.ioapic + IOREGSEL, IOREDTBL + 2 * pin);
	mmio_write32(platform.ioapic + IOWIN, low ^ platform.ioapic_flip);
}
uint32_t ioapic_read(unsigned pin);

/* ---- UART (16550) ---- */
struct uart {
	uint16_t base; /* 3F8h ... */
};
/* Sets 115200 8N1, FIFOs on, receive interrupt on, OUT2 on. Returns 0, or -ENODEV when the scratch
 * register does not hold a value. */
int uart_init(struct uart *u, uint16_t base);
int uart_read(struct uart *u); /* returns a byte, or -EAGAIN */
/* Returns the room in the transmit FIFO: 16 when THR is empty, else 0. */
unsigned uart_room(struct uart *u);
/* Writes count bytes to the FIFO. count must not exceed the room. */
void uart_write(struct uart *u, const char *bytes, unsigned count);
void uart_transmit_interrupt(struct uart *u, bool on);
/* Returns true while the interrupt identification register shows a cause. */
bool uart_interrupt_pending(struct uart *u);
void uart_drain(struct uart *u); /* waits for TEMT */

/* ---- VGA text, the log's mirror ---- */
enum { VGA_COLUMNS = 80, VGA_ROWS = 25 };
void vga_init(void);
/* Puts text on the VMM's copy of the screen; video memory is not written. Costs about 10
 * instructions for a character in a run of characters, 140 for a newline (once in 180 newlines
 * 770), 100 for another byte, and 420 for a tab. */
void vga_put(const char *text, size_t size);
/* Shows a part of the new text: writes at most one row to video memory, or tells the CRT controller
 * the places of screen and cursor. Returns true while there is more to show; then call it again. A
 * call costs about 65 instructions. On a framebuffer a call draws one cell at most, which costs at
 * most 2,000 instructions. */
bool vga_show(void);
/* Puts text and shows all of the text at once: for the boot and for a panic. */
void vga_write(const char *text, size_t size);
/* Makes the last row of the screen a prompt with this text. The cursor stands before byte `at`
 * (length: behind the text). When the row is too short for the text up to the cursor, the row ends
 * with the cursor. vga_show() shows the prompt. */
void vga_prompt(const char *text, size_t length, size_t at);
/* Shows a text in a row of the screen, over the log. Log text that comes meanwhile waits. reverse:
 * dark on light. On a framebuffer vga_show() shows the row, so call vga_show() after the last row.
 * vga_view_end() makes vga_show() bring the log back. */
void vga_view(unsigned row, const char *text, size_t length, bool reverse);
void vga_view_end(void);

#endif
