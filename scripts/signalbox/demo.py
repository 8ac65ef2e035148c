# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: the same two guests with each realisation of the chipset, all at once.

Rule: a machine has a thread of its own, which only feeds its column's figures; one thread draws.
"""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

from . import bochs_irqmux, qemu_irqmux
from .bochs import BochsError
from .config import load_config
from .machine import Machine, Module
from .media import MediaError
from .platforms import MODEL
from .qemu import QemuError
from .view import Column, fit, render

CONFIG = Path(__file__).resolve().parents[1] / "configs/demo.cfg"
SECONDS = 3
QUIT_SECONDS = 6.0  # a machine that does not end by itself within that time is ended
DRAW_SECONDS = 0.2
PROBLEMS = (BochsError, MediaError, QemuError, OSError)


def with_guest_words(modules, words):
    """The modules with more words for the guests themselves: those stand after "--"."""
    return [
        Module(m.image, f"{m.line} {'' if '--' in m.line.split() else '-- '}{words}")
        for m in modules
    ]


# ---- Which machines ------------------------------------------------------------------------------


def is_built(platform, build):
    try:
        if platform.startswith("bochs"):
            bochs_irqmux.places(build, platform)
        else:
            qemu_irqmux.plugin(build, platform)
    except (BochsError, QemuError):
        return False
    return True


def platform_with_block(platform, stock, build):
    """The platform with the chipset block: the stock one's, else another; None: none is built.
    Whoever asks for the block as RTL has the RTL or none."""
    wanted = dict.fromkeys([f"{stock}-irqmux", "qemu-irqmux", "bochs-irqmux"])
    wanted = [platform] if platform in MODEL else wanted
    return next((platform for platform in wanted if is_built(platform, build)), None)


def make_columns(platform, build):
    """The four columns for a platform that choose() has given."""
    stock = MODEL.get(platform, platform).removesuffix("-irqmux")
    block = platform_with_block(platform, stock, build)
    wanted = platform if platform in MODEL else f"{stock}-irqmux"
    missing = ("not built:", "make demo", "PLATFORM=", wanted, "builds it")
    return [
        Column("bare", stock, virtual=False),
        Column("irqmux", block or "", note=() if block else missing),
        Column("pc", stock),
        Column("soft", stock),
    ]


def make_machine(column, seconds, options):
    """options: of Machine, without platform, vmm and modules."""
    image, words, modules = load_config(CONFIG)
    machine = Machine(platform=column.platform, vmm_image=image, **options)
    pulse, scribe = with_guest_words(modules, f"seconds={seconds} {machine.unit}")
    # QEMU's 8259s keep what a device took back, and soft tells it (docs/limits.md).
    if column.name == "soft" and machine.platform.startswith("qemu"):
        scribe = replace(scribe, line=f"{scribe.line} idle=1")
    if column.virtual:
        words = words.replace("chipset=auto", f"chipset={column.name}")
        return replace(machine, vmm=words, modules=[pulse, scribe])
    return replace(machine, vmm=None, modules=[Module(pulse.image, pulse.line.split(" -- ", 1)[1])])


# ---- One machine ---------------------------------------------------------------------------------


class Runner:
    """A machine in a thread of its own."""

    def __init__(self, column, machine, directory, timeout, paced, stream=None):
        self.column, self.machine = column, machine
        self.result = self.problem = None
        self._quit = False
        self._stop = threading.Event()
        self._keyboard, self._keys = os.pipe()
        self._thread = threading.Thread(
            target=self._run, daemon=True, args=(directory, timeout, paced, stream)
        )

    def begin(self):
        self._thread.start()

    def _run(self, directory, timeout, paced, stream):
        def hear(text):
            self.column.figures.feed(text)
            if self.column.state == "starts":
                self.column.state = "runs"
            if stream:
                stream(text)

        try:
            self.result = self.machine.run(
                directory,
                timeout=timeout,
                stream=hear,
                paced=paced,
                keyboard=self._keyboard,
                stop=self._stop.is_set,
            )
        except PROBLEMS as problem:
            self.problem = str(problem)
        self.column.wrong = not self.ok
        self.column.state = self._outcome()

    def _outcome(self):
        if self.problem:
            return "cannot run"
        if self.ok:
            return "ended by key" if self._quit else "ended well"
        return f"status {self.result.status}" if self.result.end == "status" else self.result.end

    @property
    def alive(self):
        return self._thread.is_alive()

    @property
    def ok(self):
        """All verdicts are good; a machine that was told to quit has no more to say."""
        if self.result is None or self.column.figures.failed or self.column.figures.lost:
            return False
        ended = self.result.end in ("status", "interrupted") and not self.result.panics
        return ended if self._quit else self.result.ok

    def quit(self):
        """By the VMM's command; on the bare machine there is nobody to tell."""
        if not self._quit:
            self._quit = True
            if self.column.virtual:
                os.write(self._keys, b"quit\r")
            else:
                self.stop()

    def stop(self):
        self._stop.set()

    def join(self):
        if self._thread.ident is not None:
            self._thread.join()
        for fd in (self._keyboard, self._keys):
            os.close(fd)

    def explain(self):
        if self.problem:
            return f"{self.column.name}: {self.problem}"
        if self._quit and self.ok:
            return f"{self.column.name}: a key ended the run (after {self.result.seconds:.1f} s)"
        return f"{self.column.name}: {self.result.explain(tail=0)}"


# ---- All of them ---------------------------------------------------------------------------------


class Demo:
    """with Demo(...) as demo: demo.watch(screen) or demo.wait(). The context ends all machines."""

    def __init__(self, platform, directory, seconds, timeout, options, paced, stream=None):
        """stream: gets the console of pc."""
        self.columns = make_columns(platform, options["build"])
        self.runners = [
            Runner(
                column,
                make_machine(column, seconds, options),
                Path(directory) / column.name,
                timeout,
                paced,
                stream if column.name == "pc" else None,
            )
            for column in self.columns
            if not column.note
        ]

    def __enter__(self):
        for runner in self.runners:
            runner.begin()
        return self

    def __exit__(self, *_):
        for runner in self.runners:
            runner.stop()
        for runner in self.runners:
            runner.join()

    @property
    def alive(self):
        return any(runner.alive for runner in self.runners)

    @property
    def ok(self):
        return all(runner.ok for runner in self.runners)

    def wait(self):
        while self.alive:
            time.sleep(DRAW_SECONDS)

    def watch(self, screen):
        """Draw until all machines have ended. q or Ctrl-C ends them; once more does not wait."""
        deadline = None
        while self.alive:
            footer = "q or Ctrl-C ends" if deadline is None else "the machines end"
            width, height = screen.size()
            screen.draw(fit(render(self.columns, footer), height, width))
            keys = screen.keys(DRAW_SECONDS)
            if any(key in "qQ\x03\x04" for key in keys):
                action = Runner.stop if deadline else Runner.quit
                deadline = deadline or time.monotonic() + QUIT_SECONDS
                for runner in self.runners:
                    action(runner)
            elif deadline and time.monotonic() > deadline:
                for runner in self.runners:
                    runner.stop()
