# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one step: prepare its folder and view, run its script, keep its log, store and merge what it installed."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psutil

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host import gnumake, jobserver, plain
from ruckus_aux.host.commands import run
from ruckus_aux.host.jobserver import Jobserver, from_makeflags
from ruckus_aux.host.locks import held, try_held
from ruckus_aux.host.process import Usage, own_cpu, run_script
from ruckus_aux.host.signals import hung_up
from ruckus_aux.host.trees import listing, remove, size
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.manifest import verify
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import costs, logs, sandbox
from ruckus_aux.steps.diagnosis import crash, first_error
from ruckus_aux.steps.gate import Gate, Running
from ruckus_aux.steps.headers import INCLUDE, link_headers
from ruckus_aux.steps.merge import merge
from ruckus_aux.steps.outcome import outcome_line
from ruckus_aux.steps.processor import unasked
from ruckus_aux.words.errors import RuckusError, naming, of_the_system
from ruckus_aux.words.terminal import duration, utc

_READ = ("sources", "files", "script")  # what of a working folder a step only reads
_NOTHING = Usage(0, 0.0, 0.0, 0.0, 0, 0)
_STATISTICS = 1 << 23  # bytes of ccache's log that are read: those of a compiler of compilers are a tenth of it


class StepFailed(RuckusError):
    """A step's script failed; usage is what it cost until then, reason why, when that is not its exit status."""

    def __init__(self, message: str, hint: str, usage: Usage, reason: str = "") -> None:
        super().__init__(message, hint)
        self.usage = usage
        self.reason = reason


class Crashed(StepFailed):
    """A step's script died by no fault of the source; reason says how."""


def prepare_work(settings: Settings, step: Step, shared: Path | None) -> Path:
    """A fresh working folder with the step's sources, files and script; who calls it holds the folder's lock.

    Args:
        settings: of the build directory.
        step: the step.
        shared: its shared source in the store. Without a sandbox it could be written to, and so is copied.
    """
    work = settings.work(step.name)
    sandbox.prepare(settings, work)
    for source in step.sources:
        for path in verify(settings.sources, source):
            _link(path, work / "sources" / path.name)
    for path in step.files:
        _copy(path, work / "files" / path.name)
    if shared and settings.isolation == "none":
        run(["cp", "-a", "--reflink=auto", shared, work / "src"])
    (work / "script").write_text(step.script, encoding="utf-8")
    (work / "script").chmod(0o644)
    return work


def _link(path: Path, target: Path) -> None:
    """Show a step a file without copying it, where that is possible and everybody may read it."""
    if path.stat().st_mode & 0o444 == 0o444:
        with suppress(OSError):
            os.link(path, target)
            return
    _copy(path, target)


def _copy(path: Path, target: Path) -> None:
    """Copy a file for a step, which sees the same modes whatever the umask was when it came here."""
    shutil.copy2(path, target)
    target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


@contextmanager
def view_of(step: Step) -> Iterator[Path]:
    """A folder with the artifacts of the step's declared dependencies, as hard links into the store.

    With a sandbox it has the headers of the host that the step sees, too.
    """
    settings = step.settings
    store = Store(settings.cache)
    with store.scratch("view") as view:
        for prefix in (settings.prefix_hostprep, settings.prefix_tools, settings.prefix_cross):
            Path(f"{view}{prefix}").mkdir(parents=True, exist_ok=True)
        if settings.isolation == "bwrap":
            for need in (need for need in step.needs if need.installs):
                if need.key not in store:
                    raise RuckusError(f"{step.name} needs {need.name}, which is not built", f"run: make {need.name}")
                run(["cp", "-al", f"{store.tree(need.key)}/.", f"{view}/"])
            link_headers(Path(f"{view}{INCLUDE}"), step.tools)
        yield view


def source_of(step: Step) -> Path | None:
    """The unpacked source that a step shares with others, in the store; None when it unpacks its own.

    Raises RuckusError when it is not there.
    """
    store = Store(step.settings.cache)
    for need in (need for need in step.needs if not need.installs):
        if need.key not in store:
            raise RuckusError(f"{step.name} needs {need.name}, which is not unpacked", f"run: make {step.name}")
        return store.tree(need.key)
    return None


def _failure(settings: Settings, step: Step, usage: Usage, log: Path) -> StepFailed:
    output = logs.read(log).output
    lines = "\n".join(f"    {line}" for line in first_error(output) or ["(it has said nothing)"])
    where = f"log:     {log}\nenter:   {settings.builddir / 'ruckus'} shell {step.name}"
    again = "again:   the same make command continues with this step"
    if usage.stopped:
        usual = costs.longest(step, Journal(settings.journal).built().get(step.name, []))
        reason = f"stopped after {duration(usage.wall)}; usually it takes {duration(usual)}"
        more = f"{again}; to let it take longer,\n         give a larger STEP_TIMEOUT (build: --step-timeout), or none"
        return StepFailed(f"{step.name} was {reason}\n{lines}", f"{where}\n{more}", usage, reason)
    reason = crash(usage.status, output)
    how = reason or f"exit status {usage.status}"
    kind = Crashed if reason else StepFailed
    return kind(f"{step.name} failed ({how})\n{lines}", f"{where}\n{again}", usage, reason)


def _limit(settings: Settings, step: Step) -> float:
    """Seconds that a step may take."""
    factor = costs.limit_factor(os.environ.get("RUCKUS_STEP_TIMEOUT", ""), "STEP_TIMEOUT")
    return costs.limit(step, Journal(settings.journal).built().get(step.name, []), factor)


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


def expected(settings: Settings, step: Step) -> Running:
    """What a step is expected to need, from its last build here or from its recipe."""
    last = Journal(settings.journal).last_built().get(step.name)
    return Running(
        run=run_name(),
        arch=settings.arch.name,
        step=step.name,
        folder=str(settings.work("")),
        started=time.time(),
        memory=costs.memory(step, last, settings.cpucount),
        disk=costs.disk(step, last),
    )


@cache
def run_name() -> str:
    """The name of the run that this process belongs to: when it began (UTC)."""
    return os.environ.get("RUCKUS_RUN") or utc(time.time())


@dataclass(frozen=True)
class Built:
    """What a step's build cost; bytes of working folder and artifact; hits and misses of ccache."""

    usage: Usage = _NOTHING
    work: int = 0
    artifact: int = 0
    hits: int = 0
    misses: int = 0


def build(step: Step, *, claim: int, verbose: bool, keep: bool, alone: bool) -> Built:
    """Run a step's script and put what it installed into the store.

    claim: the descriptor of the lock on the step's key; the script inherits it, and so keeps it if we are killed.
    keep: leave the working folder after success, too.
    alone: with no other step beside it, and one job.
    Raises StepFailed, with everything left in place for a look at it, when the script fails; Crashed when it died.
    """
    settings = step.settings
    lock = settings.work_lock(step.name)
    with held(lock, step.name, settings.builddir) as own:
        built = _build(step, locks=(claim, own), verbose=verbose, alone=alone)
        if not keep:
            _remove_work(settings, step)
    return built


def _remove_work(settings: Settings, step: Step) -> None:
    """Remove a step's working folder, whose lock we hold."""
    remove(settings.work(step.name))
    settings.work_lock(step.name).unlink()


def _build(step: Step, *, locks: tuple[int, ...], verbose: bool, alone: bool) -> Built:
    settings = step.settings
    source = source_of(step)
    work = prepare_work(settings, step, source)
    log = settings.log(step.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    logs.set_aside(log)
    pool, make_whole = _pool(alone=alone)
    if pool.fifo:
        sandbox.give(settings, pool.fifo)
    there = sandbox.inside(settings, work)
    ccache = _ccache(settings, step)
    environment = step_environment(settings, step.stage, there, pool.environment)
    if ccache:
        environment |= sandbox.ccache_environment(environment)
    with (
        view_of(step) as view,
        Gate(settings.cache, make_whole).admitted(expected(settings, step), alone=alone) as ticket,
        log.open("xb", buffering=0) as output,
    ):
        command = sandbox.command(
            settings,
            work,
            view,
            ["/bin/sh", str(there / "script")],
            source=source,
            ccache=ccache,
            fifo=pool.fifo,
        )
        started = time.time()
        fields = {"run": run_name(), "step": step.name, "key": step.key, "start": utc(started)}
        fields["command"] = " ".join(command)
        with naming(log):
            output.write(logs.beginning(fields, environment, step.script).encode())
        limit = _limit(settings, step)
        descriptors = (*pool.descriptors, *locks, ticket.descriptor)
        try:
            usage = run_script(
                command, environment, descriptors, work, output, verbose=verbose, report=ticket.write, limit=limit
            )
        except KeyboardInterrupt:
            with suppress(OSError):
                output.write(logs.interrupted(time.time()).encode())
            raise
        with naming(log):
            output.write(logs.ending(usage, started).encode())
        ended = os.fstat(output.fileno()).st_mtime_ns
    if usage.status != 0 or usage.stopped:
        raise _failure(settings, step, usage, log)
    if flags := unasked(log, step.script):
        raise StepFailed(
            f"{step.name} was compiled for one kind of processor: {' '.join(flags)}",
            f"let its recipe switch that off, or name the flag, if only in a comment of the script\nlog:     {log}",
            usage,
        )
    taken = size(work)
    kept = _keep(step, work, there, ended)
    return Built(usage, taken, size(kept), *_ccache_counts(work / sandbox.CCACHE_LOG))


def _keep(step: Step, work: Path, there: Path, ended: int) -> Path:
    """Put what a script has left into the store, and return where it is there; RuckusError when that can't be right.

    there: the working folder as the script saw it. ended: when that had ended, see trees.take.
    """
    if not all((work / name).exists() for name in _READ):
        raise RuckusError(f"{step.name}: {work} was removed while it ran", "the same make command continues")
    artifact = work / ("out" if step.installs else "src")
    if not os.path.lexists(artifact) or all(name.endswith("/") for name in listing(artifact)):
        what, where = ("installs", "$OUT") if step.installs else ("unpacks", "$SRC")
        raise RuckusError(f"{step.name} {what} nothing: there is no file in {where}", f"see: ruckus show {step.name}")
    store = Store(step.settings.cache)
    store.add(step.key, artifact, step.name, inside=there, ended=ended, as_it_is=not step.installs)
    return store.tree(step.key)


def _ccache(settings: Settings, step: Step) -> Path | None:
    """The folder of shared objects, for a step that shares them where that is possible.

    Without a sandbox the paths of source and build differ, and no object would ever be found. Each family has a folder
    of its own: its steps can write what they like into it, and none of another family takes it for an object.
    """
    if not (step.objects and settings.sharing and settings.isolation == "bwrap" and sandbox.ccache_program()):
        return None
    folder = settings.ccache / quote(step.objects, safe="")
    with suppress(PermissionError):  # somebody else's
        if sandbox.give_folder(settings, folder):
            return folder
    return None


def _ccache_counts(log: Path) -> tuple[int, int]:
    """Hits and misses in ccache's log of statistics (CCACHE_STATSLOG)."""
    words: list[bytes] = []
    with suppress(OSError), plain.opened(log) as file:  # there is none when nothing was compiled
        words = file.read(_STATISTICS).split()
    return words.count(b"direct_cache_hit") + words.count(b"preprocessed_cache_hit"), words.count(b"cache_miss")


class _Record:
    """The journal's row for what happens to a step, written when it is over, however it ends."""

    def __init__(self, settings: Settings, step: Step, key: str, since: float) -> None:
        self.journal = Journal(settings.journal)
        self.cpu = since
        self.outcome = "failed"
        self.built = Built()
        self.reason = ""
        self.entry = Entry(run_name(), step.name, key, "", 0, time.time(), 0.0, 0.0, 0.0, 0.0, 0, 0, 0)

    def write(self) -> None:
        usage = self.built.usage
        self.entry = replace(
            self.entry,
            outcome=self.outcome,
            status=usage.status,
            wall=time.time() - self.entry.started,
            user=usage.user,
            system=usage.system,
            own=own_cpu() - self.cpu - usage.user - usage.system,
            memory=usage.memory,
            work=self.built.work,
            artifact=self.built.artifact,
            peak=usage.peak,
            hits=self.built.hits,
            misses=self.built.misses,
            reason=self.reason,
        )
        try:
            self.journal.add(self.entry)
        except (RuckusError, OSError) as error:  # what happened to the step matters more
            print(f"ruckus: warning: {error}", file=sys.stderr)


def run_step(step: Step, *, verbose: bool = False, keep: bool = False) -> None:
    """Make a step's artifact, or take it from the store, and merge it: what graph.mk calls for each target.

    A step that crashes is tried once more, alone.
    Raises RuckusError when it can't be made; the journal has a row for it all the same.
    """
    try:
        record = _attempt(step, verbose=verbose, keep=keep)
    except Crashed as error:
        print(f"  CRASHED  {step.name}: {error.reason}; once more, with nothing beside it", flush=True)
        record = _attempt(step, verbose=verbose, keep=keep, alone=True)
    print(outcome_line(record.entry), flush=True)


def _attempt(step: Step, *, verbose: bool, keep: bool, alone: bool = False) -> _Record:
    settings, key = step.settings, step.key
    store = Store(settings.cache)
    record = _Record(settings, step, key, own_cpu() if alone else 0.0)
    try:
        with store.claim(key, step.name, settings.builddir) as claim:
            if key in store and (fault := store.fault(key)):
                print(f"  DAMAGED  {step.name}: {store.tree(key)}: {fault}; it is made again", flush=True)
                store.discard(key)
            if key not in store:
                record.built = build(step, claim=claim, verbose=verbose, keep=keep, alone=alone)
            merge(step, store.tree(key) if step.installs else None)
        record.outcome = "built" if record.built != Built() else "stored"
        if record.outcome == "stored" and not keep:
            _sweep(settings, step)
    except StepFailed as error:
        record.built, record.reason = Built(error.usage), error.reason
        if isinstance(error, Crashed) and alone:
            raise StepFailed(f"{error.message}\n    it crashed twice", error.hint, error.usage) from error
        record.outcome = "crashed" if isinstance(error, Crashed) else "failed"
        raise
    except KeyboardInterrupt:
        record.outcome = "interrupted"
        raise
    except RuckusError as error:
        record.reason = error.message
        raise
    except OSError as error:
        if hung_up(error):
            record.outcome = "interrupted"
            raise
        if error.filename is None:
            error.filename = str(_fuller(settings))
        told = of_the_system(error, step.name)
        record.reason = told.message
        raise told from error
    finally:
        record.write()
    return record


def _sweep(settings: Settings, step: Step) -> None:
    """Remove what a failed or killed attempt has left of a step that is made by now; not while somebody looks at it."""
    if os.path.lexists(settings.work(step.name)):
        with try_held(settings.work_lock(step.name)) as free:
            if free is not None:
                _remove_work(settings, step)


def _fuller(settings: Settings) -> Path:
    """Where an error most likely is that names no file: in the folder whose file system has less room."""
    folders = [folder for folder in (settings.buildroot, settings.cache, settings.clfs) if folder.is_dir()]
    return min(folders or [settings.buildroot], key=lambda folder: shutil.disk_usage(folder).free)
