# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of a builder, decided from its machine, its record and the clock; nothing here reads or writes.

A machine that has ended without a complete record of this very run broke, whatever else seems to be so: that is not
the same as a build that failed, which only the runner itself can say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ruckus_aux.builders.record import Record

Power = Literal["absent", "running", "ended", "unknown"]
How = Literal["", "poweroff", "reboot", "crash", "killed", "destroyed"]
StateKind = Literal[
    "absent", "queued", "starting", "running", "hung", "ending", "ok", "failed", "error", "broken", "unreachable"
]
OVER: tuple[StateKind, ...] = ("absent", "ok", "failed", "error", "broken")
_IDLE = 0.05  # of one processor: what a machine works that does nothing, emulated and with the runner's own writing
_ENDS: dict[How, str] = {
    "": "ended",
    "poweroff": "was switched off",
    "reboot": "rebooted",
    "crash": "crashed",
    "killed": "was killed",
    "destroyed": "was destroyed",
}


@dataclass(frozen=True)
class Guest:
    """What can be seen of a machine from outside.

    power: "absent" was never started, or nothing is left of it; "unknown" can't be asked now.
    how: it ended, as far as that is known.
    said: why it can't be asked, or what its host says about its end, or about a machine that does not go on.
    """

    power: Power
    how: How = ""
    said: str = ""


@dataclass(frozen=True)
class Patience:
    """Seconds.

    start: until the first record. stuck: without a change of the machine's own clock. quiet: while nothing is built or
    said, and the processors idle. end: from the final record to the end of the machine.
    """

    start: float = 600.0
    stuck: float = 90.0
    quiet: float = 1800.0
    end: float = 180.0


USUAL_PATIENCE = Patience()


@dataclass(frozen=True)
class Clock:
    """Times of ours, in seconds.

    now: this moment. begun: when the machine was started.
    beat: when its record last changed at all. moved: when it last showed any work.
    asked: when the machine could last be asked.
    """

    now: float
    begun: float
    beat: float = 0.0
    moved: float = 0.0
    asked: float = 0.0


@dataclass(frozen=True)
class BuilderState:
    """What is true of a builder.

    kind: of state. steps: those that run, or ran at last, or have failed. why: for a person; "" when there is nothing
    to add. since: seconds. is_overdue: it has said that it is done, but its machine does not end.
    """

    kind: StateKind
    steps: tuple[str, ...] = ()
    why: str = ""
    since: float = 0.0
    is_overdue: bool = False

    @property
    def is_over(self) -> bool:
        """Whether there is no machine to wait for."""
        return self.kind in OVER

    def __str__(self) -> str:
        words = " ".join([self.kind, *self.steps])
        return f"{words}: {self.why}" if self.why else words


def decide(guest: Guest, record: Record | None, clock: Clock, patience: Patience = USUAL_PATIENCE) -> BuilderState:
    """What is true of a builder.

    Args:
        guest: As it was seen last.
        record: The last of this very run; None when there is none.
        clock: When what was last seen.
        patience: How long what may take.
    """
    if guest.power == "unknown":
        return _unreachable(guest, record, clock, patience)
    if guest.power == "running":
        return _of_running(guest, record, clock, patience)
    if record and record.is_final:
        return _of_final(record)
    if guest.power == "absent" and record is None and not clock.begun:
        return BuilderState("absent")
    return _broken(guest, record)


def _unreachable(guest: Guest, record: Record | None, clock: Clock, patience: Patience) -> BuilderState:
    """It never counts as failed: whoever can't be asked may be well."""
    last = decide(Guest("running"), record, replace(clock, now=clock.asked or clock.begun), patience)
    since = clock.now - (clock.asked or clock.begun)
    why = f"was {last}" + (f"; {guest.said}" if guest.said else "")
    return BuilderState("unreachable", last.steps, why, since)


def _of_running(guest: Guest, record: Record | None, clock: Clock, patience: Patience) -> BuilderState:
    if guest.said and not (record and record.is_final):
        return BuilderState("hung", record.now if record else (), f"it stands still: {guest.said}")
    if record is None:
        waited = clock.now - clock.begun
        if waited <= patience.start:
            return BuilderState("starting", since=waited)
        return BuilderState("hung", why="no record of the runner's since it was started", since=waited)
    silent, idle = clock.now - clock.beat, clock.now - clock.moved
    if record.is_final:
        return BuilderState(
            "ending", record.failed, f"it says {_of_final(record)}", silent, is_overdue=silent > patience.end
        )
    if silent > patience.stuck:
        return BuilderState("hung", record.now, "its clock stands", silent)
    if idle > patience.quiet:
        return BuilderState("hung", record.now, "it does nothing, and says nothing", idle)
    return BuilderState("running", record.now, f"{record.done} of {record.steps} done", silent)


def _of_final(record: Record) -> BuilderState:
    if record.state == "ok":
        return BuilderState("ok", why=f"{record.done} steps")
    if record.state == "failed":
        return BuilderState("failed", record.failed, f"{record.done} of {record.steps} done")
    return BuilderState("error", record.failed, record.reason)


def _broken(guest: Guest, record: Record | None) -> BuilderState:
    at = " before its first step" if record is None else "" if record.now else " between two steps"
    said = f" ({guest.said})" if guest.said else ""
    return BuilderState("broken", record.now if record else (), f"the machine {_ENDS[guest.how]}{at}{said}")


@dataclass(frozen=True)
class Watched:
    """What was seen of a builder so far: whoever looks at it hands in each sight, and keeps what comes back."""

    run: str
    clock: Clock
    guest: Guest = Guest("absent")
    record: Record | None = None
    _idle_since: Record | None = None

    def seen(self, guest: Guest, record: Record | None, now: float) -> "Watched":
        """The same after another sight.

        Args:
            guest: As it is seen.
            record: What its results device holds, of whatever run; None when there is nothing readable.
            now: When.
        """
        clock = replace(self.clock, now=now)
        if guest.power == "unknown":
            return replace(self, guest=guest, clock=clock)
        clock = replace(clock, asked=now)
        if record is None or record.run != self.run:  # what an earlier run has left, or half of a record
            return replace(self, guest=guest, clock=clock)
        last, baseline = self.record, self._idle_since
        if last is None or _beat(record) != _beat(last):
            clock = replace(clock, beat=now)
        if baseline is None or _work(record) != _work(baseline) or _is_busy(record, baseline):
            clock, baseline = replace(clock, moved=now), record
        return Watched(self.run, clock, guest, record, baseline)

    def state(self, patience: Patience = USUAL_PATIENCE) -> BuilderState:
        """What is true of it."""
        return decide(self.guest, self.record, self.clock, patience)


def _beat(record: Record) -> tuple[object, ...]:
    return record.time, record.state


def _work(record: Record) -> tuple[object, ...]:
    return record.state, record.done, record.now, record.log


def _is_busy(record: Record, baseline: Record) -> bool:
    return record.busy - baseline.busy > _IDLE * 100 * max(1, record.time - baseline.time)


def last_lines_of(console: str, count: int = 10) -> Sequence[str]:
    """The last lines of a console that say anything."""
    return [line.rstrip() for line in console.replace("\r", "\n").splitlines() if line.strip()][-count:]
