# SPDX-License-Identifier: GPL-3.0-or-later
"""How a step ended: the journal's row, and the line on the terminal."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

from ruckus_aux.host.process import Usage, own_cpu
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.steps.logs import results_of_tests
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import duration, label, readable_size, utc

_NOTHING = Usage(0, 0.0, 0.0, 0.0, 0, 0)


@dataclass(frozen=True)
class Built:
    """What a step's build cost; bytes of working folder and artifact; shared objects that were found, or not."""

    usage: Usage = _NOTHING
    work: int = 0
    artifact: int = 0
    hits: int = 0
    misses: int = 0


@cache
def run_name() -> str:
    """The name of the run that this process belongs to: when it began (UTC)."""
    return os.environ.get("RUCKUS_RUN") or utc(time.time())


class Outcome:
    """The journal's row for what happens to a step, written when it is over, however it ends.

    kind: as Entry.outcome. built: what it cost. reason: of a crash, or of a failure outside of the script.
    """

    def __init__(self, step: Step, since: float) -> None:
        """Begin.

        Args:
            step: the step.
            since: CPU seconds that this process had taken before.
        """
        self.kind = "failed"
        self.built = Built()
        self.reason = ""
        self.entry = Entry(run_name(), step.name, step.key, "", 0, time.time(), 0.0, 0.0, 0.0, 0.0, 0, 0, 0)
        self._journal = Journal(step.settings.journal)
        self._log = step.settings.log(step.name) if step.only_tests else None
        self._cpu = since

    def write(self) -> None:
        """Write the row; that it can't be written is a warning."""
        usage = self.built.usage
        self.entry = replace(
            self.entry,
            outcome=self.kind,
            status=usage.status,
            wall=time.time() - self.entry.started,
            user=usage.user,
            system=usage.system,
            own=own_cpu() - self._cpu - usage.user - usage.system,
            memory=usage.memory,
            work=self.built.work,
            artifact=self.built.artifact,
            peak=usage.peak,
            hits=self.built.hits,
            misses=self.built.misses,
            reason=self.reason,
            # A script that was not run has no results: then the log is an earlier attempt's.
            tests=results_of_tests(self._log) if self._log and self.built != Built() else "",
        )
        try:
            self._journal.add(self.entry)
        except (RuckusError, OSError) as error:  # what happened to the step matters more
            print(f"ruckus: warning: {error}", file=sys.stderr)


@contextmanager
def broken_recorded(plan: Plan, name: str) -> Iterator[None]:
    """Let the journal have a row for a step that can't even be begun, because its recipe is broken.

    Args:
        plan: what should have the step.
        name: the step's.
    """
    try:
        yield
    except RuckusError as error:
        if plan.knows(StepName(name)):
            row = Entry(run_name(), name, "", "failed", 0, time.time(), 0, 0, 0, 0, 0, 0, 0, reason=error.message)
            Journal(plan.settings.journal).add(row)
        raise


def outcome_line(entry: Entry) -> str:
    """The one line that a finished step prints."""
    line = f"  {label(entry.outcome)} {entry.step:<32} {duration(entry.wall):>8}"
    if entry.outcome == "built":
        line += f"   cpu {entry.user + entry.system:6.0f} s   memory {readable_size(entry.largest):>8}"
        line += f"   {entry.tests}" if entry.tests else ""
    return line
