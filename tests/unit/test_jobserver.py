import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruckus_aux.jobserver import Jobserver, flags, from_makeflags


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


@pytest.mark.parametrize("makeflags", ["", "k", "-j1", "w -- V=1", "--jobserver-auth=x"])
def test_no_jobserver(makeflags: str) -> None:
    assert from_makeflags(makeflags) == Jobserver()


@pytest.mark.parametrize(
    ("makeflags", "letters"),
    [("", ""), ("kn -j2 --jobserver-auth=3,4", "kn"), (" -j2", ""), ("-j2", ""), ("n -- V=1", "n"), ("V=1", "")],
)
def test_single_letter_options(makeflags: str, letters: str) -> None:
    assert flags({"MAKEFLAGS": makeflags}) == letters
