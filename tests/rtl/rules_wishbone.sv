// SPDX-License-Identifier: BSD-2-Clause
//
// The handshake of the bus: each cycle is answered once, no access is lost or doubled, and one is
// in flight. Any master, any block with the handshake of any_block.sv, sequences of any length.
//
// Rule: prove.py puts this text into wishbone.sv, in front of the module's end. The rules keep an
// account of their own: a cycle's accesses that are due. The rules look at the strobes and at the
// acknowledges, and not at the registers of the wrapper.
	logic ruled = 1'b0;
	always_ff @(posedge clk_i)
		ruled <= 1'b1;

	function [3:0] members(input [7:0] set);
		members = {3'd0, set[0]} + {3'd0, set[1]} + {3'd0, set[2]} + {3'd0, set[3]} +
		          {3'd0, set[4]} + {3'd0, set[5]} + {3'd0, set[6]} + {3'd0, set[7]};
	endfunction

	// ---- The account ----
	logic        taken = 1'b0;  // a cycle is in the wrapper
	logic        left_alone;    // the master has given the cycle up
	logic        bad, wrote;
	logic [2:0]  tag, quiet;    // quiet: clocks without an acknowledge
	logic [7:0]  lanes_due;     // of ports
	logic [3:0]  due;
	logic [15:3] place;
	logic [63:0] written, answer;
	logic [2:0]  strobes_now, acks_now;
	logic        alone_now;
	logic [3:0]  due_now;
	assign strobes_now = {to_inta, to_port, to_window};
	assign acks_now = {inta_ack, port_ack, window_ack};
	assign alone_now = left_alone || !asks;
	assign due_now = due - {3'd0, acks_now != 3'd0};

	// The lane of the access at hand.
	logic [2:0] lane;
	integer l;
	always_comb begin
		lane = 3'd0;
		for (l = 7; l >= 0; l = l - 1)
			if (lanes_due[l])
				lane = 3'(l);
	end

	always_ff @(posedge clk_i) begin
		if (rst_i)
			taken <= 1'b0;
		else if (!taken) begin
			taken <= asks;
			left_alone <= 1'b0;
			bad <= !(tgc_i == 3'b001 || tgc_i == 3'b010 || (tgc_i == 3'b100 && !we_i));
			wrote <= we_i;
			tag <= tgc_i;
			quiet <= 3'd0;
			lanes_due <= sel_i;
			place <= adr_i;
			written <= dat_i;
			answer <= 64'd0;
			case (tgc_i)
			3'b001: due <= 4'd1;
			3'b010: due <= members(sel_i);
			3'b100: due <= we_i ? 4'd0 : 4'd1;
			default: due <= 4'd0;
			endcase
		end else begin
			left_alone <= alone_now;
			due <= due_now;
			quiet <= acks_now != 3'd0 ? 3'd0 : quiet + 3'd1;
			if (port_ack) begin
				lanes_due <= lanes_due & (lanes_due - 8'd1);
				if (!wrote)
					answer[8 * lane +: 8] <= port_data;
			end
			if (window_ack)
				answer <= window_data << {lane, 3'd0};
			if (inta_ack)
				answer <= {56'd0, inta_vector};
			if (ack_o || err_o || (alone_now && due_now == 4'd0))
				taken <= 1'b0;
		end
	end

	// ---- The rules ----
	always @(posedge clk_i) begin
		if (!ruled)
			assume (rst_i);
		if (ruled && !rst_i) begin
			// An answer belongs to a cycle that its master still wants. A cycle has one
			// answer, because the account closes with the answer.
			assert (!(ack_o && err_o));
			if (ack_o || err_o)
				assert (taken && asks && !left_alone);
			// No access is lost: the acknowledge comes when none is due. An error has none.
			if (ack_o)
				assert (!bad && due == 4'd0);
			if (err_o)
				assert (bad);
			// No access is doubled, and none comes without a cycle.
			if (strobes_now != 3'd0)
				assert (taken && !bad && due != 4'd0);
			// One is in flight, and it is of the cycle's kind.
			assert ((strobes_now & (strobes_now - 3'd1)) == 3'd0);
			if (strobes_now != 3'd0)
				assert (strobes_now == tag && writes == wrote && address == place);
			// A port's access has its lane and its byte, the lowest lane first.
			if (to_port)
				assert (lowest == lane);
			if (to_port && wrote)
				assert (data[shift +: 8] == written[8 * lane +: 8]);
			if (to_window)
				assert (size == 4'd0 || (lowest == lane &&
				        (!wrote || data == written)));
			// The master gets what the accesses have read.
			if (ack_o && !wrote)
				assert (dat_o == answer);
			// A cycle goes on: an acknowledge of the block within four clocks, and then
			// the end.
			if (taken)
				assert (quiet <= 3'd5);
		end
	end
