// SPDX-License-Identifier: BSD-2-Clause
//
// Multiplexer n of Figure 2, with latch n: one interrupt request line, 206 of the seed. The rules
// (1) and (2) are those of chipset/block/block.h. chipset/block/block.c has the same functions in
// the same order.
//
// Rule: `line` is the level that counts. The level changes in a step of the lines (`step_lines`)
// and at no other time. In a step of the window (`select`, `rewire`, `clear`) no line changes.
module mux #(
	parameter [3:0] NUMBER = 4'd0
) (
	input  logic        clock, reset,
	input  logic        level_now,   // the line, synchronised
	input  logic        step_lines,
	// SELECT is written. same_bank: the connected bank stays the connected bank.
	input  logic        select, same_bank,
	input  logic        new_route, new_share,
	// An input register is written, with these values of the line.
	input  logic        rewire,
	input  logic [3:0]  new_controller_input, new_block_input,
	input  logic        write_level, new_level,
	input  logic [15:0] clear,       // STATUS is written: 1 for each input that is acknowledged
	output logic        line, route, share, level,
	output logic [3:0]  controller_input, block_input,
	output logic [15:0] status, next_status, // the latch, at its VMM block input
	// What the controller gets: see pair.
	output logic        follows, first,
	output logic [15:0] hold, first_driven, first_high, driven, high, risen
);
	// IRQ2 is the cascade: there is no such line, and no such input.
	localparam [3:0] ABSENT = 4'd2;
	logic latch, routed, heard, rises, falls, reconnects, moved, was_routed;
	logic next_latch, next_routed, next_line, next_share;
	logic [3:0] next_controller_input, next_block_input;

	function [15:0] at(input [3:0] number, input present);
		at = {15'd0, present} << number;
	endfunction

	// ---- heard() ----
	assign heard = !routed || share;

	// ---- block_status() ----
	assign status = at(block_input, latch);
	assign next_status = at(next_block_input, next_latch);

	// ---- follow() ----
	// The parts are those of i8259: held requests or lines that fall; then the levels; then an
	// edge for each line that has gone high, and for each latch of a line that is high.
	assign follows = (rises || falls) && routed;
	assign first = (falls && routed) || (moved && !line);
	assign hold = at(next_controller_input, moved && !line);
	assign first_driven = at(controller_input, step_lines && routed);
	assign first_high = at(controller_input, step_lines && routed && line && !falls);
	assign driven = at(next_controller_input, next_routed);
	assign high = at(next_controller_input, next_routed && next_line);
	assign risen = at(next_controller_input, (rises && routed) || (moved && line));

	// ---- block_set_line() ----
	assign rises = step_lines && level_now && !line && NUMBER != ABSENT;
	assign falls = step_lines && !level_now && line;
	assign next_line = rises || (line && !falls);

	// ---- usable() ----
	assign routed = route && NUMBER != ABSENT && controller_input != ABSENT;
	assign next_routed = (select ? new_route : route) && NUMBER != ABSENT &&
	                     next_controller_input != ABSENT;

	// ---- reconnect() ----
	// (2) A latched assertion goes with its line.
	assign reconnects = select || rewire;
	assign moved = reconnects && latch && next_routed && !was_routed;

	// ---- block_select() ----
	assign was_routed = routed && (rewire || same_bank);
	assign next_share = select ? new_share : share;

	// ---- block_clear_status() ----
	// (1) An edge sets the latch. STATUS clears the latch, but not under a level.
	logic cleared, stands;
	assign cleared = (clear & at(block_input, 1'b1)) != 16'd0;
	assign stands = level && line && heard;
	assign next_latch = (rises && heard) || (latch && !(moved && !next_share) &&
	                                         !(cleared && !stands));

	// ---- block_set_inputs() ----
	assign next_controller_input = rewire ? new_controller_input : controller_input;
	assign next_block_input = rewire ? new_block_input : block_input;

	// ---- block_set_level() ----
	always_ff @(posedge clock)
		if (reset) begin
			line <= 1'b0;
			latch <= 1'b0;
			route <= 1'b1;
			share <= 1'b0;
			level <= 1'b0;
			controller_input <= NUMBER;
			block_input <= NUMBER;
		end else begin
			line <= next_line;
			latch <= next_latch;
			share <= next_share;
			controller_input <= next_controller_input;
			block_input <= next_block_input;
			if (select)
				route <= new_route;
			if (write_level)
				level <= new_level;
		end
endmodule
