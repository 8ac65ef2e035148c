# SPDX-License-Identifier: BSD-2-Clause
"""The page of a report: one HTML file without a reference to anything outside of it.

Rule: all text and all tables are made here, so that the page can be read without scripts. report.js
draws the histograms with D3, and shows one run at a time. report_timeline.js draws the timelines.
"""

import json
from html import escape
from pathlib import Path

from . import report_figures, report_timeline
from .report_runs import ABORTED, PROBES, panels, runs_of

HERE = Path(__file__).resolve().parent
D3 = Path("/usr/share/javascript/d3/d3.min.js")
D3_LICENCE = Path("/usr/share/doc/libjs-d3/copyright")
KINDS = {
    "bench": "a bench",
    "run": "a run",
    "console": "a console",
}
# Names of a record's keys on the page, in the page's order.
ABOUT = {
    "version": "Signalbox",
    "commit": "Commit",
    "when": "When",
    "processor": "Processor of the host",
    "system": "System of the host",
    "compiler": "Compiler",
    "python": "Python",
}


# What the VMM says of the machine at boot, and its name on the page.
BANNER = {
    "cpu": "Processor",
    "virtualisation": "Virtualisation",
    "chipset": "Chipset",
    "mitigations": "Mitigations",
    "memory": "Memory",
}


class ReportError(Exception):
    """The page cannot be made."""


def tag(name, content="", **attributes):
    """An element. content is HTML; a trailing _ of an attribute's name is dropped."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{words}>{content}</{name}>"


def table(heads, rows, caption, numbers=()):
    """A table in a frame that scrolls by itself. heads and cells are texts; numbers: the columns
    that are set flush right. The first column is the head of its row."""

    def cells(kind, texts, **words):
        return "".join(
            tag(kind, escape(text), class_="number" if i in numbers else None, **words)
            for i, text in enumerate(texts)
        )

    body = "".join(
        tag("tr", tag("th", escape(row[0]), scope="row") + shift(cells, row)) for row in rows
    )
    head = tag("thead", tag("tr", cells("th", heads, scope="col")))
    text = tag("table", tag("caption", escape(caption)) + head + tag("tbody", body))
    return tag("div", text, class_="frame", tabindex="0", role="region", aria_label=caption)


def shift(cells, row):
    """The cells behind the row's head, with the columns' own numbers."""
    whole = cells("td", row)
    return whole.split("</td>", 1)[1]


def definitions(pairs):
    return tag("dl", "".join(tag("dt", escape(k)) + tag("dd", escape(v)) for k, v in pairs if v))


# ---- The parts -----------------------------------------------------------------------------------


def what_was_run(record, runs):
    emulators = dict.fromkeys(run.values["emulator"] for run in runs if run.values["emulator"])
    machines = dict.fromkeys(
        " ".join(filter(None, (run.values["platform"], run.values["board"]))) for run in runs
    )
    memory = dict.fromkeys(f"{run.values['memory']} MiB" for run in runs if run.values["memory"])
    pairs = [(words, record.get(key, "")) for key, words in ABOUT.items()]
    pairs += [
        ("Emulators", "; ".join(emulators)),
        ("Machines", ", ".join(filter(None, machines))),
        ("Memory of a machine", ", ".join(memory)),
        ("Runs", str(len(runs))),
    ]
    return definitions(pairs)


def ratio(value):
    return "–" if value is None else f"{value:.3f}"


def latency_table(runs):
    order = list(PROBES)
    found = [(run, sample) for run in runs for sample in run.samples]
    found.sort(key=lambda pair: order.index(pair[1].probe) if pair[1].probe in order else 99)
    rows = []
    for run, s in found:
        values = [f"{v:,}" if s.n else "–" for v in (s.min, s.median, s.p99, s.max)]
        where = (run.chipset, run.values["load"] or "–", run.values["platform"] or "–")
        rows.append((s.probe, *where, f"{s.n:,}", *values, ratio(s.exits_per_interrupt), s.unit))
    if not rows:
        return tag("p", "No console of this record has a latency.")
    heads = ("probe", "chipset", "load", "platform", "samples", "min", "median", "p99", "max")
    caption = "Latencies of each probe. Median and p99 are samples; no figure is an average."
    return table((*heads, "exits per interrupt", "unit"), rows, caption, range(4, 10))


def histograms(made):
    parts = []
    for number, panel in enumerate(made):
        words = PROBES.get(panel["probe"], panel["probe"])
        name = f"{panel['probe']}{', hostile loads' if panel['hostile'] else ''}"
        note = tag("p", escape(f"{words}; {panel['unit']}"))
        chart = tag(
            "div",
            class_="chart",
            data_panel=number,
            tabindex="0",
            role="group",
            aria_label=f"Histograms of {name}. Arrow keys read the bars.",
        )
        rest = note + chart + tag("p", class_="readout", role="status")
        if panel["hostile"]:
            parts.append(tag("details", tag("summary", escape(name)) + rest, class_="panel"))
        else:
            parts.append(tag("section", tag("h3", escape(name)) + rest, class_="panel"))
    return "".join(parts) or tag("p", "No console of this record has a histogram.")


def exits_table(run):
    """Exits by reason; a share is of the VM's exits."""
    names = list(run.exits)
    sums = {
        vm: sum(n for reason, n in counts.items() if reason != ABORTED)
        for vm, counts in run.exits.items()
    }
    reasons = {reason for counts in run.exits.values() for reason in counts}
    reasons = sorted(
        reasons, key=lambda r: (r == ABORTED, -sum(c.get(r, 0) for c in run.exits.values()))
    )
    rows = []
    for reason in reasons:
        row = [reason]
        for vm in names:
            n = run.exits[vm].get(reason, 0)
            share = reason != ABORTED and sums[vm]
            row += [f"{n:,}", f"{100 * n / sums[vm]:.1f} %" if share else "–"]
        rows.append(row)
    rows.append(["all"] + [text for vm in names for text in (f"{sums[vm]:,}", "")])
    heads = ["reason"] + [text for vm in names for text in (vm, "share of exits")]
    return table(heads, rows, "VM exits by reason", range(1, len(heads)))


def time_table(run):
    ticks = run.totals.get("ticks")
    if not ticks:
        return ""
    rows = [
        (
            vm["vm"],
            f"{vm['run_ticks']:,}",
            f"{100 * vm['run_ticks'] / ticks:.1f} %",
            f"{vm.get('switches', 0):,}",
            f"{sum(n for r, n in run.exits.get(vm['vm'], {}).items() if r != ABORTED):,}",
        )
        for vm in run.vms
    ]
    rest = ticks - sum(vm["run_ticks"] for vm in run.vms)
    rows.append(("VMM's own turns, and sleep", f"{rest:,}", f"{100 * rest / ticks:.1f} %", "", ""))
    caption = "Time in TSC ticks. A VM's time holds the VMM's work for the VM."
    return table(("VM", "ticks", "share", "turns", "exits"), rows, caption, range(1, 5))


def line_table(run):
    rows = [
        (str(line["irq"]), line["owner"] or "–")
        + tuple(f"{line.get(key, 0):,}" for key in ("exits", "held", "injected", "wakeups"))
        for line in run.lines
    ]
    heads = ("line", "owner", "NMI exits", "held", "injected", "wake-ups")
    return table(heads, rows, "Lines", (0, 2, 3, 4, 5)) if rows else ""


def block_table(run, number):
    title, _ = report_figures.FIGURES[number]
    heads = ["block", "step", "count", "probe: median / max", "this run's times, us"]
    rows = list(report_figures.rows(run, number))
    if not run.timeline:
        heads, rows = heads[:4], [row[:4] for row in rows]
    caption = f"Figure {number}: {title}"
    return table(heads, rows, caption, range(2, len(heads)))


def run_section(run):
    """All tables of a run."""
    lines = [] if run.values["vmm"] is None else [f"VMM: {run.values['vmm']}"]
    lines += [f"{image}: {line}" for image, line in run.values["modules"]]
    verdict = "; ".join(run.problems) or "The run ended well, and nothing was lost."
    parts = [
        tag("h3", escape(f"{run.name}{'' if run.totals else ': no VMM'}")),
        tag("p", escape(verdict), class_="problem" if run.problems else "good"),
        definitions([(words, run.banner.get(key, "")) for key, words in BANNER.items()]),
        tag("pre", escape("\n".join(lines)), tabindex="0") if lines else "",
    ]
    if run.totals:
        parts += [time_table(run), exits_table(run)]
        parts.append(
            tag(
                "p",
                "The records have no time for each reason: the VMM counts exits, and"
                " the time of a VM as a whole.",
            )
        )
        parts += [line_table(run), *(block_table(run, number) for number in report_figures.FIGURES)]
    else:
        parts.append(
            tag("p", "On the bare machine there is no exit, and the figures have no count.")
        )
    return tag("article", "".join(parts), class_="run", data_run=run.number)


def chosen(runs):
    """The run that the page shows first: the first one with wake-ups, else with the VMM."""
    ranked = (
        [run for run in runs if run.sum_of_lines("wakeups")]
        + [run for run in runs if run.totals]
        + runs
    )
    return ranked[0]


def one_run(runs):
    first = chosen(runs)
    options = "".join(
        tag(
            "option",
            escape(run.name),
            value=run.number,
            **({"selected": "selected"} if run is first else {}),
        )
        for run in runs
    )
    choice = tag(
        "p",
        tag("label", "Run ", for_="choice") + tag("select", options, id="choice"),
        class_="choice",
    )
    figures = "".join(
        tag(
            "figure",
            tag(
                "div",
                report_figures.drawing(n, report_figures.badges(first, n)),
                class_="frame",
                tabindex="0",
                role="region",
                aria_label=f"Figure {n}, drawn",
            )
            + tag(
                "figcaption",
                escape(f"Figure {n}: {title}. The numbers in bold are counts of the" " run."),
            ),
        )
        for n, (title, _) in report_figures.FIGURES.items()
    )
    return choice + "".join(map(run_section, runs)) + tag("div", figures, id="figures")


def verdict(runs):
    """The first thing that a reader wants to know."""
    bad = [run for run in runs if run.problems]
    if not bad:
        words = f"All {len(runs)} runs" if len(runs) > 1 else "The run"
        return tag("p", f"{words} ended well, and no interrupt was lost.", class_="good")
    items = "".join(tag("li", escape(f"{run.name}: {'; '.join(run.problems)}")) for run in bad)
    return tag("p", f"{len(bad)} of {len(runs)} runs did not go well:", class_="problem") + tag(
        "ul", items
    )


# ---- The whole page ------------------------------------------------------------------------------


def library():
    """D3 and its licence, for a script element."""
    try:
        code = D3.read_text()
    except OSError as problem:
        raise ReportError(
            f"no {D3}: the package libjs-d3 is missing (make setup), with which the page draws"
        ) from problem
    licence = D3_LICENCE.read_text() if D3_LICENCE.exists() else "D3: BSD-3-Clause"
    return f"/*\n{licence.replace('*/', '* /')}\n*/\n{code}".replace("</script", "<\\/script")


def data_for_scripts(made, runs):
    data = {
        "panels": made,
        "timelines": {run.number: run.timeline.values for run in runs if run.timeline},
        "chosen": chosen(runs).number,
        "badges": {
            run.number: {
                f"{number}-{box}": text
                for number in report_figures.FIGURES
                for box, text in report_figures.badges(run, number).items()
            }
            for run in runs
        },
    }
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


# The sections in the order of the page: id, heading, HTML of (record, runs, panels).
SECTIONS = (
    ("about", "What was run", lambda record, runs, made: what_was_run(record, runs)),
    ("latencies", "Latencies", lambda record, runs, made: latency_table(runs)),
    ("histograms", "Histograms", lambda record, runs, made: histograms(made)),
    ("run", "One run", lambda record, runs, made: one_run(runs)),
    (
        "timeline",
        "Timeline",
        lambda record, runs, made: report_timeline.sections(runs, tag, table),
    ),
)


def page(record):
    runs = runs_of(record)
    made = panels(runs)
    title = f"Signalbox: report of {KINDS[record['kind']]}"
    links = "".join(tag("a", head, href=f"#{name}") for name, head, _ in SECTIONS)
    main = "".join(
        tag("section", tag("h2", head) + part(record, runs, made), id=name)
        for name, head, part in SECTIONS
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"{tag('title', escape(title))}\n"
        f"{tag('style', (HERE / 'report.css').read_text())}\n</head>\n<body>\n"
        + tag("a", "To the content", href="#main", class_="skip")
        + tag(
            "header",
            tag("h1", escape(title))
            + verdict(runs)
            + tag("nav", links, aria_label="Parts of the page"),
        )
        + tag("main", main, id="main")
        + tag("script", data_for_scripts(made, runs), type="application/json", id="data")
        + tag("script", library())
        + tag("script", (HERE / "report.js").read_text())
        + tag("script", (HERE / "report_timeline.js").read_text())
        + "\n</body>\n</html>\n"
    )
