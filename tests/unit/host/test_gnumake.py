# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.host import gnumake
from ruckus_aux.words.errors import RuckusError


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A make that only steps find, asked anew."""
    monkeypatch.setenv("PATH", "/somewhere/else")
    monkeypatch.setattr(shutil, "which", lambda name, path="": f"/usr/bin/{name}" if "/usr/bin" in path else None)
    gnumake.make_program.cache_clear()
    gnumake.joins_fifos.cache_clear()
    yield
    gnumake.make_program.cache_clear()
    gnumake.joins_fifos.cache_clear()


@pytest.mark.parametrize(
    ("version", "style"),
    [
        ("GNU Make 4.3\nmore", []),
        ("GNU Make 4.4.1", ["--jobserver-style=pipe"]),
        ("GNU Make 10.0", ["--jobserver-style=pipe"]),
        ("something else", []),
    ],
)
def test_the_pool_is_a_pipe_whatever_make_it_is(fp: FakeProcess, version: str, style: list[str]) -> None:
    fp.register(["/usr/bin/make", "--version"], stdout=version)
    words = gnumake.graph_command(Path("/b/graph.mk"), "steps", ["-k", "-j4"])
    assert words == ["/usr/bin/make", "--no-print-directory", *style, "-k", "-j4", "-f", "/b/graph.mk", "steps"]


def test_no_make_where_steps_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path="": None)
    with pytest.raises(RuckusError, match="no make in /usr/bin"):
        gnumake.make_program()


@pytest.mark.parametrize(
    ("makeflags", "kept", "jobs"),
    [
        ("", "", ["-j8"]),
        ("kn -- V=1", "kn -- V=1", ["-j8"]),
        (" -j4 --jobserver-auth=fifo:/tmp/GMfifo7", "", ["-j4"]),
        ("k -j4 --jobserver-auth=997,998 -- V=a -j9", "k -- V=a -j9", ["-j4"]),  # closed: our line had no +
        ("-j1", "", ["-j1"]),
        ("-j", "", ["-j"]),
    ],
)
def test_a_pool_that_cannot_be_joined_is_left(makeflags: str, kept: str, jobs: list[str]) -> None:
    left, given = gnumake.make_below(makeflags, 8)
    assert (left.strip(), given) == (kept, jobs)


def test_a_pipe_is_joined() -> None:
    reader, writer = os.pipe()
    makeflags = f"k -j4 --jobserver-auth={reader},{writer} -- V=1"
    assert gnumake.make_below(makeflags, 8) == (makeflags, [])
    os.close(reader)
    os.close(writer)
