# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of tasks.py and volume_tasks.py share: how errors are told, and what options mean."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

from invoke import Exit

from ruckus_aux.entry.console import ended
from ruckus_aux.words.architecture import ARCHITECTURES

ARCHS = ",".join(ARCHITECTURES)
ARCH_NAMES = f"architectures, separated by commas: {ARCHS}"
ARCH_HELP = f"{ARCH_NAMES} (default: x86_64)"
DIR_HELP = "where to build (default: build in the current directory)"


def told(call: Callable[..., int | None]) -> Callable[..., None]:
    """A task's body: signals end it as Ctrl-C does, and its errors are told to a person, and become the exit status."""

    @functools.wraps(call)
    def wrapped(*arguments: object, **options: object) -> None:
        status = ended(
            lambda: call(*arguments, **options), "interrupted, everything is stopped; the same command continues"
        )
        if status:
            raise Exit(code=status)

    return wrapped


def folder_of(path: str) -> Path:
    """An absolute path without .. and links in it: configure would refuse it, and volumes are known by their paths."""
    return Path(os.path.realpath(path))
