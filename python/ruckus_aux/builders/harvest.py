# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring home what a machine has made: its artifacts into the store, its logs to those of this host, all of it checked.

A machine says by the `end` of its archive what it made, under which keys; only what it was asked to make is taken. From
the store, it is merged as everything else is.
"""

import os
import re
import shutil
import time
from pathlib import Path
from typing import BinaryIO

from ruckus_aux.artifacts.intake import take_tree, tree_hash
from ruckus_aux.artifacts.store import Store
from ruckus_aux.artifacts.twins import remember
from ruckus_aux.builders.machine import Harvest, Start
from ruckus_aux.builders.record import ARCHIVE
from ruckus_aux.builders.unpacking import brought_home, unpack_tree
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import logs
from ruckus_aux.steps.outcome import run_name
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSIDE
from ruckus_aux.words.terminal import seconds_of

_END = 1 << 20  # bytes of `end` that are read
_WALL = re.compile(r"([0-9]{1,9}\.[0-9]) s")
_MACHINE = re.compile(r"[0-9a-f-]{36}")  # a UUID
_MADE = re.compile(r"made (\S+) ([0-9a-f]{32})")


def harvest(plan: Plan, kind: str, start: Start, device: BinaryIO) -> Harvest:
    """Take what a machine has left on its results device: what of it is right, whatever else is wrong.

    Args:
        plan: All steps of its build directory.
        kind: The builder's.
        start: What it was asked to make.
        device: Its results, from the beginning.
    """
    settings, found = plan.settings, Harvest()
    steps = {step.name.dotted: step for step in map(plan.__getitem__, start.steps)}
    store = Store(settings.cache)
    with store.scratch(start.run) as scratch:
        scratch.mkdir()
        room = device.seek(0, os.SEEK_END) - ARCHIVE
        device.seek(ARCHIVE)
        for problem in brought_home(device, scratch, room):
            found.problems.add(f"{start.arch}: {problem}")
        news = [step for name, step in steps.items() if _take_logs(settings, step, scratch / "log", name)]
        for name, key in _made(scratch / "end", start.run).items():
            wanted = steps.get(name)
            if wanted is None or key != start.steps[wanted.name] or key != wanted.key:
                found.problems.add(f"{start.arch}: it made {name[:200]!r}, which nobody asked for as it is")
                continue
            with found.problems.collected():
                _store(store, wanted, scratch / "artifacts" / f"{name}.tar")
            if key in store:
                found.made.append(wanted)
        found.failed = [step for name, step in steps.items() if (scratch / "log" / f"{name}.log").exists()]
    found.failed = [step for step in found.failed if step not in found.made]
    for step in news:
        _record(step, kind, start, is_made=step in found.made)
    return found


def _made(end: Path, run: str) -> dict[str, str]:
    """Keys by the names that steps have in machines; empty when the archive does not end as one of this run does."""
    if not end.exists():
        return {}
    with end.open("rb") as file:
        first, *lines = file.read(_END).decode("ascii", errors="replace").splitlines() or [""]
    if first != f"run {run}":
        return {}
    return {match[1]: match[2] for line in lines if (match := _MADE.fullmatch(line))}


def _store(store: Store, step: Step, archive: Path) -> None:
    """Put an artifact into the store; one that is there already stays.

    Raises RuckusError when there is no such artifact, or when it is not the same as what is there.
    """
    tree, name = archive.with_suffix(""), step.name
    if not archive.exists():
        raise RuckusError(f"{name}: the machine says that it made it, and brought nothing", "start the builder again")
    unpack_tree(archive, tree)
    with store.claim(step.key, name, step.settings.builddir):
        stored = store.record(step.key) if step.key in store else None
        if step.key not in store:
            store.add(step.key, tree, name, inside=INSIDE, ended=time.time_ns())
            remember(step)
        elif stored:
            ours = tree.with_name(f"{tree.name}.taken")
            take_tree(tree, ours, name, inside=INSIDE, ended=time.time_ns(), as_it_is=False)
            if tree_hash(ours) != stored.sha256:
                raise RuckusError(
                    f"{name}: the machine made other files than {store.tree(step.key)} has, under the same key",
                    "what is stored stays; its recipe depends on where it is built: see docs/reproducible.md",
                )


def _take_logs(settings: Settings, step: Step, folder: Path, name: str) -> bool:
    """Put the logs of a step beside those of its attempts on this host, the latest last; none comes twice.

    Returns whether there is a new latest one.
    """
    log, brought, is_new = settings.log(step.name), folder / f"{name}.log", False
    for path in [*reversed(logs.earlier(brought)), brought]:
        is_new = path.exists() and not logs.has_copy(log, path)
        if is_new:
            log.parent.mkdir(parents=True, exist_ok=True)
            logs.set_aside(log)
            shutil.copyfile(path, log)
    return is_new


def _record(step: Step, kind: str, start: Start, *, is_made: bool) -> None:
    """Let the journal have a row for a step that a machine has made, or that failed in it, as its new log has it."""
    log = logs.read(step.settings.log(step.name))
    status, run = log.ending.get("status", ""), log.beginning.get("run", "")
    number = int(status) if status.isdecimal() and len(status) < 4 else 1
    how = {"": "it was cut off", "0": "made, but not accepted"}.get(status, f"exit status {status}")
    row = Entry(
        run_name(),
        step.name,
        step.key,
        outcome="built" if is_made else "failed",
        status=0 if is_made else number,
        started=seconds_of(log.beginning.get("start", "")) or start.began,
        wall=float(wall[1]) if (wall := _WALL.fullmatch(log.ending.get("wall", ""))) else 0.0,
        **dict.fromkeys(("user", "system", "own", "memory", "work", "artifact"), 0),
        reason="" if is_made else f"in {kind}: {how}",
        machine=run if _MACHINE.fullmatch(run) else start.run,
        tests=logs.results_of_tests(step.settings.log(step.name)) if step.only_tests else "",
    )
    Journal(step.settings.journal).add(row)
