/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs by hand: row by row through the 8259A's features (Intel 231468-003). Each program has
 * its question in its name.
 *
 * Rule: the preamble (play.c) has initialised both chips with every input masked, vectors 20h and
 * 28h; a program goes on from there. Lines 0 and 3 stand for the master's inputs, 8 and 15 for the
 * slave's.
 */
#include "guests/picprobe/picprobe.h"

/* clang-format off */
#define OUT(port, value) { OP_OUT, port, value }
#define IN(port)         { OP_IN, port, 0 }
#define UP(line)         { OP_LINE, line, 1 }
#define DOWN(line)       { OP_LINE, line, 0 }
#define EDGE(line)       DOWN(line), UP(line)
#define TAKE             { OP_TAKE, 0, 0 }

#define M            MASTER_COMMAND
#define S            SLAVE_COMMAND
#define DATA(chip)   ((chip) + 1)
#define IRR(chip)    OUT(chip, 0x0a), IN(chip)
#define ISR(chip)    OUT(chip, 0x0b), IN(chip)
#define LOOK         IRR(M), ISR(M), IRR(S), ISR(S)
#define OPEN         OUT(DATA(M), 0), OUT(DATA(S), 0)
#define EOI(chip)    OUT(chip, 0x20)
#define EOI_OF(chip, level) OUT(chip, 0x60 | (level))
#define ICWS(chip, icw1, icw2, icw3, icw4) \
	OUT(chip, icw1), OUT(DATA(chip), icw2), OUT(DATA(chip), icw3), OUT(DATA(chip), icw4)
#define MASTER(icw4) ICWS(M, 0x11, 0x20, 0x04, icw4)
#define SLAVE(icw4)  ICWS(S, 0x11, 0x28, 0x02, icw4)

#define OPS(...) (const struct op[]){ __VA_ARGS__ }
#define PROGRAM(name, needs, ...) \
	{ #name, needs, OPS(__VA_ARGS__), sizeof(OPS(__VA_ARGS__)) / sizeof(struct op) }

const struct program probe_recorded[] = {
	/* ---- Requests, masks, nesting (fully nested mode) ---- */

	PROGRAM(one_request, 0,
		OPEN, UP(3), LOOK, TAKE, LOOK, TAKE, EOI(M), LOOK, TAKE, DOWN(3), LOOK, TAKE),
	PROGRAM(one_request_of_the_slave, 0,
		OPEN, UP(8), LOOK, TAKE, LOOK, EOI(S), LOOK, EOI(M), LOOK, TAKE, DOWN(8), LOOK),
	PROGRAM(masked_request_waits, 0,
		UP(3), UP(15), LOOK, TAKE, OUT(DATA(M), 0xf7), TAKE, EOI(M), OUT(DATA(M), 0xfb),
		TAKE,
		OUT(DATA(S), 0x7f), TAKE, LOOK),
	PROGRAM(order_of_requests, 0,
		OPEN, UP(15), UP(3), UP(8), UP(0), IRR(M), IRR(S), TAKE, EOI(M), TAKE, EOI(S),
		EOI(M), TAKE, EOI(S),
		EOI(M), TAKE, EOI(M), TAKE, LOOK),
	PROGRAM(higher_interrupts_lower, 0,
		OPEN, UP(3), TAKE, UP(8), TAKE, UP(0), TAKE, LOOK, EOI(M), LOOK, EOI(S), EOI(M),
		LOOK, EOI(M), LOOK,
		TAKE),
	PROGRAM(lower_waits_for_higher, 0,
		OPEN, UP(0), TAKE, UP(3), UP(8), TAKE, LOOK, EOI(M), TAKE, EOI(S), EOI(M), TAKE,
		EOI(M), TAKE, LOOK),
	PROGRAM(slave_waits_for_its_own, 0,
		OPEN, UP(8), TAKE, UP(15), TAKE, LOOK, EOI(S), TAKE, LOOK, EOI(M), TAKE, LOOK,
		EOI(S), EOI(M), TAKE),
	PROGRAM(slave_is_not_interrupted_by_its_higher, 0,
		OPEN, UP(15), TAKE, UP(8), TAKE, LOOK, EOI(M), TAKE, LOOK, EOI(S), EOI(S), EOI(M),
		LOOK),
	PROGRAM(level_in_service_asks_again, 0,
		OPEN, UP(3), TAKE, EDGE(3), LOOK, TAKE, EOI(M), TAKE, LOOK, EOI(M), TAKE),
	PROGRAM(mask_hides_what_is_in_service, 0,
		OPEN, UP(3), TAKE, OUT(DATA(M), 0x08), ISR(M), EDGE(3), TAKE, EOI(M), TAKE,
		OUT(DATA(M), 0), TAKE,
		LOOK),

	/* ---- Edges ---- */

	PROGRAM(edge_asks_once, 0,
		OPEN, UP(3), TAKE, EOI(M), LOOK, TAKE, EDGE(3), LOOK, TAKE, EOI(M), TAKE),
	PROGRAM(request_that_falls, 0,
		OPEN, UP(3), IRR(M), DOWN(3), IRR(M), TAKE, ISR(M), UP(3), TAKE, ISR(M)),
	PROGRAM(masked_request_that_falls, 0,
		UP(3), IRR(M), DOWN(3), IRR(M), OUT(DATA(M), 0xf7), TAKE, ISR(M), EOI(M), UP(3),
		TAKE, ISR(M)),
	PROGRAM(slave_request_that_falls, 0,
		OPEN, UP(8), IRR(M), IRR(S), DOWN(8), IRR(M), IRR(S), TAKE, ISR(M), ISR(S), EOI(M),
		UP(8), TAKE, LOOK),
	PROGRAM(falls_and_another_stands, 0,
		OPEN, UP(0), UP(3), DOWN(0), IRR(M), TAKE, ISR(M), TAKE, ISR(M)),
	PROGRAM(masked_while_it_asks, 0,
		OPEN, UP(3), OUT(DATA(M), 0x08), TAKE, LOOK, UP(8), OUT(DATA(S), 0x01), TAKE, LOOK,
		OPEN, TAKE, TAKE,
		LOOK),
	PROGRAM(masked_and_another_stands, 0,
		OPEN, UP(0), UP(3), OUT(DATA(M), 0x01), TAKE, LOOK, TAKE, LOOK),
	PROGRAM(higher_comes_before_the_acknowledge, 0,
		OPEN, UP(15), UP(8), TAKE, LOOK, EOI(S), EOI(M), TAKE, LOOK, UP(3), UP(0), TAKE,
		LOOK),
	PROGRAM(two_edges_of_the_slave, 0,
		OPEN, UP(15), TAKE, EOI(S), EDGE(15), LOOK, EOI(M), LOOK, TAKE, EOI(S), EOI(M),
		TAKE, LOOK),

	/* ---- End of interrupt ---- */

	PROGRAM(eoi_with_nothing_in_service, 0,
		OPEN, EOI(M), EOI(S), EOI_OF(M, 3), LOOK, UP(3), TAKE, LOOK),
	PROGRAM(eoi_ends_the_highest, 0,
		OPEN, UP(3), TAKE, UP(0), TAKE, ISR(M), EOI(M), ISR(M), EOI(M), ISR(M)),
	PROGRAM(specific_eoi_out_of_order, 0,
		OPEN, UP(3), TAKE, UP(0), TAKE, EOI_OF(M, 3), ISR(M), EDGE(3), TAKE, EOI_OF(M, 0),
		TAKE, ISR(M),
		EOI_OF(M, 5), ISR(M)),
	PROGRAM(no_operation, FEATURE_NOP,
		OPEN, UP(3), TAKE, OUT(M, 0x40), OUT(M, 0x43), ISR(M), UP(0), TAKE, ISR(M),
		OUT(S, 0x47), ISR(S)),
	PROGRAM(level_where_none_is_asked, FEATURE_NOP,
		OPEN, UP(3), TAKE, UP(0), TAKE, OUT(M, 0x23), ISR(M), OUT(M, 0x27), ISR(M)),

	/* ---- Rotation ---- */

	PROGRAM(rotate_on_eoi, FEATURE_ROTATE,
		OPEN, UP(0), TAKE, OUT(M, 0xa0), ISR(M), EDGE(0), UP(3), TAKE, EOI(M), TAKE, EOI(M),
		UP(8), EDGE(3),
		TAKE, LOOK),
	PROGRAM(rotate_on_eoi_of_a_low_one, FEATURE_ROTATE,
		OPEN, UP(3), TAKE, OUT(M, 0xa0), EDGE(3), UP(0), UP(8), TAKE, ISR(M), EOI(M), TAKE,
		ISR(M), EOI(M),
		EOI(S), TAKE, ISR(M)),
	PROGRAM(rotate_on_eoi_with_nothing, FEATURE_ROTATE,
		OPEN, OUT(M, 0xa0), UP(0), UP(3), TAKE, TAKE, ISR(M)),
	PROGRAM(rotate_on_specific_eoi, FEATURE_ROTATE,
		OPEN, UP(3), TAKE, OUT(M, 0xe3), ISR(M), EDGE(3), UP(0), TAKE, ISR(M), OUT(M, 0xe5),
		ISR(M), TAKE,
		ISR(M)),
	PROGRAM(set_priority, FEATURE_ROTATE,
		OPEN, OUT(M, 0xc2), UP(0), UP(3), TAKE, EOI(M), TAKE, EOI(M), OUT(S, 0xc0), UP(8),
		UP(15), TAKE, LOOK),
	PROGRAM(set_priority_in_service, FEATURE_ROTATE,
		OPEN, UP(0), TAKE, UP(3), TAKE, OUT(M, 0xc0), TAKE, ISR(M), EOI(M), ISR(M), EOI(M),
		ISR(M)),
	PROGRAM(set_priority_of_a_request, FEATURE_ROTATE,
		OPEN, UP(0), UP(3), OUT(M, 0xc0), TAKE, ISR(M)),
	PROGRAM(rotate_in_automatic_eoi, FEATURE_ROTATE | FEATURE_AEOI,
		MASTER(0x03), OUT(M, 0x80), OPEN, UP(0), TAKE, ISR(M), EDGE(0), UP(3), TAKE, TAKE,
		ISR(M), OUT(M, 0x00),
		EDGE(3), EDGE(0), TAKE, TAKE, ISR(M)),

	/* ---- Automatic EOI ---- */

	PROGRAM(automatic_eoi, FEATURE_AEOI,
		MASTER(0x03), OPEN, UP(3), TAKE, ISR(M), UP(0), TAKE, EDGE(3), TAKE, LOOK, TAKE),
	PROGRAM(automatic_eoi_of_the_slave, FEATURE_AEOI,
		SLAVE(0x03), OPEN, UP(8), UP(15), TAKE, LOOK, EOI(M), TAKE, LOOK, EOI(M), TAKE,
		LOOK),
	PROGRAM(automatic_eoi_of_both, FEATURE_AEOI,
		SLAVE(0x03), MASTER(0x03), OPEN, UP(8), UP(15), UP(3), TAKE, LOOK, TAKE, LOOK, TAKE,
		LOOK, TAKE),

	/* ---- Special mask mode ---- */

	PROGRAM(special_mask_lets_lower_through, FEATURE_SMM,
		OPEN, UP(0), TAKE, UP(3), TAKE, OUT(DATA(M), 0x01), TAKE, OUT(M, 0x68), TAKE,
		ISR(M), EDGE(0), TAKE,
		EOI_OF(M, 3), EOI_OF(M, 0), ISR(M), OUT(M, 0x48), OPEN, TAKE, ISR(M)),
	PROGRAM(special_mask_not_masked, FEATURE_SMM,
		OPEN, UP(0), TAKE, OUT(M, 0x68), UP(3), TAKE, EDGE(0), TAKE, ISR(M)),
	PROGRAM(special_mask_and_eoi, FEATURE_SMM,
		OPEN, UP(0), TAKE, OUT(DATA(M), 0x01), OUT(M, 0x68), EOI(M), ISR(M), UP(3), TAKE,
		EOI(M), ISR(M),
		EOI(M), ISR(M), OUT(M, 0x48), EOI(M), ISR(M)),
	PROGRAM(special_mask_ends, FEATURE_SMM,
		OPEN, UP(0), TAKE, OUT(DATA(M), 0x01), OUT(M, 0x68), UP(3), OUT(M, 0x48), TAKE,
		ISR(M), OUT(M, 0x28),
		TAKE, ISR(M)),
	PROGRAM(special_mask_of_the_slave, FEATURE_SMM,
		OPEN, UP(8), TAKE, OUT(DATA(S), 0x01), OUT(S, 0x68), UP(15), EOI(M), TAKE, LOOK,
		EOI(S), LOOK),

	/* ---- Special fully nested mode ---- */

	PROGRAM(fully_nested_specially, FEATURE_SFNM,
		MASTER(0x11), OPEN, UP(15), TAKE, UP(8), TAKE, LOOK, UP(3), TAKE, EOI(S), ISR(S),
		EOI(S), ISR(S),
		EOI(M), TAKE, LOOK),
	PROGRAM(fully_nested_specially_and_lower, FEATURE_SFNM,
		MASTER(0x11), OPEN, UP(8), TAKE, UP(3), TAKE, LOOK, EOI(S), TAKE, LOOK, EOI(M),
		TAKE, LOOK),
	PROGRAM(fully_nested_specially_slaves_lower, FEATURE_SFNM,
		MASTER(0x11), OPEN, UP(8), TAKE, UP(15), TAKE, LOOK, EOI(S), TAKE, LOOK),

	/* ---- Poll ---- */

	PROGRAM(poll_without_a_request, FEATURE_POLL,
		OPEN, OUT(M, 0x0c), IN(M), IN(M), OUT(S, 0x0c), IN(S), LOOK),
	PROGRAM(poll_takes, FEATURE_POLL,
		OPEN, UP(3), OUT(M, 0x0c), IN(M), LOOK, TAKE, EOI(M), LOOK, TAKE),
	PROGRAM(poll_at_the_data_port, FEATURE_POLL,
		OPEN, UP(3), OUT(M, 0x0c), IN(DATA(M)), IN(DATA(M)), ISR(M), EOI(M), UP(0),
		OUT(M, 0x0c), IN(M),
		IN(DATA(M))),
	PROGRAM(poll_the_cascade, FEATURE_POLL,
		OPEN, UP(15), OUT(M, 0x0c), IN(M), LOOK, OUT(S, 0x0c), IN(S), LOOK, EOI(S), EOI(M),
		TAKE, LOOK),
	PROGRAM(poll_the_slave_alone, FEATURE_POLL,
		OPEN, UP(8), OUT(S, 0x0c), IN(S), LOOK, TAKE, EOI(S), EOI(M), LOOK),
	PROGRAM(poll_in_service, FEATURE_POLL,
		OPEN, UP(3), TAKE, EDGE(3), OUT(M, 0x0c), IN(M), UP(0), OUT(M, 0x0c), IN(M), LOOK,
		EOI(M), EOI(M),
		OUT(M, 0x0c), IN(M)),
	PROGRAM(poll_and_take, FEATURE_POLL,
		OPEN, UP(3), OUT(M, 0x0c), TAKE, IN(M), ISR(M), OUT(M, 0x0c), OUT(M, 0x08), IN(M)),
	PROGRAM(poll_with_read_select, FEATURE_POLL,
		OPEN, ISR(M), OUT(M, 0x0e), IN(M), UP(3), IN(M), OUT(M, 0x0f), IN(M), IN(M)),
	PROGRAM(poll_and_automatic_eoi, FEATURE_POLL | FEATURE_AEOI,
		MASTER(0x03), OPEN, UP(3), UP(0), OUT(M, 0x0c), IN(M), ISR(M), OUT(M, 0x0c), IN(M),
		ISR(M), TAKE),

	/* ---- Reads ---- */

	PROGRAM(masks_read_back, 0,
		OUT(DATA(M), 0x5a), IN(DATA(M)), OUT(DATA(S), 0xc3), IN(DATA(S)), OUT(DATA(M), 0),
		IN(DATA(M))),
	PROGRAM(read_select_stays, 0,
		OPEN, UP(3), TAKE, OUT(M, 0x0b), IN(M), OUT(M, 0x08), IN(M), OUT(M, 0x09), IN(M),
		IN(M), OUT(M, 0x0a),
		IN(M), OUT(M, 0x48), IN(M), EOI(M), IN(M)),

	/* ---- Initialisation ---- */

	PROGRAM(initialised_in_service, FEATURE_REINIT,
		OPEN, UP(3), TAKE, UP(8), TAKE, MASTER(0x01), IN(DATA(M)), LOOK, EDGE(3), TAKE,
		LOOK, SLAVE(0x01), LOOK,
		EDGE(8), TAKE),
	PROGRAM(initialised_while_it_asks, FEATURE_REINIT,
		OPEN, UP(3), UP(8), MASTER(0x01), SLAVE(0x01), LOOK, TAKE, EDGE(3), TAKE, EOI(M),
		EDGE(8), TAKE, LOOK),
	PROGRAM(slave_initialised_while_it_asks, FEATURE_REINIT,
		OPEN, UP(8), SLAVE(0x01), LOOK, TAKE, EDGE(8), TAKE, LOOK),
	PROGRAM(master_initialised_while_the_slave_asks, FEATURE_REINIT,
		OPEN, UP(8), MASTER(0x01), LOOK, TAKE, UP(15), TAKE, LOOK, OUT(DATA(S), 0xff),
		OUT(DATA(S), 0), TAKE,
		LOOK),
	PROGRAM(initialisation_resets_priority, FEATURE_REINIT | FEATURE_ROTATE,
		OPEN, OUT(M, 0xc2), MASTER(0x01), UP(3), UP(0), TAKE, ISR(M)),
	PROGRAM(initialisation_resets_read_select, FEATURE_REINIT,
		OPEN, UP(3), TAKE, OUT(M, 0x0b), IN(M), MASTER(0x01), EDGE(3), IN(M)),
	PROGRAM(initialisation_resets_special_mask, FEATURE_REINIT | FEATURE_SMM,
		OPEN, OUT(M, 0x68), MASTER(0x01), UP(0), TAKE, OUT(DATA(M), 0x01), UP(3), TAKE,
		EOI(M), ISR(M)),
	PROGRAM(initialisation_resets_automatic_eoi, FEATURE_REINIT | FEATURE_AEOI,
		MASTER(0x03), OPEN, MASTER(0x01), UP(3), TAKE, ISR(M)),
	PROGRAM(initialisation_resets_nested_specially, FEATURE_REINIT | FEATURE_SFNM,
		MASTER(0x11), OPEN, MASTER(0x01), UP(15), TAKE, UP(8), TAKE, ISR(M)),
	PROGRAM(initialisation_resets_poll, FEATURE_REINIT | FEATURE_POLL,
		OPEN, UP(3), OUT(M, 0x0c), MASTER(0x01), EDGE(3), IN(M), ISR(M)),
	PROGRAM(initialisation_resets_rotation, FEATURE_REINIT | FEATURE_ROTATE | FEATURE_AEOI,
		MASTER(0x03), OUT(M, 0x80), MASTER(0x03), UP(0), TAKE, EDGE(0), UP(3), TAKE, TAKE),
	PROGRAM(vector_base_has_five_bits, FEATURE_REINIT,
		ICWS(M, 0x11, 0x47, 0x04, 0x01), ICWS(S, 0x11, 0x8d, 0x02, 0x01), UP(3), TAKE,
		UP(8), TAKE, UP(0), TAKE,
		UP(15), EOI(S), TAKE),
	PROGRAM(buffered_mode, FEATURE_REINIT,
		MASTER(0x0d), SLAVE(0x09), UP(8), TAKE, UP(0), TAKE, LOOK),
	PROGRAM(silent_during_initialisation, FEATURE_PARTIAL,
		OPEN, OUT(M, 0x11), UP(3), TAKE, IN(M), IN(DATA(M)), OUT(DATA(M), 0x20), TAKE,
		OUT(DATA(M), 0x04), TAKE,
		OUT(DATA(M), 0x01), TAKE, ISR(M)),
	PROGRAM(slave_silent_during_initialisation, FEATURE_PARTIAL,
		OPEN, OUT(S, 0x11), UP(8), TAKE, OUT(DATA(S), 0x28), TAKE, OUT(DATA(S), 0x02), TAKE,
		LOOK,
		OUT(DATA(S), 0x01), TAKE, LOOK),
	PROGRAM(commands_during_initialisation, FEATURE_PARTIAL | FEATURE_ROTATE,
		OPEN, UP(3), TAKE, OUT(M, 0x11), OUT(M, 0x20), OUT(M, 0x0b), IN(M),
		OUT(DATA(M), 0x30), OUT(M, 0xc3),
		OUT(DATA(M), 0x04), OUT(DATA(M), 0x01), EDGE(3), UP(0), TAKE, IN(M)),
	PROGRAM(initialisation_begun_again, FEATURE_PARTIAL,
		OUT(M, 0x11), OUT(DATA(M), 0x60), OUT(M, 0x11), OUT(DATA(M), 0x40),
		OUT(DATA(M), 0x04),
		OUT(DATA(M), 0x01), OUT(DATA(M), 0xf7), UP(3), TAKE, IN(DATA(M))),
	PROGRAM(without_icw4, FEATURE_MCS80,
		OUT(M, 0x50), OUT(DATA(M), 0x20), OUT(DATA(M), 0x04), OUT(DATA(M), 0xf6),
		IN(DATA(M)), UP(3), TAKE,
		LOOK, UP(0), TAKE),
	PROGRAM(mcs80_mode, FEATURE_MCS80,
		ICWS(M, 0xb5, 0x20, 0x04, 0x00), UP(3), TAKE, ISR(M),
		ICWS(M, 0xb1, 0x20, 0x04, 0x00), EDGE(3), TAKE,
		ISR(M)),
	PROGRAM(single_chip, FEATURE_SNGL,
		OUT(M, 0x13), OUT(DATA(M), 0x20), OUT(DATA(M), 0x01), OUT(DATA(M), 0x00),
		IN(DATA(M)), UP(3), TAKE,
		UP(8), TAKE, LOOK),
	PROGRAM(cascade_elsewhere, FEATURE_ICW3,
		ICWS(M, 0x11, 0x20, 0x08, 0x01), OUT(DATA(S), 0), UP(8), TAKE, LOOK, EOI(M), UP(3),
		TAKE, LOOK),
	PROGRAM(slave_of_another_name, FEATURE_ICW3,
		ICWS(S, 0x11, 0x28, 0x05, 0x01), OUT(DATA(M), 0), UP(8), TAKE, LOOK),

	/* ---- Level triggered ---- */

	PROGRAM(level_asks_until_it_falls, FEATURE_ELCR,
		OUT(ELCR_MASTER, 0x08), IN(ELCR_MASTER), OPEN, UP(3), LOOK, TAKE, LOOK, TAKE,
		EOI(M), TAKE, LOOK,
		DOWN(3), LOOK, EOI(M), TAKE, LOOK),
	PROGRAM(level_of_the_slave, FEATURE_ELCR,
		OUT(ELCR_SLAVE, 0x80), IN(ELCR_SLAVE), OPEN, UP(15), TAKE, LOOK, EOI(S), LOOK,
		EOI(M), TAKE, DOWN(15),
		LOOK, EOI(S), EOI(M), TAKE, LOOK),
	PROGRAM(level_registers_have_holes, FEATURE_ELCR,
		OUT(ELCR_MASTER, 0xff), IN(ELCR_MASTER), OUT(ELCR_SLAVE, 0xff), IN(ELCR_SLAVE),
		OUT(ELCR_MASTER, 0x40),
		IN(ELCR_MASTER)),
	PROGRAM(becomes_level_while_high, FEATURE_ELCR,
		OPEN, UP(3), TAKE, EOI(M), LOOK, OUT(ELCR_MASTER, 0x08), LOOK, TAKE, LOOK,
		OUT(ELCR_MASTER, 0), EOI(M),
		LOOK, TAKE),
	PROGRAM(level_survives_initialisation, FEATURE_ELCR | FEATURE_REINIT,
		OUT(ELCR_MASTER, 0x08), OPEN, UP(3), MASTER(0x01), IN(ELCR_MASTER), LOOK, TAKE,
		LOOK),
	PROGRAM(level_that_falls, FEATURE_ELCR,
		OUT(ELCR_MASTER, 0x08), OPEN, UP(3), DOWN(3), LOOK, TAKE, LOOK),
	PROGRAM(level_and_automatic_eoi, FEATURE_ELCR | FEATURE_AEOI,
		OUT(ELCR_MASTER, 0x08), MASTER(0x03), UP(3), TAKE, TAKE, DOWN(3), TAKE, LOOK),
	PROGRAM(level_by_icw1, FEATURE_LTIM,
		ICWS(M, 0x19, 0x20, 0x04, 0x01), OPEN, UP(3), TAKE, LOOK, EOI(M), TAKE, DOWN(3),
		LOOK, EOI(M), UP(8),
		TAKE, LOOK, EOI(S), EOI(M), TAKE, LOOK),
	PROGRAM(level_by_icw1_of_the_slave, FEATURE_LTIM,
		ICWS(S, 0x19, 0x28, 0x02, 0x01), OPEN, UP(8), TAKE, LOOK, EOI(S), LOOK, EOI(M),
		TAKE, DOWN(8), LOOK,
		EOI(S), EOI(M), TAKE, LOOK),
};
const unsigned probe_recorded_count = sizeof(probe_recorded) / sizeof(probe_recorded[0]);
