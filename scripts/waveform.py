#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One interrupt's way through the block, from the waveform (VCD) of `make wave`: waveform.py
[--check] VCD FILE.wave

Rule: FILE.wave has a level for each signal and each clock, and the clock of each event, as text. So
a change of the RTL's times is seen in the file, and drawings.py makes the picture from the file
alone. --check: the status is 1 where the file is not what the VCD says.
"""

import re
import sys
from pathlib import Path

GREY, BLUE, ORANGE = "#767676", "#2878d0", "#c2571a"
# The label, the signal's name in the VCD, its bit, whether the signal is an input of the block,
# the colour. The bits of a bank are those of block_types.sv.
SIGNALS = (
    ("irq[3]", "irq", 3, True, GREY),
    ("status bit 3", "status", 3, False, ORANGE),
    ("nmi", "nmi", 0, False, ORANGE),
    ("window_strobe", "window_strobe", 0, True, GREY),
    ("ROUTE bit 3", "route", 3, False, GREY),
    ("request IR3", "bank[0]", 3, False, BLUE),
    ("intr", "intr", 0, False, BLUE),
    ("inta", "inta", 0, True, BLUE),
    ("ISR bit 3", "bank[0]", 11, False, BLUE),
    ("port_strobe", "port_strobe", 0, True, BLUE),
)
# What happens, and where it is seen: the label, and which rise of the signal (1 the first).
EVENTS = (
    ("edge", "irq[3]", 1),
    ("latch", "status bit 3", 1),
    ("NMI", "nmi", 1),
    ("STATUS is read", "window_strobe", 1),
    ("SELECT routes the line", "window_strobe", 2),
    ("INTR", "intr", 1),
    ("INTA", "inta", 1),
    ("EOI", "port_strobe", 1),
)
BEFORE, BEHIND = 1, 7  # clocks before the edge and behind the last strobe's rise


class WaveformError(Exception):
    """A VCD or a file without what is looked for."""


# ---- The VCD -------------------------------------------------------------------------------------


def read_vcd(text):
    """(signals by name, values by clock): of signals of a name the outermost counts."""
    codes = {}
    for code, name in re.findall(r"\$var wire +\d+ (\S+) (\S+)(?: \[[\d:]+\])? \$end", text):
        codes.setdefault(name, code)
    clocks, now, time = [], {}, None
    for line in text[text.index("$enddefinitions") :].splitlines()[1:]:
        if line.startswith("#"):
            if time is not None and time % 2 == 0:  # behind the rising edge
                clocks.append(dict(now))
            time = int(line[1:])
        elif line.startswith("b"):
            value, code = line[1:].split()
            now[code] = int(value, 2)
        elif line[:1] in "01" and line:
            now[line[1:]] = int(line[0])
    return codes, clocks


def levels(codes, clocks, name, bit, is_input):
    """The signal's level in each clock. The block takes an input at the edge behind the clock."""
    if name not in codes:
        raise WaveformError(f"the waveform has no signal {name}")
    seen = [clock.get(codes[name], 0) >> bit & 1 for clock in clocks]
    return "".join(map(str, seen[1:] if is_input else seen[:-1]))


def rise(row, number, start=0):
    """The clock of a row's rise, the first being number 1, from a clock on."""
    found = [match.start() + 1 for match in re.finditer("01", row) if match.start() + 1 >= start]
    if len(found) < number:
        raise WaveformError(f"a signal does not rise {number} times")
    return found[number - 1]


def describe(vcd):
    """The text of the file."""
    codes, clocks = read_vcd(vcd)
    rows = {label: levels(codes, clocks, *where) for label, *where, _ in SIGNALS}
    first = rise(rows["irq[3]"], 1) - BEFORE
    events = [(label, rise(rows[row], number, first)) for label, row, number in EVENTS]
    last = max(clock for _, clock in events) + BEHIND
    text = "# One interrupt's way: a letter a clock, by scripts/waveform.py from `make wave`.\n"
    for label, clock in events:
        text += f"event\t{label}\t{clock - first}\n"
    for label, *_, colour in SIGNALS:
        text += f"signal\t{label}\t{colour}\t{rows[label][first:last]}\n"
    return text


# ---- The picture ---------------------------------------------------------------------------------

CLOCK, ROW, HIGH, LEFT, TOP = 15, 27, 16, 110, 30
FONT = 'font-family="Helvetica,Arial,sans-serif"'


def draw_text(x, y, anchor, size, colour, text):
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" {FONT} font-size="{size}" fill="{colour}">'
        f"{text}</text>\n"
    )


def draw_levels(row, y):
    """The points of a signal's curve; y: the low level."""
    points = []
    for clock, level in enumerate(row):
        height = y - (HIGH if level == "1" else 0)
        points += [f"{LEFT + CLOCK * clock},{height}", f"{LEFT + CLOCK * (clock + 1)},{height}"]
    return " ".join(points)


def picture(text):
    """The file's picture: SVG without a background, as the other drawings."""
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    events = [row[1:] for row in rows if row[0] == "event"]
    signals = [row[1:] for row in rows if row[0] == "signal"]
    if not events or not signals:
        raise WaveformError("a file without events or signals")
    width = LEFT + CLOCK * len(signals[0][2]) + 10
    bottom = TOP + ROW * len(signals)
    body = ""
    for clock in sorted({int(clock) for _, clock in events}):
        x = LEFT + CLOCK * clock
        numbers = [str(n) for n, (_, at) in enumerate(events, 1) if int(at) == clock]
        body += f'<path fill="none" stroke="{GREY}" stroke-dasharray="2,3" '
        body += f'd="M{x},{TOP - 8}V{bottom}"/>\n'
        body += draw_text(x, TOP - 12, "middle", 12, GREY, ", ".join(numbers))
    for number, (label, colour, row) in enumerate(signals, 1):
        y = TOP + ROW * number - 6
        body += draw_text(LEFT - 10, y - 3, "end", 12, colour, label)
        body += f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" '
        body += f'points="{draw_levels(row, y)}"/>\n'
    legend = [f"{number} {label}" for number, (label, _) in enumerate(events, 1)]
    half = (len(legend) + 1) // 2
    for number, part in enumerate((legend[:half], legend[half:])):
        body += draw_text(LEFT, bottom + 20 + 18 * number, "start", 12, GREY, " · ".join(part))
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
        f'<svg width="{width}pt" height="{bottom + 48}pt" viewBox="0 0 {width} {bottom + 48}"'
        f' xmlns="http://www.w3.org/2000/svg">\n{body}</svg>\n'
    )


def main():
    names = [name for name in sys.argv[1:] if name != "--check"]
    if len(names) != 2:
        print(__doc__)
        return 2
    vcd, file = map(Path, names)
    text = describe(vcd.read_text())
    if "--check" not in sys.argv:
        file.write_text(text)
    elif not file.is_file() or file.read_text() != text:
        print(
            f"waveform: {file} is not the RTL's waveform: waveform.py {vcd} {file}, make drawings"
        )
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WaveformError as problem:
        sys.exit(f"waveform: {problem}")
