# SPDX-License-Identifier: BSD-2-Clause
"""The console on COM1, typed at while guests run.

Rule: keys arrive as real interrupts of line 4, which belongs to the VMM (R14); what was typed is
one command, or is edited away.
"""

import re
import subprocess

import pytest

from conftest import CHIPSETS, ROOT, all_ok, in_bochs_3, on_chipsets, scribe, vandal

where, chipset = on_chipsets(
    *("pc", "irqmux", "soft", "qemu-pc"),
    by_default=("pc", "soft", "qemu-pc"),
)
DONE = r"signalbox: vm scribe: done, status 0"
# (what the console must have said, what is typed then)
TYPED = [
    (DONE, "help\r"),
    (r"end the run", "vms\r"),
    (r"^  scribe +done", "lines\r"),
    (r"^ +15  scribe", "exits\r"),
    (r"^  total", "lat\r"),
    (r"no guest has measured", "trace 5\r"),
    (r"(?:^ .*\n){5}", "frobnicate\r"),
    (r"no such command", "helpp\x7f\x08p\x03vms 1\r"),
    (r"too many words", "linez\x08s\r"),
    (r"^ +15  scribe", "stop\r"),
    (r"stop: which one", "stop nobody\r"),
    (r"there is no vm nobody", "stop vandal\r"),
    (r"^vm vandal: stopped$", "stop vandal\r"),
    (r"is stopped already", "start vandal\r"),
    (r"^vm vandal: started$", "restart scribe\r"),
    (DONE, "log\r"),
    (r"Signalbox .*\n(?:.*\n)*signalbox: vm scribe: done", "trace 0\r"),
    (r"give a number from", "trace stop on entry > 100\r"),
    (r"^signalbox: the trace has stopped", "trace 3\r"),
    (r"^ +ticks .*\n(?:^ .*\n){3}", "trace off\r"),
    (r"^trace: off$", "stop vandal\r"),
    (r"^vm vandal: stopped$", "quit\r"),
]


# The machine's time flies while everybody sleeps, and who types takes the host's: no typing comes
# near this limit.
LIMIT = "stay status=0 seconds=3600"


@pytest.fixture(scope="module")
def typed_run(system):
    return system(LIMIT, [vandal("do=spin"), scribe("rounds=10")], type_in=TYPED)


def verdict_of(report):
    """What is said of the VMs at the end: the lines before the last tables."""
    said = report.console.split("\n\n  vm               state ")[0].splitlines()
    return [text for text in said[said.index("> quit") :] if text.startswith("signalbox: vm ")]


def after(report, pattern):
    """The console's text after the first match of a pattern."""
    match = re.search(pattern, report.console, re.M)
    assert match, f"no {pattern}\n{report!r}"
    return report.console[match.end() :]


def test_quit_ends_the_run(typed_run):
    """quit ends the run long before its limit; a VM that the operator stopped has not failed."""
    assert typed_run.result.end == "status" and typed_run.status == 0, typed_run
    typed_run.lacks("time is up")
    assert verdict_of(typed_run) == ["signalbox: vm vandal: stopped by the operator"]
    assert typed_run.record("vm", vm="vandal")["state"] == "stopped"
    assert "status" not in typed_run.record("vm", vm="vandal")


COMMANDS = "help status vms lines exits lat times trace stop start restart keys nmi log".split()
COMMANDS += ["stay", "version", "quit"]


def test_help_lists_each_command(typed_run):
    """Each command has a line of its own in the list."""
    listed = re.findall(r"^  (\w+) +(?:NAME|\[\w+\])? +\S.*$", after(typed_run, DONE), re.M)
    assert listed[: len(COMMANDS)] == COMMANDS, typed_run


def test_the_tables_show_vms_lines_exits_and_latencies(typed_run):
    """vms, lines, exits, lat: each shows what it is for, while a guest runs."""
    text = after(typed_run, r"end the run")
    assert re.search(r"^  vandal +(running|ready) +1 +2048K .*$", text, re.M), typed_run
    assert re.search(r"^  scribe +done +1 +16384K +\d+ +\d+ +\d+  8,15$", text, re.M), typed_run
    assert re.search(r"^ +4  vmm +VMM block ", text, re.M), typed_run
    assert re.search(r"^  slice +\d+ +\d+$", text, re.M), typed_run
    assert "no guest has measured anything yet" in text


def test_trace_shows_the_last_events_with_their_ticks(typed_run):
    """trace N shows N entries, each with its TSC stamp, oldest first."""
    text = after(typed_run, r"no guest has measured anything yet\n")
    rows = re.findall(r"^ +(\d+) +\+(\d+)  (\S+) +(\S+) ", text.split("frobnicate")[0], re.M)
    stamps = [int(row[0]) for row in rows]
    assert len(stamps) == 5 and stamps == sorted(stamps) and stamps[0] == 0, text
    assert all(
        int(row[1]) == stamp - before for row, stamp, before in zip(rows[1:], stamps[1:], stamps)
    ), text


def test_a_stopped_trace_ends_with_the_event(typed_run):
    """trace stop on entry > 100: the last event is the end of a stay that was longer."""
    text = after(typed_run, r"^signalbox: the trace has stopped behind event \d+\n")
    rows = re.findall(r"^ +\d+ +\+\d+  (\S+) +(\S+) *(.*)$", text.split("trace off")[0], re.M)
    assert len(rows) == 3 and rows[-1][1] == "entry" and int(rows[-1][2]) > 100, text


def test_an_unknown_command_is_answered(typed_run):
    """What is no command says so; so do arguments that are missing, too many, or of nobody."""
    for text in (
        "frobnicate: no such command; try 'help'",
        "vms: too many words",
        "stop: which one? stop NAME",
        "there is no vm nobody; the command 'vms' lists them",
        "vm vandal: is stopped already",
        "trace: give a number from 1 to 4096, on, off, or stop on EVENT > N, of: exit nmi ",
    ):
        assert re.search(
            "^" + re.escape(text), typed_run.console, re.M
        ), f"no '{text}'\n{typed_run!r}"


def test_backspace_and_ctrl_c_edit_the_line(typed_run):
    """Rubbed-out keys and a cancelled line never reach a command."""
    typed_run.lacks("helpp: ")
    typed_run.lacks("helvms")
    typed_run.lacks("linezs: ")
    typed = typed_run.console.split("vm scribe: restarted")[0]  # before the log is shown again
    assert typed.count("no such command") == 1


def test_stop_start_restart(typed_run):
    """A stopped VM starts anew from its image; a restarted one does its whole work again, with
    the same result."""
    assert (
        typed_run.console.count("[vandal] vandal: do=spin: spins with interrupts off from now on")
        >= 2
    )
    assert typed_run.console.count("signalbox: vm vandal: stopped by the operator\n") >= 3
    printed = after(typed_run, r"^vm scribe: restarted$")
    assert printed.count("[scribe] scribe: 5 ok, 0 failed") >= 1, typed_run
    transcripts = set(re.findall(r"^\[scribe\] scribe: transcript (\w+)$", typed_run.console, re.M))
    assert len(transcripts) == 1, transcripts


def test_log_shows_the_memory_log_again(typed_run):
    """log: everything since the first line once more."""
    assert len(re.findall(r"^signalbox: Signalbox ", typed_run.console, re.M)) == 2, typed_run


def test_R14_the_uart_works_by_interrupt(typed_run):
    """R14: the console's line belongs to the VMM, its interrupts end in the VMM's handler, and
    no guest sees one."""
    uart = typed_run.record("line", irq=4)
    assert uart["owner"] == "vmm" and uart["exits"] >= 60, uart
    assert uart["held"] == uart["injected"] == 0
    assert typed_run.record("totals")["external_nmis"] == 0
    assert all(ok for _, ok in typed_run.verdicts("scribe"))


def test_ctrl_d_on_an_empty_line_ends_too(boot):
    """Ctrl-D with letters before it does nothing, on an empty line it ends; guests that are done
    give status 0."""
    keys = [(DONE, "he\x04\x15\x04")]
    report = boot(LIMIT, [scribe("rounds=5")], type_in=keys)
    assert report.status == 0, report
    report.lacks("time is up")
    all_ok(report, "scribe", 5)


# ---- Keys that are more than letters -------------------------------------------------------------

# It has no device, so a slow host does not concern it.
WORKER = vandal("do=none seconds=1", name="worker")
UP, LEFT, RIGHT, DELETE = "\x1b[A", "\x1b[D", "\x1b[C", "\x1b[3~"
STATUS = r"^\[ *\d+\.\ds\] vandal: stopped, .* \| worker: done, .*$"
KEYS = [
    (r"vm worker: done", "he\t\r"),
    (r"end the run", "versoin\r"),
    (r"did you mean 'version'", UP + 3 * LEFT + DELETE + RIGHT + "o\r"),
    (r"compiled by", "stop v\t\r"),
    (r"the run goes on \(stay\)", "s\t\t"),
    (r"^  status +stop +start +stay$", "\x15status\r"),
    (STATUS, "stay off\r"),
    (r"while the console is in use", UP + UP + "\r"),
    (STATUS, "\x1b[200~stay\x1b[201~\r"),
    (r"the run goes on when all VMs are done", "quit\r"),
]


@pytest.fixture(scope="module")
def keys_run(system):
    return system(LIMIT, [vandal("do=spin"), WORKER], type_in=KEYS)


def test_tab_completes_commands_and_names(keys_run):
    """he and Tab is help; stop v and Tab is the VM; Tab that could mean several lists them."""
    assert "Tab completes a word" in after(keys_run, r"vm worker: done")
    keys_run.has("vm vandal: stopped")
    assert re.search(r"^  status +stop +start +stay\n", keys_run.console, re.M), keys_run
    assert keys_run.result.end == "status" and keys_run.status == 0, keys_run


def test_a_mistyped_command_comes_back_and_is_put_right(keys_run):
    """The nearest command is named; cursor up brings the line back, the other keys change it."""
    keys_run.has("versoin: no such command; did you mean 'version'? 'help' lists them")
    assert keys_run.console.count("no such command") == 1, keys_run


def git(*words):
    """What git says of the tree; "" where git knows no tree, or is not there."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def test_version_says_what_the_banner_says(keys_run):
    """The file VERSION, the commit where git knows the commit, and the compiler besides."""
    name = re.search(r"^signalbox: (Signalbox .+)$", keys_run.console, re.M)[1]
    assert name.split()[1] == (ROOT / "VERSION").read_text().strip()
    commit = re.search(r" \(([0-9a-f]{12})(?:-dirty)?\)$", name)
    if git("rev-parse", "--show-toplevel") == str(ROOT):
        assert commit and git("cat-file", "-t", commit[1]) == "commit", name
    else:
        assert not commit, name
    said = re.search(r"^(.*), compiled by \w+ \d", keys_run.console, re.M)
    assert said and said[1] == name, keys_run


def test_status_shows_the_status_line_now(keys_run):
    """Once for each time that it was asked for; the boot line switched it off (status=0)."""
    assert len(re.findall(STATUS, keys_run.console, re.M)) == 2, keys_run


def test_stay_and_stay_off(keys_run):
    """The word keeps the run, stay off undoes that, stay keeps it again."""
    keys_run.has("signalbox: all VMs are done; the run goes on (stay); quit ends it")
    keys_run.has("the run ends when all VMs are done and nobody types")
    keys_run.has("the run goes on when all VMs are done; 'stay off' undoes this")


# ---- How a run ends that a person has a hand in --------------------------------------------------


def test_quit_while_guests_are_at_work_is_no_failure(system):
    """The end says who was at work; the status is 0, for nothing has failed."""
    keys = [(r"vm worker: done", "quit\r")]
    report = system("status=0 seconds=3600", [WORKER, vandal("do=spin")], type_in=keys)
    assert report.status == 0, report
    assert verdict_of(report) == ["signalbox: vm vandal: running when the operator quit"], report
    all_ok(report, "worker", 1)


def test_a_guest_that_failed_before_the_quit_is_a_failure(system):
    """One guest has failed, one was stopped, one is at work: the first alone makes the status 1."""
    spins = [vandal("do=spin", name=name) for name in ("idler", "other")]
    keys = [(r"vm vandal: done, status 1", "stop idler\r"), (r"^vm idler: stopped$", "quit\r")]
    modules = [vandal("do=nonsense"), *spins]
    report = system("status=0 seconds=3600", modules, type_in=keys)
    assert report.status == 1, report
    assert sorted(verdict_of(report)) == [
        "signalbox: vm idler: stopped by the operator",
        "signalbox: vm other: running when the operator quit",
        "signalbox: vm vandal: failed",
    ], report


GOES_ON = "signalbox: all VMs are done; the run goes on while the console is in use; quit ends it"


def test_the_run_goes_on_under_a_person_s_hands(system):
    """All VMs are done, and somebody has typed just now: the run says so once, and answers on."""
    keys = [
        (r"first guest after", "vms\r"),
        (GOES_ON, "vms\r"),
        (r"^  worker +done", "stop worker\r"),
        (r"is stopped already", "quit\r"),
    ]
    report = system("status=0", [WORKER], type_in=keys)
    assert report.status == 0 and verdict_of(report) == [], report
    assert report.lines.count(GOES_ON) == 1, report
    all_ok(report, "worker", 1)


def test_the_run_ends_when_nobody_types_any_more(boot, exact):
    """Half a minute of the machine's time after the last key."""
    keys = [(r"first guest after", "vms\r")]
    place = in_bochs_3(CHIPSETS["pc"])
    report = boot("chipset=pc status=1s", [WORKER], type_in=keys, **place.options())
    assert report.status == 0, report
    report.has(GOES_ON)
    report.has("signalbox: nobody uses the console any more")
    assert 29 <= float(re.findall(r"^\[ *(\d+\.\d)s\]", report.console, re.M)[-1]) <= 32, report


def test_time_that_is_up_ends_a_run_in_use(system):
    """seconds= is a limit, whoever types."""
    keys = [(r"first guest after", "vms\r")]
    report = system("status=0 seconds=5", [WORKER], type_in=keys)
    assert report.status == 0, report
    report.has(GOES_ON)
    report.has("signalbox: time is up (seconds=5)")


def test_without_a_console_the_run_goes_on(boot, exact):
    """console=none: COM1 stays silent, the guests do their work, the machine powers off by
    itself."""
    report = boot("console=none", [scribe("rounds=5")])
    assert report.result.end == "exited" and report.console == "", report
    assert "Shutdown port" in report.result.log
