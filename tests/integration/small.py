# SPDX-License-Identifier: GPL-3.0-or-later
"""A source tree with one small recipe, which takes no time to build, for tests of what happens around a step."""

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from integration.real import TOP, clean_environment
from unit.samples import configured

STEP = "x86_64/cross/small"
RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("small")

@recipe.step("cross")
def cross(sh):
    '''a step'''
    {source}
    sh.sh({text!r})
"""
COSTS = """
machine = "none"
date = 2026-01-01
[steps]
"cross/small" = { cpu = 1, memory = 1 }
"""
INSTALL = 'mkdir -p "$OUT/bin"; echo {} > "$OUT/bin/small"'
WAIT = 'touch "$HOME/begun"; while [ ! -e "$HOME/go" ]; do sleep 0.05; done; '


class Small:
    """A source tree with one small recipe, and its build directories with a common cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "src/packages/profiles").mkdir(parents=True)
        (folder / "src/packages/profiles/tiny.toml").write_text('steps = ["cross/small"]')
        (folder / "src/packages/costs.toml").write_text(COSTS)
        (folder / "mirror").mkdir()
        (folder / "src/packages/sources.toml").write_text("")
        self.running: list[subprocess.Popen[str]] = []

    def recipe(self, text: str, source: str = "") -> None:
        (self.folder / "src/packages/small.py").write_text(RECIPE.format(text=text, source=source))

    def builddir(self, name: str = "one", isolation: str = "bwrap", arch: str = "x86_64") -> Path:
        build = self.folder / name
        if not build.exists():
            build.mkdir()
            configured(
                build,
                srcdir=str(self.folder / "src"),
                buildroot=str(build),
                clfs=str(build / "baby"),
                cache=str(self.folder / "cache"),
                arch=arch,
                isolation=isolation,
                mirrors=str(self.folder / "mirror"),
                hostprep_tools="",
            )
            ruckus = build / "ruckus"  # as make calls it
            ruckus.write_text(f'#!/bin/sh\nexec {sys.executable} -m ruckus_aux "$@"\n')
            ruckus.chmod(0o755)
        return build

    def start(
        self, *command: str, name: str = "one", isolation: str = "bwrap", within: Sequence[str] = (), **more: str
    ) -> "subprocess.Popen[str]":
        """Start a command of ruckus, by default the step; within: words of a command that runs it."""
        build = self.builddir(name, isolation)
        environment = {**clean_environment(), "PYTHONPATH": str(TOP / "python"), "RUCKUS_BUILDDIR": str(build), **more}
        pipe = subprocess.PIPE
        words = [*within, sys.executable, "-m", "ruckus_aux", *(command or ("step", STEP))]
        self.running.append(subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True))
        return self.running[-1]

    def run(self, *command: str, status: int = 0, **options: Any) -> str:
        process = self.start(*command, **options)
        output, errors = process.communicate(timeout=300)
        assert process.returncode == status, output + errors
        return output + errors

    def work(self, name: str = "one") -> Path:
        return self.folder / name / "work" / STEP

    def artifacts(self) -> list[Path]:
        return sorted((self.folder / "cache/store").glob("*/bin/small"))

    def outcomes(self, name: str = "one") -> list[tuple[str, str]]:
        with sqlite3.connect(self.folder / name / "journal.sqlite") as journal:
            return journal.execute("SELECT outcome, reason FROM entry ORDER BY id").fetchall()
