// SPDX-License-Identifier: BSD-2-Clause
//
// Any block with the handshake of block.sv, for the proof of the bus: each strobe has one
// acknowledge, within four clocks, an access of the size 0 reads zero, and all else is free.
//
// Rule: fewer promises than block.sv gives, whose acknowledge comes after three clocks always.
module block #(
	parameter integer LINES = 16,
	parameter integer BANKS = 16,
	parameter integer NMI_CLOCKS = 4
) (
	input  logic        clock, reset,
	input  logic [15:0] irq,
	input  logic        external,
	output logic        intr, nmi,
	input  logic        inta,
	output logic        inta_ack,
	output logic [7:0]  inta_vector,
	input  logic        port_strobe, port_write,
	input  logic [15:0] port_address,
	input  logic [7:0]  port_value,
	output logic        port_ack,
	output logic [7:0]  port_data,
	input  logic        window_strobe, window_write,
	input  logic [11:0] window_address,
	input  logic [3:0]  window_size,
	input  logic [63:0] window_value,
	output logic        window_ack,
	output logic [63:0] window_data
);
	(* anyseq *) logic [2:0]  acks;
	(* anyseq *) logic [63:0] data;
	(* anyseq *) logic [1:0]  pins;
	logic [1:0] age = 2'd0;
	assign {window_ack, port_ack, inta_ack} = acks;
	assign {inta_vector, port_data, window_data} = {data[7:0], data[7:0], data};
	assign {intr, nmi} = pins;
	always_ff @(posedge clock)
		age <= reset || acks != 3'd0 || !(inta || port_strobe || window_strobe)
			? 2'd0 : age + 2'd1;
	always @(posedge clock) begin
		assume ((acks & ~{window_strobe, port_strobe, inta}) == 3'd0);
		assume ((acks & (acks - 3'd1)) == 3'd0);
		assume (!window_ack || window_size != 4'd0 || data == 64'd0);
		assume (!(age == 2'd3 && (inta || port_strobe || window_strobe)) || acks != 3'd0);
	end
endmodule
