# SPDX-License-Identifier: GPL-3.0-or-later
"""invoke build --notify: the command that is run when all is over."""

import sys
import time
from pathlib import Path

import pytest
from integration.real import Tree, run

from ruckus_aux.runs import notify as module
from ruckus_aux.runs.notify import Result, notify


def result(folder: Path) -> Result:
    return Result("r1", 2, folder, 61.4, "it's \x1b[31mred\nand $HOME")


def test_the_command_is_a_line_of_shell_and_is_told_the_result(tmp_path: Path) -> None:
    out = tmp_path / "out"
    notify(f'printf "%s|" "$RUCKUS_RESULT" "$RUCKUS_STATUS" "$RUCKUS_WALL" "$RUCKUS_SUMMARY" >{out}', result(tmp_path))
    assert out.read_text() == "failed|2|61|it's red and $HOME|"


@pytest.mark.parametrize(
    ("command", "warning"),
    [("exit 3", "exit status 3"), ("no-such-program", "exit status 127"), ("sleep 100", "stopped")],
)
def test_a_command_that_fails_is_a_warning(
    command: str, warning: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LIMIT", 1)
    started = time.monotonic()
    notify(command, result(tmp_path))
    assert time.monotonic() - started < 50, "it is ended"
    assert f"ruckus: warning: --notify={command}: {warning}" in capsys.readouterr().err


def test_a_build_that_fails_notifies_and_keeps_its_exit_status(tree: Tree, tmp_path: Path) -> None:
    task = [sys.executable, "-m", "invoke", "--search-root", str(tree.top), "build"]
    (tmp_path / "run.lock").symlink_to("/no/where")
    (tmp_path / ".ruckus").touch()
    done = run(*task, f"--build-dir={tmp_path}", "--notify=echo $RUCKUS_RESULT; exit 7", cwd=tmp_path, status=1)
    assert done.stdout.splitlines()[-1] == "failed"
    assert "exit status 7" in done.stderr
