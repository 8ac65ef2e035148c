// SPDX-License-Identifier: BSD-2-Clause
//
// The 8259A's rules and "save and restore is the identity", for a pair in any state that a pair can
// have (`is_pair`), and any step.
//
// Rule: every step keeps `is_pair`. So a rule of one step holds for sequences of any length.
module rules_pair (
	input logic                clock,
	input block_types::pair_t  pair, other,
	input logic [2:0]          kind,
	input logic [15:0]         port, hold, first_driven, first_high, driven, high, risen,
	input logic [7:0]          value,
	input logic                first,
	input logic [1:0]          word_index,
	input logic [63:0]         new_word
);
	function is_chip(input [86:0] chip, input slave);
		is_chip = (chip[7:0] & ~chip[31:24]) == 8'd0 && chip[86:84] <= 3'd4 &&
		          (chip[47:40] & (slave ? 8'h21 : 8'h07)) == 8'd0 &&
		          (slave ? chip[63:59] == 5'd0 : !chip[34]);
	endfunction

	// ---- One step ----
	logic               intr, acknowledge, port_read, port_write, follow, set_word;
	logic [7:0]         data;
	logic [63:0]        word;
	block_types::pair_t next;
	assign acknowledge = kind == 3'd1;
	assign port_read = kind == 3'd2;
	assign port_write = kind == 3'd3;
	assign follow = kind == 3'd4;
	assign set_word = kind == 3'd5;
	pair step (.*);

	// ---- Save, and restore over any other state ----
	localparam integer BITS = block_types::PAIR_BITS;
	logic [3 * 64 - 1:0]   saved, unused_word;
	logic [4 * BITS - 1:0] restored;
	logic [3 * BITS - 1:0] unused_next;
	logic [5:0]            unused_intr;
	logic [6 * 8 - 1:0]    unused_data;
	assign restored[0 +: BITS] = other;
	genvar n;
	generate
		for (n = 0; n < 3; n = n + 1) begin : words
			pair save (
				.pair(pair), .acknowledge(1'b0), .port_read(1'b0),
				.port_write(1'b0),
				.follow(1'b0), .set_word(1'b0), .port(16'd0), .value(8'd0),
				.first(1'b0), .hold(16'd0), .first_driven(16'd0),
				.first_high(16'd0),
				.driven(16'd0), .high(16'd0), .risen(16'd0), .word_index(2'(n)),
				.new_word(64'd0), .intr(unused_intr[n]),
				.data(unused_data[8 * n +: 8]), .word(saved[64 * n +: 64]),
				.next(unused_next[BITS * n +: BITS]));
			pair restore (
				.pair(restored[BITS * n +: BITS]), .acknowledge(1'b0),
				.port_read(1'b0), .port_write(1'b0), .follow(1'b0),
				.set_word(1'b1), .port(16'd0), .value(8'd0), .first(1'b0),
				.hold(16'd0), .first_driven(16'd0), .first_high(16'd0),
				.driven(16'd0), .high(16'd0), .risen(16'd0), .word_index(2'(n)),
				.new_word(saved[64 * n +: 64]), .intr(unused_intr[3 + n]),
				.data(unused_data[8 * (3 + n) +: 8]),
				.word(unused_word[64 * n +: 64]),
				.next(restored[BITS * (n + 1) +: BITS]));
		end
	endgenerate

	// ---- The open requests of a chip, stated once more ----
	// Bits of a chip (block_types.sv): 67 LTIM | 47:40 ELCR | 39:32 held | 31:24 pins |
	// 23:16 IMR | 15:8 ISR | 7:0 edges.
	function [7:0] open_requests(input [86:0] chip);
		open_requests = (chip[39:32] | (chip[67] ? chip[31:24] :
		                 (chip[7:0] & ~chip[47:40]) | (chip[31:24] & chip[47:40]))) &
		                ~chip[23:16];
	endfunction
	// The levels that a step has taken: into service, or out of edges and held requests, as an
	// automatic EOI does.
	function [7:0] taken(input [86:0] before, input [86:0] behind);
		taken = (behind[15:8] & ~before[15:8]) | (before[7:0] & ~behind[7:0]) |
		        (before[39:32] & ~behind[39:32]);
	endfunction
	logic [7:0] master_requests, slave_requests;
	logic       apart, from_master, from_slave, polls_master, polls_slave;
	assign master_requests = open_requests(pair.master);
	assign slave_requests = open_requests(pair.slave);
	// The vector names its chip: 8086 mode, and no two of ICW2 and FFh have the same high bits.
	assign apart = pair.master.icw4[block_types::UPM] && pair.slave.icw4[block_types::UPM] &&
	               pair.master.icw2[7:3] != pair.slave.icw2[7:3] &&
	               pair.master.icw2[7:3] != 5'h1f && pair.slave.icw2[7:3] != 5'h1f;
	assign from_master = acknowledge && apart && data[7:3] == pair.master.icw2[7:3];
	assign from_slave = acknowledge && apart && data[7:3] == pair.slave.icw2[7:3];
	assign polls_master = port_read && port[15:1] == 15'h0010 && pair.master.poll;
	assign polls_slave = port_read && port[15:1] == 15'h0050 && pair.slave.poll;

	// ---- The slave's INT between a line's level and the line's edge ----
	block_types::chip_t between;
	logic [7:0] between_pins, unused_irr;
	logic       between_int;
	logic [2:0] unused_level;
	assign between_pins = (pair.slave.pins & ~driven[15:8]) | high[15:8];
	always_comb begin
		between = pair.slave;
		between.pins = between_pins;
		between.edges = (pair.slave.edges | (between_pins & ~pair.slave.pins)) &
		                between_pins;
	end
	resolver #(.IS_SLAVE(1'b1)) between_edges (
		.chip(between), .irr(unused_irr), .asked(between_int), .level(unused_level));

	logic [7:0] master_open, gone;
	assign master_open = pair.master.imr;
	assign gone = pair.master.edges & ~next.master.edges & ~8'h04;
	always @(posedge clock) begin
		assume (is_chip(pair.master, 1'b0) && is_chip(pair.slave, 1'b1));
		// Every step keeps what a pair is.
		assert (is_chip(next.master, 1'b0) && is_chip(next.slave, 1'b1));
		// R07, R11: the state words are the whole of a pair.
		assert (restored[3 * BITS +: BITS] == pair);
		// Behind each step but the writing of words the cascade is settled: an edge at IR2
		// has a pin.
		assert (!next.master.edges[2] || next.master.pins[2]);
		// No masked request is delivered: neither by INTA nor by a poll, neither of the master
		// nor of the slave, neither into service nor with automatic EOI. The master's edge at
		// IR2 is the cascade's.
		if (acknowledge || polls_master)
			assert ((taken(pair.master, next.master) & ~master_requests & ~8'h04) == 8'd0);
		if (acknowledge || polls_slave)
			assert ((taken(pair.slave, next.slave) & ~slave_requests) == 8'd0);
		// The vector is of an open request. The spurious vector takes nothing.
		if (from_master && intr)
			assert (master_requests[data[2:0]]);
		if (from_master && !intr)
			assert (data[2:0] == 3'd7);
		if (from_slave)
			assert (slave_requests[data[2:0]] ||
			        (data[2:0] == 3'd7 && next.slave == pair.slave));
		if (polls_master && data[7])
			assert (master_requests[data[2:0]]);
		if (polls_slave && data[7])
			assert (slave_requests[data[2:0]]);
		// An INT of the slave that stands behind a step, and has not stood in its middle, is an
		// edge at the master's IR2.
		if (follow && !first && hold == 16'd0 && !between_int && next.master.pins[2])
			assert (next.master.edges[2]);
		if (acknowledge && intr) begin
			// No masked request is delivered: the level in service is open.
			assert ((next.master.isr & ~pair.master.isr & master_open) == 8'd0);
			// An acknowledge takes one request of the master at most.
			assert ((gone & (gone - 8'd1)) == 8'd0);
		end
		if (acknowledge && !intr)
			// A spurious INTA takes no request.
			assert (gone == 8'd0 && next.master.held == pair.master.held &&
			        next.master.isr == pair.master.isr);
		if (follow) begin
			// No falling edge takes a held request back.
			assert ((pair.master.held & ~next.master.held) == 8'd0);
			assert ((pair.slave.held & ~next.slave.held) == 8'd0);
			// An edge goes with its input's level only.
			assert ((pair.slave.edges & ~next.slave.edges & next.slave.pins &
			         (first_high[15:8] | ~first_driven[15:8])) == 8'd0);
			// A risen line with a high input is an edge.
			assert ((risen[15:8] & high[15:8] & ~next.slave.edges) == 8'd0);
			assert ((risen[7:0] & high[7:0] & ~next.master.edges & ~8'h04) == 8'd0);
			// ISR, IMR and modes are the program's alone.
			assert (next.slave.isr == pair.slave.isr &&
			        next.slave.imr == pair.slave.imr &&
			        next.master.isr == pair.master.isr &&
			        next.master.imr == pair.master.imr &&
			        next.master[86:64] == pair.master[86:64] &&
			        next.slave[86:64] == pair.slave[86:64]);
		end
		if (kind == 3'd0 || kind > 3'd5)
			assert (next == pair);
	end
endmodule
