# SPDX-License-Identifier: GPL-3.0-or-later
"""The device with Ruckus, as domains get it."""

from dataclasses import replace

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.builders import ruckus_device
from ruckus_aux.builders.ruckus_device import RuckusDevice, ruckus_device_of
from ruckus_aux.host import root
from ruckus_aux.settings.settings import Settings

DEVICE = RuckusDevice("/dev/vg00/ruckus", folder="/src")


def lsblk(fp: FakeProcess, device: str, kind: str, status: int = 0) -> None:
    fp.register(["lsblk", "--noheadings", "--nodeps", "--output", "FSTYPE", device], f"{kind}\n", returncode=status)


@pytest.mark.parametrize(
    ("kind", "options"), [("ext4", "ro,noload"), ("xfs", "ro,norecovery,nouuid"), ("squashfs", "ro")]
)
def test_the_kernels_command_line_says_how_nothing_is_written_to_it(fp: FakeProcess, kind: str, options: str) -> None:
    lsblk(fp, "/dev/vg00/ruckus", kind)
    assert DEVICE.words == f"ruckus.dev=/dev/xvdb1:{kind}:{options} ruckus.path=/src"
    lsblk(fp, "/dev/vg00/monday", kind)
    assert replace(DEVICE, snapshot="/dev/vg00/monday", folder="").words == f"ruckus.dev=/dev/xvdb1:{kind}:{options}"


def test_what_is_no_device_with_a_file_system_is_lent_to_nobody(fp: FakeProcess, settings: Settings) -> None:
    assert ruckus_device_of(settings).words == ""
    lsblk(fp, "/dev/vg00/ruckus", "")
    lsblk(fp, "/dev/vg00/ruckus", "", 1)
    assert (DEVICE.words, DEVICE.words) == ("", "")
    lsblk(fp, "/dev/vg00/ruckus", "ext4")
    assert "ruckus.path" not in replace(DEVICE, folder="/a b").words


def test_what_root_does_for_a_snapshot_is_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root, "program", lambda name: name)
    monkeypatch.setattr(ruckus_device, "is_mapped", lambda _: True)
    copy = "/dev/vg00/ruckus..builder-i686"
    assert DEVICE.lent_path("i686") == copy
    commands = {" ".join(command) for command in DEVICE.commands("i686")}
    assert f"blockdev --setro {copy}" in commands
    assert "lvremove --yes vg00/ruckus..builder-i686" in commands
    snapshot = replace(DEVICE, snapshot="/dev/vg00/monday")
    assert snapshot.lent_path("i686") == "/dev/vg00/monday"
    assert not any(command[0].startswith("lv") for command in snapshot.commands("i686"))
