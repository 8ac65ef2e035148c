# SPDX-License-Identifier: BSD-2-Clause
"""What `make bench` boots for each load: pulse alone, beside scribe, beside a hostile VM.

Rule: a stage is one boot of one machine. scripts/bench.py plays the stages and reads the figures.
"""

from dataclasses import dataclass

from signalbox import Module

SAMPLES = 1000
PULSE = "vm=pulse mem=16M prio={prio} slice=5ms irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff -- {words}"
SCRIBE = "vm=scribe mem=16M prio=1 slice=5ms irq=8,15 io=0x70-0x71,0x170-0x177,0x376 -- {words}"
HOSTILE = "vm=vandal prio=1 slice=5ms {slot} -- {words}"
PARTNER = "vm=partner mem=16M prio=1 slice=5ms -- {words}"


@dataclass(frozen=True)
class Stage:
    """One boot: which of its probes count, which run, with what words and priority, and who runs
    beside."""

    counted: tuple[str, ...]
    run: tuple[str, ...] = ()
    words: str = ""
    prio: int = 1
    beside: tuple[Module, ...] = ()
    attack: str = ""  # of the load hostile: what the one beside does, which need not come to an end
    n: int = SAMPLES
    vmm: str = ""  # further words of the VMM's

    def load(self, name):
        """What the table calls it."""
        return f"{name}/{self.attack}" if self.attack else name


def hostile(attack, words="", slot="mem=2M", n=SAMPLES, vmm=""):
    """pulse above all others, beside one who keeps the VMM busy from the first moment to the
    last."""
    return Stage(
        ("wakeup",),
        prio=5,
        attack=attack,
        n=n,
        vmm=vmm,
        beside=(Module("vandal", HOSTILE.format(slot=slot, words=f"do={attack} {words}".strip())),),
    )


ALONE = (Stage(("uart", "served", "masked", "pit", "eoi", "cpuid", "mask")),)
BESIDE = (
    # scribe at work with an equal share: it outlasts the probes. QEMU's disk takes no time, so that
    # it is done sooner there.
    Stage(
        ("uart", "pit", "cpuid", "mask", "dispatch"),
        words="seconds={seconds}",
        beside=(Module("scribe", SCRIBE.format(words="rounds=6000 busy=1")),),
    ),
    # R13: scribe computes without a pause, and pulse has the higher priority.
    Stage(
        ("wakeup",),
        run=("uart", "wakeup"),
        prio=2,
        beside=(Module("scribe", SCRIBE.format(words="busy=1 rounds=1500")),),
    ),
    # Two VMs of one priority that yield to each other.
    Stage(
        ("switch",),
        run=("uart", "switch"),
        beside=(Module("vandal", PARTNER.format(words="do=yield")),),
    ),
)
# Storms last longer than the samples of pulse: {storm} seconds. The console log stands still then.
HOSTILES = (
    hostile("cpuids", "seconds={storm}"),
    hostile("denied", "seconds={storm}"),
    hostile("msrs", "seconds={storm}"),
    hostile("align", "seconds={storm}"),
    hostile("prints", "seconds={storm}"),
    hostile("faults"),
    # Deaths: as many as a VM gets, each with its memory cleared.
    hostile("restarts", slot="mem=128M onfault=restart", n=300),
)
LOADS = {"alone": ALONE, "beside": BESIDE, "hostile": HOSTILES}
# Of the local APIC alone: its timer in the place of the PIT.
TIMER = Stage(("timer",), words="timer=1")
