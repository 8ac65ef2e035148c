// SPDX-License-Identifier: BSD-2-Clause
//
// The states of a chip and of a pair, and the numbers of the register window.
//
// Rule: a chip's fields lie in the order of its state words (docs/register-window.md, section 4).
// So the low 64 bits of a chip are the chip's word. chipset/block/i8259.h has the same fields.
package block_types;

// The value that the chip expects next at the data port. RAW: never initialised.
localparam [2:0] RAW = 3'd0, READY = 3'd1, ICW2 = 3'd2, ICW3 = 3'd3, ICW4 = 3'd4;

typedef struct packed {
	logic [2:0] step;
	logic       rotate_auto;  // rotate in automatic EOI mode
	logic       special_mask;
	logic       poll;         // OCW3 poll command: the next read is an acknowledge
	logic       read_isr;     // OCW3 selected ISR, not IRR
	logic [2:0] lowest;       // the level with the lowest priority: 7 until a rotation
	logic [4:0] icw4;         // 4 SFNM | 3 BUF | 2 M/S | 1 AEOI | 0 uPM
	logic [7:0] icw1;         // 7:5 A7-A5 | 4 = 1 | 3 LTIM | 2 ADI | 1 SNGL | 0 IC4
	logic [7:0] icw3;         // master: inputs with a slave; slave: the slave's identity
	logic [7:0] icw2;         // 8086: T7-T3; MCS-80: A15-A8
	logic [7:0] elcr;         // level triggered by the edge/level control register
	logic [7:0] held;         // requests that the VMM block held for this controller
	logic [7:0] pins;         // present levels of the inputs IR0-IR7
	logic [7:0] imr;          // OCW1
	logic [7:0] isr;          // in service
	logic [7:0] edges;        // edge-sense latches
} chip_t;

typedef struct packed {
	chip_t slave;
	chip_t master;
} pair_t;

localparam integer PAIR_BITS = 2 * 87;

// The state at power-on: IMR is FFh, level 7 is the lowest. All other bits are 0.
localparam [86:0] CHIP_RESET = {RAW, 4'd0, 3'd7, 5'd0, 8'd0, 24'd0, 16'd0, 8'hff, 16'd0};

// The bits of ICW1 and ICW4.
localparam integer IC4 = 0, SNGL = 1, ADI = 2, LTIM = 3;
localparam integer UPM = 0, AEOI = 1, SFNM = 4;

// The edge/level control registers have no other bits on a PC (ICH9 datasheet 13.4.11, 13.4.12).
localparam [7:0] ELCR_MASTER = 8'hf8, ELCR_SLAVE = 8'hde;

// The slave's INT is the master's IR2. Input 2 of the pair is therefore no input.
localparam integer CASCADE = 2;
localparam [15:0] CASCADE_BIT = 16'h0004;
// A level that the master answers with where no request stands.
localparam [2:0] SPURIOUS = 3'd7;

// ---- The register window (chipset/block/window.h) ----

localparam [31:0] ID_VALUE = 32'h584f4253, VERSION_VALUE = 32'h00010000;

endpackage
