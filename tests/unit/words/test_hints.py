# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in hints can be typed where the user is."""

import shlex
from pathlib import Path

import pytest

from ruckus_aux.words import hints
from ruckus_aux.words.hints import invoke_command, make_command


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree with an invoke of its own, which PATH has not."""
    program = tmp_path / "a tree" / ".venv" / "bin" / "invoke"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(hints, "SRCDIR", tmp_path / "a tree")
    monkeypatch.setattr(hints, "INVOKE", program)
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path / "a tree"


def test_in_the_source_tree_invoke_is_named_by_its_short_path(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert invoke_command("status", "--build-dir=/x y") == ".venv/bin/invoke status '--build-dir=/x y'"


def test_elsewhere_it_is_told_where_its_tasks_are(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    program, root, task = shlex.split(invoke_command("status"))
    assert (Path("/", program), root, task) == (tree / ".venv/bin/invoke", f"--search-root={tree}", "status")


def test_where_path_has_it_its_name_is_enough(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PATH", str(tree / ".venv/bin"))
    assert invoke_command("status") == "invoke status"


def test_make_is_told_where_to_go_unless_the_user_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_command(tmp_path / "b", "boot") == f"make -C {tmp_path}/b boot"
    monkeypatch.chdir(tmp_path)
    assert make_command(tmp_path, "boot") == "make boot"


def test_where_the_current_directory_was_removed_a_hint_is_still_one(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert shlex.split(invoke_command("status"))[1:] == [f"--search-root={tree}", "status"]
    assert make_command(tree, "boot") == f"make -C {shlex.quote(str(tree))} boot"
