# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a person has put into a folder: not those that editors and other systems leave there."""

from pathlib import Path


def visible(folder: Path, *patterns: str) -> list[Path]:
    """The paths below a folder that match a pattern, sorted.

    Args:
        folder: Where people keep files, such as recipes.
        patterns: As for Path.glob. They never match what is hidden (`.#x.py` is Emacs's lock, a link to nowhere; macOS
            creates `._x.py`), an editor's copy (`#x.py#`, `x.py~`), or anything in such a folder.
    """
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    return sorted(path for path in found if not any(map(_is_left, path.relative_to(folder).parts)))


def _is_left(name: str) -> bool:
    return name.startswith((".", "#")) or name.endswith("~")
