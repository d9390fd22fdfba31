# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a build takes: its steps, scheduled as make does it, on so many processors.

A step has some of its CPU seconds on one processor (configure, links), and the rest on as many as it gets. Make starts
what has the longest way to go first, and job slots go round: steps that run side by side share the processors evenly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

PARALLEL = 6.0  # processors that a step keeps busy on average, when it has them all and nothing better is known
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Schedule:
    """A build.

    wall: its seconds.
    path: the steps of the critical path, each with the seconds that it takes on all processors: no number of
        further jobs beside them makes the build shorter than their sum.
    """

    wall: float
    path: tuple[tuple[str, float], ...]


def parallelism(cpus: int, serial: float | None = None) -> float:
    """How many processors a step keeps busy on average, when it has them all: Amdahl's law.

    Args:
        cpus: How many there are.
        serial: The share of its CPU seconds in which it uses one only; None when that was not measured.
    """
    return min(cpus, PARALLEL) if serial is None else 1 / (serial + (1 - serial) / cpus)


def remaining(needs: Mapping[str, Iterable[str]], cost: Mapping[str, float]) -> dict[str, float]:
    """For each target, the seconds of the longest path from its start to the end of the build.

    Args:
        needs: Each target's prerequisites; a target comes after what it needs.
        cost: The seconds that each takes.
    """
    longest = dict.fromkeys(needs, 0.0)
    for target in reversed(list(needs)):
        longest[target] += cost[target]
        for need in needs[target]:
            longest[need] = max(longest[need], longest[target])
    return longest


def schedule(
    needs: Mapping[str, Iterable[str]], cpu: Mapping[str, float], cpus: int, serial: Mapping[str, float]
) -> Schedule:
    """Simulate a build.

    Args:
        needs: Each target's prerequisites; a target comes after what it needs.
        cpu: CPU seconds of each target.
        cpus: How many processors, and so jobs, there are.
        serial: For targets of which it is known, the share of these that only one processor can work on.
    """
    most = {target: parallelism(cpus, serial.get(target)) for target in needs}
    alone = {target: cpu[target] / most[target] for target in needs}
    left = remaining(needs, alone)
    followers = _followers(needs)
    waiting = {target: set(needs[target]) for target in sorted(needs, key=lambda target: -left[target])}
    running: dict[str, float] = {}  # CPU seconds that are left of each
    wall = 0.0
    while waiting or running:
        ready = [target for target, missing in waiting.items() if not missing][: cpus - len(running)]
        for target in ready:
            del waiting[target]
            running[target] = cpu[target]
        share = _shares({target: most[target] for target in running}, cpus)
        seconds = min(running[target] / share[target] for target in running)
        wall += seconds
        for target in list(running):
            running[target] -= seconds * share[target]
            if running[target] <= _ROUNDING * (1 + cpu[target]):
                del running[target]
                for follower in followers[target]:
                    waiting[follower].discard(target)
    return Schedule(wall, tuple(_critical(followers, alone, left)))


def _followers(needs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    followers: dict[str, list[str]] = {target: [] for target in needs}
    for target in needs:
        for need in set(needs[target]):
            followers[need].append(target)
    return followers


def _shares(most: Mapping[str, float], cpus: int) -> dict[str, float]:
    """Processors for each of some steps: as many as for the others, but never more than it can use."""
    shares, free = {}, float(cpus)
    for number, target in enumerate(sorted(most, key=lambda target: most[target])):
        shares[target] = min(most[target], free / (len(most) - number))
        free -= shares[target]
    return shares


def _critical(
    followers: Mapping[str, Sequence[str]], alone: Mapping[str, float], left: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """The steps of the longest path that take any time, from its start to its end."""
    candidates: Iterable[str] = followers
    while target := max(candidates, key=lambda target: left[target], default=""):
        if alone[target]:
            yield target, alone[target]
        candidates = followers[target]
