# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change of a file into another kind of thing, and an end of it at any moment."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from unit.samples import tree
from unit.steps.test_merge import STEP, merged

from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps, unreadable
from ruckus_aux.steps import merge as module
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSTALLED
from ruckus_aux.words.step_name import StepName

WHERE = "share/thing"


def _executable(path: Path) -> None:
    path.write_text("#!/bin/sh")
    path.chmod(0o755)


def _folder(path: Path) -> None:
    tree(path, one="1", two="2")


def _nested(path: Path) -> None:
    tree(path, one="other", deep__deeper__file="f")
    (path / "deep" / "empty").mkdir()


KINDS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "file": lambda path: path.write_text("text"),
    "executable": _executable,
    "link to a file": lambda path: path.symlink_to("../lib/real"),
    "link to a folder": lambda path: path.symlink_to("../lib"),
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "empty folder": lambda path: path.mkdir(),
    "folder": _folder,
    "nested folders": _nested,
}
PAIRS = [(old, new) for old, new in product(KINDS, KINDS) if old != new]
CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}


class Off(BaseException):
    """The power went off."""


class Power:
    """What can be cut at a chosen operation that changes something.

    What comes after it, also while an exception is handled, does not happen, and files that were not written out by
    then lose their content.
    """

    def __init__(self) -> None:
        self.left: int | None = None  # operations until the end; None: it does not come
        self.written: set[int] = set()  # inodes

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.left is None:
            return
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or writes:
            self.left -= 1
            if self.left < 0:
                raise Off

    @contextmanager
    def cut_after(self, operations: int, folder: Path) -> Iterator[None]:
        self.left = operations
        try:
            with suppress(Off):
                yield
        finally:
            self.left = None
        for path in (path for path in folder.rglob("*") if path.is_file()):
            if path.stat().st_ino not in self.written:
                os.truncate(path, 0)


POWER = Power()
sys.addaudithook(POWER.hook)


@pytest.fixture(autouse=True)
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    POWER.written.clear()
    monkeypatch.setattr(os, "fsync", lambda descriptor: POWER.written.add(os.fstat(descriptor).st_ino))
    monkeypatch.setattr(module, "run", lambda command: None)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An artifact for each kind, which has that in one place, and is the same otherwise."""
    folder = tmp_path_factory.mktemp("artifacts")
    artifacts = {kind: tree(folder / kind, lib__real="r", share__same="s") for kind in KINDS}
    for kind, make in KINDS.items():
        make(artifacts[kind] / WHERE)
    return artifacts


def content(root: Path) -> dict[str, str]:
    """What is in a tree: kinds, modes, and content or targets."""
    found = {}
    for path in (path for path in root.rglob("*") if path.name != INSTALLED):  # which is made of the rest
        what = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else "/"
        found[str(path.relative_to(root))] = f"{path.lstat().st_mode:o} {what}"
    return found


def fresh(settings: Settings) -> None:
    """An empty system."""
    for folder in (settings.clfs, settings.stamps):
        shutil.rmtree(folder, ignore_errors=True)
    tree(settings.clfs, share__mine="mine")


def holds(settings: Settings, artifact: Path) -> bool:
    """Whether the system is this artifact, and what was there before."""
    there = content(settings.clfs)
    mine = there.pop("share/mine").partition(" ")[2]
    return mine == "mine" and there == content(artifact)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_new_version_may_have_another_kind_of_thing(
    settings: Settings, kinds: dict[str, Path], old: str, new: str
) -> None:
    fresh(settings)
    merged(settings, STEP, "k1", kinds[old])
    merged(settings, STEP, "k2", kinds[new])
    assert holds(settings, kinds[new])
    assert [stamp.key for stamp in stamps(settings, pending=True)] == ["k2"]


@examples(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=st.sampled_from(PAIRS), operations=st.integers(0, 45), then=st.sampled_from(list(KINDS)))
def test_cut_off_at_any_moment(
    settings: Settings, kinds: dict[str, Path], pair: tuple[str, str], operations: int, then: str
) -> None:
    fresh(settings)
    artifacts = {f"k{number}": kinds[kind] for number, kind in enumerate((*pair, then))}
    merged(settings, STEP, "k0", artifacts["k0"])
    with POWER.cut_after(operations, settings.stamps):
        merged(settings, STEP, "k1", artifacts["k1"])
    for path in settings.stamps.rglob("gcc.k?"):
        assert holds(settings, artifacts[path.suffix[1:]]), f"make takes {path.name} as done"
    for path in unreadable(settings):
        path.unlink()  # as ruckus graph does before each make
    merged(settings, STEP, "k2", artifacts["k2"])
    assert holds(settings, artifacts["k2"])
    assert [stamp.key for stamp in stamps(settings, pending=True)] == ["k2"]


@pytest.mark.parametrize("old", ["empty folder", "folder", "nested folders"])
@pytest.mark.parametrize("new", ["file", "link to a folder", "dangling link"])
def test_a_folder_with_something_of_the_users_does_not_go(
    settings: Settings, kinds: dict[str, Path], old: str, new: str
) -> None:
    fresh(settings)
    merged(settings, STEP, "k1", kinds[old])
    for name in ("file", "folder", "deep/deeper/file2"):
        own = settings.clfs / WHERE / name
        if not own.parent.exists():
            continue
        own.mkdir() if name == "folder" else own.write_text("mine")
        before = content(settings.buildroot)
        with pytest.raises(RuckusError, match=f"{own} is a .* that no step has installed"):
            merged(settings, STEP, "k2", kinds[new])
        assert content(settings.buildroot) == before
        own.rmdir() if name == "folder" else own.unlink()
    merged(settings, STEP, "k2", kinds[new])


@pytest.mark.parametrize(("old", "new"), [("folder", "file"), ("file", "folder"), ("link to a folder", "folder")])
def test_another_steps_kind_of_thing_stays(settings: Settings, kinds: dict[str, Path], old: str, new: str) -> None:
    other = replace(STEP, name=StepName("x86_64/cross/other"))
    artifact = tree(settings.builddir.parent / "other", share__other="o")
    KINDS[old](artifact / WHERE)
    merged(settings, other, "k", artifact)
    merged(settings, STEP, "k1", kinds["nothing"])
    before = content(settings.buildroot)
    with pytest.raises(RuckusError, match="x86_64/cross/other"):
        merged(settings, STEP, "k2", kinds[new])
    assert content(settings.buildroot) == before


def test_names_as_long_as_names_can_be_and_files_that_look_like_temporary_ones(
    settings: Settings, tmp_path: Path
) -> None:
    names = {".gcc.part": "mine", "gcc.part": "mine", f".{'n' * 254}": "mine"}
    tree(settings.clfs / "bin", **names)
    artifact = tree(tmp_path / "a", bin__gcc="gcc", **{f"bin__{'n' * 255}": "long"})
    merged(settings, STEP, "k1", artifact)
    assert {path.name: path.read_text() for path in (settings.clfs / "bin").iterdir()} == {
        **names,
        "gcc": "gcc",
        "n" * 255: "long",
    }


def test_holes_of_a_sparse_file_are_kept(settings: Settings, tmp_path: Path) -> None:
    artifact = tree(tmp_path / "a", image="", empty="")
    with (artifact / "image").open("r+b") as file:
        for place in (2**20, 2**22):
            file.seek(place)
            file.write(b"data")
        file.truncate(2**24)
    merged(settings, STEP, "k1", artifact)
    image = settings.clfs / "image"
    assert image.read_bytes() == (artifact / "image").read_bytes()
    assert image.stat().st_blocks * 512 < 2**20
