# SPDX-License-Identifier: BSD-2-Clause
"""
The ways in which scripts/mutants.py breaks the VMM.

Rule: a mutant is one change of one line, and names the one test that has to notice it. A host test
is named by its program. A system test is named by a platform and pytest's own name, with a colon
between them.
"""

from collections import namedtuple

Mutant = namedtuple("Mutant", "name file old new test")

from . import (  # noqa: E402
    apic,
    bounds,
    chipset,
    console,
    devices,
    functions,
    host,
    iommu,
    machine,
    processor,
    screen,
    stores,
    times,
    vmm,
)

PARTS = (
    *(apic, vmm, bounds, console, screen, chipset, devices),
    *(processor, stores, host, iommu, machine, functions, times),
)
MUTANTS = [Mutant(*line) for part in PARTS for line in part.MUTANTS]
