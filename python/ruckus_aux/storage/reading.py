# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount a device that is only read: nothing is written to it, not even a replay of its journal."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.root import Root
from ruckus_aux.host.signals import held_back
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import PAUSES, signature
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command


@dataclass(frozen=True)
class Reading:
    """How a type of file system is mounted without a replay of its journal.

    option: for mount; an unknown type is mounted as it is, and fails if it must write.
    due: what commands.describe prints of one that waits for a replay, as a regular expression; "" if nothing does.
    journal: whether it has one.
    """

    option: str = ""
    due: str = ""
    journal: bool = True


_READINGS = {
    "ext3": Reading("noload", "needs_recovery"),
    "ext4": Reading("noload", "needs_recovery"),
    "xfs": Reading("norecovery,nouuid", "<DIRTY>"),
    "btrfs": Reading("rescue=nologreplay", r"^log_root\s+[1-9]"),
    "f2fs": Reading("norecovery"),
    "nilfs2": Reading("norecovery"),
    **dict.fromkeys(("ext2", "squashfs", "erofs", "iso9660", "vfat"), Reading(journal=False)),
}


class StillInUse(RuckusError):
    """A device that was lent can't be released yet."""


def reading_options(kind: str) -> list[str]:
    """With which options a type of file system is mounted so that nothing is written to it."""
    return list(filter(None, ("ro", _READINGS.get(kind, Reading()).option)))


@contextmanager
def mounted_read_only(access: Root, path: str, point: Path) -> Iterator[list[str]]:
    """Mount a device that was lent for reading, so that not even a journal is replayed.

    Args:
        access: Who runs commands as root.
        path: Of the device or image.
        point: A folder.

    Yields:
        Warnings about what may be outdated.

    Raises:
        RuckusError: It can't be mounted without a replay.
    """
    content = signature(access, path)
    if content is None:
        raise RuckusError(f"{path} holds no file system that blkid knows", "see what it is: blkid --probe")
    warnings = _replay_due(access, path, content.kind)
    options = [*reading_options(content.kind), *(["loop"] if os.path.isfile(path) else [])]
    with ExitStack() as stack:
        with held_back():
            access.run(commands.mount(path, point, content.kind, options))
            stack.callback(_unmount, access, path, point)
        yield warnings


def _unmount(access: Root, path: str, point: Path) -> None:
    for pause in PAUSES:
        status, output = access.run(commands.unmount(point), check=False)
        if status == 0:
            return
        if "busy" in output:
            time.sleep(pause)
    try:
        access.run(commands.unmount(point))
    except RuckusError as error:
        folder = f"--build-dir={access.journal.path.parent}"
        release = invoke_command("volume-release", folder, f"--device={path}")
        hint = f"{error.hint}\nsee who uses it: fuser -vm {point}; then: umount {point}\n{release}"
        raise StillInUse(f"{path} is still mounted on {point}", hint) from error


def _replay_due(access: Root, path: str, kind: str) -> list[str]:
    """What a person has to know before trusting the contents of a file system that is mounted in this way."""
    reading = _READINGS.get(kind, Reading())
    if not reading.journal:
        return []
    if not reading.due:
        return [f"{path}: if its {kind} was not cleanly unmounted, files may look old or be missing"]
    _, output = access.ask(commands.describe(kind, path), check=False)
    if not re.search(reading.due, output, re.MULTILINE):
        return []
    text = "was not cleanly unmounted; its journal is not replayed, so files may look old or be missing"
    return [f"{path}: its {kind} {text}"]
