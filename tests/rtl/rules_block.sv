// SPDX-License-Identifier: BSD-2-Clause
//
// Rules 4 and 5 of "no interrupt is lost", and the paths of Figure 3, for the whole block with all
// its banks: any inputs, sequences of any length from the reset on.
//
// Rule: prove.py puts this text into block.sv, in front of the module's end, so that the rules see
// the registers. The rules name an access by its address (docs/register-window.md, section 3) and
// not by the decoder's signals.
	logic ruled = 1'b0, holds = 1'b0; // a clock has passed; a clock without reset has passed
	always_ff @(posedge clock) begin
		ruled <= 1'b1;
		holds <= !reset;
	end
	always @(posedge clock)
		if (!ruled)
			assume (reset);

	// ---- What happens in a clock ----
	logic at_port, at_inta, at_write;
	logic [8:0] at_slot;
	assign at_port = step && access[PORT];
	assign at_inta = step && access[INTA];
	assign at_write = step && access[WINDOW] && writes;
	assign at_slot = address[11:3];
	localparam [8:0] AT_SELECT = 9'h002, AT_STATUS = 9'h003, AT_CONTROLLER_INPUT = 9'h004;
	localparam [8:0] AT_BLOCK_INPUT = 9'h005;

	// The inputs of the connected bank that a line enters.
	logic [15:0] entered;
	integer r;
	always_comb begin
		entered = 16'd0;
		for (r = 0; r < 16; r = r + 1)
			if (route[r] && r != 2 && controller_input[4 * r +: 4] != 4'd2)
				entered[controller_input[4 * r +: 4]] = 1'b1;
	end

	// ---- (4) ----
	// The pins of a pair: bits 31:24 of each chip (block_types.sv).
	function [15:0] pins_of(input [2 * 87 - 1:0] pair_bits);
		pins_of = {pair_bits[87 + 24 +: 8], pair_bits[24 +: 8]};
	endfunction
	generate
		for (n = 0; n < BANKS; n = n + 1) begin : rule_4
			logic [block_types::PAIR_BITS-1:0] before, now, turned;
			logic written;
			assign now = bank[n];
			assign turned = now ^ before;
			always_ff @(posedge clock) begin
				before <= bank[n];
				written <= at_write && at_slot >= 9'h020 + 9'(4 * n) &&
				           at_slot < 9'h023 + 9'(4 * n);
			end
			always @(posedge clock)
				if (holds && !written) begin
					// No state of a bank changes while the bank is not
					// connected.
					if (connected != 4'(n))
						assert (now == before);
					// No input changes while no line is routed to the input.
					assert ((pins_of(turned) & ~entered & ~16'h0004) == 16'd0);
				end
		end
	endgenerate

	// ---- (5) ----
	// The ports that are the pair's.
	// The master's edge and pin at input 2.
	localparam [block_types::PAIR_BITS-1:0] CASCADE_PIN = 174'h04000004;
	logic there;
	assign there = address[15:1] == 15'h0010 || address[15:1] == 15'h0050 ||
	               address[15:1] == 15'h0268;
	always @(posedge clock)
		if (holds) begin
			// A guest's ports and INTA reach the connected bank, and nothing else.
			if ($past(at_port || at_inta))
				assert ($stable(route) && $stable(mask) && $stable(share) &&
				        $stable(level) && $stable(lines) && $stable(connected) &&
				        $stable(at_status) && $stable(external_risen) &&
				        $stable(pulses) && $stable(controller_input) &&
				        $stable(block_input));
			// Any other port reaches nothing. A write there may settle the cascade of a
			// pair whose words were written one by one.
			if ($past(at_port && !there))
				assert ($stable(current & ~CASCADE_PIN));
			// The window alone reaches the registers, and each register has its slot.
			if (!$past(at_write && at_slot == AT_SELECT))
				assert ($stable(route) && $stable(mask) && $stable(share) &&
				        $stable(connected));
			if (!$past(at_write && at_slot == AT_STATUS))
				assert ($stable(level));
			if (!$past(at_write && at_slot == AT_CONTROLLER_INPUT))
				assert ($stable(controller_input));
			if (!$past(at_write && at_slot == AT_BLOCK_INPUT))
				assert ($stable(block_input));
			// A bank that does not exist is never connected, and takes no line.
			assert (connected < BANKS);
			if ($past(select && new_bank >= BANKS))
				assert ($stable(connected) && route == 16'd0);
		end

	// ---- Figure 3 ----
	block_types::pair_t chosen;
	logic [15:0] edges, held;
	assign chosen = bank[connected[INDEX-1:0]];
	assign edges = {chosen.slave.edges, chosen.master.edges};
	assign held = {chosen.slave.held, chosen.master.held};
	generate
		for (n = 0; n < 16; n = n + 1) begin : figure_3
			logic asserts, mine, latched;
			logic [3:0] input_number;
			assign input_number = controller_input[4 * n +: 4];
			assign asserts = !step && lines_now[n] && !lines[n] && n != 2; // 302
			assign mine = route[n] && n != 2 && input_number != 4'd2;      // 304
			assign latched = at_status[16 * n +: 16] != 16'd0;
			always @(posedge clock)
				if (holds) begin
					// 306: the controller has a request at the line's input.
					if ($past(asserts && mine))
						assert (edges[input_number]);
					// A line of the controller alone reaches no status bit.
					if ($past(asserts && mine && !share[n] && !latched))
						assert (!latched);
					// 310, 312: the status of the line's input is set.
					if ($past(asserts && !mine))
						assert (status[block_input[4 * n +: 4]]);
					// 316: an assertion is held pending until the VMM writes.
					if ($past(latched && !at_write))
						assert (latched);
					// 316, and back to 306: SELECT that gives the line to a
					// controller is a request there.
					if ($past(at_write && at_slot == AT_SELECT && latched) &&
					    mine && !($past(mine) && $stable(connected)))
						assert (lines[n] ? edges[input_number]
						                 : held[input_number]);
				end
		end
	endgenerate

	// 314, 318: NMI has a cause when an unmasked status bit comes, and when the external signal
	// does (320). The VMM block makes a pulse of each cause (rules_vmm_block.sv).
	logic       signals, signalled, counts, clears;
	logic [7:0] counted;
	assign counts = pulses > counted || pulses == 8'hff || clears;
	always_ff @(posedge clock) begin
		signals <= !reset && (next_status & ~(select ? new_mask : mask)) != 16'd0;
		signalled <= signals;
		counted <= pulses;
		clears <= clear_pulses;
	end
	always @(posedge clock)
		if (holds) begin
			// 312: status and mask are those of `signals`.
			assert (at_status == $past(at_next_status));
			assert (mask == $past(select ? new_mask : mask));
			if (signals && !signalled)
				assert (counts);
			if (external_risen && !$past(external_risen))
				assert (counts);
			// 314: a masked status bit, and a request of the controller, are no cause.
			if (!$past(at_write) && !external_risen && (!signals || signalled))
				assert (pulses == counted || clears);
			// 308: INTR is the connected pair's INT, a clock behind.
			if ($past(!step))
				assert (intr == $past(asks));
			// An acknowledge has the INTR that the access has left.
			if (inta_ack || port_ack || window_ack)
				assert (intr == $past(asks));
		end
