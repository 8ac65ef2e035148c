/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio functions that go around the IOMMU.
 *
 * Rule: the simulated function answers by configuration space alone, as the specification has it
 * (Virtual I/O Device (VIRTIO) 1.1, 4.1.4.9): its registers may lie anywhere.
 */
#include "tests/unit/check.h"

#include "arch/x86/cpu/io.h"
#include "vmm/device/virtio.h"

#include <string.h>

enum { ADDRESS = 0xcf8, DATA = 0xcfc, FUNCTION = 5 << 3, BAR = 4, COMMON_AT = 0x1000 };
enum { COMMON = 0x50, WINDOW = 0x84, WINDOW_DATA = WINDOW + 16, LOW_FEATURES = 0x39 };

static struct {
	uint8_t space[256];
	uint32_t address, selected, high; /* high: features 32 to 63 */
	unsigned writes;
} device;

static uint32_t *at(unsigned offset)
{
	return (uint32_t *)(void *)&device.space[offset];
}

/* Returns the offset in the common configuration that the window names. */
static uint32_t named(void)
{
	assert_int_equal(device.space[WINDOW + 4], BAR);
	assert_int_equal(*at(WINDOW + 12), 4);
	return *at(WINDOW + 8) - COMMON_AT;
}

uint32_t io_in32(uint16_t port)
{
	unsigned offset = device.address & 0xff;

	assert_int_equal(port, DATA);
	assert_int_equal(device.address & ~0xffu, 0x80000000u | FUNCTION << 8);
	if (offset != WINDOW_DATA)
		return *at(offset);
	assert_int_equal(named(), 4);
	return device.selected == 1 ? device.high : device.selected == 0 ? LOW_FEATURES : 0;
}

void io_out32(uint16_t port, uint32_t value)
{
	unsigned offset = device.address & 0xff;

	if (port == ADDRESS) {
		device.address = value;
		return;
	}
	device.writes++;
	if (offset == WINDOW_DATA) {
		assert_int_equal(named(), 0);
		device.selected = value;
		return;
	}
	assert_true(offset == WINDOW + 4 || offset == WINDOW + 8 || offset == WINDOW + 12);
	*at(offset) = value;
}

static void set_capability(unsigned offset, uint8_t id, uint8_t next, uint8_t type)
{
	*at(offset) = (uint32_t)type << 24 | 20u << 16 | (uint32_t)next << 8 | id;
}

/* A network device with MSI-X, another type of registers, and its registers in BAR 4. */
static int begin(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	*at(0) = 0x10411af4;
	device.space[0x34] = 0x40;
	set_capability(0x40, 17, 0x60, 1);
	set_capability(0x60, 9, COMMON, 3);
	set_capability(COMMON, 9, WINDOW, 1);
	device.space[COMMON + 4] = BAR;
	*at(COMMON + 8) = COMMON_AT;
	set_capability(WINDOW, 9, 0, 5);
	device.high = 1 << 1 | 1 << 0;
	return 0;
}

static void assert_refused(void)
{
	assert_string_equal(virtio_refusal(FUNCTION),
	                    "this virtio device goes around the IOMMU "
	                    "(QEMU: iommu_platform=on,disable-legacy=on)");
}

static void R01_a_function_that_takes_the_platform_s_addresses_is_confined(void **state)
{
	(void)state;
	assert_null(virtio_refusal(FUNCTION));
	assert_int_equal(device.selected, 1);
}

static void R01_a_function_that_does_not_is_refused(void **state)
{
	(void)state;
	device.high = ~2u;
	assert_refused();
	device.high = 0;
	assert_refused();
}

static void a_function_of_another_vendor_or_kind_is_not_asked(void **state)
{
	static const uint32_t ids[] = { 0x10418086, 0x0fff1af4, 0x10801af4 };

	(void)state;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		*at(0) = ids[i];
		assert_null(virtio_refusal(FUNCTION));
	}
	assert_int_equal(device.writes, 0);
}

static void the_first_and_the_last_kind_are_asked(void **state)
{
	(void)state;
	device.high = 0;
	*at(0) = 0x10001af4;
	assert_refused();
	*at(0) = 0x107f1af4;
	assert_refused();
}

static void without_the_registers_or_the_window_it_is_refused(void **state)
{
	(void)state;
	set_capability(COMMON, 9, WINDOW, 2);
	assert_refused();
	(void)begin(state);
	set_capability(COMMON, 9, 0, 1);
	assert_refused();
	(void)begin(state);
	device.space[0x34] = 0;
	assert_refused();
	assert_int_equal(device.writes, 0);
}

static void a_list_that_goes_round_has_an_end(void **state)
{
	(void)state;
	set_capability(COMMON, 9, 0x40, 1);
	assert_refused();
}

static void a_capability_that_leaves_the_space_is_none(void **state)
{
	(void)state;
	set_capability(COMMON, 9, 0xf0, 1);
	set_capability(0xf0, 9, 0, 5);
	assert_refused();
	assert_int_equal(device.writes, 0);
}

#define ON_DEVICE(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DEVICE(R01_a_function_that_takes_the_platform_s_addresses_is_confined),
		ON_DEVICE(R01_a_function_that_does_not_is_refused),
		ON_DEVICE(a_function_of_another_vendor_or_kind_is_not_asked),
		ON_DEVICE(the_first_and_the_last_kind_are_asked),
		ON_DEVICE(without_the_registers_or_the_window_it_is_refused),
		ON_DEVICE(a_list_that_goes_round_has_an_end),
		ON_DEVICE(a_capability_that_leaves_the_space_is_none),
	};

	return cmocka_run_group_tests_name("virtio", tests, NULL, NULL);
}
