# SPDX-License-Identifier: GPL-3.0-or-later

import io
import sys

import pytest
from rich.console import Console

from ruckus_aux.sources import progress


def test_plain_lines_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bars(2) as view:
        view.update("gcc", 10, 100)
        view.finished("gcc", "12.2.0", "Debian gcc-12=12.2.0-14")
    assert capsys.readouterr().out == "downloading 2 sources\n  FETCHED  gcc 12.2.0  Debian gcc-12=12.2.0-14\n"


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda file: Console(file=screen, force_terminal=True, width=100, _environ={})
    )
    with progress.bars(1) as view:
        view.update("gcc", 50_000_000, 100_000_000)
        view.update("mystery", 1_000, 0)
        view.finished("gcc", "12.2.0", "somewhere")
    text = screen.getvalue()
    assert "50.0/100.0 MB" in text
    assert "FETCHED  gcc 12.2.0" in text
    assert sys.stdout is not screen
