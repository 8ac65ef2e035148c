# SPDX-License-Identifier: BSD-2-Clause
"""Events at awkward moments: behind a HLT that a CLI follows; with a frame that lies in absent
memory.

Rule: an event comes once, where it belongs, and as what it was.
"""

from conftest import all_ok, on_chipsets, vandal

PIT = "irq=0 io=0x40-0x43"
where, chipset = on_chipsets(
    *("pc", "irqmux", "irqmux-1-bank", "soft", "qemu-pc", "qemu-irqmux", "qemu-soft", "q35-pc"),
    by_default=("pc", "irqmux-1-bank", "soft", "qemu-irqmux", "q35-pc"),
)


def test_R10_a_tick_ends_the_halt_of_an_idle_loop(system):
    """R10: sti; hlt; cli beside an equal VM that is always ready: each tick comes right behind
    the HLT that it ends. A few rounds for one tick are allowed, because a HLT may end with no
    interrupt on any machine."""
    report = system(
        "status=0",
        [vandal("do=idle", PIT, name="idler"), vandal("do=none seconds=3", name="other")],
    )
    all_ok(report, "idler", 1)
    all_ok(report, "other", 1)
    time = report.record("time", vm="other")
    had = report.record("vm", vm="other")["run_ticks"]
    print(time, had)
    # The call's answer: the idler stole the turns that its ticks began.
    assert time["ran"] + time["stolen"] == time["ticks"]
    assert time["stolen"] > 0 and 0.9 * had < time["ran"] < had


def test_R10_an_idle_loop_alone_takes_a_round_a_tick(system):
    """R10: the same with nobody else, where HLT does not exit."""
    report = system("status=0", [vandal("do=idle", PIT, name="idler")])
    all_ok(report, "idler", 1)


def test_R07_an_event_that_an_exit_interrupts_comes_once_and_as_it_was(system):
    """R07: a line's interrupt, INT3, INT n, #UD and #GP whose frames lie in absent memory: the
    VMM gives a page and puts the event back."""
    report = system("status=0 seconds=10", [vandal("do=frames", PIT)])
    all_ok(report, "vandal", 1)
    assert report.record("exits", vm="vandal")["memory"] == 20
    report.lacks("entry failed")


def test_R18_emptying_the_caches_is_stepped_over(system):
    """R18: a WBINVD takes milliseconds that nothing can interrupt. It exits, as INVD does;
    neither is executed, and the guest sees no fault."""
    report = system("status=0", [vandal("do=caches rounds=500")])
    all_ok(report, "vandal", 1)
    assert report.record("exits", vm="vandal")["caches"] == 1000
    report.lacks("an instruction that is the VMM's")


def test_R18_what_the_vmm_carries_out_ends_as_on_the_processor(system, where):
    """R18: a single step over each instruction that exits traps right behind it, RF is for one
    instruction, and a fault is pushed as its mode has it: 64-bit, 32-bit and real mode. Beside
    another VM, so that HLT exits too. In virtual-8086 mode the processor itself raises the faults,
    and QEMU's pushes no RF (docs/emulators.md)."""
    pushes_rf = int("qemu" not in where.machine()["platform"])
    steps = vandal(f"do=steps rf={pushes_rf}")
    report = system("status=0", [steps, vandal("do=none seconds=1", name="other")])
    all_ok(report, "vandal", 1)
    report.lacks("entry failed")


def test_R18_a_halt_for_ever_is_seen_where_nobody_else_is_ready(system):
    """R18: HLT with interrupts off, alone: the VMM's next chore finds it; on SVM, where a HLT
    leaves no trace, the HLT after."""
    report = system("status=0 seconds=20", [vandal("do=clihlt")], timeout=60)
    report.has("signalbox: vm vandal: stopped: it cannot go on")
    report.lacks("time is up")


def test_R18_tasks_are_changed_by_hardware(system):
    """R18: CALL and IRET, also with a single step over both, a task gate with an error code,
    virtual-8086 mode, and a task that cannot be loaded."""
    report = system("status=0", [vandal("do=tasks")])
    all_ok(report, "vandal", 1)
    if not report.svm:  # where the processor does it
        assert report.record("exits", vm="vandal")["task-switch"] == 12
