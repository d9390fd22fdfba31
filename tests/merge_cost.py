# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what it costs to merge one more step, by how many are merged already.

Usage: merge_cost.py FILES STEPS...: files of each step, and numbers of steps. Prints CPU seconds: of a merge by a new
process, which reads the stamps, and of that where nothing but the one before has changed, as in a build.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from golden.scripts import settings

from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.merge import merge
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.step_name import StepName


def artifact(folder: Path, step: str, files: int) -> Path:
    """A tree of empty files in a few folders."""
    for number in range(files):
        path = folder / f"tools/share/{step}/{number % 20}" / f"some-file-{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def merged(where: Settings, number: int, folder: Path, files: int) -> float:
    """Merge a step; returns CPU seconds."""
    step = Step(where, StepName(f"x86_64/cross/step{number}"))
    vars(step).update(key=f"{number:032x}", inputs={f"dependency {other}": f"{other:032x}" for other in range(number)})
    tree = artifact(folder, step.name.package, files)
    before = time.process_time()
    merge(step, tree)
    return time.process_time() - before


def main() -> None:
    """Do it."""
    files, *counts = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        where = replace(settings(ARCHITECTURES["x86_64"]), builddir=top, buildroot=top, clfs=top / "clfs")
        done = 0
        for count in counts:
            while done < count:
                merged(where, done, top / "artifacts" / str(done), files)
                done += 1
            cost = merged(where, done, top / "artifacts" / str(done), files)
            done += 1
            (index := top / "installed.sqlite").unlink(missing_ok=True)
            anew = merged(where, done, top / "artifacts" / str(done), files)
            done += 1
            size = index.stat().st_size / 1e6 if index.exists() else 0.0
            print(f"{count} steps of {files} files: {cost:.2f} s, without an index {anew:.2f} s; it has {size:.1f} MB")


if __name__ == "__main__":
    main()
