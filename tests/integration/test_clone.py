# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones of the source tree."""

import shutil
from pathlib import Path

import pytest
from integration.real import TOP, run

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


@pytest.mark.skipif(not shutil.which("git"), reason="clones are git's")
def test_a_clone_with_automatic_line_ends_has_the_same_bytes(tmp_path: Path) -> None:
    """With core.autocrlf=true, scripts would begin with `#!/bin/bash\\r`, and hashes of patches would be others."""
    shutil.copytree(TOP / "build-aux", tmp_path / "original" / "build-aux")
    shutil.copytree(TOP / "packages" / "gcc", tmp_path / "original" / "packages" / "gcc")
    shutil.copy2(TOP / ".gitattributes", tmp_path / "original")
    (tmp_path / "original" / "dos.config").write_bytes(b"one\r\ntwo\n")
    for command in (("init", "-q"), ("add", "-A"), (*IDENTITY, "commit", "-q", "-m", "one")):
        run("git", "-c", "core.autocrlf=true", *command, cwd=tmp_path / "original")
    run("git", "clone", "-q", "-c", "core.autocrlf=true", "original", "clone", cwd=tmp_path)
    files = [path for path in (tmp_path / "original").rglob("*") if path.is_file() and ".git" not in path.parts]
    assert len(files) > 5
    for path in files:
        assert (tmp_path / "clone" / path.relative_to(tmp_path / "original")).read_bytes() == path.read_bytes()
    assert run("git", "status", "--porcelain", cwd=tmp_path / "clone").stdout == ""
