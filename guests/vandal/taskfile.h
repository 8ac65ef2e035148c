/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attack do=taskfile: the whole register file of 32-bit mode around a task switch.
 */
#ifndef GUESTS_VANDAL_TASKFILE_H
#define GUESTS_VANDAL_TASKFILE_H

/* The GDT: like the guest's own, then a TSS and an LDT of each task. */
#define TASKFILE_MAIN 0x20
#define TASKFILE_OTHER 0x28
#define TASKFILE_LDT_MAIN 0x30
#define TASKFILE_LDT_OTHER 0x38
#define TASKFILE_GDT_BYTES 0x40
/* Either LDT: flat data, flat code, two data segments with bases. */
#define TASKFILE_DATA 0x04
#define TASKFILE_CODE 0x0c
#define TASKFILE_FS 0x14
#define TASKFILE_GS 0x1c
#define TASKFILE_LDT_BYTES 0x20

#define TASKFILE_VECTORS 32
#define TASKFILE_INT 31       /* an INT n by a task gate */
#define TASKFILE_ERROR 0xfff8 /* a selector that no GDT has */
#define TASKFILE_AREA 4096    /* an area of XSAVE */
#define TASKFILE_STACK 512
#define TASKFILE_MSRS 13

/* The ways of switching. */
#define TASKFILE_CALL 0
#define TASKFILE_STEP 1 /* CALL with a single step over both ways */
#define TASKFILE_JMP 2
#define TASKFILE_SOFT 3   /* INT n */
#define TASKFILE_FAULT 4  /* #GP with an error code, by a task gate */
#define TASKFILE_BEHIND 5 /* #TS: the new task's GS cannot be loaded */
#define TASKFILE_BEFORE 6 /* #NP: the new task's TSS is not there */
#define TASKFILE_PAGE 7   /* #PF: the page of the old task's TSS is not there */
#define TASKFILE_WAYS 8

/* struct taskfile */
#define FILE_GENERAL 0
#define FILE_EFLAGS 32
#define FILE_XCR0 36
#define FILE_SELECTORS 40 /* ES CS SS DS FS GS LDTR TR */
#define FILE_CR 56        /* CR0 CR2 CR3 CR4 */
#define FILE_DR 72        /* DR0 to DR3, DR6, DR7 */
#define FILE_GDTR 96
#define FILE_IDTR 102
#define FILE_TIMES 108
#define FILE_MSRS 112
#define FILE_BYTES 216

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* times: how often the file was filled. */
struct taskfile {
	uint32_t general[8], eflags, xcr0;
	uint16_t selector[8];
	uint32_t cr[4], dr[6];
	uint16_t gdtr[3], idtr[3];
	uint32_t times;
	uint64_t msr[TASKFILE_MSRS];
};
_Static_assert(offsetof(struct taskfile, selector) == FILE_SELECTORS, "as in the header");
_Static_assert(offsetof(struct taskfile, cr) == FILE_CR, "as in the header");
_Static_assert(offsetof(struct taskfile, gdtr) == FILE_GDTR, "as in the header");
_Static_assert(offsetof(struct taskfile, msr) == FILE_MSRS, "as in the header");
_Static_assert(sizeof(struct taskfile) == FILE_BYTES, "as in the header");

/* Runs the way taskfile_way, with the tables filled in and interrupts off. The three files and
 * areas are of the main task before the switch, of the other task or the handler, and of the main
 * task behind. taskfile_table_entry: the entry of the main TSS's page, which is taken away, or 0.
 * Load the IDT of long mode again afterwards. */
void taskfile_run(void);
extern uint32_t taskfile_way, taskfile_entry, taskfile_cr3, taskfile_table_entry, taskfile_eflags;
extern uint32_t taskfile_general[8];
extern uint32_t taskfile_steps, taskfile_dr6, taskfile_error, taskfile_frame_eip,
	taskfile_frame_eflags;
extern const uint32_t taskfile_msrs[TASKFILE_MSRS];
/* Per way: where the way begins (taskfile_entry), and the instruction behind the switch. */
extern const uint32_t taskfile_at[TASKFILE_WAYS], taskfile_behind[TASKFILE_WAYS];
extern struct taskfile taskfile_before, taskfile_there, taskfile_after;
extern uint8_t taskfile_area_before[TASKFILE_AREA], taskfile_area_there[TASKFILE_AREA],
	taskfile_area_after[TASKFILE_AREA];
extern uint64_t taskfile_gdt[TASKFILE_GDT_BYTES / 8], taskfile_idt[TASKFILE_VECTORS];
extern uint8_t taskfile_stacks[2][TASKFILE_STACK];
extern uint8_t taskfile_tss_main[], taskfile_tss_other[];
void taskfile_other(void);
void taskfile_step(void);
void taskfile_handler(void);
#endif

#endif
