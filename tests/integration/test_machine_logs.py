# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that are still in a machine: over ssh through a real sshd, and from a disk whose journal nobody has replayed."""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from support import sshd
from support.sshd import Sshd

from ruckus_aux.builders import reach
from ruckus_aux.builders.disk_logs import logs_on_image
from ruckus_aux.builders.guest_logs import LogFolder, fetch_logs
from ruckus_aux.builders.keys import keys_of
from ruckus_aux.builders.machine import Builder, Disk, Start
from ruckus_aux.builders.reach import Reach
from ruckus_aux.host.mounts import mounted
from ruckus_aux.host.root import HERE, Root
from ruckus_aux.reports import machines
from ruckus_aux.reports.collect import BuildDirectory, Collected, collect
from ruckus_aux.reports.machines import MachineLogs
from ruckus_aux.settings.journal import Journal, MachineRun
from ruckus_aux.words.errors import RuckusError

_START = Start("x86_64", "c0ffee00-0000-4000-8000-000000000001", 1.0, 1, 256, True, {}, by="2026-11-26T00:00:00Z")
_LOG = f"# run      {_START.run}\n# step     x86_64/stage2/%s\n# output:\n%s"
_ENVIRONMENT = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C"}
_BLOCK = 4096
_FEATURES = "none,has_journal,ext_attr,dir_index,filetype,extent,64bit,flex_bg,sparse_super,metadata_csum"


def debugfs(image: Path, *requests: str) -> str:
    script = image.with_name("requests")
    script.write_text("\n".join([*requests, ""]))
    command = ["debugfs", "-w", "-f", str(script), str(image)]
    done = subprocess.run(command, env=_ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout


def blocks_of(image: Path) -> list[bytes]:
    data = image.read_bytes()
    return [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Path, bytes]:
    """A disk as a machine leaves it that is killed: a log is known to the journal only. And the log's content."""
    image, later, log = tmp_path / "disk.ext4", tmp_path / "later", tmp_path / "log"
    content = (_LOG % ("a", "".join(f"{line}\n" for line in range(9000)))).encode()
    log.write_bytes(content)
    with image.open("wb") as file:
        file.truncate(32 << 20)
    make = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", str(_BLOCK), "-O", _FEATURES, "-J", "size=4", str(image)]
    subprocess.run(make, env={**_ENVIRONMENT, "MKE2FS_CONFIG": "/dev/null"}, check=True)
    debugfs(image, "mkdir /ruckus-build", "mkdir /ruckus-build/native")
    later.write_bytes(image.read_bytes())
    path = "/ruckus-build/native/log/x86_64.stage2.a.log"
    told = debugfs(later, "mkdir /ruckus-build/native/log", f"write {log} {path}", f"blocks {path}")
    own = [int(word) for word in told.splitlines()[-1].split()]
    before, after = blocks_of(image), blocks_of(later)
    with image.open("r+b") as file:  # as data=ordered has it
        for block in own:
            file.seek(block * _BLOCK)
            file.write(after[block])
    journaled = [
        number for number, block in enumerate(after) if number and number not in own and block != before[number]
    ]
    (tmp_path / "journaled").write_bytes(b"".join(after[number] for number in journaled))
    debugfs(image, "jo", f"jw -b {','.join(map(str, journaled))} {tmp_path / 'journaled'}", "jc")
    return image, content


def test_a_disk_is_read_as_its_journal_has_it_and_not_a_byte_changes(
    killed: tuple[Path, bytes], tmp_path: Path
) -> None:
    image, content = killed
    before = image.read_bytes()
    assert "a.log" not in debugfs(tmp_path / "later", "quit")
    with logs_on_image(image) as place:
        found = fetch_logs(place, "x86_64", tmp_path / "fetched")
        assert [(log.step, path.read_bytes()) for log, path in found.logs] == [("x86_64/stage2/a", content)]
        found.logs[0][1].write_bytes(content[:5000])  # what ssh had brought before
        again = fetch_logs(place, "x86_64", tmp_path / "fetched")
        assert [path.read_bytes() for _, path in again.logs] == [content]
    assert image.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["disk.ext4", "fetched", "journaled", "later", "log", "requests"]


def test_a_disk_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "disk.ext4").write_bytes(bytes(1 << 20))
    with pytest.raises(RuckusError, match="e2image"), logs_on_image(tmp_path / "disk.ext4"):
        pass
    assert os.listdir(tmp_path) == ["disk.ext4"]


@dataclass
class Guest:
    """A builder of which there are an ssh server and a disk, or not."""

    folder: Path
    way: Reach | None = None
    image: Path | None = None
    root: Root | None = None
    name: str = "x86_64"
    kind: str = "played"

    def reach(self) -> Reach | None:
        return self.way

    def disk(self) -> Disk:
        if self.image is None:
            raise RuckusError("its disk is away")
        return Disk(str(self.image), self.root)


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    made = Guest(tmp_path / "build/builder")
    made.folder.mkdir(parents=True)
    _START.write(made.folder)
    (made.folder / "console.log").write_text("Linux version\nAPI_TOKEN=hidden\n")
    return made


def collected(guest: Guest, tmp_path: Path) -> tuple[dict[str, Collected], list[str]]:
    """By file, what was collected of the one run, and what was not."""
    home = BuildDirectory("x86_64", tmp_path / "build")
    found, unreadable = collect(
        [home, MachineLogs("x86_64", home.folder, lambda: cast(Builder, guest))], tmp_path / "logs"
    )
    assert list(found) == [_START.by]
    index = json.loads((tmp_path / "logs" / _START.by / "index.json").read_text())
    assert {line["file"] for line in index["logs"]} >= {line.file for line in found[_START.by]}
    return {line.file: line for line in found[_START.by]}, unreadable


@pytest.mark.skipif(not sshd.PROGRAM, reason="needs sshd")
def test_a_running_machine_is_read_over_ssh_and_then_its_disk(
    guest: Guest, killed: tuple[Path, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, copies = tmp_path / "inside", tmp_path / "logs" / _START.by / "x86_64"
    inside.mkdir()
    (inside / "x86_64.stage2.b.log").write_text(_LOG % ("b", "half"))
    (inside / "x86_64.stage2.link.log").symlink_to("/etc/passwd")
    monkeypatch.setattr(machines, "LogFolder", partial(LogFolder, folder=str(inside)))
    with sshd.running(tmp_path / "sshd") as server:
        guest.way = way_to(server, guest, monkeypatch)
        found, unreadable = collected(guest, tmp_path)
        assert unreadable == []
        assert found.keys() == {"x86_64/builder/console.log", "x86_64/stage2/b.log"}
        assert found["x86_64/stage2/b.log"].machine == "x86_64, played, over ssh"
        assert found["x86_64/builder/console.log"].blanked == 1
        with (inside / "x86_64.stage2.b.log").open("a") as log:
            log.write(" and half\n\n# end      now\n# status   0\n")
        found, _ = collected(guest, tmp_path)
        assert found["x86_64/stage2/b.log"].status == 0
        assert [path.name for path in (copies / "stage2").iterdir()] == ["b.log"]
        assert (copies / "stage2/b.log").read_bytes() == (inside / "x86_64.stage2.b.log").read_bytes()
        guest.way.config.parent.joinpath("keys/known_hosts").write_text("builder-x86_64 ssh-ed25519 AAAA\n")
        assert "host key" in "".join(collected(guest, tmp_path)[1])
    found, unreadable = collected(guest, tmp_path)
    assert found.keys() == {"x86_64/builder/console.log"}
    assert [line.count("its disk is away") for line in unreadable] == [1]
    guest.image, content = killed
    found, unreadable = collected(guest, tmp_path)
    assert (found["x86_64/stage2/a.log"].machine, unreadable) == ("x86_64, played, from its disk", [])
    assert (copies / "stage2/a.log").read_bytes() == content
    guest.way = None
    home = tmp_path / "build/log/x86_64/stage2/a.log"
    home.parent.mkdir(parents=True)
    home.write_bytes(content)  # when it has come home, it is no more the machine's
    Journal(tmp_path / "build/journal.sqlite").add(
        MachineRun(_START.by, "x86_64", "played", _START.run, 1.0, 2.0, "ok: 1 steps")
    )
    assert collected(guest, tmp_path)[0]["x86_64/stage2/a.log"].machine == "x86_64, played"


def way_to(server: Sshd, guest: Guest, monkeypatch: pytest.MonkeyPatch) -> Reach:
    """How a server is reached that stands for a machine's."""
    keys = keys_of(guest.folder, "x86_64")
    (server.folder / "user_key.pub").write_text((keys / "home/authorized_keys").read_text())
    (keys / "known_hosts").write_text(f"builder-x86_64 {(server.folder / 'host_key.pub').read_text()}")
    monkeypatch.setattr(reach, "_TEXT", reach._TEXT.replace("User root", f"User {server.user}"))
    return reach.reach(guest.folder, "x86_64", "127.0.0.1", server.port)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_what_only_root_may_mount_is_read_in_a_copy(guest: Guest, killed: tuple[Path, bytes], tmp_path: Path) -> None:
    guest.image, guest.root = tmp_path / "later", Root(Journal(tmp_path / "journal.sqlite"), "run")
    before = guest.image.read_bytes()
    found, unreadable = collected(guest, tmp_path)
    assert (found["x86_64/stage2/a.log"].machine, unreadable) == ("x86_64, played, from its disk", [])
    assert (tmp_path / "logs" / _START.by / "x86_64/stage2/a.log").read_bytes() == killed[1]
    assert guest.image.read_bytes() == before
    assert not [mount for mount in mounted() if str(tmp_path) in mount.source]


def test_a_folder_without_logs(tmp_path: Path) -> None:
    assert fetch_logs(LogFolder("here", HERE, str(tmp_path / "none")), "x86_64", tmp_path / "fetched").logs == []
