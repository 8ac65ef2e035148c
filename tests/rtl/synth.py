#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of `make synth`: synth.py BANKS.stat... [route.log]

Rule: each figure is read from a report of Yosys or of nextpnr. A report without the figure is an
error.
"""

import re
import sys
from pathlib import Path


def cells(report):
    """Flip-flops, LUTs and carries of a report of Yosys's `stat`."""
    counts = {}
    # The last part of the report is the whole design.
    for name, count in re.findall(
        r"^ +(SB_\w+) +(\d+)$", report.split("Number of cells:")[-1], re.M
    ):
        kind = "SB_DFF" if name.startswith("SB_DFF") else name
        counts[kind] = counts.get(kind, 0) + int(count)
    if not counts.get("SB_DFF") or not counts.get("SB_LUT4"):
        sys.exit("synth: a report of Yosys has no flip-flops or no LUTs")
    return counts["SB_DFF"], counts["SB_LUT4"], counts.get("SB_CARRY", 0)


def routed(log):
    """The line of the table about place and route."""
    used = re.findall(r"ICESTORM_LC: +(\d+)/ *(\d+)", log)
    clock = re.findall(r"Max frequency for clock '[^']*': ([\d.]+) MHz", log)
    if not used or not clock:
        sys.exit("synth: the report of nextpnr has no cells or no clock")
    return "HX8K, 1 bank, pins.sv included: %s of %s logic cells, %s MHz" % (*used[-1], clock[-1])


def main():
    stats = sorted(
        (Path(n) for n in sys.argv[1:] if n.endswith(".stat")), key=lambda p: int(p.stem)
    )
    rows = [(int(path.stem), *cells(path.read_text())) for path in stats]
    print("synth: 16 lines, by Yosys for iCE40")
    print("%8s %12s %8s %8s" % ("banks", "flip-flops", "LUTs", "carries"))
    for row in rows:
        print("%8d %12d %8d %8d" % row)
    (low, *few), (high, *many) = rows[0], rows[-1]
    each = [(more - less) / (high - low) for less, more in zip(few, many)]
    print("%8s %12.0f %8.0f %8.0f   (from %d to %d)" % ("a bank", *each, low, high))
    for name in sys.argv[1:]:
        if name.endswith(".log"):
            print(routed(Path(name).read_text()))


if __name__ == "__main__":
    main()
