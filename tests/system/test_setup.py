# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts do that look for packages and build what is kept in the user's cache.

Rule: no test here installs or downloads anything: apt-get and its like are stand-ins.
"""

import os
import subprocess
import tarfile

import pytest

from conftest import ROOT


def run(command, **environment):
    """A command without a terminal: CompletedProcess, its output as one text."""
    return subprocess.run([str(word) for word in command], cwd=ROOT, env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, text=True, timeout=60, check=False)


# ---- newlib ----------------------------------------------------------------------------------------------------------


def newlib(tmp_path, source):
    return run([ROOT / "scripts/newlib.sh", tmp_path / "stamp"], NEWLIB_SOURCE=str(source),
               XDG_CACHE_HOME=str(tmp_path / "the cache"))


def tarball(path, **files):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            (path.parent / "member").write_text(text)
            tar.add(path.parent / "member", arcname=name.replace("__", "/"))
    return path


@pytest.mark.parametrize("source, reason", [
    ("absent", "there is no file"),
    ("text", "is no tarball of newlib's source"),
    ("other", "is no tarball of newlib's source"),
    ("unnamed", "names no version of newlib"),
])
def test_what_is_no_source_of_newlib_is_refused(tmp_path, source, reason):
    """NEWLIB_SOURCE= with a file that is none: the file, and why."""
    (tmp_path / "text").write_text("no tarball\n")
    tarball(tmp_path / "other", other__configure="PACKAGE_VERSION='1.2'\n")
    tarball(tmp_path / "unnamed", newlib__newlib__configure="exit 1\n")
    done = newlib(tmp_path, tmp_path / source)
    assert done.returncode == 1 and not (tmp_path / "stamp").exists(), done.stdout
    assert str(tmp_path / source) in done.stdout and reason in done.stdout, done.stdout


def test_a_source_of_newlib_is_named_by_its_version(tmp_path):
    """NEWLIB_SOURCE=: the version is the source's own word. A build that fails leaves no directory."""
    given = tarball(tmp_path / "a file", newlib_9__newlib__configure="PACKAGE_VERSION='9.8.7'\n",
                    newlib_9__configure="echo this is no configure script; exit 1\n")
    done = newlib(tmp_path, given)
    assert done.returncode == 1 and "NEWLIB  9.8.7" in done.stdout, done.stdout
    assert "the build failed" in done.stdout, done.stdout
    kept = list((tmp_path / "the cache/signalbox").iterdir())
    assert all(path.is_file() for path in kept), kept


# ---- The cache -------------------------------------------------------------------------------------------------------

KEEPER = 'set -eu; die() { echo "$@"; exit 1; }; . scripts/cache.sh; '


@pytest.mark.parametrize("place", ["cache", "a cache"])
def test_the_cache_takes_what_is_whole(tmp_path, place):
    """An entry is built in a directory without a blank, and comes into the cache by its name, once."""
    build = 'cache_work; case $work in *" "*) exit 3 ;; esac; mkdir "$work/made"; echo yes >"$work/made/f"; '
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
