# SPDX-License-Identifier: BSD-2-Clause
"""Reads which images to boot with which lines: `multiboot IMAGE WORDS` and `module IMAGE WORDS`,
as in GRUB.

Rule: what a line says goes to the loader as it is; the VMM judges the words.
"""

from pathlib import Path

from .machine import Module


class ConfigError(Exception):
    """The file's text is not what a configuration may say."""


def load_entries(path):
    """All entries of a file: list of (title, [(command, image, words)]). `title TEXT` begins
    one."""
    entries = []
    try:
        text = Path(path).read_text()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        command, rest = words[0], words[1] if len(words) > 1 else ""
        if command == "title":
            entries.append((rest, []))
            continue
        if command not in ("multiboot", "module"):
            raise ConfigError(
                f"{path}:{number}: '{command}': a line begins with title, multiboot or module"
            )
        image, _, line_words = rest.partition(" ")
        if not image:
            raise ConfigError(f"{path}:{number}: {command}: which image?")
        if not entries:
            entries.append(("Signalbox", []))
        if (command == "multiboot") != (not entries[-1][1]):
            raise ConfigError(
                f"{path}:{number}: one multiboot line comes first, module lines follow"
            )
        entries[-1][1].append((command, image, line_words.strip()))
    if not entries or not all(lines for _, lines in entries):
        raise ConfigError(f"{path}: no multiboot line")
    return entries


def load_config(path):
    """The first entry of a file, for a Machine: (image of the multiboot line, its words,
    modules)."""
    lines = load_entries(path)[0][1]
    return lines[0][1], lines[0][2], [Module(image, words) for _, image, words in lines[1:]]
