# SPDX-License-Identifier: BSD-2-Clause
"""What a user can get wrong, and machines that cannot run Signalbox: each gives its clear line
and a status, never a hang.

Rule: the line is compared whole, so that it stays one that names module, word and reason.
"""

import re

import pytest

from conftest import BUILD, WINDOW, all_ok, on_chipsets, scribe, vandal
from signalbox import Module

where, chipset = on_chipsets("default", "qemu")

# Words of a module that is refused, and why. Module 1 is a good one: scribe with irq=8,15 and its
# ports.
REFUSED = [
    ("vm=a mem", "(a): mem: a value is missing: mem=..."),
    ("vm=b colour=red", "(b): colour=red: unknown word"),
    ("vm=c mem=16X", "(c): mem=16X: a size is a number and K, M or G, as in 16M"),
    ("vm=d mem=512K", "(d): mem=512K: less than 1M"),
    ("vm=e prio=16", "(e): prio=16: more than 15"),
    ("vm=f slice=5", "(f): slice=5: a time is a number and us, ms or s, as in 5ms"),
    ("vm=g slice=2s", "(g): slice=2s: a slice is from 100us to 1s"),
    ("vm=h irq=16", "(h): irq=16: 16 is not a line (0-15)"),
    ("vm=i irq=2", "(i): irq=2: line 2 joins the two 8259s; no device is on it"),
    ("vm=j irq=3,3", "(j): irq=3,3: line 3 is in the list twice"),
    ("vm=k io=0x2ff-0x2f8", "(k): io=0x2ff-0x2f8: 0x2ff-0x2f8 runs backwards"),
    ("vm=l io=0x10000", "(l): io=0x10000: 0x10000 is above 0xffff"),
    ("vm=m mmio=0xb8001", "(m): mmio=0xb8001: 0xb8001 is not whole pages (0x...000-0x...fff)"),
    ("vm=n onfault=ignore", "(n): onfault=ignore: it is one of log, stop, restart"),
    ("vm=o!", "(vm16): vm=o!: a name is a letter, then letters, digits, '-' or '_'"),
    ("vm=scribe", "(scribe): vm=scribe: another VM has this name; choose one of its own"),
    (
        "vm=p irq=3,8",
        "(p): irq=3,8: line 8 belongs to vm scribe; add 'share' to both, or take it from one",
    ),
    (
        "vm=q irq=15 share",
        (
            "(q): irq=15: line 15 belongs to vm scribe; add 'share' to that one too, or take it"
            " from one"
        ),
    ),
    ("vm=r irq=4", "(r): irq=4: line 4 belongs to the VMM"),
    (
        "vm=s io=0x68-0x71",
        (
            "(s): io=0x68-0x71: port 0x70 belongs to vm scribe; add 'share' to both, or take it"
            " from one"
        ),
    ),
    ("vm=t io=0x3f8-0x3ff", "(t): io=0x3f8-0x3ff: port 0x3f8 belongs to the VMM (the console)"),
    (
        "vm=u io=0x20",
        "(u): io=0x20: port 0x20 belongs to the VMM (the master 8259, which every VM has anyway)",
    ),
    (
        "vm=v mmio=0xfee00000-0xfee00fff",
        (
            "(v): mmio=0xfee00000-0xfee00fff: address 0xfee00000 belongs to the VMM (the local APIC"
            " and its messages)"
        ),
    ),
    ("vm=w mmio=0x2000000-0x2000fff", None),  # RAM: whose it is depends on the machine
]


@pytest.fixture(scope="module")
def words_run(system):
    modules = [Module("vandal", f"{words} -- do=none") for words, _ in REFUSED]
    return system("", [scribe("rounds=20"), *modules])


@pytest.mark.parametrize(
    "number", range(len(REFUSED)), ids=[words.replace(" ", "_") for words, _ in REFUSED]
)
def test_a_bad_word_is_one_line_with_module_word_and_reason(words_run, number):
    """Unknown, malformed or overlapping: the line says which module, which word, and what is
    wrong with it."""
    words, reason = REFUSED[number]
    said = [text for text in words_run.lines if text.startswith(f"signalbox: module {number + 2} ")]
    assert len(said) == 1, words_run
    if reason is None:
        assert words.split()[1] in said[0] and "belongs to the VMM" in said[0], said
    else:
        assert said == [f"signalbox: module {number + 2} {reason}"]


def test_a_bad_module_disturbs_nobody(words_run):
    """The good VM runs as ever; the refused ones never do; the status tells that not all is
    well."""
    all_ok(words_run, "scribe", 5)
    assert [r["vm"] for r in words_run.records("vm") if "run_ticks" in r] == ["scribe"]
    assert words_run.status == 1


def test_shared_lines_are_accepted_when_both_say_so(system):
    """The same line and ports twice, with 'share' on both sides: both VMs start."""
    own = "irq=3 io=0x2f8-0x2ff share"
    report = system("", [vandal("do=none", own, name="a"), vandal("do=none", own, name="b")])
    assert report.status == 0, report
    all_ok(report, "a", 1)
    all_ok(report, "b", 1)


@pytest.fixture(scope="module")
def modules_run(system, runs):
    """Files that are no guest, a VM that does not fit, and one that is well."""
    directory = runs / "images"
    directory.mkdir(exist_ok=True)
    image = (BUILD / "guests/vandal").read_bytes()
    text, headless, cut, empty = (directory / name for name in ("text", "headless", "cut", "empty"))
    text.write_text("#!/bin/sh\necho this is no kernel\n" * 100)
    headless.write_bytes(image.replace(bytes.fromhex("02b0ad1b"), bytes(4)))
    cut.write_bytes(image[: len(image) // 4])
    empty.write_bytes(image[:4])
    return system(
        "",
        [
            Module(str(text), "vm=text mem=2M"),
            Module(str(headless), "vm=headless mem=2M"),
            Module(str(cut), "vm=cut mem=2M"),
            Module(str(empty), "vm=empty mem=2M"),
            vandal("do=none", name="big", mem="1G"),
            vandal("do=vmx", name="well"),
        ],
    )


@pytest.mark.parametrize("name", ["text", "headless", "cut", "empty"])
def test_a_module_that_is_no_multiboot_elf_is_refused(modules_run, name):
    """No ELF, no multiboot header, or cut short: one line that says what, and the VM does not
    start."""
    said = [
        text
        for text in modules_run.lines
        if text.startswith(f"signalbox: vm {name}: image refused: ")
    ]
    assert len(said) == 1 and len(said[0].split("image refused: ")[1]) > 10, modules_run
    assert not modules_run.of(name)


def test_memory_that_does_not_fit_is_refused(modules_run):
    """The line names module, word, what is free, and how much of it lies together; modules after
    it still find their place."""
    said = [
        text
        for text in modules_run.lines
        if text.startswith("signalbox: module 5 (big): mem=1024M: does not fit; ")
    ]
    assert len(said) == 1, modules_run
    assert re.search(r"; \d+M are free, \d+M of them in one piece$", said[0]), modules_run
    all_ok(modules_run, "well", 1)
    assert modules_run.status == 1


def test_no_module_at_all(system):
    """The VMM alone says what is missing, with an example, and ends with status 1."""
    report = system("", [])
    assert report.status == 1, report
    report.has(
        "signalbox: no module: nothing to run. Give the boot loader a line such as: module"
        " /boot/pulse vm=pulse mem=16M irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"
    )


def test_no_module_that_starts(system):
    """When every module is refused the run ends at once, with status 1."""
    report = system("", [vandal("do=none", "irq=4")])
    assert report.status == 1, report
    report.has("signalbox: no VM started")


# ---- The chipset block ---------------------------------------------------------------------------

ABSENT = [
    "signalbox: chipset irqmux: no PCI function 1234:5b0c on bus 0",
    "signalbox: chipset=irqmux: this machine has none of what it needs",
]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("stock", marks=pytest.mark.only_on("bochs", "qemu", "kvm")),
        pytest.param("hidden", marks=pytest.mark.only_on("bochs-irqmux", "qemu-irqmux")),
    ],
)
def test_the_block_is_asked_for_and_not_there(system, request, how):
    """chipset=irqmux on the stock emulator, and on the machine whose block is hidden: two lines,
    and the machine ends with status 1."""
    options = {}
    if how == "hidden":
        options = {
            "platform": request.getfixturevalue("irqmux"),
            "environment": {"IRQMUX_PCI": "0"},
        }
    report = system("chipset=irqmux", [scribe("rounds=5")], **options)
    for line in ABSENT:
        report.has(line)
    assert report.result.end == "status" and report.status == 1, report
    assert not report.of("scribe")


# Words about the block's inputs that are refused, and why. Module 1 is a good one: scribe, whose
# line 8 enters input 9.
INPUTS_REFUSED = [
    ("vm=a irq=0:2", "(a): irq=0:2: input 2 joins the two 8259s; no line can enter there"),
    ("vm=b irq=0:16", "(b): irq=0:16: there is no input 16 (0-15)"),
    ("vm=c irq=0:", "(c): irq=0:: an input's number is missing"),
    ("vm=d irq=0-1:3", "(d): irq=0-1:3: 0-1:3: one line has one input"),
    ("vm=e irq=0 block=0:16", "(e): block=0:16: there is no input 16 (0-15)"),
    ("vm=f irq=0 block=0", "(f): block=0: 0 is not LINE:INPUT"),
    ("vm=g irq=0 block=3:5", "(g): block=3:5: line 3 is not the VM's (irq=)"),
    ("vm=h irq=8:10 share", "(h): line 8 enters other inputs for vm scribe; say the same for both"),
    ("vm=i irq=8 share", "(i): line 8 enters other inputs for vm scribe; say the same for both"),
    (
        "vm=m irq=0 block=0:8",
        (
            "(m): line 0 enters input 8 of the VMM block, as line 8 of vm scribe does; block= can"
            " part them"
        ),
    ),
    (
        "vm=n irq=0 block=0:4",
        "(n): block=0:4: this input of the VMM block is for the VMM's own line 4",
    ),
    ("vm=j irq=0 routes=never", "(j): routes=never: it is one of entry, exit"),
    (
        f"vm=k mmio={WINDOW:#x}-{WINDOW + 0xFFF:#x}",
        (
            f"(k): mmio={WINDOW:#x}-{WINDOW + 0xFFF:#x}: address {WINDOW:#x} belongs to the VMM"
            " (the chipset block's registers)"
        ),
    ),
    (
        "vm=l io=0x4d0-0x4d1",
        "(l): io=0x4d0-0x4d1: port 0x4d0 belongs to the VMM (the edge/level registers)",
    ),
]


@pytest.fixture(scope="module")
def inputs_run(boot, irqmux):
    shared = scribe("rounds=20", "share").line.replace("irq=8,15", "irq=8:9,15")
    modules = [Module("vandal", f"{words} mem=2M -- do=none") for words, _ in INPUTS_REFUSED]
    return boot(
        "chipset=irqmux",
        [Module("scribe", shared), *modules, vandal("do=none", name="well")],
        platform=irqmux,
    )


@pytest.mark.parametrize(
    "number",
    range(len(INPUTS_REFUSED)),
    ids=[words.replace(" ", "_") for words, _ in INPUTS_REFUSED],
)
def test_R03_R04_a_route_that_cannot_be(inputs_run, number):
    """R03, R04: an input that does not exist, a line of somebody else, sharers that disagree:
    one line, and that VM does not start."""
    _, reason = INPUTS_REFUSED[number]
    said = [
        text for text in inputs_run.lines if text.startswith(f"signalbox: module {number + 2} ")
    ]
    assert said == [f"signalbox: module {number + 2} {reason}"], inputs_run


def test_R03_R04_the_others_run(inputs_run):
    """R03, R04: whoever is well described runs; the status tells that not all were."""
    all_ok(inputs_run, "well", 1)
    assert inputs_run.status == 1


def test_R03_R17_pc_cannot(system):
    """R03, R04, R17: chipset=pc has no multiplexers of that kind: line or word, realisation and
    the way out are named, the others run."""
    report = system(
        "chipset=pc",
        [
            vandal("do=none", "irq=1:0", name="a"),
            vandal("do=none", "irq=1 block=1:5", name="b"),
            vandal("do=none", "routes=exit", name="c"),
            scribe("rounds=20"),
        ],
    )
    for number, vm in ((1, "a"), (2, "b")):
        report.has(
            f"signalbox: module {number} ({vm}): line 1: chipset pc cannot send a line to another"
            " input; irqmux and soft can"
        )
    report.has(
        "signalbox: module 3 (c): routes=exit: chipset pc has to save the controller to change a"
        " route; irqmux and soft need not"
    )
    all_ok(report, "scribe", 5)
    assert report.status == 1


VMM_WORDS = [
    ("colour=red", "colour=red: unknown word"),
    ("status=often", "status=often: a time is a number and us, ms or s, as in 5ms"),
    ("banks=many", "banks=many: it is a number from 0 to 255"),
    ("banks=256", "banks=256: more than 255"),
    ("chipset=magic", "chipset=magic: it is one of auto, irqmux, pc, soft, apic"),
    ("nmi=maybe", "nmi=maybe: it is one of panic, log, vm:NAME"),
    ("nmi=vm:nobody", "nmi=vm:nobody: there is no such VM; external NMIs are logged"),
]


@pytest.mark.parametrize("words, reason", VMM_WORDS, ids=[words for words, _ in VMM_WORDS])
def test_a_bad_word_of_the_vmm_is_said_and_the_default_taken(system, words, reason):
    """A typing error in the VMM's own line is no reason not to run."""
    report = system(words, [vandal("do=vmx")])
    report.has(f"signalbox: {reason}")
    all_ok(report, "vandal", 1)
    assert report.status == 0


# Bochs's processors and what they lack. (model, line that has to be there)
PROCESSORS = [
    (
        "athlon64_venice",
        (
            "no VMX (CPUID.1:ECX[5] = 0) and no SVM (CPUID.80000001h:ECX[2] = 0) on this"
            " AuthenticAMD processor. QEMU without KVM has SVM with -cpu max; with KVM, -cpu host"
            " where the host nests; PLATFORM=bochs has VMX"
        ),
    ),
    ("core2_penryn_t9600", "VMX lacks EPT: VMX_PROCBASED_CTLS2[33] = 0"),
    ("core2_penryn_t9600", "VMX lacks unrestricted guest: VMX_PROCBASED_CTLS2[39] = 0"),
    ("corei5_lynnfield_750", "VMX lacks unrestricted guest: VMX_PROCBASED_CTLS2[39] = 0"),
]


@pytest.mark.parametrize(
    "model, text",
    PROCESSORS,
    ids=[f"{m}-{t.split(':')[0]}".replace(" ", "_") for m, t in PROCESSORS],
)
def test_a_processor_without_what_is_needed(boot, exact, model, text):
    """No VMX, no EPT, no unrestricted guest: what is missing is named with its bit, and the
    machine powers off."""
    report = boot("", [vandal("do=vmx")], cpu=model)
    assert report.status == 1, report
    report.has(f"signalbox: {text}")
    assert not report.of("vandal")


def test_a_processor_without_long_mode(boot, exact):
    """A 32-bit processor: the entry says so before it can go wrong."""
    report = boot("", [vandal("do=vmx")], cpu="p4_willamette", grace=2)
    report.has(
        "signalbox: no long mode: CPUID.80000001h:EDX[29] = 0. A 64-bit processor is needed; under"
        " QEMU take qemu-system-x86_64, in Bochs a 64-bit cpu model"
    )
    assert report.status == 1, report


@pytest.fixture(scope="module")
def firmware(runs, exact):
    """The emulator's firmware, changed in one bit: VMX locked off instead of on."""
    rom = open("/usr/share/bochs/BIOS-bochs-latest", "rb").read()
    enable = bytes.fromhex("b93a0000000f3283c8050f30")  # mov ecx, 3Ah; rdmsr; or eax, 5; wrmsr
    assert rom.count(enable) == 1
    path = runs / "firmware.rom"
    path.write_bytes(rom.replace(enable, enable.replace(b"\xc8\x05", b"\xc8\x01")))
    return path


def test_vmx_locked_off_by_the_firmware(boot, firmware):
    """FEATURE_CONTROL with the lock set and VMXON clear: the line says so and what to do; status
    1."""
    report = boot("", [vandal("do=vmx")], extra=[f'romimage: file="{firmware}"'])
    assert report.status == 1, report
    report.has(
        "signalbox: VMX is locked off by the firmware: IA32_FEATURE_CONTROL = 1 (lock set, VMXON"
        " clear); enable virtualisation in the firmware's set-up"
    )
