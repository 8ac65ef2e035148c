// SPDX-License-Identifier: BSD-2-Clause
//
// Rule 3 of "no interrupt is lost" (chipset/block/block.h), for the VMM block: any inputs,
// sequences of any length from the reset on.
//
// Rule: the module states the causes of NMI once more, and waits for the pulse of each cause.
module rules_vmm_block (
	input logic        clock, reset,
	input logic [15:0] next_status, new_mask,
	input logic        write_mask, told, clear_external, raise_external,
	input logic        external_now, step_external, clear_pulses
);
	localparam integer N = 4;
	logic [15:0] mask;
	logic        external, nmi;
	logic [7:0]  pulses;
	vmm_block #(.NMI_CLOCKS(N)) block (.*);

	logic started = 1'b0, stood = 1'b0, pin = 1'b0, nmi_before = 1'b0, waits = 1'b0;
	logic stands, rises, cause;
	logic [15:0] mask_after;
	logic [3:0] age = 4'd0, length = 4'd0;
	assign mask_after = write_mask ? new_mask : mask;
	assign stands = (next_status & ~mask_after) != 16'd0;
	assign rises = raise_external || (step_external && external_now && !pin);
	assign cause = (stands && !stood) || rises ||
	               (told && (stands || (external && !clear_external)));

	always @(posedge clock) begin
		started <= 1'b1;
		if (!started)
			assume (reset);
		stood <= !reset && stands;
		pin <= !reset && (step_external ? external_now : pin);
		nmi_before <= nmi && !reset;
		// A cause waits until NMI rises.
		if (reset) begin
			waits <= 1'b0;
			age <= 4'd0;
			length <= 4'd0;
		end else begin
			waits <= cause || (waits && !(nmi && !nmi_before));
			age <= waits && !(nmi && !nmi_before) ? age + 4'd1 : 4'd0;
			length <= nmi == nmi_before ? (length == 4'd15 ? length : length + 4'd1)
			                            : 4'd1;
		end
		if (started && !reset) begin
			// (3) NMI rises for each cause, at the latest behind a pulse and a pause.
			assert (age <= 2 * N);
			// NMI rises for a cause, and for nothing else.
			if (nmi && !nmi_before)
				assert (waits);
			// A pulse has its length, and the pause behind the pulse is as long.
			if (!nmi && nmi_before)
				assert (length == N);
			// Each cause is counted, up to 255.
			if ($past(!reset && cause && !clear_pulses))
				assert (pulses > $past(pulses) || pulses == 8'hff);
			if ($past(!reset && !cause && !clear_pulses))
				assert (pulses == $past(pulses));
			// The external signal cannot be masked, and stays until STATUS is written.
			if ($past(!reset && rises))
				assert (external);
			if ($past(!reset && external && !clear_external))
				assert (external);
		end
	end
endmodule
