"""What a step needs: as its earlier builds took it, or as its recipe states until there are any."""

from collections.abc import Sequence

from ruckus_aux.journal import Entry
from ruckus_aux.steps import Step

JOB_MEMORY = 150  # MB that each further job of a step takes, until the journal knows better
_MB = 1_000_000


def costs(step: Step, built: Sequence[Entry]) -> tuple[float, float]:
    """CPU seconds of a step, and those when its objects are in ccache already.

    built: its builds until now, the oldest first. The recipe's figures stand in for what was not measured yet, scaled
    to this machine by what was.
    """
    measured = {entry.hits > entry.misses: entry.cpu for entry in built}
    usual = step.shared_cpu or step.cpu
    scale = next(
        (measured[kind] / figure for kind, figure in ((False, step.cpu), (True, usual)) if kind in measured and figure),
        1.0,
    )
    full, shared = measured.get(False, step.cpu * scale), measured.get(True, usual * scale)
    return full, min(full, shared)


def memory(step: Step, last: Entry | None, cpus: int) -> int:
    """MB of all its processes together, at their most, with so many jobs."""
    return last.peak * 1024 // _MB if last and last.peak else step.memory + (cpus - 1) * JOB_MEMORY


def disk(step: Step, last: Entry | None) -> int:
    """MB of its working folder."""
    return last.work // _MB if last else step.disk


def installed(step: Step, last: Entry | None) -> int:
    """MB of what it installs."""
    return last.artifact // _MB if last else step.installed
