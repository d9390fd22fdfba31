# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with block devices that are not there: /sys, /proc and the answers of root's commands."""

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.host import commands, mounts, root
from ruckus_aux.storage import devices, lvm, xen
from ruckus_aux.storage.devices import Device


class Status:
    """Of a block device."""

    st_mode, st_rdev, st_ino, st_dev = 0o060660, os.makedev(253, 7), 77, 5


class Machine:
    """What is there, and what root was asked to do."""

    def __init__(self, folder: Path, fp: FakeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sys, self.proc = folder / "sys", folder / "proc"
        self.volumes: dict[str, dict[str, str]] = {}  # rows of lvs
        self.content: dict[str, str] = {}  # what blkid prints of a path
        self.busy: set[str] = set()  # what can't be opened exclusively
        self.xen = ""  # what xenstore-ls prints
        self.loops: list[dict[str, str | int]] = []  # what losetup lists
        self.asked: list[str] = []  # all commands
        self.failing: dict[str, int] = {}  # programs that fail, with their exit status
        self.done: list[str] = []  # commands that change something
        (self.sys / "dev/block").mkdir(parents=True)
        (self.proc / "1").mkdir(parents=True)
        (self.proc / "swaps").write_text("Filename Type Size Used Priority\n")
        self.mount_table("")
        monkeypatch.setattr(devices, "_SYS", self.sys / "dev/block")
        monkeypatch.setattr(devices, "_PROC", self.proc)
        monkeypatch.setattr(xen, "_XEN", self.proc / "xen-capabilities")
        monkeypatch.setattr(mounts, "MOUNTINFO", self.proc / "mountinfo")
        monkeypatch.setattr(root, "program", lambda name: f"/sbin/{name}")
        monkeypatch.setattr(root, "only_roots", lambda folder: None)  # whoever runs the tests
        monkeypatch.setattr(lvm, "device", lambda path: Device(path, "253:7"))
        real = os.stat
        volume = Status()  # every logical volume is device 253:7
        monkeypatch.setattr("os.stat", lambda path, **k: volume if self._is_volume(path) else real(path, **k))
        self.mapped: dict[str, str] = {"/dev/mapper/vg00-ruckus": "ruckus"}  # what device mapper calls volumes
        monkeypatch.setattr("os.path.exists", self._exists)
        monkeypatch.setattr("os.geteuid", lambda: 0)
        monkeypatch.setattr(root, "run", self._run)
        self.fp = fp
        self.block("253:7", "dm-7")

    def block(self, numbers: str, name: str, **files: str) -> Path:
        """A block device in /sys, with files in its folder."""
        folder = self.sys / "devices" / name
        (folder / "holders").mkdir(parents=True)
        (self.sys / "dev/block" / numbers).symlink_to(folder)
        for file, text in {"dev": numbers, "ro": "0", "size": "2048", **files}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(f"{text}\n")
        return folder

    def mount_table(self, ours: str, others: str = "") -> None:
        """What is mounted here, and in the mount namespace of another process."""
        (self.proc / "mountinfo").write_text(ours)
        (self.proc / "1" / "mountinfo").write_text(others)

    def logical_volume(self, name: str, tags: str = "ruckus", origin: str = "", size: int = 2**30) -> None:
        row = {
            "vg_name": "vg00",
            "lv_name": name,
            "lv_size": str(size),
            "lv_tags": tags,
            "origin": origin,
            "pool_lv": "",
        }
        self.volumes[name] = row

    def _is_volume(self, path: object) -> bool:
        name = self.mapped.get(str(path), str(path).removeprefix("/dev/vg00/"))
        return str(path).startswith("/dev/") and name in self.volumes

    def _exists(self, path: str) -> bool:
        return os.access(path, os.F_OK) or self._is_volume(path)

    def _run(self, command: Sequence[str | Path], **options: Any) -> tuple[int, str]:
        """Register a command's answer, which depends on what was done before, and run it as ever."""
        name, *words = [str(word) for word in command]
        name = Path(name).name
        answer: Callable[[list[str]], tuple[int, str]] = getattr(self, f"_{re.sub('[-.]', '_', name)}", self._changed)
        self.asked.append(" ".join([name, *words]))
        if name not in ("lvs", "blkid", "wipefs", "xenstore-ls", "dumpe2fs", "xfs_logprint") and words[0] != "--list":
            self.done.append(" ".join([name, *words]))
        status, output = (self.failing[name], "no luck\n") if name in self.failing else answer(words)
        self.fp.register(list(command), returncode=status, stdout=output)
        return commands.run(command, **options)

    def _changed(self, words: list[str]) -> tuple[int, str]:
        return 0, ""

    def _lvs(self, words: list[str]) -> tuple[int, str]:
        where = words[-1]
        rows = [row for name, row in self.volumes.items() if where in ("vg00", f"/dev/vg00/{name}")]
        return 0, json.dumps({"report": [{"lv": rows}]})

    def _lvcreate(self, words: list[str]) -> tuple[int, str]:
        origin = words[-1].partition("/")[2] if "--snapshot" in words else ""
        name = words[words.index("--name") + 1]
        self.logical_volume(name, origin=origin)
        if content := self.content.get(f"/dev/vg00/{origin}"):
            self.content[f"/dev/vg00/{name}"] = content
        return 0, ""

    def _lvremove(self, words: list[str]) -> tuple[int, str]:
        name = words[-1].partition("/")[2]
        del self.volumes[name]
        self.content.pop(f"/dev/vg00/{name}", None)
        return 0, ""

    def _mkfs_ext4(self, words: list[str]) -> tuple[int, str]:
        self.content[words[-1]] = f"TYPE=ext4\nUUID={words[words.index('-U') + 1]}\n"
        return 0, ""

    def _blkid(self, words: list[str]) -> tuple[int, str]:
        text = self.content.get(words[-1], "")
        return (0 if text else 2), text

    def _wipefs(self, words: list[str]) -> tuple[int, str]:
        return (1, "wipefs: error: Device or resource busy\n") if words[-1] in self.busy else (0, "")

    def _losetup(self, words: list[str]) -> tuple[int, str]:
        return 0, json.dumps({"loopdevices": self.loops}) if words[0] == "--list" else ""

    def _xenstore_ls(self, words: list[str]) -> tuple[int, str]:
        return 0, self.xen
