# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a build are followed line by line, and stopped with everything that they started."""

import sys
from pathlib import Path

import psutil
import pytest

from ruckus_aux.runs import follow
from ruckus_aux.runs.follow import Stream


class Seen:
    """A view that remembers, and is interrupted at some line."""

    def __init__(self, interrupt_at: str = "") -> None:
        self.lines: list[str] = []
        self.looks: set[int] = set()
        self.interrupt_at = interrupt_at

    def line(self, text: str) -> None:
        self.lines.append(text)
        if text == self.interrupt_at:
            raise KeyboardInterrupt

    def look(self, make: int) -> None:
        self.looks.add(make)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "LOOK", 0.1)
    monkeypatch.setattr(follow, "_GRACE", 1.0)


def python(text: str) -> list[str]:
    return [sys.executable, "-u", "-c", text]


def test_lines_of_both_streams_go_to_view_and_log(tmp_path: Path) -> None:
    view = Seen()
    log = tmp_path / "deep" / "run.log"
    both = Stream(view, log, {"RUCKUS_RUN": "r1"})
    text = "import os, sys, time; print(os.environ['RUCKUS_RUN']); sys.stderr.write('oops\\n'); time.sleep(.3); exit(3)"
    assert both.run(python(text)) == 3
    assert both.run(python(r"import sys; sys.stdout.buffer.write(b'\xff no newline')")) == 0
    assert view.lines == ["r1", "oops", "\ufffd no newline"]
    assert len(view.looks) == 2, "each command was looked at"
    assert log.read_text().splitlines() == view.lines


def test_what_a_build_says_cannot_command_the_terminal(tmp_path: Path) -> None:
    view = Seen()
    Stream(view, tmp_path / "run.log", {}).run(python(r"print('\x1b[2J\x1b[31mred\x1b[m')"))
    assert view.lines == [r"\x1b[2Jred"]
    assert "\x1b[2J" in (tmp_path / "run.log").read_text(), "the log has all of it"


STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, "-u", __file__, "child"], start_new_session=True)
else:
    print("child is here")
time.sleep(100)
"""


def test_what_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)
    with pytest.raises(KeyboardInterrupt):
        Stream(Seen("child is here"), tmp_path / "log", {}).run([sys.executable, "-u", str(script)])
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(script) in (one.info["cmdline"] or [])]
