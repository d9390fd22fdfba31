# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one step: its artifact is in the store, or is built, and then merged; the journal has a row, however it ends."""

import os
import shutil
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.artifacts.twins import remember, take_twin
from ruckus_aux.host.process import own_cpu
from ruckus_aux.host.signals import hung_up
from ruckus_aux.settings.ownership import is_closed
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.building import build
from ruckus_aux.steps.failure import Crashed, StepFailed
from ruckus_aux.steps.merge import merge
from ruckus_aux.steps.outcome import Built, Outcome, outcome_line
from ruckus_aux.steps.work import Work
from ruckus_aux.words.errors import RuckusError, of_the_system


def run_step(work: Work, *, verbose: bool = False, keep: bool = False) -> None:
    """Make a step's artifact, or take it from the store, and merge it: what graph.mk calls for each target.

    A step that crashes is tried once more, alone.

    Args:
        work: the step's working folder, in the workplace where its script is to run.
        verbose: show what the script says.
        keep: leave the working folder after success, too.

    Raises:
        RuckusError: it can't be made; the journal has a row for it all the same.
    """
    try:
        outcome = _attempt(work, verbose=verbose, keep=keep)
    except Crashed as error:
        print(f"  CRASHED  {work.step.name}: {error.reason}; once more, with nothing beside it", flush=True)
        outcome = _attempt(work, verbose=verbose, keep=keep, alone=True)
    print(outcome_line(outcome.entry), flush=True)


def _attempt(work: Work, *, verbose: bool, keep: bool, alone: bool = False) -> Outcome:
    step = work.step
    outcome = Outcome(step, own_cpu() if alone else 0.0)
    try:
        _make(work, outcome, verbose=verbose, keep=keep, alone=alone)
        outcome.kind = "built" if outcome.built != Built() else "stored"
        if outcome.kind == "stored" and not keep:
            work.sweep()
    except StepFailed as error:
        outcome.built, outcome.reason = Built(error.usage), error.reason
        if isinstance(error, Crashed) and alone:
            raise StepFailed(f"{error.message}\n    it crashed twice", error.hint, error.usage) from error
        outcome.kind = "crashed" if isinstance(error, Crashed) else "failed"
        raise
    except KeyboardInterrupt:
        outcome.kind = "interrupted"
        raise
    except RuckusError as error:
        outcome.reason = error.message
        raise
    except OSError as error:
        if hung_up(error):
            outcome.kind = "interrupted"
            raise
        if error.filename is None:
            error.filename = str(_fuller(work.settings))
        told = of_the_system(error, step.name)
        outcome.reason = told.message
        raise told from error
    finally:
        outcome.write()
    return outcome


def _make(work: Work, outcome: Outcome, *, verbose: bool, keep: bool, alone: bool) -> None:
    """Build a step, unless the store has it, and merge it; the outcome has what that cost, as soon as it is known."""
    settings, step = work.settings, work.step
    store, key = Store(settings.cache), step.key
    with store.claim(key, step.name, settings.builddir) as claim:
        if key in store and (fault := store.fault(key)):
            print(f"  DAMAGED  {step.name}: {store.tree(key)}: {fault}; it is made again", flush=True)
            store.discard(key)
        if key not in store and not take_twin(step):
            outcome.built = build(work, claim=claim, verbose=verbose, keep=keep, alone=alone)
        remember(step)
        if not is_closed(settings.root(step.stage), os.geteuid()):  # else bootstrap-install has it merged
            merge(step, store.tree(key) if step.is_merged else None)


def _fuller(settings: Settings) -> Path:
    """Where an error most likely is that names no file: in the folder whose file system has less room."""
    folders = [folder for folder in (settings.buildroot, settings.cache, settings.clfs) if folder.is_dir()]
    return min(folders or [settings.buildroot], key=lambda folder: shutil.disk_usage(folder).free)
