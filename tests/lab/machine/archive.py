# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on their way into a root file system: archives in which all belongs to root, whoever has it here."""

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO


def pack(file: IO[bytes], files: Mapping[str, Path]) -> None:
    """Write a tar archive with files and folders under the names given, without what Python has compiled."""
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, path in files.items():
            archive.add(path, arcname=name, filter=_plain)


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """An entry whose owner and mode do not come from this machine's users and umask."""
    if "__pycache__" in Path(info.name).parts:
        return None
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return info
