# SPDX-License-Identifier: GPL-3.0-or-later

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ruckus_aux.host import jobserver
from ruckus_aux.host.jobserver import Jobserver, flags, from_makeflags, lost, put_back


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_pipe_is_handed_on_and_nothing_else_of_makes_flags(pipe: tuple[int, int]) -> None:
    auth = f"--jobserver-auth={pipe[0]},{pipe[1]}"
    jobserver = from_makeflags(f"kw -j4 {auth} --no-print-directory -- V=1 CFLAGS=-O9")
    assert jobserver == Jobserver(f"-j4 {auth}", pipe)
    assert jobserver.environment == {"MAKEFLAGS": f"-j4 {auth}"}


def test_the_last_jobserver_wins_as_in_make(pipe: tuple[int, int]) -> None:
    assert from_makeflags(f"-j4 --jobserver-auth=98,99 --jobserver-auth={pipe[0]},{pipe[1]}").descriptors == pipe


def test_makes_before_4_2_call_it_fds(pipe: tuple[int, int]) -> None:
    assert from_makeflags(f"-j --jobserver-fds={pipe[0]},{pipe[1]}").descriptors == pipe


def test_descriptors_that_are_closed_or_other_files_are_not_used(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        number = file.fileno()
        assert from_makeflags(f"-j4 --jobserver-auth={number},{number}") == Jobserver()
    assert from_makeflags("-j4 --jobserver-auth=998,999") == Jobserver()


def test_a_named_pipe_of_make_4_4(tmp_path: Path) -> None:
    fifo = tmp_path / "pool"
    assert from_makeflags(f"-j4 --jobserver-auth=fifo:{fifo}") == Jobserver()
    os.mkfifo(fifo)
    assert from_makeflags(f"-j4 --jobserver-auth=fifo:{fifo}").fifo == fifo


@pytest.mark.parametrize(
    "makeflags",
    ["", "k", "-j1", "w -- V=1", "--jobserver-auth=x", pytest.param(f"--jobserver-auth=fifo:{'9' * 300}", id="long")],
)
def test_no_jobserver(makeflags: str) -> None:
    assert from_makeflags(makeflags) == Jobserver()


@pytest.mark.parametrize(
    ("makeflags", "letters"),
    [("", ""), ("kn -j2 --jobserver-auth=3,4", "kn"), (" -j2", ""), ("-j2", ""), ("n -- V=1", "n"), ("V=1", "")],
)
def test_single_letter_options(makeflags: str, letters: str) -> None:
    assert flags({"MAKEFLAGS": makeflags}) == letters


class Make:
    """A make of four jobs with steps; it answers one look after the other with how many there are."""

    def __init__(self, *steps: int, makeflags: str = "") -> None:
        self.steps = list(steps)
        self.makeflags = makeflags

    def environ(self) -> dict[str, str]:
        return {"MAKEFLAGS": self.makeflags}

    def children(self) -> list[int]:
        return [0] * (self.steps.pop(0) if len(self.steps) > 1 else self.steps[0])


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobserver, "_PAUSE", 0.0)


@pytest.mark.parametrize(
    ("make", "tokens", "missing"),
    [
        (Make(1), 3, 0),
        (Make(1), 1, 2),
        (Make(3), 1, 0),
        (Make(3), 0, 1),
        (Make(1, 1, 2), 2, 0),  # it had taken a token, and not started the step yet
        (Make(1, makeflags=" -j4 --jobserver-auth=3,4"), 0, 0),  # others share its pool
    ],
)
def test_tokens_that_are_lost_are_put_back(
    looks: None, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, make: Make, tokens: int, missing: int
) -> None:
    monkeypatch.setattr(psutil, "Process", lambda pid: make)
    pool = Jobserver(f"-j4 --jobserver-auth={pipe[0]},{pipe[1]}", pipe)
    os.write(pipe[1], b"+" * tokens)
    found = lost(pool, 4711)
    assert found == missing
    put_back(pool, found)
    assert len(os.read(pipe[0], 100)) == tokens + missing if tokens + missing else True


def test_the_same_in_a_named_pipe(looks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "Process", lambda pid: Make(1))
    fifo = tmp_path / "pool"
    os.mkfifo(fifo)
    keep = os.open(fifo, os.O_RDWR)
    pool = Jobserver(f"-j4 --jobserver-auth=fifo:{fifo}", fifo=fifo)
    assert lost(pool, 4711) == 3
    put_back(pool, 3)
    assert lost(pool, 4711) == 0
    os.close(keep)


def test_without_a_pool_nothing_is_lost() -> None:
    assert lost(Jobserver(), os.getpid()) == 0
