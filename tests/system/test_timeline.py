# SPDX-License-Identifier: BSD-2-Clause
"""make trace: the timeline of a run, as JSON and as CTF.

Rule: each count of a timeline is held against a count of another origin: the console of the same
run, or what babeltrace2 reads.
"""

import functools
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import BUILD, ROOT, here
from signalbox import Machine, Module, block_times, find_records, lines, report_figures
from signalbox.archive import read_record
from signalbox.moments import Filter, FilterError, Moment, read_events, with_turns, without_com1
from signalbox.report_figures import FIGURES
from signalbox.report_runs import runs_of
from signalbox.report_timeline import at_block
from signalbox.timeline import Timeline

PULSE = "vm=pulse mem=16M irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff -- probes=uart,pit,cpuid n=200"
SCRIBE = "vm=scribe mem=16M irq=8,15 io=0x70-0x71,0x170-0x177,0x376 -- rounds=100 busy=1"
TICKS = 32  # ns of an instruction
# Instructions between the VMM's own marks of a stay and the machine's: VMRUN's surroundings.
AROUND = 400
# The look for the STI on SVM goes through the page tables of the guest: some 820 instructions.
SHADOW = 800

needs_reader = pytest.mark.skipif(
    shutil.which("babeltrace2") is None, reason="the package babeltrace2 is not installed"
)


def command(*words, timeout=200):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/timeline.py", *map(str, words)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )


def build_directory(tmp):
    """A build directory of the test's own, with the images and plugins of the session's."""
    build = tmp / "build"
    build.mkdir()
    for name in ("guests", "emulators", "signalbox", "signalbox.elf"):
        (build / name).symlink_to(BUILD / name)
    return build


@dataclass
class Traced:
    said: str
    directory: Path
    console: str
    json: dict
    platform: str

    @functools.cached_property
    def rows(self):
        """By thread: the row's name."""
        return {
            event["tid"]: event["args"]["name"]
            for event in self.json["traceEvents"]
            if event.get("name") == "thread_name"
        }

    def events(self, phase, row=None):
        return [
            event
            for event in self.json["traceEvents"]
            if event["ph"] == phase and row in (None, self.rows.get(event["tid"]))
        ]

    def records(self, kind):
        return find_records(self.console, kind)


def trace(tmp, platform, *words):
    config = tmp / "two.cfg"
    config.write_text(
        f"multiboot /boot/signalbox console=com1 status=0\n"
        f"module /boot/pulse {PULSE}\nmodule /boot/scribe {SCRIBE}\n"
    )
    build = build_directory(tmp)
    done = command("--build", build, "--platform", here(platform), "--config", config, *words)
    assert done.returncode == 0, done.stdout
    directory = build / "trace/latest"
    return Traced(
        done.stdout,
        directory,
        (directory / "console.txt").read_text(),
        json.loads((directory / "timeline.json").read_text()),
        platform,
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("qemu", marks=pytest.mark.only_on("qemu", "qemu-irqmux")),
        pytest.param("qemu-irqmux", marks=pytest.mark.only_on("qemu-irqmux")),
        pytest.param("bochs-irqmux", marks=pytest.mark.only_on("bochs-irqmux")),
    ],
)
def traced_run(request, tmp_path_factory):
    return trace(tmp_path_factory.mktemp("traced"), request.param)


@pytest.fixture(scope="module")
def read_events_of_ctf(traced_run):
    """What babeltrace2 reads: (ns, event, fields) in its order."""
    if shutil.which("babeltrace2") is None:
        pytest.skip("the package babeltrace2 is not installed")
    done = subprocess.run(
        ["babeltrace2", "--clock-seconds", "--no-delta", traced_run.directory / "ctf"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=True,
    )
    assert done.stderr == ""
    found = []
    for text in done.stdout.splitlines():
        match = re.fullmatch(r"\[(\d+)\.(\d{9})\] ([\w-]+): \{ (.*) \}", text)
        fields = dict(re.findall(r'(\w+) = ("[^"]*"|\w+)', match[4]))
        fields = {k: v.strip('"') if '"' in v else int(v, 0) for k, v in fields.items()}
        found.append((int(match[1] + match[2]), match[3], fields))
    return found


# ---- The JSON ------------------------------------------------------------------------------------


def test_each_begin_has_an_end_behind_it(traced_run):
    """In each row begins and ends take turns, and nothing goes back in time."""
    state, last = Counter(), 0.0
    for event in traced_run.json["traceEvents"]:
        if event["ph"] not in "BE":
            continue
        assert event["ts"] >= last
        last = event["ts"]
        state[event["tid"]] += 1 if event["ph"] == "B" else -1
        assert state[event["tid"]] in (0, 1), event
    assert len(state) >= 14 and set(state.values()) == {0}


def test_there_is_a_row_for_each_vm_and_each_state_of_a_line(traced_run):
    names = set(traced_run.rows.values())
    wanted = {"VM pulse", "VM scribe", "VMM", "NMI"}
    for line in (0, 3, 8, 15):
        wanted |= {f"line {line} {state}" for state in ("asserted", "routed", "delivered")}
    assert wanted | {"line 0 held", "line 8 held"} <= names
    assert not any(name.startswith("line 2 ") for name in names)


def test_the_processor_is_at_one_place(traced_run):
    """From the first exit on: each VM and the VMM have the processor in turn, without a gap."""
    spans = []
    for row in ("VM pulse", "VM scribe", "VMM"):
        begins = [event["ts"] for event in traced_run.events("B", row)]
        spans += zip(begins, [event["ts"] for event in traced_run.events("E", row)])
    spans.sort()
    assert all(left[1] == right[0] for left, right in zip(spans, spans[1:]))


def test_the_exits_are_those_of_the_report(traced_run):
    """Each turn in a VM ends with an exit that the VMM has counted; by reason, too."""
    reasons = Counter(event["args"].get("reason") for event in traced_run.events("B", "VMM"))
    said = Counter()
    for record in traced_run.records("exits"):
        total = int(record.pop("total"))
        name = record.pop("vm")
        record.pop("aborted-entry", 0)
        assert len(traced_run.events("B", f"VM {name}")) == total
        said.update({reason: int(n) for reason, n in record.items()})
    assert reasons == said


def test_a_stay_says_its_ports_and_calls(traced_run):
    stays = traced_run.events("B", "VMM")
    accesses = [stay for stay in stays if stay["args"].get("reason") == "io"]
    assert accesses and all("port" in stay["args"] for stay in accesses)
    assert all(re.fullmatch(r"(in|out) [0-9a-f]+h", stay["name"]) for stay in accesses)
    calls = [stay for stay in stays if stay["args"].get("reason") == "vmcall"]
    assert calls and all(stay["name"] == f"call {stay['args']['number']}" for stay in calls)


def test_the_vmm_s_own_times_are_the_machine_s(traced_run):
    """Both ends of a stay: the VMM's TSC and what the emulator saw differ by the instructions
    around VMRUN alone. A guest that was stopped in the shadow of an STI is rare, and has its STI
    looked for before VMRUN (svm/quirk.c)."""
    if traced_run.platform == "bochs-irqmux":
        pytest.skip("in Bochs the ends of a stay are the VMM's own marks")
    begins, ends = traced_run.events("B", "VMM"), traced_run.events("E", "VMM")
    delivered = {
        round(event["ts"] * 1000)
        for row in traced_run.rows.values()
        if row.endswith("delivered")
        for event in traced_run.events("B", row)
    }
    compared = 0
    for begin, end in zip(begins, ends):
        if "ticks" not in begin["args"] or "aborted" in begin["args"]:
            continue
        entry = round(end["ts"] * 1000)
        around = entry - round(begin["ts"] * 1000) - begin["args"]["ticks"]
        # behind the STI and the instruction in its shadow the guest takes what waits
        shadow = entry + 2 * TICKS in delivered
        assert 0 <= around <= (AROUND + shadow * SHADOW) * TICKS, begin
        compared += 1
    assert compared > 300


def test_reports_of_lines_are_those_of_the_report(traced_run):
    """The VMM's line record says how often a line was held; the last mark of the line says so
    too."""
    for record in traced_run.records("line"):
        marks = traced_run.events("i", f"line {record['irq']} held")
        assert max((mark["args"]["so far"] for mark in marks), default=0) == int(record["held"])


def test_deliveries_are_those_of_the_latencies(traced_run):
    """Each delivery is a sample of make bench CONFIG=, or is counted as unmatched there."""
    found, _ = lines.read(traced_run.directory)
    if traced_run.platform == "bochs-irqmux":  # the block's samples, as the VMM printed them
        machine = Machine(platform=traced_run.platform)
        found = block_times.parse(traced_run.console, machine)
    by_line = Counter()
    for one in found:
        if isinstance(one, block_times.BlockTimes):
            by_line[one.line] += one.histogram.n if one.name == "acknowledged" else 0
        elif one.state in ("running", "waiting"):
            by_line[one.line] += one.histogram.n
    for line, unmatched in {one.line: one.unmatched for one in found}.items():
        by_line[line] += unmatched
    rows = {name for name in traced_run.rows.values() if name.endswith("delivered")}
    assert rows == {f"line {line} delivered" for line in by_line} and len(rows) == 4
    for line, n in by_line.items():
        assert len(traced_run.events("B", f"line {line} delivered")) == n
    for record in traced_run.records("count"):
        shown = len(traced_run.events("B", f"line {record['line']} delivered"))
        assert 0 <= shown - int(record["handled"]) <= 2, record  # before the guest counts


def test_an_interrupt_of_the_running_vm_reaches_it_alone(traced_run):
    """A delivery lies inside a turn of the line's VM, while the line is routed to the VM."""
    routed = list(
        zip(
            traced_run.events("B", "line 3 routed"),
            [event["ts"] for event in traced_run.events("E", "line 3 routed")],
        )
    )
    for delivery in traced_run.events("B", "line 3 delivered"):
        assert delivery["name"] == "pulse"
        assert any(
            begin["ts"] <= delivery["ts"] <= end and begin["name"] == "pulse"
            for begin, end in routed
        ), delivery


# ---- The record and the page ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def run_of_record(traced_run):
    """The run of the record that make trace leaves for make report."""
    build = traced_run.directory.parents[1]
    return runs_of(read_record(build / "records/run.json"))[0]


def test_the_record_has_the_timeline(run_of_record, traced_run):
    """Each row of the record has the intervals and the marks of the JSON."""
    stored = run_of_record.timeline
    assert stored.whole and list(stored.rows) == list(traced_run.rows.values())
    for name in stored.rows:
        begins, ends = traced_run.events("B", name), traced_run.events("E", name)
        wanted = [
            (b["ts"], round((e["ts"] - b["ts"]) * 1000), b["name"]) for b, e in zip(begins, ends)
        ]
        found = stored.intervals(name)
        assert [(length, label) for _, length, label in found] == [w[1:] for w in wanted]
        assert len(stored.marks(name)) == len(traced_run.events("i", name))


def test_blocks_without_a_counter_have_the_timeline_s_count(run_of_record, traced_run):
    """Where the VMM counts too, the timeline's count is the same."""
    stored = run_of_record.timeline
    blocks = {
        (figure, block.number or block.box): block
        for figure, (_, found) in FIGURES.items()
        for block in found
    }

    def count(figure, name):
        return at_block(stored, figure, blocks[figure, name])[0]

    totals = traced_run.records("totals")[0]
    assert count(4, "412") == run_of_record.sum_of_exits()
    assert count(3, "¶52") == run_of_record.sum_of_exits("nmi")
    assert count(5, "560") == int(totals["switches"])
    assert 0 <= count(3, "306, 308") - run_of_record.figures.taken <= 8
    rows = {row[0]: row for row in report_figures.rows(run_of_record, 5)}
    median, longest = rows["560"][4].replace(",", "").split(" / ")
    assert 0 < float(median) <= float(longest)
    assert "no counter" not in (rows["510"][2], rows["520"][2])


# ---- The CTF -------------------------------------------------------------------------------------


def test_babeltrace2_reads_each_moment(read_events_of_ctf, traced_run):
    times = [time for time, _, _ in read_events_of_ctf]
    assert times == sorted(times)
    said = re.search(r"^trace: ([\d,]+) moments in ", traced_run.said, re.M)
    assert len(times) == int(said[1].replace(",", ""))


def test_the_ctf_agrees_with_the_console(read_events_of_ctf, traced_run):
    counts = Counter(event for _, event, _ in read_events_of_ctf)
    exits = Counter((f["vm"], f["reason"]) for _, e, f in read_events_of_ctf if e == "exit")
    for record in traced_run.records("exits"):
        name = record.pop("vm")
        del record["total"]
        assert {r: n for (vm, r), n in exits.items() if vm == name} == {
            reason: int(n) for reason, n in record.items()
        }
    assert counts["switch"] == int(traced_run.records("totals")[0]["switches"])
    served = Counter(f["line"] for _, e, f in read_events_of_ctf if e == "line")
    own = [r for r in traced_run.records("line") if r["owner"] == "vmm"]
    vmm = {int(r["irq"]): int(r["exits"]) for r in own}
    assert {line: served[line] for line in vmm} == vmm and served[4] > 0
    assert counts["machine-entry"] == counts["machine-exit"]
    assert counts["entry"] == counts["exit"]


def test_the_ctf_agrees_with_the_json(read_events_of_ctf, traced_run):
    counts = Counter((e, f["line"]) for _, e, f in read_events_of_ctf if e in ("high", "delivered"))
    for (event, line), n in counts.items():
        row = f"line {line} {'asserted' if event == 'high' else event}"
        assert len(traced_run.events("B", row)) == n


def test_a_run_in_bochs_is_the_same_with_and_without_a_timeline(traced_run, tmp_path):
    if traced_run.platform != "bochs-irqmux":
        pytest.skip("the device of Bochs alone")
    vmm, modules = "console=com1 status=0 trace=on", []
    for name, line in (("pulse", PULSE), ("scribe", SCRIBE)):
        modules.append(Module(name, f"{line} unit=instructions"))
    plain = Machine(vmm=vmm, modules=modules, platform="bochs-irqmux", build=BUILD)
    assert plain.run(tmp_path, timeout=200).console == traced_run.console


def test_turns_without_a_machine_s_exits_are_those_of_the_vmm_s_trace():
    """An entry that was taken back is no turn, and a firmware's delivery is no guest's."""
    moments = [
        Moment(1, "high", "", {"line": 0}),
        Moment(2, "delivered", "", {"line": 0}),
        Moment(3, "switch", "a", {"to": "a", "lines": 1}),
        Moment(4, "entry", "a", {"number": 9}),
        Moment(5, "exit", "a", {"reason": "aborted-entry"}),
        Moment(6, "entry", "a", {"number": 9}),
        Moment(7, "delivered", "", {"line": 0}),
        Moment(8, "in", "a", {"port": 0x60, "number": 1}),
        Moment(9, "low", "", {"line": 0}),
        Moment(9, "exit", "a", {"reason": "io"}),
    ]
    found = [(m.time, m.event, m.vm) for m in with_turns(moments)]
    added = [one for one in found if one[1].startswith("machine-")]
    assert added == [(6, "machine-entry", "a"), (8, "machine-exit", "a")]
    lines_of = [one for one in found if one[1] in ("high", "low", "delivered")]
    assert lines_of == [(1, "high", ""), (7, "delivered", "a"), (9, "low", "")]
    assert [m for m in with_turns(moments) if m in moments] == [
        m for m in moments if m.time not in (2, 7)
    ]


# ---- Filters -------------------------------------------------------------------------------------


def test_com1_can_be_left_out():
    """A stay for COM1's line alone disappears, with both its ends; another stay keeps its own."""

    def stay(time, *events):
        return [
            Moment(time, "machine-exit", "a", {}),
            Moment(time + 1, "exit", "a", {"reason": "nmi"}),
            *(Moment(time + 2, event, "", fields) for event, fields in events),
            Moment(time + 8, "entry", "a", {}),
            Moment(time + 9, "machine-entry", "a", {}),
        ]

    com1, other = ("line", {"line": 4, "lines": 16}), ("held", {"line": 0, "number": 1})
    edge = Moment(5, "high", "a", {"line": 0})
    moments = [edge, *stay(10, com1), *stay(30, com1, other), Moment(60, "low", "", {"line": 4})]
    kept = without_com1(moments)
    assert [m.time for m in kept] == [5, 30, 31, 32, 38, 39]
    assert [m.event for m in kept if m.time == 32] == ["held"]


@pytest.mark.parametrize(
    "words, left",
    [
        ("", "0123456"),
        ("vm=a", "01345"),  # no VM is meant by 3 and 4
        ("event=high vm=a", "14"),
        ("-vm=a", "2346"),
        ("line=0", "02346"),
        ("-line=0,3", "0236"),
        ("event=high", "14"),
        ("-event=high vm=a", "035"),
        ("stop=high", "01"),
        ("stop=entry>0", "0123456"),
        ("stop=nmi>0 vm=a", "013"),
        ("stop=nmi>1", "0123456"),  # never: the limit was not exceeded
        ("stop=exit>0", "0123456"),  # an exit has no number
    ],
)
def test_a_filter_keeps_what_its_words_say(words, left):
    moments = [
        Moment(0, "exit", "a", {"reason": "nmi"}),
        Moment(1, "high", "a", {"line": 3}),
        Moment(2, "exit", "b", {"reason": "nmi"}),
        Moment(3, "nmi", "", {"lines": 0, "number": 1}),
        Moment(4, "high", "", {"line": 0}),
        Moment(5, "delivered", "a", {"line": 3}),
        Moment(6, "entry", "b", {"number": 1}),
    ]
    events = [name for name, _ in read_events().events]
    chosen = Filter(words, ["a", "b"], events).apply(moments)
    assert "".join(str(m.time) for m in chosen) == left


@pytest.mark.parametrize(
    "words, message",
    [
        ("colour=red", "colour=red: no such word; there are vm=, line=, event="),
        ("vm=c", "vm=c: no vm is called 'c'; there are: a b"),
        ("line=x", "line=x: 'x' is no number of a line: 0 to 15"),
        ("line=16", "line=16: '16' is no number of a line: 0 to 15"),
        ("-line=4,99", "-line=4,99: '99' is no number of a line: 0 to 15"),
        ("stop=exits", "stop=exits: no event is called 'exits'; there are: "),
        ("stop=exit>x", "stop=exit>x: 'x' is no number"),
        ("event=exits", "event=exits: no event is called 'exits'; there are: "),
    ],
)
def test_a_bad_filter_is_named(words, message):
    with pytest.raises(FilterError, match=re.escape(message)):
        Filter(words, ["a", "b"], ["exit"])


# ---- Lines ---------------------------------------------------------------------------------------


def test_a_line_is_held_until_its_vm_has_it():
    """An edge while another VM's lines are routed: held from the edge to the switch."""
    moments = [
        Moment(10, "switch", "a", {"to": "a", "lines": 1}),
        Moment(20, "high", "a", {"line": 8}),
        Moment(25, "low", "a", {"line": 8}),
        Moment(30, "high", "a", {"line": 0}),
        Moment(40, "switch", "b", {"to": "b", "lines": 0x100}),
        Moment(50, "delivered", "b", {"line": 8}),
        Moment(55, "eoi", "b", {"line": 8}),
        Moment(60, "halt", "", {}),
    ]
    rows = Timeline({0: ["a"], 8: ["b"]}).take(moments).rows
    spans = {
        name: [(i.begin, i.end, i.label) for i in row.intervals]
        for (group, name), row in rows.items()
        if group == "lines"
    }
    assert spans["line 8 held"] == [(20, 40, "b")]
    assert spans["line 8 asserted"] == [(20, 25, "a")]
    assert spans["line 8 routed"] == [(40, 60, "b")]
    assert spans["line 8 delivered"] == [(50, 55, "b")]
    assert spans["line 0 routed"] == [(10, 40, "a")]
    assert spans["line 0 held"] == []


# ---- Messages ------------------------------------------------------------------------------------


@pytest.mark.only_on("qemu", "qemu-irqmux")
def test_what_cannot_be_traced_is_said(tmp_path):
    build = build_directory(tmp_path)
    bare = tmp_path / "bare.cfg"
    bare.write_text("multiboot /boot/pulse probes=uart n=10\n")
    done = command("--build", build, "--platform", "qemu", "--config", bare)
    assert done.returncode == 1
    assert "a bare machine has no VMM whose trace could be drained" in done.stdout
    done = command("--build", build, "--platform", "qemu", "--filter", "vm=nobody")
    assert done.returncode == 1
    assert done.stdout == (
        "trace: FILTER: vm=nobody: no vm is called 'nobody'; there are: pulse scribe\n"
    )
