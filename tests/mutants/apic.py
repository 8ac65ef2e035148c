# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the local APIC's save and restore."""

LOCAL = "chipset/apic/apic_local.c"

MUTANTS = (
    (
        "apic-in-service-left",
        LOCAL,
        "for (unsigned n = count_all(s->isr); n > 0; n--)",
        "for (unsigned n = count_all(s->isr); n > 1; n--)",
        "test_apic_replay",
    ),
    (
        "apic-expiry-while-away-lost",
        LOCAL,
        "\tperiod += period == 0;\n\tfire(s);\n",
        "\tperiod += period == 0;\n",
        "test_apic_replay",
    ),
    (
        "apic-rest-stays-the-period",
        LOCAL,
        "\t\tmsr_write(APIC_INITIAL, s->loaded);\n\t\ts->slip += ",
        "\t\ts->slip += ",
        "test_apic_replay",
    ),
    (
        "apic-masked-timer-without-period",
        LOCAL,
        "if (s->due == 0 || (comes ? !is_periodic(s) : is_masked(s)))",
        "if (s->due == 0 || is_masked(s) || (comes && !is_periodic(s)))",
        "test_apic_replay",
    ),
    (
        "apic-initial-count-of-another-vm",
        LOCAL,
        "\tif (initial != 0)\n\t\tmsr_write(APIC_INITIAL, 0);\n",
        "",
        "test_apic_replay",
    ),
    (
        "apic-rest-is-shown",
        LOCAL,
        "\tif (s->loaded != s->initial)\n\t\tset_hidden(s, true);\n",
        "",
        "test_apic_replay",
    ),
    (
        "both-held-lines-lost",
        "chipset/apic/both.c",
        "\t\tAPIC.request(c, line_first(held));\n",
        "\t\t;\n",
        "bochs-irqmux:tests/system/test_apic_both.py::"
        "test_R08_nothing_is_lost_between_the_kinds",
    ),
    (
        "both-registers-stay-open",
        "chipset/apic/both.c",
        "\tapic_msr_open(by_apic);\n",
        "",
        "bochs-irqmux:tests/system/test_apic_both.py::"
        "test_a_vm_of_8259s_reaches_no_neighbour_s_local_apic",
    ),
)
