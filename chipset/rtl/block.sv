// SPDX-License-Identifier: BSD-2-Clause
//
// The chipset block of the seed's Figure 2. docs/rtl.md has the signals and the times.
//
//             +------------------------------------------------------+
//  irq[n] ----+-> mux n --+--> input of the connected bank ----------+--> intr
//             |   latch n |                                          |
//             |           +--> VMM block: status & ~mask --+-- OR ---+--> nmi
//             |                            external -------+         |
//             +------------------------------------------------------+
//
// Rule: a clock has a single step. The step is an access, or lines and the external signal change.
// An access is in two clocks: the strobe is taken, and then the access happens. So lines wait for
// one clock at most.
module block #(
	parameter integer LINES = 16,     // 1 to 16; the lines above are low
	parameter integer BANKS = 16,     // 1 to 16
	parameter integer NMI_CLOCKS = 4  // the length of a pulse of NMI, and of the pause behind
) (
	input  logic        clock,
	input  logic        reset,         // synchronous
	input  logic [15:0] irq,           // asynchronous; irq[2] is no line
	input  logic        external,      // asynchronous
	output logic        intr,          // a level
	output logic        nmi,           // a pulse
	// Each strobe stays, with address and data, until its acknowledge, a single clock.
	input  logic        inta,          // both INTA cycles
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
	// ---- The lines ----
	logic [15:0] present, lines_now;
	logic        external_now;
	genvar n;
	assign present = irq & 16'((17'd1 << LINES) - 17'd1);
	generate
		for (n = 0; n < 16; n = n + 1) begin : synchronisers
			synchroniser line_signal (.clock(clock), .reset(reset), .signal(present[n]),
			                   .now(lines_now[n]));
		end
	endgenerate
	synchroniser external_signal (.clock(clock), .reset(reset), .signal(external),
	                              .now(external_now));

	// ---- The accesses ----
	// A strobe that had to wait for another strobe comes before each strobe that is new.
	localparam integer INTA = 0, PORT = 1, WINDOW = 2;
	localparam [1:0] FREE = 2'd0, STEP = 2'd1, SETTLE = 2'd2; // and a clock for the answer
	logic [1:0]  phase;
	logic [2:0]  strobes, passed_over, candidates, granted, access;
	logic        writes;
	logic [15:0] address;
	logic [3:0]  size;
	logic [63:0] value;
	assign strobes = {window_strobe, port_strobe, inta};
	assign candidates = (strobes & passed_over) != 3'd0 ? strobes & passed_over : strobes;
	assign granted = candidates & (~candidates + 3'd1);

	always_ff @(posedge clock)
		if (reset) begin
			phase <= FREE;
			passed_over <= 3'd0;
			access <= 3'd0;
			writes <= 1'b0;
			address <= 16'd0;
			size <= 4'd0;
			value <= 64'd0;
		end else if (phase == FREE) begin
			access <= granted;
			if (strobes != 3'd0) begin
				phase <= STEP;
				passed_over <= candidates & ~granted;
				writes <= granted[WINDOW] ? window_write : port_write;
				address <= granted[WINDOW] ? {4'd0, window_address} : port_address;
				size <= window_size;
				value <= granted[WINDOW] ? window_value : {56'd0, port_value};
			end
		end else
			phase <= phase + 2'd1;

	logic step;
	assign step = phase == STEP;

	// ---- The window ----
	logic [15:0] route, share, level, lines, mask, status, next_status;
	logic [63:0] controller_input, block_input, state, window_read;
	logic [7:0]  pulses;
	logic        external_risen, asks;
	logic        select, told, unused_write_status, write_level, rewire, raise_external;
	logic        clear_external, clear_pulses, write_state, in_state;
	logic [15:0] new_route, new_mask, new_share, new_bank, new_level, clear;
	logic [63:0] new_controller_input, new_block_input, new_state;
	logic [3:0]  connected, state_bank;
	logic [1:0]  state_word;
	window #(.LINES(LINES), .BANKS(BANKS)) registers (
		.read(step && access[WINDOW] && !writes), .write(step && access[WINDOW] && writes),
		.address(address[11:0]), .size(size), .value(value),
		.route(route), .mask(mask), .share(share), .bank({12'd0, connected}),
		.status(status), .level(level), .lines(lines), .pulses(pulses),
		.external(external_risen), .intr(asks),
		.controller_input(controller_input), .block_input(block_input), .state(state),
		.data(window_read), .select(select), .told(told),
		.write_status(unused_write_status), .write_level(write_level), .rewire(rewire),
		.raise_external(raise_external),
		.clear_external(clear_external), .clear_pulses(clear_pulses),
		.write_state(write_state), .new_route(new_route), .new_mask(new_mask),
		.new_share(new_share), .new_bank(new_bank), .new_level(new_level), .clear(clear),
		.new_controller_input(new_controller_input), .new_block_input(new_block_input),
		.new_state(new_state), .in_state(in_state), .state_bank(state_bank),
		.state_word(state_word));

	// ---- block_select() ----
	// For a bank that does not exist, every line goes to the VMM block, and the connected bank
	// stays.
	logic exists, same_bank;
	assign exists = new_bank < 16'(BANKS);
	assign same_bank = exists && new_bank[3:0] == connected;

	// ---- The multiplexers ----
	logic [15:0] follows, first;
	// Sixteen bits a line: the line's input.
	logic [255:0] at_status, at_next_status, at_hold, at_first_driven, at_first_high;
	logic [255:0] at_driven, at_high, at_risen;
	generate
		for (n = 0; n < 16; n = n + 1) begin : muxes
			mux #(.NUMBER(n)) multiplexer (
				.clock(clock), .reset(reset), .level_now(lines_now[n]),
				.step_lines(!step), .select(select), .same_bank(same_bank),
				.new_route(new_route[n] && exists), .new_share(new_share[n]),
				.rewire(rewire),
				.new_controller_input(new_controller_input[4 * n +: 4]),
				.new_block_input(new_block_input[4 * n +: 4]),
				.write_level(write_level), .new_level(new_level[n]), .clear(clear),
				.line(lines[n]), .route(route[n]), .share(share[n]),
				.level(level[n]),
				.controller_input(controller_input[4 * n +: 4]),
				.block_input(block_input[4 * n +: 4]),
				.status(at_status[16 * n +: 16]),
				.next_status(at_next_status[16 * n +: 16]),
				.follows(follows[n]), .first(first[n]),
				.hold(at_hold[16 * n +: 16]),
				.first_driven(at_first_driven[16 * n +: 16]),
				.first_high(at_first_high[16 * n +: 16]),
				.driven(at_driven[16 * n +: 16]), .high(at_high[16 * n +: 16]),
				.risen(at_risen[16 * n +: 16]));
		end
	endgenerate

	// to_inputs(): the set of inputs that a set of lines enters.
	logic [15:0] hold, first_driven, first_high, driven, high, risen;
	integer i;
	always_comb begin
		status = 16'd0;
		next_status = 16'd0;
		hold = 16'd0;
		first_driven = 16'd0;
		first_high = 16'd0;
		driven = 16'd0;
		high = 16'd0;
		risen = 16'd0;
		for (i = 0; i < 16; i = i + 1) begin
			status = status | at_status[16 * i +: 16];
			next_status = next_status | at_next_status[16 * i +: 16];
			hold = hold | at_hold[16 * i +: 16];
			first_driven = first_driven | at_first_driven[16 * i +: 16];
			first_high = first_high | at_first_high[16 * i +: 16];
			driven = driven | at_driven[16 * i +: 16];
			high = high | at_high[16 * i +: 16];
			risen = risen | at_risen[16 * i +: 16];
		end
	end

	// ---- The VMM block ----
	vmm_block #(.NMI_CLOCKS(NMI_CLOCKS)) vmm (
		.clock(clock), .reset(reset), .next_status(next_status), .write_mask(select),
		.new_mask(new_mask), .told(told), .clear_external(clear_external),
		.raise_external(raise_external), .external_now(external_now),
		.step_external(!step), .clear_pulses(clear_pulses), .mask(mask),
		.external(external_risen), .pulses(pulses), .nmi(nmi));

	// ---- The banks ----
	// A step concerns a single bank: the bank whose state is read or written, the bank that
	// SELECT connects, or else the connected bank.
	(* mem2reg *) logic [block_types::PAIR_BITS-1:0] bank [0:BANKS-1];
	localparam integer INDEX = BANKS > 1 ? $clog2(BANKS) : 1;
	block_types::pair_t current, next_pair;
	logic [3:0] index, next_connected;
	logic       writes_bank;
	logic [7:0] pair_data;
	assign next_connected = select && exists ? new_bank[3:0] : connected;
	assign index = step && access[WINDOW] && in_state ? state_bank : next_connected;
	assign current = bank[index[INDEX-1:0]];
	pair eight (
		.pair(current), .acknowledge(step && access[INTA]),
		.port_read(step && access[PORT] && !writes),
		.port_write(step && access[PORT] && writes),
		.follow(select || rewire || follows != 16'd0), .set_word(write_state),
		.port(address), .value(value[7:0]), .first(first != 16'd0), .hold(hold),
		.first_driven(first_driven), .first_high(first_high), .driven(driven), .high(high),
		.risen(risen), .word_index(state_word), .new_word(new_state), .intr(asks),
		.data(pair_data), .word(state), .next(next_pair));
	assign writes_bank = step ? !access[WINDOW] || select || rewire || write_state
	                          : follows != 16'd0;
	generate
		for (n = 0; n < BANKS; n = n + 1) begin : banks
			always_ff @(posedge clock)
				if (reset)
					bank[n] <= {2{block_types::CHIP_RESET}};
				else if (writes_bank && index == n)
					bank[n] <= next_pair;
		end
	endgenerate

	always_ff @(posedge clock)
		if (reset)
			connected <= 4'd0;
		else
			connected <= next_connected;

	// ---- The outputs ----
	// INTR follows the connected bank one clock behind. The acknowledge comes with the INTR
	// that the access has left.
	logic [63:0] data;
	always_ff @(posedge clock)
		if (reset) begin
			intr <= 1'b0;
			data <= 64'd0;
			{window_ack, port_ack, inta_ack} <= 3'd0;
		end else begin
			if (!step)
				intr <= asks;
			if (step)
				data <= access[WINDOW] ? window_read : {56'd0, pair_data};
			{window_ack, port_ack, inta_ack} <= phase == SETTLE ? access : 3'd0;
		end
	assign inta_vector = data[7:0];
	assign port_data = data[7:0];
	assign window_data = data;
endmodule
