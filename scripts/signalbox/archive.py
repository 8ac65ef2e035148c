# SPDX-License-Identifier: BSD-2-Clause
"""The record of a bench or of a run: one JSON file that says what was run, where, and with what
result.

Rule: a record holds each console whole, and no figure of its own. So every figure of a report comes
from a line that the machine printed. The name of the host and of its user are in no record.
"""

import functools
import json
import os
import platform as host
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from .platforms import ON_QEMU
from .qemu import QemuError, executable

ROOT = Path(__file__).resolve().parents[2]
FORMAT = 1
# What a report reads of each run.
KEYS = {"name", "platform", "board", "emulator", "memory", "chipset", "load", "probes"}
KEYS |= {"vmm", "modules", "end", "status", "console"}


class RecordError(Exception):
    """A file is no record."""


# ---- What was run, and where ---------------------------------------------------------------------


@functools.cache
def output_of(*command):
    """The first line that a command prints; "" where there is no such command."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def processor_of_host():
    """The model of the host's processor, as Linux tells the model."""
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1] if found else host.machine()


def system_of_host():
    try:
        name = host.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return f"{name or host.system()}, {host.system()} {host.release()}"


def describe():
    """The tree and the host of this process, as texts by name."""
    commit = output_of("git", "rev-parse", "HEAD")
    changed = commit and output_of("git", "status", "--porcelain", "--untracked-files=no")
    return {
        "version": (ROOT / "VERSION").read_text().strip(),
        "commit": commit + (", with changes" if changed else ""),
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{processor_of_host()}, {os.cpu_count()} in use",
        "system": system_of_host(),
        "compiler": output_of("gcc", "--version"),
        "python": host.python_version(),
    }


def version_of_emulator(machine, result):
    """The emulator's own words; "" where the emulator has told none."""
    if machine.platform in ON_QEMU:
        try:
            return output_of(executable(), "--version")
        except QemuError:
            return ""
    log = result.directory / "bochs.log"
    text = log.read_text(errors="replace")[:4000] if log.exists() else ""
    found = re.search(r"Bochs x86 Emulator [\w.]+", text)
    return found[0] if found else ""


# ---- Writing and reading -------------------------------------------------------------------------


def run_record(name, machine, result, chipset="", load="", probes=(), timeline=None):
    """What one boot was and gave. chipset, load: of a bench. probes: those that a bench counts;
    none: all. timeline: of report_timeline.store(), where the run has one."""
    return {
        "name": name,
        "platform": machine.platform,
        "board": machine.board if machine.platform in ON_QEMU else "",
        "emulator": version_of_emulator(machine, result),
        "memory": machine.memory,
        "chipset": chipset,
        "load": load,
        "probes": list(probes),
        "vmm": machine.vmm,
        "modules": [[module.image, module.line] for module in machine.modules],
        "end": result.end,
        "status": result.status,
        "console": result.console,
        **({"timeline": timeline} if timeline else {}),
    }


def write_record(build, kind, runs):
    """Writes build/records/KIND.json, and returns its path. kind: "bench" or "run"."""
    path = Path(build) / "records" / f"{kind}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"signalbox_record": FORMAT, "kind": kind, **describe(), "runs": runs}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=1) + "\n")
    fresh.replace(path)
    return path


def from_console(path, text):
    """A record of a console alone, as a PC's serial line gives the console."""
    end = re.findall(r"^(?:signalbox: )?end: status (\d+)", text, re.M)
    run = {"name": path.stem, "platform": "", "board": "", "emulator": "", "memory": None}
    run |= {"chipset": "", "load": "", "probes": [], "vmm": "", "modules": []}
    run |= {"end": "status" if end else "exited", "status": int(end[-1]) if end else None}
    return {"kind": "console", "runs": [run | {"console": text}]}


def read_record(path):
    """The record in a file: that of a bench or a run, or the text of a console. RecordError: the
    file is neither."""
    try:
        text = path.read_text(errors="replace")
    except OSError as problem:
        raise RecordError(f"{path}: {problem.strerror}") from problem
    if not text.lstrip().startswith(("{", "[")):
        if not re.search(r"^(?:\[\S+\] |signalbox: )?(?:lat|exits|line) \S+=", text, re.M):
            raise RecordError(f"{path}: no record, and no console with a line of figures")
        return from_console(path, text)
    try:
        record = json.loads(text)
    except ValueError as problem:
        raise RecordError(f"{path}: the JSON is damaged: {problem}") from problem
    if not isinstance(record, dict) or "signalbox_record" not in record:
        raise RecordError(f"{path}: no record; make bench and make run write records")
    if record["signalbox_record"] != FORMAT:
        raise RecordError(f"{path}: a record of another version of Signalbox: make it anew")
    if not record.get("runs"):
        raise RecordError(f"{path}: the record has no run")
    if not all(KEYS <= run.keys() for run in record["runs"]):
        raise RecordError(f"{path}: the record is incomplete: make it anew")
    return record
