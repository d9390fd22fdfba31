# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user names with --output= replaces nothing but what was written there before, by one process at a time."""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest

from ruckus_aux.host import locks
from ruckus_aux.settings.outputs import Mark, check_output, replaced
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

MARK = Mark(2, (b"one", b"other"))


@pytest.fixture(autouse=True)
def build(settings: Settings) -> Path:
    for folder in (settings.clfs, settings.final, settings.cache):
        folder.mkdir(parents=True)
    return settings.builddir


@pytest.mark.parametrize("content", [b"", b"1 one", b"2 other, and more"])
def test_what_an_earlier_run_has_written_is_replaced(settings: Settings, content: bytes) -> None:
    output = settings.builddir / "output"
    check_output(settings, output, MARK)
    output.write_bytes(content)
    check_output(settings, output, MARK)


@pytest.mark.parametrize(
    "make",
    [
        *(lambda path: path.write_text("all: one"), Path.mkdir, os.mkfifo),
        *(lambda path: path.symlink_to("nowhere"), lambda path: path.symlink_to("/dev/null")),
    ],
)
def test_nothing_else_is_replaced(settings: Settings, make: Callable[[Path], object]) -> None:
    output = settings.builddir / "output"
    make(output)
    with pytest.raises(RuckusError, match=f"^{output} is there, and no earlier run has written it$") as caught:
        check_output(settings, output, MARK)
    assert "--output=FILE" in caught.value.hint


def test_a_folder_that_is_missing_or_a_file(settings: Settings) -> None:
    (settings.builddir / "file").touch()
    for name in ("nowhere", "file"):
        with pytest.raises(RuckusError, match=f"{name}: there is no such folder"):
            check_output(settings, settings.builddir / name / "output", MARK)


@pytest.mark.parametrize("is_final", [False, True])
def test_no_output_is_a_part_of_a_system(settings: Settings, is_final: bool) -> None:
    """But in a build directory or cache that lies in $CLFS, it is none."""
    inside = replace(settings, builddir=settings.clfs / "build", buildroot=settings.clfs / "build")
    for folder in (inside.builddir, inside.final, settings.builddir / "other"):
        folder.mkdir()
    (settings.builddir / "link").symlink_to(settings.final)
    for one in (settings, inside):
        chosen = one.of_final() if is_final else one
        check_output(chosen, one.builddir / "output", MARK)
        check_output(chosen, one.cache / "output", MARK)
        for folder in (settings.clfs, one.final, one.builddir / "../build/final"):
            with pytest.raises(RuckusError, match="would be a file of the system in /"):
                check_output(chosen, folder / "output", MARK)
    with pytest.raises(RuckusError, match="would be a file of the system in /"):
        check_output(settings, settings.builddir / "link/output", MARK)


def test_one_process_at_a_time_and_others_are_told_who(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    said = SimpleQueue[str]()
    monkeypatch.setattr(locks, "print", lambda line, flush: said.put(line), raising=False)
    monkeypatch.setattr(locks, "PATIENCE", 0.0)
    output = settings.builddir / "output"
    order = list[str]()

    def write(who: str) -> None:
        with replaced(output) as partial:
            assert not partial.exists()
            partial.write_text(who)
            order.append(who)

    second = threading.Thread(target=write, args=["second"])
    with ExitStack() as first:
        partial = first.enter_context(replaced(output))
        partial.write_text("first")
        second.start()
        assert said.get(timeout=10).startswith(f"  WAITING  output: process {os.getpid()} on ")
        order.append("first")
    second.join(10)
    assert order == ["first", "second"]
    assert output.read_text() == "second"
    assert [path.name for path in settings.builddir.glob("*output*")] == ["output"]


def test_what_fails_leaves_the_earlier_output_and_nothing_else(settings: Settings) -> None:
    output = settings.builddir / "output"
    output.write_text("earlier")
    left = output.with_name(".output.part")
    left.write_text("of who was killed")
    with pytest.raises(RuckusError, match="full"), replaced(output) as partial:
        assert partial == left
        assert not left.exists()
        left.write_text("half")
        raise RuckusError("full")
    assert output.read_text() == "earlier"
    assert [path.name for path in settings.builddir.glob("*output*")] == ["output"]
