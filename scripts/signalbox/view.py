# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration's table: machines side by side, a legend, in 80 columns and 24 rows.

Rule: text in, text out. The table is the same on a screen that is drawn anew and at a pipe.
"""

from dataclasses import dataclass, field

from .figures import Figures

WIDTH, ROWS = 80, 24
LABEL, CELL = 20, 15
TITLE = "Signalbox: pulse measures its interrupts; scribe, of lower priority, computes"
LEGEND = (
    "uart    from COM2's assertion to the first instruction of pulse's handler",
    "pit     from the timer's edge to the handler, while pulse runs; wakeup: while",
    "        scribe runs, so that pulse has to get the processor first",
    "max     the longest of all samples so far; median: that of the last samples",
    "merged  ticks that came while another one waited: one interrupt told both",
    "held    assertions that waited because the VM that owns the line did not run",
    "NMIs    unexplained: from outside, or on pc a line's that left no trace",
)
# A row's label, and the probe that it shows.
PROBES = (("uart, median / max", "uart"), ("pit", "running"), ("wakeup", "wakeup"))


@dataclass
class Column:
    """A machine, or in `note` the words that say why there is none."""

    name: str
    platform: str = ""
    figures: Figures = field(default_factory=Figures)
    state: str = "starts"
    wrong: bool = False  # the state is one that nobody wants
    note: tuple = ()
    virtual: bool = True  # it has the VMM and scribe


@dataclass
class Line:
    text: str
    style: str = ""  # "title", "wrong"


def count(value):
    return "-" if value is None else f"{value:,}"


def short(value):
    return "-" if value is None else f"{value / 1e6:.1f}M" if value >= 1e6 else str(value)


def pair(first, second):
    """Two counts, in a cell's width."""
    text = f"{count(first)} / {count(second)}"
    return text if len(text) < CELL else f"{short(first)}/{short(second)}"


def latency(figures, probe):
    found = figures.probes.get(probe)
    return pair(found.median, found.max) if found else "-"


def of_vmm(column, value):
    """What only a machine with the VMM has."""
    return count(value) if column.virtual else "-"


def merged(column):
    ticks, periods = column.figures.merged
    return pair(ticks, periods) if column.virtual else count(ticks)


def ratio(value):
    return "-" if value is None else f"{value:.3f}"


def seconds(value):
    return "-" if value is None else f"{value:.1f} s"


def cells(column):
    """Label and cell of each row."""
    figures = column.figures
    return (
        ("platform", column.platform),
        ("state", column.state),
        ("machine's time", seconds(figures.seconds)),
        ("latencies in", figures.unit or "-"),
        *((label, latency(figures, probe)) for label, probe in PROBES),
        ("exits per interrupt", ratio(figures.exits_per_interrupt)),
        ("interrupts / lost", pair(figures.taken, figures.lost) if figures.taken else "-"),
        ("merged pulse/scribe", merged(column)),
        ("held", of_vmm(column, figures.held)),
        ("unexplained NMIs", of_vmm(column, figures.external)),
        ("scribe's rounds", of_vmm(column, figures.rounds)),
    )


def rows(columns):
    """The table's rows: label and cells. A column without a machine has its note instead."""
    made = [cells(column) for column in columns]
    for number, (label, _) in enumerate(made[0]):
        row = []
        for column, of_column in zip(columns, made):
            words = (*column.note, *[""] * len(of_column))
            row.append(words[number] if column.note else of_column[number][1])
        yield label, row


def is_wrong(label, columns):
    if label == "state":
        return any(column.wrong for column in columns)
    return label == "interrupts / lost" and any(column.figures.lost for column in columns)


def render(columns, footer=""):
    """The whole table, no line longer than WIDTH."""
    names = "".join(f"{column.name:>{CELL}}" for column in columns)
    lines = [Line(TITLE, "title"), Line(" " * LABEL + names, "title")]
    for label, row in rows(columns):
        text = f"{label:<{LABEL}}" + "".join(f"{cell:>{CELL}}" for cell in row)
        lines.append(Line(text, "wrong" if is_wrong(label, columns) else ""))
    lines += [Line(""), *map(Line, LEGEND)]
    if footer:
        lines.append(Line(footer))
    return [Line(line.text[:WIDTH].rstrip(), line.style) for line in lines]


def fit(lines, height, width):
    """What a screen of that size shows: the last line, the footer, stays."""
    shown = lines if len(lines) <= height else lines[: max(height - 1, 0)] + lines[-1:]
    return [Line(line.text[:width], line.style) for line in shown[-height:]]


def record(column):
    """The column for programs: a line of key=value, None left out."""
    figures = column.figures
    ticks, periods = figures.merged
    values = {"machine": column.name, "platform": column.platform, "unit": figures.unit}
    for label, probe in PROBES:
        found = figures.probes.get(probe)
        name = label.split(",")[0]
        values |= {f"{name}_median": found.median, f"{name}_max": found.max} if found else {}
    values |= {"interrupts": figures.taken, "lost": figures.lost}
    values |= {"merged": ticks, "merged_rtc": periods}
    if figures.exits_per_interrupt is not None:
        values["exits_per_interrupt"] = ratio(figures.exits_per_interrupt)
    if column.virtual:
        values |= {"held": figures.held, "external_nmis": figures.external}
        values["rounds"] = figures.rounds
    words = [f"{key}={value}" for key, value in values.items() if value is not None]
    return "demo " + " ".join(words)
