# SPDX-License-Identifier: BSD-2-Clause
"""A 16550 for each VM (uart=com1), on each realisation of the chipset block: two VMs that send and
receive by its interrupts alone, beside a VM that never sleeps.

Rule: the guest echo sleeps in HLT between its interrupts, so a lost interrupt is a run without an
end. The keys come from the console: the command `keys`, and Ctrl-] back.
"""

import re

import pytest

from conftest import all_ok, on_chipsets, vandal
from signalbox import Module
from signalbox.texts import text_of, write_texts

where, chipset = on_chipsets(
    *("pc", "irqmux", "irqmux-1-bank", "soft", "qemu-pc", "qemu-irqmux", "qemu-soft"),
    by_default=("pc", "irqmux-1-bank", "soft", "qemu-irqmux"),
)
LINES = 60
TYPED = [
    (r"^\[left\] type a line", "keys nobody\r"),  # right has the higher priority
    (r"there is no vm nobody", "keys vandal\r"),
    (r"takes no keys: its line has no uart=com1", "keys left\r"),
    (r"^vm left: has the keys", "to the left\r"),
    (r"^\[left\] echo: to the left$", "\x1dkeys right\r"),
    (r"^the keys are the console's again\n(?:.*\n)*vm right: has the keys", "to the right\r"),
    (r"^\[right\] echo: to the right$", "vms\rend\r"),  # no command while a VM has the keys
    (r"^\[right\] echo: end$(?:.*\n)*the keys are the console's again", "keys right\r"),
    (r"^vm right: is stopped$", "keys left\rend\r"),
    (r"^signalbox: vm left: done, status 0$", "quit\r"),
]


def echo(name, words=""):
    return Module("echo", f"vm={name} uart=com1 slice=1ms {words} -- lines={LINES}")


@pytest.fixture(scope="module")
def echo_run(system):
    return system(
        "status=0 seconds=3600",
        [echo("left"), echo("right", "prio=3"), vandal("do=spin")],
        type_in=TYPED,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["left", "right"])
def test_each_vm_works_by_the_interrupts_of_its_own_uart(echo_run, name):
    """The verdicts of the guest: the loop, the lines, no foreign and no idle interrupt."""
    assert echo_run.status == 0, echo_run
    all_ok(echo_run, name, 6)


@pytest.mark.parametrize("name", ["left", "right"])
def test_the_text_is_whole_and_has_the_name(echo_run, name):
    """Each line once and in order, with the VM's name, whatever the other VM sends meanwhile."""
    sent = re.findall(rf"^\[{name}\] line (\d+) of {LINES} by the 16550$", echo_run.console, re.M)
    assert [int(number) for number in sent] == list(range(1, LINES + 1))
    echo_run.lacks("were dropped")


def test_the_keys_go_to_the_vm_that_has_them(echo_run):
    """A line that was typed to a VM is no command, and reaches no other VM."""
    lines = {"left": ["to the left", "end"], "right": ["to the right", "vms", "end"]}
    for name, typed in lines.items():
        text = text_of(echo_run.console, name)
        assert re.findall(r"^echo: ([a-z ]+)$", text, re.M) == typed
    counts = re.findall(r"^\[(\w+)\] count received=(\d+)", echo_run.console, re.M)
    assert sorted(counts) == [
        ("left", str(len("to the left\rend\r"))),
        ("right", str(len("to the right\rvms\rend\r"))),
    ]


def test_the_block_delivers_without_an_exit(echo_run, chipset):
    """irqmux: the request is in the VM's bank, so the guest takes and ends it with no exit; the
    other realisations inject it."""
    injected = echo_run.record("line", irq=4)["injected"]
    assert (injected == 0) == (chipset.startswith("irqmux")), echo_run
    if chipset.startswith("irqmux"):
        for name in ("left", "right"):
            assert not {"irq-window", "interrupt"} & set(echo_run.record("exits", vm=name))


def test_the_text_of_each_vm_is_a_file(echo_run, tmp_path):
    """What a VM sent, without its name; a VM without a UART of its own has no file."""
    modules = [echo("left"), echo("right"), vandal("do=spin")]
    files = write_texts(tmp_path / "run", echo_run.console, modules)
    assert [file.name for file in files] == ["left.txt", "right.txt"]
    for file in files:
        rows = file.read_text().splitlines()
        assert rows.count(f"line {LINES} of {LINES} by the 16550") == 1
        assert not any("[" in row for row in rows)
