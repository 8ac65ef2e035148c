# SPDX-License-Identifier: BSD-2-Clause
"""The seed's Figures 3 to 5 with the counts of a run at the numbered blocks.

Rule: the pictures are those of docs/drawings. A block without a counter says so; nothing is
estimated.
"""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from .report_runs import ABORTED
from .report_timeline import BLOCKS, at_block

DRAWINGS = Path(__file__).resolve().parents[2] / "docs/drawings"
SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class Block:
    """A step of a figure: its number, the name of its box in the drawing ("": no box), its words,
    and the run's count. count: a function of a Run, or None where nothing counts the step.
    probe: whose median is the time of the step."""

    number: str
    box: str
    words: str
    count: object = None
    probe: str = ""


def invocations(run):
    return run.sum_of_exits() + run.sum_of_exits(ABORTED)


def found_in_status(run):
    return run.sum_of_lines("held") + run.sum_of_lines("exits", "vmm")


def total(key):
    return lambda run: run.totals.get(key)


def share_of_guests(run):
    """In per cent of the run's time."""
    ticks = run.totals.get("ticks")
    return f"{100 * sum(vm['run_ticks'] for vm in run.vms) / ticks:.1f} %" if ticks else None


FIGURES = {
    3: (
        "the path of one interrupt",
        (
            Block("302", "receive", "a line asserts"),
            Block("304", "routed", "routed to the controller?"),
            Block("306, 308", "send", "to the controller and the processor; no code runs"),
            Block(
                "",
                "guest",
                "the guests' handlers took an interrupt",
                lambda run: run.figures.taken,
                "uart",
            ),
            Block("310", "block", "to the VMM block"),
            Block("312", "status", "assertions that the VMM found in the status", found_in_status),
            Block("314", "masked", "masked?"),
            Block("316", "hold", "held pending for a VM", lambda run: run.sum_of_lines("held")),
            Block("318", "signal", "internal signal"),
            Block("320", "or", "NMIs that no line explains", total("external_nmis")),
            Block("322", "output", "NMIs in all, the slice timer's included", total("nmis")),
            Block(
                "¶52",
                "dispatcher",
                "NMIs that ended a guest's run: VM exits",
                lambda run: run.sum_of_exits("nmi"),
                "dispatch",
            ),
            Block(
                "¶56",
                "",
                "turns of another VM that a line ended",
                lambda run: run.sum_of_lines("wakeups"),
                "wakeup",
            ),
        ),
    ),
    4: (
        "invoking a VM",
        (
            Block("401", "identify", "identify the lines of the VM's devices", invocations),
            Block("402", "multiplex", "set the multiplexers", invocations),
            Block("404", "mask", "set the mask register", invocations),
            Block("408", "open", "ports and interrupts cause no exit", invocations),
            Block(
                "410",
                "nmi",
                "each output of the VMM block causes an exit: set once for each VM",
                lambda run: len(run.vms),
            ),
            Block(
                "412",
                "enter",
                "enter the VM, up to the next exit",
                lambda run: run.sum_of_exits(),
                "cpuid",
            ),
            Block("", "guest", "share of the time that the VMs had", share_of_guests),
        ),
    ),
    5: (
        "switching from one VM to another",
        (
            Block("510", "due", "a switch is due"),
            Block("520", "save", "save the state of the controller"),
            Block("", "wait", "an interrupt is in service: the VM goes on"),
            Block("540", "restore", "restore the state of the next VM", total("switches")),
            Block("", "load", "load the registers of the next VM", total("switches")),
            Block("560", "enter", "transfer control", total("switches"), "switch"),
        ),
    ),
}


def text_of(value):
    return "" if value is None else value if isinstance(value, str) else f"{value:,}"


def seen(run, figure, block):
    """(count, time) of a block, as texts; "": not known. A counter of the VMM goes before the
    timeline's count, which ends where the timeline in the record ends."""
    known, time = at_block(run.timeline, figure, block)
    count = text_of(block.count(run)) if block.count and run.totals else ""
    return count or text_of(known), time


def has_place(figure, block):
    """Whether the block's box has a count in some run."""
    return block.box and (block.count or (figure, block.number or block.box) in BLOCKS)


def badges(run, figure):
    """What stands at each box: texts by the box's name, with the median of the times where the run
    has a timeline. Empty for a machine without the VMM."""
    if not run.totals:
        return {}
    found = {}
    for block in FIGURES[figure][1]:
        if not has_place(figure, block):
            continue
        count, time = seen(run, figure, block)
        if count:
            median = time.partition(" / ")[0]
            found[block.box] = f"{count} · {median} us" if time else count
    return found


def rows(run, figure):
    """Number, words, count, the probe's figures and the times of each block, as texts."""
    medians = {sample.probe: sample for sample in run.samples}
    for block in FIGURES[figure][1]:
        count, time = seen(run, figure, block)
        sample = medians.get(block.probe)
        probe = f"{block.probe}: {sample.median:,} / {sample.max:,}" if sample else ""
        yield block.number, block.words, count or "no counter", probe, time or "–"


# ---- The drawing ---------------------------------------------------------------------------------


def corners(group):
    """The right and the lower edge of a box."""
    points = []
    for shape in group:
        text = shape.get("points") or shape.get("d") or ""
        values = [float(value) for value in re.findall(r"-?\d+(?:\.\d+)?", text)]
        points += zip(values[::2], values[1::2])
    return max(x for x, _ in points), max(y for _, y in points)


def drawing(figure, texts):
    """The drawing as SVG for a page, with a text at each box that has a count."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring((DRAWINGS / f"figure{figure}.svg").read_text())
    counted = {block.box for block in FIGURES[figure][1] if has_place(figure, block)}
    for group in root.iter(f"{{{SVG}}}g"):
        group.attrib.pop("id", None)
        title = group.find(f"{{{SVG}}}title")
        if title is None:
            continue
        name = title.text or ""
        group.remove(title)
        if group.get("class") == "node" and name in counted:
            right, low = corners(group)
            badge = ElementTree.SubElement(group, f"{{{SVG}}}text")
            badge.attrib = {"class": "badge", "x": f"{right - 6:g}", "y": f"{low + 8:g}"}
            badge.attrib |= {"text-anchor": "end", "data-box": f"{figure}-{name}"}
            badge.text = texts.get(name, "")
    left, top, width, height = map(float, root.get("viewBox").split())
    root.set("viewBox", f"{left:g} {top:g} {width:g} {height + 10:g}")  # room for the last text
    root.attrib |= {"role": "img", "aria-label": f"Figure {figure}: {FIGURES[figure][0]}"}
    root.attrib["style"] = f"width: {width:.0f}pt"
    root.attrib.pop("width"), root.attrib.pop("height")
    return ElementTree.tostring(root, encoding="unicode")
