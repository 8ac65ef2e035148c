# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the block's times: name, file, text there, text instead, the test that notices."""

KEEPER = "chipset/times/times.c"
WINDOW = "chipset/times/times_window.c"
REPORT = "vmm/operator/report_times.c"

MUTANTS = (
    (
        "times-a-second-edge-begins-anew",
        KEEPER,
        "\tif (times->waiting & risen)\n\t\tkept->merged++;\n\telse\n",
        "\tif (times->waiting & risen)\n\t\tkept->merged++;\n",
        "test_times",
    ),
    (
        "times-a-request-that-is-gone-waits",
        KEEPER,
        "(block->routed & ~standing)",
        "(block->routed & ~standing & 0)",
        "test_times",
    ),
    (
        "times-a-mask-opens-unseen",
        KEEPER,
        "\t\ttimes->line[__builtin_ctz(rest)].since = now;\n",
        "\t\t(void)now;\n",
        "test_times",
    ),
    (
        "times-icw1-is-an-eoi",
        KEEPER,
        "bool icw1 = !(port & 1) && value & ICW1_SELECT;",
        "bool icw1 = false && value & ICW1_SELECT && port;",
        "test_times",
    ),
    (
        "times-the-firmware-counts",
        KEEPER,
        "!times->begun && takes_over(block, port, value)",
        "times->begun && takes_over(block, port, value)",
        "test_times",
    ),
    (
        "times-each-system-begins-anew",
        KEEPER,
        "!times->begun && takes_over(block, port, value)",
        "takes_over(block, port, value)",
        "test_times",
    ),
    (
        "times-the-high-half-is-of-now",
        WINDOW,
        "high ? times->latch : read_slot(times, slot, clock)",
        "high && slot == 0 ? times->latch : read_slot(times, slot, clock)",
        "test_times",
    ),
    (
        "times-a-bucket-is-read-twice",
        "chipset/times/histogram.c",
        "\tif (floor_of(bucket) < from)\n\t\tbucket++;\n",
        "\t(void)floor_of;\n",
        "test_times",
    ),
    (
        "times-the-report-stops-at-the-first-bucket",
        REPORT,
        "\t\tmmio_write64(chipset_window + WINDOW_FROM, from);\n",
        "\t\tmmio_write64(chipset_window + WINDOW_FROM, from == 0 ? 0 : UINT64_MAX);\n",
        "test_report_times",
    ),
    (
        "times-a-stuck-device-is-asked-for-ever",
        REPORT,
        "\t\tif (least < from || least == UINT64_MAX)\n",
        "\t\tif (least + 8 < from || least == UINT64_MAX)\n",
        "test_report_times",
    ),
    (
        "times-the-report-has-one-probe",
        REPORT,
        "line + service * WINDOW_PROBE_SERVICE",
        "line",
        "test_report_times",
    ),
    (
        "times-version-3-is-taken",
        "chipset/window/irqmux.c",
        "version >> 16 > VERSION_LAST",
        "version >> 16 > VERSION_LAST + 1",
        "test_irqmux",
    ),
)
