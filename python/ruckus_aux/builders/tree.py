# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine needs to build natively: the runner, and the same scripts, sources and files that a sandbox gets.

It belongs into /ruckus-build/native of the machine's disk: so the path is the same in an image, and on a volume that
has its build directory at /ruckus-build. Nothing else of the system depends on it but a line in /etc/rc. Beside it, in
/ruckus-build/shown, are trees: what this host has of that which steps see and the machine's system has not.
"""

import shlex
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from ruckus_aux.host.trees import remove
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.given import give_copy
from ruckus_aux.recipes.manifest import verify_source
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import logs
from ruckus_aux.steps.bubble import user_files
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSIDE

_GUEST = Path(__file__).parent / "guest"
_SCRIPTS = ("start", "runner", "step", "root")
PROGRAMS = "programs"  # the tree of the temporary system's, which builds the final one


def native_tree(settings: Settings, steps: Sequence[Step], folder: Path) -> dict[str, Path]:
    """Write down what a machine needs to make some steps.

    Args:
        settings: Of the build directory.
        steps: Those that it makes, each after what it needs. What else they need, its system has.
        folder: Where the files are written; what is there is replaced.

    Returns:
        Files by their paths below NATIVE: in the folder, and sources in the cache, which are verified.

    Raises:
        RuckusError: A step can't be made in a machine, or a source is not what the manifest says.
    """
    _check(steps)
    remove(folder)
    folder.mkdir(parents=True)
    for name in _SCRIPTS:
        shutil.copyfile(_GUEST / name, folder / name)
    _write(folder / "machine", settings.arch.machine)
    for name, text in user_files().items():
        _write(folder / "etc" / name, text)
    _write(folder / "steps.mk", _rules(steps))
    sources: dict[str, Path] = {}
    for step in steps:
        sources |= _write_step(step, folder / "steps" / step.name.dotted)
    written = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return written | sources


def _check(steps: Collection[Step]) -> None:
    for step in steps:
        if step.stage.sees_host or not step.installs:
            raise RuckusError(f"{step.name} needs the host", "only native steps can be made by a machine of its own")


def has_root(step: Step) -> bool:
    """Whether a step does not see the system of its machine, but a root of its own."""
    return step.stage.sees == "programs"


def in_root(step: Step) -> list[Step]:
    """The steps whose artifacts a step's own root has, besides the temporary system's programs."""
    return [need for need in step.needs[step.implied :] if need.installs] if has_root(step) else []


def _rules(steps: Sequence[Step]) -> str:
    """A makefile; a step comes after those of its needs that are made in the machine, too."""
    names = {step: step.name.dotted for step in steps}
    lines = [f".PHONY: all {' '.join(names.values())}", f"all: {' '.join(names.values())}"]
    for step, name in names.items():
        needs = " ".join(names[need] for need in step.needs if need in names)
        lines += [f"{name}:{' ' + needs if needs else ''}", "\t+@sh ./step $@"]
    return "\n".join(lines)


def _write_step(step: Step, folder: Path) -> dict[str, Path]:
    """Write a step's own files; returns its sources, as `native_tree` does."""
    environment = step_environment(step.settings, step.stage, INSIDE, {})
    _write(folder / "environment", shlex.join(f"{name}={value}" for name, value in environment.items()))
    _write(folder / "key", step.key)
    _write(folder / "script", step.script.rstrip("\n"))
    head = logs.beginning({"step": step.name, "key": step.key}, environment, step.script)
    _write(folder / "head", head.rstrip("\n"))
    paths = [path for source in step.sources for path in verify_source(step.settings.sources, source)]
    sums = [file.sha256 for source in step.sources if source.fetched for file in source.fetched.files]
    _write(folder / "sources", "\n".join(f"{digest} {path.name}" for digest, path in zip(sums, paths, strict=True)))
    if step.only_tests:
        _write(folder / "tests-only", "")
    for need in step.shared_source:
        _write(folder / "shared", need.name.dotted)
    if has_root(step):
        _write(folder / "shown", "\n".join([PROGRAMS, *(need.name.dotted for need in in_root(step))]))
    (folder / "files").mkdir()
    for path in step.files:
        give_copy(path, folder / "files")
    return {f"sources/{path.name}": path for path in paths}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n" if text else "", encoding="utf-8")
    path.chmod(0o644)
