# SPDX-License-Identifier: BSD-2-Clause
"""The timeline of a run: rows for the VMs, the VMM, the NMI and each line, as intervals and marks.

    VM NAME        the guest has the processor
    VMM            a stay: from an exit to the next entry, with the exit's reason
    NMI            exits by NMI, NMIs inside the VMM, external NMIs
    line N ...     asserted: the level is high
                   held: a rising edge waits for the VM of the line
                   routed: the line goes to the interrupt controller of a VM
                   delivered: from the first instruction of the guest's handler to the EOI

Rule: the intervals of a row follow each other, and each interval has an end.
"""

import json
from typing import NamedTuple

STATES = ("asserted", "held", "routed", "delivered")
# Of the VMM's trace: marks on the row of the VMM. The other events have intervals, or rows.
MARKS = ("line", "switch", "busy", "inject", "wake", "slice", "halt", "fault", "state", "mark")
MARKS += ("port",)
NMI_MARKS = ("nmi", "external-nmi")
US = 1000  # ns


class Interval(NamedTuple):
    begin: int
    end: int
    label: str
    more: dict


class Mark(NamedTuple):
    time: int
    label: str
    more: dict


class Row:
    """A row's intervals; at most one is open."""

    def __init__(self, group, name):
        self.group, self.name = group, name
        self.intervals, self.marks = [], []
        self._open = None

    @property
    def is_open(self):
        return self._open is not None

    def begin(self, time, label, more=None):
        self.end(time)
        self._open = (time, label, dict(more or {}))

    def note(self, label=None, **more):
        """Adds to the open interval."""
        if self._open:
            time, before, known = self._open
            self._open = (time, label or before, {**known, **more})

    def end(self, time):
        if self._open:
            begin, label, more = self._open
            self.intervals.append(Interval(begin, time, label, more))
            self._open = None

    def mark(self, time, label, more=None):
        self.marks.append(Mark(time, label, dict(more or {})))


class Timeline:
    """Makes rows of moments. owners: by line, the names of the VMs that own the line."""

    def __init__(self, owners):
        self.owners = owners
        self.rows = {}
        self.begin = self.last = None
        self.running = ""
        self.routed_to = ""
        self.high = set()

    # ---- Rows ------------------------------------------------------------------------------------

    def row(self, group, name):
        if (group, name) not in self.rows:
            self.rows[group, name] = Row(group, name)
        return self.rows[group, name]

    def line_row(self, line, state):
        return self.row("lines", f"line {line} {state}")

    def vmm(self):
        return self.row("processor", "VMM")

    def shown(self):
        """The rows that have something."""
        return [row for row in self.rows.values() if row.intervals or row.marks]

    # ---- Moments ---------------------------------------------------------------------------------

    def take(self, moments):
        for moment in moments:
            if self.begin is None:
                self.begin = moment.time
            self.last = moment.time
            handler = getattr(self, "on_" + moment.event.replace("-", "_"), None)
            if handler:
                handler(moment)
            if moment.event in MARKS:
                self.vmm().mark(moment.time, moment.event, describe(moment))
            elif moment.event in NMI_MARKS:
                self.row("processor", "NMI").mark(moment.time, moment.event, moment.fields)
        for row in self.rows.values():
            row.end(self.last)
        return self

    def on_machine_entry(self, moment):
        self.vmm().note(to=moment.vm)
        self.vmm().end(moment.time)
        self.running = moment.vm
        self.row("processor", f"VM {moment.vm}").begin(moment.time, moment.vm)

    def on_machine_exit(self, moment):
        self.row("processor", f"VM {moment.vm}").end(moment.time)
        self.running = ""
        self.vmm().begin(moment.time, "VMM", {"vm": moment.vm})

    def on_exit(self, moment):
        reason = moment.fields["reason"]
        if reason == "aborted-entry":
            self.vmm().mark(moment.time, reason)
            self.vmm().note(aborted=True)  # and ticks counts from here on
            return
        self.vmm().note(None if reason in ("io", "vmcall") else reason, reason=reason)
        if reason == "nmi":
            self.row("processor", "NMI").mark(moment.time, "exit", {"vm": moment.vm})

    def on_in(self, moment):
        self.vmm().note(f"in {moment.fields['port']:x}h", **moment.fields)

    def on_out(self, moment):
        self.vmm().note(f"out {moment.fields['port']:x}h", **moment.fields)

    def on_call(self, moment):
        self.vmm().note(f"call {moment.fields['number']}", **moment.fields)

    def on_entry(self, moment):
        self.vmm().note(ticks=moment.fields["number"])

    def on_held(self, moment):
        row = self.line_row(moment.fields["line"], "held")
        row.mark(moment.time, "reported", {"so far": moment.fields["number"]})

    def on_switch(self, moment):
        """The routes of Figure 4: the lines of the VM that comes go to its controller."""
        self.route(moment.time, moment.vm, moment.fields["lines"])

    def on_halt(self, moment):
        self.route(moment.time, "", 0)

    def route(self, time, vm, lines):
        self.routed_to = vm
        for line in self.owners:
            row = self.line_row(line, "routed")
            if lines >> line & 1:
                row.begin(time, vm)
                self.line_row(line, "held").end(time)
            else:
                row.end(time)

    def on_high(self, moment):
        line = moment.fields["line"]
        self.line_row(line, "asserted").begin(moment.time, moment.vm or "VMM")
        owners, held = self.owners.get(line, ()), self.line_row(line, "held")
        if owners and not held.is_open and not self.line_row(line, "routed").is_open:
            held.begin(moment.time, " ".join(owners))

    def on_low(self, moment):
        self.line_row(moment.fields["line"], "asserted").end(moment.time)

    def on_delivered(self, moment):
        self.line_row(moment.fields["line"], "delivered").begin(moment.time, moment.vm)

    def on_eoi(self, moment):
        self.line_row(moment.fields["line"], "delivered").end(moment.time)


def describe(moment):
    return {**({"vm": moment.vm} if moment.vm else {}), **moment.fields}


# ---- The JSON of Perfetto and Chrome -------------------------------------------------------------


GROUPS = ("processor", "lines")


def order(row):
    """The VMM and the NMI are below the VMs; the rows of a line are in the order of STATES."""
    if row.group == "processor":
        return 0, ("VMM", "NMI").index(row.name) + 1 if row.name in ("VMM", "NMI") else 0, row.name
    _, line, state = row.name.split()
    return 1, int(line), STATES.index(state)


def events_of(row, process, thread):
    """The events of a row, in the order of time: for each interval a begin and an end."""
    place = {"pid": process, "tid": thread}
    found = []
    for interval in row.intervals:
        begin = {"name": interval.label, "ph": "B", "ts": interval.begin / US, **place}
        found.append((interval.begin, {**begin, "args": interval.more}))
        found.append((interval.end, {"ph": "E", "ts": interval.end / US, **place}))
    marks = [
        (m.time, {"name": m.label, "ph": "i", "s": "t", "ts": m.time / US, **place, "args": m.more})
        for m in row.marks
    ]
    return found + marks


def write_json(timeline, path, about):
    """One event a line. about: what was run, as texts by name."""
    names, events = [], []
    rows = sorted(timeline.shown(), key=order)
    for process, group in enumerate(GROUPS, 1):
        names.append({"name": "process_name", "ph": "M", "pid": process, "args": {"name": group}})
    for thread, row in enumerate(rows, 1):
        process = GROUPS.index(row.group) + 1
        for name, more in (("name", {"name": row.name}), ("sort_index", {"sort_index": thread})):
            names.append(
                {"name": f"thread_{name}", "ph": "M", "pid": process, "tid": thread, "args": more}
            )
        events += events_of(row, process, thread)
    events.sort(key=lambda event: event[0])  # stable: a begin stays before its own end
    with open(path, "w") as out:
        out.write('{"displayTimeUnit": "ns",\n"otherData": ' + json.dumps(about))
        out.write(',\n"traceEvents": [\n')
        lines = (json.dumps(event) for event in [*names, *(event for _, event in events)])
        out.write(",\n".join(lines) + "\n]}\n")
