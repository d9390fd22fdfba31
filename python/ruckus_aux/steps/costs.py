# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step needs: as its earlier builds took it, or as packages/costs.toml states until there are any."""

import math
from collections.abc import Sequence

from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.journal import Entry
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import MB

JOB_MEMORY = 150 * MB  # bytes that each further job of a step takes, until the journal knows better
SHORTEST_LIMIT = 600.0  # seconds that every step may take: a busy machine is slow, and figures of short steps vary
MOST_TIMES = 10_000
TIMES_FOR_TESTS = 10.0  # what it usually takes, a test suite may take by default: tests may hang


def costs(step: Step, built: Sequence[Entry]) -> tuple[float, float]:
    """CPU seconds of a step, and those when its objects are in ccache already.

    Args:
        step: The step.
        built: Its builds so far, the oldest first. packages/costs.toml stands in for what was not measured yet, scaled
            to this machine by what was.
    """
    measured = {entry.hits > entry.misses: entry.cpu for entry in built}
    stated = {False: step.costs.cpu, True: step.costs.shared_cpu or step.costs.cpu}
    scale = next((measured[kind] / figure for kind, figure in stated.items() if kind in measured and figure), 1.0)
    full, shared = (measured.get(kind, figure * scale) for kind, figure in stated.items())
    return full, min(full, shared)


def memory_of_step(step: Step, last: Entry | None, cpus: int) -> int:
    """Bytes of all its processes together, at their most.

    Args:
        step: The step.
        last: Its last build; None if there was none here.
        cpus: How many jobs run.
    """
    return last.together if last and last.peak else step.costs.memory * MB + (cpus - 1) * JOB_MEMORY


def disk(step: Step, last: Entry | None) -> int:
    """Bytes of its working folder.

    Args:
        step: The step.
        last: Its last build; None if there was none here.
    """
    return last.work if last else step.costs.disk * MB


def size_of_step(step: Step, last: Entry | None) -> int:
    """Bytes of what it installs.

    Args:
        step: The step.
        last: Its last build; None if there was none here.
    """
    return last.artifact if last else step.costs.installed * MB


def longest(step: Step, built: Sequence[Entry]) -> float:
    """The most seconds that it took: here, or, on one processor somewhere, according to packages/costs.toml.

    Args:
        step: The step.
        built: Its builds so far.
    """
    return max((entry.wall for entry in built), default=step.costs.cpu)


def limit(step: Step, built: Sequence[Entry], factor: float) -> float:
    """Seconds after which a step takes too long: a multiple of the most that it took, but never less than a while.

    Args:
        step: The step.
        built: Its builds so far.
        factor: The multiple; 0 for TIMES_FOR_TESTS, or for what is no test suite, no limit.
    """
    factor = factor or (TIMES_FOR_TESTS if step.only_tests else 0.0)
    return max(SHORTEST_LIMIT, factor * longest(step, built)) if factor else math.inf


def limit_factor(text: str, option: str) -> float:
    """The factor that an option gives for `limit`.

    Args:
        text: What was given.
        option: The option, for errors.

    Raises:
        RuckusError: It is not a factor.
    """
    try:
        factor = float(text or "0")
    except ValueError:
        factor = math.nan
    if factor and not 1 <= factor <= MOST_TIMES:
        raise RuckusError(f"{option}={text}: not a number from 1 to {MOST_TIMES}, or 0", f"for instance: {option}=5")
    return factor
