# SPDX-License-Identifier: GPL-3.0-or-later
"""Following logs: whatever is written from now on, once, with its step's name."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.host.locks import held
from ruckus_aux.reports import tailing
from ruckus_aux.reports.tailing import Tails, follow_run, show_lines
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import RUN_LOCK

HEAD = "# step     x\n# environment:\n#   PATH=/bin\n# output:\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log/i686/cross/gcc.log"
    path.parent.mkdir(parents=True)
    return path


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def seen(tails: Tails) -> list[tuple[str, str]]:
    return [(tail.step, line) for tail, line in tails.lines()]


def test_a_log_that_is_there_is_followed_from_its_end(log: Path, tmp_path: Path) -> None:
    append(log, f"{HEAD}old\n")
    tails = Tails([("i686", tmp_path / "log")])
    assert seen(tails) == []
    append(log, "one\ntw")
    assert seen(tails) == [("i686/cross/gcc", "one")]
    append(log, "o\n")
    assert seen(tails) == [("i686/cross/gcc", "two")]


def test_of_a_new_log_only_the_output_is_shown(log: Path, tmp_path: Path) -> None:
    tails = Tails([("i686", tmp_path / "log")])
    append(log, HEAD[:30])
    assert seen(tails) == []
    append(log, f"{HEAD[30:]}first\n")
    assert seen(tails) == [("i686/cross/gcc", "first")]
    os.rename(log, f"{log}.1")  # the next attempt
    append(log, f"{HEAD}second\n")
    assert seen(tails) == [("i686/cross/gcc", "second")]


def test_what_is_no_log_lets_nobody_wait(log: Path, tmp_path: Path) -> None:
    os.mkfifo(log)
    (log.parent / "link.log").symlink_to("/etc/passwd")
    tails = Tails([("i686", tmp_path / "log")])
    (log.parent / "gone.log").symlink_to("nowhere")
    assert seen(tails) == []


@given(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=30)), st.data())
def test_nothing_is_lost_and_nothing_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("follow")
    log, whole, shown = folder / "a.log", (HEAD + "".join(f"{text}\n" for text in texts)).encode(), []
    tails = Tails([("i686", folder)])
    while whole:
        count = data.draw(st.integers(1, len(whole)))
        with log.open("ab") as file:
            file.write(whole[:count])
        whole = whole[count:]
        shown += [line for _, line in tails.lines()]
    assert shown == texts


def test_a_line_without_end_is_shown_in_parts(log: Path, tmp_path: Path) -> None:
    tails = Tails([("i686", tmp_path / "log")])
    append(log, HEAD + "x" * 200_000)
    shown = [line for _, line in seen(tails)]
    assert len(shown) > 1
    append(log, "\n")
    assert "".join([*shown, *(line for _, line in seen(tails))]) == "x" * 200_000


def test_lines_have_their_steps_name_and_command_no_terminal(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "PAUSE", 0)
    tails = Tails([("i686", tmp_path / "log")])
    ends: list[Callable[[], None]] = [lambda: append(log, f"{HEAD}\x1b]0;title\x07\n"), lambda: append(log, "last\n")]

    def is_over() -> bool:
        ends.pop(0)()
        return not ends

    show_lines(tails, is_over)
    assert capsys.readouterr().out == "i686/cross/gcc: \\x1b]0;title\\x07\ni686/cross/gcc: last\n"


def test_there_is_nothing_to_follow_when_no_run_goes_on(tmp_path: Path) -> None:
    with pytest.raises(RuckusError, match="no build is running"):
        follow_run(tmp_path, ())
    with held(tmp_path / RUN_LOCK, "a run", tmp_path), pytest.raises(RuckusError, match="no build directory"):
        follow_run(tmp_path, ())
