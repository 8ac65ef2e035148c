#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Breaks copies of the VMM, one line each, and says whether the test that is named notices.

Rule: the working tree is never changed. A mutant counts as noticed where its test fails or hangs,
and where the same test passes on the tree as it is. What does not build says nothing about a test:
that mutant has to be renewed, as one has to whose line is not there any more. The mutants stand in
tests/mutants/.
"""

import argparse
import concurrent.futures
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from mutants import MUTANTS  # noqa: E402
from signalbox.tree import tree_files  # noqa: E402

SLOW = 600  # seconds: no build and no test takes longer
GROUP = 6  # mutants of one test that one copy of the tree takes in a row
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")  # as the Makefile has it: with pytest
EMULATORS = {
    "bochs-irqmux": "emulators/bochs/libbx_pic.so",
    "qemu-irqmux": "emulators/qemu/irqmux.so",
}

running = set()
stopping = threading.Event()
printing = threading.Lock()


# ---- What a mutant says --------------------------------------------------------------------------


def is_host(test):
    return ":" not in test


def arguments_of(test):
    """A fuzzer comes to its end, and takes the same inputs each time."""
    return ["-runs=5000", "-seed=1", "-max_len=1500"] if test.startswith("fuzz_") else []


def test_problem(test):
    """Why there is no such test; None where there is."""
    if is_host(test):
        there = (ROOT / "tests/unit" / f"{test}.c").is_file()
        return None if there else f"there is no tests/unit/{test}.c"
    _, file, function = re.fullmatch(r"([a-z-]+):([^:]+)::(\w+)(?:\[.*\])?", test).groups()
    path = ROOT / file
    there = path.is_file() and re.search(rf"^def {function}\(", path.read_text(), re.M)
    return None if there else f"there is no {function} in {file}"


def problems(mutants):
    """What has to be renewed: a list of lines."""
    found = []
    names = [mutant.name for mutant in mutants]
    found += [f"{name}: two mutants have this name" for name in set(names) if names.count(name) > 1]
    texts = {}
    for m in mutants:
        if m.file not in texts:
            path = ROOT / m.file
            texts[m.file] = path.read_text(encoding="utf-8") if path.is_file() else ""
        count = texts[m.file].count(m.old)
        if count != 1:
            found.append(f"{m.name}: {m.file} has this {count} times, not once: {m.old.strip()}")
        if m.old == m.new:
            found.append(f"{m.name}: changes nothing")
        problem = test_problem(m.test)
        if problem:
            found.append(f"{m.name}: {problem}")
    return found


# ---- Commands ------------------------------------------------------------------------------------


def run(command, directory, log, seconds, **environment):
    """The command's status; None: it took longer, and was ended with all that it had started."""
    unwanted = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PLATFORM", "BOARD", "IPS", "BUILD")
    variables = {k: v for k, v in os.environ.items() if k not in unwanted}
    with open(log, "a", encoding="utf-8") as out:
        out.write("$ " + " ".join(command) + "\n")
        out.flush()
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**variables, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        running.add(process)
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            running.discard(process)
            end(process)


def end(process):
    """The process and what it started: its group is its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


class Tree:
    """A copy of the sources in which one mutant at a time is built and tested."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.log = self.directory.with_suffix(".log")
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        self.copy()

    def copy(self):
        """What is the same stays as it is, so that only what is new is built."""
        names = set(tree_files(ROOT))
        for name in names:
            source, target = ROOT / name, self.directory / name
            if target.is_file() and source.read_bytes() == target.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
        for path in self.directory.rglob("*"):
            name = path.relative_to(self.directory)
            if name.parts[0] != "build" and path.is_file() and str(name) not in names:
                path.unlink()

    def make(self, *targets):
        """A mutant may leave a variable unused: warnings are no errors here."""
        command = ["make", "BUILD=build", "WARNINGS=-w", *targets]
        return run(command, self.directory, self.log, SLOW) == 0

    def test(self, test, seconds):
        """passes, fails, hangs; or what kept the test from saying one of these."""
        if is_host(test):
            if not self.make(f"build/unit/{test}"):
                return "does not build"
            command = [f"build/unit/{test}", *arguments_of(test)]
            status = run(command, self.directory, self.log, seconds)
            return "hangs" if status is None else "fails" if status else "passes"
        platform, identity = test.split(":", 1)
        emulator = [f"build/{EMULATORS[platform]}"] if platform in EMULATORS else []
        if not self.make("vmm", "guests", *emulator):
            return "does not build"
        command = [PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-x", "-q", identity]
        status = run(
            command,
            self.directory,
            self.log,
            seconds,
            BUILD="build",
            PLATFORM=platform,
            PYTHONPATH="scripts",
            PYTHONDONTWRITEBYTECODE="1",
        )
        known = {None: "hangs", 0: "passes", 1: "fails"}
        return known.get(status, f"pytest says {status}, see {self.log}")

    def mutate(self, mutant):
        """Break it; the text as it was."""
        path = self.directory / mutant.file
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
        return whole

    def restore(self, mutant, whole):
        (self.directory / mutant.file).write_text(whole, encoding="utf-8")


# ---- All of them ---------------------------------------------------------------------------------


def say(text):
    with printing:
        print(text, flush=True)


def timed(tree, test, seconds):
    start = time.monotonic()
    return tree.test(test, seconds), time.monotonic() - start


def record(mutant, result, noticed, seconds):
    return {
        "name": mutant.name,
        "file": mutant.file,
        "test": mutant.test,
        "result": result,
        "noticed": noticed,
        "seconds": round(seconds, 1),
    }


def try_group(trees, group, total, results):
    """Mutants of one test, in one tree: first the test as it is, then each mutant."""
    if stopping.is_set():
        return
    tree = trees.get()
    test = group[0].test
    try:
        before, seconds = timed(tree, test, SLOW)
        if before != "passes":
            say(f"mutants: {test} on the tree as it is: {before} ... FAILED")
            results += [record(m, f"as it is: {before}", False, 0) for m in group]
            return
        limit = min(SLOW, 60 + 4 * seconds)
        for mutant in group:
            if stopping.is_set():
                return
            whole = tree.mutate(mutant)
            try:
                result, took = timed(tree, test, limit)
            finally:
                tree.restore(mutant, whole)
            noticed = result in ("fails", "hangs")
            results.append(record(mutant, result, noticed, took))
            told = {
                "fails": f"noticed by {test}",
                "hangs": f"noticed by {test}, which hangs",
                "passes": f"NOT NOTICED by {test}",
            }.get(result, f"{test}: {result}: FAILED")
            say(f"[{len(results)}/{total}] mutant {mutant.name} ... {told} ({took:.0f} s)")
    finally:
        trees.put(tree)


def groups_of(mutants):
    by_test = {}
    for mutant in mutants:
        by_test.setdefault(mutant.test, []).append(mutant)
    split = [same[i : i + GROUP] for same in by_test.values() for i in range(0, len(same), GROUP)]
    return sorted(split, key=len, reverse=True)


def try_all(mutants, build, jobs):
    trees, results = queue.Queue(), []
    for number in range(jobs):
        trees.put(Tree(build / f"tree{number}"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        tries = [
            pool.submit(try_group, trees, group, len(mutants), results)
            for group in groups_of(mutants)
        ]
        try:
            for each in concurrent.futures.as_completed(tries):
                each.result()
        except KeyboardInterrupt:
            stopping.set()
            for process in list(running):
                end(process)
            raise
    return results


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().split("\n\n", maxsplit=1)[0])
    parser.add_argument(
        "--build", default="build/mutants", help="where the copies are (%(default)s)"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="these mutants alone")
    parser.add_argument("--quick", action="store_true", help="those that a host test notices")
    parser.add_argument("--jobs", type=int, default=1, help="how many side by side (%(default)s)")
    parser.add_argument("--json", help="where the result goes (BUILD/mutants.json)")
    parser.add_argument("--list", action="store_true", help="show the mutants and their tests")
    parser.add_argument(
        "--check",
        action="store_true",
        help="look whether each mutant's line is there once, and its test; no more",
    )
    return parser.parse_args()


def choose(options):
    chosen = [m for m in MUTANTS if not options.quick or is_host(m.test)]
    if options.only:
        unknown = set(options.only) - {m.name for m in MUTANTS}
        if unknown:
            sys.exit("mutants: there is no mutant " + ", ".join(sorted(unknown)))
        chosen = [m for m in MUTANTS if m.name in options.only]
    return chosen


def main():
    options = parse_arguments()
    chosen = choose(options)
    if options.list:
        for m in chosen:
            print(f"{m.name:34} {m.file:28} {m.test}")
        return 0
    stale = problems(MUTANTS)
    for line in stale:
        print(f"mutants: to be renewed: {line}")
    if stale or options.check:
        return 1 if stale else 0
    build = Path(options.build).resolve()
    start = time.monotonic()
    results = try_all(chosen, build, max(1, options.jobs))
    noticed = sum(each["noticed"] for each in results)
    seconds = time.monotonic() - start
    result = {
        "mutants": results,
        "noticed": noticed,
        "tried": len(chosen),
        "seconds": round(seconds, 1),
    }
    Path(options.json or build / "mutants.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"mutants: {noticed} of {len(chosen)} noticed, in {seconds:.0f} s")
    return 0 if noticed == len(chosen) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("mutants: ended by Ctrl-C")
