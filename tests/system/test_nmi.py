# SPDX-License-Identifier: BSD-2-Clause
"""The VMM block's output: NMIs of lines at every moment, and NMIs from outside.

Rule: an NMI is never slept on, whenever it comes; one that no line explains is the external one,
and is treated as nmi= says.
"""

import os
import re
import threading

import pytest

from conftest import BOARD, BUILD, QUITS, TIMEOUT, Report, all_ok, on_chipsets, pulse, vandal
from signalbox import Machine
from signalbox.platforms import ON_QEMU
from signalbox.qemu import MONITOR, Monitor

# instructions, for the slowest of all; what a slept-on NMI would cost is 20,000 (1 ms) and more
WAKEUP_BOUND = 5_000
# soft: no line's interrupt ends a portion of the VMM's background work, which lasts 300 us.
PORTION_SOFT = 6_000
# External NMIs that the monitor is asked for at once.
STORM = 20
# Ticks that come while the VMM starts a VM of 2M: nobody is entered then.
STARTING = 60


# QEMU: an exit takes a microsecond and more of the host's time; there is no window to fall into
# (SVM's GIF). soft has no window either.
SAMPLES, SAMPLES_SOFT, SAMPLES_SVM = 8_000, 4_000, 1_000

where, chipset = on_chipsets(
    *("pc", "irqmux", "soft", "qemu-pc", "qemu-irqmux"),
    by_default=("pc", "irqmux", "soft", "qemu-irqmux"),
)


@pytest.fixture(scope="module")
def samples(at, chipset):
    if at.startswith("qemu"):
        return SAMPLES_SVM
    return SAMPLES_SOFT if chipset == "soft" else SAMPLES


@pytest.fixture(scope="module")
def window_run(system, samples):
    """A guest that exits all the time, below one whose timer ends its turns at 4 kHz: NMIs fall
    everywhere in the VMM. Two rates, as one alone might keep step with the other guest's loop."""
    seconds = samples // 4_000 + 1
    return [
        system(
            "status=0",
            [
                pulse(f"probes=wakeup n={samples} hz={hz}", prio=2),
                vandal(f"do=cpuid seconds={seconds}"),
            ],
        )
        for hz in (3900, 4100)
    ]


def test_R12_nmis_land_between_the_last_check_and_the_entry(window_run, chipset, samples):
    """R12: the race is really run into. soft: there is none, as a line's interrupt waits at the
    processor and exits. SVM: there is none either, NMIs wait for the entry itself, and
    then undo it."""
    landed = sum(report.record("totals")["nmi_windows"] for report in window_run)
    for report in window_run:
        exits = report.record("exits", vm="vandal")
        assert exits["cpuid"] > (3 if chipset == "soft" else 6) * samples
        landed_here = exits["aborted-entry"] + exits.get("nmi", 0)
        assert not report.svm or chipset == "soft" or landed_here >= samples - STARTING
    assert landed == 0 if chipset == "soft" or window_run[0].svm else landed >= 20


def test_R12_an_nmi_in_the_window_does_not_wait_for_the_next_exit(window_run, chipset, samples):
    """R12: the coming entry exits at once: no wake-up takes longer than a few passes through the
    VMM."""
    bound = WAKEUP_BOUND + (PORTION_SOFT if chipset == "soft" else 0)
    for report in window_run:
        said = report.latency("wakeup", "pulse")
        assert said.n == samples and said.max < bound, said


def test_R12_nothing_is_lost_or_taken_for_external(window_run, chipset, samples):
    """R12: a tick is handled, or merged while pulse prints (a long call, 250 us to the next tick),
    on soft also while the VMM prints; every NMI is explained."""
    for report in window_run:
        ticks = report.record("count", line=0)
        assert (
            ticks["handled"] + ticks["merged"] == ticks["expected"] and ticks["handled"] > samples
        )
        portions = 4 * report.printed() if chipset == "soft" else 0
        assert ticks["merged"] <= len(report.of("pulse")) + portions
        assert report.record("totals")["external_nmis"] == 0
        all_ok(report, "pulse", 5)
        all_ok(report, "vandal", 1)


# ---- External NMIs -------------------------------------------------------------------------------

# What presses the next time: the guest is there, or the one before has been told.
TOLD = ("[vandal] vandal: words", "NMI number 1", "NMI number 2")
# pc cannot tell an NMI of the machine's button from an NMI of a line that left no trace.
KIND = {"pc": "unattributed"}


def typed(system, policy, times, guests=None, begin="vandal: words"):
    """The console's command raises an external NMI, while foreign lines fire too; then the run
    goes on to its end."""
    keys = [(begin, "nmi\r")]
    keys += [(r"an external NMI is on its way", "nmi\r")] * (times - 1) + [QUITS]
    words = f"{policy} seconds=20".strip()
    guests = guests or [pulse("probes=uart n=3000"), vandal("do=none seconds=3")]
    return system(words, guests, type_in=keys)


QUIET = 0.3  # seconds without a word on the console


def by_monitor(where, at, directory, policy, times, guests=None, begin=TOLD[0]):
    """QEMU's monitor presses the machine's button. Nobody types or prints then: while COM1's
    line is high, pc takes an NMI for COM1's. pulse has the higher priority: no slice ends, whose
    NMI would be one with the button's (docs/limits.md).

    A press waits for the console's answer to the press before. The run waits for all answers: with
    the word stay the run ends by quit, when the guests are done and each press was told.
    """
    # a single press ends vandal or the VMM, and finds both alive
    alive = 3 if times > 1 else 60
    process, text, presses = [], [], []
    keyboard, keys = os.pipe()
    told = (begin, *TOLD[1:])[:times] + (f"NMI number {times}",)
    over = [told[-1], "all VMs are done; the run goes on"]

    def press():
        monitor = Monitor(process[0])
        monitor.do("inject-nmi")
        monitor.close()

    def listen(piece):
        text.append(piece)
        said = "".join(text)
        if len(presses) < times and told[len(presses)] in said:
            presses.append(threading.Timer(QUIET, press))
            presses[-1].start()
        if over and all(one in said for one in over):
            over.clear()
            os.write(keys, b"quit\r")

    machine = Machine(
        vmm=f"console=com1 {where.words} {policy} status=0 stay",
        exact=False,
        build=BUILD,
        modules=guests or [
            pulse("probes=uart n=3000", prio=2),
            vandal(f"do=none seconds={alive}"),
        ],
        extra=["-qmp", f"unix:{MONITOR},server=on,wait=off"],
        **{"platform": at, "board": BOARD, **where.options()},
    )
    result = machine.run(
        directory, timeout=TIMEOUT, stream=listen, started=process.append, keyboard=keyboard
    )
    os.close(keyboard)
    os.close(keys)
    return Report(result)


@pytest.fixture
def nmi_pressed(system, where, at, tmp_path):
    """Press the external NMI so often: nmi_pressed(policy, times, ...) -> Report. begin=: a text,
    after which the first one comes."""

    def press(policy, times=3, **words):
        if at in ON_QEMU:
            return by_monitor(where, at, tmp_path, policy, times, **words)
        return typed(system, policy, times, **words)

    return press


def external(report):
    return re.findall(r"^signalbox: (\w+ NMI number \d+.*)$", report.console, re.M)


@pytest.mark.parametrize("policy", ["", "nmi=log"], ids=["default", "log"])
def test_R06_an_external_nmi_is_told_apart_and_logged(nmi_pressed, chipset, policy):
    """R06: nmi=log: each one is a line and a count, none is taken for a line's, and the guests
    notice nothing."""
    report = nmi_pressed(policy)
    kind = KIND.get(chipset, "external")
    assert external(report) == [f"{kind} NMI number {n}" for n in (1, 2, 3)], report
    totals = report.record("totals")
    assert totals["external_nmis"] == 3
    assert totals["unattributed_nmis"] == (3 if kind == "unattributed" else 0)
    all_ok(report, "pulse", 5)
    all_ok(report, "vandal", 1)
    assert report.status == 0


def test_R06_an_external_nmi_may_panic(nmi_pressed, chipset):
    """R06: nmi=panic: the VMM says why it stops, and the machine ends with a status that is not
    0."""
    report = nmi_pressed("nmi=panic", times=1)
    kind = KIND.get(chipset, "external")
    assert re.search(rf"^.*panic: {kind} NMI \(nmi=panic\)", report.console, re.M), report
    assert report.result.end == "status" and report.status not in (0, None)
    assert "[vandal] vandal: 1 ok" not in report.console


def test_R06_an_external_nmi_may_go_to_a_vm(nmi_pressed, chipset):
    """R06: nmi=vm:NAME: it reaches that guest's vector 2, which vandal has no handler for: it
    says so; the other runs on."""
    report = nmi_pressed("nmi=vm:vandal", times=1)
    kind = KIND.get(chipset, "external")
    assert external(report) == [f"{kind} NMI number 1, goes to vm vandal"], report
    all_ok(report, "pulse", 5)
    assert not any(" vector 2" in text for text in report.of("pulse"))
    assert any(
        re.search(r"(vector|exception|trap) 2\b|NMI", text) for text in report.of("vandal")
    ), report


def test_R06_an_nmi_of_a_vm_s_own_ends_a_hlt_with_interrupts_off(nmi_pressed, at):
    """R06: nmi=vm:NAME: that guest may sleep with interrupts off, with another VM beside it and
    alone, and no line of its own wakes it. Each NMI does."""
    # in real time no slice may end: see by_monitor()
    prio = {"prio": 2} if at in ON_QEMU else {}
    guests = [
        vandal("do=nmihlt=2,none", "irq=0 io=0x40-0x43", **prio),
        vandal("do=none=1", name="well"),
    ]
    begin = "sleeps with interrupts off until NMIs come"
    report = nmi_pressed("nmi=vm:vandal", 2, guests=guests, begin=begin)
    all_ok(report, "vandal", 2)
    all_ok(report, "well", 1)
    report.lacks("nothing can wake it")
    assert report.status == 0


# ---- A storm of them -----------------------------------------------------------------------------


class Storm:
    """Listens to the console, asks the monitor for NMIs from the first guest on, and types quit
    once the VMM has counted so many NMIs and shown so many status lines. The run lasts as long as
    the host needs for that."""

    NMIS, STATUS_LINES = 1000, 20

    def __init__(self):
        self.process, self.begun, self.rest = [], False, ""
        self.nmis = self.status_lines = 0
        self.keyboard, self.keys = os.pipe()

    def rage(self):
        """Ask for NMIs until the machine is off."""
        monitor = Monitor(self.process[0])
        try:
            while True:
                for _ in range(STORM):
                    monitor.file.write('{"execute":"inject-nmi"}\n')
                monitor.file.flush()
                for _ in range(STORM):
                    monitor.file.readline()
        except OSError:
            monitor.socket.close()

    def enough(self):
        return self.nmis > self.NMIS and self.status_lines > self.STATUS_LINES

    def listen(self, piece):
        *lines, self.rest = (self.rest + piece).split("\n")
        before = self.enough()
        for text in lines:
            if "first guest after" in text and not self.begun:
                self.begun = True
                threading.Thread(target=self.rage, daemon=True).start()
            if number := re.search(r"unattributed NMI number (\d+)", text):
                self.nmis = int(number[1])
            self.status_lines += bool(re.match(r"\[ *\d+\.\ds\]", text))
        if self.enough() and not before:
            os.write(self.keys, b"quit\r")


@pytest.mark.only_on("qemu")
def test_R12_the_work_goes_on_through_a_storm_of_external_nmis(tmp_path):
    """R12: NMIs come at each instruction of the way into the VMM's background work, in real
    time: the status lines go on, a command is obeyed, and the work's stack has grown by
    nothing."""
    storm = Storm()
    machine = Machine(
        vmm="console=com1 chipset=pc status=20ms",
        platform="qemu",
        exact=False,
        build=BUILD,
        direct=True,
        modules=[
            vandal("do=none,hlt" if n < 4 else "do=pci", name=f"vm{n}", slice="500us")
            for n in range(64)
        ],
        extra=["-qmp", f"unix:{MONITOR},server=on,wait=off"],
    )
    report = Report(
        machine.run(
            tmp_path,
            timeout=TIMEOUT,
            stream=storm.listen,
            started=storm.process.append,
            keyboard=storm.keyboard,
        )
    )
    assert report.result.end == "status", report
    assert storm.enough() and "\n> quit" in report.console, report
    assert report.record("totals")["external_nmis"] >= storm.nmis
    assert report.record("stack", stack="work")["deepest"] < 4096, report
