# SPDX-License-Identifier: GPL-3.0-or-later
"""Lending of devices, proven by their content, on real loop devices."""

import hashlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.places import Place, loops
from integration.real import TOP, Tree, run, wait_for

from ruckus_aux.host.root import Root
from ruckus_aux.storage.devices import device
from ruckus_aux.storage.lending import lent_read_only, lent_writable
from ruckus_aux.storage.reading import mounted_read_only
from ruckus_aux.words.errors import RuckusError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")
SIZES = {"ext3": "64M", "ext4": "64M", "xfs": "320M", "btrfs": "256M"}


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
        looked = run("./ruckus", "inspect", "-c", "cat file; touch mine; exit 7", cwd=build, status=7)
        assert (looked.stdout, "Read-only file system" in looked.stderr) == ("new", True)
        (point / "file").write_text("newer")  # it can stay mounted read-write
        # A snapshot that a person has made, when there is one.
        (tmp_path / "source").mkdir()
        (tmp_path / "source" / "file").write_text("earlier")
        run("mke2fs", "-q", "-t", "ext4", "-d", tmp_path / "source", tmp_path / "earlier.img", "8M", cwd=tmp_path)
        earlier = run("losetup", "--find", "--show", tmp_path / "earlier.img", cwd=tmp_path).stdout.strip()
        tree.configure(build, f"--with-ruckus-dev={loop}", f"--with-ruckus-dev-snapshot={earlier}")
        before = hashlib.sha256(Path(earlier).read_bytes()).digest()
        assert run("./ruckus", "inspect", "-c", "cat file", cwd=build).stdout == "earlier"
        assert hashlib.sha256(Path(earlier).read_bytes()).digest() == before
        subprocess.run(["losetup", "--detach", earlier], check=True)
    finally:
        subprocess.run(["umount", point], check=True)
    tree.configure(build)
    assert "--with-ruckus-dev=DEV" in run("./ruckus", "inspect", cwd=build, status=1).stderr


def test_what_is_still_used_when_an_inspection_is_ended_is_not_given_away(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    image = place.image("baby-x86_64")
    inspecting = place.started(
        "volume-inspect", f"--device={image}", "--command=sleep 100 & echo $! $PWD; exec sleep 100"
    )
    assert inspecting.stdout is not None
    user, point = inspecting.stdout.readline().split()
    inspecting.terminate()
    assert inspecting.wait() != 0
    copy = place.folder / "lent" / f"{image.name}.inspect"
    assert copy.exists()
    assert "is mounted on" in place.invoke("volume-release", f"--device={copy}", status=1).stderr
    os.kill(int(user), signal.SIGKILL)
    wait_for(lambda: subprocess.run(["umount", point], check=False).returncode == 0)
    Path(point).rmdir()
    assert "released" in place.invoke("volume-release", f"--device={copy}").stdout
    place.invoke("volume-inspect", f"--device={image}", "--command=true")
    assert not copy.exists()


def test_ctrl_c_in_a_shell_is_for_what_runs_there(place: Place) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    image = str(place.image("baby-x86_64"))
    words = ["-m", "invoke", "--search-root", str(TOP), "volume-inspect", f"--device={image}"]
    child, terminal = pty.fork()
    if child == 0:
        os.environ["SHELL"] = "/bin/sh"
        os.chdir(place.folder.parent)
        os.execv(sys.executable, [sys.executable, *words, f"--build-dir={place.folder}"])

    def until(text: str) -> None:
        said = ""
        while text not in said:
            said += os.read(terminal, 1000).decode()

    until("# ")
    os.write(terminal, b"sh -c \"echo be''gun; exec sleep 100\"\n")
    until("begun")
    os.write(terminal, b"\x03")
    until("# ")
    os.write(terminal, b"ls; exit 3\n")
    until("lost+found")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    os.close(terminal)


def test_a_mounted_volume_is_inspected(place: Place, tmp_path: Path) -> None:
    place.invoke("volume-create", *place.options, "--size=64M")
    place.invoke("volume-mount")
    point, image = place.media / "baby-x86_64", place.image("baby-x86_64")
    (point / "log").write_text("so far")
    (loop,) = [line.split()[0] for line in loops() if str(image) in line]
    for name in (loop, os.path.relpath(loop, place.folder.parent)):
        looked = place.invoke("volume-inspect", f"--device={name}", "--command=cat log; touch mine; exit 7", status=7)
        assert "so far" in looked.stdout
        assert "Read-only file system" in looked.stderr
    assert f"{tmp_path}/ruckus-" not in Path("/proc/self/mountinfo").read_text()

    # One that was killed does not stand in the way; what it has mounted does, until a person has looked at it.
    inspecting = place.started("volume-inspect", f"--device={loop}", "--command=echo begun; exec sleep 100")
    assert inspecting.stdout is not None
    assert inspecting.stdout.readline() == "begun\n"
    os.killpg(inspecting.pid, signal.SIGKILL)
    inspecting.wait()
    (left,) = [
        line.split()[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if f"{tmp_path}/ruckus-" in line
    ]
    refused = place.invoke("volume-inspect", f"--device={loop}", "--command=true", status=1)
    assert f"is mounted on {left}" in refused.stderr
    subprocess.run(["umount", left], check=True)
    Path(left).rmdir()
    place.invoke("volume-inspect", f"--device={loop}", "--command=true")
    (point / "log").write_text("and on")
    assert list((place.folder / "lent").iterdir()) == []

    # SIGTERM ends it as Ctrl-C does, and takes everything back.
    inspecting = place.started("volume-inspect", f"--device={loop}", "--command=echo begun; exec sleep 100")
    assert inspecting.stdout is not None
    assert inspecting.stdout.readline() == "begun\n"
    os.killpg(inspecting.pid, signal.SIGTERM)
    assert inspecting.wait() != 0


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
