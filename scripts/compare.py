#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make compare A=... B=...: what two results of make bench CONFIG= differ in, and by how much.

Rule: a row is compared with the row of the same platform, chipset, load and probe. A row that only
one result has is named. The exit status is 1 where a figure of B exceeds the limit or is missing,
2 where a result cannot be read.
"""

import argparse
import json
import re
import sys
from pathlib import Path

KEYS = ("platform", "chipset", "load", "probe")
FIGURES = ("median", "p99", "max")


class CompareError(Exception):
    """A result or a limit cannot be used."""


def read_result(word, root):
    """A result by the name of its directory under root, by a directory, or by its file."""
    for path in (Path(word) / "result.json", Path(word), root / word / "result.json"):
        if path.is_file():
            break
    else:
        raise CompareError(
            f"{word}: no such result: name a directory with result.json, or one of {root}:"
            f" {' '.join(sorted(p.name for p in root.glob('*') if p.is_dir())) or 'none yet'}"
        )
    try:
        result = json.loads(path.read_text())
        rows = {tuple(row[key] for key in KEYS): row for row in result["rows"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CompareError(
            f"{path}: not a result of make bench CONFIG= ({error!r}): measure again"
        ) from error
    return result, rows


def read_limit(word):
    """(share, absolute): "5%" or "100"; None where no limit is given."""
    if not word:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", word)
    if not match:
        raise CompareError(f"LIMIT={word}: a number, as 100, or a share, as 5%")
    return (float(match[1]) / 100, None) if match[2] else (None, float(match[1]))


def exceeds(before, after, limit):
    """Whether a figure grew by more than the limit."""
    if limit is None or after is None or before is None:
        return False
    share, absolute = limit
    return after - before > (before * share if absolute is None else absolute)


def change(before, after):
    if before is None or after is None:
        return "-"
    grown = after - before
    share = f" ({100 * grown / before:+.1f}%)" if before else ""
    return f"{before} -> {after}: {grown:+d}{share}" if grown else f"{before}"


def compare(before, after, limit):
    """(lines of text, the names of the figures beyond the limit). before, after: rows by key."""
    lines, beyond = [], []
    for key in [*before, *(key for key in after if key not in before)]:
        name = "/".join(key)
        if key not in after:
            lines.append(f"{name}: only in A")
            beyond.append(f"{name}: missing in B")
            continue
        if key not in before:
            lines.append(f"{name}: only in B")
            continue
        a, b = before[key], after[key]
        if a["unit"] != b["unit"]:
            lines.append(f"{name}: A in {a['unit']}, B in {b['unit']}: not compared")
            beyond.append(f"{name}: another unit")
            continue
        changed = [f for f in FIGURES if a[f] != b[f]]
        if changed:
            lines.append(
                f"{name}, {a['unit']}: "
                + "; ".join(f"{figure} {change(a[figure], b[figure])}" for figure in changed)
            )
        beyond += [
            f"{name}: {figure} {change(a[figure], b[figure])}"
            for figure in FIGURES
            if exceeds(a[figure], b[figure], limit)
        ]
    return lines, beyond


def describe(result):
    return f"{result['configuration']['path']}, commit {result['commit']}, {result['time']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path("build/measure"))
    parser.add_argument("--limit", default="")
    parser.add_argument("a", help="the earlier result")
    parser.add_argument("b", help="the later result")
    args = parser.parse_args()
    if not args.a or not args.b:
        raise CompareError("A= and B= name the two results, e.g. A=... B=latest")
    limit = read_limit(args.limit)
    (first, before), (second, after) = (read_result(word, args.root) for word in (args.a, args.b))
    print(f"A: {describe(first)}\nB: {describe(second)}")
    lines, beyond = compare(before, after, limit)
    print("\n".join(lines) if lines else f"no figure of {len(before)} rows has changed")
    for text in beyond:
        print(f"compare: beyond the limit: {text}")
    return 1 if beyond else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CompareError as problem:
        print(f"compare: {problem}", file=sys.stderr)
        sys.exit(2)
