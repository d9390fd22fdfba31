"""Volumes on real loop devices, by the tasks that a person runs; and lending of devices, proven by their content."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.real import TOP, Tree, run

from ruckus_aux.devices import attached, device
from ruckus_aux.errors import RuckusError
from ruckus_aux.journal import Journal, Rooted
from ruckus_aux.lending import lent_read_only, lent_writable, mounted_read_only
from ruckus_aux.locks import lock_file, named
from ruckus_aux.root import Root

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")
ARCHS = "--arch-list=i686,x86_64-64"
SIZES = {"ext3": "64M", "ext4": "64M", "xfs": "320M", "btrfs": "256M"}


class Place:
    """A build folder with loop volumes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "build"
        self.media = folder / "media"
        self.options = ("--volumes=loop", f"--mount-base={self.media}")

    def invoke(self, task: str, *options: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        where = ["-m", "invoke", "--search-root", str(TOP)]
        command = [sys.executable, *where, task, f"--build-dir={self.folder}", *options]
        return run(*command, cwd=self.folder.parent, status=status)

    def started(self, task: str, *options: str) -> "subprocess.Popen[str]":
        where = ["--search-root", str(TOP), task, f"--build-dir={self.folder}"]
        command = [sys.executable, "-m", "invoke", *where, *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder.parent, stdout=pipe, text=True, start_new_session=True)

    def listed(self) -> dict[str, dict[str, object]]:
        return {line["name"]: line for line in json.loads(self.invoke("volumes", "--json").stdout)}

    def image(self, name: str) -> Path:
        return self.folder / "volumes" / f"{name}.img"


def loops() -> list[str]:
    return run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE", cwd=TOP).stdout.splitlines()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Afterwards, nothing of a test is mounted, attached or lent."""
    place = Place(tmp_path)
    yield place
    for point in sorted(place.media.glob("*")) if place.media.exists() else ():
        subprocess.run(["umount", "--quiet", point], check=False)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert str(tmp_path) not in "\n".join(loops())
    notes = {file: file.read_text() for file in lock_file("").parent.glob("ruckus-*.lock")}
    assert not [file for file, note in notes.items() if note and tmp_path.name in file.name]


@pytest.fixture
def access(tmp_path: Path) -> Root:
    return Root(Journal(tmp_path / "journal.sqlite"), "run")


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
    for _ in range(50):
        if not any(str(image) in line for line in loops()):
            break
        time.sleep(0.1)
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
    options = (*place.options, "--size=64M")
    environment = os.environ | {"PYTHONPATH": f"{TOP}:{TOP}/python", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(TOP / "tests/killed.py"), str(place.folder), *options]
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) >= 8
    assert place.listed() == {}


def test_what_a_killed_one_has_begun_keeps_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "file"
    script = f"""
from pathlib import Path
from ruckus_aux.journal import Journal
from ruckus_aux.locks import named
from ruckus_aux.root import Root
with named("test {tmp_path}"):
    Root(Journal(Path("{tmp_path}/journal.sqlite")), "run").run(
        ("/bin/sh", "-c", "echo begun >{file}; sleep 1; echo ended >{file}"))
"""
    killed = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": f"{TOP}/python"})
    while not (file.exists() and file.read_text()):
        time.sleep(0.02)
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


@pytest.mark.parametrize("kind", ["xfs", "btrfs"])
def test_other_file_systems_grow_while_they_are_mounted(place: Place, kind: str) -> None:
    place.invoke("volume-create", *place.options, f"--size={SIZES[kind]}", f"--file-system={kind}")
    place.invoke("volume-mount")
    usage = shutil.disk_usage(place.media / "baby-x86_64")
    for _ in range(2):
        place.invoke("volume-grow", "--size=512M")
    assert shutil.disk_usage(place.media / "baby-x86_64").total > usage.total + 100 * 2**20
    place.invoke("volume-umount")
    place.invoke("volume-remove", "--yes")


def dirty(folder: Path, kind: str) -> Path:
    """An image whose journal waits for a replay; of ext4, with an orphan inode, too."""
    image, point, copy = folder / "origin.img", folder / "point", folder / f"{kind}.img"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate({"64M": 64, "320M": 320, "256M": 256}[SIZES[kind]] * 2**20)
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, point], check=True)
    try:
        orphan = (point / "orphan").open("w")
        orphan.write("x" * 100_000)
        orphan.flush()
        os.fsync(orphan.fileno())
        (point / "orphan").unlink()
        (point / "file").write_text("text")
        descriptor = os.open(point / "file", os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        subprocess.run(["cp", "--sparse=always", image, copy], check=True)
        orphan.close()
    finally:
        subprocess.run(["umount", point], check=True)
    image.unlink()
    return copy


@pytest.fixture
def loop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A writable loop device with a dirty file system of the kind that a test asks for."""
    image = dirty(tmp_path, request.param)
    name = run("losetup", "--find", "--show", image, cwd=tmp_path).stdout.strip()
    yield name
    subprocess.run(["losetup", "--detach", name], check=True)


@pytest.mark.parametrize("loop", ["ext3", "ext4", "xfs", "btrfs"], indirect=True)
def test_not_a_byte_is_written_to_what_is_only_read(loop: str, access: Root, tmp_path: Path) -> None:
    content = Path(loop).read_bytes
    before = hashlib.sha256(content()).digest()
    point = tmp_path / "point"
    with lent_read_only(access, loop, "a test"), mounted_read_only(access, loop, point) as warnings:
        assert "look old" in warnings[0]
        list(point.iterdir())
        assert device(loop).read_only
    assert not device(loop).read_only
    subprocess.run(["blockdev", "--flushbufs", loop], check=True)
    assert hashlib.sha256(content()).digest() == before
    # The same by mount alone: this is what it is for.
    subprocess.run(["mount", "-o", "ro", loop, point], check=True)
    subprocess.run(["umount", point], check=True)
    subprocess.run(["blockdev", "--flushbufs", loop], check=True)
    assert hashlib.sha256(content()).digest() != before


MAKE = {
    "ext2": "mke2fs -q -t ext2 -d {} {} 8M",
    "squashfs": "mksquashfs {} {} -quiet",
    "erofs": "mkfs.erofs --quiet {1} {0}",
}


@pytest.mark.parametrize("kind", MAKE)
def test_what_has_no_journal_is_read_without_a_warning(access: Root, tmp_path: Path, kind: str) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("text")
    image, point = tmp_path / "image", tmp_path / "point"
    point.mkdir()
    run(*MAKE[kind].format(tmp_path / "source", image).split(), cwd=tmp_path)
    before = hashlib.sha256(image.read_bytes()).digest()
    with lent_read_only(access, str(image), "a test"), mounted_read_only(access, str(image), point) as warnings:
        assert (point / "file").read_text() == "text"
        assert warnings == []
    assert hashlib.sha256(image.read_bytes()).digest() == before


@pytest.mark.parametrize("loop", ["ext4"], indirect=True)
def test_the_source_device_is_seen_as_builders_see_it(tree: Tree, loop: str, tmp_path: Path) -> None:
    point, build = tmp_path / "point", tmp_path / "build"
    subprocess.run(["mount", loop, point], check=True)
    try:
        (point / "file").write_text("new")
        tree.configure(build, f"--with-ruckus-dev={loop}")
        looked = run("./ruckus", "look", "-c", "cat file; touch mine; exit 7", cwd=build, status=7)
        assert (looked.stdout, "Read-only file system" in looked.stderr) == ("new", True)
        (point / "file").write_text("newer")  # it can stay mounted read-write
        # A snapshot that a person has made, when there is one.
        (tmp_path / "source").mkdir()
        (tmp_path / "source" / "file").write_text("earlier")
        run("mke2fs", "-q", "-t", "ext4", "-d", tmp_path / "source", tmp_path / "earlier.img", "8M", cwd=tmp_path)
        earlier = run("losetup", "--find", "--show", tmp_path / "earlier.img", cwd=tmp_path).stdout.strip()
        tree.configure(build, f"--with-ruckus-dev={loop}", f"--with-ruckus-dev-snapshot={earlier}")
        before = hashlib.sha256(Path(earlier).read_bytes()).digest()
        assert run("./ruckus", "look", "-c", "cat file", cwd=build).stdout == "earlier"
        assert hashlib.sha256(Path(earlier).read_bytes()).digest() == before
        subprocess.run(["losetup", "--detach", earlier], check=True)
    finally:
        subprocess.run(["umount", point], check=True)
    tree.configure(build)
    assert "--with-ruckus-dev=DEV" in run("./ruckus", "look", cwd=build, status=1).stderr


def test_a_look_at_a_mounted_volume(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    point, image = place.media / "baby-x86_64", place.image("baby-x86_64")
    (point / "log").write_text("so far")
    (loop,) = [line.split()[0] for line in loops() if str(image) in line]
    for name in (loop, os.path.relpath(loop, place.folder.parent)):
        looked = place.invoke("volume-look", f"--device={name}", "--command=cat log; touch mine; exit 7", status=7)
        assert "so far" in looked.stdout
        assert "Read-only file system" in looked.stderr
    assert "/ruckus-" not in Path("/proc/self/mountinfo").read_text()

    # One that was killed does not stand in the way; what it has mounted does, until a person has looked at it.
    look = place.started("volume-look", f"--device={loop}", "--command=echo begun; exec sleep 100")
    assert look.stdout is not None
    assert look.stdout.readline() == "begun\n"
    os.killpg(look.pid, signal.SIGKILL)
    look.wait()
    (left,) = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if "/ruckus-" in line]
    refused = place.invoke("volume-look", f"--device={loop}", "--command=true", status=1)
    assert f"is mounted on {left}" in refused.stderr
    subprocess.run(["umount", left], check=True)
    Path(left).rmdir()
    place.invoke("volume-look", f"--device={loop}", "--command=true")
    (point / "log").write_text("and on")
    assert list((place.folder / "lent").iterdir()) == []

    # SIGTERM ends it as Ctrl-C does, and takes everything back.
    look = place.started("volume-look", f"--device={loop}", "--command=echo begun; exec sleep 100")
    assert look.stdout is not None
    assert look.stdout.readline() == "begun\n"
    os.killpg(look.pid, signal.SIGTERM)
    assert look.wait() != 0


@pytest.mark.parametrize("loop", ["ext4"], indirect=True)
def test_what_is_lent(loop: str, access: Root, tmp_path: Path) -> None:
    point = tmp_path / "point"
    image = str(tmp_path / "ext4.img")
    with lent_writable(access, loop, "builder one"):
        for path in (loop, image):  # by another name, too
            with pytest.raises(RuckusError, match="another Ruckus process"), lent_read_only(access, path, "two"):
                pass
    with pytest.raises(RuckusError, match=f"attached to {loop}"), lent_writable(access, image, "one"):
        pass
    descriptor = os.open(loop, os.O_RDONLY | os.O_EXCL)
    with pytest.raises(RuckusError, match="O_EXCL"), lent_writable(access, loop, "one"):
        pass
    os.close(descriptor)
    subprocess.run(["mount", loop, point], check=True)
    try:
        for lend in (lent_writable, lent_read_only):
            with pytest.raises(RuckusError, match=f"is mounted on {point}"), lend(access, loop, "one"):
                pass
    finally:
        subprocess.run(["umount", point], check=True)
    with pytest.raises(KeyboardInterrupt), lent_read_only(access, loop, "one"):
        assert device(loop).read_only
        raise KeyboardInterrupt
    assert not device(loop).read_only
