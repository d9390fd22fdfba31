# SPDX-License-Identifier: GPL-3.0-or-later
"""What in the host decides the bytes that a step makes on it: its toolchain, its distribution, its tools."""

import platform
from functools import cache
from pathlib import Path

from ruckus_aux.host.commands import STEP_ENVIRONMENT, run

_TOOLCHAIN = (
    ("gcc", "--version"),
    ("g++", "--version"),
    ("ld", "--version"),
    ("getconf", "GNU_LIBC_VERSION"),
    ("make", "--version"),
)


@cache
def fingerprint() -> str:
    """What in the host decides the bytes that a step makes on it.

    That is compilers, linker and C library and, for everything else that a step can see in /usr, the distribution. It
    is part of the key of every step that sees the host, so that artifacts of another compiler are not taken for those
    of this one. The programs that a step runs are asked, whichever come first in this process's PATH.
    """
    return " | ".join([*(_first_line(*command) for command in _TOOLCHAIN), distribution()])


@cache
def distribution() -> str:
    """Name and release of the host's distribution, such as "debian 12": its updates don't change what tools print.

    A release without a number (Debian's testing) is known by its code name, or by the name alone.
    """
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{release['ID']} {release.get('VERSION_ID') or release.get('VERSION_CODENAME', '')}".strip()


@cache
def tool_version(name: str) -> str:
    """The version of a tool of the host that a step runs, called by the name of hostprep's recipe for it."""
    if name == "elfutils":  # a library: the name of its file has the version
        return Path(_first_line("gcc", "-print-file-name=libelf.so")).resolve().name
    return _first_line(name, "--version")


def _first_line(*command: str) -> str:
    """The first line that a command prints where steps run it; RuckusError when it is not there."""
    return run(command, env=STEP_ENVIRONMENT, replace_env=True, check=False)[1].partition("\n")[0]
