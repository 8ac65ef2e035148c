#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make report: one HTML page of a bench or of a run.

Rule: the page holds everything that it shows, and refers to nothing outside.
"""

import argparse
import sys
from pathlib import Path

from signalbox import report_figures
from signalbox.archive import RecordError, read_record
from signalbox.report_page import ReportError, page
from signalbox.report_runs import runs_of

RECORDS = ("bench", "run")


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="make bench writes records/bench.json in the build directory, make run writes "
        "records/run.json. The text of a console does as well.",
    )
    parser.add_argument(
        "record", nargs="?", type=Path, help="a record or a console (default: the newest record)"
    )
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument(
        "--figures",
        action="store_true",
        help="print the seed's Figures 3 to 5 with the counts and times of the first run that has"
        " the VMM, and make no page",
    )
    parser.add_argument("-o", "--output", type=Path, help="default: report.html in --build")
    return parser.parse_args()


def newest_record(build):
    """The newest of the records in the build directory."""
    paths = [build / "records" / f"{kind}.json" for kind in RECORDS]
    found = [path for path in paths if path.exists()]
    if not found:
        raise RecordError(
            f"no record in {build / 'records'}: make bench or make run writes one; RECORD=FILE"
            " names another"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


def table(rows):
    """The text of a table, as Markdown has tables, with columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |"
        for row in rows
    ]
    return [lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]]


def print_figures(source):
    runs = [run for run in runs_of(read_record(source)) if run.totals]
    if not runs:
        raise ReportError(f"{source}: no run of the record has the VMM's counts")
    run = runs[0]
    heads = ("block", "step", "count", "median / longest, us")
    for number, (title, _) in report_figures.FIGURES.items():
        rows = [
            (block, step, count.replace("no counter", "–"), time)
            for block, step, count, _, time in report_figures.rows(run, number)
        ]
        print(f"Figure {number}: {title}\n", *table([heads, *rows]), "", sep="\n")


def main():
    args = arguments()
    source = args.record or newest_record(args.build)
    if args.figures:
        print_figures(source)
        return
    output = args.output or args.build / "report.html"
    text = page(read_record(source))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text)
    except OSError as problem:
        raise ReportError(f"cannot write {output}: {problem.strerror}") from problem
    print(f"report: {output}, {len(text.encode()) / 1000:.0f} kB, of {source}")


if __name__ == "__main__":
    try:
        main()
    except (RecordError, ReportError) as problem:
        sys.exit(f"report: {problem}")
