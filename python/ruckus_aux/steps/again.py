# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus verify-reproducible`: whether steps that are built again, elsewhere, are what is in the store.

`ruckus verify-self` is the same for steps of the final system, with that as the elsewhere: all of it, and nothing of
the temporary system.

What no step may depend on is different in the second build: its folder, the user, the names of user and machine, the
umask that it begins with, the jobs, the processors, the programs that it does not declare, and, through a library
(elsewhere.c) that is loaded into the host's programs, the order of files in folders, the clock and the kernel. Nothing
of it gets into the store, among shared objects, into $CLFS or into the journal.
"""

import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from ruckus_aux.artifacts.compare import differences
from ruckus_aux.artifacts.intake import take_tree, tree_hash
from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.host.elf import is_elf, read_elf_files
from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import remove, walk
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.building import left, run_in
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.work import SCRIPT, Work
from ruckus_aux.words.errors import RuckusError, afterwards
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.paths import AGAIN
from ruckus_aux.words.stage import CHECK
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import duration, label, some_of

_LIBRARY, _SCRIPT = "elsewhere.so", "elsewhere"  # in the working folder
_SHOWN = 20  # lines of what is different that are printed for a step
_PATIENCE = "10m"  # for diffoscope, which can take hours with a compiler


def verify_reproducible(settings: Settings, steps: Collection[Step], *, jobs: int, system: Sequence[Step] = ()) -> None:
    """Build steps again and compare them with what is in the store; one at a time does so in a build directory.

    Args:
        settings: of the build directory.
        steps: the steps; of those with the same key, the first.
        jobs: of make.
        system: what they are built by in place of what they name: all steps of the final system.

    Raises:
        RuckusError: when they are not all the same, after each was named with what is different; or when they are not
            in the store.
    """
    by_key: dict[str, Step] = {}
    for step in steps:
        by_key.setdefault(step.key, step)
    steps = by_key.values()
    _check_stored(settings, [*steps, *system])
    folder = settings.buildroot / AGAIN
    places = [workplace_of(settings, CHECK if system else step.stage).elsewhere(step.tools) for step in steps]
    again = [Work(_moved(step, folder, system), place) for step, place in zip(steps, places, strict=True)]
    with (
        held(settings.work_lock(StepName(AGAIN)), "the second build of steps", settings.builddir) as lock,
        _fewer_processors() as processors,
        afterwards(lambda: _remove_empty(folder, again)),
    ):
        print(f"  AGAIN    in {folder}, with {jobs} jobs on {processors}", flush=True)
        compared = [(step, _is_same(step, work, jobs, lock)) for step, work in zip(steps, again, strict=True)]
    bad = [step.name for step, same in compared if not same]
    if bad:
        raise RuckusError(
            f"{len(bad)} of {len(steps)} steps are not the same, built again: {' '.join(bad)}",
            "what is different in the second build, and how to find the cause: docs/reproducible.md",
        )
    print(f"all {len(steps)} steps are the same, built again")


def _check_stored(settings: Settings, steps: Collection[Step]) -> None:
    """Raise RuckusError when a step has nothing in the store to be compared with."""
    store = Store(settings.cache)
    if missing := [step for step in steps if step.key not in store]:
        names = list(dict.fromkeys(step.name for step in missing))
        goals = names if len(names) <= _SHOWN else dict.fromkeys(step.stage.goal for step in missing)
        raise RuckusError(
            f"not built yet: {some_of(names)}", f"build them first: {make_command(settings.builddir, *goals)}"
        )
    if unknown := [step.name for step in steps if store.record(step.key) is None]:
        raise RuckusError(
            f"stored without a hash: {some_of(unknown)}",
            f"have them built anew: {settings.builddir / 'ruckus'} verify-store",
        )


@contextmanager
def _fewer_processors() -> Iterator[str]:
    """Leave one processor to others, where there are several; it yields how many there are then."""
    before = os.sched_getaffinity(0)
    fewer = set(sorted(before)[1:]) or before
    os.sched_setaffinity(0, fewer)
    try:
        yield f"{len(fewer)} of {len(before)} processors"
    finally:
        os.sched_setaffinity(0, before)


def _moved(step: Step, folder: Path, system: Sequence[Step]) -> Step:
    """A step as it is built again in a folder, perhaps by a whole system in place of what it names."""
    settings = replace(step.settings, buildroot=folder)
    if not system:
        return replace(step, settings=settings)
    return replace(step, settings=settings, needs=(*step.shared_source, *system), implied=0)


def _is_same(step: Step, work: Work, jobs: int, lock: int) -> bool:
    """Build a step again, and say how that compares; what is not the same stays for a look at it."""
    moved, tree = work.step, _tree(work)
    started = time.monotonic()
    with ExitStack() as at_end:
        _clear(work, tree)
        at_end.callback(_clear, work, tree)
        try:
            _build(work, tree, jobs, lock)
            again = tree_hash(tree)
        except RuckusError as error:  # whatever it is: the other steps are built again all the same
            at_end.pop_all()
            kept = {"log": moved.settings.log(step.name), "folder": work.path}
            where = [f"    {f'{what}:':<8} {path}" for what, path in kept.items() if path.exists()]
            print("\n".join([f"  {label('failed')} {error.message}", *where]), flush=True)
            return False
        stored = Store(step.settings.cache).record(step.key)
        same = stored is not None and stored.sha256 == again
        took = duration(time.monotonic() - started)
        print(f"  {label('same' if same else 'differs')} {step.name:<32} {took:>8}   {again[:16]}", flush=True)
        if not same:
            at_end.pop_all()
            remove(work.path)
            _explain(step, moved, tree)
    return same


def _tree(work: Work) -> Path:
    """Where what a second build has made is kept, as it would be stored, if it is not the same."""
    return work.settings.buildroot / "tree" / work.step.name


def _build(work: Work, tree: Path, jobs: int, lock: int) -> None:
    """Build a step again, and make a tree as it would be stored."""
    step = work.step
    work.prepare()
    variables = f"MAKEFLAGS=-j{jobs}"
    if step.stage.sees_host or step.settings.arch.main_abi.bits == "64":  # else, every program would complain of it
        library, source = work.path / _LIBRARY, Path(__file__).with_name("elsewhere.c")
        run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, source], env=STEP_ENVIRONMENT)
        library.chmod(0o755)
        variables += f" LD_PRELOAD={work.inside / _LIBRARY}"
    work.write(_SCRIPT, f"umask 077\nexport {variables}\nexec /bin/sh {work.inside / SCRIPT}\n")
    _, ended = run_in(work, _SCRIPT, (lock,), verbose=False, trial="built again, to be compared")
    tree.parent.mkdir(parents=True, exist_ok=True)
    take_tree(left(work), tree, step.name, inside=work.inside, ended=ended, as_it_is=not step.installs)


def _explain(step: Step, moved: Step, tree: Path) -> None:
    """Print what is different between the artifact in the store and a tree."""
    store = Store(step.settings.cache)
    stored = store.tree(step.key)
    reasons = _linked_otherwise(step, moved, stored, tree)
    lines = list(islice(chain(reasons, differences(stored, tree)), _SHOWN + 1))
    lines[_SHOWN:] = ["..."] if len(lines) > _SHOWN else []
    if store.fault(step.key):
        lines.append(f"what is in the store has changed since: {step.settings.builddir / 'ruckus'} verify-store")
    log = moved.settings.log(step.name)
    lines += [f"the first:   {stored}", f"the second:  {tree}", f"its log:     {log}"]
    print("".join(f"    {line}\n" for line in lines), end="", flush=True)
    how = f"diffoscope {stored} {tree}"
    if shutil.which("diffoscope"):
        report = log.with_suffix(".log.diffoscope")
        options = ["--exclude-directory-metadata=recursive", f"--text={report}"]
        # Its exit status says whether there is a difference.
        run(["timeout", _PATIENCE, "diffoscope", *options, stored, tree], check=False)
        how = str(report) if report.exists() else how
    print(f"    how:         {how}", flush=True)


def _linked_otherwise(step: Step, moved: Step, stored: Path, tree: Path) -> Iterator[str]:
    """What a second build is linked with and the first is not: most often the reason why they differ."""
    both = [path for path, _ in walk(tree) if is_elf(tree / path) and is_elf(stored / path)]
    files, others = (read_elf_files([top / path for path in both]) for top in (stored, tree))
    for path, file, other in zip(both, files, others, strict=True):
        for library in sorted({*other.needed} - {*file.needed}):
            yield f"{path}: now needs {library}{_owner(step, moved, library, other.machine.bits)}"
        if file.search != other.search:
            yield f"{path}: now looks for libraries in '{':'.join(other.search)}'"


def _owner(step: Step, moved: Step, library: str, bits: str) -> str:
    """Whose a library is, of what a second build has seen."""
    libdir = next((abi.libdir for abi in step.settings.arch.abis if abi.bits == bits), "lib")
    path = f"{step.settings.stage_prefix(step.stage).strip('/')}/{libdir}/{library}"
    store = Store(step.settings.cache)
    owner = next((need.name for need in moved.needs if os.path.lexists(store.tree(need.key) / path)), None)
    if owner is None:
        return ""
    named = owner in [need.name for need in step.needs]
    return f" of {owner.within_arch}{'' if named else ', which its step does not name'}"


def _clear(work: Work, tree: Path) -> None:
    """Remove all that a second build leaves."""
    log = work.settings.log(work.step.name)
    for path in (work.path, tree, *log.parent.glob(f"{log.name}*")):
        remove(path)


def _remove_empty(folder: Path, again: Iterable[Work]) -> None:
    """Remove a folder, and those in it that lead to second builds, as far as nothing was left there.

    Empty folders within what was left are a part of it, whichever verification has left it.
    """
    for work in again:
        for path in (work.path, _tree(work), work.settings.log(work.step.name)):
            for parent in path.relative_to(folder).parents:
                with suppress(OSError):  # not empty, or not there
                    (folder / parent).rmdir()
