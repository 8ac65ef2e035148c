# SPDX-License-Identifier: BSD-2-Clause
"""The platforms bochs-rtl and qemu-rtl: the emulators' device with the Verilated block in the
model's place (docs/rtl.md).

Rule: the console of a run on the RTL is, to the byte, the console of the same run on the C model,
but for the times that the model keeps: the RTL is a block of version 1 (docs/register-window.md).
PLATFORM=bochs-rtl and PLATFORM=qemu-rtl play all other tests of the block on the RTL.
"""

import re
import shutil
import subprocess

import pytest
from conftest import BUILD, all_ok, pulse, scribe, vandal
from signalbox import Module, load_config
from signalbox.demo import CONFIG, with_guest_words
from signalbox.platforms import MODEL
from signalbox.qemu import may_be_exact
from signalbox.qemu_irqmux import plugin
from signalbox.transcripts import WORDS
from test_qemu_irqmux import Bare, is_loaded, make_history, registers, save

# For sessions that have both makes of the block.
pytestmark = pytest.mark.only_on()

SECONDS = 1
LOG = {"info": {"PIC": "report"}}
# By platform, what a machine needs so that its run repeats to the byte, and so that Bochs's log has
# the word of the block.
OPTIONS = {"bochs-rtl": {"log_actions": LOG}, "qemu-rtl": {"board": "pc"}}


@pytest.fixture(scope="module", params=list(MODEL))
def rtl(request):
    if request.param == "qemu-rtl" and not may_be_exact():
        pytest.skip(
            "QEMU repeats to the byte for who may use real-time priorities (docs/measuring.md)"
        )
    return request.param


def without_times(console):
    """The console without what the VMM says of the times that a block keeps."""
    return re.sub(r"^((times|buckets|last) line=|no times: ).*\n", "", console, flags=re.M)


@pytest.fixture(scope="module")
def pair_of(boot, rtl):
    """The same boot on the RTL and on the C model: (report, report)."""

    def run(vmm, modules, **options):
        return [
            boot(vmm, modules, platform=platform, **OPTIONS[rtl], **options)
            for platform in (rtl, MODEL[rtl])
        ]

    return run


@pytest.fixture(scope="module")
def demo_run(pair_of):
    _, words, modules = load_config(CONFIG)
    words = words.replace("chipset=auto", "chipset=irqmux")
    return pair_of(words, with_guest_words(modules, f"seconds={SECONDS} unit=instructions"))


def test_the_demonstration_is_the_models_to_the_byte(demo_run):
    """Both guests of the demonstration: the same console."""
    on_rtl, on_model = demo_run
    assert on_model.status == 0, on_model
    on_model.has("signalbox: chipset: irqmux")
    assert without_times(on_rtl.console) == without_times(on_model.console)


def test_the_log_of_bochs_names_the_block(demo_run, rtl):
    """The plugin says at its end which make of the block it was. The RTL had its clocks."""
    if rtl != "bochs-rtl":
        return
    on_rtl, on_model = (report.result.log for report in demo_run)
    clocks = re.search(r"the block is Verilated RTL, after (\d+) clocks", on_rtl)
    assert clocks and int(clocks[1]) > 10_000, on_rtl
    assert "the block is the C model" in on_model, on_model


def test_R03_interrupts_cost_no_exit(demo_run):
    """R03: COM2's interrupt comes after 7 instructions, and takes 0.000 exits."""
    on_rtl, _ = demo_run
    found = re.findall(r"lat probe=uart .* min=(\d+) median=(\d+) .* max=(\d+)", on_rtl.console)
    assert found and set(found) == {("7", "7", "7")}, on_rtl
    end = on_rtl.console.split("latency, from the event")[1]
    shares = re.findall(r"^  pulse +uart +.* (\d\.\d{3})$", end, re.M)
    assert shares == ["0.000"], on_rtl


def test_R07_storms_and_rotations_are_the_models_to_the_byte(pair_of):
    """R06, R07, R16: ports at random, initialisations, polls and rotations on two banks, beside
    lines that fire all the time, and an external NMI every 7 ms. The attacker's digest of all that
    it read is in the console."""
    storms = vandal("do=ports,initialisations,polls,elcr,levels,modes ops=20k", slice="1ms")
    on_rtl, on_model = pair_of(
        "chipset=irqmux jitter=5 nmi=log",
        [scribe("rounds=40 rtc=8192"), storms],
        environment={"IRQMUX_NMI_US": "7000"},
    )
    assert on_model.status == 0, on_model
    assert on_model.record("totals")["external_nmis"] > 20, on_model
    assert len(re.findall(r"digest [0-9a-f]{8}", on_model.console)) == 6, on_model
    assert without_times(on_rtl.console) == without_times(on_model.console)


def test_R11_one_bank_for_all_is_the_models_to_the_byte(pair_of):
    """R11, R12: every switch saves and restores the state words by the window."""
    on_rtl, on_model = pair_of("chipset=irqmux banks=1", [pulse("n=200"), scribe("rounds=40")])
    assert on_model.status == 0, on_model
    all_ok(on_model, "pulse", 7)
    assert without_times(on_rtl.console) == without_times(on_model.console)


def test_R07_the_bare_controller_is_the_models_to_the_byte(pair_of):
    """R07: the recorded 8259 programs and 400 random programs, with every vector."""
    on_rtl, on_model = pair_of(None, [Module("picprobe", WORDS)])
    assert on_model.status == 0, on_model
    assert without_times(on_rtl.console) == without_times(on_model.console)


# ---- The device in QEMU --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emulator():
    return shutil.which("qemu-system-x86_64")


def test_the_monitor_names_the_block(emulator):
    """info pic: the same text of the block's registers on both makes, and each make's name."""
    told = {}
    for platform in ("qemu-rtl", "qemu-irqmux"):
        with Bare(emulator, platform=platform) as machine:
            make_history(machine)
            told[platform] = machine.do("human-monitor-command", **{"command-line": "info pic"})
    on_rtl, on_model = told["qemu-rtl"], told["qemu-irqmux"]
    clocks = re.search(r"; the block is Verilated RTL, after (\d+) clocks", on_rtl)
    assert clocks and int(clocks[1]) > 100, on_rtl
    assert on_rtl.replace(clocks[0], "; the block is the C model") == on_model
    assert "bank=3 status=0008 external=1" in on_model, on_model


@pytest.mark.parametrize("platform", ["qemu-rtl", "qemu-irqmux"])
def test_R11_the_vector_of_no_request_changes_no_state(emulator, platform):
    """The device asks the block for the vector of an INTA with INTR low, which QEMU has to know in
    advance. Here such an INTA would take the slave's request: by ICW3 the slave is at input 7."""
    master, slave, modes = 0x8008_0000_00FF_0000, 0x0770_0001_0000_0000, 0x0107_0111_0107_0111
    with Bare(emulator, platform=platform) as machine:
        machine.open().write(0x10, 0x0000_0000_FFFF_0000, "q")
        for word, value in enumerate((master, slave, modes)):
            machine.write(0x100 + 8 * word, value, "q")
        for _ in range(3):
            read = [machine.read(0x100 + 8 * word, "q") for word in range(4)]
            assert read == [master, slave, modes, 0x100]


def test_a_snapshot_of_the_rtl_goes_on(emulator, tmp_path):
    """A machine on the RTL is saved, and a new process goes on with the registers as they were."""
    with Bare(emulator, platform="qemu-rtl") as machine:
        make_history(machine)
        save(machine, tmp_path / "saved")
        before = registers(machine), machine.pulses()
    loads = ("-incoming", f"exec:cat {tmp_path / 'saved'}")
    with Bare(emulator, platform="qemu-rtl", extra=loads) as machine:
        is_loaded(machine)
        assert (registers(machine), machine.pulses()) == before
        assert before[1] > 0


@pytest.mark.parametrize(
    "saved, loaded", [("qemu-rtl", "qemu-irqmux"), ("qemu-irqmux", "qemu-rtl")]
)
def test_a_snapshot_of_the_other_make_is_refused(emulator, tmp_path, saved, loaded):
    """The state of the C model is no state of the RTL, and the other way round: one line, and
    QEMU ends."""
    with Bare(emulator, platform=saved) as machine:
        save(machine, tmp_path / "saved")
    command = [emulator, "-S", "-display", "none", "-monitor", "none", "-nic", "none"]
    command += ["-serial", "null", "-serial", "null", "-accel", "tcg"]
    command += ["-plugin", str(plugin(BUILD, loaded)), "-device", "irqmux,addr=7"]
    command += ["-incoming", f"exec:cat {tmp_path / 'saved'}"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "irqmux: the snapshot is of another make or build of the block" in done.stdout


# ---- A waveform of a boot ------------------------------------------------------------------------


def rises(text, signal):
    """How often a signal of the block goes high in a VCD."""
    name = re.search(rf"^\s*\$var wire +1 (\S+) {signal} \$end$", text, re.M)[1]
    return text.count(f"\n1{name}\n")


def test_a_boot_is_recorded(boot, rtl, tmp_path):
    """IRQMUX_WAVE: the first 100 interrupts of a boot as a waveform, and the same console."""
    wave = tmp_path / "boot.vcd"
    words = "chipset=irqmux", [pulse("n=100"), scribe("rounds=20")]
    told, plain = (
        boot(*words, platform=rtl, board="pc", environment=environment)
        for environment in ({"IRQMUX_WAVE": str(wave)}, {})
    )
    assert told.status == 0 and told.console == plain.console, told
    text = wave.read_text()
    assert rises(text, "inta_ack") >= 100
    assert rises(text, "nmi") > 10 and rises(text, "intr") > 10


def test_a_waveform_that_cannot_be_written_is_said(emulator, tmp_path, monkeypatch, capfd):
    """A file in a directory that does not exist: one line, and the machine goes on."""
    wave = tmp_path / "absent/boot.vcd"
    monkeypatch.setenv("IRQMUX_WAVE", str(wave))
    with Bare(emulator, platform="qemu-rtl") as machine:
        make_history(machine)
    said = capfd.readouterr().err
    assert said.count(f"irqmux: IRQMUX_WAVE={wave}: the file cannot be written\n") == 1
