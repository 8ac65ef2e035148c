# SPDX-License-Identifier: BSD-2-Clause
"""What the system tests share: machines to boot, each run once, and the guests' module lines.

Rule: a run is deterministic, so one description is booted once in a session, whatever number of
tests look at its result.
"""

import fcntl
import functools
import hashlib
import os
import pickle
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from signalbox import (
    Machine,
    Module,
    PlatformError,
    choose,
    find_records,
    parse_latencies,
)  # noqa: E402
from signalbox.media import spare  # noqa: E402
from signalbox.platforms import MODEL, ON_KVM, ON_QEMU  # noqa: E402
from signalbox.qemu import executable as qemu_executable  # noqa: E402
from signalbox.qemu import may_be_exact  # noqa: E402

from cpu_times import CpuTimes  # noqa: E402

BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
# As make takes it: the path to the tree may have blanks, and this one has none then.
BUILD_FOR_MAKE = os.path.relpath(BUILD, ROOT)
IPS = int(os.environ.get("IPS", "20000000"))
PLATFORM = os.environ.get("PLATFORM", "auto")
BOARD = os.environ.get("BOARD", "pc")
# Seconds of real time; a machine that is slower than this by far hangs.
TIMEOUT = 240


# The leg whose tests a session plays: on the RTL, those of the machine with the block's model.
LEG = MODEL.get(PLATFORM, PLATFORM)

# Where the firmware puts the chipset block's registers.
WINDOW = 0xFEBF1000 if LEG in ("qemu-irqmux", "kvm-irqmux") else 0xC0000000


def here(platform):
    """The platform of this session that a test's word for a platform means."""
    return PLATFORM if platform == LEG else platform


@functools.cache
def qemu_release():
    """The version of QEMU that is installed, as numbers: (7, 2, 22)."""
    command = [qemu_executable(), "--version"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(int(n) for n in re.search(r"version (\d+)\.(\d+)\.(\d+)", said).groups())


# What a fixture needs: one of these platforms.
NEEDS = {"exact": ("bochs",), "irqmux": ("bochs-irqmux", "qemu-irqmux", "kvm-irqmux")}


def pytest_addoption(parser):
    parser.addoption(
        "--cpu-times", action="store_true", help="show the CPU seconds of files and dearest tests"
    )


def pytest_configure(config):
    """A platform that cannot be had is said at once."""
    if config.getoption("cpu_times"):
        config.pluginmanager.register(CpuTimes())
    try:
        choose("bochs" if PLATFORM == "auto" else PLATFORM, "pc" if PLATFORM == "auto" else BOARD)
    except PlatformError as problem:
        raise pytest.UsageError(str(problem)) from problem


def pytest_report_header():
    board = f", board {BOARD}" if PLATFORM in ON_QEMU else ""
    return f"PLATFORM={PLATFORM}{board}: tests of other platforms are left out (docs/testing.md)"


def elsewhere(item):
    """Whether a test is another platform's: it needs that one, or is there already under another
    name (on_chipsets)."""
    needed = [mark.args for mark in item.iter_markers("only_on")]
    needed += [platforms for fixture, platforms in NEEDS.items() if fixture in item.fixturenames]
    return (
        any(LEG not in ("auto", *platforms) for platforms in needed)
        or any(item.iter_markers("elsewhere"))
        or played_in_its_leg(item)
    )


def played_in_its_leg(item):
    """Whether the leg auto leaves this to the leg of its platform: by_default(parameter, {name of
    the realisation: values that auto plays there, ...}). A realisation that the mark does not name
    plays all. (docs/testing.md)"""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    marks = [mark.args for mark in item.iter_markers("by_default")] if PLATFORM == "auto" else []
    return any(
        given[parameter] not in values[given["where"]]
        for parameter, values in marks
        if given["where"] in values
    )


@pytest.hookimpl(tryfirst=True)  # before the plugin that reads the groups
def pytest_collection_modifyitems(config, items):
    """What is another platform's is left out: a skip is an emulator's defect. Tests that look at
    the same run go to the same worker: a run's fixture is named ..._run."""
    left_out = [item for item in items if elsewhere(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not elsewhere(item)]
    for item in items:
        runs = sorted(name for name in item.fixturenames if name.endswith("_run"))
        where = item.callspec.params.get("where", "") if hasattr(item, "callspec") else ""
        if calls_make(item):  # before a group of its own: make's lock lets one test in at a time
            item.add_marker(pytest.mark.xdist_group("make"), append=False)
        elif runs:
            item.add_marker(pytest.mark.xdist_group(f"{item.module.__name__}.{runs[0]}.{where}"))
    items.sort(key=lambda item: not calls_make(item))  # the longest group begins first


def calls_make(item):
    return not {"make", "make_run"}.isdisjoint(item.fixturenames)


# ---- Module lines --------------------------------------------------------------------------------


def line(name, words, guest):
    return f"vm={name} {words} -- {guest}".strip()


def pulse(guest="", words="", prio=1, name="pulse", slice="5ms"):
    """PIT and COM2."""
    own = f"mem=16M prio={prio} slice={slice} irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff {words}".strip()
    return Module("pulse", line(name, own, f"unit=instructions {guest}"))


def scribe(guest="", words="", prio=1, name="scribe", slice="5ms"):
    """RTC and the second IDE channel's disk."""
    own = (
        f"mem=16M prio={prio} slice={slice} irq=8,15 io=0x70-0x71,0x170-0x177,0x376 {words}".strip()
    )
    return Module("scribe", line(name, own, guest))


def vandal(guest="", words="", prio=1, name="vandal", mem="2M", slice="5ms"):
    """Owns nothing but what words give it."""
    return Module(
        "vandal", line(name, f"mem={mem} prio={prio} slice={slice} {words}".strip(), guest)
    )


# A run waits for a person who has typed when all VMs are done (vmm/core/ending.h), unless somebody
# ends the run.
QUITS = (r"^signalbox: all VMs are done; the run goes on", "quit\r")


# ---- What a console says -------------------------------------------------------------------------


class Report:
    """A run's result, with its lines as figures."""

    def __init__(self, result):
        self.result = result
        self.console = result.console
        self.lines = result.console.splitlines()
        self.ok = result.ok
        self.status = result.status

    def __repr__(self):
        return self.result.explain(tail=40)

    @property
    def svm(self):
        """Whether the VMM found SVM, not VMX."""
        return "\nsignalbox: virtualisation: SVM" in self.console

    def records(self, kind, **wanted):
        """Lines of a kind as dictionaries; wanted: only those where these words have these
        values."""
        found = find_records(self.console, kind)
        return [r for r in found if all(r.get(key) == str(value) for key, value in wanted.items())]

    def record(self, kind, **wanted):
        """The one line of a kind; figures as numbers."""
        found = self.records(kind, **wanted)
        assert len(found) == 1, f"{len(found)} lines '{kind}' with {wanted}\n{self!r}"
        return {key: int(value) if value.isdigit() else value for key, value in found[0].items()}

    def latency(self, probe, vm=None):
        found = [
            r for r in parse_latencies(self.console) if r.probe == probe and vm in (None, r.vm)
        ]
        assert len(found) == 1, f"{len(found)} results of probe {probe}\n{self!r}"
        return found[0]

    def of(self, vm):
        """What a VM printed, without the prefix."""
        prefix = f"[{vm}] "
        return [text[len(prefix) :] for text in self.lines if text.startswith(prefix)]

    def printed(self):
        """How many lines were printed while VMs ran. For each the VMM takes the processor from a VM
        once or twice, for a portion of its background work."""
        after = self.console.split("signalbox: first guest after ")[1]
        return after.split("\n\n  vm  ")[0].count("\n")

    def verdicts(self, vm=None):
        """A guest's own verdicts: list of (text, whether ok)."""
        lines = self.of(vm) if vm else self.lines
        return [
            (text.split(" ... ")[0], text.endswith(" ... ok")) for text in lines if " ... " in text
        ]

    def transcript(self, vm=None):
        """scribe's checksum of all that it read back."""
        lines = self.of(vm) if vm else self.lines
        found = [text.split()[-1] for text in lines if text.startswith("scribe: transcript ")]
        assert len(found) == 1, f"{len(found)} transcripts\n{self!r}"
        return found[0]

    def has(self, text):
        """Assert that a line is exactly this."""
        assert text in self.lines, f"no line '{text}'\n{self!r}"

    def lacks(self, part):
        """Assert that no line holds this."""
        assert part not in self.console, f"'{part}' is there\n{self!r}"


def all_ok(report, vm, count):
    """A guest has given exactly so many verdicts, all of them good, and ended with status 0
    (under the VMM)."""
    verdicts = report.verdicts(vm)
    assert verdicts and all(ok for _, ok in verdicts), f"{verdicts}\n{report!r}"
    assert len(verdicts) == count, f"{verdicts}\n{report!r}"
    report.has(f"signalbox: vm {vm}: done, status 0")


# ---- Runs ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def platform():
    """Where a test runs that names no platform: the emulator whose figures are exact, or what
    PLATFORM says."""
    return "bochs" if PLATFORM == "auto" else PLATFORM


@pytest.fixture(scope="session")
def exact():
    """For tests that count instructions of stock Bochs, or that describe the machine to it
    (NEEDS)."""


@pytest.fixture
def repeats(at):
    """For tests that need a run to repeat to the byte."""
    if at in ON_KVM:
        pytest.skip("KVM's time is the host's")
    if at.startswith("qemu") and not may_be_exact():
        pytest.skip(
            "QEMU repeats to the byte for who may use real-time priorities (docs/measuring.md)"
        )


@pytest.fixture(scope="session")
def irqmux():
    """The platform that has the chipset block (NEEDS): boot(..., platform=irqmux)."""
    return {"auto": "bochs-irqmux"}.get(PLATFORM, PLATFORM)


@pytest.fixture(scope="session")
def ored():
    """For tests with two devices on one line: ored(platform)."""

    def check(platform):
        if platform in ON_QEMU:
            pytest.skip(
                "QEMU does not OR the devices of an ISA line, the last one's word holds "
                "(test_qemu_platform.py: test_two_uarts_on_one_line_are_not_ored)"
            )

    return check


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """A directory that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "runs"
    directory.mkdir(exist_ok=True)
    return directory


def in_vain(machine, module):
    """Where QEMU's 8259s keep what a device took back, and soft tells it; or where pc's replay
    of a controller's state cannot tell what ICW1 dropped, and every line that may have asserted
    is told, and in real time at any moment (docs/limits.md; test_differential.py:
    test_qemu_still_has, edge-stays and init-forgets). That is no failure of a guest's, which
    says how many interrupts had no cause."""
    vmm = machine.vmm or ""
    words = (" base=", "do=reinit", "do=campaign", "onfault=restart")
    replays = any(word in m.line for word in words for m in machine.modules)
    told = ("chipset=soft" in vmm and module.image.endswith("scribe")) or (
        "chipset=pc" in vmm and (replays or not machine.exact)
    )
    return (
        " idle=1"
        if machine.platform.startswith("qemu") and told and not module.image.endswith("vandal")
        else ""
    )


@pytest.fixture(scope="session")
def boot(platform, runs):
    """Boot a machine, or take what the same boot gave before: boot(vmm words or None, modules,
    **Machine) -> Report."""

    def run(vmm, modules, again="", timeout=TIMEOUT, grace=15, **options):
        words = vmm if vmm is None or "console=" in vmm else f"console=com1 {vmm}".strip()
        place = here(options.get("platform", platform))
        # QEMU's own loader takes half a second less of a CPU than the firmware's CD and GRUB.
        direct = place in ON_QEMU and "iso" not in options
        machine = Machine(
            vmm=words,
            modules=modules,
            ips=IPS,
            build=BUILD,
            **{"board": BOARD, "direct": direct, **options, "platform": place},
        )
        machine.modules = [
            replace(m, line=m.line.replace("unit=instructions", machine.unit) + in_vain(machine, m))
            for m in modules
        ]
        directory = runs / hashlib.sha256((repr(machine) + again).encode()).hexdigest()[:20]
        directory.mkdir(exist_ok=True)
        with open(directory / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = directory / "result.pickle"
            if not kept.exists():
                result = machine.run(directory, timeout=timeout, grace=grace)
                if result.ok:
                    spare(directory)
                kept.write_bytes(pickle.dumps(result))
            return Report(pickle.loads(kept.read_bytes()))

    return run


@dataclass(frozen=True)
class Where:
    """A realisation of the chipset block: the VMM's words, and the platform that has what they
    need (None: the session's; in the leg auto, the platform by_default where one is named)."""

    name: str
    words: str
    platform: str | None = None
    board: str | None = None
    by_default: str | None = None

    def missing(self):
        """Whether this session has no such platform."""
        return PLATFORM not in ("auto", self.options().get("platform", PLATFORM))

    def options(self):
        """For Machine."""
        moved = self.platform == "bochs-irqmux" and LEG.endswith("-irqmux")
        platform = self.by_default if PLATFORM == "auto" and self.by_default else self.platform
        where = {} if platform is None else {"platform": here(LEG if moved else platform)}
        return {**where, **({"board": self.board} if self.board else {})}

    def machine(self):
        """What its runs are, so that two names of the same are known."""
        return {"words": self.words, "platform": PLATFORM, "board": BOARD, **self.options()}


# By the name that stands in a test's brackets. The first six are what they are on the session's
# platform, by default Bochs; the others are QEMU's. soft's own pair of 8259s is the same on both
# Bochs, and a run on Bochs 3.0 takes half of the time that stock Bochs's debugger takes.
CHIPSETS = {
    "default": Where("", ""),
    "pc": Where("pc", "chipset=pc"),
    "irqmux": Where("irqmux", "chipset=irqmux", "bochs-irqmux"),
    "irqmux-1-bank": Where("irqmux-1-bank", "chipset=irqmux banks=1", "bochs-irqmux"),
    "soft": Where("soft", "chipset=soft", by_default="bochs-irqmux"),
    "soft-1-bank": Where("soft-1-bank", "chipset=soft banks=1", by_default="bochs-irqmux"),
    "qemu": Where("", "", "qemu", "pc"),
    "q35": Where("", "", "qemu", "q35"),
    "qemu-pc": Where("pc", "chipset=pc", "qemu", "pc"),
    "qemu-soft": Where("soft", "chipset=soft", "qemu", "pc"),
    "q35-pc": Where("pc", "chipset=pc", "qemu", "q35"),
    "q35-soft": Where("soft", "chipset=soft", "qemu", "q35"),
    "qemu-irqmux": Where("irqmux", "chipset=irqmux", "qemu-irqmux", "pc"),
    "qemu-irqmux-1-bank": Where("irqmux-1-bank", "chipset=irqmux banks=1", "qemu-irqmux", "pc"),
    "q35-irqmux": Where("irqmux", "chipset=irqmux", "qemu-irqmux", "q35"),
}


def in_bochs_3(place):
    """pc, which auto then plays in Bochs 3.0; any other place as it is."""
    return replace(place, by_default="bochs-irqmux") if place == CHIPSETS["pc"] else place


def on_chipsets(*names, by_default=None, stock=False):
    """A module that says `where, chipset = on_chipsets(...)` has its tests of the fixture system
    run on each of these; chipset is the realisation's name, wherever it runs. The leg auto plays
    those of by_default alone, where the property is one of a vendor or of a kind of chipset. auto
    plays pc in Bochs 3.0, which takes less than half of stock Bochs's time, but where stock is
    true."""

    def place_of(name):
        return CHIPSETS[name] if stock else in_bochs_3(CHIPSETS[name])

    machines, params = [], []
    for name in names:
        place = place_of(name)
        left = PLATFORM == "auto" and by_default is not None and name not in by_default
        known = left or place.missing() or place.machine() in machines
        machines.append(place.machine())
        params.append(pytest.param(name, marks=[pytest.mark.elsewhere] if known else []))

    def where(request):
        return place_of(request.param)

    def chipset(where):
        return where.name

    return pytest.fixture(scope="module", params=params)(where), pytest.fixture(scope="module")(
        chipset
    )


@pytest.fixture(scope="module")
def at(where, platform):
    """The platform that the module's realisation runs on here."""
    return where.options().get("platform", platform)


@pytest.fixture(scope="module")
def bare(boot, where):
    """A guest without VMM, there: bare(module, **Machine)."""
    return lambda module, **options: boot(None, [module], **{**where.options(), **options})


@pytest.fixture(scope="module")
def system(boot, where):
    """boot(), on the realisation that the module's fixture chipset names."""

    def run(vmm, modules, **options):
        return boot(f"{where.words} {vmm}".strip(), modules, **{**where.options(), **options})

    return run


# Variables of make's that would reach a make that a test starts: make exports those of its command
# line. The user's tools (PYTHON, NEWLIB) and NO_SETUP are for the test's make, too.
OF_MAKE = (
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "BUILD", "PLATFORM", "BOARD", "IPS"),
    *("MEMORY", "CONFIG", "VIEW", "SECONDS", "TIMEOUT", "TESTS", "JOBS", "COMBOS", "COUNTS"),
    *("MINUTES", "SOAK", "REPEAT", "SEED", "QUICK", "VENDORS", "RUNS", "TIMES", "V"),
)


def without(names):
    """The environment with none of these variables."""
    return {name: value for name, value in os.environ.items() if name not in names}


@pytest.fixture(scope="session")
def make(runs):
    """make with this session's build directory, one at a time: make(target, **variables) ->
    CompletedProcess."""

    def run(target, timeout=TIMEOUT, **variables):
        # Relative: make takes no blank in a file's name, and the tree may have one in its path.
        command = ["make", target, f"BUILD={BUILD_FOR_MAKE}"]
        command += [f"{name}={value}" for name, value in variables.items()]
        with open(runs / "make.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return subprocess.run(
                command,
                cwd=ROOT,
                env=without(OF_MAKE),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                check=False,
            )

    return run


@pytest.fixture(scope="session")
def make_run(make, platform):
    """make run, on this session's platform and board: make_run(**variables) -> CompletedProcess."""
    return lambda **variables: make("run", **{"PLATFORM": platform, "BOARD": BOARD, **variables})
