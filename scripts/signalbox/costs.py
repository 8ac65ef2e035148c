# SPDX-License-Identifier: BSD-2-Clause
"""What a path of the VMM would cost: cycles of a processor of 3.5 GHz for each thing that it does.

Rule: every constant stands in this one table, with its source. "assumed" is nobody's measurement:
whoever has measured it puts the figure and the source in its place.
"""

# The columns. die: the chipset block is on the processor's die. pcie: the block is behind PCIe.
# nested: Signalbox runs in a VM of KVM, which has no such block.
MODELS = ("die", "pcie", "nested")
TITLES = {"die": "metal", "pcie": "metal, block behind PCIe", "nested": "nested KVM"}

EPYC = "SVM round trip as measured on EPYC"
HASWELL = "Linux commit 74a497fae754: a nested exit on Haswell takes 14,000 to 15,000"
ASSUMED = "assumed"
TRAPS = "assumed: an exit to the host's KVM"

# By what is counted: (die, pcie, nested), then the source of the two metal columns, then the source
# of the nested column.
COSTS = {
    # The exit that begins a path, and the entry that ends it.
    "vmx trip": ((1000, 1000, 14500), ASSUMED, HASWELL),
    "svm trip": ((1350, 1350, 14500), EPYC, ASSUMED + ": as on Haswell"),
    "instructions": ((1, 1, 1), ASSUMED, ASSUMED),
    "vmread": ((40, 40, 40), ASSUMED, ASSUMED + ": a shadowed field"),
    "vmwrite": ((40, 40, 40), ASSUMED, ASSUMED + ": a shadowed field"),
    "unshadowed": ((0, 0, 1500), "is a VMREAD or VMWRITE as well", TRAPS),
    "vmptrld": ((150, 150, 3000), ASSUMED, TRAPS + ", which copies the shadowed fields"),
    "vmload": ((100, 100, 100), ASSUMED, ASSUMED + ": virtualised (vls)"),
    "vmsave": ((100, 100, 100), ASSUMED, ASSUMED + ": virtualised (vls)"),
    "gif": ((50, 50, 50), ASSUMED, ASSUMED + ": virtualised (vgif)"),
    "in": ((2450, 2450, 3100), ASSUMED + ": 0.7 us on the legacy bus", TRAPS),
    "out": ((2450, 2450, 3100), ASSUMED + ": 0.7 us on the legacy bus", TRAPS),
    "ioapic_read": ((2500, 2500, 4000), ASSUMED + ": as behind PCIe", TRAPS + ", which decodes"),
    "ioapic_write": ((250, 250, 4000), ASSUMED + ": as behind PCIe", TRAPS + ", which decodes"),
    "hpet_read": ((2500, 2500, 14000), ASSUMED + ": as behind PCIe", TRAPS + " and to its user"),
    "hpet_write": ((250, 250, 14000), ASSUMED + ": as behind PCIe", TRAPS + " and to its user"),
    "lapic_read": ((50, 50, 2500), ASSUMED, TRAPS),
    "lapic_write": ((50, 50, 2500), ASSUMED, TRAPS),
    "vga_read": ((2500, 2500, 14000), ASSUMED + ": as behind PCIe", TRAPS + " and to its user"),
    "vga_write": ((250, 250, 14000), ASSUMED + ": as behind PCIe", TRAPS + " and to its user"),
    "window_read": ((100, 2500, 0), ASSUMED, "KVM has no such block"),
    "window_write": ((100, 250, 0), ASSUMED, "KVM has no such block"),
    "rdtsc": ((25, 25, 25), ASSUMED, ASSUMED),
    "fxsave": ((100, 100, 100), ASSUMED, ASSUMED),
    "fxrstor": ((100, 100, 100), ASSUMED, ASSUMED),
    "xsave": ((150, 150, 150), ASSUMED, ASSUMED),
    "xrstor": ((150, 150, 150), ASSUMED, ASSUMED),
    "cr2": ((20, 20, 20), ASSUMED, ASSUMED),
    "cr": ((100, 100, 100), ASSUMED, ASSUMED),
    "iret": ((100, 100, 100), ASSUMED, ASSUMED),
    "msr": ((100, 100, 1500), ASSUMED, TRAPS),
    "cpuid": ((100, 100, 1500), ASSUMED, TRAPS),
    "flush": ((200, 200, 2000), ASSUMED, TRAPS),
    "hlt": ((0, 0, 0), "the processor waits", "the processor waits"),
}
# Counted, and of no cost of its own: console marks ports and video memory that are counted above.
FREE = ("console",)


def cycles(counts, trip):
    """By model, what a path costs, or None where the model has no such machine; trip is "vmx trip"
    or "svm trip"."""
    things = [(COSTS[name][0], n) for name, n in {**counts, trip: 1}.items() if name not in FREE]
    sums = [sum(cost[i] * n for cost, n in things) for i in range(len(MODELS))]
    found = dict(zip(MODELS, sums))
    if counts.get("window_read", 0) + counts.get("window_write", 0):
        found["nested"] = None
    return found
