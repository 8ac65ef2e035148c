# SPDX-License-Identifier: BSD-2-Clause
"""The files of the tree, with git or without.

Rule: what is built is no file of the tree, nor is what an interpreter keeps.
"""

import subprocess


def tree_files(root):
    """The paths of the tree's files, as texts relative to root: tracked files and new ones, as git
    sees them. Without git (a container, a tarball): all files that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:
        found = (path.relative_to(root) for path in root.rglob("*"))
        names = [
            str(path)
            for path in found
            if path.parts[0] not in ("build", ".git") and "__pycache__" not in path.parts
        ]
    return sorted(name for name in names if name and (root / name).is_file())
