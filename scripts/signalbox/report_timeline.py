# SPDX-License-Identifier: BSD-2-Clause
"""The timeline of a run in a record, and what the timeline adds to a report: its rows, and the
counts and times at the blocks of the seed's figures.

Rule: a record holds at most MOST intervals and marks. A timeline with more ends earlier in the
record, and the page says where.
"""

from bisect import bisect_right
from html import escape

MOST = 150_000
US, MS = 1e3, 1e6  # ns


# ---- In the record -------------------------------------------------------------------------------


def end_of_record(rows, begin, end, most):
    """The time up to which `most` intervals and marks of the rows fit."""
    times = [i.begin for row in rows for i in row.intervals]
    times += [mark.time for row in rows for mark in row.marks]
    return sorted(times)[most] if len(times) > most else end


def store(timeline, rows, most=MOST):
    """The timeline as a record has it: times are ns from the timeline's begin, and an interval is
    three numbers in a row: begin, length, number of its label. A mark is two: time, label."""
    begin, last = timeline.begin or 0, timeline.last or 0
    end = end_of_record(rows, begin, last, most)
    labels = {}
    kept = []
    for row in rows:
        intervals, marks = [], []
        for interval in row.intervals:
            if interval.begin < end or end == last:
                length = min(interval.end, end) - interval.begin
                label = labels.setdefault(interval.label, len(labels))
                intervals += [interval.begin - begin, length, label]
        for mark in row.marks:
            if mark.time < end or end == last:
                marks += [mark.time - begin, labels.setdefault(mark.label, len(labels))]
        kept.append({"name": row.name, "intervals": intervals, "marks": marks})
    return {"length": end - begin, "of": last - begin, "rows": kept, "labels": list(labels)}


# ---- Figures of the timeline ---------------------------------------------------------------------


class Stored:
    """A timeline of a record."""

    def __init__(self, values):
        self.values = values
        self.length, self.labels = values["length"], values["labels"]
        self.rows = {row["name"]: row for row in values["rows"]}

    @property
    def whole(self):
        return self.length == self.values["of"]

    def intervals(self, name):
        """(begin, length, label) of a row's intervals."""
        flat = self.rows[name]["intervals"] if name in self.rows else []
        return [(b, n, self.labels[at]) for b, n, at in zip(*(flat[i::3] for i in range(3)))]

    def marks(self, name, label=None):
        """The times of a row's marks; of one label, or of all."""
        flat = self.rows[name]["marks"] if name in self.rows else []
        return [t for t, at in zip(flat[::2], flat[1::2]) if label in (None, self.labels[at])]

    def lengths(self, ending="", starting="", label=None):
        """The lengths of all intervals in the rows with such a name."""
        return [
            length
            for name in self.rows
            if name.startswith(starting) and name.endswith(ending)
            for _, length, text in self.intervals(name)
            if label in (None, text)
        ]

    def stays_with(self, label):
        """The lengths of the stays in the VMM that have such a mark."""
        stays = self.intervals("VMM")
        begins = [begin for begin, _, _ in stays]
        found = {bisect_right(begins, time) - 1 for time in self.marks("VMM", label)}
        return [stays[at][1] for at in sorted(found) if at >= 0]


def number(n):
    return lambda stored: (n(stored), [])


def times(lengths):
    def both(stored):
        found = lengths(stored)
        return len(found), found

    return both


def stays(label):
    """The count is of the marks: the first switch comes before the first stay."""
    return lambda stored: (len(stored.marks("VMM", label)), stored.stays_with(label))


STAY = times(lambda s: [length for _, length, _ in s.intervals("VMM")])
SWITCH = stays("switch")
HELD = times(lambda s: s.lengths(" held"))
# By figure and block: the count of the block in the timeline, and the times of its step.
BLOCKS = {
    (3, "302"): number(lambda s: len(s.lengths(" asserted"))),
    (3, "306, 308"): times(lambda s: s.lengths(" delivered")),
    (3, "310"): HELD,
    (3, "316"): HELD,
    (3, "¶52"): times(lambda s: s.lengths(starting="VMM", label="nmi")),
    **{(4, block): STAY for block in ("401", "402", "404", "408")},
    (4, "412"): times(lambda s: s.lengths(starting="VM ")),
    **{(5, block): SWITCH for block in ("510", "520", "540", "560")},
    (5, "wait"): number(lambda s: len(s.marks("VMM", "busy"))),
}


def us(ns):
    return f"{ns / US:,.2f}"


def at_block(stored, figure, block):
    """(count, "median / longest" in us) of a block in the timeline; None and "": not seen there."""
    found = BLOCKS.get((figure, block.number or block.box)) if stored else None
    if not found:
        return None, ""
    count, lengths = found(stored)
    lengths = sorted(lengths)
    middle = lengths[(len(lengths) - 1) // 2] if lengths else 0
    return count, f"{us(middle)} / {us(lengths[-1])}" if lengths else ""


# ---- On the page ---------------------------------------------------------------------------------


def row_figures(stored):
    """Of each row: name, intervals, marks, ms, share of the time, the longest in us."""
    found = []
    for name, row in stored.rows.items():
        lengths = row["intervals"][1::3]
        total = sum(lengths)
        found.append(
            (
                name,
                f"{len(lengths):,}",
                f"{len(row['marks']) // 2:,}",
                f"{total / MS:,.3f}",
                f"{100 * total / stored.length:.1f} %" if stored.length else "–",
                us(max(lengths)) if lengths else "–",
            )
        )
    return found


HEADS = ("row", "intervals", "marks", "ms in all", "share of the time", "longest, us")
KEYS = (
    "Plus and minus zoom, left and right move, Home shows the whole run. Up and down choose a row;"
    " n and p go to its next and previous interval."
)
BUTTONS = (
    ("in", "+", "zoom in"),
    ("out", "−", "zoom out"),
    ("left", "←", "earlier"),
    ("right", "→", "later"),
    ("whole", "whole run", None),
)


def sections(runs, tag, table):
    """The HTML of all timelines of a record. tag, table: of report_page."""
    with_one = [run for run in runs if run.timeline]
    if not with_one:
        return tag(
            "p",
            "This record has no timeline. make trace runs a configuration with one, and make report"
            " then shows the timeline here.",
        )
    return "".join(one_section(run, tag, table) for run in with_one)


def one_section(run, tag, table):
    stored = run.timeline
    buttons = "".join(
        tag("button", escape(text), type="button", data_do=name, aria_label=words)
        for name, text, words in BUTTONS
    )
    part = (
        f"{stored.length / MS:,.3f} ms of the machine's time"
        if stored.whole
        else f"The first {stored.length / MS:,.3f} ms of {stored.values['of'] / MS:,.3f} ms: a page"
        f" holds {MOST:,} intervals and marks. FILTER= of make trace leaves out what is not needed"
    )
    drawing = tag("p", buttons, class_="buttons") + tag(
        "div",
        "",
        class_="rows",
        data_timeline=run.number,
        tabindex="0",
        role="group",
        aria_label=f"Timeline of {run.name}. {KEYS}",
    )
    return tag(
        "article",
        tag("h3", escape(run.name))
        + tag("p", escape(part + "."))
        + drawing
        + tag("p", "", class_="readout", role="status")
        + tag("p", escape(KEYS), class_="keys")
        + table(HEADS, row_figures(stored), "The rows of the timeline", range(1, len(HEADS))),
        class_="timeline",
    )
