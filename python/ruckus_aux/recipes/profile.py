# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: which steps make a system, as lists in the order of the book's table of contents."""

import tomllib
from pathlib import Path

from ruckus_aux.words.errors import RuckusError


def profile_path(folder: Path, name: str) -> Path:
    """Where a folder of recipes has a profile.

    Args:
        folder: The folder.
        name: The profile's.
    """
    return folder / "profiles" / f"{name}.toml"


def read_profile(path: Path) -> tuple[str, tuple[str, ...]]:
    """The profile that a profile's file says its own steps come after, or "", and these.

    They are STAGE/PACKAGE, for all ABIs; none if there is no such profile yet.

    Raises RuckusError when it can't be read.
    """
    try:
        profile = tomllib.loads(path.read_text())
        after, steps = profile.get("after", ""), profile["steps"]
    except FileNotFoundError:
        return "", ()
    except (ValueError, KeyError) as error:
        raise RuckusError(f"{path}: {error}", 'it is a list: steps = ["stage1/busybox", ...]') from error
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        raise RuckusError(f"{path}: 'steps' is not a list of names", 'for instance: steps = ["stage1/busybox"]')
    if not isinstance(after, str):
        raise RuckusError(f"{path}: 'after' is not the name of a profile", 'for instance: after = "clfs"')
    return after, tuple(steps)
