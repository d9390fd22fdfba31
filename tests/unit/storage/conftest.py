# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with block devices for the tests of storage."""

import os
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.fakes import Machine, Status

from ruckus_aux.host import locks
from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Journal
from ruckus_aux.storage.layout import Layout
from ruckus_aux.storage.operations import Volumes


@pytest.fixture
def machine(tmp_path: Path, fp: FakeProcess, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(locks, "_folder", lambda: tmp_path)
    return Machine(tmp_path, fp, monkeypatch)


@pytest.fixture
def access(tmp_path: Path) -> Root:
    return Root(Journal(tmp_path / "journal.sqlite"), "run")


@pytest.fixture
def volumes(machine: Machine, access: Root, tmp_path: Path) -> Volumes:
    return Volumes(tmp_path, Layout(backend="lvm", base=str(tmp_path / "media")), access)


@pytest.fixture
def disk(machine: Machine) -> Machine:
    """A disk with a partition, on which device mapper has built two things."""
    disk = machine.block("8:0", "sda")
    (disk / "sda1").mkdir()
    for name, text in (("partition", "1"), ("dev", "8:1")):
        (disk / "sda1" / name).write_text(text)
    (disk / "sda1" / "holders").mkdir()
    (machine.sys / "dev/block/8:1").symlink_to(disk / "sda1")
    for number, name in ((1, "vg00-root"), (2, "vg00-baby--i686")):
        mapped = machine.block(f"253:{number}", f"dm-{number}", **{"dm/name": name})
        (disk / "sda1" / "holders" / f"dm-{number}").symlink_to(mapped)
    return machine


@pytest.fixture
def nodes(disk: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev has a node for each."""
    real = os.stat

    class Node(Status):
        def __init__(self, path: str) -> None:
            self.st_rdev = os.makedev(*{"/dev/loop5": (7, 5), "/dev/dm-1": (253, 1)}.get(path, (8, 99)))
            self.st_ino = sum(path.encode())

    monkeypatch.setattr(
        "os.stat", lambda path, **k: Node(str(path)) if str(path).startswith("/dev/") else real(path, **k)
    )
