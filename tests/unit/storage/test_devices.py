# SPDX-License-Identifier: GPL-3.0-or-later

import os
from pathlib import Path

import pytest
from unit.fakes import Machine

from ruckus_aux.host.root import Root
from ruckus_aux.storage.devices import Device, above, attached, below, signature, users
from ruckus_aux.words.errors import RuckusError

DISK = Device("/dev/sda", "8:0")


@pytest.mark.usefixtures("nodes")
def test_what_is_stacked_on_a_disk_and_below_it(machine: Machine, access: Root) -> None:
    assert [one.path for one in above(access, DISK)] == ["/dev/sda1", "/dev/dm-1", "/dev/dm-2"]
    assert [one.path for one in below(Device("/dev/sda1", "8:1"))] == ["/dev/sda"]
    assert Device("/dev/mapper/vg00-baby--i686", "253:2").lock_name == "vg00-baby--i686"
    machine.block("7:5", "loop5")
    machine.loops = [
        {"name": "/dev/loop5", "back-ino": sum(b"/dev/dm-1"), "back-maj:min": "0:5", "back-file": "/dev/x"}
    ]
    assert "/dev/loop5" in [one.path for one in above(access, DISK)], "a loop device on a logical volume on a partition"


@pytest.mark.usefixtures("nodes")
def test_what_uses_a_disk(machine: Machine, access: Root) -> None:
    machine.mount_table("1 0 8:98 / / rw - ext4 /dev/sdb rw", "1 0 253:2 / /media/a\\040b ro - ext4 /dev/dm-2 ro")
    found = users(access, DISK)
    assert "/dev/dm-2 is mounted on /media/a b" in found, "two levels up, in another mount namespace"
    assert "/dev/sda1 is stacked on it" in found
    assert users(access, Device("/dev/dm-1", "253:1")) == []
    (machine.proc / "swaps").write_text("Filename Type\n/dev/dm-1 partition 1 0 -2\n/swapfile file 1 0 -3\n")
    assert users(access, Device("/dev/dm-1", "253:1")) == ["/dev/dm-1 is swap space"]


@pytest.mark.usefixtures("nodes")
def test_a_sandbox_that_is_being_set_up_is_waited_for(
    machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def sleep(pause: float) -> None:
        pauses.append(pause)
        machine.mount_table("")

    monkeypatch.setattr("time.sleep", sleep)
    machine.mount_table("", "1 0 253:2 / /oldroot/media rw - ext4 /dev/dm-2 rw")
    assert users(access, Device("/dev/dm-2", "253:2")) == []
    assert pauses == [0.3]
    machine.mount_table("1 0 253:2 / /media rw - ext4 /dev/dm-2 rw")
    assert users(access, Device("/dev/dm-2", "253:2")) == ["/dev/dm-2 is mounted on /media"]
    assert pauses == [0.3], "what is mounted here stays"


def test_an_image_is_known_by_its_inode(machine: Machine, access: Root, tmp_path: Path) -> None:
    """Attached in another mount namespace, it has a name there that says nothing here."""
    image = tmp_path / "image"
    image.touch()
    status = image.stat()
    place = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    row: dict[str, str | int] = {
        "name": "/dev/null-0",
        "back-ino": status.st_ino,
        "back-maj:min": place,
        "back-file": "/elsewhere",
    }
    machine.loops = [row | {"back-ino": 1}]
    assert attached(access, str(image)) == []
    machine.loops = [row]
    with pytest.raises(RuckusError, match="/dev/null-0"):
        attached(access, str(image))  # there is no such node here


@pytest.mark.parametrize(
    ("status", "output", "kind"),
    [
        (0, "DEVNAME=/dev/a\nUUID=12-34\nTYPE=ext4\nLABEL=x\n", "ext4"),
        (0, "PTUUID=1\nPTTYPE=gpt\n", "gpt partition table"),
        (8, "blkid: /dev/a: ambivalent result, probably more filesystems on the device\n", "several signatures"),
        (0, "TYPE=LVM2_member\nUUID=a\n", "LVM2_member"),
    ],
)
def test_what_blkid_finds(
    machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch, status: int, output: str, kind: str
) -> None:
    monkeypatch.setattr(machine, "_blkid", lambda words: (status, output))
    found = signature(access, "/dev/a")
    assert found is not None
    assert found.kind == kind


def test_what_only_wipefs_finds(machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    assert signature(access, "/dev/a") is None
    text = "/dev/a: 8 bytes were erased at offset 0x00000200 (gpt): 45 46\n"
    monkeypatch.setattr(machine, "_wipefs", lambda words: (0, text))
    found = signature(access, "/dev/a")
    assert found is not None
    assert found.kind == "gpt"


def test_what_cannot_be_read_is_not_taken_for_empty(
    machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_blkid", lambda words: (2, "blkid: error: /dev/a: Input/output error\n"))
    with pytest.raises(RuckusError, match="can't read it"):
        signature(access, "/dev/a")
