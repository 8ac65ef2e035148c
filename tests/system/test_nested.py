# SPDX-License-Identifier: BSD-2-Clause
"""Nested KVM in the emulator: QEMU's machine with SVM boots Linux, whose KVM runs Signalbox with
pulse and scribe (docs/nested-kvm.md); and the scripts that make that machine and judge it.

Rule: one boot of the outer machine plays the quick runs. `make test-nested` plays all runs, on both
vendors.
"""

import gzip

import pytest

from conftest import BUILD
from signalbox import Machine, find_records, parse_latencies
from signalbox.nested import (
    FULL,
    QUICK,
    VENDORS,
    command_of,
    consoles,
    medians,
    numbers,
    outer_machine,
    problems,
    table,
)
from signalbox.nested_image import Tree, base, libraries, own
from signalbox.qemu import executable

PACKAGES = BUILD / "nested"
on_qemu = pytest.mark.only_on("qemu-irqmux")

# ---- The run -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nested_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("nested")
    machine = outer_machine(QUICK, "svm", PACKAGES, BUILD, directory)
    result = machine.run(directory, timeout=1800)
    assert result.ok, result.explain(tail=40)
    return result.console


@on_qemu
def test_R20_signalbox_runs_under_nested_kvm(nested_run):
    """R20: on KVM's own chips and on the block every verdict is good, no interrupt is lost, and
    pulse's own interrupts cost no exit of Signalbox."""
    assert problems(nested_run, QUICK, "svm") == [], nested_run[-4000:]


@on_qemu
def test_R20_kvm_nests(nested_run):
    """R20: the outer KVM enters the guests of Signalbox, and no guest of a plain guest."""
    entries = {
        name: numbers(console, "kvm")[0]["nested_run"]
        for name, console in consoles(nested_run).items()
    }
    assert entries["plain"] == 0 and entries["pc"] > 100 and entries["irqmux"] > 100, entries


@on_qemu
def test_R10_the_block_leaves_the_mask_to_the_guest(nested_run):
    """R10: on irqmux a write to the guest's own mask is no exit of Signalbox; on pc each is."""
    masks = {
        name: latency.exits
        for name, console in consoles(nested_run).items()
        for latency in parse_latencies(console)
        if latency.vm == "pulse" and latency.probe == "mask"
    }
    assert masks["irqmux"] == 0 and masks["pc"] >= 100, masks


@on_qemu
def test_R08_scribe_reads_the_same_on_both(nested_run):
    """R08: what scribe reads back does not depend on who realises the block."""
    said = [
        [text for text in consoles(nested_run)[name].splitlines() if "scribe: transcript" in text]
        for name in ("pc", "irqmux")
    ]
    assert said[0] == said[1] and len(said[0]) == 1


# ---- The judge -----------------------------------------------------------------------------------

LATENCY = (
    "lat probe={} unit=instructions n=100 min={m} median={m} p99={m} max={m} interrupts=100"
    " exits={e}"
)


def latencies(prefix, way, exits=0):
    return [
        prefix + LATENCY.format(probe, m=way, e=exits if probe == "mask" else 0)
        for probe in ("uart", "mask", "pit", "cpuid")
    ]


def count(prefix, line, handled=100, expected=100, rest="lost=0"):
    return f"{prefix}count line={line} handled={handled} expected={expected} {rest}"


def console_of(name, lines):
    begin, end = f"nested: run {name} begins at 1.00", f"nested: run {name} ended at 2.50"
    return [begin, *(f"{name}| {text}" for text in lines), end]


def good():
    """What a good machine says of two runs."""
    plain = [*latencies("", 10000), count("", 0, rest="merged=0 twice=0 lost=0"), "end: status 0"]
    pc = latencies("[pulse] ", 11000, exits=100)
    pc += [count("[pulse] ", 0, 90, 100, "merged=10 twice=0 lost=0")]
    pc += [count("[scribe] ", 8, rest="merged=0 lost=0 idle=0"), count("[scribe] ", 15)]
    pc += ["[pulse] R10 the timer's interrupts are taken ... ok"]
    pc += ["line irq=3 owner=pulse exits=0 held=0 injected=0 wakeups=0"]
    pc += ["signalbox: end: status 0", "kvm exits=900 nested_run=70"]
    return "\n".join(console_of("plain", plain) + console_of("pc", pc) + ["end: status 0"])


RUNS = {name: QUICK[name] for name in ("plain", "pc")}


def test_a_good_machine_has_no_problem():
    """The console above, and its table: medians, exits per interrupt, times, KVM's counts."""
    assert problems(good(), RUNS, "svm") == []
    rows = table(good()).splitlines()
    assert rows[1].split() == ["plain", *["10,000"] * 4, "0.000", "1.50", "s", "0", "0"]
    assert rows[2].split() == ["pc", *["11,000"] * 4, "0.000", "1.50", "s", "900", "70"]


@pytest.mark.parametrize(
    "before, after, problem",
    [
        ("signalbox: end: status 0", "signalbox: end: status 1", "pc: verdict ['1'], and status 0"),
        ("signalbox: end: status 0", "", "pc: verdict [], and status 0"),
        ("plain| end: status 0", "plain| end: status 2", "plain: verdict ['2']"),
        ("taken ... ok", "taken ... FAILED", "pc: [pulse] R10 the timer's interrupts"),
        ("handled=90", "handled=89", "pc: line 0: 99 interrupts for 100"),
        ("merged=10 twice=0 lost=0", "merged=10 twice=0 lost=1", "pc: line 0: 1 lost, 0 twice"),
        ("merged=10 twice=0", "merged=10 twice=3", "pc: line 0: 0 lost, 3 twice"),
        ("idle=0", "idle=3", "pc: line 8: 3 interrupts without a cause"),
        ("[pulse] R10", "[scribe] count spurious=3\npc| [pulse] R10", "pc: 3 spurious interrupts"),
        ("line=15", "line=14", "pc: no count of the lines [15]"),
        ("exits=0 held=0", "exits=1 held=0", "pc: line 3: {"),
        ("injected=0", "injected=1", "pc: line 3: {"),
        ("probe=cpuid", "probe=cpu", "plain: probes ["),
        ("median=11000", "median=12501", "pc: UART 12501 instructions, and 10000 in a plain guest"),
        ("nested: run pc begins", "nested: walk pc begins", "pc: did not begin"),
        ("nested: run pc begins", "nested: problem: kvm\nnested: run pc begins", "problem: kvm"),
    ],
)
def test_whatever_is_wrong_is_said(before, after, problem):
    """One thing changed in a good console: the problem names the run and what is wrong."""
    text = good().replace(before, after)
    assert text != good()
    assert any(found.startswith(problem) for found in problems(text, RUNS, "svm"))


def test_what_vmx_does_not_excuse():
    """QEMU's processor delivers an injected interrupt twice now and then; Bochs's never does."""
    text = good().replace(
        "handled=100 expected=100 merged=0 lost=0 idle=0",
        "handled=101" " expected=100 merged=0 lost=0 idle=1",
    )
    assert problems(text, RUNS, "svm") == []
    assert problems(text, RUNS, "vmx") == ["pc: line 8: 1 interrupts without a cause"]
    text = good().replace("[pulse] R10", "[scribe] count spurious=2\npc| [pulse] R10")
    assert problems(text, RUNS, "svm") == []
    assert problems(text, RUNS, "vmx") == ["pc: 2 spurious interrupts"]


def test_a_lone_vm_has_no_exit_for_its_interrupts():
    """R10: alone, no probe of interrupts counts an exit, and on the block no write to the mask."""
    text = good().replace("pc", "irqmux-alone").replace("plain", "pc-alone")
    runs = {name: FULL[name] for name in ("pc-alone", "irqmux-alone")}
    assert problems(text, runs, "svm") == ["irqmux-alone: probe mask: 100 exits"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_kvm_that_drops_a_capability_has_to_be_refused(vendor):
    """The VMM names what is missing and ends with status 1; anything else is a problem."""
    runs = {"no-paging": FULL["no-paging"]}
    said = f"signalbox: {FULL['no-paging'].refuse[vendor]}: and so on"
    lines = console_of("no-paging", [said, "signalbox: end: status 1"])
    assert problems("\n".join(lines), runs, vendor) == []
    assert problems("\n".join(lines).replace("lacks", "has"), runs, vendor)
    assert problems("\n".join(lines).replace("status 1", "status 0"), runs, vendor)


# ---- The image -----------------------------------------------------------------------------------


def members(archive):
    """By name, mode and content of each member of an archive (linux.py)."""
    found, at = {}, 0
    while at < len(archive):
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110 : at + 110 + fields[11] - 1].decode()
        at += -(-(110 + fields[11]) // 4) * 4
        found[name] = (fields[1], archive[at : at + fields[6]])
        at += -(-fields[6] // 4) * 4
    return found


def test_directories_come_before_what_they_hold():
    """The kernel makes no directory that has no member of its own."""
    tree = Tree()
    tree.file("/usr/share/x", b"text")
    assert list(members(tree.archive())) == ["usr", "usr/share", "usr/share/x", "TRAILER!!!"]


@on_qemu
def test_the_image_holds_the_installed_qemu(monkeypatch, tmp_path):
    """Made once and kept: QEMU with all that it loads, KVM's modules, and the first program."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    packed = base(PACKAGES)
    found = members(gzip.decompress(packed))
    for path in [executable(), *libraries(executable()), "/init", "/nested/kvm-amd.ko"]:
        assert found[path[1:]][1], path
    kept = list((tmp_path / "signalbox" / "nested").iterdir())
    assert len(kept) == 1 and kept[0].read_bytes() == packed == base(PACKAGES)


@on_qemu
def test_the_runs_have_the_platforms_own_commands():
    """A run of the nested machine has the platform's command, with the words of the run alone."""
    command, files = command_of("irqmux", QUICK["irqmux"], "svm", BUILD)
    line = " ".join(command)
    assert "-accel kvm,kernel-irqchip=off -cpu host,kvm-asyncpf-int=off,kvm-asyncpf=off" in line
    assert line.endswith("-device irqmux") and len(files) == 2
    command, _ = command_of("no-paging", FULL["no-paging"], "vmx", BUILD)
    assert "-accel kvm,kernel-irqchip=on -cpu host,-vmx-ept " in " ".join(command)
    found = members(own({"a": command}, files, "kvm-amd nested=1"))
    assert found["nested/order"][1] == b"a\n"
    assert found["nested/modules"][1].splitlines()[-1] == b"kvm-amd nested=1"
    assert all(str(path)[1:] in found for path in files)
    assert found["nested/runs/a"][1].startswith(b"cd /run/a\nexec ")


def test_an_instruction_is_a_tick():
    """The guests' words say so, and so does the outer machine."""
    options, _ = VENDORS["svm"]
    assert Machine(**options).unit == "unit=instructions ticks=1"
    assert medians(good()) == {}  # lines of runs are no records of the outer machine
    assert not find_records(good(), "kvm")
