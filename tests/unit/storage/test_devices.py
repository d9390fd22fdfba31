# SPDX-License-Identifier: GPL-3.0-or-later

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_subprocess import FakeProcess
from unit.fakes import Machine, Status

from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Journal
from ruckus_aux.storage.devices import Device, above, attached, below, domains, signature, users, xen_disks
from ruckus_aux.words.errors import RuckusError

DISK = Device("/dev/sda", "8:0")


@pytest.fixture
def machine(tmp_path: Path, fp: FakeProcess, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A disk with a partition, on which device mapper has built two things."""
    machine = Machine(tmp_path, fp, monkeypatch)
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
def access(tmp_path: Path) -> Root:
    return Root(Journal(tmp_path / "journal.sqlite"), "run")


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev has a node for each."""
    real = os.stat

    class Node(Status):
        def __init__(self, path: str) -> None:
            self.st_rdev = os.makedev(*{"/dev/loop5": (7, 5), "/dev/dm-1": (253, 1)}.get(path, (8, 99)))
            self.st_ino = sum(path.encode())

    monkeypatch.setattr(
        "os.stat", lambda path, **k: Node(str(path)) if str(path).startswith("/dev/") else real(path, **k)
    )


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


XENSTORE = """vif = ""
 3 = ""
  0 = ""
   mode = "w"
vbd = ""
 3 = ""
  51712 = ""
   frontend = "/local/domain/3/device/vbd/51712"
   params = "/dev/vg00/baby-i686"
   physical-device = "fd:2"
   mode = "w"
  51728 = ""
   physical-device = "fd:1"
   mode = "r"
qdisk = ""
 4 = ""
  51712 = ""
   params = "aio:/no/such/image"
   mode = "w"
"""


@pytest.mark.usefixtures("nodes")
def test_domains_that_hold_a_device_what_is_on_it_or_below_it(machine: Machine, access: Root) -> None:
    assert domains(access, DISK) == []
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    machine.xen = XENSTORE
    assert domains(access, DISK) == ["domain 3 (w)", "domain 3 (r)"]
    assert domains(access, Device("/dev/dm-1", "253:1")) == ["domain 3 (r)"]
    assert domains(access, Device("/dev/sdb", "8:16")) == []
    machine.xen = XENSTORE.replace("fd:2", "8:0")
    assert domains(access, Device("/dev/sda1", "8:1")) == ["domain 3 (w)", "domain 3 (r)"], "the whole disk"


@pytest.mark.parametrize("text", ["sudo: a password is required\n", "xs_open: No such file or directory\n", ""])
def test_when_xen_does_not_tell_nothing_is_taken_for_free(
    machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    monkeypatch.setattr(machine, "_xenstore_ls", lambda words: (1, text))
    with pytest.raises(RuckusError, match="does not tell"):
        domains(access, DISK)


NUMBERS = st.tuples(st.integers(1, 99), st.integers(0, 4095), st.integers(0, 2**20 - 1), st.sampled_from("rw"))


@given(st.lists(NUMBERS, max_size=5))
def test_every_disk_in_xenstore_is_found(disks: list[tuple[int, int, int, str]]) -> None:
    text = 'vbd = ""\n' + "".join(
        f' {domain} = ""\n  {number} = ""\n   mode = "{mode}"\n   physical-device = "{major:x}:{minor:x}"\n'
        for number, (domain, major, minor, mode) in enumerate(disks)
    )
    found = [(disk.domain, disk.numbers, disk.mode) for disk in xen_disks(text)]
    assert found == [(str(domain), f"{major}:{minor}", mode) for domain, major, minor, mode in disks]
