# SPDX-License-Identifier: GPL-3.0-or-later

import os
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.host import links, root
from ruckus_aux.host.links import link
from ruckus_aux.host.root import Root, Rooted, as_root, only_roots, program
from ruckus_aux.settings.journal import Journal
from ruckus_aux.storage import commands
from ruckus_aux.words.errors import RuckusError


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.fixture
def access(tmp_path: Path) -> Root:
    return Root(Journal(tmp_path / "journal.sqlite"), "run")


def test_root_needs_no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert as_root(["ln", "-s", "a", "b"]) == ["ln", "-s", "a", "b"]


@pytest.mark.usefixtures("ordinary")
def test_every_command_is_in_the_journal_with_its_status(fp: FakeProcess, access: Root) -> None:
    fp.register(["sudo", "-n", "-u", "root", "/sbin/mount", "a b"], stdout="fine\n")
    fp.register(["sudo", "-n", "-u", "root", "/sbin/umount", "a b"], stdout="target is busy\n", returncode=32)
    access.run(("/sbin/mount", "a b"))
    with pytest.raises(RuckusError, match="exit status 32") as caught:
        access.run(("/sbin/umount", "a b"))
    assert caught.value.hint == "target is busy"
    rows = [(row.command, row.status, row.output) for row in access.journal.rows(Rooted)]
    assert rows == [("/sbin/mount 'a b'", 0, ""), ("/sbin/umount 'a b'", 32, "target is busy")]


@pytest.mark.usefixtures("ordinary")
def test_where_sudo_says_no_the_way_out_is_named(fp: FakeProcess, access: Root) -> None:
    fp.register(["sudo", "-n", "-u", "root", "/sbin/mount", "a"], stdout="sudo: a password is required\n", returncode=1)
    with pytest.raises(RuckusError) as caught:
        access.run(("/sbin/mount", "a"))
    assert "invoke verify-sudo" in caught.value.hint


@pytest.mark.usefixtures("ordinary")
def test_a_dry_run_shows_and_leaves_no_trace(
    fp: FakeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fp.register(["sudo", "-n", "-u", "root", "/sbin/lvs"], stdout="[]")
    access = Root(Journal(tmp_path / "new" / "journal.sqlite"), "run", dry=True)
    access.run(("/sbin/mkfs", "x y"))
    access.ordinary().run(("truncate", "x"))
    assert access.ask(("/sbin/lvs",)) == (0, "[]")
    assert capsys.readouterr().out == "sudo -n -u root /sbin/mkfs 'x y'\ntruncate x\n"
    assert not (tmp_path / "new").exists()


def test_a_journal_that_cannot_be_written_does_not_stop_what_was_begun(
    fp: FakeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal.sqlite").write_text("no database")
    fp.register([fp.any()], stdout="")
    Root(Journal(tmp_path / "journal.sqlite"), "run").run(("/sbin/umount", "/x"))
    assert "ran: /sbin/umount /x" in capsys.readouterr().err


def test_programs_are_not_looked_for_on_the_users_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ln", "lvcreate-of-mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not program("ln").startswith(str(tmp_path))
    with pytest.raises(RuckusError, match="lvcreate-of-mine: not found"):
        program("lvcreate-of-mine")


def test_only_links_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "only_roots", lambda folder: None)
    path = tmp_path / "tools"
    expected = (program("ln"), "-sfn", "/clfs/tools", str(path))
    assert link("/clfs/tools", str(path)) == expected
    path.symlink_to("elsewhere")
    assert link("/clfs/tools", str(path)) == expected
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(RuckusError, match="leads to"):
        link("/clfs/tools", str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(RuckusError, match="not a symbolic link"):
        link("/clfs/tools", str(path))


def test_where_others_could_lead_root_elsewhere(tmp_path: Path) -> None:
    only_roots(Path("/usr/no/such/folder"))
    (tmp_path / "media").mkdir()
    (tmp_path / "media").chmod(0o777)
    with pytest.raises(RuckusError, match="by others than root"):
        only_roots(tmp_path / "media" / "further")
    with pytest.raises(RuckusError, match="root makes no link there") as caught:
        link("/clfs/tools", str(tmp_path / "media" / "tools"))
    assert caught.value.hint.startswith("make it yourself: ln -sfn /clfs/tools")


def test_each_link_on_the_way_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of root's, reached through a link that somebody else may replace."""
    (tmp_path / "safe").symlink_to("middle/link/..")
    (tmp_path / "middle").mkdir()
    (tmp_path / "middle" / "link").symlink_to("/usr/share")
    way = [(str(path), name) for path, name in root._on_the_way_to(tmp_path / "safe" / "lib")]
    assert (str(tmp_path / "middle"), "link") in way
    assert way[-1] == ("/usr/lib", "")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(RuckusError, match="too many levels"):
        list(root._on_the_way_to(tmp_path / "circle"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ext4", ["-q", "-L", "baby-x86_64-64", "-U", "1-2", "/dev/a"]),
        ("xfs", ["-q", "-L", "baby-x86_64-", "-m", "uuid=1-2", "/dev/a"]),
        ("btrfs", ["-q", "-L", "baby-x86_64-64", "-U", "1-2", "/dev/a"]),
    ],
)
def test_no_file_system_is_made_by_force(monkeypatch: pytest.MonkeyPatch, kind: str, words: list[str]) -> None:
    monkeypatch.setattr(root, "program", lambda name: f"/sbin/{name}")
    command = commands.make_file_system(kind, "/dev/a", "baby-x86_64-64", "1-2")
    assert command == (f"/sbin/mkfs.{kind}", *words)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
@pytest.mark.parametrize(("mode", "owner", "safe"), [(0o1777, 0, True), (0o777, 0, False), (0o1777, 4711, False)])
def test_in_a_sticky_folder_what_is_roots_stays(tmp_path: Path, mode: int, owner: int, safe: bool) -> None:
    folder = tmp_path / "tmp"
    (folder / "media").mkdir(parents=True)
    folder.chmod(mode)
    os.chown(folder / "media", owner, owner)
    for name, fine in (("media", safe), ("media/further", safe), ("other", False)):
        if fine:
            only_roots(folder / name)
        else:
            with pytest.raises(RuckusError, match="by others than root"):
                only_roots(folder / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
def test_a_user_may_lead_root_in_folders_of_its_own(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4711)
    only_roots(tmp_path / "media", 4711)
    with pytest.raises(RuckusError, match="by others than root"):
        only_roots(tmp_path / "media", 4712)
