# SPDX-License-Identifier: BSD-2-Clause
"""Histograms of latencies: buckets, percentiles, and the text of cyclictest's --histfile.

Rule: the number of samples, the sum, the least and the greatest value are exact. A value below FINE
has a bucket of its own. Above, a bucket is 1/512 of its value wide at most, and stands for its
least value. emulators/qemu/latency.c has the same buckets.
"""

from dataclasses import dataclass, field

FINE = 1024
HALF = FINE // 2
# Lines of a histfile: a script that reads the file into memory takes no longer than with
# cyclictest.
HISTFILE_ROWS = 100_000


def bucket_floor(value):
    """The least value of the bucket that has the value."""
    shift = max(0, value.bit_length() - FINE.bit_length() + 1)
    return value >> shift << shift


@dataclass
class Histogram:
    counts: dict = field(default_factory=dict)  # by the bucket's least value
    n: int = 0
    total: int = 0
    min: int | None = None
    max: int | None = None

    def add(self, value, count=1):
        """Takes `count` samples of one value. Exact, whatever the bucket is."""
        floor = bucket_floor(value)
        self.counts[floor] = self.counts.get(floor, 0) + count
        self.n += count
        self.total += value * count
        self.min = value if self.min is None else min(self.min, value)
        self.max = value if self.max is None else max(self.max, value)

    def merge(self, other):
        """Takes all samples of another histogram."""
        for floor, count in other.counts.items():
            self.counts[floor] = self.counts.get(floor, 0) + count
        self.n += other.n
        self.total += other.total
        ends = [v for v in (self.min, self.max, other.min, other.max) if v is not None]
        self.min, self.max = (min(ends), max(ends)) if ends else (None, None)

    def at_rank(self, rank):
        """The sample of that rank, from 0 on; the first and the last sample are exact."""
        if rank <= 0:
            return self.min
        if rank >= self.n - 1:
            return self.max
        for floor in sorted(self.counts):
            rank -= self.counts[floor]
            if rank < 0:
                return max(floor, self.min)
        return self.max

    @property
    def median(self):
        return self.at_rank((self.n - 1) // 2) if self.n else None

    @property
    def p99(self):
        return self.at_rank((self.n * 99 + 99) // 100 - 1) if self.n else None

    @classmethod
    def of_counts(cls, counts, n, total, low, high):
        return cls({int(v): int(c) for v, c in counts.items()}, n, total, low, high)


def histfile(series):
    """The text that cyclictest writes with --histfile: a row for each value, a column for each
    histogram. series: list of (name, Histogram). cyclictest has threads, this text has series: the
    names follow in comments."""
    shown = [h for _, h in series]
    last = max((h.max for h in shown if h.n), default=-1)
    rows = min(last + 1, HISTFILE_ROWS)
    lines = ["# Histogram"]
    for value in range(rows):
        lines.append(f"{value:06d} " + "\t".join(f"{h.counts.get(value, 0):06d}" for h in shown))
    within = [sum(c for v, c in h.counts.items() if v < rows) for h in shown]

    def footer(title, values, width):
        lines.append(f"# {title}:" + "".join(f" {value or 0:0{width}d}" for value in values))

    footer("Total", within, 9)
    footer("Min Latencies", [h.min for h in shown], 5)
    footer("Avg Latencies", [h.total // h.n if h.n else 0 for h in shown], 5)
    footer("Max Latencies", [h.max for h in shown], 5)
    footer("Histogram Overflows", [h.n - n for h, n in zip(shown, within)], 5)
    lines.append("# Histogram Overflow at cycle number:")
    lines += [f"# Thread {i}: # {name}" for i, (name, _) in enumerate(series)]
    return "\n".join(lines) + "\n\n"
