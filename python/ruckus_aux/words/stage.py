# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a build, in order: all that is known of a stage stands here, except what recipes get by default."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Stage:
    """One stage of the CLFS book, or what comes before it.

    name: as recipes, steps' names and `--until` say it.
    title: of a step that has none of its own, with the package's name for {}.
    prefix: which of PREFIX_HOSTPREP, PREFIX_CROSS and PREFIX_TOOLS its packages are configured for; or /usr.
    runs_on: the machine that its programs run on, for --build and --host.
    makes_for_target: whether its programs make what runs on the target, for --target.
    cross_in_path: whether PREFIX_CROSS/bin is in PATH.
    root: the folder that its artifacts are merged into: $CLFS, that of the final system, or, for what is common to all
        architectures and no part of a system, $BUILDROOT.
    sees: what its steps see besides what they need. "host": the host's /usr; then their keys know the host. Otherwise
        the temporary system runs them, with nothing of the host but the kernel, and they need all of it: "system", as
        it is; or "programs": what runs in PREFIX_TOOLS, but nothing that is compiled or linked with.
    documented: whether what it installs keeps its documentation.
    goal: make's goal, and that of ruckus' commands, that includes it, and with it all goals before.
    until: what `--until` calls the end of it.
    installs: whether its steps are built for their own sake; a source is unpacked only when something is built from it.
    """

    name: str
    title: str
    prefix: Literal["hostprep", "cross", "tools", "usr"]
    runs_on: Literal["build machine", "target"]
    makes_for_target: bool = False
    cross_in_path: bool = True
    root: Literal["buildroot", "clfs", "final"] = "clfs"
    sees: Literal["host", "system", "programs"] = "host"
    documented: bool = False
    goal: Literal["hostprep", "bootstrap", "stage2", "final"] = "bootstrap"
    until: str = ""
    installs: bool = True

    @property
    def of_system(self) -> bool:
        """Whether it is a part of a system: its steps are called ARCH/STAGE/PACKAGE, and otherwise STAGE/PACKAGE."""
        return self.root != "buildroot"

    @property
    def sees_host(self) -> bool:
        """Whether its steps run where the host's /usr can be seen."""
        return self.sees == "host"


_HOSTPREP = Stage(
    name="hostprep",
    title="{}, for the host",
    prefix="hostprep",
    runs_on="build machine",
    cross_in_path=False,
    root="buildroot",
    goal="hostprep",
    until="hostprep",
)
_CROSS = Stage(
    name="cross",
    title="{} of the cross toolchain",
    prefix="cross",
    runs_on="build machine",
    makes_for_target=True,
    until="cross",
)
_STAGE1 = Stage(
    name="stage1",
    title="{} of the temporary system",
    prefix="tools",
    runs_on="target",
    until="bootstrap",
)
_STAGE2 = Stage(
    name="stage2",
    title="{}, built by the system itself",
    prefix="tools",
    runs_on="target",
    cross_in_path=False,
    sees="system",
    goal="stage2",
    until="stage2",
)
_FINAL = Stage(
    name="final",
    title="{} of the final system",
    prefix="usr",
    runs_on="target",
    cross_in_path=False,
    root="final",
    sees="programs",
    documented=True,
    goal="final",
    until="final",
)
STAGES = {
    stage.name: stage for stage in (_HOSTPREP, _CROSS, _STAGE1, _STAGE2, _FINAL)
}  # what recipes have steps of, in order
GOALS = tuple(dict.fromkeys(stage.goal for stage in STAGES.values()))
# Where a build ends: by default when the system has booted. What that builds itself comes after it.
UNTIL = (
    *("configure", "download"),
    *(stage.until for stage in STAGES.values() if stage.sees_host),
    *("install", "boot"),
    *(stage.until for stage in STAGES.values() if not stage.sees_host),
)
# Steps that only unpack and patch, for steps of other stages.
SOURCE = Stage(
    name="source",
    title="{}'s source, unpacked and patched",
    prefix="hostprep",
    runs_on="build machine",
    cross_in_path=False,
    installs=False,
)
# What a finished system is tried with, by its own programs: recipes have no steps of it.
CHECK = replace(
    _STAGE2, name="check", title="{}, made by the system itself", goal="bootstrap", until="", installs=False
)
