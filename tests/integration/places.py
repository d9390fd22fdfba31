# SPDX-License-Identifier: GPL-3.0-or-later
"""Build folders with volumes on loop devices, and what looks after them."""

import json
import subprocess
import sys
from pathlib import Path

from integration.real import TOP, run


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
