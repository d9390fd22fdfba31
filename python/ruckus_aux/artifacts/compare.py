# SPDX-License-Identifier: GPL-3.0-or-later
"""Two trees that should be the same: what is different, file by file."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ruckus_aux.host.trees import FILE_KINDS, walk

_BLOCK = 1 << 20  # bytes of both files that are compared at a time


def differences(first: Path, second: Path) -> Iterator[str]:
    """What is different, sorted: all that intake.tree_hash sees, so none is left out when hashes differ.

    Args:
        first: A tree, called "the first" in what is said.
        second: The other one.
    """
    ones, others = dict(walk(first)), dict(walk(second))
    names, other_names = _first_names(ones), _first_names(others)
    for path in sorted({*ones, *others}):
        if path not in others:
            yield f"{path}: only in the first"
        elif path not in ones:
            yield f"{path}: only in the second"
        elif what := _difference(first / path, second / path, ones[path].st_mode, others[path].st_mode):
            yield f"{path}: {what}"
        elif names.get(path) != other_names.get(path):
            linked = (f"the same file as {one[path]}" if path in one else "a file" for one in (names, other_names))
            yield f"{path}: {' and '.join(linked)}"


def _difference(one: Path, other: Path, mode: int, other_mode: int) -> str:
    """What is different between two files of the same path."""
    kinds = [_kind(value) for value in (mode, other_mode)]
    if kinds[0] != kinds[1]:
        return f"a {kinds[0]} and a {kinds[1]}"
    if stat.S_ISLNK(mode):
        targets = os.readlink(one), os.readlink(other)
        return "" if targets[0] == targets[1] else f"links to {targets[0]} and {targets[1]}"
    if stat.S_IMODE(mode) != stat.S_IMODE(other_mode):
        return f"modes {stat.S_IMODE(mode):o} and {stat.S_IMODE(other_mode):o}"
    if stat.S_ISDIR(mode) or (place := _first_difference(one, other)) is None:
        return ""
    sizes = [path.stat().st_size for path in (one, other)]
    size = f"{sizes[0]} bytes" if sizes[0] == sizes[1] else f"{sizes[0]} and {sizes[1]} bytes"
    return f"{size}, different from byte {place + 1} on"


def _first_difference(one: Path, other: Path) -> int | None:
    """How many bytes of two files are the same until one is not; None when all are."""
    place = 0
    with one.open("rb") as file, other.open("rb") as other_file:
        while True:
            block, other_block = file.read(_BLOCK), other_file.read(_BLOCK)
            if block != other_block:
                return place + len(os.path.commonprefix([block, other_block]))
            if not block:
                return None
            place += len(block)


def _first_names(files: dict[str, os.stat_result]) -> dict[str, str]:
    """For each name of a file that has several in a tree, but the first of them, the first."""
    firsts: dict[int, str] = {}
    regular = sorted(path for path, status in files.items() if stat.S_ISREG(status.st_mode))
    return {path: first for path in regular if (first := firsts.setdefault(files[path].st_ino, path)) != path}


def _kind(mode: int) -> str:
    return FILE_KINDS.get(stat.S_IFMT(mode), "folder")
