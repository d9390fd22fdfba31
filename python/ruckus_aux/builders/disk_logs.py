# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs on a disk that is an image file, which is only read: without root, and without a mount.

A machine that was killed has left its last minute in the journal of its file system: names of files, and where they
are. So what the file system says of its files is copied, some megabytes; there, the journal is replayed, and then the
content of the logs is taken from the places that this copy names.
"""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ruckus_aux.builders.guest_logs import LARGEST, LOGS, Listed
from ruckus_aux.host.commands import run
from ruckus_aux.host.hosts import PATH, Host
from ruckus_aux.host.root import HERE

_BLOCK = 4096  # bytes, as systems/image.py makes it
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "DEBUGFS_PAGER": "cat"}
_FILE = r"/([0-9]+)/100[0-7]+/[0-9]+/[0-9]+/([^/]+)/([0-9]+)/"  # as `ls -p` of debugfs has it; the first is the inode


@dataclass(frozen=True)
class LogDisk:
    """A file system whose journal was replayed; debugfs(8) reads it."""

    image: Path
    how: str = "from its disk"
    host: Host = HERE

    def listing(self) -> Sequence[str]:  # noqa: D102 - as LogPlace says; so for the others
        wanted = shlex.quote(rf"s,^{_FILE}$,\1 \3 \2,p")
        return ["sh", "-c", f"{shlex.join(self.debugfs(f'ls -p {LOGS}'))} | sed -nE {wanted}"]

    def content(self, log: Listed, offset: int) -> Sequence[str]:  # noqa: D102
        return ["sh", "-c", f"{shlex.join(self.debugfs(f'cat <{log.inode}>'))} | tail -c +{offset + 1}"]

    def debugfs(self, request: str) -> list[str]:
        """The words of a request; bitmaps are not looked at, which would refuse a disk that was not unmounted."""
        variables = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        return ["env", *variables, "debugfs", "-c", "-R", request, str(self.image)]


@contextmanager
def logs_on_image(image: Path) -> Iterator[LogDisk]:
    """What of an image's file system has to do with logs, in a copy that is removed afterwards."""
    with TemporaryDirectory(dir=image.parent, prefix="logs-") as folder:
        copy = LogDisk(Path(folder) / image.name)
        run(["e2image", "-r", image, copy.image], env=_ENVIRONMENT)
        run(["e2fsck", "-y", "-E", "journal_only", copy.image], env=_ENVIRONMENT)
        _, listing = run(copy.debugfs(f"ls -p {LOGS}"), check=False)  # there may be none yet
        with image.open("rb") as source, copy.image.open("r+b") as target:
            for inode, *_ in re.findall(rf"^{_FILE}$", listing, re.MULTILINE):
                for block in _blocks(copy, inode)[: LARGEST // _BLOCK]:
                    os.pwrite(target.fileno(), os.pread(source.fileno(), _BLOCK, block * _BLOCK), block * _BLOCK)
        yield copy


def _blocks(copy: LogDisk, inode: str) -> list[int]:
    """The numbers of the blocks that a file has."""
    _, text = run(copy.debugfs(f"blocks <{inode}>"))
    return [int(word) for word in text.split() if word.isdecimal()]  # but for what debugfs calls itself
