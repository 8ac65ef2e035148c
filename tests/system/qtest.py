# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU machine whose processor stands still: a test makes the accesses, by QEMU's own test
protocol (qtest).

Rule: nothing of the VMM or of a guest is in it; what answers is the machine.
"""

import json
import socket
import subprocess


class Standing:
    """Its ports, its memory, its monitor."""

    def __init__(self, emulator, board="pc", extra=()):
        self.ours, theirs = socket.socketpair()
        monitor, their_monitor = socket.socketpair()
        command = [
            emulator,
            "-S",
            "-accel",
            "tcg",
            "-machine",
            board,
            "-display",
            "none",
            "-nic",
            "none",
            *extra,
        ]
        command += ["-serial", "null", "-serial", "null", "-monitor", "none"]
        command += [
            "-chardev",
            f"socket,id=test,fd={theirs.fileno()}",
            "-object",
            "qtest,id=qtest,chardev=test",
        ]
        command += [
            "-chardev",
            f"socket,id=mon,fd={their_monitor.fileno()}",
            "-mon",
            "mon,mode=control",
        ]
        self.process = subprocess.Popen(command, pass_fds=(theirs.fileno(), their_monitor.fileno()))
        theirs.close()
        their_monitor.close()
        self.test, self.monitor = self.ours.makefile("rw"), monitor.makefile("rw")
        self.sockets = (self.ours, monitor)
        for channel in self.sockets:
            channel.settimeout(20)
        self.monitor.readline()  # its greeting
        self.do("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        for channel in (self.test, self.monitor, *self.sockets):
            channel.close()

    def ask(self, *words):
        self.test.write(" ".join(str(word) for word in words) + "\n")
        self.test.flush()
        answer = self.test.readline().split()
        assert answer and answer[0] == "OK", (words, answer)
        return int(answer[1], 0) if len(answer) > 1 else None

    def do(self, command, **arguments):
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        for text in self.monitor:
            answer = json.loads(text)
            if "event" not in answer:
                assert "return" in answer, answer
                return answer["return"]
        raise AssertionError(f"the emulator ended at {command}")

    def transmitter_empty(self, uart, high):
        """A 16550's line, by its transmitter-empty interrupt."""
        self.ask("outb", uart + 4, 8)
        self.ask("outb", uart + 1, 2 if high else 0)
