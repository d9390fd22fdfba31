# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what only root can give a system, with the numbers that the system's own users have.

Recipes declare it (recipes/rights.py); `make bootstrap-install` applies it to $CLFS, and `make image` to an image.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ruckus_aux.host.trees import is_missing
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.step_name import StepName

Owners = tuple[int, int]  # user and group
ROOT: Owners = (0, 0)


class Node(NamedTuple):
    """A device node: "c" or "b", its numbers, and its mode."""

    kind: str
    major: int
    minor: int
    mode: int


@dataclass(frozen=True)
class Table:
    """By path below the root of the system: owners that are not root, all twelve bits of modes, and device nodes."""

    owners: dict[str, Owners] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)


def read_table(plan: Plan) -> Table:
    """The table of what is merged into $CLFS; before anything is, that of the profile, without names of users.

    Raises RuckusError, with all that is wrong, when it names an owner that the system does not know, or a file that it
    does not have, and when the recipe of something that is merged is broken.
    """
    root = plan.settings.clfs
    own = [stamp for stamp in stamps(plan.settings) if stamp.root == root]
    merged = {stamp.step for stamp in own}
    steps = plan.closure(name for name in merged if plan.knows(name)) if merged else plan.of_system()[0]
    users, groups = _Names(root / "etc/passwd"), _Names(root / "etc/group")
    table, mistakes = Table(), Mistakes()
    declared: dict[tuple[str, bool], StepName] = {}
    for step in steps:
        for right in step.rights if step.name in merged or not merged else ():
            path = right.path.lstrip("/")
            with mistakes.collected():
                other = declared.setdefault((path, bool(right.owner)), step.name)
                if other != step.name:
                    what = f"{other} and {step.name} both declare {right.path}"
                    raise RuckusError(what, "let one of the recipes do so")
                there = path.rpartition("/")[0] if right.device else path
                if merged and is_missing(root / there):
                    raise RuckusError(
                        f"{step.name} declares {right.path}, but the system has no /{there}", f"see {step.recipe}"
                    )
                if right.owner and (merged or right.owner.replace(":", "").isdecimal()):
                    table.owners[path] = _numbers(right.owner, users, groups)
                elif right.device and right.mode is not None:
                    table.nodes[path] = Node(*right.device, right.mode)
                elif right.mode is not None:
                    table.modes[path] = right.mode
    mistakes.check("mistakes in the table of owners, modes and device nodes")
    inherited = {
        path: table.owners[folder]
        for folder in sorted(table.owners)  # of two, the lower one is the last
        for stamp in own
        for path in _inside(folder, stamp.files)
    }
    return replace(table, owners=inherited | table.owners)


def _inside(folder: str, names: Iterable[str]) -> Iterator[str]:
    """What is in a folder, of files and empty directories: these, and the folders that they are in."""
    for name in names:
        if name.startswith(f"{folder}/"):
            path = name.rstrip("/")
            while path != folder:
                yield path
                path = os.path.dirname(path)


def declared_nodes(plan: Plan) -> dict[str, Node]:
    """The device nodes of the table, as far as recipes can be evaluated."""
    rights = (right for step in plan.steps.values() for right in step.rights)
    return {one.path.lstrip("/"): Node(*one.device, one.mode or 0) for one in rights if one.device}


class _Names:
    """Who is in a system's passwd or group file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
        self._fields = {fields[0]: fields for fields in (line.split(":") for line in lines) if len(fields) >= 4}

    def number(self, name: str, column: int = 2) -> int:
        """A number in a line of the file: that of its name, or in another column."""
        if name.isdecimal() and column == 2:
            return int(name)
        if name in self._fields:
            return int(self._fields[name][column])
        raise RuckusError(f"{self.path} knows no '{name}'", "add it there, in the recipe that installs it")


def _numbers(owner: str, users: _Names, groups: _Names) -> Owners:
    user, _, group = owner.partition(":")
    return users.number(user), groups.number(group) if group else users.number(user, 3)
