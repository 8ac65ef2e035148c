# SPDX-License-Identifier: BSD-2-Clause
"""The main job: what `make run` boots, two guests with devices of their own.

Rule: one run of the default configuration; each test looks at another of its properties.
"""

import re

import pytest

from conftest import BOARD, BUILD, ROOT, all_ok, on_chipsets, pulse, scribe, vandal
from signalbox import choose, load_config

DEFAULT = ROOT / "scripts/configs/default.cfg"
STATUS = re.compile(
    r"^\[ *(\d+\.\d)s\] pulse: (\w+), cpu \d+%, exits \d+.* \| scribe: (\w+), cpu \d+%, exits \d+"
)


FEATURES = {
    "VMX": (
        "VMX, VMCS revision",
        "EPT",
        "VPID",
        "unrestricted guest",
        "virtual NMIs",
        "preemption timer",
    ),
    "SVM": ("SVM revision", "nested paging", "ASIDs", "slices by"),
}

where, chipset = on_chipsets(
    *("pc", "irqmux", "soft", "qemu-pc", "qemu-soft", "qemu-irqmux", "q35-pc", "q35-irqmux"),
    stock=True,
)


@pytest.fixture(scope="module")
def default_run(system):
    return default_job(system)


def default_job(system, **options):
    """The configuration as it is; the realisation is the fixture's."""
    _, words, modules = load_config(DEFAULT)
    return system(words.replace("chipset=auto", "").strip(), modules, **options)


def test_R01_two_guests_with_devices_of_their_own_end_with_status_0(default_run):
    """R01: the default configuration runs to its end, both guests' own verdicts are good."""
    assert default_run.status == 0, default_run
    all_ok(default_run, "pulse", 7)
    all_ok(default_run, "scribe", 5)


def test_the_banner_names_what_was_found(default_run, chipset):
    """CPU, what its virtualisation can do, chipset realisation, and memory, before the first
    guest speaks."""
    banner = default_run.console.split("signalbox: first guest after ")[0]
    assert re.search(
        r"^signalbox: cpu: .+; 1 processor, one in use; TSC \d+ kHz$", banner, re.M
    ), banner
    virtualisation = re.search(r"^signalbox: virtualisation: (.+)$", banner, re.M)[1]
    for feature in FEATURES[virtualisation[:3]]:
        assert feature in virtualisation
    assert f"\nsignalbox: chipset: {chipset}\n" in banner
    assert re.search(
        r"^signalbox: memory: the VMM takes \d+K, \d+M are free for VMs$", banner, re.M
    ), banner
    assert "[pulse]" not in banner and "[scribe]" not in banner


def test_R02_R04_the_banner_shows_each_line_and_its_owner(default_run):
    """R02, R04: each line is routed by itself; before the first VM runs, all go to the VMM
    block."""
    banner = default_run.console.split("signalbox: first guest after ")[0]
    rows = re.findall(r"^ +(\d+)  (\S+) +(VMM block|controller) ", banner, re.M)
    assert rows == [
        (line, owner, "VMM block")
        for line, owner in (
            ("0", "pulse"),
            ("3", "pulse"),
            ("4", "vmm"),
            ("8", "scribe"),
            ("15", "scribe"),
        )
    ]


def test_the_status_line_keeps_up(default_run):
    """One status line each second of the machine's time, with both guests' states and the words
    of those that work."""
    lines = [match for match in map(STATUS.match, default_run.lines) if match]
    times = [float(match[1]) for match in lines]
    ended = default_run.record("totals")["ticks"] / tsc_per_second(default_run)
    assert len(times) == int(ended), f"{times}, ended at {ended:.1f} s"
    for n, time in enumerate(times, 1):
        assert n <= time <= n + 0.15, times
    assert all(
        re.search(r" ticks \d+\+\d+ com2 \d+ work \d+", match[0])
        for match in lines
        if match[2] == "running"
    )


def tsc_per_second(report):
    return int(re.search(r"TSC (\d+) kHz", report.console)[1]) * 1000


def test_the_final_tables(default_run):
    """Latencies, exits by reason and lines, for people and for programs, agree with what the
    guests said."""
    for probe in ("uart", "pit", "cpuid"):
        said, row = default_run.latency(probe, "pulse"), default_run.record(
            "result", vm="pulse", probe=probe
        )
        assert said.n == row["n"] == 1000 and said.unit == row["unit"]
        assert (said.min, said.median, said.p99, said.max) == (
            row["min"],
            row["median"],
            row["p99"],
            row["max"],
        )
        assert (said.interrupts, said.exits) == (row["interrupts"], row["exits"])
    for vm in ("pulse", "scribe"):
        exits = default_run.record("exits", vm=vm)
        reasons = {k: n for k, n in exits.items() if k not in ("vm", "total", "aborted-entry")}
        assert sum(reasons.values()) == exits["total"] > 0
        state = default_run.record("vm", vm=vm)
        assert state["state"] == "done" and state["status"] == 0 and state["switches"] > 50
    table = default_run.console.split("\nexits  ")[1].split("\n\n")[0]
    totals = [int(word) for word in re.search(r"^  total +(.+)$", table, re.M)[1].split()]
    assert totals == [default_run.record("exits", vm=vm)["total"] for vm in ("pulse", "scribe")]
    assert default_run.record("totals")["dropped"] == 0


def test_R11_R18_slices_and_switches_share_the_processor(default_run):
    """R11, R18: while both have work they take turns; nobody's registers suffer. A VM from which
    the VMM takes the processor to print has it back after that, once or twice for a line."""
    first, second = (default_run.record("vm", vm=vm) for vm in ("pulse", "scribe"))
    more = abs(first["switches"] - second["switches"])
    assert more <= 2 + 2 * default_run.printed(), (first, second)
    assert default_run.record("exits", vm="pulse")["slice"] > 10
    assert ("registers and sums kept across interrupts and switches", True) in default_run.verdicts(
        "pulse"
    )


def test_R08_no_line_lost_anything(default_run):
    """R08: what a line's device did and what its guest handled agree."""
    disk = default_run.record("count", line=15)
    assert disk["handled"] == disk["expected"] == 3201 and disk["lost"] == 0
    for line in (0, 8):
        count = default_run.record("count", line=line)
        assert count["handled"] + count["merged"] == count["expected"] and count["handled"] > (
            300 if default_run.svm else 400
        )
    assert default_run.record("count", line=8)["lost"] == 0


def test_two_runs_are_byte_identical(default_run, system, repeats):
    """The same input gives the same console, to the byte."""
    again = default_job(system, again="second run")
    assert again.console == default_run.console


def test_make_run_ends_with_status_0(make_run):
    """`make run` builds, boots, shows the console and ends by itself with status 0."""
    done = make_run()
    assert done.returncode == 0, done.stdout[-2000:]
    assert done.stdout.count("signalbox: end: status 0\n") == 1
    assert re.search(r"^run: the run ended with status 0 ", done.stdout, re.M)


def test_make_run_obeys_SECONDS(make_run):
    """`make run SECONDS=5`: the guests work that long, in the machine's time."""
    done = make_run(SECONDS=5)
    assert done.returncode == 0, done.stdout[-2000:]
    ticks = re.search(r"^\[pulse\] count line=0 handled=\d+ expected=(\d+) ", done.stdout, re.M)
    assert 4900 <= int(ticks[1]) <= 5300, ticks[0]


def test_make_run_of_a_run_that_does_not_end_well(make_run, platform, tmp_path):
    """The platform that was chosen is said; a guest that is not done when time is up makes the
    status non-zero."""
    config = tmp_path / "spin.cfg"
    config.write_text(
        "multiboot /boot/signalbox console=com1 seconds=1\nmodule /boot/vandal vm=v mem=2M --"
        " do=spin\n"
    )
    done = make_run(CONFIG=config)
    assert done.returncode == 2, done.stdout[-2000:]
    assert f"run: {choose(platform, BOARD)[1]}" in done.stdout
    assert "signalbox: time is up (seconds=1)\n" in done.stdout
    assert "signalbox: vm v: did not finish\n" in done.stdout


@pytest.fixture(scope="module")
def failing_run(boot):
    return boot("seconds=3", [vandal("do=nonsense"), scribe("rounds=10")])


def test_a_failing_guest_gives_a_non_zero_status(failing_run):
    """A guest whose verdict fails fails the run; the other guest's results are as ever."""
    assert failing_run.status == 1, failing_run
    failing_run.has("[vandal] vandal: 0 ok, 1 failed")
    failing_run.has("signalbox: vm vandal: done, status 1")
    failing_run.has("signalbox: vm vandal: failed")
    all_ok(failing_run, "scribe", 5)


def test_a_missing_device_fails_and_does_not_hang(boot):
    """Without its disk scribe says so and fails; pulse beside it is not concerned."""
    report = boot("seconds=5", [pulse("probes=uart n=100"), scribe()], disk=False)
    assert report.status == 1, report
    assert ("R10 the disk of the second IDE channel", False) in report.verdicts("scribe")
    all_ok(report, "pulse", 5)


def test_the_images_are_what_make_builds():
    """The VMM and the three guests are there as 32-bit multiboot images."""
    for image in ("signalbox", "guests/pulse", "guests/scribe", "guests/vandal"):
        assert (BUILD / image).read_bytes()[:5] == b"\x7fELF\x01", image
