"""Run one step: prepare its folder and view, run its script, keep its log, store and merge what it installed."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import sarge

from ruckus_aux import sandbox
from ruckus_aux.errors import RuckusError
from ruckus_aux.faults import first_error
from ruckus_aux.host import run
from ruckus_aux.jobserver import from_makeflags
from ruckus_aux.journal import Entry, Journal
from ruckus_aux.merge import merge
from ruckus_aux.report import outcome_line
from ruckus_aux.settings import Settings
from ruckus_aux.sources import verify
from ruckus_aux.steps import Plan, Step
from ruckus_aux.store import Store, listing, remove, size

GRACE = 5.0  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Usage:
    """What a script cost: exit status (negative: the signal), seconds, CPU seconds, and KB of its largest process."""

    status: int
    wall: float
    user: float
    system: float
    memory: int


class StepFailed(RuckusError):
    """A step's script failed; usage is what it cost until then."""

    def __init__(self, message: str, hint: str, usage: Usage) -> None:
        super().__init__(message, hint)
        self.usage = usage


def prepare_work(settings: Settings, step: Step) -> Path:
    """A fresh working folder with the step's sources, files and script."""
    work = settings.work(step.name)
    remove(work)
    for name in ("sources", "files", "out"):
        (work / name).mkdir(parents=True)
    for source in step.sources:
        for path in verify(settings.sources, source):
            try:
                os.link(path, work / "sources" / path.name)
            except OSError:
                shutil.copy2(path, work / "sources" / path.name)
    for path in step.files:
        shutil.copy2(path, work / "files" / path.name)
    (work / "script").write_text(step.script)
    return work


@contextmanager
def view_of(settings: Settings, plan: Plan, step: Step) -> Iterator[Path]:
    """A folder with the artifacts of the step's declared dependencies, as hard links into the store."""
    store = Store(settings.cache)
    view = store.scratch("view")
    try:
        for prefix in (settings.prefix_hostprep, settings.prefix_tools, settings.prefix_cross):
            Path(f"{view}{prefix}").mkdir(parents=True, exist_ok=True)
        if settings.isolation == "bwrap":
            for name in step.needs:
                key = plan.key(plan[name])
                if key not in store:
                    raise RuckusError(f"{step.name} needs {name}, which is not built", f"run: make {name}")
                run(["cp", "-al", f"{store.tree(key)}/.", f"{view}/"])
        yield view
    finally:
        remove(view)


def _header(step: Step, key: str, started: float, command: list[str], environment: dict[str, str]) -> str:
    lines = [f"step     {step.name}", f"key      {key}", f"start    {_utc(started)}", f"command  {' '.join(command)}"]
    lines += ["environment:", *(f"  {name}={value}" for name, value in environment.items())]
    lines += ["script:", *(f"  {line}" for line in step.script.splitlines()), "output:"]
    return "".join(f"# {line}\n" for line in lines)


def _footer(usage: Usage, started: float) -> str:
    ended = _utc(started + usage.wall)
    cpu = f"{usage.user:.1f} s user, {usage.system:.1f} s system"
    memory = f"{usage.memory / 1024:.0f} MB, largest process"
    return f"\n# end      {ended}\n# status   {usage.status}\n# cpu      {cpu}\n# memory   {memory}\n"


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a script and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            return


def run_script(
    command: list[str], environment: dict[str, str], descriptors: Sequence[int], cwd: Path, log: BinaryIO, verbose: bool
) -> Usage:
    """Run a step's command with its output in the log, and on standard output as well when verbose."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    reader, writer = os.pipe() if verbose else (None, log.fileno())
    job = sarge.Command(
        command,
        stdout=writer,
        stderr=subprocess.STDOUT,
        env=environment,
        replace_env=True,
        cwd=cwd,
        pass_fds=descriptors,
        start_new_session=True,
    )
    with open(os.devnull, "rb") as nothing:
        job.run(input=nothing, async_=True)
    try:
        if reader is not None:
            os.close(writer)
            with open(reader, "rb", buffering=0) as output:
                while block := output.read(1 << 16):
                    log.write(block)
                    sys.stdout.buffer.write(block)
                    sys.stdout.buffer.flush()
        status = job.wait()
    except BaseException:
        _stop(job.process)
        raise
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        status,
        time.monotonic() - started,
        after.ru_utime - before.ru_utime,
        after.ru_stime - before.ru_stime,
        after.ru_maxrss,
    )


def _check_links(step: Step, tree: Path, there: Path) -> None:
    """Refuse an artifact with symbolic links into the working folder, which lead nowhere once it is installed."""
    for name in listing(tree):
        path = tree / name
        if path.is_symlink() and there in (target := path.readlink()).parents:
            raise RuckusError(f"{step.name} installs {name} as a link to {target}", "let the recipe make it relative")


def _failure(settings: Settings, step: Step, usage: Usage, log: Path) -> StepFailed:
    how = f"exit status {usage.status}" if usage.status >= 0 else f"signal {signal.Signals(-usage.status).name}"
    text = log.read_text(errors="replace")
    output = text.partition("# output:\n")[2].rpartition("\n# end ")[0]
    lines = "\n".join(f"    {line}" for line in first_error(output))
    ruckus = settings.builddir / "ruckus"
    return StepFailed(
        f"{step.name} failed ({how})\n{lines}",
        f"log:     {log}\nenter:   {ruckus} shell {step.name}\nagain:   the same make command continues with this step",
        usage,
    )


def build(
    settings: Settings, plan: Plan, step: Step, *, claim: int, verbose: bool, keep: bool
) -> tuple[Usage, int, int]:
    """Run a step's script and put what it installed into the store.

    claim: the descriptor of the lock on the step's key; the script inherits it, and so keeps it if we are killed.
    keep: leave the working folder after success, too.
    Returns what it cost, and the bytes of working folder and artifact. Raises StepFailed, with everything left in
    place for a look at it, when the script fails.
    """
    work = prepare_work(settings, step)
    log = settings.log(step.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.old"))
    jobserver = from_makeflags(os.environ.get("MAKEFLAGS", ""))
    there = sandbox.inside(settings, work)
    environment = sandbox.environment(settings, there, jobserver.environment)
    with view_of(settings, plan, step) as view, log.open("wb", buffering=0) as output:
        command = sandbox.command(settings, work, view, ["/bin/sh", str(there / "script")], fifo=jobserver.fifo)
        started = time.time()
        output.write(_header(step, plan.key(step), started, command, environment).encode())
        descriptors = (*jobserver.descriptors, claim)
        try:
            usage = run_script(command, environment, descriptors, work, output, verbose)
        except KeyboardInterrupt:
            output.write(f"\n# interrupted {_utc(time.time())}\n".encode())
            raise
        output.write(_footer(usage, started).encode())
    if usage.status != 0:
        raise _failure(settings, step, usage, log)
    _check_links(step, work / "out", there)
    sizes = size(work), size(work / "out")
    Store(settings.cache).add(plan.key(step), work / "out")
    if not keep:
        remove(work)
    return usage, *sizes


def _own_cpu() -> float:
    me, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return me.ru_utime + me.ru_stime + children.ru_utime + children.ru_stime


def run_step(settings: Settings, plan: Plan, step: Step, *, verbose: bool = False, keep: bool = False) -> None:
    """Make a step's artifact, or take it from the store, and merge it: what graph.mk calls for each target.

    Raises RuckusError when it can't be made; the journal has a row for it all the same.
    """
    store, key = Store(settings.cache), plan.key(step)
    started = time.time()
    usage, work, artifact, outcome = Usage(0, 0.0, 0.0, 0.0, 0), 0, 0, "stored"
    try:
        with store.claim(key) as claim:
            if key not in store:
                outcome = "failed"
                usage, work, artifact = build(settings, plan, step, claim=claim, verbose=verbose, keep=keep)
                outcome = "built"
        merge(settings, step, key, plan.inputs(step), store.tree(key))
    except StepFailed as error:
        usage = error.usage
        raise
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except OSError as error:
        raise RuckusError(f"{step.name}: {error}", "the same make command continues with this step") from error
    finally:
        entry = Entry(
            run=os.environ.get("RUCKUS_RUN", _utc(started)),
            step=step.name,
            key=key,
            outcome=outcome,
            status=usage.status,
            started=started,
            wall=time.time() - started,
            user=usage.user,
            system=usage.system,
            own=_own_cpu() - usage.user - usage.system,
            memory=usage.memory,
            work=work,
            artifact=artifact,
        )
        try:
            Journal(settings.journal).add(entry)
        except (sqlite3.Error, OSError) as error:  # what happened to the step matters more
            print(f"ruckus: warning: {settings.journal}: {error}", file=sys.stderr)
    print(outcome_line(entry), flush=True)
