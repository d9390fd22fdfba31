# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step leaves behind becomes a tree of ours: nothing outside of it is touched, and it is the same everywhere."""

import os
import shutil
import socket
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from unit.samples import tree

from ruckus_aux.artifacts import intake
from ruckus_aux.artifacts.intake import check_whole, take_tree, tree_hash
from ruckus_aux.host.trees import walk
from ruckus_aux.host.writing import copy_new
from ruckus_aux.recipes.environment import SOURCE_DATE_EPOCH
from ruckus_aux.words.errors import RuckusError

INSIDE = Path("/ruckus")
STEP = "x86_64/stage1/foo"


def taken(out: Path, target: Path, *, as_it_is: bool = False) -> dict[str, os.stat_result]:
    """What is in a tree of ours, by path."""
    take_tree(out, target, STEP, inside=INSIDE, ended=time.time_ns(), as_it_is=as_it_is)
    return dict(walk(target))


def everything(folder: Path) -> list[object]:
    """All that must not change in a folder of somebody else's."""
    return [(path, found.st_mode, found.st_mtime_ns, found.st_ino, found.st_nlink) for path, found in walk(folder)]


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder of somebody else's, with what is removed from what steps install."""
    return tree(tmp_path / "host", libfoo__la="", lib__libfoo="x", **{"libfoo.la": "mine", "info__dir": "mine"})


def test_a_step_that_leaves_a_link_in_place_of_its_folder_is_refused(host: Path, tmp_path: Path) -> None:
    before = everything(host)
    out = tmp_path / "out"
    out.symlink_to(host)
    with pytest.raises(RuckusError, match="out is a symbolic link, and has to be a folder"):
        taken(out, tmp_path / "ours")
    assert everything(host) == before
    assert not (tmp_path / "ours").exists()


def test_a_link_below_is_installed_and_not_followed(host: Path, tmp_path: Path) -> None:
    before = everything(host)
    out = tree(tmp_path / "out", usr__bin__foo="")
    (out / "usr" / "share").symlink_to(host)
    (out / "lib").symlink_to("../host")
    assert set(taken(out, tmp_path / "ours")) == {".", "lib", "usr", "usr/bin", "usr/bin/foo", "usr/share"}
    assert (tmp_path / "ours" / "lib").readlink() == Path("../host")
    assert everything(host) == before


def test_a_hard_link_to_something_outside_is_copied(tmp_path: Path) -> None:
    source = tree(tmp_path, source="x") / "source"
    source.chmod(0o666)
    (tmp_path / "out").mkdir()
    os.link(source, tmp_path / "out" / "one")
    os.link(source, tmp_path / "out" / "two")
    found = taken(tmp_path / "out", tmp_path / "ours")
    assert stat.S_IMODE(source.stat().st_mode) == 0o666
    assert found["one"].st_ino == found["two"].st_ino != source.stat().st_ino
    assert (tmp_path / "ours" / "two").read_text() == "x"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fifo", "share/fifo, which is a FIFO"),
        ("socket", "share/socket, which is a socket"),
        ("/".join(["folder"] * 170), "whose path is longer than 1024 bytes"),
        ("link", "share/link as a link to /ruckus/build/x"),
    ],
    ids=["fifo", "socket", "path", "link"],
)
def test_what_cannot_be_installed_is_named_and_nothing_is_changed(name: str, why: str, tmp_path: Path) -> None:
    out = tree(tmp_path / "out", bin__foo="", **{"libfoo.la": ""})
    path = out / "share" / name
    path.parent.mkdir(parents=True)
    if name == "fifo":
        os.mkfifo(path)
    elif name == "socket":
        with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as server:
            patch.chdir(path.parent)  # its path may be too long
            server.bind(name)
    elif name == "link":
        path.symlink_to("/ruckus/build/x")
    else:
        path.write_text("")
    before = everything(out)
    with pytest.raises(RuckusError, match=f"x86_64/stage1/foo installs .*{why}"):
        taken(out, tmp_path / "ours")
    assert everything(out) == before


def test_what_its_owner_may_not_read_or_change_is_installed_all_the_same(tmp_path: Path) -> None:
    out = tree(tmp_path / "out", sbin__foo="x", share__doc="x", etc__foo__secret="x")
    os.link(out / "sbin" / "foo", out / "sbin" / "bar")
    (out / "sbin" / "foo").chmod(0)
    (out / "share").chmod(0o555)
    (out / "etc" / "foo").chmod(0)
    found = taken(out, tmp_path / "ours")
    modes = {path: stat.S_IMODE(status.st_mode) for path, status in found.items()}
    assert modes["sbin/bar"] == modes["sbin/foo"] == 0o400
    assert modes["share"] == 0o755
    assert modes["etc/foo"] == 0o700
    assert (tmp_path / "ours" / "etc" / "foo" / "secret").read_text() == "x"


def test_files_that_every_package_would_overwrite_stay_behind(tmp_path: Path) -> None:
    files = {"lib__libfoo.la": "", "share__info__dir": "", "share__info__foo": "", "x.la__file": "", "info__dir__x": ""}
    found = taken(tree(tmp_path / "out", **files), tmp_path / "ours")
    kept = {path for path, status in found.items() if not stat.S_ISDIR(status.st_mode)}
    assert kept == {"share/info/foo", "x.la/file", "info/dir/x"}
    source = taken(tree(tmp_path / "src", **files), tmp_path / "theirs", as_it_is=True)
    assert {name.replace("__", "/") for name in files} < set(source)


@pytest.mark.parametrize("names", [1, 2])
def test_holes_stay_holes(names: int, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / "image").open("wb") as file:
        file.seek(1 << 24)
        file.write(b"x" * 5000)
        file.truncate(1 << 26)
    if names > 1:
        os.link(tmp_path / "out" / "image", tmp_path / "out" / "other")
    image = tmp_path / "ours" / "image"
    assert taken(tmp_path / "out", tmp_path / "ours")["image"].st_blocks * 512 < 1 << 20
    copy_new(image, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_blocks == image.stat().st_blocks
    assert (tmp_path / "copy").read_bytes() == image.read_bytes()


def test_who_still_removes_the_working_folder_does_not_reach_into_the_store(tmp_path: Path) -> None:
    """`rm -rf` has the folder open, has read its names, and goes on after it was stored."""
    out = tree(tmp_path / "out", **{f"share__{number}": "x" for number in range(50)})
    folder = os.open(out / "share", os.O_RDONLY)
    names = os.listdir(folder)
    found = taken(out, tmp_path / "ours")
    for name in names:
        with pytest.raises(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
    os.close(folder)
    assert len(found) == len(dict(walk(tmp_path / "ours"))) == 52


@pytest.mark.parametrize("name", ["a/one", "b"])
def test_what_is_removed_between_looking_and_moving_is_missed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tree(tmp_path / "out", a__one="x", a__two="x")
    (out / "b").mkdir()
    move = intake._move

    def late(*arguments: Any, **options: Any) -> object:
        (out / name).rmdir() if name == "b" else (out / name).unlink()
        return move(*arguments, **options)

    monkeypatch.setattr(intake, "_move", late)
    with pytest.raises(RuckusError, match="out was removed while it was stored"):
        taken(out, tmp_path / "ours")


def test_what_was_removed_since_the_script_ended_is_missed(tmp_path: Path) -> None:
    """Also when who removed it was stopped."""
    out = tree(tmp_path / "out", a__one="x", a__two="x", b__one="x")
    (out / "b").chmod(0o555)
    os.utime(out / "a", (1 << 32, 1 << 32))  # a script may say so
    options: dict[str, Any] = {"inside": INSIDE, "as_it_is": False, "ended": (out / "b").stat().st_mtime_ns}
    shutil.copytree(out, tmp_path / "copy")
    time.sleep(0.05)  # the clock of files has ticks
    (out / "b").chmod(0o755)
    assert take_tree(out, tmp_path / "ours", STEP, **options) == 3
    options["ended"] = time.time_ns()
    time.sleep(0.05)
    (tmp_path / "copy" / "a" / "two").unlink()
    with pytest.raises(RuckusError, match="copy was removed while it was stored"):
        take_tree(tmp_path / "copy", tmp_path / "theirs", STEP, **options)


def test_what_was_removed_before_is_missed_when_the_removal_goes_on(tmp_path: Path) -> None:
    out = tree(tmp_path / "out", a__one="x", a__two="x", b__one="x")
    (out / "a" / "one").unlink()
    folders = take_tree(out, tmp_path / "ours", STEP, inside=INSIDE, ended=time.time_ns(), as_it_is=False)
    check_whole(out, STEP, folders)
    (out / "a").rmdir()  # which has nothing left to remove there
    with pytest.raises(RuckusError, match="out was removed while it was stored"):
        check_whole(out, STEP, folders)


_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)
_FILES = st.dictionaries(
    st.lists(_NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=20), st.sampled_from([0o644, 0o755, 0o600, 0o444, 0o555, 0o711])),
    max_size=6,
)


def made(folder: Path, files: dict[str, tuple[bytes, int]], extra: int, setgid: bool) -> Path:
    """A tree with these files, and bits of modes, in files and folders, that come from around it."""
    folder.mkdir()
    folder.chmod(0o2775 if setgid else 0o755)
    for path, (content, mode) in files.items():
        file = folder / path
        if any(parent in (folder / other for other in files) for parent in file.parents) or file.is_dir():
            continue  # one is a file, and the other wants it to be a folder
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode | extra)
    return folder


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=_FILES, extra=st.sampled_from([0, 0o020, 0o022, 0o4000, 0o6022]), setgid=st.booleans())
def test_the_same_bytes_whoever_builds_and_wherever(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, int]], extra: int, setgid: bool
) -> None:
    here = tmp_path_factory.mktemp("same")
    umask = os.umask(0o002 if setgid else 0o022)
    one = made(here / "one", files, 0, False)
    other = made(here / "other", dict(reversed(files.items())) if not extra else files, extra, setgid)
    found = taken(one, here / "ours"), taken(other, here / "theirs")
    os.umask(umask)
    paths = {path: (status.st_mode, int(status.st_mtime)) for path, status in found[0].items()}
    assert paths == {path: (status.st_mode, int(status.st_mtime)) for path, status in found[1].items()}
    assert all(mode & 0o7022 == 0 and time == SOURCE_DATE_EPOCH for mode, time in paths.values())
    assert tree_hash(here / "ours") == tree_hash(here / "theirs")


def test_only_what_a_step_itself_said_of_a_folder_is_kept(tmp_path: Path) -> None:
    out = tree(tmp_path / "out", tmp__x="", mail__x="", root__x="")
    for name, mode in {"tmp": 0o1777, "mail": 0o2775, "root": 0o750}.items():
        (out / name).chmod(mode)
    modes = {path: stat.S_IMODE(found.st_mode) for path, found in taken(out, tmp_path / "ours").items()}
    assert [modes[name] for name in ("tmp", "mail", "root")] == [0o1777, 0o755, 0o750]
    (tmp_path / "src" / "tmp").mkdir(parents=True)
    (tmp_path / "src" / "tmp").chmod(0o1777)  # tar says so for root only
    source = taken(tmp_path / "src", tmp_path / "theirs", as_it_is=True)
    assert stat.S_IMODE(source["tmp"].st_mode) == 0o755


def test_every_file_of_a_source_can_be_read_by_whoever_a_step_is(tmp_path: Path) -> None:
    source = tree(tmp_path / "src", private="x", folder__configure="x")
    for name, mode in {"private": 0o600, "folder": 0o700, "folder/configure": 0o700}.items():
        (source / name).chmod(mode)
    found = taken(source, tmp_path / "ours", as_it_is=True)
    modes = [stat.S_IMODE(found[name].st_mode) for name in ("private", "folder", "folder/configure")]
    assert modes == [0o644, 0o755, 0o755]


def test_access_lists_of_the_folder_above_are_not_inherited(tmp_path: Path) -> None:
    out = tree(tmp_path / "out", bin__foo="x")
    for path in (out, out / "bin", out / "bin" / "foo"):
        os.setxattr(path, "user.note", b"x")
    taken(out, tmp_path / "ours")
    assert [os.listxattr(path) for path in (tmp_path / "ours").rglob("*")] == [[], []]


def test_the_hash_of_a_tree_is_that_of_gnu_tars_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAR_OPTIONS", "--exclude=*")
    out = tree(tmp_path / "out", a="x", b__c="y", **{"n" * 120: "long", "d__" + "e" * 110: ""})
    (out / "link").symlink_to("t" * 120)
    (out / "same").hardlink_to(out / "b" / "c")
    (out / "empty").mkdir()
    taken(out, tmp_path / "ours")
    # tar --create --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mtime=@1577836800 . | sha256sum
    assert tree_hash(tmp_path / "ours") == "cfa2c9d27e9c1d6d4eb8b2afe5218208c63b8a89b02c54bb5b66cd7888d1cc11"


def test_a_tree_that_cannot_be_hashed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuckusError, match="failed with exit status 2") as error:
        tree_hash(tmp_path / "nothing")
    assert "No such file" in error.value.hint
