# SPDX-License-Identifier: GPL-3.0-or-later

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.fakes import Machine

from ruckus_aux.host import locks, root
from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Journal, Made
from ruckus_aux.storage import commands
from ruckus_aux.storage.layout import Layout, layout
from ruckus_aux.storage.operations import Volumes
from ruckus_aux.words.errors import RuckusError

NAME = "baby-i686"
PATH = f"/dev/vg00/{NAME}"
LAYOUT = Layout(backend="lvm", base="/nowhere/media")
CREATE = "lvcreate --yes --wipesignatures y --addtag ruckus --name baby-i686 --size 10G vg00"
UUID = "[0-9a-f-]{36}"
REMOVE = "lvremove --yes vg00/baby-i686"


def uuid_of(machine: Machine) -> str:
    return machine.content[PATH].partition("UUID=")[2].strip()


def yes(what: str) -> bool:
    return True


def test_a_volume_is_tagged_checked_and_formatted_once(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    assert machine.done == [CREATE, f"mkfs.ext4 -q -L {NAME} -U {uuid_of(machine)} {PATH}"]
    begun, complete = volumes.access.journal.rows(Made)
    assert (begun.uuid, begun.complete, complete.complete) == (uuid_of(machine), 0, 1)
    volumes.create(NAME)
    assert len(machine.done) == 2


def test_it_is_mounted_and_given_to_the_build_user(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    point = volumes.point(NAME)
    point.mkdir(parents=True)  # the fake mkdir and mount do nothing
    machine.done.clear()
    volumes.mount(NAME, 1000, 100)
    assert machine.done[0] == f"mount -t ext4 -o nosuid,nodev {PATH} {point}"
    machine.mount_table(f"1 0 253:7 / {point} rw - ext4 /dev/mapper/vg00-baby--i686 rw")
    assert volumes.mounted(NAME) == [point]
    machine.done.clear()
    volumes.mount(NAME, *(point.stat().st_uid, point.stat().st_gid))
    assert machine.done == []
    volumes.unmount(NAME)
    assert machine.done == [f"umount {point}"]


@pytest.mark.parametrize("operation", ["create", "mount", "remove", "snapshot", "grow"])
def test_what_ruckus_did_not_make_is_left_alone(machine: Machine, volumes: Volumes, operation: str) -> None:
    calls: dict[str, Callable[[], None]] = {
        "create": lambda: volumes.create(NAME),
        "mount": lambda: volumes.mount(NAME, 0, 0),
        "remove": lambda: volumes.remove(NAME, yes),
        "snapshot": lambda: volumes.snapshot("copy", NAME, "1G"),
        "grow": lambda: volumes.grow(NAME, "20G"),
    }
    machine.logical_volume(NAME, tags="")
    with pytest.raises(RuckusError, match="was not made by Ruckus"):
        calls[operation]()
    machine.logical_volume(NAME)  # tagged, but another build folder's
    with pytest.raises(RuckusError, match="knows nothing of it"):
        calls[operation]()
    del machine.volumes[NAME]
    volumes.create(NAME)
    machine.content[PATH] = "TYPE=xfs\nUUID=another\n"  # somebody has formatted it since
    machine.done.clear()
    with pytest.raises(RuckusError, match="holds xfs that Ruckus did not make"):
        calls[operation]()
    assert machine.done == []


def test_a_volume_that_is_not_recognized_any_more_is_not_made_anew(machine: Machine, volumes: Volumes) -> None:
    """Its superblock is damaged, say, and can be restored from a copy."""
    volumes.create(NAME)
    del machine.content[PATH]
    machine.done.clear()
    calls: tuple[Callable[[], None], ...] = (lambda: volumes.create(NAME), lambda: volumes.mount(NAME, 0, 0))
    for call in calls:
        with pytest.raises(RuckusError, match="can't be recognized any more") as caught:
            call()
        assert "fsck" in caught.value.hint
    assert machine.done == []
    volumes.remove(NAME, yes)
    assert machine.done == [REMOVE]


def test_what_is_mounted_over_a_volume_is_left_alone(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    point = volumes.point(NAME)
    point.mkdir(parents=True)
    machine.mount_table(f"1 0 253:7 / {point} rw - ext4 /dev/dm-7 rw\n2 1 0:99 / {point} rw - tmpfs none rw")
    machine.done.clear()
    calls: tuple[Callable[[], None], ...] = (lambda: volumes.mount(NAME, 0, 0), lambda: volumes.unmount(NAME))
    for call in calls:
        with pytest.raises(RuckusError, match="mounted over"):
            call()
    assert machine.done == []


def test_nothing_is_formatted_that_bears_a_signature(machine: Machine, volumes: Volumes) -> None:
    """An extent may have kept one that lvcreate does not wipe."""
    for text in ("PTTYPE=dos\n", "TYPE=LVM2_member\nUUID=x\n", "TYPE=swap\n", "TYPE=linux_raid_member\n"):
        machine.content[PATH] = text
        machine.done.clear()
        with pytest.raises(RuckusError, match="is not formatted"):
            volumes.create(NAME)
        assert machine.done == [CREATE, REMOVE]


def test_a_failure_takes_back_what_was_done(machine: Machine, volumes: Volumes) -> None:
    machine.failing["mkfs.ext4"] = 1
    with pytest.raises(RuckusError, match=r"mkfs\.ext4"):
        volumes.create(NAME)
    assert machine.done[-1] == REMOVE
    assert machine.volumes == {}


def test_what_cannot_be_taken_back_is_named(machine: Machine, volumes: Volumes) -> None:
    machine.failing |= {"mkfs.ext4": 1, "lvremove": 5}
    with pytest.raises(RuckusError) as caught:
        volumes.create(NAME)
    assert "this is left" in caught.value.hint
    assert f"remove {PATH}" in caught.value.hint


def test_what_a_killed_one_has_left_is_made_anew(machine: Machine, volumes: Volumes) -> None:
    machine.failing |= {"mkfs.ext4": 1, "lvremove": 5}
    with pytest.raises(RuckusError):
        volumes.create(NAME)
    machine.failing.clear()
    machine.done.clear()
    with pytest.raises(RuckusError, match="never finished"):
        volumes.mount(NAME, 0, 0)
    volumes.create(NAME)
    assert machine.done[:2] == [REMOVE, CREATE]


def test_a_mounted_or_lent_volume_is_not_removed(machine: Machine, volumes: Volumes, tmp_path: Path) -> None:
    volumes.create(NAME)
    machine.done.clear()
    machine.mount_table(f"1 0 253:7 / {volumes.point(NAME)} rw - ext4 /dev/dm-7 rw")
    with pytest.raises(RuckusError, match="is mounted on") as caught:
        volumes.remove(NAME, yes)
    assert "volume-umount" in caught.value.hint
    machine.mount_table("", f"1 0 253:7 / /elsewhere rw - ext4 {PATH} rw")  # in another mount namespace
    with pytest.raises(RuckusError, match="is mounted on /elsewhere"):
        volumes.remove(NAME, yes)
    machine.mount_table("")
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    machine.xen = 'vbd = ""\n 3 = ""\n  51712 = ""\n   physical-device = "fd:7"\n   mode = "w"\n'
    with pytest.raises(RuckusError, match="held by Xen's domain 3"):
        volumes.remove(NAME, yes)
    machine.xen = ""
    machine.busy.add(PATH)
    with pytest.raises(RuckusError, match="is in use"):
        volumes.remove(NAME, yes)
    machine.busy.clear()
    volumes.remove(NAME, lambda what: False)
    assert machine.done == []
    volumes.remove(NAME, yes)
    assert machine.done == [REMOVE]
    volumes.remove(NAME, yes)
    assert machine.done == [REMOVE]


def test_an_origin_is_not_removed_with_its_snapshots(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    volumes.snapshot(f"{NAME}.before", NAME, "1G")
    volumes.snapshot(f"{NAME}.before", NAME, "1G")
    snapshots = [line for line in machine.done if "--snapshot" in line]
    assert snapshots == [f"lvcreate --yes --addtag ruckus --snapshot --name {NAME}.before --size 1G vg00/{NAME}"]
    with pytest.raises(RuckusError, match=r"has snapshots: baby-i686\.before"):
        volumes.remove(NAME, yes)
    volumes.remove(f"{NAME}.before", yes)
    volumes.remove(NAME, yes)
    assert machine.volumes == {}


def test_no_volume_is_mounted_over_anything(machine: Machine, volumes: Volumes, tmp_path: Path) -> None:
    volumes.create(NAME)
    machine.done.clear()
    point = volumes.point(NAME)
    point.mkdir(parents=True)
    (point / "precious").touch()
    with pytest.raises(RuckusError, match="is not empty"):
        volumes.mount(NAME, 0, 0)
    (point / "precious").unlink()
    machine.mount_table(f"1 0 8:1 / {point} rw - ext4 /dev/sda1 rw")
    with pytest.raises(RuckusError, match="/dev/sda1 is mounted on"):
        volumes.mount(NAME, 0, 0)
    machine.mount_table("")
    point.rmdir()
    point.symlink_to(tmp_path)
    with pytest.raises(RuckusError, match="is not a folder"):
        volumes.mount(NAME, 0, 0)
    assert machine.done == []


def test_a_mount_that_fails_takes_its_mount_point_back(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    machine.done.clear()
    machine.failing["mount"] = 32
    with pytest.raises(RuckusError):
        volumes.mount(NAME, 0, 0)
    assert machine.done[-1] == f"rmdir {volumes.point(NAME)}"


def test_volumes_only_grow(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    machine.done.clear()
    with pytest.raises(RuckusError, match="is not mounted"):
        volumes.grow(NAME, "20G")
    machine.mount_table(f"1 0 253:7 / {volumes.point(NAME)} rw - ext4 /dev/dm-7 rw")
    volumes.grow(NAME, "20G")
    assert machine.done == [f"lvextend --size 20G vg00/{NAME}", f"resize2fs {PATH}"]
    machine.logical_volume(NAME, size=30 * 2**30)
    volumes.grow(NAME, "20G")
    assert machine.done[-1] == f"resize2fs {PATH}"
    assert len(machine.done) == 3


def test_the_size_that_was_chosen_last_is_remembered(machine: Machine, volumes: Volumes, tmp_path: Path) -> None:
    """For verify-sudo: just this size may be made and grown to."""
    volumes.create(NAME)
    assert layout(tmp_path).size == "10G"
    machine.mount_table(f"1 0 253:7 / {volumes.point(NAME)} rw - ext4 /dev/dm-7 rw")
    for size in ("20G", "10G"):
        volumes.grow(NAME, size)
        assert layout(tmp_path).size == "20G"


def test_what_was_made_is_remembered_also_when_it_cannot_be_told(
    machine: Machine, volumes: Volumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("builtins.print", full)
    with pytest.raises(OSError, match="No space"):
        volumes.create(NAME)
    assert layout(tmp_path).backend == "lvm"


def test_an_image_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_folder", lambda: tmp_path)
    big = Layout(backend="loop", size="999999T")
    volumes = Volumes(tmp_path, big, Root(Journal(tmp_path / "journal.sqlite"), "run"))
    with pytest.raises(RuckusError, match="File too large"):
        volumes.create(NAME)
    assert volumes.find(NAME) is None


def test_a_dry_run_shows_what_would_be_done(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    access = Root(Journal(tmp_path / "journal.sqlite"), "run", dry=True)
    volumes = Volumes(tmp_path, LAYOUT, access)
    volumes.create(NAME)
    volumes.mount(NAME, 1000, 100)
    lines = capsys.readouterr().out.splitlines()
    programs = ("lvcreate", "mkfs.ext4", "mkdir", "mount", "chown")
    assert [line.split()[0] for line in lines] == [f"/sbin/{name}" for name in programs]
    assert machine.done == []
    assert not (tmp_path / "journal.sqlite").exists()


def test_commands_that_are_verified_are_those_that_are_run(machine: Machine, volumes: Volumes) -> None:
    def words(everything: bool) -> set[str]:
        commands = volumes.commands([NAME], 1000, 100, everything=everything)
        return {" ".join([Path(command[0]).name, *command[1:]]) for command in commands}

    def asked() -> set[str]:
        return {re.sub(f"-U {UUID} ", f"-U {commands.UUID} ", line) for line in machine.asked}

    volumes.create(NAME)
    with pytest.raises(FileNotFoundError):
        volumes.mount(NAME, 1000, 100)  # the fake mkdir makes nothing
    assert asked() <= words(everything=False)
    volumes.snapshot(f"{NAME}.before", NAME, "2G")
    volumes.snapshot(f"{NAME}.before", NAME, "2G")
    volumes.remove(f"{NAME}.before", yes)
    machine.logical_volume(NAME, size=2**20)
    machine.mount_table(f"1 0 253:7 / {volumes.point(NAME)} rw - ext4 /dev/dm-7 rw")
    volumes.grow(NAME, "10G")
    volumes.unmount(NAME)
    machine.mount_table("")
    volumes.remove(NAME, yes)
    assert asked() <= words(everything=True)
    assert len(asked()) > len(words(everything=False)) - 3


@pytest.fixture
def came_back(machine: Machine, volumes: Volumes) -> None:
    """A volume was renamed, another was begun in its place and failed, and it has its name again."""
    volumes.create(NAME)
    kept = machine.volumes.pop(NAME), machine.content.pop(PATH)
    machine.failing["mkfs.ext4"] = 1
    with pytest.raises(RuckusError):
        volumes.create(NAME)
    machine.failing.clear()
    machine.volumes[NAME], machine.content[PATH] = kept
    machine.done.clear()


@pytest.mark.usefixtures("came_back")
def test_a_volume_that_came_back_is_not_made_anew(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    assert machine.done == []


@pytest.mark.usefixtures("came_back")
def test_a_snapshot_has_the_identity_of_what_is_there(machine: Machine, volumes: Volumes) -> None:
    volumes.snapshot(f"{NAME}.before", NAME, "1G")
    volumes.remove(f"{NAME}.before", yes)
    assert list(machine.volumes) == [NAME]


def test_an_inspection_that_was_killed_stands_in_the_way_with_a_way_out(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    machine.logical_volume(f"{NAME}..inspect", origin=NAME)
    with pytest.raises(RuckusError, match="has snapshots") as caught:
        volumes.remove(NAME, yes)
    assert f"invoke volume-inspect --device={PATH}" in caught.value.hint


def test_what_is_unfinished_is_not_made_anew_below_its_snapshots(machine: Machine, volumes: Volumes) -> None:
    machine.failing |= {"mkfs.ext4": 1, "lvremove": 5}
    with pytest.raises(RuckusError):
        volumes.create(NAME)
    machine.failing.clear()
    machine.logical_volume("theirs", origin=NAME)
    with pytest.raises(RuckusError, match="has snapshots: theirs"):
        volumes.create(NAME)


def test_a_snapshot_that_is_full_can_be_removed(
    machine: Machine, volumes: Volumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes.create(NAME)
    volumes.snapshot(f"{NAME}.before", NAME, "1G")
    broken = (2, f"blkid: error: {PATH}: Input/output error\n")
    monkeypatch.setattr(machine, "_blkid", lambda words: broken)
    with pytest.raises(RuckusError, match="can't read it"):
        volumes.remove(NAME, yes)
    volumes.remove(f"{NAME}.before", yes)
    assert list(machine.volumes) == [NAME]


def test_what_comes_into_use_while_a_person_thinks_is_not_removed(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)

    def slowly(what: str) -> bool:
        machine.mount_table("", f"1 0 253:7 / /elsewhere rw - ext4 {PATH} rw")
        return True

    with pytest.raises(RuckusError, match="is mounted on /elsewhere"):
        volumes.remove(NAME, slowly)


def test_two_at_a_time_refuse_each_other(machine: Machine, volumes: Volumes) -> None:
    with locks.named("vg00-baby--i686"), pytest.raises(RuckusError, match="another Ruckus process"):
        volumes.create(NAME)
    with locks.named("vg00-baby--i686") as lock:
        lock.write("to builder one")
    with pytest.raises(RuckusError, match="is lent to builder one"):
        volumes.create(NAME)


def test_a_group_that_is_not_there(machine: Machine, volumes: Volumes) -> None:
    machine.failing["lvs"] = 5
    with pytest.raises(RuckusError, match="LVM can't read vg00") as caught:
        volumes.create(NAME)
    assert "vgs" in caught.value.hint


def test_root_mounts_nothing_where_another_user_could_lead_it_elsewhere(
    machine: Machine, volumes: Volumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes.create(NAME)
    machine.done.clear()
    places = []

    def refuse(folder: Path) -> None:
        places.append(folder)
        raise RuckusError("it can be changed by others than root", "who would lead root elsewhere")

    monkeypatch.setattr(root, "only_roots", refuse)
    with pytest.raises(RuckusError, match="by others than root") as caught:
        volumes.mount(NAME, 1000, 100)
    assert "--mount-base=/media" in caught.value.hint
    assert (machine.done, places) == ([], [volumes.point(NAME).parent])
