// SPDX-License-Identifier: BSD-2-Clause
//
// An 8259A programmable interrupt controller (Intel 231468-003): what a step makes of a chip's
// state. chipset/block/i8259.c has the same functions in the same order; the first of them are in
// resolver.sv. A name in quotes is a section of the datasheet.
//
// Rule: no register is here. The state comes in as `chip` and goes out as `next`. A clock has at
// most one of acknowledge, read, write, write_elcr, follow, set_word and set_modes. The pair sets
// the master's IR2.
module i8259 #(
	parameter bit IS_SLAVE = 0
) (
	input  block_types::chip_t chip,
	input  logic        acknowledge, // INTA
	input  logic        read,        // a read of a port; a0: 0 command port, 1 data port
	input  logic        write,       // a write of a port
	input  logic        write_elcr,  // a write of the edge/level control register
	input  logic        a0,
	input  logic [7:0]  value,
	// The inputs change, in three parts: the requests `hold` are held and the inputs have the
	// levels `first_pins`; then the inputs have the levels `pins`; then the inputs `pulse` have
	// one more rising edge.
	input  logic        follow,
	input  logic [7:0]  hold, first_pins, pins, pulse,
	// The state words are written.
	input  logic        set_word, set_modes,
	input  logic [63:0] word,
	input  logic [22:0] modes,       // the fields above ICW3
	output logic [7:0]  irr,
	output logic        asked,       // INT before the step
	output logic [2:0]  level,       // the level that an acknowledge takes; 7 for none
	output logic [7:0]  vector,      // the byte at the second INTA
	output logic [7:0]  data,        // the value that a port's read has
	output logic        first_int, pins_int, // INT after the first two parts of `follow`
	output block_types::chip_t next
);
	localparam [7:0] ELCR_BITS = IS_SLAVE ? block_types::ELCR_SLAVE : block_types::ELCR_MASTER;
	localparam [7:0] HELD_BITS = IS_SLAVE ? 8'hff : ~block_types::CASCADE_BIT[7:0];

	logic [2:0] resolved;
	resolver #(.IS_SLAVE(IS_SLAVE)) now (
		.chip(chip), .irr(irr), .asked(asked), .level(resolved));
	assign level = asked ? resolved : block_types::SPURIOUS;

	function [7:0] one(input [2:0] number);
		one = 8'd1 << number;
	endfunction

	// ---- i8259_set_pins() ----
	// "IR must remain high until after the falling edge of the first INTA": an edge goes with
	// its input's level.
	block_types::chip_t after_first, after_pins;
	logic  unused_first, unused_pins;
	logic [7:0] unused_first_irr, unused_pins_irr;
	logic [2:0] unused_first_level, unused_pins_level;
	always_comb begin
		after_first = chip;
		after_first.held = chip.held | hold;
		after_first.edges = (chip.edges | (first_pins & ~chip.pins)) & first_pins;
		after_first.pins = first_pins;
		after_pins = after_first;
		after_pins.edges = (after_first.edges | (pins & ~first_pins)) & pins;
		after_pins.pins = pins;
	end
	resolver #(.IS_SLAVE(IS_SLAVE)) first_part (
		.chip(after_first), .irr(unused_first_irr), .asked(first_int),
		.level(unused_first_level));
	resolver #(.IS_SLAVE(IS_SLAVE)) pins_part (
		.chip(after_pins), .irr(unused_pins_irr), .asked(pins_int),
		.level(unused_pins_level));

	// ---- i8259_acknowledge() ----
	// "Automatic end of interrupt mode": no level goes into service. A read in poll mode is an
	// acknowledge, too.
	block_types::chip_t taken;
	logic takes;
	assign takes = acknowledge || (read && chip.poll);
	always_comb begin
		taken = chip;
		if (takes && asked) begin
			taken.edges = chip.edges & ~one(level);
			taken.held = chip.held & ~one(level);
			if (!chip.icw4[block_types::AEOI])
				taken.isr = chip.isr | one(level);
			else if (chip.rotate_auto)
				taken.lowest = level;
		end
	end

	// ---- i8259_vector() ----
	// "Interrupt sequence outputs". MCS-80: an x86 takes the low byte of the CALL's address for
	// the vector.
	assign vector = chip.icw4[block_types::UPM] ? {chip.icw2[7:3], level} :
	                chip.icw1[block_types::ADI] ? {chip.icw1[7:5], level, 2'd0} :
	                                 {chip.icw1[7:6], level, 3'd0};

	// ---- poll(), i8259_read() ----
	// "Poll command": "the 8259A treats the next RD pulse as an interrupt acknowledge", at
	// either port. "Reading the 8259A status": IMR at the data port, else ISR or IRR.
	assign data = chip.poll ? (asked ? {1'b1, 4'd0, level} : 8'd0) :
	              a0 ? chip.imr : chip.read_isr ? chip.isr : irr;

	// The level that a non-specific EOI ends, for write_ocw2(). "An ISR bit that is masked by an
	// IMR bit will not be cleared by a non-specific EOI in special mask mode."
	logic [7:0] ended;
	logic [2:0] highest;
	assign ended = chip.special_mask ? chip.isr & ~chip.imr : chip.isr;
	integer i;
	always_comb begin
		highest = chip.lowest;
		for (i = 7; i >= 1; i = i - 1)
			if (ended[chip.lowest + i[2:0]])
				highest = chip.lowest + i[2:0];
	end

	// The step behind ICW2 and ICW3, for after().
	logic [2:0] last;
	assign last = chip.icw1[block_types::IC4] ? block_types::ICW4 : block_types::READY;

	always_comb begin
		next = taken;
		if (read)
			next.poll = 1'b0;
		if (write && !a0 && value[4]) begin
			// ---- write_icw1() ----
			// "Initialization command words 1 and 2": "the following automatically
			// occur". Without IC4 all functions of ICW4 are off.
			next.icw1 = value;
			next.icw4 = 5'd0;
			if (IS_SLAVE)
				next.icw3 = 8'd7;
			next.edges = 8'd0;
			next.held = 8'd0;
			next.isr = 8'd0;
			next.imr = 8'd0;
			next.lowest = 3'd7;
			next.read_isr = 1'b0;
			next.poll = 1'b0;
			next.special_mask = 1'b0;
			next.rotate_auto = 1'b0;
			next.step = block_types::ICW2;
		end else if (write && !a0 && !value[3]) begin
			// ---- end_of_interrupt(), write_ocw2() ----
			// Figure 8: 7 R | 6 SL | 5 EOI | 2:0 level. An EOI of a level, or of the
			// highest level in service. With R the level becomes the lowest.
			if (value[5] && value[6]) begin
				next.isr = chip.isr & ~one(value[2:0]);
				if (value[7])
					next.lowest = value[2:0];
			end else if (value[5] && ended != 8'd0) begin
				next.isr = chip.isr & ~one(highest);
				if (value[7])
					next.lowest = highest;
			end else if (!value[5] && !value[6])
				next.rotate_auto = value[7];
			else if (!value[5] && value[7])
				next.lowest = value[2:0];
		end else if (write && !a0) begin
			// ---- write_ocw3() ----
			// Figure 8: 6 ESMM | 5 SMM | 2 P | 1 RR | 0 RIS.
			if (value[6])
				next.special_mask = value[5];
			if (value[1])
				next.read_isr = value[0];
			next.poll = value[2];
		end else if (write) begin
			// ---- after(), write_data() ----
			// Figure 6: the initialisation sequence, or OCW1.
			case (chip.step)
			block_types::ICW2: begin
				next.icw2 = value;
				next.step = chip.icw1[block_types::SNGL]
					? last : block_types::ICW3;
			end
			block_types::ICW3: begin
				next.icw3 = IS_SLAVE ? {5'd0, value[2:0]} : value;
				next.step = last;
			end
			block_types::ICW4: begin
				next.icw4 = value[4:0];
				next.step = block_types::READY;
			end
			default: next.imr = value;
			endcase
		end
		// i8259_set_pins(), as above. The last part is another edge on inputs that are high
		// already, for pair_pulse().
		if (follow) begin
			next.held = after_pins.held;
			next.pins = pins;
			next.edges = after_pins.edges | (pulse & pins);
		end
		// pair_port_write(), ICH9 datasheet 13.4.11 and 13.4.12.
		if (write_elcr)
			next.elcr = value & ELCR_BITS;
		// set_chip_word(): the input of a latched edge is high. Bits that do not exist
		// are 0.
		if (set_word) begin
			next.edges = word[7:0] & word[31:24];
			next.isr = word[15:8];
			next.imr = word[23:16];
			next.pins = word[31:24];
			next.held = word[39:32] & HELD_BITS;
			next.elcr = word[47:40] & ELCR_BITS;
			next.icw2 = word[55:48];
			next.icw3 = word[63:56] & (IS_SLAVE ? 8'd7 : 8'hff);
		end
		// set_chip_modes(): a step above 4 is READY.
		if (set_modes) begin
			next.icw1 = modes[7:0];
			next.icw4 = modes[12:8];
			next.lowest = modes[15:13];
			next.read_isr = modes[16];
			next.poll = modes[17];
			next.special_mask = modes[18];
			next.rotate_auto = modes[19];
			next.step = modes[22:20] > block_types::ICW4 ? block_types::READY
			                                             : modes[22:20];
		end
	end
endmodule
