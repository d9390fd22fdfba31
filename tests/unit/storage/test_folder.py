# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.host import locks
from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Journal
from ruckus_aux.storage.folder import Folder
from ruckus_aux.storage.layout import Layout
from ruckus_aux.storage.operations import Volumes
from ruckus_aux.words.errors import RuckusError

NAME = "baby-i686"


def test_plain_folders(tmp_path: Path, access: Root, monkeypatch: pytest.MonkeyPatch, fp: FakeProcess) -> None:
    monkeypatch.setattr(locks, "_folder", lambda: tmp_path)
    volumes = Volumes(tmp_path, Layout(), access)
    volumes.create(NAME)
    volumes.mount(NAME, 1000, 100)
    (tmp_path / NAME / "file").touch()
    with pytest.raises(RuckusError, match="was not made by Ruckus"):
        volumes.remove(NAME, lambda what: True)
    (tmp_path / NAME / "file").unlink()
    (tmp_path / ".ruckus").touch()
    with pytest.raises(RuckusError, match="no snapshots"):
        volumes.snapshot("copy", NAME, "1G")
    command = ["rm", "-rf", "--one-file-system", "--", str(tmp_path / NAME)]
    fp.register(command)
    volumes.remove(NAME, lambda what: True)
    assert command in fp.calls
    fp.register(command)
    with locks.try_held(tmp_path / "run.lock"), pytest.raises(RuckusError, match="a run is building"):
        volumes.remove(NAME, lambda what: True)
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 8:1 /home {tmp_path / NAME}/mnt rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr("ruckus_aux.host.mounts.MOUNTINFO", table)
    with pytest.raises(RuckusError, match="is mounted, and is not emptied"):
        volumes.remove(NAME, lambda what: True)


def test_a_folder_that_root_has_installed_is_not_emptied_by_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "baby-x86_64"
    (system / "ruckus-build").mkdir(parents=True)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    folder = Folder(tmp_path, Root(Journal(tmp_path / "journal.sqlite"), "run"))
    with pytest.raises(RuckusError, match="baby-x86_64 belongs to") as caught:
        folder.remove(system.name)
    assert f"sudo make -C {system}/ruckus-build bootstrap-reopen" in caught.value.hint
    assert (system / "ruckus-build").exists()
