# SPDX-License-Identifier: BSD-2-Clause
"""Time by budget: a VM of high priority that uses up its budget waits for its period.

Rule: the times are exact. In Bochs an instruction is a tick of the TSC, so a share of the processor
is a share of the instructions.
"""

import re

from conftest import IPS, all_ok, on_chipsets, pulse, vandal

where, chipset = on_chipsets("pc", "irqmux", "soft", by_default=("pc", "soft"))

# A turn ends so late at most (vmm/core/allot.c): four exits of 2,000 instructions.
LATE = 8_000
MS = IPS // 1000


def spin(name, prio, words=""):
    """A VM that never sleeps."""
    return vandal("do=none seconds=9", words, prio=prio, name=name)


def vm_of(report, name):
    return report.record("vm", vm=name)


def test_R13_a_budget_leaves_the_rest_to_the_vm_below(system):
    """R13: 2 ms of each 10 ms, beside a VM of low priority that never sleeps either."""
    report = system("status=0 seconds=1", [spin("high", 5, "budget=2ms/10ms"), spin("low", 1)])
    high, low = vm_of(report, "high"), vm_of(report, "low")
    ticks = report.record("totals")["ticks"]
    most = (ticks // (10 * MS) + 2) * 2 * MS  # the first period begins before the first turn
    assert 0.95 * most < high["run_ticks"] <= most + LATE
    assert low["run_ticks"] > ticks - most - 0.01 * ticks
    assert 99 <= high["used_up"] <= 101 and high["over_ticks"] <= LATE
    assert (high["budget_us"], high["period_us"]) == (2000, 10000)


def test_R13_two_budgets_share_the_processor_and_the_rest_stays_free(system):
    """R13: budgets of equals and of a VM above; nobody is below, and the processor idles."""
    report = system(
        "status=0 seconds=1",
        [
            spin("high", 5, "budget=1ms/4ms"),
            spin("first", 1, "budget=3ms/20ms"),
            spin("second", 1, "budget=500us/5ms"),
        ],
    )
    for name, share in (("high", 0.25), ("first", 0.15), ("second", 0.1)):
        part = vm_of(report, name)["run_ticks"] / report.record("totals")["ticks"]
        assert 0.97 * share < part < 1.03 * share + 0.005, (name, part)


def test_a_vm_that_sleeps_keeps_its_budget(system, chipset):
    """A pulse of high priority sleeps between its ticks. The sleep is free of charge, so the pulse
    is never late while its probe runs."""
    report = system(
        "status=0",
        [pulse("probes=pit n=200", "budget=4ms/10ms", prio=5), spin("low", 1)],
        type_in=[(r"vm pulse: done", "quit\r")],
    )
    all_ok(report, "pulse", 5)
    if chipset != "soft":  # whose guests with IF clear are looked at late (docs/emulators.md)
        assert report.latency("pit", "pulse").max < 2000


def test_a_vm_alone_with_a_budget_wakes_up_in_time(system, chipset):
    """The processor does not sleep in the HLT of a VM with a budget: the VMM sees each wake-up."""
    report = system("status=0", [pulse("probes=pit n=200", "budget=4ms/10ms", prio=5)])
    all_ok(report, "pulse", 5)
    assert report.latency("pit", "pulse").max < (6000 if chipset == "soft" else 2000)
    record = vm_of(report, "pulse")
    assert record["run_ticks"] < report.record("totals")["ticks"] / 2


def test_R08_the_interrupts_of_a_used_up_budget_are_held_and_counted(system, chipset):
    """R08: a pulse that computes all the time waits for 8 ms of each 10 ms. Its timer's ticks wait
    meanwhile as one held interrupt, and they cost the VM below no exit each."""
    report = system(
        "status=0 seconds=1",
        [pulse("probes=running n=2000", "budget=2ms/10ms", prio=5), spin("low", 1)],
    )
    record = vm_of(report, "pulse")
    assert 99 <= record["used_up"] <= 101
    assert 80 <= record["held"] <= record["used_up"]
    assert report.record("line", irq=0)["wakeups"] < 10
    # pc masks no line in hardware: an assertion has an exit, and is silent then
    assert report.record("line", irq=0)["exits"] < (20 if chipset == "irqmux" else 150)


def test_the_banner_has_the_worst_wait_of_each_vm(system):
    """A VM above without a budget leaves no bound. Without budgets there is no table."""
    report = system(
        "status=0 seconds=1",
        [spin("high", 5, "budget=2ms/10ms"), spin("middle", 3), spin("low", 1)],
    )
    banner = report.console.split("signalbox: first guest after ")[0]
    for row in (
        r"^  high +2000 +10000 +(1[78]\d\d) +0 +0 +0 +0$",
        r"^  middle +- +- +(7[23]\d\d) +0 +0 +0 +0$",
        r"^  low +- +- +no bound +0 +0 +0 +0$",
    ):
        assert re.search(row, banner, re.M), (row, banner)
    assert vm_of(report, "low")["run_ticks"] == 0
    report = system("status=0", [vandal("do=none")])
    report.lacks("budget us")
    report.lacks("budget_us")


def test_a_bad_budget_is_refused(system):
    """Each bad word has a line with module, word and reason, and the other VMs run."""
    words = ("budget=0/10ms", "budget=11ms/10ms", "budget=2ms", "budget=2ms/2s")
    modules = [spin(f"v{i}", 1, word) for i, word in enumerate(words)]
    report = system("status=0", [*modules, vandal("do=none", name="good")])
    for number, reason in enumerate(
        (
            "budget=0/10ms: a budget is 100us at least",
            "budget=11ms/10ms: the budget is longer than its period",
            "budget=2ms: it is so much in each period, as in 2ms/10ms",
            "budget=2ms/2s: a period is from 1ms to 1s",
        )
    ):
        report.has(f"signalbox: module {number + 1} (v{number}): {reason}")
    all_ok(report, "good", 1)


# ---- Wake-ups ------------------------------------------------------------------------------------


def test_R13_wake_ups_beyond_the_limit_wait_for_the_window(system):
    """R13: a tick each millisecond, and three wake-ups in each 10 ms: the others are held."""
    report = system(
        "status=0 seconds=1",
        [pulse("probes=pit n=2000", "wakeups=3/10ms", prio=5), spin("low", 1)],
    )
    record = vm_of(report, "pulse")
    assert 230 < record["woken_up"] <= 303
    assert 75 < record["too_often"] <= 101 and record["held"] <= record["too_often"]
    assert vm_of(report, "low")["switches"] <= record["woken_up"] + 2 * report.printed() + 10


def test_wake_ups_without_a_vm_below_have_no_limit(system):
    """Nobody's turn ends while the processor sleeps: the pulse gets each tick in time."""
    report = system("status=0", [pulse("probes=pit n=200", "wakeups=1/100ms", prio=5)])
    all_ok(report, "pulse", 5)
    assert report.record("count", vm="pulse", line=0)["lost"] == 0
    assert vm_of(report, "pulse")["too_often"] == 0


# ---- A frame -------------------------------------------------------------------------------------


def test_R13_a_frame_gives_each_vm_its_parts(system):
    """R13: 3 ms and 5 ms of each 10 ms, whatever the priorities, and the rest to a third VM."""
    report = system(
        "status=0 seconds=1 frame=10ms first:3ms second:5ms",
        [spin("first", 1), spin("second", 9), spin("third", 5)],
    )
    ticks = report.record("totals")["ticks"]
    for name, share in (("first", 0.3), ("second", 0.5), ("third", 0.2)):
        record = vm_of(report, name)
        assert abs(record["run_ticks"] / ticks - share) < 0.01, record
        assert record["switches"] <= 101 + report.printed()
    # 7 ms and 5 ms between two parts, and the VMM's 1.8 ms
    assert 8700 <= vm_of(report, "first")["worst_wait_us"] <= 8800
    assert 6700 <= vm_of(report, "second")["worst_wait_us"] <= 6800


def test_R08_a_line_waits_for_its_vms_part(system, chipset):
    """R08: the pulse sleeps between its ticks, in its own part and outside. A tick outside is held,
    and comes with the part."""
    report = system(
        "status=0 frame=4ms pulse:1ms low:3ms",
        [pulse("probes=wakeup n=100"), spin("low", 9)],
        type_in=[(r"vm pulse: done", "quit\r")],
    )
    count = report.record("count", vm="pulse", line=0)
    assert count["lost"] == count["twice"] == 0 and count["merged"] > count["handled"] / 2
    record = vm_of(report, "pulse")
    assert record["status"] == 0 and record["held"] > 50
    if chipset == "irqmux":
        assert report.record("exits", vm="low")["nmi"] < 2 * report.printed() + 60


def test_a_bad_frame_is_refused(system):
    """A bad word has a line, and the rest of the frame holds. A part of an unknown VM is part of
    the rest. A VM with a budget does not start beside a frame."""
    report = system(
        "status=0 early:1ms frame=10ms good:9ms none:1ms",
        [
            vandal("do=none", name="good"),
            spin("rich", 1, "budget=1ms/10ms"),
            spin("often", 1, "wakeups=1/10ms"),
        ],
    )
    report.has("signalbox: early:1ms: a part of a frame, and frame= has to come before")
    report.has("signalbox: none:1000us: there is no such VM; the part is part of the rest")
    out = "the VMM's frame= gives the time; take one of the two out"
    report.has(f"signalbox: module 2 (rich): budget=: {out}")
    report.has(f"signalbox: module 3 (often): wakeups=: {out}")
    all_ok(report, "good", 1)
