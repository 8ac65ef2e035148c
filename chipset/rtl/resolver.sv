// SPDX-License-Identifier: BSD-2-Clause
//
// The requests of a chip, and the priority resolver. chipset/block/i8259.c has the same functions
// in the same order. A name in quotes is a section of the datasheet (Intel 231468-003).
//
// Rule: a function of the chip's state alone. asked: there is a request that is neither masked nor
// held back by a level in service. level: the request's level.
module resolver #(
	parameter bit IS_SLAVE = 0
) (
	/* verilator lint_off UNUSEDSIGNAL */ // ICW2 and the fields of the ports do not count here
	input  block_types::chip_t chip,
	/* verilator lint_on UNUSEDSIGNAL */
	output logic [7:0]         irr,
	output logic               asked,
	output logic [2:0]         level
);
	// ---- highest() ----
	// "Automatic rotation", "Specific rotation": the level after the lowest comes first. The
	// levels are turned, so that bit 0 is the highest priority.
	logic [2:0] first;
	assign first = chip.lowest + 3'd1;

	function [7:0] turned(input [7:0] levels, input [2:0] by);
		turned = 8'({levels, levels} >> by);
	endfunction

	// ---- rank() ----
	// The distance of a set's highest level from the top: 0 is the highest priority.
	function [2:0] rank(input [6:0] levels);
		begin
			rank[0] = !levels[0] && (levels[1] || (!levels[2] && (levels[3] ||
			          (!levels[4] && (levels[5] || !levels[6])))));
			rank[1] = levels[1:0] == 2'd0 &&
			          (levels[3:2] != 2'd0 || levels[5:4] == 2'd0);
			rank[2] = levels[3:0] == 4'd0;
		end
	endfunction

	// ---- i8259_irr() ----
	// "Edge and level triggered modes": an input that LTIM or ELCR makes level triggered asks by
	// its pin.
	logic [7:0] by_level;
	assign by_level = chip.icw1[block_types::LTIM] ? 8'hff : chip.elcr;
	assign irr = (chip.edges & ~by_level) | (chip.pins & by_level) | chip.held;

	// ---- i8259_slaves(), request() ----
	// "Fully nested mode": a level in service holds back the same level and all levels below.
	// "Special mask mode": a masked level holds no level back. "The special fully nested mode":
	// a slave in service may ask again.
	logic [7:0] waiting, serving, slaves, allowed, hits;
	assign waiting = turned(irr & ~chip.imr, first);
	assign serving = turned(chip.special_mask ? chip.isr & ~chip.imr : chip.isr, first);
	assign slaves = IS_SLAVE || chip.icw1[block_types::SNGL] || !chip.icw4[block_types::SFNM]
		? 8'd0 : turned(chip.icw3, first);
	assign allowed = (~serving & (serving - 8'd1)) | (serving & (~serving + 8'd1) & slaves);
	assign hits = waiting & allowed;
	assign asked = hits != 8'd0 && chip.step == block_types::READY;
	assign level = first + rank(hits[6:0]);
endmodule
