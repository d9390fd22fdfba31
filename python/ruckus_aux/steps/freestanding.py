# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step that says it is freestanding may not install: paths of its own architecture's toolchain and system."""

from collections.abc import Iterable
from pathlib import Path

from ruckus_aux.host.trees import listing
from ruckus_aux.words.errors import RuckusError

_CHANCE = 6  # bytes that may stand in a large file by chance: a shorter prefix is not looked for


def check_freestanding(artifact: Path, prefixes: Iterable[str], recipe: Path) -> None:
    """Look for prefixes in the files of an artifact, which build directories with other prefixes would get, too.

    Args:
        artifact: What the step has installed.
        prefixes: Those of its build directory.
        recipe: The file that describes it.

    Raises:
        RuckusError: There is one.
    """
    marks = [mark for prefix in prefixes if len(mark := f"{prefix}/".encode()) > _CHANCE]
    for name in listing(artifact):
        path = artifact / name
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if mark := next((mark for mark in marks if mark in content), b""):
                message = f"{recipe}: its step is not freestanding: /{name} has {mark.decode()} in it"
                raise RuckusError(message, "leave freestanding() out, or the path")
