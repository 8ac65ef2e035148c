# SPDX-License-Identifier: BSD-2-Clause
"""A guest that attacks, beside one that works: the attacker is logged or stopped by policy, the
worker is as when alone.

Rule: every attack runs beside scribe, whose transcript, verdicts and counts are compared with
those of its run alone.
"""

import re
import sys

import pytest

from conftest import BUILD, ROOT, all_ok, on_chipsets, pulse, scribe, vandal

sys.path.insert(0, str(ROOT / "scripts"))

import debug  # noqa: E402: make debug's script

WORK = "rounds=40"
IDLE_MOST = 3
COM2 = "irq=3 io=0x2f8-0x2ff"
where, chipset = on_chipsets("pc", "irqmux-1-bank", "soft-1-bank", "qemu-pc")
# Values that Bochs's 8259 stops the emulator for are a guest's good right: reported only.
REPORT = {"panic": {"PIC": "report"}}

# Attacks that the guest comes back from: (attack, further words, faults that are logged at least;
# on pc)
SURVIVED = [
    ("port", "", 4),
    ("memory", "", 2),
    ("pci", "", 7),
    ("vmx", "", 7),
    ("msr", "", 8),
    ("cr", "", 4),
    ("xsetbv", "", 5),
    ("call", "", 0),
    ("xsave", "", 0),
    ("debugreg", "", 0),
    ("unmask", "", 1),
    ("icw1", "", 0),
    ("reinit", COM2, 0),
    ("inservice", COM2, 0),
    ("cpuid", "", 0),
    ("vectors", "", 8),
    ("x87", "", 0),
    ("ring3", "", 0),
    ("taskswitch", "", 0),
    ("tasks", "", 0),
]
# What the leg auto plays where the vendor's answers are known from pc: what meets the chipset, and
# one of each other kind.
OF_CHIPSET = ["port", "msr", "call", "unmask", "icw1", "reinit", "inservice", "vectors", "ring3"]
in_auto = pytest.mark.by_default(
    "attack", {"irqmux-1-bank": OF_CHIPSET, "soft-1-bank": OF_CHIPSET}
)
# SVM: the processor answers these itself, as on the bare machine (QEMU 7.2, not 10.0).
BY_SVM_ITSELF = {"xsetbv"}
# QEMU's TCG ignores the upper half of a value for CR0 (docs/emulators.md).
SVM_WORDS = {"cr": "upper=0"}
# Attacks that end the guest: (attack, the reason on the console)
FATAL = [
    ("triple", "triple fault"),
    ("clihlt", "HLT with interrupts off: nothing can wake it"),
]


@pytest.fixture(scope="module")
def alone(system):
    report = system("", [scribe(WORK)])
    all_ok(report, "scribe", 5)
    return report


@pytest.fixture(scope="module")
def beside(system):
    """Boot vandal with an attack beside scribe."""

    def run(attack, words="", vmm="seconds=6", onfault="log", guest=""):
        attacker = vandal(
            f"do={attack} rounds=1000 {guest}".rstrip(), f"onfault={onfault} {words}".strip()
        )
        return system(vmm, [attacker, scribe(WORK)], log_actions=REPORT)

    return run


def as_when_alone(report, alone):
    """scribe read back the same, with the same interrupts of its disk, and found nothing wrong."""
    all_ok(report, "scribe", 5)
    assert report.transcript("scribe") == alone.transcript("scribe")
    disk = report.record("count", line=15)
    # On QEMU's pc a replay may tell the disk's line in vain (docs/limits.md).
    assert disk["idle"] <= (IDLE_MOST if report.svm else 0), disk
    assert {**disk, "handled": disk["handled"] - disk["idle"], "idle": 0} == alone.record(
        "count", line=15
    )
    rtc = report.record("count", line=8)
    assert rtc["lost"] == 0 and rtc["handled"] + rtc["merged"] == rtc["expected"]
    report.lacks("external NMI")
    report.lacks("unattributed NMI")
    report.lacks("panic")


def faults(report):
    return [
        text
        for text in report.lines
        if re.match(r"signalbox: vm vandal: fault \d+ at [0-9a-f]+: ", text)
    ]


@in_auto
@pytest.mark.parametrize(
    "attack, words, logged", SURVIVED, ids=[attack for attack, _, _ in SURVIVED]
)
def test_R01_an_attack_is_answered_and_the_neighbour_is_as_when_alone(
    beside, alone, chipset, attack, words, logged
):
    """R01: what is foreign reads as ones or faults, is logged, and costs the other VM nothing.
    Where the controller is the VM's own, nothing that it does there is a fault."""
    logged = 0 if chipset != "pc" and attack == "unmask" else logged
    report = beside(attack, words, guest=SVM_WORDS.get(attack, "") if alone.svm else "")
    if report.svm and attack in BY_SVM_ITSELF and not faults(report):
        logged = 0
    as_when_alone(report, alone)
    all_ok(report, "vandal", 1)
    assert len(faults(report)) >= logged and (logged > 0) == bool(faults(report)), report
    if attack == "reinit" and chipset == "pc":
        report.has("signalbox: vm vandal: initialised its running 8259 again, 1 time so far")
        assert report.record("vm", vm="vandal")["reinitialised"] > 1
    assert report.status == 0


@pytest.mark.parametrize("attack, reason", FATAL, ids=[attack for attack, _ in FATAL])
def test_R01_a_guest_that_cannot_go_on_stops_alone(beside, alone, attack, reason):
    """R01: a triple fault or a halt for ever ends that VM, with the reason and its registers."""
    report = beside(attack)
    as_when_alone(report, alone)
    assert len(faults(report)) == 1 and faults(report)[0].endswith(f": {reason}"), report
    report.has("signalbox: vm vandal: stopped: it cannot go on")
    assert re.search(
        r"^signalbox: vm vandal: rip [0-9a-f]+ rsp [0-9a-f]+ rflags ", report.console, re.M
    ), report
    assert report.record("vm", vm="vandal")["state"] == "failed"
    assert report.status == 1


@pytest.mark.parametrize("attack", ["spin", "hlt"])
def test_R18_a_guest_that_never_ends_takes_its_slices_and_no_more(beside, alone, attack):
    """R18: spinning with interrupts off, or halted for ever; the run's limit ends it and says
    who did not finish."""
    report = beside(attack, vmm="seconds=3")
    as_when_alone(report, alone)
    report.has("signalbox: time is up (seconds=3)")
    report.has("signalbox: vm vandal: did not finish")
    assert report.status == 1
    if attack == "spin":
        assert report.record("exits", vm="vandal")["slice"] >= (15 if report.svm else 20)


@pytest.mark.parametrize("attack", ["port", "memory", "msr"])
def test_onfault_stop_stops_at_the_first_fault(beside, alone, attack):
    """onfault=stop: the first foreign access ends the VM, before it sees an answer."""
    report = beside(attack, onfault="stop")
    as_when_alone(report, alone)
    assert len(faults(report)) == 1, report
    report.has("signalbox: vm vandal: stopped (onfault=stop)")
    assert not report.verdicts("vandal") and report.status == 1


@pytest.mark.parametrize("attack", ["port", "memory", "triple"])
def test_onfault_restart_begins_anew_and_starves_nobody(beside, alone, attack):
    """onfault=restart: the guest comes up again as it was at first, word for word; the neighbour
    gets its work done."""
    report = beside(attack, onfault="restart", vmm="seconds=4")
    as_when_alone(report, alone)
    starts = [text for text in report.of("vandal") if text.startswith("vandal: words: ")]
    assert len(starts) >= 2 and set(starts) == {f"vandal: words: do={attack} rounds=1000"}, report
    report.has("signalbox: vm vandal: restarted, number 1 (onfault=restart)")


@pytest.fixture(scope="module")
def pulse_alone(system):
    return system("", [pulse("probes=uart n=2000")])


@pytest.mark.parametrize("attack", ["unmask", "icw1", "cpuid"])
def test_R07_pulse_is_as_when_alone_beside_an_attack_on_the_controller(
    system, chipset, pulse_alone, attack
):
    """R07: whatever a guest writes to its 8259s, the other one's UART latency stays and no
    interrupt goes astray. soft: as a rule; another line's interrupt may fall into a sample, and
    exits."""
    report = system(
        "seconds=8",
        [vandal(f"do={attack} seconds=2 ms=2000"), pulse("probes=uart n=2000")],
        log_actions=REPORT,
    )
    all_ok(report, "pulse", 5)
    all_ok(report, "vandal", 1)
    said, before = report.latency("uart", "pulse"), pulse_alone.latency("uart", "pulse")
    assert said.n == before.n
    if chipset.startswith("soft"):
        assert abs(said.median - before.median) * 50 <= before.median
    else:
        assert (said.min, said.median, said.p99) == (before.min, before.median, before.p99)
    assert report.status == 0


def place(image, name):
    """The address of a symbol."""
    return next(f"{at:#x}" for at, symbol in debug.symbols(BUILD / image) if symbol == name)


def test_R18_breakpoints_are_the_guest_s_own(system):
    """R18: a breakpoint at an address where another guest or the VMM executes hits neither, and two
    guests with breakpoints of two kinds in the same slot keep apart. QEMU's processor leaves the
    breakpoints of a guest on (docs/emulators.md)."""
    there = place("guests/vandal.elf", "registers_hold")
    report = system(
        "status=0",
        [
            vandal(f"do=breakpoint={place('signalbox.elf', 'exit_cpuid')}", name="below"),
            vandal(f"do=breakpoint={there}", name="guests"),
            vandal(f"do=breakpoint={there} kind=1", name="writes"),
            vandal("do=none", name="other"),
        ],
    )
    for name in ("below", "guests", "writes", "other"):
        all_ok(report, name, 1)
