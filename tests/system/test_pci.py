# SPDX-License-Identifier: BSD-2-Clause
"""PCI functions that belong to a VM (pci=), with QEMU's device edu and the guest edu.

Rule: the device is in slot 6. The firmware gives the device 1M of memory and a line: line 10 on
board pc, 11 on q35. The banner says which.
"""

import re

import pytest

from conftest import all_ok, on_chipsets, vandal
from signalbox import Module

where, chipset = on_chipsets("qemu-pc", "q35-pc", "qemu-irqmux")

SLOT = "00:06.0"
DEVICE = ["-device", "edu,addr=6"]
COUNT = 1000
COPIES = 10  # by DMA, two interrupts each


def edu(guest="", words=f"pci={SLOT}", name="edu", slice="5ms", prio=1):
    return Module(
        "edu",
        f"vm={name} mem=16M prio={prio} slice={slice} {words} -- unit=instructions {guest}".strip(),
    )


def functions(report, vm=None):
    """What a guest found on bus 0: place and IDs."""
    found = re.findall(r"pci function=(\S+) id=(\S+)", "\n".join(report.of(vm) or report.lines))
    return dict(found)


@pytest.fixture(scope="module")
def edu_run(system):
    return system("", [edu(f"n={COUNT}")], extra=DEVICE)


def test_R01_a_function_is_the_vm_s(edu_run):
    """R01: configuration space, memory and interrupts; the banner names the function."""
    all_ok(edu_run, "edu", 10)
    line = edu_run.record("line", owner="edu")["irq"]
    edu_run.has(f"signalbox: vm edu: pci={SLOT}: function 1234:11e8, line {line}")


def test_R01_no_other_function_is_seen(edu_run):
    """R01: a host bridge and the VM's own function, of all that the machine has."""
    assert list(functions(edu_run, "edu")) == ["00:00.0", SLOT], edu_run


def test_R10_its_interrupts_cost_no_exit(edu_run):
    """R10: each assertion is an interrupt, with no exit at all, and the latency is always the
    same."""
    latency = edu_run.latency("edu", "edu")
    assert (latency.n, latency.interrupts, latency.exits) == (COUNT, COUNT, 0), edu_run
    assert latency.min == latency.max, edu_run
    span = edu_run.record("span", probe="edu")
    assert (span["interrupts"], span["exits"]) == (COUNT, 0), edu_run
    assert edu_run.record("line", owner="edu")["exits"] == 0, edu_run


def test_R10_its_latency_is_the_bare_machine_s(edu_run, bare):
    """R10: from the store that asserts the line to the first instruction of the handler."""
    alone = bare(edu(f"n={COUNT}"), extra=DEVICE)
    assert alone.status == 0, alone
    here, there = edu_run.latency("edu", "edu"), alone.latency("edu")
    assert (here.min, here.median, here.max) == (there.min, there.median, there.max)
    assert len(functions(alone)) > len(functions(edu_run, "edu"))


# ---- Beside another VM ---------------------------------------------------------------------------

UART = ["-device", "pci-serial,addr=4,chardev=pci", "-chardev", "null,id=pci"]


@pytest.fixture(scope="module")
def beside_run(system):
    """edu beside a VM without functions, which looks at configuration space and at edu's memory."""
    bar = "0xfea00000"
    return system(
        "",
        [
            edu(f"n={COUNT} dma=0 copies={COPIES}", slice="1ms"),
            vandal(f"do=pci,memory={bar},none=3", name="spin", slice="1ms"),
        ],
        extra=DEVICE + UART,
    )


def test_R08_no_interrupt_is_lost_beside_another_vm(beside_run, chipset):
    """R08: the other VM takes turns of 1 ms. Some of the transfers end meanwhile: their interrupts
    are held, and delivered. On irqmux the block holds the line by its mask, and the VMM does not
    even know."""
    all_ok(beside_run, "edu", 11)
    counters = beside_run.record("line", owner="edu")
    if chipset == "pc":
        assert 0 < counters["held"] <= 2 * COPIES and counters["exits"] <= 2 * COPIES, beside_run
    else:
        assert counters["exits"] == 0, beside_run
    assert beside_run.record("span", probe="edu")["interrupts"] == COUNT
    assert beside_run.record("totals")["external_nmis"] == 0, beside_run


def test_R01_a_vm_without_functions_sees_what_it_always_saw(beside_run):
    """R01: no configuration space at all, and ones where the neighbour's device has its memory."""
    verdicts = beside_run.verdicts("spin")
    assert len(verdicts) == 3 and all(ok for _, ok in verdicts), beside_run


def test_R01_two_vms_have_a_function_each(system):
    """R01: each sees its own alone. The UART (on another line) is in no configuration space but its
    owner's, whose Bus Master stays 0 as well."""
    two = [
        edu("n=100", slice="1ms"),
        edu("n=0", words="pci=00:04.0", name="uart", slice="1ms"),
    ]
    report = system("", two, extra=["-device", "edu,addr=5", *UART])
    # the guest edu finds no edu there, and says so
    assert list(functions(report, "uart")) == ["00:00.0", "00:04.0"], report
    assert report.status == 1, report


def test_R15_functions_of_one_line_need_share(system):
    """R15: slots 11 and 15 have the same line. With `share` in both, each VM has its device, and no
    interrupt is lost."""
    pair = ["-device", "edu,addr=0xb", "-device", "edu,addr=0xf"]
    two = [
        edu("n=200", words="pci=00:0b.0 share", name="first", slice="1ms"),
        edu("n=200", words="pci=00:0f.0 share", name="second", slice="1ms"),
    ]
    report = system("", two, extra=pair)
    all_ok(report, "first", 10)
    all_ok(report, "second", 10)
    report.has("signalbox: vm first: pci=00:0b.0: function 1234:11e8, line 11")
    report.has("signalbox: vm second: pci=00:0f.0: function 1234:11e8, line 11")


@pytest.mark.only_on("bochs")
def test_R01_vmx_answers_as_svm_does(boot):
    """R01: Bochs has an IDE controller as function 1, which has no line. The guest finds no edu."""
    report = boot("chipset=pc", [edu(words="pci=00:01.1")], platform="bochs")
    assert functions(report, "edu") == {
        "00:00.0": "8086:1237",
        "00:01.0": "1234:5b0d",
        "00:01.1": "8086:7010",
    }, report
    report.has("signalbox: vm edu: pci=00:01.1: function 8086:7010, no line")


def test_R01_a_function_that_is_no_first_one_is_found(system):
    """R01: a device's function 1 alone: a filler is function 0, so that a system looks further."""
    pair = ["-device", "edu,addr=6.1", "-device", "pci-serial,addr=6.0,multifunction=on"]
    report = system("", [edu("n=10", words="pci=00:06.1")], extra=pair)
    all_ok(report, "edu", 10)
    assert functions(report, "edu") == {
        "00:00.0": functions(report, "edu")["00:00.0"],
        "00:06.0": "1234:5b0d",
        "00:06.1": "1234:11e8",
    }


def test_R01_a_new_life_finds_the_function_as_it_was(system):
    """R01: the guest moves BAR 0, disables INTx, sets Bus Master and the line, and resets itself:
    after the restart all trials hold again."""
    words = f"pci={SLOT} dma=unsafe onfault=restart pc"
    report = system("", [edu("n=10 master=1 reset=1", words=words)], extra=DEVICE)
    all_ok(report, "edu", 21)
    report.has("[edu] edu: reset")


# ---- DMA -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unsafe(system):
    """What dma=unsafe says of the VM's place on the bus, for the guest's next run."""
    words = f"pci={SLOT} dma=unsafe"
    report = system("", [edu("n=10 master=1", words=words)], extra=DEVICE)
    all_ok(report, "edu", 10)
    place = re.search(
        r"^signalbox: vm edu: dma=unsafe: its PCI functions can reach all memory; "
        r"the VM's address 0 is (0x[0-9a-f]+) on the bus$",
        report.console,
        re.M,
    )
    assert place, report
    return place[1]


def test_R01_dma_works_with_dma_unsafe(system, unsafe):
    """R01: the VM switches Bus Master on, and its device copies 512 bytes of its memory."""
    words = f"pci={SLOT} dma=unsafe"
    report = system("", [edu(f"n=10 master=1 dma={unsafe}", words=words)], extra=DEVICE)
    all_ok(report, "edu", 11)


def test_R01_no_dma_without_it(system, unsafe):
    """R01: the same guest at the same place: Bus Master stays 0, and no memory changes."""
    report = system("", [edu(f"n=10 dma={unsafe}")], extra=DEVICE)
    all_ok(report, "edu", 11)
    report.lacks("dma=unsafe")


# ---- Refusals ------------------------------------------------------------------------------------

REFUSED = [
    ("pci=6", "pci=6: 6 is not BUS:DEVICE.FUNCTION, as in 0:1f.2"),
    ("pci=00:09.0", "pci=00:09.0: there is no such function"),
    ("pci=00:00.0", "pci=00:00.0: it is a bridge, and belongs to the VMM"),
    (
        "pci=01:00.0",
        "pci=01:00.0: it is behind a bridge; only functions of bus 0 can be a VM's",
    ),
    (
        f"pci={SLOT}",
        f"pci={SLOT}: line {{line}} belongs to vm edu; add 'share' to both, or take it from one",
    ),
    (
        f"busmaster={SLOT}",
        f"busmaster={SLOT}: vm edu has it by pci=; use dma=",
    ),
    ("dma=unsafe", "dma=unsafe: there is no pci="),
    ("dma=safe", "dma=safe: it is one of unsafe"),
]


@pytest.fixture(scope="module")
def refused_run(system):
    modules = [vandal("do=none", words, name=f"v{n}") for n, (words, _) in enumerate(REFUSED)]
    return system("", [edu(f"n={COUNT}"), *modules], extra=DEVICE)


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_function_that_cannot_be_had_is_one_line(refused_run, number):
    """Module, word and reason; the VM does not start."""
    line = refused_run.record("line", owner="edu")["irq"]
    reason = REFUSED[number][1].format(line=line)
    refused_run.has(f"signalbox: module {number + 2} (v{number}): {reason}")
    assert refused_run.record("vm", vm="edu", status=0)["state"] == "done"


def test_a_refused_vm_disturbs_nobody(refused_run):
    """The device's owner has its interrupts as ever."""
    all_ok(refused_run, "edu", 10)
    latency = refused_run.latency("edu", "edu")
    assert (latency.n, latency.exits) == (COUNT, 0), refused_run
    assert refused_run.status == 1


def test_the_chipset_block_is_no_vm_s(system, chipset):
    """The block's function has the registers that the VMM keeps."""
    if chipset != "irqmux":
        return
    report = system("", [vandal("do=none"), vandal("do=none", "pci=00:03.0", name="thief")])
    said = [text for text in report.lines if "(thief)" in text]
    assert len(said) == 1 and re.match(
        r"signalbox: module 2 \(thief\): pci=00:03\.0 \(0x[0-9a-f]+-0x[0-9a-f]+\): address "
        r"0x[0-9a-f]+ belongs to the VMM \(the chipset block's registers\)$",
        said[0],
    ), report


# ---- A system that nobody here wrote -------------------------------------------------------------


@pytest.mark.only_on("qemu-irqmux")
def test_R10_a_stock_linux_drives_its_function(boot, runs):
    """R10: an unmodified kernel finds a UART by the configuration space of the VM, takes the UART
    for its console, and has the UART's interrupts with no exit."""
    text = runs / "pci-uart.txt"
    uart = ["-device", "pci-serial,addr=4,chardev=pci", "-chardev", f"file,id=pci,path={text}"]
    kernel = "console=ttyS0 cryptomgr.notests seconds=1"
    own = "irq=0 io=0x40-0x43,0x61,0x80 pci=00:04.0"
    report = boot(
        "chipset=irqmux",
        [
            Module("/boot/linux/vmlinuz", f"vm=linux type=linux mem=192M {own} -- {kernel}"),
            Module("/boot/linux/initrd", "of=linux"),
        ],
        platform="qemu-irqmux",
        memory=512,
        extra=uart,
    )
    assert report.status == 0, report
    log = text.read_text(errors="replace")
    seen = re.findall(r"pci 0000:(\S+): \[(\S+)\] type 00", log)
    assert seen == [("00:00.0", "8086:1237"), ("00:04.0", "1b36:0002")], log[-2000:]
    assert re.search(r"0000:00:04\.0: ttyS0 at I/O 0x\w+ \(irq = 11,", log), log[-2000:]
    # what the programs say goes by the console's interrupts
    taken = re.search(r"^ +11: +(\d+) +XT-PIC +ttyS0", log, re.M)
    assert taken and int(taken[1]) > 0, log[-2000:]
    line = report.record("line", irq=11)
    assert (line["owner"], line["exits"]) == ("linux", 0), report
