# SPDX-License-Identifier: GPL-3.0-or-later

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.host.root import Root, Rooted
from ruckus_aux.host.signals import heed, held_back, let_through
from ruckus_aux.host.undo import undoing
from ruckus_aux.settings.journal import Journal
from ruckus_aux.words.errors import RuckusError


def interrupted(done: list[str], number: int = signal.SIGINT) -> Callable[[], None]:
    """Something that a signal comes in the middle of, twice."""

    def do() -> None:
        done.append("begun")
        for _ in range(2):
            os.kill(os.getpid(), number)
        done.append("ended")

    return do


@pytest.fixture
def signals() -> None:
    """As in a program: pytest's process may have been started so that it ignores them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    heed()


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_waits_until_a_step_is_done_and_then_it_is_taken_back(number: int) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), undoing() as step:
        step(lambda: done.append("first"), "undo first", lambda: done.append("first undone"))
        step(interrupted(done, number), "undo", lambda: interrupted(done)())
        done.append("never")
    assert done == ["first", "begun", "ended", "begun", "ended", "first undone"]


@pytest.mark.usefixtures("signals")
def test_what_ctrl_c_leaves_is_named() -> None:
    def fail() -> None:
        raise RuckusError("it is busy")

    with pytest.raises(RuckusError, match="interrupted") as caught, undoing() as step:
        step(interrupted([]), "umount /a", fail)
    assert "umount /a   (it is busy)" in caught.value.hint


def test_a_step_that_fails_is_not_taken_back_but_those_before_it() -> None:
    done: list[str] = []

    def fail() -> None:
        raise RuckusError("no luck", "try again")

    with pytest.raises(RuckusError, match="no luck") as caught, undoing() as step:
        step(lambda: done.append("first"), "", lambda: done.append("first undone"))
        step(fail, "", lambda: done.append("never"))
    assert done == ["first", "first undone"]
    assert caught.value.hint == "try again"


@pytest.mark.usefixtures("signals")
def test_what_leaves_nothing_can_be_stopped_in_the_middle_of_a_step(tmp_path: Path, fp: FakeProcess) -> None:
    """A copy of ten gigabytes, by a command that is not root's."""
    done: list[str] = []
    fp.register([fp.any()], callback=lambda process: os.kill(os.getpid(), signal.SIGINT))
    access = Root(Journal(tmp_path / "journal.sqlite"), "run").ordinary()

    def copy() -> None:
        try:
            access.run(("cp", "a", "b"))
            done.append("copied")
        finally:
            done.append("removed")

    with pytest.raises(KeyboardInterrupt), undoing() as step:
        step(copy, "rm b", lambda: done.append("never"))
    assert done == ["removed"]


@pytest.mark.usefixtures("signals")
def test_a_signal_that_waits_comes_through_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), held_back():
        os.kill(os.getpid(), signal.SIGINT)
        with let_through():
            raise AssertionError("never")


@pytest.mark.usefixtures("signals")
def test_signals_are_heeded_again_afterwards() -> None:
    with pytest.raises(KeyboardInterrupt), held_back(), held_back():
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("signals")
def test_what_ran_as_root_while_ctrl_c_came_is_in_the_journal(tmp_path: Path, fp: FakeProcess) -> None:
    fp.register([fp.any()], callback=lambda process: os.kill(os.getpid(), signal.SIGINT))
    access = Root(Journal(tmp_path / "journal.sqlite"), "run")
    with pytest.raises(KeyboardInterrupt):
        access.run(("/sbin/umount", "/x"))
    assert [(row.command, row.status) for row in access.journal.rows(Rooted)] == [("/sbin/umount /x", 0)]
