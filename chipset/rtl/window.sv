// SPDX-License-Identifier: BSD-2-Clause
//
// The register window: the value that an access reads, and the registers that an access writes.
// docs/register-window.md, section 3, is the specification. chipset/block/window.c has the same
// functions in the same order.
//
// Rule: a register file of 8-byte slots. An access names some bytes of a single slot and touches no
// other slot. No register is here: the outputs say what the step of the access does.
module window #(
	parameter integer LINES = 16,
	parameter integer BANKS = 16
) (
	input  logic        read, write, // the access happens in this clock
	input  logic [11:0] address,
	input  logic [3:0]  size,        // bytes; 1, 2, 4 or 8, else the access is none
	input  logic [63:0] value,
	// The registers as they are.
	input  logic [15:0] route, mask, share, bank, status, level, lines,
	input  logic [7:0]  pulses,
	input  logic        external, intr,
	input  logic [63:0] controller_input, block_input,
	input  logic [63:0] state,       // the word of the bank that state_bank and state_word name
	output logic [63:0] data,        // what the access reads
	output logic        select, told, write_status, write_level, rewire, raise_external,
	output logic        clear_external, clear_pulses, write_state,
	output logic [15:0] new_route, new_mask, new_share, new_bank, new_level, clear,
	output logic [63:0] new_controller_input, new_block_input, new_state,
	output logic        in_state,
	output logic [3:0]  state_bank,
	output logic [1:0]  state_word
);
	// ---- decode() ----
	// An access is 1, 2, 4 or 8 bytes, naturally aligned.
	logic [7:0]  lanes;
	logic [63:0] bytes, placed;
	logic [5:0]  shift;
	logic [8:0]  slot;
	integer      i;
	assign slot = address[11:3];
	assign shift = {address[2:0], 3'd0};
	always_comb begin
		case (size)
		4'd1: lanes = 8'h01 << address[2:0];
		4'd2: lanes = address[0] ? 8'd0 : 8'h03 << address[2:0];
		4'd4: lanes = address[1:0] != 2'd0 ? 8'd0 : 8'h0f << address[2:0];
		4'd8: lanes = address[2:0] != 3'd0 ? 8'd0 : 8'hff;
		default: lanes = 8'd0;
		endcase
		for (i = 0; i < 8; i = i + 1)
			bytes[8 * i +: 8] = {8{lanes[i]}};
	end
	assign placed = value << shift;

	localparam [8:0] ID = 9'h000, CAPABILITY = 9'h001, SELECT = 9'h002, STATUS = 9'h003,
		CONTROLLER_INPUT = 9'h004, BLOCK_INPUT = 9'h005, EXTERNAL = 9'h006, STATE = 9'h020;

	// ---- read_select(), read_status() ----
	logic [63:0] selected, stated, slot_value;
	assign selected = {bank, share, mask, route};
	assign stated = {lines, level, pulses, 6'd0, intr, external, status};
	assign clear_pulses = read && slot == STATUS && lanes[3];

	// ---- in_state() ----
	// Offset 100h + 20h a bank: master, slave, modes, view.
	logic [5:0] state_slot;
	assign state_slot = slot[5:0] - STATE[5:0];
	assign state_bank = state_slot[5:2];
	assign state_word = state_slot[1:0];
	assign in_state = slot >= STATE && slot < STATE + 9'(4 * BANKS);

	// ---- read_slot(), block_window_read() ----
	always_comb begin
		case (slot)
		ID: slot_value = {block_types::VERSION_VALUE, block_types::ID_VALUE};
		CAPABILITY: slot_value = {40'd0, 8'd3, 8'(LINES), 8'(BANKS)};
		SELECT: slot_value = selected;
		STATUS: slot_value = stated;
		CONTROLLER_INPUT: slot_value = controller_input;
		BLOCK_INPUT: slot_value = block_input;
		default: slot_value = in_state ? state : 64'd0;
		endcase
	end
	assign data = (slot_value & bytes) >> shift;

	// ---- merge() ----
	function [63:0] merge(input [63:0] old, input [63:0] placed_value, input [63:0] which);
		merge = (old & ~which) | (placed_value & which);
	endfunction

	// ---- write_select() ----
	logic accesses;
	logic [63:0] new_selected;
	assign accesses = write && lanes != 8'd0;
	assign new_selected = merge(selected, placed, bytes);
	assign select = accesses && slot == SELECT;
	assign {new_bank, new_share, new_mask, new_route} = new_selected;

	// ---- write_status() ----
	// In STATUS, bytes outside the access count as zero. Rule 3: a write that has one of the
	// bytes 018h to 01Ah in it.
	assign write_status = write && slot == STATUS && lanes[2:0] != 3'd0;
	assign clear = write_status ? placed[15:0] & bytes[15:0] : 16'd0;
	assign clear_external = write_status && lanes[2] && placed[16];
	assign write_level = write && slot == STATUS && lanes[5:4] != 2'd0;
	assign new_level = (level & ~bytes[47:32]) | (placed[47:32] & bytes[47:32]);
	assign told = write_status || (select && lanes[3:2] != 2'd0);

	// ---- write_state() ----
	assign write_state = accesses && in_state && state_word != 2'd3;
	assign new_state = merge(state, placed, bytes);

	// ---- block_window_write() ----
	// The registers that no function of window.c stands for: the multiplexers' inputs, and the
	// external signal.
	assign rewire = accesses && (slot == CONTROLLER_INPUT || slot == BLOCK_INPUT);
	assign new_controller_input =
		merge(controller_input, placed, slot == CONTROLLER_INPUT ? bytes : 64'd0);
	assign new_block_input = merge(block_input, placed, slot == BLOCK_INPUT ? bytes : 64'd0);
	assign raise_external = write && slot == EXTERNAL && lanes[0] && placed[0];
endmodule
