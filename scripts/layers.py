#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Includes and calls run one way: layers.py BUILD

Rule: the table in CONTRIBUTING.md, the code block named "layers", says what each layer may use. A
file belongs to the longest folder of the table that it lies in. A folder in a row stands for its
rooms as well. Includes are read from the sources. Calls are read from the objects in BUILD/vmm, so
a call by a declaration of one's own counts as well. No file of vmm/ or of chipset/ calls a file
that calls back.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = re.compile(r"^```layers\n(.*?)^```$", re.M | re.S)
RINGLESS = ("vmm/", "chipset/")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def read_table(text):
    """What each layer may use: names of layers, or single files; from CONTRIBUTING.md's block."""
    block = TABLE.search(text)
    if block is None:
        sys.exit("CONTRIBUTING.md: no code block named layers")
    rows = (row.split(":", 1) for row in block[1].splitlines() if row.strip())
    return {name.strip(): uses.split() for name, uses in rows}


def layer_of(table, path):
    """The row that a file belongs to; None: none."""
    rows = [name for name in table if path.startswith(name + "/")]
    return max(rows, key=len, default=None)


def allowed(table, user, used):
    """May a file use the other one? Both are paths in the tree."""
    layer, other = layer_of(table, user), layer_of(table, used)
    return layer == other or any(
        use == used or f"{other}/".startswith(f"{use}/") for use in table[layer]
    )


def cycle(edges):
    """Files that call each other in a ring, by name; [] where there is no ring."""
    below = {}
    for user, used in edges:
        below.setdefault(user, set()).add(used)
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        path.append(name)
        for used in sorted(below.get(name, ())):
            ring = visit(used)
            if ring:
                return ring
        done.add(path.pop())
        return []

    return next(filter(None, map(visit, sorted(below))), [])


def includes(table):
    """Pairs of a file and the file that it includes."""
    for layer in sorted({name.split("/")[0] for name in table}):
        for path in sorted((ROOT / layer).rglob("*.[chS]")):
            for header in INCLUDE.findall(path.read_text()):
                if (ROOT / header).exists():
                    yield str(path.relative_to(ROOT)), header, f'#include "{header}"'


def symbols(objects):
    """By object's source: what it defines, what it asks for."""
    names = subprocess.run(
        ["gcc-nm", "-A", *map(str, objects)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    defines, asks = {}, []
    for line in names.splitlines():
        at, _, rest = line.partition(":")
        kind, name = rest.split()[-2:]
        if kind == "U":
            asks.append((at, name))
        elif kind.isupper():
            defines[name] = at
    return defines, asks


def calls(build):
    """Pairs of a file and the file whose symbol it asks for."""
    top = build / "vmm"

    def source(name):
        return str(Path(name).relative_to(top))[: -len(".o")]

    # an object whose source has gone is left from an older build
    objects = [path for path in sorted(top.rglob("*.o")) if (ROOT / source(path)).exists()]
    if not objects:
        sys.exit(f"no objects in {top}: make builds them")
    defines, asks = symbols(objects)
    for user, name in asks:
        if name in defines:
            yield source(user), source(defines[name]), name


def main():
    table = read_table((ROOT / "CONTRIBUTING.md").read_text())
    wrong, seen, between = [], 0, list(calls(Path(sys.argv[1])))
    for user, used, how in [*includes(table), *between]:
        if None in (layer_of(table, user), layer_of(table, used)):
            continue
        seen += 1
        if not allowed(table, user, used):
            wrong.append(f"{user}: {how}: {used} is not below (CONTRIBUTING.md, layers)")
    ring = cycle(
        (a, b)
        for a, b, _ in between
        if a != b and a.startswith(RINGLESS) and b.startswith(RINGLESS)
    )
    if ring:
        wrong.append(f"calls run in a ring: {' -> '.join([*ring, ring[0]])}")
    if not seen:
        wrong.append("nothing was found to look at")
    print("\n".join(wrong) or f"{seen} edges, none upward")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
