# SPDX-License-Identifier: BSD-2-Clause
"""What a user asks make for.

Rule: each target does what `make help` says of it.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import BOARD, BUILD, IPS, OF_MAKE, ROOT, scribe, without
from signalbox import Machine
from signalbox.bochs import command, executable
from signalbox.config import load_entries
from signalbox.images import VMM_IMAGES, image_for, is_vmm
from signalbox.platforms import PLATFORMS
from signalbox.qemu import BOARDS, may_be_exact

KEYS = [
    "platform",
    "chipset",
    "load",
    "probe",
    "unit",
    "n",
    "min",
    "median",
    "p99",
    "max",
    "exits_per_interrupt",
]


def test_make_help_shows_targets_and_variables(make):
    """make help: every target of the issue, every variable, with the defaults in force."""
    done = make("help")
    assert done.returncode == 0
    for target in (
        "run",
        "test",
        "system",
        "check",
        "iso",
        "bench",
        "soak",
        "campaign",
        "test-nested",
        "debug",
        "setup",
    ):
        assert re.search(rf"^  make {target} ", done.stdout, re.M), target
    for variable in ("PLATFORM", "SECONDS", "V", "BUILD", "CONFIG", "NO_SETUP", "NEWLIB_SOURCE"):
        assert re.search(rf"^  {variable}=", done.stdout, re.M), variable
    assert "@" not in done.stdout
    odd = make("help", TESTS="-k 'a|b' & \\n")
    assert odd.returncode == 0 and "  TESTS=-k 'a|b' & \\n test, system: " in odd.stdout, odd.stdout


@pytest.mark.parametrize(
    "words, plugins",
    [
        (["trace"], {"lines"}),
        (["trace", "PLATFORM=qemu-irqmux"], {"lines", "irqmux"}),
        (["bench", "CONFIG=scripts/configs/default.cfg"], {"lines", "irqmux"}),
        (["debug", "PLATFORM=qemu"], {"guest_view"}),
        (["debug", "PLATFORM=qemu-irqmux"], {"guest_view", "irqmux"}),
    ],
)
def test_a_target_links_its_plugins(words, plugins):
    """What make would do in a tree without a build: the plugins of the script are linked."""
    done = subprocess.run(
        ["make", "-n", "V=1", "NO_SETUP=1", "BUILD=no-such-build", *words],
        cwd=ROOT,
        env=without(OF_MAKE),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    linked = re.findall(r"-shared -o no-such-build/emulators/qemu/(\w+)\.so", done.stdout)
    assert done.returncode == 0 and set(linked) == plugins


def test_make_iso_gives_a_bootable_image(make):
    """make iso: an ISO 9660 image with an El Torito boot record, the images, the menu, and what
    UEFI boots."""
    done = make("iso")
    assert done.returncode == 0, done.stdout
    iso = BUILD / "signalbox.iso"
    with open(iso, "rb") as file:
        file.seek(0x8001)
        assert file.read(5) == b"CD001"
        file.seek(0x8801)
        assert file.read(30).startswith(b"CD001\x01EL TORITO SPECIFICATION")
    data = iso.read_bytes()
    for text in (
        b"menuentry",
        b"vm=pulse",
        b"vm=scribe",
        (BUILD / "signalbox").read_bytes()[:4096],
        b"BOOTX64 EFI",  # UEFI's loader, in a FAT image
    ):
        assert text in data


WHOLE = "allowed is a whole number from"
WORD = "allowed is one of these words:"
BAD = [
    (
        "PLATFORM",
        "pdp11",
        f"{WORD} auto kvm kvm-irqmux bochs bochs-irqmux bochs-rtl qemu qemu-irqmux qemu-rtl "
        "qemu-x2apic",
    ),
    ("PLATFORM", "", f"{WORD} auto kvm "),
    ("PLATFORM", "qemu bochs", f"{WORD} auto "),
    ("BOARD", "x", f"{WORD} pc q35"),
    ("FIRMWARE", "x", f"{WORD} bios uefi"),
    ("CHIPSET", "x", f"{WORD} auto irqmux pc soft apic"),
    ("VENDORS", "svm x86", "allowed is some of these words: svm vmx"),
    ("VENDORS", "", "allowed is some of these words: svm vmx"),
    ("VIEW", "x", f"{WORD} 0 1"),
    ("SECONDS", "-1", f"{WHOLE} 0 to 86400 (seconds of the machine's time)"),
    ("SECONDS", "1 2", f"{WHOLE} 0 "),
    ("SECONDS", "9" * 30, f"{WHOLE} 0 "),
    ("TIMEOUT", "x", "allowed is a number greater than 0 (seconds of your time)"),
    ("TIMEOUT", "1.2.3", "allowed is a number "),
    ("TIMEOUT", ".", "allowed is a number "),
    ("MINUTES", "-3", "allowed is a number greater than 0 (minutes of your time)"),
    ("MINUTES", "0.0", "allowed is a number "),
    ("MINUTES", "", "allowed is a number "),
    ("MEMORY", "lots", f"{WHOLE} 32 to 65536 (MiB)"),
    ("MEMORY", "8", f"{WHOLE} 32 "),
    ("IPS", "fast", f"{WHOLE} 1000000 "),
    ("IPS", "1e7", f"{WHOLE} 1000000 "),
    ("JOBS", "0", f"{WHOLE} 1 to 256 (machines side by side)"),
    ("JOBS", "'", f"{WHOLE} 1 "),
    ("SEED", "x", f"{WHOLE} 0 to "),
    ("FUZZ_SECONDS", "x", f"{WHOLE} 1 to "),
    ("GUESTS", "windows", f"{WORD} linux linux+pulse bios"),
    ("COUNTS", "2", f"{WORD} 0 1"),
    ("QUICK", "yes", f"{WORD} 0 1"),
    ("FIGURES", "3", f"{WORD} 0 1"),
    ("CONFIG", "", "allowed is a file such as scripts/configs/default.cfg"),
    ("OPERATIONS", "many", "allowed is a whole number greater than 0, such as 1e9"),
    ("OPERATIONS", "0e9", "allowed is a whole number greater than 0"),
    ("OPERATIONS", "1e9e9", "allowed is a whole number greater than 0"),
    ("RTL_SEED", "x", f"{WHOLE} 0 to 2147483647 (where the random operations start)"),
    ("SYNTH_MHZ", "0", f"{WHOLE} 1 to 1000 (MHz "),
    ("BUILD", "/", "allowed is a directory of its own whose path has no blank"),
    ("BUILD", "a b", "allowed is a directory "),
    ("NEWLIB", "/none", "allowed is a directory that scripts/newlib.sh made: "),
]


@pytest.mark.parametrize("name, value, allowed", BAD)
def test_a_bad_variable_is_refused(make, name, value, allowed):
    """A variable of make with a value that it cannot have: one line says what it can. Status 2."""
    done = make("run", **{name: value})
    assert done.returncode == 2 and done.stdout.count("\n") == 1, done.stdout
    assert f" {name}={value}: {allowed}" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "name, value",
    [
        ("TIMEOUT", "0.5"),
        ("TIMEOUT", ""),
        ("SECONDS", ""),
        ("SECONDS", "86400"),
        ("MINUTES", ".1"),
        ("MINUTES", "1000"),
        ("MEMORY", "32"),
        ("SEED", "0"),
        ("OPERATIONS", "1e9"),
        ("OPERATIONS", "10000000"),
        ("QUICK", "0"),
        ("GUESTS", "linux"),
        ("GUESTS", "linux+pulse"),
        ("GUESTS", "bios"),
        ("PLATFORM", "qemu-irqmux"),
        ("BOARD", "q35"),
        ("JOBS", "256"),
    ],
)
def test_a_good_variable_is_taken(make, name, value):
    """The same variables with values that they can have."""
    done = make("setup-goals", **{name: value})
    assert done.returncode == 0, done.stdout


def test_a_guest_without_a_local_apic_is_refused(make):
    done = make("run", CHIPSET="apic", GUESTS="bios")
    assert done.returncode == 2
    assert "GUESTS=bios: with CHIPSET=apic allowed is one of these words: linux" in done.stdout


def test_make_knows_the_platforms():
    """The words that make takes are those that the scripts take."""
    text = (ROOT / "scripts/variables.mk").read_text()
    assert re.search(r"^PLATFORMS := (.*)$", text, re.M)[1].split() == list(PLATFORMS)
    assert re.search(r"^BOARDS +:= (.*)$", text, re.M)[1].split() == list(BOARDS)


def test_make_knows_the_guests_that_the_documents_name():
    """Each GUESTS=... of README and docs/ is taken, and has a configuration."""
    text = (ROOT / "scripts/variables.mk").read_text()
    sets = re.search(r"^GUEST_SETS := (.*)$", text, re.M)[1].split()
    assert all((ROOT / f"scripts/configs/{name}.cfg").exists() for name in sets)
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {name for page in pages for name in re.findall(r"GUESTS=([a-z+]+)", page.read_text())}
    assert named == set(sets)


# The emulators' parts with the block's model, and with the block as RTL.
MODELS = ["qemu/irqmux.so", "bochs/libbx_pic.so"]
RTLS = ["qemu-rtl/irqmux.so", "bochs-rtl/libbx_pic.so"]


def plan(tmp_path, *words):
    """What make would do in an empty build directory."""
    command = ["make", "-n", f"BUILD={os.path.relpath(tmp_path, ROOT)}", "NO_SETUP=1", *words]
    return subprocess.run(
        command, cwd=ROOT, env=without(OF_MAKE), stdout=subprocess.PIPE, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "words, built",
    [
        (["PLATFORM=qemu"], []),
        (["PLATFORM=qemu-irqmux"], ["qemu/irqmux.so"]),
        (["PLATFORM=qemu-rtl"], ["qemu/irqmux.so", "qemu-rtl/irqmux.so"]),
        (["PLATFORM=bochs-rtl"], ["bochs/libbx_pic.so", "bochs-rtl/libbx_pic.so"]),
        (["TESTS=tests/system/test_rtl.py"], [*MODELS, *RTLS]),
        (["TESTS=tests/system/test_any_time.py -k R08"], MODELS),
        (["TESTS=tests/system/test_setup.py"], []),
        (["TESTS=tests/system/test_irqmux.py::test_x -x"], MODELS),
        ([], [*MODELS, *RTLS]),
    ],
)
def test_make_system_builds_what_its_tests_need(tmp_path, words, built):
    """make system: the images, and the emulators' parts that platform and chosen files need."""
    text = plan(tmp_path, "system", *words)
    assert "-m pytest" in text and "/guests/vandal" in text
    assert "/unit/" not in text and "/proof/" not in text
    linked = " ".join(line for line in text.splitlines() if "-shared -o" in line)
    assert [part for part in (*MODELS, *RTLS) if f"/{part} " in linked] == built


def test_make_test_is_check_proofs_and_system(tmp_path):
    """make test: all three, and pytest comes last."""
    text = plan(tmp_path, "test")
    for part in ("/unit/test_pc", "scripts/check.sh", "tests/proof/prove.py", "libbx_pic.so"):
        assert part in text.rpartition("-m pytest")[0], part


def test_a_bad_configuration_file_is_refused(make_run, tmp_path):
    """CONFIG= with a line that is none: file, line and reason."""
    config = tmp_path / "bad.cfg"
    config.write_text("multiboot /boot/signalbox\nmodul /boot/pulse\n")
    done = make_run(CONFIG=config)
    assert done.returncode != 0
    assert (
        f"run: {config}:2: 'modul': a line begins with title, multiboot or module\n" in done.stdout
    )


def test_a_path_may_have_blanks_and_commas(platform, tmp_path):
    """Wherever the tree lies: the emulator finds its images, its disk and its plugin."""
    build = tmp_path / "a tree, with blanks"
    (build / "guests").mkdir(parents=True)
    for image in ("signalbox", "guests/scribe"):
        shutil.copy(BUILD / image, build / image)
    if (BUILD / "emulators").exists():
        (build / "emulators").symlink_to(BUILD / "emulators")
    machine = Machine(
        modules=[scribe("rounds=5")], platform=platform, board=BOARD, ips=IPS, build=build
    )
    result = machine.run(build / "a run, with blanks", timeout=60)
    assert result.status == 0, result.explain()


@pytest.fixture(scope="module")
def bench_run(make, exact):
    done = make("bench", PLATFORM="bochs", COMBOS="bochs/bare/alone,bochs/pc/alone")
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_make_bench_prints_one_table(bench_run):
    """make bench: a row for each probe and chipset, bare beside pc."""
    for probe in ("uart", "pit", "cpuid", "mask"):
        assert re.search(
            rf"^{probe} +bare +alone +bochs +1000 .*\n +pc +alone +bochs +1000 ", bench_run, re.M
        ), bench_run
    assert "exits of the whole run, by reason:\n" in bench_run


def test_make_bench_writes_json_and_csv(bench_run):
    """bench.json and bench.csv: the same records, with the keys that a program may rely on."""
    rows = json.loads((BUILD / "bench/bench.json").read_text())
    assert rows and all(list(row) == KEYS for row in rows)
    owned = {(row["chipset"], row["probe"]): row for row in rows}
    assert owned["pc", "uart"]["exits_per_interrupt"] == 0 and owned["pc", "uart"]["n"] >= 1000
    assert owned["pc", "uart"]["max"] == owned["bare", "uart"]["max"] > 0
    with open(BUILD / "bench/bench.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == KEYS and len(table) == len(rows)
    assert [r["median"] for r in table] == [str(r["median"]) for r in rows]


def test_make_bench_draws(bench_run):
    """The plots, as SVG and PNG, with the probes' names in them."""
    for name in ("latency", "exits"):
        assert (BUILD / f"bench/{name}.png").read_bytes().startswith(b"\x89PNG\r\n")
        assert "<svg" in (BUILD / f"bench/{name}.svg").read_text()
    assert "uart" in (BUILD / "bench/latency.svg").read_text()


@pytest.mark.parametrize("samples", ["0", "9", "1001", "1e3", "x"])
def test_make_bench_takes_so_many_samples(samples):
    """SAMPLES= without CONFIG=: from 10 to 1,000."""
    command = [sys.executable, "scripts/bench.py", "--samples", samples]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = f"SAMPLES={samples}: a whole number from 10 to 1000; with CONFIG=, more"
    assert done.returncode == 1 and said in done.stdout, done.stdout


def test_make_bench_has_the_hostile_load(make, exact, bench_run):
    """Load hostile: a row for each attack, and the longest wake-up of all of them; SAMPLES= of
    each. (After bench_run, whose files it replaces.)"""
    done = make("bench", PLATFORM="qemu", COMBOS="qemu/pc/hostile", SAMPLES="250")
    assert done.returncode == 0, done.stdout[-3000:]
    rows = {row["load"]: row for row in json.loads((BUILD / "bench/bench.json").read_text())}
    assert {
        f"hostile/{attack}"
        for attack in ("cpuids", "denied", "msrs", "align", "prints", "faults", "restarts")
    } == set(rows)
    assert {row["n"] for row in rows.values()} == {250}
    worst = max(row["max"] for row in rows.values())
    assert re.search(
        rf"^wakeup +hostile, of all +QEMU +max {worst}$", done.stdout, re.M
    ), done.stdout


@pytest.fixture(scope="module")
def soak_run(make):
    done = make("soak", PLATFORM="qemu", MINUTES="0.1", SOAK="--seed 3 --runs 3 --interrupts 2000")
    return done, json.loads((BUILD / "soak/soak.json").read_text())


def test_make_soak_loses_nothing(soak_run):
    """make soak: runs, their sums, status 0."""
    done, said = soak_run
    assert done.returncode == 0, done.stdout
    assert 1 <= len(said["runs"]) <= 4 and said["seed"] == 3
    assert said["sums"]["taken"] > 2000 and said["sums"]["lost"] == 0
    for run in said["runs"]:
        assert f" {run['name']} " in done.stdout


def test_make_soak_repeats_a_run(make, soak_run):
    """REPEAT=: the same run once more, with the same counts."""
    if not may_be_exact():
        pytest.skip(
            "QEMU repeats to the byte for who may use real-time priorities (docs/measuring.md)"
        )
    name = "qemu/pc/pc/plain/exact/7"
    once, again = (
        make("soak", PLATFORM="qemu", REPEAT=name, SOAK="--interrupts 2000").stdout
        for _ in range(2)
    )
    lines = [
        next(text for text in out.splitlines() if name in text and "taken" in text)
        for out in (once, again)
    ]
    assert lines[0].rpartition("(")[0] == lines[1].rpartition("(")[0]


SOAKED = """\
[pulse] count line=0 handled=10 expected=12 merged=2 twice=0 lost=0 worst=99
[pulse] count line=3 handled={uart} sent=5 lost=0
[scribe] count line=8 handled=7 expected=7 merged=0 lost=0 idle={rtc_idle}
[scribe] count line=15 handled={disk} expected=4 lost=0 idle={disk_idle}
line irq=8 owner=scribe exits=0 held=0 injected=1 wakeups=0
line irq=15 owner=scribe exits=0 held=0 injected=0 wakeups=0
signalbox: end: status 0
"""
WELL = {"uart": 5, "disk": 4, "rtc_idle": 0, "disk_idle": 0}


@pytest.mark.parametrize(
    "run, changed, wrong",
    [
        ("bochs/pc/pc/plain/exact/7", {}, []),
        ("bochs/pc/pc/plain/exact/7", {"disk": 3}, ["lost 1"]),
        ("qemu/pc/pc/bases/exact/7", {"disk": 3}, ["lost 1"]),
        ("qemu/pc/pc/bases/real/7", {"uart": 6}, ["twice 1"]),
        ("qemu/pc/soft/plain/exact/7", {"uart": 4}, ["lost 1"]),
        ("qemu/pc/pc/bases/exact/7", {"rtc_idle": 1}, []),
        (
            "qemu/pc/pc/bases/exact/7",
            {"rtc_idle": 2},
            ["line 8: 2 without a cause, 1 injected"],
        ),
        (
            "bochs/pc/pc/bases/exact/7",
            {"rtc_idle": 1},
            ["line 8: 1 without a cause, 1 injected"],
        ),
        (
            "qemu/pc/pc/plain/real/7",
            {"disk": 5, "disk_idle": 1},
            ["line 15: 1 without a cause, 0 injected"],
        ),
        (
            "qemu/pc/pc/plain/exact/7",
            {"disk": 5, "disk_idle": 1},
            ["line 15: 1 without a cause, 0 injected"],
        ),
    ],
)
def test_make_soak_says_what_is_wrong(tmp_path, run, changed, wrong):
    """Consoles on which an interrupt is missing, comes twice, or has no cause: counted, and wrong
    where the emulator is not the cause."""
    import soak
    from signalbox.machine import Result

    console = SOAKED.format(**WELL | changed)
    result = Result("status", 0, console, 1.0, [], "", b"", tmp_path, 1.0)
    counts, found = soak.judge(soak.parse_run(run), result)
    assert found == wrong
    assert counts["taken"] == 17 + sum({**WELL, **changed}[key] for key in ("uart", "disk"))
    assert (counts["merged"], counts["worst"]) == (2, 99)


def test_make_soak_chooses_runs(make):
    """SOAK=: a kind, a pace or a realisation that is not there is a line with those that are."""
    done = make("soak", PLATFORM="qemu", SOAK="--kinds base")
    assert done.returncode != 0
    assert "soak: no such run; boards: pc, q35; chipsets: pc, irqmux" in done.stdout, done.stdout


def test_ci_calls_make_test():
    """.ci/run is make test, after a part of it as a user without rights."""
    text = (ROOT / ".ci/run").read_text()
    assert re.search(r"\bmake\b.* test\Z", text.rstrip())
    assert re.search(r"^\.ci/user\.sh\n(.*\n)*exec make", text, re.M) and "set -eu\n" in text


def test_ci_says_where_it_cannot_be_another_user(tmp_path):
    """.ci/user.sh without root's rights: one line, and CI goes on."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [ROOT / ".ci/user.sh"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout
    assert "only root can become another user" in done.stdout


def test_the_emulator_is_the_distribution_s(exact):
    """Stock Bochs: the package's binary, on the path."""
    assert executable().startswith("/usr/bin/")


@pytest.mark.parametrize(
    "said, words",
    [("  -debugger        start Bochs internal debugger on startup", ["-debugger"]), ("", [])],
)
def test_the_debugger_of_bochs_is_switched_on(tmp_path, monkeypatch, said, words):
    """Stock Bochs: where the debugger has a switch, a run uses the switch, because the debugger
    makes time move with each instruction."""
    program = tmp_path / "bochs-bin"
    program.write_text(f"#!/bin/sh\nprintf 'Usage:\\n%s\\n' '{said}' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert command() == [str(program), *words, *"-q -f bochsrc -rc debugger.rc".split()]


@pytest.mark.parametrize(
    "code, function, said",
    [
        ("movups %xmm0, (%rsp)", "printer", "movups %xmm0,(%rsp)"),
        ("fld1", "printer", "fld1"),
        ("vzeroupper", "printer", "vzeroupper"),
        ("rep stosq; lock incl (%rax); vmread %rax, %rdx; fs movl (%rax), %eax", "printer", ""),
        ("fxsave64 (%rsp)", "printer", "fxsave64 (%rsp)"),
        ("fxsave64 (%rsp)", "guest_fpu_load", ""),
    ],
)
def test_make_check_finds_vector_instructions_in_an_image(tmp_path, code, function, said):
    """make check: an instruction that reaches a guest's vector or x87 registers is found, unless
    it moves them for the guest."""
    source = tmp_path / "part.S"
    source.write_text(f"\t.globl {function}\n{function}:\n\t{code}\n\tret\n")
    subprocess.run(["gcc", "-c", str(source), "-o", str(tmp_path / "part.o")], check=True)
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/check_vectors.py"), str(tmp_path / "part.o")],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if said else 0), done.stdout
    assert (f"{function}: {said}\n" in done.stdout) if said else done.stdout == ""


def test_each_configuration_boots_the_image_of_its_words():
    """GRUB's menu names the image that has the realisation, as the scripts choose the image, and
    that image's table has the realisation."""
    menu = load_entries(ROOT / "scripts/configs/menu.cfg")
    vmms = [(image, words) for _, ((_, image, words), *_) in menu if is_vmm(image)]
    assert vmms == [(image_for("/boot/signalbox", words), words) for _, words in vmms]
    assert {Path(image).name for image, _ in vmms} == set(VMM_IMAGES)
    tables = [path.read_text() for path in (ROOT / "chipset").rglob("realisations*.c")]
    for chipset in ("irqmux", "pc", "soft", "apic"):
        name = image_for("signalbox", f"console=com1 chipset={chipset}")
        assert name in VMM_IMAGES
        (table,) = (text for text in tables if f"the image `{name}`" in text)
        assert f"&chipset_{chipset}," in table


# ---- make legs -----------------------------------------------------------------------------------

JUNIT = """<testsuites><testsuite>
<testcase classname="test_a" name="one"/>
<testcase classname="test_a" name="two">{two}</testcase>
<testcase classname="test_a" name="three"><skipped message="an emulator's defect"/></testcase>
</testsuite></testsuites>"""


def test_make_legs_tells_a_flaky_test_from_one_that_fails(tmp_path):
    """legs.outcomes, legs.table: a test that passed once and failed once is flaky."""
    import legs

    records = []
    for two in ("", "<failure>late</failure>"):
        path = tmp_path / "report.xml"
        path.write_text(JUNIT.format(two=two))
        found = legs.outcomes(path)
        assert found["test_a::one"] == "passed" and found["test_a::three"] == "skipped"
        of = {how: [name for name in found if found[name] == how] for how in ("passed", "failed")}
        records.append({"leg": "qemu/pc", "skipped": 1, **of})
    lines = legs.table(records)
    assert lines[1].split() == ["qemu/pc", "2", "1", "3", "1"]
    assert lines[2:] == ["  flaky: test_a::two: 1 of 2"]
    assert legs.table(records[1:])[2:] == ["  fails: test_a::two: 1 of 1"]
    assert legs.outcomes(tmp_path / "none.xml") == {}


def test_make_legs_plays_a_leg_and_keeps_its_table(make, tmp_path):
    """make legs: a run of a leg without a machine, and TIMES=0 shows the table of that run."""
    tests = "tests/system/test_nothing_lost.py -k a_trace_tells"
    done = make("legs", PLATFORM="qemu", TIMES="1", TESTS=tests, JOBS="1")
    assert done.returncode == 0, done.stdout
    again = make("legs", PLATFORM="qemu", TIMES="0")
    assert again.returncode == 0 and "qemu/pc" in again.stdout, again.stdout
