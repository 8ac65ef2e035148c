# SPDX-License-Identifier: BSD-2-Clause
"""What the tests cost: --cpu-times shows the CPU seconds of each file and of the dearest tests.

Rule: CPU seconds are a test's own and its ended children's, so a busy host changes them little. A
run that several tests share is in the test that came first.
"""

import os
from collections import Counter

import pytest

SHOWN = int(os.environ.get("SHOWN", "30"))


def spent():
    return sum(os.times()[:4])


class CpuTimes:
    """A plugin for the process that plays tests, and for the process that collects reports."""

    def __init__(self):
        self.mark = spent()
        self.tests = Counter()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self):
        """At the end of each phase of a test."""
        outcome = yield
        before, self.mark = self.mark, spent()
        outcome.get_result().user_properties.append(("cpu", self.mark - before))

    def pytest_runtest_logreport(self, report):
        self.tests[report.nodeid] += sum(
            value for name, value in report.user_properties if name == "cpu"
        )

    def pytest_terminal_summary(self, terminalreporter):
        files = Counter()
        for test, seconds in self.tests.items():
            files[test.split("::")[0]] += seconds
        terminalreporter.section(f"CPU seconds: {sum(files.values()):.0f}")
        for name, seconds in files.most_common() + self.tests.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:8.1f}  {name}")
