# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke estimate`: what a build will cost, before it starts, from earlier builds or from packages/costs.toml."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from ruckus_aux.recipes.manifest import Source
from ruckus_aux.recipes.plan import Step
from ruckus_aux.runs.request import Request
from ruckus_aux.settings.journal import Entry, Journal, Sample
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.steps import costs
from ruckus_aux.steps.graph import Selection, Target, combined, expected
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.paths import CONF
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import duration, readable_size

_ENOUGH = 10  # samples
_ROOM = 1.25  # of a volume, for logs, journal, the file system's own tables, and what it keeps for root
_GIB = 1 << 30


@dataclass(frozen=True)
class Estimate:
    """What an architecture costs beside those before it, or all together.

    name: the architecture. steps: that are to be made. cpu: CPU seconds. wall: seconds with so many jobs.
    path: the steps of the critical path, each with its seconds on all processors.
    memory: bytes at most, if the largest steps meet, and the jobs that are left are ordinary ones; a machine with less
        makes some wait.
    disk: bytes of store, system and tarballs, with the largest working folders on top.
    volume: bytes of a volume for the system and its build directory (`--size`), whatever is there already; of all
        together, the largest.
    measured: the share of cpu that was measured here, not stated by a recipe.
    """

    name: str
    steps: int
    cpu: float
    wall: float
    memory: int
    disk: int
    volume: int
    measured: float
    path: tuple[tuple[str, float], ...]


def settings_of_build(request: Request, arch: Architecture) -> Settings:
    """The settings of an architecture in a build: as it is configured already, or as configure will write them.

    Args:
        request: What is to be built.
        arch: The architecture.
    """
    builddir = request.builddir(arch)
    if (builddir / CONF).exists():
        return replace(load(builddir), profile=request.profile, cpucount=request.jobs)
    return request.settings(arch)


def serial_shares(samples: Iterable[Sample]) -> dict[str, float]:
    """The share of CPU seconds that only one job can work on, by STAGE/PACKAGE, of steps that ran alone for a while.

    samples: Of runs; beside other steps, a step may have one job only because they have the rest.
    """
    jobs: dict[str, Counter[int]] = {}
    for sample in samples:
        if sample.running and " " not in sample.running and sample.jobs > 0:
            jobs.setdefault(StepName(sample.running).within_arch, Counter())[sample.jobs] += 1
    # One more with one job, because no step is without any.
    return {
        step: (counts[1] + 1) / (sum(used * number for used, number in counts.items()) + 1)
        for step, counts in jobs.items()
        if counts.total() >= _ENOUGH
    }


def estimate(selection: Selection, cpus: int, serial: Mapping[str, float], *, fresh: bool = False) -> list[Estimate]:
    """What each architecture of a selection costs, and at the end all together.

    Args:
        selection: The plans, with the steps that are wanted.
        cpus: How many jobs run at a time.
        serial: See serial_shares.
        fresh: Ignore existing artifacts.
    """
    targets = [target for target in combined(selection, fresh=fresh) if target.cost]
    known = _known(selection)
    volumes = {plan.settings.arch.name: _volume(steps, known, cpus) for plan, steps in selection}
    by_arch: dict[str, list[Target]] = {plan.settings.arch.name: [] for plan, _ in selection}
    for target in targets:
        by_arch[target.step.settings.arch.name].append(target)
    rows = [_row(name, mine, known, cpus, serial, volumes[name]) for name, mine in by_arch.items()]
    largest = max(volumes.values(), default=0)
    return [*rows, _row("all", targets, known, cpus, serial, largest)] if len(rows) > 1 else rows


def _known(selection: Selection) -> dict[str, Entry]:
    """The last build of each step, in any of the build directories."""
    return {name: entry for plan, _ in selection for name, entry in Journal(plan.settings.journal).last_built().items()}


def _volume(steps: Sequence[Step], known: Mapping[str, Entry], cpus: int) -> int:
    """Bytes of a volume that holds what steps install, beside the largest working folders; the store is elsewhere."""
    pairs = [(step, known.get(step.name)) for step in steps]
    installed = sum(costs.size_of_step(step, last) for step, last in pairs if step.installs)
    work = sorted((costs.disk(step, last) for step, last in pairs), reverse=True)[:cpus]
    return math.ceil((installed + sum(work)) * _ROOM)


def _row(
    name: str,
    targets: Sequence[Target],
    known: Mapping[str, Entry],
    cpus: int,
    serial: Mapping[str, float],
    volume: int,
) -> Estimate:
    pairs = [(target.step, known.get(target.step.name)) for target in targets]
    memory = sorted((costs.memory_of_step(step, last, 1) for step, last in pairs), reverse=True)[:cpus]
    work = sorted((costs.disk(step, last) for step, last in pairs), reverse=True)
    # What is installed is in the store and in $CLFS; an unpacked source is in the store only.
    kept = sum(costs.size_of_step(step, last) * (2 if step.installs else 1) for step, last in pairs)
    tarballs = {source.name: _tarballs(target, source) for target in targets for source in target.step.sources}
    cpu = sum(target.cost for target in targets)
    schedule, names = expected(targets, cpus, serial), {target.stamp: target.step.name for target in targets}
    return Estimate(
        name=name,
        steps=len(targets),
        cpu=cpu,
        wall=schedule.wall,
        memory=sum(memory) + (cpus - len(memory)) * costs.JOB_MEMORY if memory else 0,
        disk=kept + sum(tarballs.values()) + sum(work[:cpus]),
        volume=volume,
        measured=sum(target.cost for target in targets if target.step.name in known) / cpu if cpu else 1.0,
        path=tuple((names[stamp], seconds) for stamp, seconds in schedule.path),
    )


def _tarballs(target: Target, source: Source) -> int:
    """Bytes of a source's files, when they are downloaded already; before, nobody knows."""
    folder = target.step.settings.sources
    files = source.fetched.files if source.fetched else ()
    return sum((folder / file.name).stat().st_size for file in files)


def table(rows: Sequence[Estimate], cpus: int) -> str:
    """Estimates as aligned lines, and the critical path of the last.

    Args:
        rows: What `estimate` has returned.
        cpus: How many jobs they are for.
    """
    lines = [f"{'':<12}{'steps':>6}{'CPU time':>11}{'wall time':>11}{'memory':>10}{'disk':>10}{'volume':>10}"]
    for row in rows:
        lines.append(
            f"{row.name:<12}{row.steps:>6}{duration(row.cpu):>11}{duration(row.wall):>11}"
            f"{readable_size(row.memory):>10}{readable_size(row.disk):>10}{f'{math.ceil(row.volume / _GIB)}G':>10}"
        )
    path = rows[-1].path
    if path:
        total = duration(sum(seconds for _, seconds in path))
        lines += ["", f"The critical path takes {total}, each step with all {cpus} jobs for itself:"]
        lines += [f"{duration(seconds):>11}  {name}" for name, seconds in path]
    return "\n".join(lines)


def estimates_to_json(rows: Sequence[Estimate]) -> str:
    """Estimates for programs."""
    return json.dumps([asdict(row) for row in rows], indent=1)
