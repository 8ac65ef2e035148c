# SPDX-License-Identifier: BSD-2-Clause
"""What QEMU's 8259s did with each line, by QEMU's own trace: edges, and interrupts taken.

Rule: an interrupt is one of three kinds. A datasheet's 8259A makes the first kind alone.

  edge   the line has risen since its last interrupt, and is still high
  fell   the line has risen, and is low again: the chip kept a request that the device took back
  again  the line is high, and has not risen: the chip forgot the level at an ICW1, and latched it
         once more
"""

import re
from collections import Counter

FILE = "pics.txt"
WORDS = ["-trace", "pic_set_irq", "-trace", "pic_interrupt", "-D", FILE]
LEVEL = re.compile(r"pic_set_irq master (\d) irq (\d) level (\d)")
TAKEN = re.compile(r"pic_interrupt irq (\d+) intno (\d+)")


def taken(text, base):
    """By line: Counter of kinds. base: by line, where the vectors of its pair begin; interrupts at
    other vectors are the firmware's, and count for nothing."""
    level, risen = Counter(), Counter()
    found = {line: Counter() for line in base}
    for event in text.splitlines():
        if said := LEVEL.match(event):
            master, pin, high = map(int, said.groups())
            line = pin + (0 if master else 8)
            if high and not level[line]:
                risen[line] = 1
            level[line] = high
        elif said := TAKEN.match(event):
            line, vector = map(int, said.groups())
            if base.get(line, -line) + line == vector:
                kind = "fell" if not level[line] else "edge" if risen[line] else "again"
                found[line][kind] += 1
            risen[line] = 0
    return found
