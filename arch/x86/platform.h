/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine is: memory, and what ACPI's tables say of interrupt controllers and power.
 *
 * Rule: read once at boot, constant afterwards.
 */
#ifndef ARCH_X86_PLATFORM_H
#define ARCH_X86_PLATFORM_H

#include "arch/x86/io.h"
#include "arch/x86/lines.h"

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
	unsigned ioapic_pins;
	/* physical address of the first HPET's registers; 0: none within reach */
	uint64_t hpet;
	unsigned processors; /* enabled ones in the MADT */
	struct line_pin line[LINES];
	uint16_t pm1a_control, pm1b_control; /* ports; 0: none */
	uint16_t slp_typ_a, slp_typ_b;       /* S5 values from the DSDT */
	/* port that takes acpi_enable to bring the machine to ACPI mode; 0: it is there */
	uint16_t smi_command;
	uint8_t acpi_enable;
	bool can_power_off;
	uint64_t tsc_khz; /* measured against the PIT's channel 2 */
	/* the emulator's debug port answered (E9h), or the tables bear its name */
	bool bochs;
};

extern struct platform platform;

/* ACPI tables: fills platform; missing tables are said in one line each and leave defaults. 0 or
 * -ENOENT (no ACPI). */
int acpi_init(void);
/* Measure the TSC (about 10 ms); fills tsc_khz. */
void tsc_calibrate(void);
uint64_t tsc_from_us(uint64_t us);
uint64_t tsc_to_us(uint64_t ticks);
/* Power the machine off: ACPI S5, else the emulators' exits (Bochs: "Shutdown" to 8900h; QEMU:
 * isa-debug-exit 501h/F4h), else halt for good with a line that says so. */
_Noreturn void power_off(int status);
/* What power_off() calls first, once: it lets a person read what the screen has. */
void power_off_after(void (*wait)(void));
/* The machine stays on, and does nothing any more. */
_Noreturn void power_halt(void);

/* ---- Physical memory ---- */
enum { PAGE = 4096 };
#define LARGE_PAGE (2u << 20)

struct multiboot_info;
/* Collect RAM below 4 GiB from the multiboot memory map, without what is in use (VMM image,
 * modules, boot information). */
void frames_init(const struct multiboot_info *info);
/* Memory for a VM: contiguous; align is a power of two of at least PAGE. Returns its address, or 0
 * when there is none. The memory is not cleared: the start of a VM does that (vmm/elf.h), once.
 * Memory is never freed. */
uint64_t frames_alloc(uint64_t bytes, uint64_t align);
/* The same for the VMM's own use: cleared, and counted, so that the banner can say how much the VMM
 * takes. Returns NULL when there is none. A page costs about 600 instructions. */
void *frames_alloc_vmm(uint64_t bytes, uint64_t align);
/* The same, not cleared: for a caller that fills all of it at once. */
void *frames_alloc_vmm_raw(uint64_t bytes, uint64_t align);
uint64_t frames_vmm_bytes(void); /* image and bss included */
uint64_t frames_free_bytes(void);

/* ---- The VMM's own page tables, from boot/entry.S (arch/x86/pages.c) ---- */
/* Code, constants and stacks become what they are. Call it when a fault can be told of. */
void pages_protect(void);
/* The first page is not there any more, so that a null pointer faults. Nobody reads the BIOS's data
 * area or the loader's information after this. */
void pages_drop_first(void);

/* ---- GDT, IDT, TSS: 64-bit, an NMI stack by IST; exceptions in the VMM panic with registers
 * ---- */
void tables_init(void);
enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18 };
uint64_t tables_tss_base(void);
uint64_t tables_gdt_base(void);
uint64_t tables_idt_base(void);

/* ---- Local APIC ---- */
int lapic_init(void); /* maps, enables, LINT0 = ExtINT, LINT1 = NMI; 0 or -ENODEV */
uint32_t lapic_id(void);
void lapic_send_nmi_self(void);

/* ---- I/O APIC ---- */
/*
 * Redirection entry, low word (82093AA, 3.2.4)
 *   16 mask | 15 trigger | 14 remote IRR | 13 polarity | 12 status | 11 destination mode |
 *   10:8 delivery mode | 7:0 vector
 */
enum { RTE_NMI = 4 << 8, RTE_LOW = 1 << 13, RTE_LEVEL = 1 << 15, RTE_MASKED = 1 << 16 };
int ioapic_init(void); /* all pins masked; 0 or -ENODEV */
void ioapic_set_destination(unsigned pin, uint32_t apic_id);
/* Register select and window; the redirection table is in pairs of low and high word. */
enum { IOREGSEL = 0x00, IOWIN = 0x10, IOREDTBL = 0x10 };
static inline void ioapic_write(unsigned pin, uint32_t low)
{
	mmio_write32(platform.ioapic + IOREGSEL, IOREDTBL + 2 * pin);
	mmio_write32(platform.ioapic + IOWIN, low);
}
uint32_t ioapic_read(unsigned pin);

/* ---- UART (16550) ---- */
struct uart {
	uint16_t base; /* 3F8h ... */
};
/* 115200 8N1, FIFOs on, receive interrupt on, OUT2 set. 0, or -ENODEV where the scratch register
 * does not hold. */
int uart_init(struct uart *u, uint16_t base);
int uart_read(struct uart *u); /* a byte, or -EAGAIN */
/* Room in the transmit FIFO now: 16 when THR is empty, else 0. */
unsigned uart_room(struct uart *u);
/* So many bytes, no more than there is room for, to the FIFO. */
void uart_write(struct uart *u, const char *bytes, unsigned count);
void uart_transmit_interrupt(struct uart *u, bool on);
/* The interrupt identification register: true while a cause stands. */
bool uart_interrupt_pending(struct uart *u);
void uart_drain(struct uart *u); /* wait for TEMT */

/* ---- VGA text, the log's mirror ---- */
enum { VGA_COLUMNS = 80, VGA_ROWS = 25 };
void vga_init(void);
/* Puts text on the screen as the VMM remembers it; video memory is not written. Costs about 10
 * instructions for a character in a run of them, 140 for a newline (once in 180 newlines 770), 100
 * for another byte, and 420 for a tab. */
void vga_put(const char *text, size_t size);
/* Shows a part of what was put: writes one row to video memory at most, or tells the CRT controller
 * where the screen and the cursor are. Returns true while there is more to show; call it again
 * then. A call costs about 65 instructions. */
bool vga_show(void);
/* Puts text and shows all of it, in one go: for the boot and for a panic. */
void vga_write(const char *text, size_t size);
/* From now on the last row of the screen is a prompt with this text, and the cursor stands before
 * that byte of it (length: behind the text). Where the row is too short for the text up to the
 * cursor, the row ends with the cursor. vga_show() shows it. */
void vga_prompt(const char *text, size_t length, size_t at);
/* Shows a text in a row of the screen, over what the log has there; text that comes meanwhile
 * waits. reverse: dark on light. vga_view_end() brings the log back, by vga_show(). */
void vga_view(unsigned row, const char *text, size_t length, bool reverse);
void vga_view_end(void);

#endif
