# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts do that look for packages and build what is kept in the user's cache.

Rule: no test here installs or downloads anything: apt-get and its like are stand-ins.
"""

import os
import re
import subprocess
import tarfile

import pytest

from conftest import OF_MAKE, ROOT, without
from signalbox import media

# What changes the packages that are asked for.
OF_SETUP = ("NO_SETUP", "SIGNALBOX_NO_SETUP", "NEWLIB", "NEWLIB_SOURCE", "SETUP_ROOT")


def run(command, **environment):
    """A command without a terminal: CompletedProcess, its output as one text."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={**without(OF_MAKE + OF_SETUP), **environment},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        start_new_session=True,
        check=False,
    )


# ---- newlib --------------------------------------------------------------------------------------


def newlib(tmp_path, source):
    return run(
        [ROOT / "scripts/newlib.sh", tmp_path / "stamp"],
        NEWLIB_SOURCE=str(source),
        XDG_CACHE_HOME=str(tmp_path / "the cache"),
    )


def tarball(path, **files):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            (path.parent / "member").write_text(text)
            tar.add(path.parent / "member", arcname=name.replace("__", "/"))
    return path


@pytest.mark.parametrize(
    "source, reason",
    [
        ("absent", "there is no file"),
        ("text", "is no tarball of newlib's source"),
        ("other", "is no tarball of newlib's source"),
        ("unnamed", "names no version of newlib"),
    ],
)
def test_what_is_no_source_of_newlib_is_refused(tmp_path, source, reason):
    """NEWLIB_SOURCE= with a file that is none: the file, and why."""
    (tmp_path / "text").write_text("no tarball\n")
    tarball(tmp_path / "other", other__configure="PACKAGE_VERSION='1.2'\n")
    tarball(tmp_path / "unnamed", newlib__newlib__configure="exit 1\n")
    done = newlib(tmp_path, tmp_path / source)
    assert done.returncode == 1 and not (tmp_path / "stamp").exists(), done.stdout
    assert str(tmp_path / source) in done.stdout and reason in done.stdout, done.stdout


def test_a_source_of_newlib_is_named_by_its_version(tmp_path):
    """NEWLIB_SOURCE=: the version is the source's own. A build that fails leaves no directory."""
    given = tarball(
        tmp_path / "a file",
        newlib_9__newlib__configure="PACKAGE_VERSION='9.8.7'\n",
        newlib_9__configure="echo this is no configure script; exit 1\n",
    )
    done = newlib(tmp_path, given)
    assert done.returncode == 1 and "NEWLIB  9.8.7" in done.stdout, done.stdout
    assert "the build failed" in done.stdout, done.stdout
    kept = list((tmp_path / "the cache/signalbox").iterdir())
    assert all(path.is_file() for path in kept), kept


# ---- The cache -----------------------------------------------------------------------------------

KEEPER = 'set -eu; die() { echo "$@"; exit 1; }; . scripts/cache.sh; '


@pytest.mark.parametrize("place", ["cache", "a cache"])
def test_the_cache_takes_what_is_whole(tmp_path, place):
    """An entry is built in a directory without a blank, and comes into the cache once, whole."""
    build = 'cache_work; case $work in *" "*) exit 3 ;; esac; mkdir "$work/made"; '
    build += 'echo yes >"$work/made/f"; '
    keep = build + 'cache_keep "$work/made" "$cache/entry"; s=$?; rm -rf "$work"; exit $s'
    for status in (0, 1):
        done = run(["sh", "-c", KEEPER + "set +e; " + keep], XDG_CACHE_HOME=str(tmp_path / place))
        assert done.returncode == status, done.stdout
        assert (tmp_path / place / "signalbox/entry/f").read_text() == "yes\n"
        assert [path.name for path in (tmp_path / place / "signalbox").iterdir()] == ["entry"]


def test_a_cache_that_cannot_be_is_named(tmp_path):
    """No place to write: which, and the variable that names another."""
    (tmp_path / "file").write_text("")
    done = run(["sh", "-c", KEEPER], XDG_CACHE_HOME=str(tmp_path / "file"))
    assert done.returncode == 1, done.stdout
    assert f"cannot write the directory {tmp_path}/file/signalbox" in done.stdout
    assert "XDG_CACHE_HOME=DIRECTORY" in done.stdout


# ---- Packages ------------------------------------------------------------------------------------

# What the script itself needs of a machine.
PLAIN = (
    "sh",
    "awk",
    "cat",
    "env",
    "find",
    "flock",
    "grep",
    "head",
    "mkdir",
    "mktemp",
    "rm",
    "sed",
    "sort",
    "tail",
    "tee",
    "timeout",
    "tr",
    "true",
)
URIS = r"""printf "'http://x/%s.deb' %s.deb %s SHA256:0\n" gcc gcc 1500000 make make 500000"""
# An apt-get that knows sizes, installs by a note in a file, and says what it does.
APT = f"""case "$*" in
*--print-uris*) {URIS} ;;
*install*) printf '%s gcc\\n' "Get:1 http://x" "Unpacking" "Setting up"; echo "$*" >>"$NOTES" ;;
esac"""
# The same on a machine where apt has no lists yet: it knows no size before it has fetched some.
APT_NO_LISTS = f"""for word; do case $word in Dir::State::Lists=*) lists=${{word#*=}} ;; esac; done
case "$*" in
*update*) [ -d "$lists/partial" ] && : >"$lists/Packages" ;;
*--print-uris*) [ -f "$lists/Packages" ] && {URIS} ;;
esac"""
# A dpkg-query that has what the notes say was installed.
QUERY = r"""[ ! -f "$NOTES" ] || printf 'installed %s\n' $(cat "$NOTES")"""


@pytest.fixture
def machine(tmp_path):
    """A machine with these tools alone: machine(groups, uid, **tools) runs setup.sh there."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in PLAIN:
        where = next(path for path in ("/usr/bin", "/bin") if os.path.exists(f"{path}/{name}"))
        (tools / name).symlink_to(f"{where}/{name}")

    def setup(groups, uid=1000, environment=(), **scripts):
        for name, text in {"id": f"echo {uid}", **scripts}.items():
            path = tools / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        notes = str(tmp_path / "notes")
        environment = {
            "PATH": str(tools),
            "NOTES": notes,
            "TMPDIR": str(tmp_path),
            "SETUP_ROOT": str(tmp_path / "root"),
            **dict(environment),
        }
        return run(["sh", ROOT / "scripts/setup.sh", *groups], **environment)

    return setup


DEBIAN = {"apt_get": APT, "dpkg_query": QUERY}


def test_who_is_not_root_is_told_all_that_is_missing_at_once(machine):
    """No root, no sudo: all packages of all groups, what they are for, the size, and what to do."""
    done = machine(["build", "iso", "test"], **DEBIAN)
    assert done.returncode == 1
    assert "setup: missing packages: 16; download: 2.0 MB" in done.stdout, done.stdout
    for part in (
        "  gcc                   compiles the VMM",
        "  xorriso               writes the ISO",
        "  python3-pytest        runs",
        "you are not root, and there is no sudo here",
        "    make setup\n",
        "NO_SETUP=1",
    ):
        assert part in done.stdout, done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
    command = done.stdout[done.stdout.index("    apt-get install ") :]
    words = command[: command.index("\nThen")].replace("\\\n", " ").split()
    groups = "gcc libc6-dev binutils make xz-utils newlib-source python3 xfonts-base grub-common"
    assert words[:12] == ["apt-get", "install", "--no-install-recommends", *groups.split()]


def test_the_size_is_known_where_apt_has_no_lists(machine, tmp_path):
    """No list of apt's, no rights: lists of the script's own tell the size, and go away."""
    done = machine(["build"], dpkg_query=QUERY, apt_get=APT_NO_LISTS)
    assert done.returncode == 1
    assert "setup: missing packages: 8; download: 2.0 MB" in done.stdout, done.stdout
    assert not list(tmp_path.glob("tmp.*")), "the lists of its own go away"


def test_no_row_of_the_list_is_wider_than_a_terminal():
    """All packages, on each distribution: 80 columns."""
    text = (ROOT / "scripts/setup.sh").read_text()
    rows = re.findall(r"^[a-z-]+\|([^|\n]+)\|([^|\n]+)$", text, re.MULTILINE)
    assert len(rows) > 40
    for package, purpose in rows:
        assert len(package) <= 20 and len(purpose.replace("'\\''", "'")) <= 56, (package, purpose)


def test_sudo_that_wants_a_password_does_not_hang(machine):
    """sudo, a password, and no terminal: said at once, with the same list."""
    asks = 'case $1 in -n) echo "sudo: a password is required" >&2; exit 1 ;; esac; sleep 600'
    done = machine(["build"], sudo=asks, **DEBIAN)
    assert done.returncode == 1
    assert "sudo wants a password, which nobody can type here" in done.stdout, done.stdout
    assert "    make setup\n" in done.stdout


def test_sudo_without_a_password_installs(machine, tmp_path):
    """sudo -n that works: it is used, and never asks."""
    done = machine(["build"], sudo='[ "$1" = -n ] || exit 9; shift; exec "$@"', **DEBIAN)
    assert done.returncode == 0, done.stdout
    assert "newlib-source" in (tmp_path / "notes").read_text()


def test_root_installs_and_each_phase_is_a_line(machine, tmp_path):
    """Root: no question, and without a terminal a line for each thing that apt does."""
    done = machine(["build"], uid=0, **DEBIAN)
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("setup: ")]
    phases = [f"setup: {phase}" for phase in ("fetching", "unpacking", "configuring", "done")]
    assert lines[-4:] == phases, done.stdout
    again = machine(["build"], uid=0, **DEBIAN)
    assert (again.returncode, again.stdout) == (0, ""), "nothing is said when nothing is missing"


def test_what_apt_cannot_install_is_named(machine):
    """apt-get fails: its last lines, and the packages."""
    done = machine(["python"], uid=0, dpkg_query="exit 1", apt_get="echo E: no such; exit 100")
    assert done.returncode == 1
    assert "download: size unknown" in done.stdout and "E: no such" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "manager, install, names",
    [
        ("dnf", "dnf install", ("grub2-tools-extra", "grub2-pc-modules", "xorriso", "glibc-devel")),
        ("pacman", "pacman -S --needed", ("grub", "libisoburn", "glibc")),
    ],
)
def test_other_distributions_get_their_own_names(machine, manager, install, names):
    """No Debian: this distribution's names and command; newlib from a tarball; "not tried"."""
    done = machine(["build", "iso"], **{manager: "exit 1"})
    assert done.returncode == 1 and "not tried" in done.stdout
    command = done.stdout.partition("setup: as root:\n")[2].replace("\\\n", " ").splitlines()[0]
    assert command.startswith(f"    {install} "), done.stdout
    assert set(names) <= set(command.split()), command
    assert "NEWLIB_SOURCE=FILE" in done.stdout and "NO_SETUP=1" in done.stdout


def test_a_tool_that_is_there_is_enough_elsewhere(machine):
    """No Debian: what is found is not asked for, under any of its names."""
    done = machine(["iso"], pacman="exit 1", grub2_mkrescue="", xorriso="", mformat="")
    asked = [line for line in done.stdout.splitlines() if re.match("  [a-z]", line)]
    assert len(asked) == 1 and asked[0].startswith("  grub                  GRUB for"), done.stdout


def test_no_setup_looks_for_nothing(machine):
    """SIGNALBOX_NO_SETUP=1: silent, and no package is looked for."""
    done = machine(["build"], environment={"SIGNALBOX_NO_SETUP": "1"}, **DEBIAN)
    assert (done.returncode, done.stdout) == (0, "")


def test_setup_alone_takes_every_package():
    """make setup: no package of the table is left out of what it installs."""
    text = (ROOT / "scripts/setup.sh").read_text()
    rows = re.search(r"^packages='\n(.*?)^'", text, re.S | re.M)[1].splitlines()
    table = [row.split("|")[:2] for row in rows]
    groups = re.search(r"\$# -eq 0 .*?set -- (.*?)\nfi", text, re.S)[1].replace("\\\n", " ").split()
    taken = {package for group, package in table if group in groups}
    assert taken == {package for _, package in table} and len(taken) > 40


def test_a_target_names_all_that_it_needs_once(tmp_path):
    """make test without rights: one message, before anything is built, with all packages."""
    tools = {"id": "echo 1000", "sudo": "exit 1", "apt-get": "exit 100", "dpkg-query": "exit 1"}
    for name, text in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    build = os.path.relpath(tmp_path / "build", ROOT)
    done = run(
        ["make", "-j2", "test", f"BUILD={build}", "PLATFORM=auto"],
        TMPDIR=str(tmp_path),
        PATH=f"{tmp_path}:{os.environ['PATH']}",
    )
    assert done.returncode == 2 and done.stdout.count("setup: missing packages") == 1, done.stdout
    for package in (
        "libc6-dev",
        "xorriso",
        "bochsbios",
        "libltdl-dev",
        "meson",
        "libcmocka-dev",
        "python3-z3",
    ):
        assert f"\n  {package:<20}  " in done.stdout, done.stdout
    assert "    make setup\n" in done.stdout and "-c " not in done.stdout
    assert not list((tmp_path / "build").rglob("*.o"))


# ---- Images and what else is kept ----------------------------------------------------------------


def test_the_oldest_images_go(tmp_path):
    """Beyond the number that is kept, what nobody has used for a while goes."""
    for number in range(8):
        path = tmp_path / f"{number}.iso"
        path.mkdir() if number % 2 else path.write_text("")
        os.utime(path, (number, number))
    (tmp_path / "new.iso").write_text("")
    media.prune(tmp_path, keep=3, age=600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["6.iso", "7.iso", "new.iso"]
    media.prune(tmp_path, keep=0, age=600)
    assert [path.name for path in tmp_path.iterdir()] == ["new.iso"], "an image in use stays"


def image_by(names, tmp_path, monkeypatch):
    """An image made on a machine that has tools of these names alone."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in names:
        text = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho image >"$2"\n'
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    (tmp_path / "signalbox").write_text("an image")
    return media.make_iso([("multiboot", "signalbox", "")], tmp_path)


@pytest.mark.parametrize("tool", ["grub-mkimage", "grub2-mkimage"])
def test_grub_s_tool_is_found_by_either_name(tmp_path, monkeypatch, tool):
    """Debian and Arch: grub-mkimage; Fedora: grub2-mkimage. Old images go when one is taken."""
    old = tmp_path / "media"
    old.mkdir()
    for number in range(media.KEPT_IMAGES + 5):
        (old / f"{number}.iso").write_text("")
        os.utime(old / f"{number}.iso", (number, number))
    iso = image_by([tool, "xorriso"], tmp_path, monkeypatch)
    assert iso.read_text() == "image\n"
    assert len(list(old.iterdir())) == media.KEPT_IMAGES + 1 and not (old / "4.iso").exists()


@pytest.mark.parametrize(
    "names, said",
    [
        ([], "no grub-mkimage or grub2-mkimage: the package grub-common is missing"),
        (["grub-mkimage"], "no xorriso: the package xorriso is missing"),
    ],
)
def test_a_missing_tool_is_said(tmp_path, monkeypatch, names, said):
    """All of its names, and the package."""
    with pytest.raises(media.MediaError, match=said):
        image_by(names, tmp_path, monkeypatch)


def test_no_tool_for_a_menu_is_said(tmp_path, monkeypatch):
    """The image of make iso is another tool's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(media.MediaError, match="no grub-mkrescue or grub2-mkrescue: the package "):
        media.write_iso([], tmp_path / "a.iso", tmp_path)


def test_no_modules_of_grub_are_said(tmp_path, monkeypatch):
    """GRUB for a PC BIOS is a package of its own."""
    monkeypatch.setattr(media, "GRUB_DIRECTORY", tmp_path / "none")
    with pytest.raises(media.MediaError, match="none: the package grub-pc-bin is missing"):
        image_by([], tmp_path, monkeypatch)
