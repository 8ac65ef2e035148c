# SPDX-License-Identifier: BSD-2-Clause
"""Draws the histograms of make bench CONFIG= with gnuplot: a row of panels for each probe, a column
for each load, both axes logarithmic.

Rule: the panels of a probe have the same scales. The greatest sample of each series has a mark of
its own, and stands in the legend.
"""

import plot

# The palette of Okabe and Ito, made for people with any colour vision.
COLOURS = {
    "bare": "#000000",
    "irqmux": "#0072b2",
    "irqmux-banks": "#56b4e9",
    "pc": "#e69f00",
    "soft": "#d55e00",
    "apic": "#cc79a7",
}
# Series that coincide stay apart by the form of their points.
POINTS = {"bare": 12, "irqmux": 4, "irqmux-banks": 6, "pc": 8, "soft": 10, "apic": 2}
BINS_OF_OCTAVE = 8


def bin_floor(value):
    """The least value of the bin: each power of two has BINS_OF_OCTAVE bins."""
    shift = max(0, value.bit_length() - BINS_OF_OCTAVE.bit_length())
    return value >> shift << shift


def rows_of(histogram):
    """(value, count) of each bin. 0 has no logarithm: such samples stand at a half."""
    bins = {}
    for value, count in histogram.counts.items():
        bins[bin_floor(value)] = bins.get(bin_floor(value), 0) + count
    return [(value or 0.5, count) for value, count in sorted(bins.items())]


def panel(directory, number, series):
    """The command that draws a panel. series: list of (chipset, Histogram)."""
    plots = []
    for name, histogram in series:
        data = directory / f"panel{number}-{name}.dat"
        data.write_text("".join(f"{v} {n}\n" for v, n in rows_of(histogram)))
        colour = f"lc rgb '{COLOURS[name]}'"
        title = plot.quote(f"{name}: max {histogram.max:,}")
        form = f"with linespoints pt {POINTS[name]} ps 0.8 {colour}"
        plots.append(f"{plot.quote(data.name)} {form} title {title}")
        plots.append(f"'-' with points pt {POINTS[name] + 1} ps 1.4 {colour} notitle")
    ends = "".join(f"{h.max or 0.5} 1\ne\n" for _, h in series)
    return ["plot " + ", ".join(plots), ends.rstrip("\n")]


def draw(directory, panels, unit):
    """panels: by (probe, load), a list of (chipset, Histogram). The names of the files made."""
    panels = {key: [s for s in series if s[1].n] for key, series in panels.items()}
    probes = list(dict.fromkeys(probe for (probe, _), series in panels.items() if series))
    loads = list(dict.fromkeys(load for (_, load), series in panels.items() if series))
    if not probes:
        return []
    lines = [
        f"set multiplot layout {len(probes)},{len(loads)}",
        "set logscale xy",
        "set key outside bottom center horizontal noenhanced",
        f"set xlabel {plot.quote(unit)}",
        "set ylabel 'samples (log scale)'",
        "set grid ytics lt 1 lc rgb '#dddddd'",
        "set format y '%.0f'",
        "set format x '%.0f'",
    ]
    for row, probe in enumerate(probes):
        shown = [h for load in loads for _, h in panels.get((probe, load), [])]
        high = max(h.max for h in shown) * 2 or 2
        most = max(n for h in shown for _, n in rows_of(h)) * 2
        lines += [f"set xrange [0.4:{high}]", f"set yrange [0.7:{most}]"]
        for column, load in enumerate(loads):
            series = panels.get((probe, load), [])
            lines.append(f"set title {plot.quote(f'{probe}, {load}')} noenhanced")
            lines += (
                panel(directory, row * len(loads) + column, series)
                if series
                else ["set multiplot next"]
            )
    lines.append("unset multiplot")
    return plot.run_gnuplot(directory, "latency", lines, 620 * len(loads), 330 * len(probes))
