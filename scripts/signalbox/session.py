# SPDX-License-Identifier: BSD-2-Clause
"""An emulator's process: started, listened to, and surely ended.

Rule: nothing outlives the session. The emulator has a process group of its own, which is ended
on a verdict, at the time limit, and on Ctrl-C.
"""

import codecs
import os
import pty
import re
import selectors
import shutil
import signal
import subprocess
import termios
import time
import tty

from .pace import Pace

VERDICT = re.compile(r"^(?:signalbox: )?end: status (\d+)\s*$", re.MULTILINE)
# What a terminal obeys and a text does not hold; and the beginning of one that is still to come
# whole.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PARTIAL = re.compile(r"(?:\r|\x1b(?:\[[0-9;?]*)?)\Z")
POLL_SECONDS = 0.03
READ_MOST = 1 << 18  # bytes of the console between two looks at what is to be typed


def ends_on_signals():
    """SIGTERM and SIGHUP end a script as Ctrl-C does, so that its emulators end too."""

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, interrupt)


def tied_to_us(command):
    """The command, made to die with the process that starts it, however that one dies."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command


# Bochs's text display draws on a terminal of its own making and tells where; unread, it fills, and
# the emulator stands.
SCREEN = re.compile(rb'connected to screen "([^"]+)"')


class Session:
    """Owns the process, its terminals and the console's text."""

    def __init__(self, directory):
        self.directory = directory
        self.console = ""
        self.seconds = 0.0
        self.process = None
        self._selector = selectors.DefaultSelector()
        self._open = []
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._carry = ""
        self._console_fd = None  # what the machine's COM1 writes
        self._console_in = None  # what it reads
        self.typed = []  # where the console's text ended, each time that something was typed
        self._to_type = []
        self._typed_from = 0
        self._pace = None
        self._stands = False
        # A terminal for the machine's COM1: an emulator that writes to a file keeps the text back
        # in a buffer.
        self._terminal, self.serial_device = self._make_terminal()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._kill()
        for fd in self._open:
            try:
                os.close(fd)
            except OSError:
                pass
        self._selector.close()

    def _make_terminal(self):
        """A pseudo terminal that passes bytes as they are: (our end, the device's name)."""
        ours, theirs = pty.openpty()
        self._open += [ours, theirs]  # both stay open, so that bytes keep while nobody listens
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        return ours, os.ttyname(theirs)

    def start(self, command, environment, console_on_stdio):
        self.started = time.monotonic()
        command = tied_to_us(command)
        if console_on_stdio:
            errors = open(
                self.directory / "emulator.txt", "wb"
            )  # noqa: SIM115: closed below, the child has its own
            self.process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            errors.close()
            self._console_fd = self.process.stdout.fileno()
            os.set_blocking(self._console_fd, False)
            self._console_in = self.process.stdin.fileno()
        else:
            # The emulator's own screen: a terminal whose output is read and dropped.
            screen, name = self._make_terminal()
            termios.tcsetwinsize(screen, (25, 80)) if hasattr(termios, "tcsetwinsize") else None
            with open(name, "r+b", buffering=0) as terminal:
                self.process = subprocess.Popen(
                    command,
                    cwd=self.directory,
                    env=environment,
                    stdin=terminal,
                    stdout=terminal,
                    stderr=terminal,
                    start_new_session=True,
                )
            self._selector.register(screen, selectors.EVENT_READ, "screen")
            self._console_fd = self._console_in = self._terminal
        self._selector.register(self._console_fd, selectors.EVENT_READ, "console")

    def _drop_screen(self, data):
        """Nobody looks at the emulator's screen; but read it has to be, and so does the one that
        it says it has opened."""
        found = SCREEN.search(data)
        if found:
            fd = os.open(found[1], os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
            self._open.append(fd)
            tty.setraw(fd)
            self._selector.register(fd, selectors.EVENT_READ, "screen")

    def _stand(self, still):
        """Stop the emulator's processes where they are, or let them go on."""
        if still == self._stands:
            return
        try:
            os.killpg(self.process.pid, signal.SIGSTOP if still else signal.SIGCONT)
            self._stands = still
        except ProcessLookupError:  # it has ended
            pass

    def _kill(self):
        """End the whole process group: asked first, then made to."""
        if self.process is None:
            return
        self._stand(False)
        for sign, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            if self.process.poll() is not None:
                break
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    pass

    def _take(self, data, stream):
        """Bytes of the console: on to the user as they are, and to our text with line ends
        alone."""
        text = self._decoder.decode(data)
        if stream and text:
            stream(text)
        text = self._carry + text
        partial = PARTIAL.search(text)
        self._carry = partial[0] if partial else ""
        text = text[: len(text) - len(self._carry)]
        self.console += CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")

    def _read_console(self, stream, most=None):
        """Whatever the console has for us now; most: so many bytes, as a machine may print
        faster than we read."""
        try:
            taken = 0
            while (most is None or taken < most) and (data := os.read(self._console_fd, 65536)):
                taken += len(data)
                self._take(data, stream)
        except OSError:  # nothing there now, or its other end is closed
            pass

    def _line_begin(self):
        """Where the console's last line begins, which may not be whole yet."""
        return self.console.rfind("\n") + 1

    def _type(self, stream):
        """Type the next text when a line of the console has matched its pattern, from where the
        one before matched. No line is looked at twice, so that a machine that prints all the
        time is answered in time; but for a pattern of several lines. The machine stands while the
        text is typed, so that a test can tell which of the machine's moments that was.
        """
        while self._to_type:
            pattern, text = self._to_type[0]
            match = re.compile(pattern, re.MULTILINE).search(self.console, self._typed_from)
            if not match:
                if r"\n" not in pattern:
                    self._typed_from = max(self._typed_from, self._line_begin())
                return
            self._typed_from = match.end()
            self._to_type.pop(0)
            stands = self._stands
            self._stand(True)  # all that the machine has said before the key comes is read
            self._read_console(stream)
            self.typed.append(len(self.console))
            try:
                os.write(self._console_in, text.encode())
            except OSError:  # the machine has ended meanwhile; the verdict tells how
                self._to_type.clear()
            self._stand(stands)

    def _listen(self, keyboard, stream):
        for key, _ in self._selector.select(POLL_SECONDS):
            try:
                if key.data == "keyboard":
                    data = os.read(keyboard, 1024)
                    if data:
                        os.write(self._console_in, data)
                        if self._pace:
                            self._pace.key(time.monotonic())
                    else:
                        self._selector.unregister(keyboard)
                elif key.data == "screen":
                    self._drop_screen(os.read(key.fd, 65536))
            except OSError:
                pass
        self._read_console(stream, READ_MOST)

    def _keep_pace(self, ending):
        """Let the machine stand while its time is ahead of ours; at its end, never."""
        now = time.monotonic()
        self._pace.read(self.console, now)
        self._stand(not ending and self._pace.ahead(now))

    def wait(self, timeout, stream, keyboard, type_in, grace, paced=False, stop=None):
        """Until the verdict, the emulator's end, the time limit, or stop(): (end, status)."""
        self._to_type = type_in
        self._pace = Pace() if paced else None
        deadline = self.started + timeout
        if keyboard is not None:
            self._selector.register(keyboard, selectors.EVENT_READ, "keyboard")
        verdict, looked = None, 0
        try:
            while True:
                ended = self.process.poll() is not None
                self._listen(keyboard, stream)
                self._type(stream)
                now = time.monotonic()
                if verdict is None:
                    verdict = VERDICT.search(self.console, looked)
                    looked = self._line_begin()
                    if verdict:
                        deadline = now + grace
                if self._pace:
                    self._keep_pace(verdict is not None)
                if stop and stop():
                    return "interrupted", None
                if ended or now > deadline:
                    break
        except KeyboardInterrupt:
            return "interrupted", None
        finally:
            self.seconds = time.monotonic() - self.started
            self._kill()
            self._read_console(stream)
        verdicts = VERDICT.findall(self.console)
        if verdicts:
            return "status", int(verdicts[-1])
        return ("exited" if ended else "timeout"), None
