// SPDX-License-Identifier: BSD-2-Clause
//
// Rules 1 and 2 of "no interrupt is lost" (chipset/block/block.h), for a multiplexer: any state,
// any inputs, sequences of any length.
//
// Rule: an assertion speaks of one clock and of the clock before. The inputs keep the protocol of
// block.sv: a clock has a step of the lines, or a single access to the window.
module rules_mux (
	input logic        clock, reset,
	input logic        level_now, step_lines, select, same_bank, new_route, new_share, rewire,
	input logic [3:0]  new_controller_input, new_block_input,
	input logic        write_level, new_level,
	input logic [15:0] clear
);
	logic        line, route, share, level, follows, first;
	logic [3:0]  controller_input, block_input;
	logic [15:0] status, next_status, hold, first_driven, first_high, driven, high, risen;
	mux #(.NUMBER(4'd5)) line_5 (.*);

	logic [15:0] at_controller, at_block;
	logic        latch, routed, heard;
	assign latch = status != 16'd0;
	assign routed = route && controller_input != 4'd2;
	assign heard = !routed || share;
	assign at_controller = 16'd1 << (rewire ? new_controller_input : controller_input);
	assign at_block = 16'd1 << block_input;

	always @(posedge clock) begin
		assume (!(step_lines && (select || rewire || write_level || clear != 0)));
		assume (!(select && rewire));
		assume (!(clear != 0 && (select || rewire)));
	end

	logic started = 1'b0;
	always @(posedge clock) begin
		started <= 1'b1;
		// The status bit is at the line's VMM block input, and nowhere else.
		assert ((status & ~at_block) == 16'd0);
		if (started && !$past(reset) && !reset) begin
			// (1) A rising edge that the VMM block hears sets the latch.
			if ($past(step_lines && level_now && !line && heard))
				assert (latch);
			// Nothing else sets the latch.
			if (latch && !$past(latch))
				assert ($past(step_lines && level_now && !line && heard));
			// A latch goes by its status bit, or with its line to the controller.
			if (!latch && $past(latch))
				assert ($past((clear & at_block) != 0) || $past(select || rewire));
			// (1) STATUS clears no latch under a level.
			if ($past(latch && level && line && heard && clear != 0))
				assert (latch);
			// (1) STATUS clears a latch that is written.
			if ($past((clear & at_block) != 0 && !(level && line && heard)))
				assert (!latch);
			// (2) A latch that goes with its line is a request there: an edge while the
			// line is high, else a held request.
			if (!latch && $past(latch && (select || rewire)))
				assert ($past((line ? risen : hold) == at_controller));
			// (2) The latch of a shared line stays.
			if ($past(latch && (select || rewire)) && share)
				assert (latch);
			// An edge of a routed line is an edge at the controller.
			if ($past(step_lines && level_now && !line && routed))
				assert ($past(follows && risen == at_controller &&
				              high == at_controller));
			// A line of the VMM block drives no input of the controller.
			if (!routed && $past(!select && !rewire))
				assert ($past(driven == 0 && high == 0 && risen == 0 && hold == 0));
		end
	end
endmodule
