# SPDX-License-Identifier: BSD-2-Clause
"""Boots Signalbox, or a guest on the bare machine, in an emulator and says how it ended.

from signalbox import Machine, Module

    machine = Machine(
        vmm="console=com1 chipset=auto",
        modules=[Module("pulse", "vm=pulse mem=16M irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff -- "
                                 "n=1000")],
    )
    result = machine.run(directory, timeout=60)
    assert result.status == 0, result.explain()

Rule: standard library only; nothing here knows what a test or a measurement means.
"""

from .config import ConfigError, load_config
from .machine import Machine, Module, Result
from .platforms import PlatformError, choose
from .records import (
    Exits,
    Histogram,
    Latency,
    find_records,
    parse_exits,
    parse_histograms,
    parse_latencies,
)

__all__ = [
    "ConfigError",
    "Exits",
    "Histogram",
    "Latency",
    "Machine",
    "Module",
    "PlatformError",
    "Result",
    "choose",
    "find_records",
    "load_config",
    "parse_exits",
    "parse_histograms",
    "parse_latencies",
]
