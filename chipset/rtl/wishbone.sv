// SPDX-License-Identifier: BSD-2-Clause
//
// The block behind a Wishbone B4 bus: classic cycles, 64 bits of data in bytes, little-endian.
//
// A tag of the cycle says what the cycle is, as a processor's status pins (M/IO#, D/C#) do: bit 0
// the window, bit 1 ports, bit 2 INTA. A cycle with another tag, and a write of INTA, is an error.
//
// Rule: a cycle is taken into registers, and the block's strobe stays until the block's
// acknowledge. So a master that gives a cycle up does not harm the next cycle.
module wishbone #(
	parameter integer LINES = 16,
	parameter integer BANKS = 16,
	parameter integer NMI_CLOCKS = 4
) (
	input  logic        clk_i, rst_i,
	input  logic        cyc_i, stb_i, we_i,
	input  logic [2:0]  tgc_i,
	input  logic [15:3] adr_i,      // the window uses 11:3; INTA uses none
	input  logic [7:0]  sel_i,
	input  logic [63:0] dat_i,
	output logic [63:0] dat_o,      // INTA: the vector is the low byte
	output logic        ack_o, err_o,
	input  logic [15:0] irq,        // these four are the block's
	input  logic        external,
	output logic        intr, nmi
);
	localparam integer WINDOW = 0, PORT = 1, INTA = 2;
	localparam [1:0] IDLE = 2'd0, BUSY = 2'd1, ANSWER = 2'd2;

	// ---- The cycle in the registers ----
	logic [1:0]  state;
	logic [2:0]  kind;
	logic        writes, refused, given_up, asks, proper;
	logic [15:3] address;
	logic [7:0]  lanes;     // of ports: the lanes that are left
	logic [63:0] data;      // what is written, and then what has been read
	assign asks = cyc_i && stb_i;
	assign proper = tgc_i == 3'b001 || tgc_i == 3'b010 || (tgc_i == 3'b100 && !we_i);

	// The lowest lane, and the size of an access to the window. Lanes that are no aligned 1, 2,
	// 4 or 8 bytes are a size of 0: such an access reads zero and writes nothing.
	logic [2:0] lowest;
	logic [3:0] size;
	logic [7:0] others;
	assign others = lanes & (lanes - 8'd1);
	always_comb begin
		lowest = 3'd0;
		lowest[2] = lanes[3:0] == 4'd0;
		lowest[1] = lowest[2] ? lanes[5:4] == 2'd0 : lanes[1:0] == 2'd0;
		lowest[0] = !lanes[{lowest[2:1], 1'b0}];
		case (lanes)
		8'h01, 8'h02, 8'h04, 8'h08, 8'h10, 8'h20, 8'h40, 8'h80: size = 4'd1;
		8'h03, 8'h0c, 8'h30, 8'hc0: size = 4'd2;
		8'h0f, 8'hf0: size = 4'd4;
		8'hff: size = 4'd8;
		default: size = 4'd0;
		endcase
	end

	// ---- The block ----
	// Ports are bytes: an access to several ports is an access to each port, the lowest first.
	logic        inta_ack, port_ack, window_ack, finished;
	logic [7:0]  inta_vector, port_data;
	logic [63:0] window_data;
	logic [5:0]  shift;
	logic        to_inta, to_port, to_window;
	assign shift = {lowest, 3'd0};
	assign to_inta = state == BUSY && kind[INTA];
	assign to_port = state == BUSY && kind[PORT] && lanes != 8'd0;
	assign to_window = state == BUSY && kind[WINDOW];
	block #(.LINES(LINES), .BANKS(BANKS), .NMI_CLOCKS(NMI_CLOCKS)) core (
		.clock(clk_i), .reset(rst_i), .irq(irq), .external(external), .intr(intr),
		.nmi(nmi), .inta(to_inta), .inta_ack(inta_ack),
		.inta_vector(inta_vector),
		.port_strobe(to_port), .port_write(writes),
		.port_address({address, lowest}), .port_value(data[shift +: 8]),
		.port_ack(port_ack), .port_data(port_data),
		.window_strobe(to_window), .window_write(writes),
		.window_address({address[11:3], lowest}), .window_size(size),
		.window_value(data >> shift), .window_ack(window_ack), .window_data(window_data));
	assign finished = inta_ack || window_ack || (kind[PORT] && others == 8'd0 &&
	                                             (port_ack || lanes == 8'd0));

	// ---- The bus ----
	always_ff @(posedge clk_i)
		if (rst_i) begin
			state <= IDLE;
			kind <= 3'd0;
			writes <= 1'b0;
			refused <= 1'b0;
			given_up <= 1'b0;
			address <= 13'd0;
			lanes <= 8'd0;
			data <= 64'd0;
		end else if (state == IDLE) begin
			kind <= tgc_i;
			writes <= we_i;
			refused <= !proper;
			given_up <= 1'b0;
			address <= adr_i;
			lanes <= sel_i;
			data <= we_i ? dat_i : 64'd0;
			if (asks)
				state <= proper ? BUSY : ANSWER;
		end else if (state == BUSY) begin
			given_up <= given_up || !asks;
			if (port_ack)
				lanes <= others;
			if (port_ack && !writes)
				data[shift +: 8] <= port_data;
			if (window_ack)
				data <= window_data << shift;
			if (inta_ack)
				data <= {56'd0, inta_vector};
			if (finished)
				state <= given_up || !asks ? IDLE : ANSWER;
		end else
			state <= IDLE;
	assign dat_o = data;
	assign ack_o = state == ANSWER && !refused && asks;
	assign err_o = state == ANSWER && refused && asks;
endmodule
