# SPDX-License-Identifier: BSD-2-Clause
"""The platform bochs-irqmux itself: the emulator is built and found, and what ran on the stock
one runs on it.

Rule: what the block does for the VMM is tested elsewhere; here the machine around it is.
"""

import os
import signal
import subprocess
import time

import pytest
from conftest import BUILD, IPS, ROOT, all_ok, here, pulse, scribe, vandal
from signalbox import Machine, Module
from signalbox.bochs_irqmux import places

HIDDEN = {"IRQMUX_PCI": "0"}
BARE = [("pulse", 7), ("scribe", 5)]

pytestmark = pytest.mark.only_on("bochs-irqmux")
HERE = here("bochs-irqmux")


def bare(boot, irqmux, guest, environment, again=""):
    return boot(None, [Module(guest, "")], platform=irqmux, environment=environment, again=again)


# ---- It is built, and found ----------------------------------------------------------------------


def test_builds_once(make, irqmux):
    """make bochs-irqmux, bochs-rtl: what is there is kept, and nothing is built twice."""
    home, plugin = places(BUILD, HERE)
    before = (plugin / "libbx_pic.so").stat().st_mtime_ns
    done = make(HERE)
    assert done.returncode == 0 and "BOCHS" not in done.stdout, done.stdout
    assert home.name.startswith("bochs-3.0-")
    assert (plugin / "libbx_pic.so").stat().st_mtime_ns == before


def test_the_block_is_discovered(boot, irqmux):
    """chipset=auto takes irqmux where the PCI function is, and pc where it is not."""
    shown = boot("chipset=auto", [vandal("do=cpuid")], platform=irqmux)
    assert shown.status == 0, shown
    shown.has("signalbox: chipset: irqmux")
    hidden = boot("chipset=auto", [vandal("do=cpuid")], platform=irqmux, environment=HIDDEN)
    assert hidden.status == 0, hidden
    hidden.has("signalbox: chipset: pc")


# ---- What ran on the stock platform runs on it ---------------------------------------------------


@pytest.mark.parametrize("guest, verdicts", BARE)
def test_bare_guests_run(boot, irqmux, guest, verdicts):
    """The guests' images alone on the emulator with the block: every verdict good."""
    report = bare(boot, irqmux, guest, {})
    assert report.status == 0, report
    report.has(f"{guest}: {verdicts} ok, 0 failed")


@pytest.mark.parametrize("guest", [guest for guest, _ in BARE])
def test_r07_as_the_emulators_own_8259(boot, irqmux, guest):
    """R07: all that a bare guest prints is, to the byte, what it prints on the 8259 pair of the
    same Bochs."""
    home, _ = places(BUILD, HERE)
    model = bare(boot, irqmux, guest, HIDDEN)
    own = bare(boot, irqmux, guest, {"LTDL_LIBRARY_PATH": str(home / "plugins")})
    assert own.status == 0, own
    assert model.console == own.console


def test_pc_runs_on_it(boot, irqmux):
    """chipset=pc: the model is then the plain 8259 pair of a PC, and both guests are content."""
    report = boot("chipset=pc", [pulse(), scribe()], platform=irqmux)
    assert report.status == 0, report
    report.has("signalbox: chipset: pc")
    all_ok(report, "pulse", 7)
    all_ok(report, "scribe", 5)


def test_a_run_repeats_to_the_byte(boot, irqmux):
    """Two runs with the NMI button pressed every 7 ms of the machine's time: the same text."""
    first, second = (
        boot(
            "chipset=irqmux",
            [pulse(), scribe()],
            platform=irqmux,
            again=again,
            environment={"IRQMUX_NMI_US": "7000"},
        )
        for again in ("", "again")
    )
    assert first.status == 0, first
    assert first.record("totals")["external_nmis"] > 300, first
    assert first.console == second.console


# ---- The button ----------------------------------------------------------------------------------


def test_r06_the_button_is_a_signal(irqmux, tmp_path):
    """R06: each SIGUSR1 to the emulator is an external NMI, once the guests run."""
    text, process, pressed = [], [], []

    def listen(piece):
        text.append(piece)
        if len(pressed) < 3 and "scribe: disk of" in "".join(text):
            time.sleep(0.05)  # two within a millisecond of the machine are one
            os.kill(process[0], signal.SIGUSR1)
            pressed.append(piece)

    machine = Machine(
        vmm="console=com1 nmi=log",
        modules=[pulse(), scribe()],
        platform=irqmux,
        ips=IPS,
        build=BUILD,
    )
    result = machine.run(tmp_path, stream=listen, started=process.append)
    assert result.status == 0, result.explain()
    assert len(pressed) == 3
    assert (
        "external NMI number 3" in result.console and "external NMI number 4" not in result.console
    )


@pytest.mark.parametrize(
    "name, value, why",
    [
        ("IRQMUX_NMI_US", "5x", "not a period in microseconds, 1 to 1000000000"),
        ("IRQMUX_NMI_LINE", "2", "not a line, 0 to 15 without 2"),
        ("IRQMUX_NMI_EVERY", "0", "not a number from 1 on"),
    ],
)
def test_a_bad_setting_is_named(boot, irqmux, name, value, why):
    """A variable that makes no sense ends the emulator with variable, value and reason."""
    result = boot(None, [Module("pulse", "")], platform=irqmux, environment={name: value}).result
    assert result.end == "panic" and f"{name}={value}: {why}" in result.panics[0], result.explain()


# ---- Without the source --------------------------------------------------------------------------


def build_without_apt(tmp_path, **environment):
    """The build script with a cache that is empty and an apt that knows no mirror."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "apt-get").write_text("#!/bin/sh\nexit 0\n")
    (tools / "apt-get").chmod(0o755)
    env = dict(
        os.environ,
        PATH=f"{tools}:{os.environ['PATH']}",
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        **environment,
    )
    return subprocess.run(
        [ROOT / "scripts/bochs_irqmux.sh", tmp_path / "home"],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "given, reason",
    [
        (None, "no mirror that apt knows here gave it"),
        ("absent", "there is no file"),
        ("other", "is another file"),
    ],
)
def test_a_missing_source_is_named(tmp_path, given, reason):
    """The emulator's source is not to be had: what is missing, how to give it, and how to go on
    without."""
    other = tmp_path / "other"
    other.write_text("not the tarball\n")
    done = build_without_apt(
        tmp_path, **({"BOCHS_SOURCE": str(tmp_path / given)} if given else {"BOCHS_SOURCE": ""})
    )
    assert done.returncode == 1 and not (tmp_path / "home").exists(), done.stdout
    for part in (
        "the source of Bochs 3.0 (bochs_3.0+dfsg.orig.tar.xz, Debian trixie) cannot be had",
        reason,
        "BOCHS_SOURCE=FILE",
        "PLATFORM=bochs runs the stock emulator",
    ):
        assert part in done.stdout, done.stdout
    assert not list((tmp_path / "cache/signalbox").glob("build.*")), "the work directory is left"
