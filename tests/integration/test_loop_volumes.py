# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes on real loop devices, by the tasks that a person runs."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from integration.places import Place, loops
from integration.real import TOP, run, wait_for

from ruckus_aux.host.locks import lock_file, named
from ruckus_aux.host.root import Root, Rooted
from ruckus_aux.settings.journal import Journal
from ruckus_aux.storage.devices import attached, device
from ruckus_aux.storage.lending import lent_writable
from ruckus_aux.words.errors import RuckusError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")
ARCHS = "--arch-list=i686,x86_64-64"


def test_the_life_of_volumes(place: Place) -> None:
    dry = place.invoke("volume-create", ARCHS, *place.options, "--size=64M", "--dry-run").stdout
    assert dry.count("mkfs.ext4 -q") == 2
    assert not place.folder.exists()
    for _ in range(2):
        place.invoke("volume-create", ARCHS, *place.options, "--size=64M")
    for _ in range(2):
        place.invoke("volume-mount", ARCHS, "--user=nobody")
    listed = place.listed()
    assert set(listed) == {"baby-i686", "baby-x86_64-64"}
    point = place.media / "baby-i686"
    assert listed["baby-i686"]["mounted"] == [str(point)]
    assert listed["baby-i686"]["owner"] == "nobody"
    assert listed["baby-i686"]["size"] == 64 * 2**20

    (point / "precious").write_text("once")
    for _ in range(2):
        place.invoke("volume-snapshot", "--arch-list=i686")
    (point / "precious").write_text("twice")
    refused = place.invoke("volume-remove", ARCHS, "--yes", status=1)
    assert "is mounted on" in refused.stderr
    for _ in range(2):
        place.invoke("volume-umount", ARCHS)
    assert "--yes" in place.invoke("volume-remove", ARCHS, status=1).stderr
    # A snapshot is clean: nothing waits for a replay.
    described = run("dumpe2fs", "-h", place.image("baby-i686.before"), cwd=place.folder).stdout
    assert "needs_recovery" not in described
    content = run("debugfs", "-R", "cat precious", place.image("baby-i686.before"), cwd=place.folder).stdout
    assert content == "once"
    place.invoke("volume-remove", "--arch-list=i686", "--snapshot=before", "--yes")
    place.invoke("volume-remove", ARCHS, "--yes")
    assert place.listed() == {}
    assert list(place.media.iterdir()) == []
    commands = [row.command.split()[0] for row in Journal(place.folder / "journal.sqlite").rows(Rooted)]
    assert {Path(name).name for name in commands} == {
        "losetup",
        "mkdir",
        "mount",
        "chown",
        "fsfreeze",
        "umount",
        "rmdir",
    }


def test_what_is_mounted_in_another_namespace_is_left_alone(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    image, point = place.image("baby-x86_64"), place.folder / "there"
    point.mkdir()
    script = f"mount -o loop {image} {point} && echo mounted && sleep 60"
    other = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "mounted\n"
        assert "mounted" not in Path("/proc/self/mountinfo").read_text()
        for task in ("volume-mount", "volume-remove"):
            options = ["--yes"] if task == "volume-remove" else []
            assert f"is mounted on {point}" in place.invoke(task, *options, status=1).stderr
    finally:
        subprocess.run(["pkill", "--parent", str(other.pid)], check=False)
        other.terminate()
        other.wait()
    wait_for(lambda: not any(str(image) in line for line in loops()))
    place.invoke("volume-mount")


def test_an_image_has_one_identity_under_many_names(place: Place, access: Root, tmp_path: Path) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    image = place.image("baby-x86_64")
    (tmp_path / "other").hardlink_to(image)
    second = run("losetup", "--find", "--show", tmp_path / "other", cwd=tmp_path).stdout.strip()
    first = run("losetup", "--find", "--show", image, cwd=tmp_path).stdout.strip()
    try:
        assert {dev.path for dev in attached(access, str(image))} == {first, second}
        (tmp_path / "point").mkdir()
        subprocess.run(["mount", second, tmp_path / "point"], check=True)
        for task in (("volume-mount",), ("volume-remove", "--yes")):
            assert f"is mounted on {tmp_path / 'point'}" in place.invoke(*task, status=1).stderr
        with pytest.raises(RuckusError, match="is mounted on"), lent_writable(access, first, "one"):
            pass
        subprocess.run(["umount", tmp_path / "point"], check=True)
        with pytest.raises(RuckusError, match="attached to"), lent_writable(access, first, "one"):
            pass
    finally:
        for name in (first, second):
            subprocess.run(["losetup", "--detach", name], check=True)
    (tmp_path / "link").symlink_to(place.folder)
    with lent_writable(access, str(image), "one"):
        through = run(
            sys.executable,
            "-m",
            "invoke",
            "--search-root",
            str(TOP),
            "volume-remove",
            "--yes",
            f"--build-dir={tmp_path / 'link'}",
            cwd=tmp_path,
            status=1,
        )
        assert "another Ruckus process" in through.stderr


def test_a_plain_folder_with_a_mount_in_it_is_not_emptied(place: Place, tmp_path: Path) -> None:
    place.invoke("volume-create")
    point = place.folder / "baby-x86_64" / "ruckus-build"
    point.mkdir()
    (point / ".ruckus").touch()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (point / "mnt").mkdir()
    subprocess.run(["mount", "--bind", tmp_path / "precious", point / "mnt"], check=True)
    try:
        assert "is mounted" in place.invoke("volume-remove", "--yes", status=1).stderr
    finally:
        subprocess.run(["umount", point / "mnt"], check=True)
    assert (tmp_path / "precious" / "file").exists()
    place.invoke("volume-remove", "--yes")
    assert not point.exists()


def test_what_ruckus_did_not_make_is_left_alone(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    image = place.image("baby-x86_64")
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    before = hashlib.sha256(image.read_bytes()).digest()
    for task in ("volume-create", "volume-mount", "volume-snapshot", "volume-remove"):
        options = ["--yes"] if task == "volume-remove" else []
        assert "Ruckus did not make" in place.invoke(task, *options, status=1).stderr
    assert hashlib.sha256(image.read_bytes()).digest() == before
    image.rename(place.image("baby-i686"))
    assert "knows nothing of it" in place.invoke("volume-create", "--arch-list=i686", status=1).stderr


def test_killed_during_each_command(place: Place) -> None:
    """Whatever was done before a kill -9, the same commands again come to the same end."""
    # ext4 grows only where root has CAP_SYS_RESOURCE, which containers may lack.
    options = (*place.options, "--size=320M", "--file-system=xfs")
    environment = os.environ | {"PYTHONPATH": f"{TOP}:{TOP}/python", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(TOP / "tests/killed.py"), str(place.folder), *options]
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) >= 10
    assert place.listed() == {}


def test_what_a_killed_one_has_begun_keeps_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "file"
    script = f"""
from pathlib import Path
from ruckus_aux.settings.journal import Journal
from ruckus_aux.host.locks import named
from ruckus_aux.host.root import Root
with named("test {tmp_path}"):
    Root(Journal(Path("{tmp_path}/journal.sqlite")), "run").run(
        ("/bin/sh", "-c", "echo begun >{file}; sleep 1; echo ended >{file}"))
"""
    killed = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": f"{TOP}/python"})
    wait_for(lambda: file.exists() and bool(file.read_text()))
    killed.kill()
    killed.wait()
    with pytest.raises(RuckusError, match="another Ruckus process"), named(f"test {tmp_path}"):
        pass
    assert file.read_text() == "begun\n"
    with lock_file(f"test {tmp_path}").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert file.read_text() == "ended\n"


def test_a_freeze_does_not_outlive_a_killed_snapshot(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    point = place.media / "baby-x86_64"
    image = place.image("baby-x86_64")
    (loop,) = [line.split()[0] for line in loops() if str(image) in line]
    with named(str(image)) as lock:  # as a killed one leaves it
        lock.write(f"frozen: {device(loop).numbers} {point}")
    subprocess.run(["fsfreeze", "--freeze", point], check=True)
    place.invoke("volume-snapshot")
    (point / "file").touch()


def test_what_somebody_else_has_frozen_stays_so(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    point = place.media / "baby-x86_64"
    subprocess.run(["fsfreeze", "--freeze", point], check=True)
    try:
        assert "fsfreeze" in place.invoke("volume-snapshot", status=1).stderr
        assert not place.image("baby-x86_64.before").exists()
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", point], check=True)  # fails when it is not frozen
    place.invoke("volume-snapshot")


@pytest.mark.parametrize(("kind", "size"), [("xfs", "320M"), ("btrfs", "256M")])
def test_other_file_systems_grow_while_they_are_mounted(place: Place, kind: str, size: str) -> None:
    place.invoke("volume-create", *place.options, f"--size={size}", f"--file-system={kind}")
    place.invoke("volume-mount")
    usage = shutil.disk_usage(place.media / "baby-x86_64")
    for _ in range(2):
        place.invoke("volume-grow", "--size=512M")
    assert shutil.disk_usage(place.media / "baby-x86_64").total > usage.total + 100 * 2**20
    place.invoke("volume-umount")
    place.invoke("volume-remove", "--yes")


def test_an_image_that_a_process_has_open_is_in_use(place: Place) -> None:
    """QEMU opens images itself, without a loop device."""
    place.invoke("volume-create", *place.options, "--size=64M")
    with place.image("baby-x86_64").open("rb"):
        for task in (("volume-mount",), ("volume-remove", "--yes"), ("volume-snapshot",)):
            assert "a process has it open" in place.invoke(*task, status=1).stderr
    place.invoke("volume-snapshot")


def test_a_damaged_volume_is_not_made_anew(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    with place.image("baby-x86_64").open("r+b") as image:
        image.write(bytes(4096))
    for task in ("volume-create", "volume-mount", "volume-snapshot"):
        assert "can't be recognized any more" in place.invoke(task, status=1).stderr
    fsck = subprocess.run(["e2fsck", "-y", "-b", "8193", "-B", "1024", place.image("baby-x86_64")], capture_output=True)
    assert fsck.returncode == 1, fsck  # 1: repaired
    place.invoke("volume-mount")


def test_what_is_mounted_over_a_volume_is_left_alone(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    point = place.media / "baby-x86_64"
    subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
    try:
        for task in (("volume-mount", "--user=nobody"), ("volume-umount",)):
            assert "mounted over" in place.invoke(*task, status=1).stderr
        assert point.owner() == "root"
    finally:
        subprocess.run(["umount", point], check=True)
    place.invoke("volume-umount")


def test_a_mount_namespace_with_other_flags_is_no_hindrance(place: Place) -> None:
    """As systemd makes it for services (ProtectSystem)."""
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    script = f"mount -o remount,bind,ro {place.media}/baby-x86_64 && echo mounted && exec sleep 60"
    command = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", script]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "mounted\n"
        place.invoke("volume-snapshot")
    finally:
        other.kill()
        other.wait()


def test_folders_may_be_reached_through_links(place: Place, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    place.folder, base = tmp_path / "link" / "build", tmp_path / "link" / "media"
    place.invoke("volume-create", "--volumes=loop", f"--mount-base={base}", "--size=64M")
    for task in ("volume-mount", "volume-umount"):
        for _ in range(2):
            place.invoke(task)
    place.folder = tmp_path / "real" / "build"
    place.invoke("volume-remove", "--yes")


def test_a_dry_run_does_not_disturb_a_copy_that_is_being_made(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    partial = place.image("baby-x86_64.before").with_suffix(".img.part")
    partial.touch()
    place.invoke("volume-snapshot", "--dry-run")
    assert partial.exists()


def test_an_image_can_be_inspected(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-snapshot")
    for name in ("baby-x86_64", "baby-x86_64.before"):
        assert "lost+found" in place.invoke("volume-inspect", f"--device={place.image(name)}", "--command=ls").stdout


@pytest.mark.parametrize("how", ["replaced", "renamed", "removed"])
def test_an_image_that_is_replaced_while_it_is_mounted_can_be_unmounted(place: Place, how: str) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    point, image = place.media / "baby-x86_64", place.image("baby-x86_64")
    (point / "precious").write_text("once")
    copy = place.folder / "copy.img"
    run("cp", "--sparse=always", image, copy, cwd=place.folder)
    if how == "renamed":
        image.rename(place.folder / "old.img")
    if how == "removed":
        image.unlink()
    else:
        copy.rename(image)
        assert place.listed()["baby-x86_64"]["mounted"] == [str(point)]
        assert "replaced while it was mounted" in place.invoke("volumes").stdout
        for task in (("volume-mount",), ("volume-remove", "--yes")):
            refused = place.invoke(*task, status=1).stderr
            assert f"is still mounted on {point}: it was {image}, and was replaced" in refused
            assert "volume-umount --build-dir=" in refused
    assert "was replaced" in place.invoke("volume-umount").stdout
    assert not point.is_mount()


def test_what_somebody_else_has_mounted_in_a_volumes_place_stays(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    point = place.media / "baby-x86_64"
    point.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
    assert f"none is mounted on {point}" in place.invoke("volume-umount", status=1).stderr
    assert point.is_mount()


def test_no_volume_is_mounted_in_a_folder_of_another_user(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.media.mkdir()
    os.chown(place.media, 4711, 4711)
    assert f"{place.media} can be changed by others than root" in place.invoke("volume-mount", status=1).stderr
    assert not any(str(place.folder) in line for line in loops())
