#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a document names exists: check_docs.py [FILE...]

Rule: looked for are files and folders, functions of the tree's C files (`name()`), names with an
underscore (`like_this`), targets of make (`make name`), and the files and sections that links point
to. A function's name in a comment alone does not count. No line is over 100 columns, but in code
blocks and tables. What other projects have is in the list FOREIGN.

The functions that a comment of the VMM or of a guest names, as name() or as file.c:name, exist as
well.

The source of a drawing (.dot, .wave) is checked as well: the functions and C files that it names
exist, a document shows the picture, and `make drawings` has made the picture since the last change.
CITATION.cff has the version of the file VERSION.

Of the page of messages each message is in the sources, and each message of the sources that ends
something is in the page.
"""

import functools
import re
import sys
from pathlib import Path

import drawings
from signalbox.tree import tree_files
from source_messages import CHANGES
from source_messages import read as read_messages

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 100
MESSAGES = ROOT / "docs" / "troubleshooting.md"
# Names in QEMU's source.
FOREIGN = {"ioapic_set_irq()", "pic_read_irq()", "hw/intc/"}
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"^(?:([\w/.-]+\.[chS]):)?([a-z_][a-z0-9_]*)\(\)$|^([\w/.-]+\.[chS]):(\w+)$")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# Where comments are looked at, and what they may name with brackets.
COMMENTED = ("boot/", "arch/", "chipset/", "vmm/", "guests/")
NAMED = re.compile(r"(?:[\w/.-]+\.[chS]:)?\b[a-z_][a-z0-9_]*\(\)|[\w/.-]+\.[chS]:[a-z_]\w*")
# A page of the public CI, as seen from the top of the tree.
WORKFLOW = re.compile(r"^\.\./\.\./actions/workflows/([\w.-]+\.yml)(?:/badge\.svg)?$")
# In a drawing's source: FILE:name(), name(), or a C file alone.
DRAWN = re.compile(r"[\w/.-]+\.[chS]:\w+\(\)|\b\w+\(\)|[\w/-]+\.[chS]\b(?!:)")
# A name of the code, alone or behind its file, with its structure or its fields.
NAME = re.compile(r"^(?:[\w/.-]+\.[chS]:)?(?:\w+(?:\.|->))*([a-z][a-z0-9]*(?:_[a-z0-9]+)+)$")
TARGET = re.compile(r"^make ([a-z][a-z-]*)\b")
SUFFIXES = (".c", ".cc", ".h", ".S", ".py", ".sh", ".md", ".mk", ".cfg", ".ld")
PATH = re.compile(r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.*-]+)*/?$")


def anchors(path):
    """The names that links may point to: the headings, as the usual viewers make them."""
    heads = re.findall(r"^#+ +(.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def code_of(path):
    """The file without its comments."""
    text = path.read_text()
    return text if path.suffix == ".py" else COMMENT.sub(" ", text)


class Tree:
    """What there is to be named."""

    def __init__(self):
        self.files = tree_files(ROOT)
        self.names = {Path(name).name for name in self.files}
        code = [name for name in self.files if name.endswith((".c", ".cc", ".h", ".S", ".py"))]
        self.texts = {name: code_of(ROOT / name) for name in code}
        self.words = set()
        for text in self.texts.values():
            self.words.update(re.findall(r"\b[A-Za-z_]\w*\b", text))
        rules = "".join(
            (ROOT / name).read_text()
            for name in self.files
            if Path(name).name == "Makefile" or name.endswith(".mk")
        )
        rules = rules.replace("\\\n", " ")
        self.targets = set(re.findall(r"^\.PHONY:(.*)$", rules, re.M))
        self.targets = {word for row in self.targets for word in row.split()}

    def has_path(self, name):
        """Is this a file or folder of the tree, or a file's bare name?"""
        bare = name.rstrip("/")
        if "*" in bare:
            return any(ROOT.glob(bare))
        if name.endswith("/"):
            return any(f"/{bare}/" in f"/{file}" for file in self.files)
        return bare in self.names or any(f"/{file}".endswith(f"/{bare}") for file in self.files)

    def has_word(self, name, path):
        """Is this a word of the code, or of that file?"""
        if not path:
            return name in self.words
        texts = [text for file, text in self.texts.items() if f"/{file}".endswith(f"/{path}")]
        return any(re.search(rf"\b{name}\b", text) for text in texts)


def span_problem(tree, span):
    """What is wrong with a piece of code in the text; None: nothing."""
    call, target, name = CALL.match(span), TARGET.match(span), NAME.match(span)
    if span in FOREIGN:
        return None
    if call and not tree.has_word(call[2] or call[4], call[1] or call[3]):
        return f"`{span}`: no function of that name"
    if name and not tree.has_word(name[1], None) and not span.endswith(SUFFIXES):
        return f"`{span}`: no such name in the code"
    if target and target[1] not in tree.targets:
        return f"`{span}`: no such target"
    if (
        PATH.match(span)
        and (span.endswith(SUFFIXES) or span.endswith("/"))
        and "build/" not in span
        and not tree.has_path(span)
    ):
        return f"`{span}`: no such file"
    return None


def link_problem(document, target):
    if re.match(r"^[a-z]+:", target):
        return None
    workflow = WORKFLOW.match(target)
    if workflow:
        known = (ROOT / ".github" / "workflows" / workflow[1]).exists()
        return None if known else f"link to {target}: no such workflow"
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    if not path.exists():
        return f"link to {target}: no such file"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"link to {target}: no such section"
    return None


def own_names(text):
    """Names of code that the document itself shows."""
    blocks = re.findall(r"^```.*?^```", text, re.M | re.S)
    return set(re.findall(r"\b\w+_\w+\b", "\n".join(blocks)))


def problems(tree, document):
    fenced = False
    own = own_names(document.read_text())
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if re.match(r"\s*(```|~~~)", line):
            fenced = not fenced
            continue
        if fenced or line.startswith("    "):
            continue
        spans = [span for span in CODE.findall(line) if span not in own]
        found = [span_problem(tree, span) for span in spans]
        found += [link_problem(document, target) for target in LINK.findall(CODE.sub("", line))]
        if len(line) > COLUMNS and not line.startswith("|") and " " in line.strip()[:COLUMNS]:
            found.append(f"{len(line)} columns; text has {COLUMNS} at most")
        for problem in filter(None, found):
            yield f"{document.relative_to(ROOT)}:{number}: {problem}"


def is_shown(tree, picture):
    """Does a document show this picture?"""
    texts = [(ROOT / name).read_text() for name in tree.files if name.endswith(".md")]
    return any(f"{picture})" in text for text in texts)


def drawing_problems(tree, source):
    name = source.relative_to(ROOT)
    for number, line in enumerate(source.read_text().splitlines(), 1):
        for span in DRAWN.findall(line.replace("\\n", " ")):
            problem = span_problem(tree, span)
            if problem:
                yield f"{name}:{number}: {problem}"
    if not drawings.is_current(source):
        yield f"{name}: its picture is older: make drawings"
    if not is_shown(tree, source.with_suffix(".svg").name):
        yield f"{name}: no document shows its picture"


def comment_problems(tree):
    """The functions that a comment names and no code has."""
    for name in tree.files:
        if not name.startswith(COMMENTED) or not name.endswith((".c", ".h", ".S")):
            continue
        text = (ROOT / name).read_text()
        for comment in COMMENT.finditer(text):
            number = text.count("\n", 0, comment.start()) + 1
            for span in NAMED.findall(comment[0]):
                problem = span_problem(tree, span)
                if problem:
                    yield f"{name}:{number}: {problem}"


def citation_problems():
    version = (ROOT / "VERSION").read_text().strip()
    if f"\nversion: {version}\n" not in (ROOT / "CITATION.cff").read_text():
        yield f"CITATION.cff: its version is not {version}, which is the version in VERSION"


# ---- The page of messages ------------------------------------------------------------------------


def quoted_messages(text):
    """(line's number, message) of the tables whose first column is headed "message"."""
    table = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            table = False
        elif line.startswith("| message |"):
            table = True
        elif table:
            for message in CODE.findall(line.split(" | ")[0]):
                yield number, message


def pattern(message):
    """A message of the page as a regular expression: what a run fills in is "..." there. A script's
    own name may stand in front."""
    fixed = ".*".join(map(re.escape, message.split("...")))
    return re.compile(rf"(?:[a-z-]+: )?{fixed}", re.S)


@functools.cache
def messages():
    return read_messages(ROOT)


def message_problems(page):
    """What the page of messages has that the sources have not, and the other way round."""
    everything, endings = messages()
    patterns = []
    for number, message in quoted_messages(page):
        patterns.append(pattern(message))
        if not any(map(patterns[-1].fullmatch, everything)):
            yield f"{MESSAGES.relative_to(ROOT)}:{number}: `{message}`: no source says this"
    for message in sorted(endings):
        if not any(known.fullmatch(message) for known in patterns):
            shown = message.replace(CHANGES, "...")
            yield f"{MESSAGES.relative_to(ROOT)}: there is nothing about `{shown}`"


def main():
    tree = Tree()
    documents = sys.argv[1:] or [
        name for name in tree.files if name.endswith((".md", *drawings.SOURCES))
    ]
    wrong = [*citation_problems(), *comment_problems(tree)]
    for name in documents:
        check = drawing_problems if name.endswith(drawings.SOURCES) else problems
        wrong += check(tree, ROOT / name)
    if str(MESSAGES.relative_to(ROOT)) in documents:
        wrong += message_problems(MESSAGES.read_text())
    print("\n".join(wrong) or f"{len(documents)} documents, nothing amiss")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
