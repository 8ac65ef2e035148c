#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the drawings of the documents: drawings.py [FILE.dot|FILE.wave...]

Rule: docs/drawings/NAME.svg is made from NAME.dot by graphviz, or from NAME.wave by waveform.py,
and from nothing else. The picture names its source's digest, so check_docs.py sees a picture that
is older than its source, without graphviz.

A picture has no background. Its colours have a contrast of about 4.5 against white and against
black, so a picture can be read on a light page and on a dark page.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import waveform

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/drawings"
SOURCES = (".dot", ".wave")
GREY = "#767676"
FONT = "Helvetica,Arial,sans-serif"
# What a source does not say itself. G: the drawing, N: its boxes, E: its arrows.
DEFAULTS = {
    "G": {"bgcolor": "transparent", "color": GREY, "ranksep": "0.35", "nodesep": "0.3"},
    "N": {"color": GREY, "fontsize": "12", "margin": "0.15,0.08"},
    "E": {"color": GREY, "fontsize": "11"},
}


def digest(source):
    """What a picture says of its source."""
    return hashlib.sha256(source.read_bytes()).hexdigest()[:16]


def is_current(source):
    """Was the picture made from this source?"""
    picture = source.with_suffix(".svg")
    return picture.is_file() and f"{source.name} {digest(source)}" in picture.read_text()


def draw_graph(source):
    options = [
        f"-{part}{name}={value}"
        for part, values in DEFAULTS.items()
        for name, value in {**values, "fontname": FONT, "fontcolor": GREY}.items()
    ]
    svg = subprocess.run(
        ["dot", "-Tsvg", *options, str(source)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    # The comments name the version of graphviz, which is no business of the picture's.
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    return svg.replace('fill="transparent"', 'fill="none"')  # SVG 1.1 knows no such colour


def make(source):
    if source.suffix == ".wave":
        svg = waveform.picture(source.read_text())
    else:
        svg = draw_graph(source)
    note = f"<!-- SPDX-License-Identifier: BSD-2-Clause; from {source.name} {digest(source)} -->\n"
    source.with_suffix(".svg").write_text(svg.replace("<svg ", note + "<svg ", 1))


def main():
    every = sorted(path for path in FOLDER.iterdir() if path.suffix in SOURCES)
    for source in [Path(name) for name in sys.argv[1:]] or every:
        make(source)


if __name__ == "__main__":
    main()
