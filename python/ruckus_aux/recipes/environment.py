# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step's script begins with, and finds in its environment: the same for everybody, and part of its key."""

from collections.abc import Mapping
from pathlib import Path

from ruckus_aux.host.commands import STEP_ENVIRONMENT
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.stage import Stage

# gcc and others look at the clock; a tree that is the same must have the same times.
SOURCE_DATE_EPOCH = 1577836800  # 2020-01-01
BEGINNING = ("#!/bin/sh", "set -eu", "umask 022")


def step_environment(settings: Settings, stage: Stage, work: Path, jobserver: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a step.

    Args:
        settings: Of the build directory.
        stage: The step's. Before there is a cross toolchain, its prefix is not in PATH, and so not in the step's key.
        work: Its working folder as the script sees it.
        jobserver: MAKEFLAGS with the run's jobserver, or nothing.
    """
    return {
        **STEP_ENVIRONMENT,
        "PATH": _search_path(settings, stage),
        "HOME": str(work),
        "SHELL": "/bin/sh",
        "CONFIG_SHELL": "/bin/sh",
        "TMPDIR": "/tmp",
        "V": "1",  # to automake's makefiles: the log has the compilers' whole command lines
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "SOURCES": str(work / "sources"),
        "FILES": str(work / "files"),
        "SRC": str(work / "src"),
        "BUILD": str(work / "build"),
        "OUT": str(work / "out"),
        **jobserver,
    }


def _search_path(settings: Settings, stage: Stage) -> str:
    tools = settings.prefix_tools
    if stage.sees == "programs":  # where the temporary ones have links, until there are others
        return "/usr/bin:/usr/sbin"
    if not stage.sees_host:
        return f"/bin:/usr/bin:/sbin:/usr/sbin:{tools}/bin:{tools}/sbin"  # as in the system's /etc/profile
    cross = f"{settings.prefix_cross}/bin:" if stage.cross_in_path else ""
    return f"{cross}{settings.prefix_hostprep}/bin:{STEP_ENVIRONMENT['PATH']}"
