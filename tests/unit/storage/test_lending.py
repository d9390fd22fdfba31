# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from unit.fakes import Machine

from ruckus_aux.host import locks
from ruckus_aux.host.root import Root
from ruckus_aux.storage import lending
from ruckus_aux.storage.devices import Device
from ruckus_aux.storage.lending import (
    lend_to_machine,
    lent_read_only,
    lent_writable,
    release,
    snapshot_of,
    take_back,
)
from ruckus_aux.storage.reading import StillInUse, mounted_read_only
from ruckus_aux.words.errors import RuckusError

DEVICE = "/dev/vg00/ruckus"
MOUNTED = "1 0 253:7 / /media/ruckus {} - ext4 /dev/mapper/vg00-ruckus {}"


@pytest.fixture
def machine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """With the volume that is lent."""
    machine.logical_volume("ruckus")
    monkeypatch.setattr(lending, "device", lambda path: Device(path, "253:7"))
    (machine.sys / "devices/dm-7/dm").mkdir()
    (machine.sys / "devices/dm-7/dm/name").write_text("vg00-ruckus\n")
    return machine


def test_a_writer_has_a_device_for_itself(machine: Machine, access: Root) -> None:
    second = lent_writable(access, DEVICE, "builder two")
    with (
        lent_writable(access, DEVICE, "builder one"),
        pytest.raises(RuckusError, match="another Ruckus process"),
        second,
    ):
        pass
    with lent_writable(access, DEVICE, "builder two"):
        pass


@pytest.mark.parametrize("state", ["rw", "ro"])
def test_what_is_mounted_is_not_lent_to_a_writer(machine: Machine, access: Root, state: str) -> None:
    machine.mount_table("", MOUNTED.format(state, state))
    with pytest.raises(RuckusError, match="is mounted on /media/ruckus"), lent_writable(access, DEVICE, "one"):
        pass


def test_what_is_open_exclusively_or_a_domains_is_not_lent_to_a_writer(machine: Machine, access: Root) -> None:
    machine.busy.add(DEVICE)
    with pytest.raises(RuckusError, match="O_EXCL"), lent_writable(access, DEVICE, "one"):
        pass
    machine.busy.clear()
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    machine.xen = 'vbd = ""\n 3 = ""\n  51712 = ""\n   physical-device = "fd:7"\n   mode = "r"\n'
    with pytest.raises(RuckusError, match="domain 3"), lent_writable(access, DEVICE, "one"):
        pass
    with lent_read_only(access, DEVICE, "one"):  # two that read do each other no harm
        pass
    machine.xen = machine.xen.replace('"r"', '"w"')
    with pytest.raises(RuckusError, match="domain 3"), lent_read_only(access, DEVICE, "one"):
        pass


def test_a_reader_gets_a_device_that_the_kernel_does_not_write_to(machine: Machine, access: Root) -> None:
    with lent_read_only(access, DEVICE, "one"):
        assert machine.done == [f"blockdev --setro {DEVICE}"]
    assert machine.done == [f"blockdev --setro {DEVICE}", f"blockdev --setrw {DEVICE}"]
    with pytest.raises(ValueError, match="the builder fails"), lent_read_only(access, DEVICE, "one"):
        raise ValueError("the builder fails")
    assert machine.done[-1] == f"blockdev --setrw {DEVICE}"


def test_a_device_that_was_read_only_stays_so(machine: Machine, access: Root) -> None:
    (machine.sys / "dev/block/253:7/ro").write_text("1\n")
    with lent_read_only(access, DEVICE, "one"):
        pass
    assert machine.done == []


def test_what_is_written_to_is_not_lent_to_readers(machine: Machine, access: Root) -> None:
    """A read-only mount of it (remounted, or bound) does not make its file system read-only."""
    machine.mount_table(MOUNTED.format("ro", "rw"))
    with pytest.raises(RuckusError, match="not read-only") as caught, lent_read_only(access, DEVICE, "one"):
        pass
    assert "snapshot" in caught.value.hint
    machine.mount_table(MOUNTED.format("ro", "ro"))
    with lent_read_only(access, DEVICE, "one"):
        pass


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ext3", "ro,noload"),
        ("ext4", "ro,noload"),
        ("xfs", "ro,norecovery,nouuid"),
        ("btrfs", "ro,rescue=nologreplay"),
        ("f2fs", "ro,norecovery"),
        ("ext2", "ro"),
        ("squashfs", "ro"),
        ("erofs", "ro"),
        ("iso9660", "ro"),
        ("unheard-of", "ro"),
    ],
)
def test_no_journal_is_replayed(machine: Machine, access: Root, tmp_path: Path, kind: str, options: str) -> None:
    machine.content[DEVICE] = f"TYPE={kind}\nUUID=1\n"
    with lent_read_only(access, DEVICE, "one"), mounted_read_only(access, DEVICE, tmp_path):
        pass
    mounting = f"mount -t {kind} -o {options},nosuid,nodev {DEVICE} {tmp_path}"
    order = [f"blockdev --setro {DEVICE}", mounting, f"umount {tmp_path}", f"blockdev --setrw {DEVICE}"]
    assert [line for line in machine.done if line.split()[0] in ("blockdev", "mount", "umount")] == order


@pytest.mark.parametrize(
    ("kind", "program", "text"),
    [
        ("ext4", "_dumpe2fs", "Filesystem features:      has_journal needs_recovery extent\n"),
        (
            "xfs",
            "_xfs_logprint",
            "    log device: 0x700\n\n    log tail: 2 head: 4 state: <DIRTY>\n",
        ),
        ("btrfs", "_btrfs", "chunk_root\t\t1\nlog_root\t\t30621696\nlog_root_transid\t0\n"),
    ],
)
def test_who_reads_is_told_when_a_replay_was_due(
    machine: Machine, access: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, program: str, text: str
) -> None:
    machine.content[DEVICE] = f"TYPE={kind}\nUUID=1\n"
    with lent_read_only(access, DEVICE, "one"), mounted_read_only(access, DEVICE, tmp_path) as warnings:
        assert warnings == []
    monkeypatch.setattr(machine, program, lambda words: (0, text), raising=False)
    with lent_read_only(access, DEVICE, "one"), mounted_read_only(access, DEVICE, tmp_path) as warnings:
        assert len(warnings) == 1
        assert "look old" in warnings[0]


def test_what_is_still_mounted_stays_lent(machine: Machine, access: Root, tmp_path: Path) -> None:
    machine.content[DEVICE] = "TYPE=ext4\nUUID=1\n"
    machine.failing["umount"] = 32
    mounted = mounted_read_only(access, DEVICE, tmp_path)
    with pytest.raises(StillInUse, match="still mounted"), lent_read_only(access, DEVICE, "one"), mounted:
        pass
    assert not any("--setrw" in line for line in machine.done)
    with pytest.raises(RuckusError, match="is lent to one"), lent_writable(access, DEVICE, "two"):
        pass
    assert "to one" in release(access, DEVICE)
    assert machine.done[-1] == f"blockdev --setrw {DEVICE}"


def test_a_member_of_a_file_system_on_several_devices(machine: Machine, access: Root) -> None:
    """btrfs is mounted by the name of one of them."""
    machine.busy.add(DEVICE)
    with pytest.raises(RuckusError, match="O_EXCL"), lent_read_only(access, DEVICE, "one"):
        pass


def test_a_snapshot_is_made_removed_and_made_anew_after_a_kill(machine: Machine, access: Root, tmp_path: Path) -> None:
    made = "lvcreate --yes --addtag ruckus --snapshot --name ruckus..inspect --size 2G vg00/ruckus"
    removed = "lvremove --yes vg00/ruckus..inspect"
    machine.logical_volume("ruckus.inspect", origin="ruckus")  # somebody's own
    with snapshot_of(access, DEVICE, tmp_path, "inspect") as copy:
        assert copy == f"{DEVICE}..inspect"
    assert [line for line in machine.done if line.startswith("lv")] == [made, removed]
    machine.logical_volume("ruckus..inspect", origin="ruckus")
    machine.done.clear()
    with snapshot_of(access, DEVICE, tmp_path, "inspect"):
        pass
    assert [line for line in machine.done if line.startswith("lv")] == [removed, made, removed]


def test_of_a_snapshot_lvm_makes_none(machine: Machine, access: Root, tmp_path: Path) -> None:
    machine.logical_volume("ruckus", origin="other")
    with snapshot_of(access, DEVICE, tmp_path, "inspect") as copy:
        assert copy == DEVICE
    assert not any(line.startswith("lv") for line in machine.done)


def test_a_lending_that_outlives_us_can_be_taken_back(
    machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locks.named("vg00-ruckus") as lock:  # as a killed process leaves it
        lock.write(f"to builder one, which reads it; set read-only: {DEVICE} /dev/gone /dev/other, by process 1")
    known = {DEVICE: "253:7", "/dev/mapper/vg00-ruckus": "253:7", "/dev/other": "8:1"}
    machine.block("8:1", "sda1")

    def device(path: str) -> Device:
        if path not in known:
            raise RuckusError(path)
        return Device(path, known[path])

    monkeypatch.setattr(lending, "device", device)
    for lend in (lent_writable, lent_read_only):
        with pytest.raises(RuckusError, match="is lent to builder one") as caught, lend(access, DEVICE, "two"):
            pass
        assert "invoke volume-release --build-dir=" in caught.value.hint
        assert "--device=vg00-ruckus" in caught.value.hint
    machine.mount_table(MOUNTED.format("ro", "ro"))
    for name in (DEVICE, "vg00-ruckus"):  # as it was given, and as the hint calls it
        with pytest.raises(RuckusError, match="is mounted on"):
            release(access, name)
    machine.mount_table("")
    assert "builder one" in release(access, DEVICE)
    assert machine.done == [f"blockdev --setrw {DEVICE}"], "not what has another's name, or is another now"
    assert release(access, DEVICE) == ""
    with lent_writable(access, DEVICE, "two"):
        pass


def test_a_machine_is_lent_a_snapshot_of_its_own_until_it_is_taken_back(machine: Machine, access: Root) -> None:
    made = "lvcreate --yes --addtag ruckus --snapshot --name ruckus..builder-i686 --size 2G vg00/ruckus"
    copy = f"{DEVICE}..builder-i686"
    assert lend_to_machine(access, DEVICE, "builder-i686") == copy
    assert machine.done == [made, f"blockdev --setro {copy}"]
    lent = pytest.raises(RuckusError, match="is lent to a builder's machine, which reads it")
    with lent as caught, lent_writable(access, copy, "another"):
        pass
    assert "volume-release" in caught.value.hint
    machine.done.clear()
    take_back(access, copy)
    assert machine.done == [f"blockdev --setrw {copy}", "lvremove --yes vg00/ruckus..builder-i686"]
    with lent_writable(access, DEVICE, "another"):
        pass


def test_what_is_no_logical_volume_is_lent_to_several_machines(machine: Machine, access: Root) -> None:
    """A snapshot that a person has made, for instance: the last who gives it back releases it."""
    for arch in ("i686", "x86_64"):
        assert lend_to_machine(access, "/dev/vg00/baby", f"builder-{arch}", snapshot=DEVICE) == DEVICE
    assert machine.done == [f"blockdev --setro {DEVICE}"]
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    machine.xen = 'vbd = ""\n 3 = ""\n  51712 = ""\n   physical-device = "fd:7"\n   mode = "r"\n'
    take_back(access, DEVICE)
    assert machine.done == [f"blockdev --setro {DEVICE}"]
    machine.xen = ""
    take_back(access, DEVICE)
    assert machine.done[1:] == [f"blockdev --setrw {DEVICE}"]


def test_what_can_not_be_taken_back_yet_comes_with_the_command_for_later(machine: Machine, access: Root) -> None:
    lend_to_machine(access, "/dev/vg00/baby", "builder-i686", snapshot=DEVICE)
    machine.mount_table(MOUNTED.format("ro", "ro"))
    with pytest.raises(RuckusError, match="is mounted on") as caught:
        take_back(access, DEVICE)
    assert f"--device={DEVICE}" in caught.value.hint
    machine.mount_table("")
    assert "a builder's machine" in release(access, DEVICE)


def test_what_is_written_to_is_lent_to_no_machine(machine: Machine, access: Root) -> None:
    machine.mount_table(MOUNTED.format("rw", "rw"))
    with pytest.raises(RuckusError, match="not read-only"):
        lend_to_machine(access, "/dev/vg00/baby", "builder-i686", snapshot=DEVICE)
    machine.mount_table("")
    with lent_writable(access, DEVICE, "one"):
        pass
