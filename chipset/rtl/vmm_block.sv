// SPDX-License-Identifier: BSD-2-Clause
//
// The VMM block of Figure 2: mask 212, status 214, the OR 216 with the external signal 218, and the
// pulse of NMI. The rule (3) is that of chipset/block/block.h. chipset/block/block.c has the same
// functions in the same order.
//
// Rule: a cause of NMI within a clock is a pulse, and the register of pulses counts each cause. A
// cause that comes while a pulse lasts makes one more pulse behind that pulse.
module vmm_block #(
	parameter integer NMI_CLOCKS = 4 // the length of a pulse, and the least time between pulses
) (
	input  logic        clock, reset,
	input  logic [15:0] next_status,   // status by input, as the step leaves the latches
	input  logic        write_mask,
	input  logic [15:0] new_mask,
	input  logic        told,          // MASK or STATUS is written
	input  logic        clear_external, raise_external,
	input  logic        external_now,  // the external signal, synchronised
	input  logic        step_external,
	input  logic        clear_pulses,  // the byte with the pulses is read
	output logic [15:0] mask,
	output logic        external,
	output logic [7:0]  pulses,
	output logic        nmi
);
	logic        external_pin, out, external_rises, next_external, next_out, tells, pulse;
	logic [15:0] next_mask;

	// ---- pulse() ----
	// The count stays at 255.
	logic [8:0] counted;
	assign counted = {1'b0, pulses} + {8'd0, tells} + {8'd0, external_rises};
	assign pulse = tells || external_rises;

	// ---- drive_nmi() ----
	// (3) told: mask or status was written.
	assign next_out = (next_status & ~next_mask) != 16'd0;
	assign tells = (next_out && !out) || (told && (next_out || next_external));

	// ---- block_raise_external(), block_set_external() ----
	assign external_rises = (step_external && external_now && !external_pin) || raise_external;

	// ---- block_select() ----
	assign next_mask = write_mask ? new_mask : mask;

	// ---- block_clear_status() ----
	assign next_external = external_rises || (external && !clear_external);

	always_ff @(posedge clock)
		if (reset) begin
			mask <= 16'hffff;
			external <= 1'b0;
			external_pin <= 1'b0;
			out <= 1'b0;
			pulses <= 8'd0;
		end else begin
			mask <= next_mask;
			external <= next_external;
			if (step_external)
				external_pin <= external_now;
			out <= next_out;
			pulses <= clear_pulses ? 8'd0 : counted[8] ? 8'hff : counted[7:0];
		end

	// ---- block_take_nmi() ----
	// The pulse: NMI_CLOCKS high, and NMI_CLOCKS low before the next pulse.
	localparam integer BITS = $clog2(2 * NMI_CLOCKS) + 1;
	localparam [BITS-1:0] HIGH = BITS'(NMI_CLOCKS), LAST = BITS'(2 * NMI_CLOCKS - 1);
	logic [BITS-1:0] left;
	logic            pending;
	always_ff @(posedge clock)
		if (reset) begin
			left <= '0;
			pending <= 1'b0;
			nmi <= 1'b0;
		end else if (left != '0) begin
			left <= left - BITS'(1);
			pending <= pending || pulse;
			nmi <= left > HIGH;
		end else begin
			left <= pulse || pending ? LAST : '0;
			pending <= 1'b0;
			nmi <= pulse || pending;
		end
endmodule
