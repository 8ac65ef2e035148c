# SPDX-License-Identifier: BSD-2-Clause
"""The messages in the sources: of C and assembly, Python and shell.

Rule: a message is the fixed text of one string, with CHANGES in the place of each part that a run
fills in. endings() has the messages that end a run, a set-up or a build, or refuse a VM.
"""

import ast
import re
from pathlib import Path

CHANGES = "\0"
# Calls that end a run, or refuse a configuration, wherever they are.
ENDING_CALLS = ("panic", "config_refuse", "check_refuse")
# Files in which a line of the log says why no VM can run.
REFUSING_FILES = ("capabilities.c", "chipset.c", "reserve.c", "virt.c")
# Assembly that ends a run by itself.
ENTRY_FILE = "entry.S"
# What scripts raise for a run that cannot be.
PROBLEMS = ("BochsError", "ConfigError", "MediaError", "PlatformError", "QemuError")

# A line of the log, behind which the boot ends or a VM is refused.
REFUSAL = re.compile(r"\blog_line\((?=[^;]*;\s*(?:end\(1\)|return (?:false|NULL|-E[A-Z]+);))")
# A row of the table of an image's faults.
FAULT = re.compile(r"^\tX\(\w+,\s+(?=\")", re.M)
FAULTS_FILE = "elf.h"
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
RUN = re.compile(rf"{LITERAL}(?:\s*(?:\.asci[iz]\s+)?{LITERAL})*")
COMMENT = re.compile(rf"({LITERAL})|/\*.*?\*/", re.S)
FORMAT = re.compile(r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:hh|h|ll|l|z)?[a-zA-Z]")
ESCAPES = {r"\"": '"', r"\\": "\\", r"\n": "\n", r"\r": "", r"\t": "\t", "%%": "%"}
VARIABLE = re.compile(r"\$\{[^}]*\}|\$\((?:[^()]|\([^()]*\))*\)|\$\w+|\$[@#?*]")


def join(run):
    """The text of neighbouring literals of C."""
    text = "".join(literal[1:-1] for literal in re.findall(LITERAL, run))
    text = FORMAT.sub(CHANGES, text)
    return re.sub(r'\\["\\nrt]|%%', lambda found: ESCAPES[found[0]], text)


def arguments(text, start):
    """What stands between the parentheses of a call, which begins at start."""
    depth, at = 1, start
    for found in re.finditer(rf"{LITERAL}|[()]", text[start:]):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return text[start : start + found.start()]
        at = start + found.end()
    return text[start:at]


class CFile:
    def __init__(self, path):
        self.name = path.name
        # a macro of several lines is one text
        text = path.read_text().replace("\\\n", "\n")
        self.text = COMMENT.sub(lambda found: found[1] or " ", text)

    def all(self):
        return [join(run) for run in RUN.findall(self.text)]

    def of_calls(self, names):
        """The format of each call, wherever these functions are called."""
        for call in re.finditer(rf"\b(?:{'|'.join(names)})\(", self.text):
            runs = RUN.findall(arguments(self.text, call.end()))
            if runs:
                yield join(runs[0])

    def endings(self):
        found = list(self.of_calls(ENDING_CALLS))
        if self.name == ENTRY_FILE:
            found += [text for text in self.all() if "end: status" in text]
        if self.name in REFUSING_FILES:
            found += self.of_calls(("log_line",))
        for before in REFUSAL.finditer(self.text):
            found.append(join(RUN.findall(arguments(self.text, before.end()))[0]))
        for before in FAULT.finditer(self.text) if self.name == FAULTS_FILE else ():
            found.append(join(RUN.match(self.text, before.end())[0]))
        return found


class PythonFile:
    def __init__(self, path):
        self.tree = ast.parse(path.read_text())

    @staticmethod
    def text_of(node):
        """The text of a string; None: this is none."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.JoinedStr):
            return "".join(
                part.value if isinstance(part, ast.Constant) else CHANGES for part in node.values
            )
        if isinstance(node, ast.BinOp):
            return (PythonFile.text_of(node.left) or "") + CHANGES
        return None

    def all(self):
        return list(filter(None, map(self.text_of, ast.walk(self.tree))))

    def endings(self):
        raised = [node.exc for node in ast.walk(self.tree) if isinstance(node, ast.Raise)]
        calls = [call for call in raised if isinstance(call, ast.Call) and call.args]
        calls = [call for call in calls if getattr(call.func, "id", "") in PROBLEMS]
        return list(filter(None, (self.text_of(call.args[0]) for call in calls)))


class ShellFile:
    def __init__(self, path):
        self.text = path.read_text().replace("\\\n", "")

    @staticmethod
    def plain(text):
        return FORMAT.sub(CHANGES, VARIABLE.sub(CHANGES, text)).replace('\\"', '"')

    def all(self):
        """Whole lines as well: those between << and END are texts."""
        found = self.text.splitlines()
        for line in self.text.splitlines():
            found += re.findall(r'"((?:[^"\\]|\\.)*)"', line)
        return list(map(self.plain, found))

    def endings(self):
        return list(map(self.plain, re.findall(r'\bdie\s+"((?:[^"\\]|\\.)*)"', self.text)))


def sources(root):
    """The files that have messages of runs, set-ups and builds."""
    for folder in ("arch", "boot", "chipset", "vmm", "guests", "emulators"):
        for path in sorted((root / folder).rglob("*.[chS]")) + sorted(
            (root / folder).rglob("*.cc")
        ):
            yield CFile(path)
    for path in [
        root / "scripts" / "run.py",
        *sorted((root / "scripts" / "signalbox").glob("*.py")),
    ]:
        yield PythonFile(path)
    for path in sorted((root / "scripts").glob("*.sh")):
        yield ShellFile(path)


def lines(texts):
    """Each line of the texts that has a word of its own, without the VMM's prefix."""
    for text in texts:
        for line in text.split("\n"):
            if re.search("[A-Za-z]{2}", line):
                yield line.removeprefix("signalbox: ").strip()


def read(root):
    """(all messages, those that end something), as sets."""
    files = list(sources(Path(root)))
    return (
        {line for file in files for line in lines(file.all())},
        {line for file in files for line in lines(file.endings())},
    )
