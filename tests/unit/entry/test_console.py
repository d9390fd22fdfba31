# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import os
import pty
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.entry.console import ended, importing, print_error
from ruckus_aux.host.signals import hung_up
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import printable

NASTY = "\x1b]0;title\x07\x1b[2Jerror: \x1b[01;31mno\x1b[m\x9b1A\u202e\r\x08"


@given(st.text())
def test_text_of_others_cannot_command_the_terminal(text: str) -> None:
    shown = printable(text)
    assert all(one.isprintable() or one in "\n\t" for one in shown)
    shown.encode()
    assert printable(shown) == shown


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(f"{text} 1\n\t{text}") == f"{text} 1\n\t{text}"


def test_colors_are_left_out_and_other_codes_shown() -> None:
    assert printable(NASTY) == r"\x1b]0;title\x07\x1b[2Jerror: no\x9b1A\u202e\r\x08"


def test_errors_are_told_without_codes(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(RuckusError(NASTY, f"see\n{NASTY}"))
    assert all(one.isprintable() or one == "\n" for one in capsys.readouterr().err)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (RuckusError("wrong", "do this"), 1, "ruckus: error: wrong\n  do this\n"),
        (OSError(errno.ENOSPC, "No space left", "/b/x"), 1, "ruckus: error: /b/x: No space left\n  make room there"),
        (ModuleNotFoundError("no", name="sarge"), 1, "lacks the module sarge\n  run: "),
        (KeyError("x"), 1, "ruckus: error: this is a bug in Ruckus, please report it: KeyError: 'x' ("),
        (KeyboardInterrupt(), 130, "ruckus: stopped\n"),
    ],
)
def test_every_ending_is_a_sentence_and_a_status(
    error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert ended(command, "stopped") == status
    said = capsys.readouterr().err
    assert told in said
    assert "Traceback" not in said


def test_on_request_an_error_comes_with_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def command() -> int:
        raise RuckusError("wrong")

    monkeypatch.setenv("RUCKUS_DEBUG", "1")
    assert ended(command, "stopped") == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("ruckus: error: wrong\n")


def test_without_a_module_the_way_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), importing():
        import ruckus_needs_this_module  # type: ignore[import-not-found]  # noqa: F401
    assert "lacks the module ruckus_needs_this_module\n  run: " in capsys.readouterr().err


def test_a_terminal_that_was_closed_is_like_ctrl_c(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    master, slave = pty.openpty()
    error = OSError(errno.EIO, "Input/output error")
    assert not hung_up(error, [slave]), "it is still there"
    os.close(master)
    with pytest.raises(OSError, match="Input/output") as caught:
        os.write(slave, b"x")
    assert hung_up(caught.value, [slave])
    with (tmp_path / "file").open("w") as file:
        assert not hung_up(error, [file.fileno()]), "a broken disk is something else"
    assert not hung_up(OSError(errno.EIO, "Input/output error", "/b/x"), [slave])
    assert not hung_up(KeyboardInterrupt(), [slave])
    os.close(slave)
