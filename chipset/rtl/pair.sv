// SPDX-License-Identifier: BSD-2-Clause
//
// Two 8259As, cascaded as in a PC, with the edge/level control registers: what a step makes of a
// pair's state. chipset/block/pair.c has the same functions in the same order.
//
// Rule: no register is here. After every change of a chip the slave's INT is brought to the
// master's IR2. The exception is a state that is being written word by word.
module pair (
	input  block_types::pair_t pair,
	// A step is at most one of these four.
	input  logic        acknowledge, // both INTA cycles
	input  logic        port_read, port_write,
	input  logic        follow,      // the inputs change, as below
	input  logic        set_word,    // a state word is written
	input  logic [15:0] port,
	input  logic [7:0]  value,
	// follow. Inputs that are not driven keep their level. first: the first part counts; its
	// inputs are held requests (`hold`) or lines that fell (`first_driven`, `first_high`).
	input  logic        first,
	input  logic [15:0] hold, first_driven, first_high,
	input  logic [15:0] driven, high, risen,
	input  logic [1:0]  word_index,  // 0 master, 1 slave, 2 modes, 3 view
	input  logic [63:0] new_word,
	output logic        intr,        // before the step
	output logic [7:0]  data,        // the vector, or the value that a port's read has
	output logic [63:0] word,
	output block_types::pair_t next
);
	// ---- The ports ----
	logic at_master, at_slave, at_elcr, a0, port_access;
	assign at_master = port[15:1] == 15'h0010; // 20h, 21h
	assign at_slave = port[15:1] == 15'h0050;  // A0h, A1h
	assign at_elcr = port[15:1] == 15'h0268;   // 4D0h, 4D1h
	assign a0 = port[0];
	assign port_access = port_read || port_write;

	// ---- The two chips ----
	// After the parts of `follow`, and after the step.
	logic [7:0] master_irr, slave_irr, master_vector, slave_vector, master_data, slave_data;
	logic [2:0] master_level, unused_slave_level;
	logic       unused_slave_int, elsewhere, listens, asks_slave;
	logic unused_master_first, unused_master_pins, slave_first, slave_pins, slave_next;
	block_types::chip_t master_step, master_next, slave_after;
	logic [7:0]         unused_next_irr;
	logic [2:0]         unused_next_level;

	// ---- cascade() ----
	// The slave's INT has up to three levels within a step. A level that rises is an edge at
	// the master's IR2. An INT that falls takes the edge back. INT falls at a slave's
	// acknowledge, and rises again where there are more requests.
	logic cascades, dropped;
	assign cascades = acknowledge || follow || port_write || (port_read && !at_elcr);
	assign dropped = !pair.master.pins[block_types::CASCADE] || asks_slave ||
	                 (follow && ((first && !slave_first) || !slave_pins));
	always_comb begin
		master_next = master_step;
		if (cascades) begin
			master_next.pins[block_types::CASCADE] = slave_next;
			master_next.edges[block_types::CASCADE] = slave_next &&
				(dropped || (follow ? pair.master.edges[block_types::CASCADE]
				                    : master_step.edges[block_types::CASCADE]));
		end
	end
	assign next = {slave_after, master_next};

	// ---- pair_set_pins(), pair_pins(), pair_pulse(), pair_hold() ----
	// The chips hold the requests and make the edges.
	logic [15:0] levels, first_pins, pins;
	assign levels = {pair.slave.pins, pair.master.pins & ~block_types::CASCADE_BIT[7:0]};
	assign first_pins = first ? (levels & ~first_driven) | first_high : levels;
	assign pins = (levels & ~driven) | high;

	// ---- pair_irr(), pair_enabled() ----
	// A slave's input is open through the master's IR2.
	logic [7:0] open;
	logic       slave_open;
	assign open = pair.master.step == block_types::READY ? ~pair.master.imr : 8'd0;
	assign slave_open = open[block_types::CASCADE] && pair.slave.step == block_types::READY;

	// ---- pair_acknowledge() ----
	// "The cascade buffer/comparator": at the second INTA the master puts a slave's identity on
	// the cascade lines, and the slave of this identity answers. No chip answers: FFh.
	assign elsewhere = !pair.master.icw1[block_types::SNGL] && pair.master.icw3[master_level];
	assign listens = pair.slave.step == block_types::READY &&
	                 !pair.slave.icw1[block_types::SNGL] &&
	                 pair.slave.icw3 == {5'd0, master_level};
	assign asks_slave = acknowledge && elsewhere && listens;

	// ---- pair_port_read() ----
	always_comb begin
		data = 8'hff;
		if (port_access) begin
			if (at_elcr)
				data = a0 ? pair.slave.elcr : pair.master.elcr;
			else if (at_master)
				data = master_data;
			else if (at_slave)
				data = slave_data;
		end else if (!elsewhere)
			data = master_vector;
		else if (listens)
			data = slave_vector;
	end

	// ---- pair_port_write() ----
	// Each chip takes the accesses that are the chip's, and the changes of its inputs.
	i8259 #(.IS_SLAVE(1'b0)) master (
		.chip(pair.master), .acknowledge(acknowledge), .read(port_read && at_master),
		.write(port_write && at_master), .write_elcr(port_write && at_elcr && !a0),
		.a0(a0), .value(value), .follow(follow),
		.hold(hold[7:0] & ~block_types::CASCADE_BIT[7:0]),
		.first_pins(first_pins[7:0]), .pins(pins[7:0]), .pulse(risen[7:0]),
		.set_word(set_word && word_index == 2'd0),
		.set_modes(set_word && word_index == 2'd2),
		.word(new_word), .modes(squeezed(new_word[31:0])), .irr(master_irr), .asked(intr),
		.level(master_level), .vector(master_vector), .data(master_data),
		.first_int(unused_master_first), .pins_int(unused_master_pins), .next(master_step));
	i8259 #(.IS_SLAVE(1'b1)) slave (
		.chip(pair.slave), .acknowledge(asks_slave), .read(port_read && at_slave),
		.write(port_write && at_slave), .write_elcr(port_write && at_elcr && a0),
		.a0(a0), .value(value), .follow(follow), .hold(hold[15:8]),
		.first_pins(first_pins[15:8]), .pins(pins[15:8]), .pulse(risen[15:8]),
		.set_word(set_word && word_index == 2'd1),
		.set_modes(set_word && word_index == 2'd2),
		.word(new_word), .modes(squeezed(new_word[63:32])), .irr(slave_irr),
		.asked(unused_slave_int),
		.level(unused_slave_level), .vector(slave_vector), .data(slave_data),
		.first_int(slave_first), .pins_int(slave_pins), .next(slave_after));
	resolver #(.IS_SLAVE(1'b1)) cascade (
		.chip(slave_after), .irr(unused_next_irr), .asked(slave_next),
		.level(unused_next_level));

	// ---- chip_word(), chip_modes(), pair_word() ----
	// The low 64 bits of a chip are the chip's word. Word 3 is the view.
	// The modes of a chip: 26:24 step | 23 rotate | 22 SMM | 21 poll | 20 RIS | 18:16 lowest |
	// 12:8 ICW4 | 7:0 ICW1. The other bits do not exist.
	function [31:0] spread(input [22:0] fields);
		spread = {5'd0, fields[22:16], 1'b0, fields[15:13], 3'd0, fields[12:0]};
	endfunction
	/* verilator lint_off UNUSEDSIGNAL */
	function [22:0] squeezed(input [31:0] modes);
		squeezed = {modes[26:20], modes[18:16], modes[12:0]};
	endfunction
	/* verilator lint_on UNUSEDSIGNAL */

	always_comb begin
		case (word_index)
		2'd0: word = pair.master[63:0];
		2'd1: word = pair.slave[63:0];
		2'd2: word = {spread(pair.slave[86:64]), spread(pair.master[86:64])};
		default: word = {31'd0, intr, slave_open ? ~pair.slave.imr : 8'd0,
		                 open & ~block_types::CASCADE_BIT[7:0], slave_irr,
		                 master_irr & ~block_types::CASCADE_BIT[7:0]};
		endcase
	end
endmodule
