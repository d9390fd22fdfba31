# SPDX-License-Identifier: GPL-3.0-or-later
"""Artifacts come into the store whole, and whether they are still what was stored can be verified."""

import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.trees import listing, size
from ruckus_aux.words.errors import RuckusError

KEY = "0" * 32
STEP = "x86_64/cross/foo"


@pytest.fixture
def store(tmp_path: Path, fp: FakeProcess) -> Store:
    fp.pass_command(["rm", fp.any()], occurrences=100)
    return Store(tmp_path / "cache")


def add(store: Store, out: Path, key: str = KEY) -> Path:
    """Store a small artifact."""
    tree(out, bin__foo="foo", lib__libfoo="x" * 100)
    (out / "lib" / "libfoo.so").symlink_to("libfoo")
    store.add(key, out, STEP, inside=Path("/ruckus"), ended=time.time_ns())
    return store.tree(key)


def test_an_artifact_has_a_record_of_what_was_stored(store: Store, tmp_path: Path) -> None:
    artifact = add(store, tmp_path / "out")
    assert KEY in store
    assert store.keys() == [KEY]
    assert listing(artifact) == ["bin/foo", "lib/libfoo", "lib/libfoo.so"]
    record = store.record(KEY)
    assert record
    assert record.step == STEP
    assert store.fault(KEY) == ""
    assert list((store.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "bin" / "foo").write_text("fop"),
        lambda tree: (tree / "bin" / "foo").chmod(0o755),
        lambda tree: (tree / "bin" / "foo").unlink(),
        lambda tree: (tree / "bin" / "more").write_text(""),
        lambda tree: (tree / "lib").chmod(0o700),
        lambda tree: (tree / "lib" / "libfoo.so").rename(tree / "lib" / "libfoo.so.1"),
        lambda tree: [(tree / "lib" / "libfoo.so").unlink(), (tree / "lib" / "libfoo.so").symlink_to("../bin/foo")],
    ],
    ids=["byte", "mode", "missing", "added", "folder", "renamed", "link"],
)
def test_what_was_changed_is_found_and_can_be_made_again(
    store: Store, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    change(add(store, tmp_path / "out"))
    assert store.fault(KEY) == "it is not what was stored"
    store.discard(KEY)
    assert KEY not in store
    add(store, tmp_path / "again")
    assert store.fault(KEY) == ""


def test_using_an_artifact_does_not_change_it(store: Store, tmp_path: Path) -> None:
    artifact = add(store, tmp_path / "out")
    os.link(artifact / "bin" / "foo", tmp_path / "view")
    os.utime(artifact / "bin")
    assert store.fault(KEY) == ""


@pytest.mark.parametrize("record", [None, "", "{}", "[1]", '{"step": "x"}'])
def test_what_an_earlier_version_stored_is_not_trusted(store: Store, tmp_path: Path, record: str | None) -> None:
    add(store, tmp_path / "out")
    file = store.folder / "records" / f"{KEY}.json"
    assert set(json.loads(file.read_text())) == {"step", "sha256"}
    file.unlink()
    if record is not None:
        file.write_text(record)
    assert store.fault(KEY) == "it was stored without a hash"


def test_nobody_else_can_enter_the_store(store: Store, tmp_path: Path) -> None:
    """A system's /tmp, which everybody may write to, is in it."""
    with store.claim(KEY):
        assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    store.folder.chmod(0o2775)  # an earlier version's, below a folder that hands such modes down
    add(store, tmp_path / "out")
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_what_is_refused_leaves_nothing_in_the_store(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tree(tmp_path / "out", x="") / "fifo")
    with pytest.raises(RuckusError):
        add(store, tmp_path / "out")
    assert store.keys() == []
    assert list((store.folder / "tmp").iterdir()) == []


def test_what_is_being_made_is_not_swept_up_whatever_its_process_is_called(store: Store) -> None:
    """The process may be in another PID namespace, where its number is that of somebody else here."""
    with store.scratch("view") as one, store.scratch("view") as other:
        one.mkdir()
        other.mkdir()  # the same process, or one of the same number, has a path of its own
        store.sweep()
        assert one.is_dir()
        assert other.is_dir()
    assert list((store.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("lock", [True, False])
def test_what_killed_runs_left_is_swept_up(store: Store, lock: bool) -> None:
    left = store.folder / "tmp" / f"view.{os.getpid()}"
    tree(left, bin__foo="")
    if lock:
        Path(f"{left}.lock").touch()
    store.sweep()
    assert list((store.folder / "tmp").iterdir()) == []


def linked(view: Path, trees: Sequence[Path]) -> None:
    """What a view is filled with."""
    view.mkdir()
    for each in trees:
        os.link(each / "bin" / "foo", view / each.name)


def test_a_view_is_made_once_until_an_artifact_is_made_again(store: Store, tmp_path: Path) -> None:
    artifact = add(store, tmp_path / "out")
    view = store.kept_view(linked, [artifact])
    assert (view / KEY).read_text() == "foo"
    assert store.kept_view(lambda view, trees: pytest.fail("it is there"), [artifact]) == view
    store.discard(KEY)
    again = store.kept_view(linked, [add(store, tmp_path / "again")])
    assert again != view
    assert (again / KEY).samefile(artifact / "bin" / "foo")


def test_artifacts_that_are_grouped_otherwise_make_another_view(store: Store, tmp_path: Path) -> None:
    artifact = add(store, tmp_path / "out")

    def of_two(view: Path, *groups: Sequence[Path]) -> None:
        linked(view, [tree for trees in groups for tree in trees])

    assert store.kept_view(of_two, [artifact], []) != store.kept_view(of_two, [], [artifact])


def test_two_steps_may_make_the_same_view_at_once(store: Store, tmp_path: Path) -> None:
    artifact = add(store, tmp_path / "out")

    def meanwhile(view: Path, trees: Sequence[Path]) -> None:
        linked(view, trees)
        other.append(store.kept_view(linked, trees))

    other: list[Path] = []
    assert [store.kept_view(meanwhile, [artifact])] == other
    assert list((store.folder / "tmp").iterdir()) == []


def test_a_view_that_cannot_be_made_is_not_there(store: Store, tmp_path: Path) -> None:
    artifact = add(store, tmp_path / "out")

    def half(view: Path, trees: Sequence[Path]) -> None:
        view.mkdir()
        raise OSError("No space left on device")

    with pytest.raises(OSError):
        store.kept_view(half, [artifact])
    assert list((store.folder / "tmp").iterdir()) == []
    assert (store.kept_view(linked, [artifact]) / KEY).is_file()


def test_views_go_when_no_build_uses_the_store(store: Store, tmp_path: Path) -> None:
    view = store.kept_view(linked, [add(store, tmp_path / "out")])
    with store.scratch("view"):
        store.drop_views()
        assert view.is_dir()
    store.drop_views()
    assert not view.exists()
    store.drop_views()
    assert list((store.folder / "tmp").iterdir()) == []


def test_listing_and_size_of_a_tree_do_not_follow_links(tmp_path: Path) -> None:
    tree(tmp_path / "host", file="x" * 100_000)
    out = tree(tmp_path / "out", b="x", a__c="x")
    (out / "host").symlink_to(tmp_path / "host")
    (out / "empty" / "folder").mkdir(parents=True)
    assert listing(out) == ["a/c", "b", "empty/folder/", "host"]
    assert size(out) < 50_000


def test_a_file_with_two_names_takes_its_bytes_once(tmp_path: Path) -> None:
    out = tree(tmp_path / "out", a="x" * 100_000)
    once = size(out)
    os.link(out / "a", out / "b")
    assert size(out) == once
