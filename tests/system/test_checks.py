# SPDX-License-Identifier: BSD-2-Clause
"""What make check looks at: a violation of each rule is found, and its absence too.

Rule: nothing boots here. A text is right, or breaks a single rule.
"""

import subprocess
from pathlib import Path

import pytest

import check_docs
import layers
import style
from conftest import ROOT

pytestmark = pytest.mark.only_on()  # the same on every platform: in the leg auto alone

RIGHT = """#include "arch/x86/cpu/io.h"
#include "vmm/core/vm.h"

#include <errno.h>
#include <stdint.h>

int twice(int a)
{
\tuint32_t sum = 0xabu;

\treturn a + (int)sum;
}
"""
DIGITS, BLANK, ORDER, SOURCE = (
    "hexadecimal digits are small letters",
    "a blank line ends the declarations of a function",
    "the project's headers, a blank line, then the system's",
    "no source is included; a test links the object (unit.mk)",
)


@pytest.mark.parametrize(
    "old, new, row, words",
    [
        ("0xabu", "0xABu", 9, DIGITS),
        ("0xabu", '0xabu; /* "a" */ int b = 0xEul', 9, DIGITS),
        (";\n\n\treturn", ";\n\treturn", 10, BLANK),
        ("= 0xabu;\n\n", "= 1,\n\t\t b = 2;\n", 11, BLANK),
        ('vm.h"\n\n', 'vm.h"\n', 3, ORDER),
        ('"vmm/core/vm.h"\n\n#include <errno.h>', '<errno.h>\n#include "a.h"', 3, ORDER),
        ("core/vm.h", "core/vm.c", 2, SOURCE),
    ],
)
def test_the_layout_that_clang_format_leaves_open(tmp_path, old, new, row, words):
    assert not list(style.faults(Path("a.c"), RIGHT))
    wrong = RIGHT.replace(old, new)
    assert wrong != RIGHT
    assert f"a.c:{row}: {words}" in list(style.faults(Path("a.c"), wrong))
    # as make check runs the script
    path = tmp_path / "a.c"
    path.write_text(wrong)
    done = subprocess.run([ROOT / "scripts/style.py", path], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 1 and words in done.stdout


def test_a_digit_in_a_message_is_no_fault():
    assert not list(style.faults(Path("a.c"), RIGHT.replace("0xabu;", '"0xAB"[0];')))


@pytest.mark.parametrize(
    "old, new",
    [
        ("arch/x86/cpu/io.h", "vmm/core/work.h"),  # the headers in their order
        ("\treturn", "        return"),
        ("(int a)\n{", "(int a) {"),
        ("return a + (int)sum;", "return a + " + "a + " * 24 + "(int)sum;"),
    ],
)
def test_the_layout_of_clang_format(tmp_path, old, new):
    formatter = subprocess.run(
        ["sh", "scripts/check.sh", "--formatter"], cwd=ROOT, capture_output=True, text=True
    )
    if formatter.returncode:
        pytest.skip(formatter.stderr.strip())
    (tmp_path / ".clang-format").write_text((ROOT / ".clang-format").read_text())
    path = tmp_path / "a.c"
    for text, wrong in ((RIGHT, False), (RIGHT.replace(old, new), True)):
        path.write_text(text)
        command = [formatter.stdout.strip(), "--dry-run", "-Werror", path]
        assert (subprocess.run(command, capture_output=True).returncode != 0) is wrong, text


# ---- Layers --------------------------------------------------------------------------------------

TABLE = layers.read_table((ROOT / "CONTRIBUTING.md").read_text())


@pytest.mark.parametrize(
    "user, used, may",
    [
        ("vmm/core/run.c", "chipset/chipset.c", True),
        ("vmm/core/run.c", "vmm/operator/console.c", False),
        ("vmm/core/run.c", "vmm/main.c", False),
        ("chipset/pc/pc.c", "vmm/core/lines.c", False),
        ("arch/x86/machine/slice_timer.c", "arch/x86/cpu/nmi_account.h", True),
        ("arch/x86/machine/slice_timer.c", "vmm/core/dispatch.c", False),
        ("arch/x86/cpu/nmi.c", "arch/x86/machine/hpet.c", False),
        ("vmm/budget/a.c", "arch/x86/cpu/io.h", False),
    ],
)
def test_the_layers_of_contributing(user, used, may):
    assert layers.allowed(TABLE, user, used) is may


def test_a_ring_of_calls_is_found():
    chain = [("a", "b"), ("b", "c"), ("a", "c")]
    assert not layers.cycle(chain)
    assert sorted(layers.cycle([*chain, ("c", "a")])) == ["a", "b", "c"]


# ---- Documents -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree():
    return check_docs.Tree()


@pytest.mark.parametrize(
    "span, words",
    [
        ("vmm/core/invoke.c:vm_invoke", None),
        ("vm_invoke()", None),
        ("vmm/core/invoke.c:vm_switch", "no function of that name"),
        ("vmm/core/dispatch.c:figure", "no function of that name"),  # a comment has the word
        # in two parts, because this file's names exist
        ("vm_" + "revoke()", "no function of that name"),
        ("vm_" + "revoked", "no such name in the code"),
        ("make check", None),
        ("make chekc", "no such target"),
        ("vmm/core/run.c", None),
        ("vmm/core/walk.c", "no such file"),
    ],
)
def test_a_document_names_what_is_there(tree, span, words):
    problem = check_docs.span_problem(tree, span)
    assert problem is None if words is None else words in problem


@pytest.mark.parametrize(
    "row",
    [
        "unknown word",  # of the configuration
        "vm ...: more than ... modules (of=...)",  # a VM is refused
        "no multiboot header in the first 8 KiB",  # an image is refused
        "no memory for the VMs' nested page tables",  # the boot ends
        "machine check while vm ... ran",  # a panic
        "no image '...' (looked in ... and .../guests): run make first",  # of a script
    ],
)
def test_each_message_that_ends_a_run_is_in_the_page(row):
    page = check_docs.MESSAGES.read_text()
    assert not list(check_docs.message_problems(page)) and f"`{row}`" in page
    without_row = list(check_docs.message_problems(page.replace(f"`{row}`", "")))
    assert without_row == [f"docs/troubleshooting.md: there is nothing about `{row}`"]
    (invented,) = check_docs.message_problems(page.replace(f"`{row}`", f"`{row}`, `never said`"))
    assert invented.endswith("`never said`: no source says this")


def test_the_glossary_has_forty_terms_at_most():
    rows = [row for row in (ROOT / "docs/glossary.md").read_text().splitlines() if row[:2] == "| "]
    terms = [row.split(" | ")[0][2:].lower() for row in rows[2:]]
    assert len(terms) <= 40 and terms == sorted(set(terms))


def test_a_comment_names_no_function_that_is_gone(tree):
    assert not list(check_docs.comment_problems(tree))
    tree.words.discard("take_external_nmi")  # a comment names the function
    assert any("take_external_nmi()" in row for row in check_docs.comment_problems(tree))
