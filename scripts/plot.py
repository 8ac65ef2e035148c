# SPDX-License-Identifier: BSD-2-Clause
"""Draws a measurement with gnuplot, as SVG and PNG: latency histograms side by side, exits by
reason.

Rule: the data files and gnuplot scripts stay beside the pictures, so that anyone can draw them
another way.
"""

import math
import shutil
import subprocess

TERMINALS = {
    "svg": "svg size {width},{height} dynamic font 'sans-serif,12' background rgb 'white'",
    "png": "pngcairo size {width},{height} font 'sans,10' background rgb 'white'",
}
COLOURS = (
    "#4c78a8",
    "#f58518",
    "#54a24b",
    "#b279a2",
    "#e45756",
    "#72b7b2",
    "#9d755d",
    "#bab0ac",
    "#eeca3b",
    "#ff9da6",
)
BINS = 40


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def binned(series):
    """Counts of all series over common bins: (bin edges, width, one list of shares in per cent
    for each series)."""
    values = [value for _, counts in series for value in counts]
    low, high = min(values), max(values)
    width = max(1, math.ceil((high - low + 1) / BINS))
    bins = (high - low) // width + 1
    shares = []
    for _, counts in series:
        total = sum(counts.values()) or 1
        row = [0.0] * bins
        for value, count in counts.items():
            row[(value - low) // width] += 100.0 * count / total
        shares.append(row)
    return [low + i * width for i in range(bins)], width, shares


def latency_script(directory, histograms, units):
    """One panel for each probe; in each bin a box for each combination, side by side."""
    columns = 2
    rows = (len(histograms) + columns - 1) // columns
    lines = [
        f"set multiplot layout {rows},{columns} title 'Latency, from the assertion to the first"
        " instruction' "
    ]
    lines += [
        "set style fill solid 0.9",
        "set grid ytics lt 1 lc rgb '#cccccc'",
        "set key noenhanced",
        "set ylabel '% of samples'",
        "set key top right",
        "set yrange [0:*]",
        "set offsets 0,0,5,0",
    ]
    names = list(dict.fromkeys(name for series in histograms.values() for name, _ in series))
    for probe, series in histograms.items():
        series = [(name, counts) for name, counts in series if counts]
        if not series:
            continue
        edges, width, shares = binned(series)
        data = directory / f"latency-{probe.replace(' ', '-')}.dat"
        with open(data, "w") as file:
            file.write(
                "# "
                + units.get(probe, "")
                + "; % of samples: "
                + ", ".join(name for name, _ in series)
                + "\n"
            )
            for i, edge in enumerate(edges):
                file.write(f"{edge} " + " ".join(f"{row[i]:.4f}" for row in shares) + "\n")
        box = width / (len(series) + 1)
        lines += [
            f"set title {quote(probe)}",
            f"set xlabel {quote(units.get(probe, ''))}",
            f"set boxwidth {box:.6f}",
            f"set xrange [{edges[0] - width}:{edges[-1] + 2 * width}]",
            "set format x '%.0f'",
            f"set xtics {max(1, nice((edges[-1] - edges[0]) / 6))}",
        ]
        plots = [
            f"{quote(data.name)} using ($1+{(i + 0.5) * box:.6f}):{i + 2} with boxes "
            f"lc rgb '{COLOURS[names.index(name) % len(COLOURS)]}' title {quote(name)}"
            for i, (name, _) in enumerate(series)
        ]
        lines.append("plot " + ", ".join(plots))
    lines.append("unset multiplot")
    return lines, 1000, 330 * rows + 40


def nice(step):
    """The next of 1, 2, 5 times a power of ten."""
    if step <= 1:
        return 1
    power = 10 ** math.floor(math.log10(step))
    return int(next(m * power for m in (1, 2, 5, 10) if m * power >= step))


def exits_script(directory, exits):
    """A group of bars for each VM of each run, a colour for each reason."""
    reasons = sorted({reason for _, counts in exits for reason, n in counts.items() if n})
    data = directory / "exits.dat"
    with open(data, "w") as file:
        file.write("# run " + " ".join(reasons) + "\n")
        for name, counts in exits:
            file.write(
                f'"{name}" ' + " ".join(str(counts.get(reason, 0)) for reason in reasons) + "\n"
            )
    lines = [
        "set title 'VM exits of the whole run, by reason'",
        "set style data histograms",
        "set style histogram clustered gap 1",
        "set style fill solid 0.9",
        "set ylabel 'exits (log scale)'",
        "set logscale y",
        "set yrange [0.5:*]",
        "set grid ytics lt 1 lc rgb '#cccccc'",
        f"set xrange [-0.7:{len(exits) - 0.3:.1f}]",
        "set key noenhanced",
        "set key outside right top",
        "set xtics rotate by -20 noenhanced",
    ]
    plots = [
        f"{quote(data.name)} using {i + 2}:xtic(1) title {quote(reason)} lc rgb"
        f" '{COLOURS[i % len(COLOURS)]}'"
        for i, reason in enumerate(reasons)
    ]
    lines.append("plot " + ", ".join(plots))
    return lines, 1000, 480


def run_gnuplot(directory, name, lines, width, height):
    """Both pictures of one script; the names of the files made. None without gnuplot."""
    if not shutil.which("gnuplot"):
        print(f"plot: gnuplot is missing (make setup): no picture {name}")
        return []
    made = []
    for kind, terminal in TERMINALS.items():
        script = [
            f"set terminal {terminal.format(width=width, height=height)}",
            f"set output '{name}.{kind}'",
            *lines,
        ]
        path = directory / f"{name}-{kind}.gp"
        path.write_text("\n".join(script) + "\n")
        done = subprocess.run(
            ["gnuplot", path.name],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"plot: gnuplot could not draw {name}.{kind}:\n{done.stdout}")
        else:
            made.append(f"{name}.{kind}")
    return made


def draw(directory, histograms, units, exits):
    """Draw what there is; the names of the files made in directory."""
    made = []
    if any(counts for series in histograms.values() for _, counts in series):
        made += run_gnuplot(directory, "latency", *latency_script(directory, histograms, units))
    if any(n for _, counts in exits for n in counts.values()):
        made += run_gnuplot(directory, "exits", *exits_script(directory, exits))
    return made
