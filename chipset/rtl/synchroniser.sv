// SPDX-License-Identifier: BSD-2-Clause
//
// Brings an asynchronous signal to the clock: two flip-flops in a row.
//
// Rule: a level that lasts for more than two periods of the clock is seen in at least two clocks. A
// shorter level may be seen or not.
module synchroniser (
	input  logic clock, reset, signal,
	output logic now
);
	logic first;
	always_ff @(posedge clock)
		if (reset)
			{now, first} <= 2'b00;
		else
			{now, first} <= {first, signal};
endmodule
