/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space as a VM sees it: each register, each width, and random accesses beside an
 * oracle that knows the rules byte by byte.
 *
 * Rule: the oracle keeps bytes; it shares no code and no table with the filter. After each write
 * the machine's own registers are compared too.
 */
#include "tests/unit/check.h"
#include "tests/unit/sim_pci.h"

#include "vmm/device/pci_space.h"

#include <string.h>

enum { NIC = SIM_PCI(5, 0), EDU = SIM_PCI(6, 0), DISK = SIM_PCI(3, 2), FOREIGN = SIM_PCI(4, 0) };
enum { MASTER = 4, NO_INTX = 0x400, ACCESSES = 200000 };

static struct pci_space space;

/* ---- The machine ---- */

static void add_capability(struct sim_function *f, unsigned at, uint8_t id, uint8_t next)
{
	f->value[at / 4] = 0xabcd0000u | (uint32_t)next << 8 | id;
}

static void build_machine(void)
{
	sim_pci_reset();
	sim_pci_add(0, 0x12378086, 0x06000002)->value[0x40 / 4] = 0x11111111;
	sim_pci_add(SIM_PCI(1, 0), 0x70008086, 0x06010000);
	sim_pci_add(SIM_PCI(3, 0), 0x11111111, 0x06800000)->value[3] = 0x00800000;
	sim_pci_add(FOREIGN, 0x22222222, 0x02000000);

	struct sim_function *f = sim_pci_add(DISK, 0x71118086, 0x01018001);
	sim_pci_bar(f, 4, 0xc040, 16, 1);
	f->value[0x2c / 4] = 0x11001af4;
	f->value[0x40 / 4] = 0x80008000;
	f->changes[0x40 / 4] = UINT32_MAX;

	f = sim_pci_add(NIC, 0x10d38086, 0x02000003);
	f->value[1] |= 1 << 20;
	f->value[3] = 0x00000010;
	sim_pci_bar(f, 0, 0xfeb80000, 128 << 10, 0);
	sim_pci_bar(f, 1, 0xc000, 64, 1);
	sim_pci_bar(f, 2, 0xe0000000, 16 << 10, 0xc); /* 64 bits, prefetchable */
	f->value[4 + 3] = 0x20;
	f->changes[4 + 3] = UINT32_MAX;
	f->value[0x30 / 4] = 0xfeb00000;
	f->changes[0x30 / 4] = 0xfffc0001;
	f->value[0x34 / 4] = 0xc8;
	add_capability(f, 0xc8, 1, 0xd0);
	add_capability(f, 0xd0, 5, 0xe0);
	add_capability(f, 0xe0, 0x10, 0xa0);
	add_capability(f, 0xa0, 0x11, 0);
	f->changes[0xd0 / 4] = f->changes[0xcc / 4] = UINT32_MAX;
	sim_pci_interrupt(f, 10, 1);

	f = sim_pci_add(EDU, 0x11e81234, 0x00ff0010);
	f->value[1] |= 1 << 20;
	sim_pci_bar(f, 0, 0xfea00000, 1 << 20, 0);
	f->value[0x34 / 4] = 0x40;
	add_capability(f, 0x40, 5, 0);
	sim_pci_interrupt(f, 11, 1);
}

static struct sim_function *machine(unsigned number)
{
	for (unsigned i = 0; i < sim_pci.count; i++)
		if (sim_pci.function[i].number == number)
			return &sim_pci.function[i];
	return NULL;
}

static void give(bool unsafe, int share)
{
	struct vm_config c = {
		.pci = { EDU, DISK, NIC }, .pci_count = 3, .share = share, .dma_unsafe = unsafe
	};

	memset(&space, 0xff, sizeof(space));
	pci_space_init(&space, &c);
	pci_space_reset(&space);
	sim_pci.writes = sim_pci.other_writes = 0;
}

static int begin(void **state)
{
	(void)state;
	build_machine();
	give(false, 0);
	return 0;
}

/* ---- Accesses ---- */

static void address(unsigned number, unsigned offset)
{
	pci_space_write(&space, 0xcf8, 4, 0x80000000u | number << 8 | (offset & ~3u));
}

static uint32_t read_at(unsigned number, unsigned offset, unsigned size)
{
	address(number, offset);
	uint32_t value = pci_space_read(&space, (uint16_t)(0xcfc + offset % 4));
	return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

static void write_at(unsigned number, unsigned offset, unsigned size, uint32_t value)
{
	address(number, offset);
	pci_space_write(&space, (uint16_t)(0xcfc + offset % 4), size, value);
}

static void R01_a_vm_sees_its_functions_and_a_host_bridge(void **state)
{
	static const struct {
		unsigned number;
		uint32_t id, class, header;
	} rows[] = {
		{ 0, 0x12378086, 0x06000002, 0 },
		{ SIM_PCI(3, 0), 0x5b0d1234, 0xff000000, 0x00800000 }, /* the filler */
		{ DISK, 0x71118086, 0x01018001, 0 },
		{ NIC, 0x10d38086, 0x02000003, 0x10 },
		{ EDU, 0x11e81234, 0x00ff0010, 0 },
	};
	unsigned found = 0;

	(void)state;
	for (unsigned number = 0; number < 0x10000; number++) {
		uint32_t id = read_at(number, 0, 4);
		if (id == UINT32_MAX)
			continue;
		assert_true(found < sizeof(rows) / sizeof(rows[0]));
		assert_int_equal(number, rows[found].number);
		assert_int_equal(id, rows[found].id);
		assert_int_equal(read_at(number, 8, 4), rows[found].class);
		assert_int_equal(read_at(number, 12, 4), rows[found].header);
		found++;
	}
	assert_int_equal(found, sizeof(rows) / sizeof(rows[0]));
	for (unsigned offset = 16; offset < 256; offset += 4) {
		assert_int_equal(read_at(0, offset, 4), 0);
		assert_int_equal(read_at(SIM_PCI(3, 0), offset, 4), 0);
		assert_int_equal(read_at(FOREIGN, offset, 4), UINT32_MAX);
	}
	assert_int_equal(read_at(0, 4, 4), 0);
}

static void R01_bars_are_sized_as_usual_and_stay_where_they_are(void **state)
{
	static const struct {
		unsigned number, bar;
		uint32_t before, sized;
	} rows[] = {
		{ EDU, 0, 0xfea00000, 0xfff00000 },
		{ EDU, 1, 0, 0 },
		{ NIC, 0, 0xfeb80000, 0xfffe0000 },
		{ NIC, 1, 0xc001, 0xffffffc1 },
		{ NIC, 2, 0xe000000c, 0xffffc00c },
		{ NIC, 3, 0x20, 0xffffffff },
		{ NIC, 4, 0, 0 },
		{ DISK, 4, 0xc041, 0xfffffff1 },
		{ DISK, 0, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned offset = 16 + 4 * rows[i].bar;
		uint32_t there = machine(rows[i].number)->value[offset / 4];

		assert_int_equal(read_at(rows[i].number, offset, 4), rows[i].before);
		write_at(rows[i].number, offset, 4, UINT32_MAX);
		assert_int_equal(read_at(rows[i].number, offset, 4), rows[i].sized);
		write_at(rows[i].number, offset + 2, 2, 0x1234);
		assert_int_equal(read_at(rows[i].number, offset + 2, 2),
		                 rows[i].sized == UINT32_MAX ? 0x1234
		                                             : 0x1234 & rows[i].sized >> 16);
		assert_int_equal(machine(rows[i].number)->value[offset / 4], there);
	}
	assert_int_equal(sim_pci.writes, 0);
	pci_space_reset(&space); /* a new life */
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(read_at(rows[i].number, 16 + 4 * rows[i].bar, 4), rows[i].before);
}

static void R01_the_rom_is_hidden(void **state)
{
	(void)state;
	write_at(NIC, 0x30, 4, UINT32_MAX);
	assert_int_equal(read_at(NIC, 0x30, 4), 0);
	assert_int_equal(machine(NIC)->value[0x30 / 4], 0xfeb00000);
}

static void R01_messages_are_not_in_the_list(void **state)
{
	(void)state;
	assert_int_equal(read_at(NIC, 6, 1) & 0x10, 0x10);
	assert_int_equal(read_at(NIC, 0x34, 4), 0xc8);
	assert_int_equal(read_at(NIC, 0xc8, 2), 0xe001);
	assert_int_equal(read_at(NIC, 0xe0, 2), 0x0010);
	assert_int_equal(read_at(EDU, 6, 1) & 0x10, 0); /* none is left */
	assert_int_equal(read_at(EDU, 0x34, 4), 0);
	write_at(NIC, 0xd2, 2, 1); /* MSI Enable, by its address */
	write_at(NIC, 0xcc, 4, 3); /* power state D3, which forgets the BARs */
	assert_int_equal(sim_pci.writes, 0);
	assert_int_equal(read_at(NIC, 0xd0, 4), 0xabcde005);
}

/* Lists of a broken device: they end, and show no message. */
static void a_list_that_goes_round_or_astray_ends(void **state)
{
	struct sim_function *f = machine(NIC);

	(void)state;
	add_capability(f, 0xe0, 0x10, 0xc8); /* round, past MSI */
	give(false, 0);
	unsigned at = read_at(NIC, 0x34, 1), steps = 0;
	for (; at != 0 && steps < 100; steps++) {
		assert_int_not_equal(read_at(NIC, at, 1), 5);
		at = read_at(NIC, at + 1, 1);
	}
	assert_true(steps < 100);
	build_machine();
	machine(NIC)->value[0x34 / 4] = 0x04; /* into the header */
	give(false, 0);
	assert_int_equal(read_at(NIC, 0x34, 4), 0);
	build_machine();
	add_capability(machine(EDU), 0x40, 5, 0x40); /* MSI after MSI for ever */
	give(false, 0);
	assert_int_equal(read_at(EDU, 0x34, 4), 0);
	build_machine();
	machine(NIC)->value[1] &= ~(1u << 20); /* no list, whatever the pointer says */
	give(false, 0);
	assert_int_equal(read_at(NIC, 0x34, 4), 0);
}

static void R01_bus_master_is_the_vm_s_with_dma_unsafe_alone(void **state)
{
	(void)state;
	write_at(EDU, 4, 2, 0xffff);
	assert_int_equal(read_at(EDU, 4, 2), 0x503);
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x503);
	give(true, 0);
	assert_int_equal(read_at(EDU, 4, 2), 0x103); /* the VM's reset took INTx Disable back */
	write_at(EDU, 4, 2, 0xffff);
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x507);
	pci_space_quiet(&space); /* the VM stops */
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x503);
	assert_int_equal(machine(NIC)->value[1] & 0xffff, 0x503);
	pci_space_reset(&space);
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x103);
}

static void R01_bus_master_is_the_vm_s_where_dma_is_confined(void **state)
{
	struct vm_config c = { .pci = { EDU }, .pci_count = 1, .dma_confined = true };

	(void)state;
	memset(&space, 0xff, sizeof(space));
	pci_space_init(&space, &c);
	pci_space_reset(&space);
	write_at(EDU, 4, 2, 0xffff);
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x507);
	pci_space_quiet(&space);
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x503);
}

static void a_function_of_several_vms_stays_as_it_is(void **state)
{
	(void)state;
	give(true, 1);
	write_at(EDU, 4, 2, MASTER);
	pci_space_quiet(&space);
	pci_space_reset(&space);
	assert_int_equal(machine(EDU)->value[1] & 0xffff, 0x107);
}

static void R01_decoding_is_on_and_stays_on(void **state)
{
	(void)state;
	machine(EDU)->value[1] &= ~3u; /* firmware left the decoding off */
	machine(NIC)->value[1] &= ~3u;
	machine(DISK)->value[1] &= ~3u;
	give(false, 0);
	assert_int_equal(machine(EDU)->value[1] & 3, 2);
	assert_int_equal(machine(NIC)->value[1] & 3, 3);
	assert_int_equal(machine(DISK)->value[1] & 3, 1);
	write_at(NIC, 4, 1, 0);
	assert_int_equal(read_at(NIC, 4, 1), 0);
	assert_int_equal(machine(NIC)->value[1] & 3, 3);
}

static void what_is_not_enabled_is_not_there(void **state)
{
	(void)state;
	pci_space_write(&space, 0xcf8, 4, 0xffffffff);
	assert_int_equal(pci_space_read(&space, 0xcf8), 0x80fffffc);
	pci_space_write(&space, 0xcf8, 4, EDU << 8);
	assert_int_equal(pci_space_read(&space, 0xcfc), UINT32_MAX);
	pci_space_write(&space, 0xcf8, 4, EDU << 8 | 0x10);
	pci_space_write(&space, 0xcfc, 4, 0);
	assert_int_equal(read_at(EDU, 0x10, 4), 0xfea00000);
	for (unsigned port = 0xcf0; port < 0xd10; port++)
		for (unsigned size = 1; size <= 4; size *= 2)
			assert_int_equal(pci_space_has((uint16_t)port, size),
			                 (port == 0xcf8 && size == 4) ||
			                         (port >= 0xcfc && port + size <= 0xd00));
}

/* ---- The oracle ---- */

static const unsigned owned[] = { EDU, DISK, NIC };
enum { OWNED = 3 };

/* What the VM reads of its functions, but for the command and the status; and the machine. */
static struct {
	uint8_t byte[OWNED][256], writable[OWNED][256];
	struct sim_pci machine;
	uint8_t decode[OWNED];
} oracle;

static void oracle_begin(void)
{
	memset(&oracle, 0, sizeof(oracle));
	for (unsigned i = 0; i < OWNED; i++)
		for (unsigned at = 0; at < 256; at++) {
			const struct sim_function *f = machine(owned[i]);
			oracle.byte[i][at] = (uint8_t)(f->value[at / 4] >> 8 * (at % 4));
			if (at >= 0x10 && at < 0x28)
				oracle.writable[i][at] = (uint8_t)(f->changes[at / 4] >>
				                                   8 * (at % 4));
			oracle.decode[i] = f->value[1] & 3;
		}
	for (unsigned i = 0; i < OWNED; i++) {
		oracle.writable[i][0x3c] = 0xff;
		memset(&oracle.byte[i][0x30], 0, 4);
	}
	oracle.byte[0][0x34] = 0;    /* MSI was alone */
	oracle.byte[2][0xc9] = 0xe0; /* past MSI */
	oracle.byte[2][0xe1] = 0;    /* MSI-X was the last */
	oracle.machine = sim_pci;
}

static struct sim_function *oracle_machine(unsigned i)
{
	for (unsigned n = 0;; n++)
		if (oracle.machine.function[n].number == owned[i])
			return &oracle.machine.function[n];
}

static uint8_t oracle_read(unsigned i, unsigned at)
{
	uint8_t machine_s = (uint8_t)(oracle_machine(i)->value[1] >> 8 * (at % 4));

	switch (at) {
	case 4:
		return (machine_s & ~3) | oracle.decode[i];
	case 5:
	case 7:
		return machine_s;
	case 6:
		return (machine_s & ~0x10) | (owned[i] == NIC ? 0x10 : 0);
	default:
		return oracle.byte[i][at];
	}
}

static void oracle_write(unsigned i, unsigned at, uint8_t value, bool unsafe)
{
	uint32_t *command = &oracle_machine(i)->value[1];

	switch (at) {
	case 4:
		oracle.decode[i] = value & 3;
		if (unsafe)
			*command = (*command & ~4u) | (value & 4);
		break;
	case 5:
		*command = (*command & ~0x400u) | (uint32_t)(value & 4) << 8;
		break;
	case 7:
		*command &= ~((uint32_t)(value & 0xf9) << 24);
		break;
	default:
		oracle.byte[i][at] = (uint8_t)((oracle.byte[i][at] & ~oracle.writable[i][at]) |
		                               (value & oracle.writable[i][at]));
	}
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

static void play_random(bool unsafe)
{
	build_machine();
	give(unsafe, 0);
	oracle_begin();
	for (unsigned n = 0; n < ACCESSES; n++) {
		unsigned i = random_number() % OWNED, size = 1u << random_number() % 3;
		unsigned at = random_number() % (random_number() % 2 ? 64 : 256) & ~(size - 1);
		uint32_t value = random_number() ^ random_number() << 16, read = 0;

		if (random_number() % 2)
			value = UINT32_MAX;
		if (random_number() % 64 == 0) { /* the device raises a status bit */
			machine(owned[i])->value[1] |= 0x20000000;
			oracle_machine(i)->value[1] |= 0x20000000;
		}
		if (random_number() % 2) {
			write_at(owned[i], at, size, value);
			for (unsigned b = 0; b < size; b++)
				oracle_write(i, at + b, (uint8_t)(value >> 8 * b), unsafe);
			for (unsigned k = 0; k < sim_pci.count; k++)
				assert_memory_equal(sim_pci.function[k].value,
				                    oracle.machine.function[k].value,
				                    sizeof(sim_pci.function[k].value));
		}
		if (random_number() % 4 == 0) { /* a function that is not the VM's */
			unsigned other = random_number() & 0xffff, before = sim_pci.writes;

			if (other == NIC || other == EDU || other == DISK)
				other = FOREIGN;
			write_at(other, at, size, value);
			assert_int_equal(sim_pci.writes, before);
		}
		for (unsigned b = 0; b < size; b++)
			read |= (uint32_t)oracle_read(i, at + b) << 8 * b;
		assert_int_equal(read_at(owned[i], at, size), read);
	}
	assert_int_equal(sim_pci.other_writes, 0);
}

static void R01_random_accesses_are_as_the_rules_say(void **state)
{
	(void)state;
	play_random(false);
	play_random(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, begin)
		CASE(R01_a_vm_sees_its_functions_and_a_host_bridge),
		CASE(R01_bars_are_sized_as_usual_and_stay_where_they_are),
		CASE(R01_the_rom_is_hidden),
		CASE(R01_messages_are_not_in_the_list),
		CASE(a_list_that_goes_round_or_astray_ends),
		CASE(R01_bus_master_is_the_vm_s_with_dma_unsafe_alone),
		CASE(R01_bus_master_is_the_vm_s_where_dma_is_confined),
		CASE(a_function_of_several_vms_stays_as_it_is),
		CASE(R01_decoding_is_on_and_stays_on),
		CASE(what_is_not_enabled_is_not_there),
		CASE(R01_random_accesses_are_as_the_rules_say),
	};

	return cmocka_run_group_tests_name("pci_space", tests, NULL, NULL);
}
