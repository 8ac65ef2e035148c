# SPDX-License-Identifier: BSD-2-Clause
"""A Linux beside a VM that takes half of the processor: ten minutes by the machine's RTC, which is
the Linux's.

Rule: `make test` leaves this file out, because the run takes a quarter of an hour:
make system TESTS=tests/system/long_linux.py PLATFORM=qemu-irqmux
"""

import re

import pytest

from conftest import all_ok
from signalbox import Module
from signalbox.linux import complaints
from test_linux import INITRD, KERNEL, log_of

SECONDS = 600
# The other VM works longer than Linux does.
HOG = f"seconds={SECONDS + 60}"
WRONG_BY = 0.001

pytestmark = pytest.mark.only_on("qemu-irqmux")


@pytest.fixture(scope="module")
def half_run(boot):
    text = f"console=ttyS1 cryptomgr.notests load=compute seconds={SECONDS} check=rtc"
    own = "mem=192M slice=5ms pit irq=3,8 io=0x2f8-0x2ff,0x70-0x71,0x80"
    return boot(
        "status=0",
        [
            Module(KERNEL, f"vm=linux type=linux {own} -- {text}"),
            Module(INITRD, "of=linux"),
            Module("pulse", f"vm=hog mem=4M slice=5ms pit -- unit=instructions {HOG}"),
        ],
        platform="qemu-irqmux",
        board="pc",
        disk=False,
        timeout=3600,
    )


def test_linux_keeps_its_tsc_and_the_time(half_run):
    """Its clock against the RTC, to 0.1 %; and the log has no complaint."""
    log = log_of(half_run)
    all_ok(half_run, "hog", 6)
    assert complaints(log) == []
    assert re.search(r"^init: Linux \S+ is in user space, clocksource tsc$", log, re.MULTILINE)
    assert "clocksource tsc-early" not in log.split("Switched to clocksource tsc\n")[-1]
    marks = re.findall(r"^init: the RTC says (\d+) at ([\d.]+)$", log, re.MULTILINE)
    assert len(marks) == 2, log[-2000:]
    rtc = int(marks[1][0]) - int(marks[0][0])
    clock = float(marks[1][1]) - float(marks[0][1])
    print(f"RTC {rtc} s, Linux {clock:.2f} s: {clock / rtc - 1:+.6f}")
    assert rtc >= SECONDS
    assert abs(clock - rtc) <= WRONG_BY * rtc


def test_linux_had_half_of_the_processor(half_run):
    times = {r["vm"]: int(r["run_ticks"]) for r in half_run.records("vm") if "run_ticks" in r}
    assert 0.8 < times["linux"] / times["hog"] < 1.25, times
