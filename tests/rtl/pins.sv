// SPDX-License-Identifier: BSD-2-Clause
//
// The block with fewer pins, for place and route: the wide values of the window go through shift
// registers, a byte a clock. So the block's own paths run from register to register.
module pins (
	input  logic        clock, reset,
	input  logic [15:0] irq,
	input  logic        external,
	output logic        intr, nmi,
	input  logic        inta, port_strobe, port_write,
	input  logic [15:0] port_address,
	input  logic [7:0]  port_value,
	input  logic        window_strobe, window_write,
	input  logic [11:0] window_address,
	input  logic [3:0]  window_size,
	input  logic        shift_in, shift_out,
	input  logic [7:0]  byte_in,
	output logic [7:0]  byte_out,
	output logic        inta_ack, port_ack, window_ack
);
	logic [63:0] value, data, window_data;
	logic [7:0]  inta_vector, port_data;
	block core (
		.clock(clock), .reset(reset), .irq(irq), .external(external), .intr(intr),
		.nmi(nmi),
		.inta(inta), .inta_ack(inta_ack), .inta_vector(inta_vector),
		.port_strobe(port_strobe), .port_write(port_write), .port_address(port_address),
		.port_value(port_value), .port_ack(port_ack), .port_data(port_data),
		.window_strobe(window_strobe), .window_write(window_write),
		.window_address(window_address), .window_size(window_size), .window_value(value),
		.window_ack(window_ack), .window_data(window_data));
	always_ff @(posedge clock) begin
		if (shift_in)
			value <= {value[55:0], byte_in};
		data <= shift_out ? {8'd0, data[63:8]} : window_data;
		byte_out <= inta_ack ? inta_vector : port_ack ? port_data : data[7:0];
	end
endmodule
