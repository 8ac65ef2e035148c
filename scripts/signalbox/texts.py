# SPDX-License-Identifier: BSD-2-Clause
"""The text of each VM with a UART of its own, out of the console's.

Rule: the file has what the VM sent, line after line, without the VM's name. A row that the console
showed before its end had come is left out.
"""

import re


def talkers(modules):
    """The names of the VMs with uart=com1."""
    lines = [module.line.partition(" -- ")[0].split() for module in modules]
    return [
        word.removeprefix("vm=")
        for words in lines
        for word in words
        if word.startswith("vm=") and "uart=com1" in words
    ]


def text_of(console, name):
    """What the VM sent."""
    rows = re.findall(rf"^\[{re.escape(name)}\] (.*)$", console, re.MULTILINE)
    pairs = zip(rows, rows[1:] + [""])
    whole = [row for row, after in pairs if row == after or not after.startswith(row)]
    return "".join(row + "\n" for row in whole)


def write_texts(directory, console, modules):
    """A file for each such VM; the files' names."""
    names = talkers(modules)
    if names:
        directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / f"{name}.txt").write_text(text_of(console, name))
    return [directory / f"{name}.txt" for name in names]
