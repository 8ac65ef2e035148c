#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The layout that clang-format leaves open: style.py [--fix] FILE...

Rule: a number's hexadecimal digits are small letters. The declarations at the head of a function
end with a blank line. The project's headers are included before the system's, and a blank line
lies between the two. No file includes a source: a test links the object. --fix rewrites the files
for the first two rules.
"""

import re
import sys
from pathlib import Path

# A string is matched whole, so that no number is found in a string.
HEX = re.compile(r'"(?:\\.|[^"\\])*"|\b0x[0-9a-fA-F]*[A-F][0-9a-fA-F]*(?=[uUlL]*\b)')
SOURCE = re.compile(r'\s*#\s*include\s*[<"][^>"]*\.(?:c|cc)[>"]')
STATEMENTS = "return|goto|else|case|default|if|for|while|do|switch|break|continue|asm|__asm__"
DECLARATION = re.compile(
    rf"^\t(?!(?:{STATEMENTS})\b)"
    r"(?:(?:static|const|volatile|register|unsigned|signed|struct|enum|union|_Alignas\(\w+\)) )*"
    r"[A-Za-z_]\w*(?: (?:int|long|char|const))*(?: (?:const )?\**|\s?\*+)"
    r"(?:__attribute__\(.*\) )?[A-Za-z_]\w*(?:\[[^\]]*\])*(?:,.*| =.*|;.*)$"
)


def small_digits(text):
    """Returns the text with the hexadecimal digits of each number as small letters."""
    return HEX.sub(lambda found: found[0] if found[0][0] == '"' else found[0].lower(), text)


def ends_a_statement(row):
    return re.sub(r"\s*/\*.*\*/\s*$", "", row).rstrip().endswith((";", "*/"))


def heads(rows):
    """Yields the index of the first row behind the declarations at the head of each function."""
    for at, row in enumerate(rows):
        if row != "{":
            continue
        row_number, seen = at + 1, 0
        while row_number < len(rows) and DECLARATION.match(rows[row_number]):
            seen += 1
            while row_number < len(rows) and not ends_a_statement(rows[row_number]):
                row_number += 1
            row_number += 1
        if seen and rows[row_number] != "}":
            yield row_number


def missing_blanks(rows):
    return [at for at in heads(rows) if rows[at] != ""]


def includes_out_of_order(rows):
    """Returns the rows where a header of the project follows the system's, or no blank row lies
    between the two."""
    wrong, before = [], None
    for at, row in enumerate(rows):
        found = re.match(r'#include ([<"])', row)
        if found:
            if before is not None and before[0] != found[1]:
                if before[0] == "<" or at - before[1] != 2:
                    wrong.append(at)
            before = (found[1], at)
        elif row and not row.startswith("#include"):
            before = None
    return wrong


def sources_included(rows):
    return [at for at, row in enumerate(rows) if SOURCE.match(row)]


def repair(text):
    rows = small_digits(text).split("\n")
    for at in reversed(missing_blanks(rows)):
        rows.insert(at, "")
    return "\n".join(rows)


def faults(path, text):
    """Yields a line for each place that breaks a rule."""
    rows = text.split("\n")
    for at, row in enumerate(rows):
        if small_digits(row) != row:
            yield f"{path}:{at + 1}: hexadecimal digits are small letters"
    if path.suffix == ".c":
        for at in missing_blanks(rows):
            yield f"{path}:{at + 1}: a blank line ends the declarations of a function"
    for at in includes_out_of_order(rows) if path.suffix in (".c", ".h") else ():
        yield f"{path}:{at + 1}: the project's headers, a blank line, then the system's"
    for at in sources_included(rows):
        yield f"{path}:{at + 1}: no source is included; a test links the object (unit.mk)"


def main():
    fix = "--fix" in sys.argv
    bad = []
    for path in map(Path, [name for name in sys.argv[1:] if name != "--fix"]):
        text = path.read_text()
        if fix:
            better = repair(text) if path.suffix == ".c" else small_digits(text)
            if better != text:
                path.write_text(better)
            text = better
        bad += faults(path, text)
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
