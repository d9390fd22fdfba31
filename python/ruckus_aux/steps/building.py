# SPDX-License-Identifier: GPL-3.0-or-later
"""Build one step: run its script in its workplace, keep its log, and put what it installed into the store."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host import gnumake, jobserver, plain
from ruckus_aux.host.jobserver import Jobserver, from_makeflags
from ruckus_aux.host.process import Usage, run_script
from ruckus_aux.host.trees import listing, size
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.steps import costs, logs
from ruckus_aux.steps.failure import StepFailed, failure
from ruckus_aux.steps.freestanding import check_freestanding
from ruckus_aux.steps.gate import Gate, Running
from ruckus_aux.steps.marks import title_of
from ruckus_aux.steps.outcome import Built, run_name
from ruckus_aux.steps.processor import unasked
from ruckus_aux.steps.work import SCRIPT, Work
from ruckus_aux.steps.workplace import OBJECTS_LOG
from ruckus_aux.words.errors import RuckusError, naming
from ruckus_aux.words.terminal import utc

_TRIAL = "trial"  # in the working folder: the script of a trial
_STATISTICS = 1 << 23  # bytes of the log of objects that are read: those of a compiler of compilers are a tenth of it


def build(work: Work, *, claim: int, verbose: bool, keep: bool, alone: bool) -> Built:
    """Run a step's script and put what it installed into the store.

    Args:
        work: its working folder.
        claim: the descriptor of the lock on the step's key; the script inherits it, and so keeps it if we are killed.
        verbose: show what it says, too.
        keep: leave the working folder after success, too.
        alone: with no other step beside it, and one job.

    Raises:
        StepFailed: the script failed; everything is left in place for a look at it.
        Crashed: it died.
    """
    with work.held() as own:
        built = _build(work, locks=(claim, own), verbose=verbose, alone=alone)
        if not keep:
            work.remove()
    return built


def _build(work: Work, *, locks: tuple[int, ...], verbose: bool, alone: bool) -> Built:
    step, log = work.step, work.settings.log(work.step.name)
    work.prepare()
    usage, ended = run_in(work, SCRIPT, locks, verbose=verbose, alone=alone)
    if not step.only_tests and (flags := unasked(log, step.script)):
        raise StepFailed(
            f"{step.name} was compiled for one kind of processor: {' '.join(flags)}",
            f"let its recipe switch that off, or name the flag, if only in a comment of the script\nlog:     {log}",
            usage,
        )
    taken, store = size(work.path), Store(work.settings.cache)
    store.add(step.key, left(work), step.name, inside=work.inside, ended=ended, as_it_is=not step.installs)
    return Built(usage, taken, size(store.tree(step.key)), *_object_counts(work.path / OBJECTS_LOG))


def run_pieces(work: Work, first: int, last: int, lock: int, *, verbose: bool) -> None:
    """Run pieces of a step's script in its working folder, as a trial that can be resumed where they end.

    Args:
        work: the working folder.
        first: the number of the first of them.
        last: of the last.
        lock: the descriptor of the working folder's.
        verbose: show what they say, too.
    """
    pieces = work.pieces
    following = [":"] if last < len(pieces) else []  # so that the one after these is begun
    work.write(_TRIAL, work.marked([*pieces[first - 1 : last], *following], first=first))
    print(
        f"  TRYING   {work.step.name}: from piece {first} of {len(pieces)}: {title_of(pieces[first - 1])}", flush=True
    )
    run_in(work, _TRIAL, (lock,), verbose=verbose, trial=f"pieces {first} to {last}")


def run_in(
    work: Work, script: str, locks: tuple[int, ...], *, verbose: bool, alone: bool = False, trial: str = ""
) -> tuple[Usage, int]:
    """Run a script in a step's working folder, with the step's log.

    Args:
        work: the working folder.
        script: the script's name there.
        locks: descriptors of locks that it inherits, and so keeps if we are killed.
        verbose: show what it says, too.
        alone: with no other step beside it, and one job.
        trial: what is tried; "" is the step itself. A trial shares no objects, because these outlive it.

    Returns:
        What it cost, and when it had ended, see intake.take.

    Raises:
        StepFailed: it failed; everything is left in place for a look at it.
        Crashed: it died.
    """
    earlier = Journal(work.settings.journal).built().get(work.step.name, [])
    usage, ended = _run(work, script, earlier, locks, verbose=verbose, alone=alone, trial=trial)
    if usage.status != 0 or usage.stopped:
        raise failure(work.step, usage, costs.longest(work.step, earlier), resumable=bool(work.begun()))
    return usage, ended


def _run(
    work: Work, script: str, earlier: list[Entry], locks: tuple[int, ...], *, verbose: bool, alone: bool, trial: str
) -> tuple[Usage, int]:
    log = work.settings.log(work.step.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    logs.set_aside(log)
    pool, make_whole = _pool(alone=alone)
    if pool.fifo:
        work.workplace.give(pool.fifo)
    with (
        work.room(fifo=pool.fifo, objects=None if trial else work.objects()) as room,
        Gate(work.settings.cache, make_whole).admitted(_expected(work, earlier), alone=alone) as ticket,
        log.open("xb", buffering=0) as output,
    ):
        # Who types a command has no pool of jobs, unlike make.
        jobs = {"MAKEFLAGS": f"-j{work.settings.cpucount}"} if trial else {}
        environment = work.environment(room, **{**jobs, **pool.environment})
        command = work.workplace.command(room, ["/bin/sh", str(work.inside / script)])
        descriptors = (*pool.descriptors, *locks, ticket.descriptor, *command.descriptors)
        started = time.time()
        with naming(log):
            output.write(_beginning(work, command.words, environment, started, trial).encode())
        limit = _limit(work, earlier)
        try:
            usage = run_script(
                command.words,
                environment,
                descriptors,
                work.path,
                output,
                verbose=verbose,
                report=ticket.write,
                limit=limit,
            )
        except KeyboardInterrupt:
            with suppress(OSError):
                output.write(logs.interrupted(time.time()).encode())
            raise
        with naming(log):
            output.write(logs.ending(usage, started).encode())
        return usage, os.fstat(output.fileno()).st_mtime_ns


def _beginning(work: Work, words: list[str], environment: dict[str, str], started: float, trial: str) -> str:
    """What the step's log begins with."""
    fields = {
        "run": run_name(),
        "step": work.step.name,
        **({"trial": trial} if trial else {"key": work.step.key}),
        **({"source": str(work.local)} if work.local else {}),
        "start": utc(started),
        "command": " ".join(words),
    }
    return logs.beginning(fields, environment, work.step.script)


def _limit(work: Work, earlier: list[Entry]) -> float:
    """Seconds that a step may take."""
    factor = costs.limit_factor(os.environ.get("RUCKUS_STEP_TIMEOUT", ""), "STEP_TIMEOUT")
    return costs.limit(work.step, earlier, factor)


def _pool(*, alone: bool) -> tuple[Jobserver, Callable[[], None]]:
    """The pool that a script's makes join, and a call that makes the run's pool whole when no script runs."""
    pool = from_makeflags(os.environ.get("MAKEFLAGS", ""))

    def make_whole() -> None:
        with suppress(OSError, psutil.Error):  # then they stay lost, as make says at the end
            if tokens := jobserver.lost(pool, os.getppid()):
                jobserver.put_back(pool, tokens)
                print(f"  JOBS     {tokens} of the run's are back, lost with a make that was killed", flush=True)

    unfit = pool.fifo and not gnumake.joins_fifos()
    return Jobserver() if alone or unfit else pool, make_whole


def _expected(work: Work, earlier: list[Entry]) -> Running:
    """What a step is expected to need, from its last build here or from its recipe."""
    settings, step = work.settings, work.step
    last = earlier[-1] if earlier else None
    return Running(
        run=run_name(),
        arch=settings.arch.name,
        step=step.name,
        folder=str(settings.work("")),
        started=time.time(),
        memory=costs.memory_of_step(step, last, settings.cpucount),
        disk=costs.disk(step, last),
    )


def left(work: Work) -> Path:
    """What a step's script has left to be stored; RuckusError when that can't be right."""
    step = work.step
    if not work.is_whole:
        raise RuckusError(f"{step.name}: {work.path} was removed while it ran", "the same make command continues")
    artifact = work.path / ("out" if step.installs else "src")
    empty = not os.path.lexists(artifact) or all(name.endswith("/") for name in listing(artifact))
    if step.only_tests and empty:
        artifact.mkdir(exist_ok=True)
    elif step.only_tests:
        raise RuckusError(f"{step.name} says tests_only(), but installs into $OUT", f"see: ruckus show {step.name}")
    elif empty:
        what, where = ("installs", "$OUT") if step.installs else ("unpacks", "$SRC")
        raise RuckusError(f"{step.name} {what} nothing: there is no file in {where}", f"see: ruckus show {step.name}")
    if step.freestanding:
        check_freestanding(artifact, step.settings.prefixes, step.recipe)
    return artifact


def _object_counts(log: Path) -> tuple[int, int]:
    """Hits and misses in ccache's log of statistics (CCACHE_STATSLOG)."""
    words: list[bytes] = []
    with suppress(OSError), plain.opened(log) as file:  # there is none when nothing was compiled
        words = file.read(_STATISTICS).split()
    return words.count(b"direct_cache_hit") + words.count(b"preprocessed_cache_hit"), words.count(b"cache_miss")
