#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of `make rtl-coverage`: coverage.py FILE.dat...

Rule: a point is a line, a branch, or a bit of a signal that changes. A point counts as reached if
any program reaches the point in any instance of its module. A point that no program reaches is a
hole. Each hole needs a reason in REASONS; a hole without a reason ends this with status 1, and so
does a reason that explains no hole.
"""

import re
import sys
from pathlib import Path

FIELD = re.compile("\x01([^\x02]+)\x02([^\x01']*)")
KINDS = ("line", "branch", "toggle")
INPUT_SETS = "hold|first_driven|first_high|driven|high|risen|pulse"
# Bit 2 of each set of lines or inputs, by the line's or the input's number.
LINE_2 = rf"(({INPUT_SETS}|lines|follows|first|levels|first_pins|pins)\[2\])"
# In block.sv sixteen bits a line: line 2, and input 2 of each line.
AT = rf"at_({INPUT_SETS})\[(3[2-9]|4[0-7]|" + "|".join(str(16 * n + 2) for n in range(16)) + r")\]"
AT_STATUS = r"at_(next_)?status\[(3[2-9]|4[0-7])\]"

# Why no program can reach a point: the reason, and the points as FILE NAME.
REASONS = (
    ("there is no line 2, and no input 2", rf"\w+\.sv ({LINE_2}|{AT}|{AT_STATUS})"),
    (
        "the master's input 2 is the slave's INT: the pair sets edge and pin, and nothing is held",
        r"\w+\.sv ([\w.]*\bheld\[2\]|after_(first|pins)\.(edges|pins)\[2\]|unused_\w+_irr\[2\])",
    ),
    ("bits that ELCR and the slave's ICW3 do not have", r"\w+\.sv [\w.]*(elcr|icw3)\[\d\]"),
    ("reserved bits of STATUS, the high bits of BANK", r"window\.sv (stated|selected|bank)\[\d+\]"),
    (
        "constants: the low bits of a shift of bytes, a bit that READY and ICW4 lack",
        r"window\.sv shift\[[0-2]\]|i8259\.sv last\[1\]",
    ),
    ("INTA comes first, so INTA never waits", r"block\.sv passed_over\[0\]"),
    ("the spare bit of the counter of a pulse's clocks", r"vmm_block\.sv left\[3\]"),
    ("an output that its module leaves open", r"\w+\.sv unused_(first|pins)"),
)


def read(names):
    """The hits of each point: (file, line, kind, name)."""
    points = {}
    for name in names:
        for row in Path(name).read_text(encoding="latin1").splitlines():
            if not row.startswith("C '"):
                continue
            text, count = row.rsplit("' ", 1)
            field = dict(FIELD.findall(text))
            kind = field["page"].split("/")[0][2:]
            # A line has the lines of its block (S); the point is the first one.
            point = (Path(field["f"]).name, int(field["l"]), kind, field.get("o", ""))
            points[point] = points.get(point, 0) + int(count)
    return points


def table(points):
    print("%-18s %16s %16s %16s" % ("rtl-coverage", "lines", "branches", "toggles"))
    files = sorted({file for file, *_ in points})
    for file in files + ["all"]:
        cells = []
        for kind in KINDS:
            counts = [
                hits
                for (at, _, of, _), hits in points.items()
                if of == kind and file in (at, "all")
            ]
            cells.append("%d of %d" % (sum(hits > 0 for hits in counts), len(counts)))
        print("%-18s %16s %16s %16s" % (file, *cells))


def main():
    points = read(sys.argv[1:])
    if not points:
        sys.exit("rtl-coverage: the files have no points")
    table(points)
    holes = [point for point, hits in sorted(points.items()) if not hits]
    explained, bad = {reason: 0 for reason, _ in REASONS}, 0
    for file, line, kind, name in holes:
        for reason, pattern in REASONS:
            if kind == "toggle" and re.fullmatch(pattern, "%s %s" % (file, name)):
                explained[reason] += 1
                break
        else:
            bad += 1
            print("hole: %s:%d %s %s" % (file, line, kind, name))
    for reason, count in explained.items():
        print("%4d bits: %s" % (count, reason))
        bad += not count
    print(
        "R07 rtl: %d holes, each with its reason ... %s" % (len(holes), "FAILED" if bad else "ok")
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
