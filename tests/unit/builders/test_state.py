# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of a builder: the whole table, and a history of sights."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.builders.records import RUN, RUNNING

from ruckus_aux.builders.record import Record
from ruckus_aux.builders.state import (
    USUAL_PATIENCE,
    BuilderState,
    Clock,
    Guest,
    How,
    Power,
    StateKind,
    Watched,
    decide,
    last_lines_of,
)

OK = replace(RUNNING, state="ok", done=3, now=(), archive=1)
FAILED = replace(RUNNING, state="failed", failed=("b",), now=(), archive=1)
ERROR = replace(RUNNING, state="error", reason="no space left on its disk", now=())
FRESH = Clock(now=1000.0, begun=900.0, beat=995.0, moved=990.0, asked=1000.0)
LATE = replace(FRESH, now=1000.0 + USUAL_PATIENCE.start)
STUCK = replace(FRESH, now=FRESH.beat + USUAL_PATIENCE.stuck + 1)
QUIET = replace(FRESH, now=FRESH.moved + USUAL_PATIENCE.quiet + 1, beat=FRESH.moved + USUAL_PATIENCE.quiet)
UP, OFF = Guest("running"), Guest("ended", "poweroff")


@pytest.mark.parametrize(
    ("guest", "record", "clock", "expected"),
    [
        (Guest("absent"), None, Clock(5.0, 0.0), "absent"),
        (UP, None, FRESH, "starting"),
        (UP, None, LATE, "hung: no record of the runner's since it was started"),
        (UP, RUNNING, FRESH, "running x86_64.stage2.a: 1 of 3 done"),
        (UP, RUNNING, STUCK, "hung x86_64.stage2.a: its clock stands"),
        (Guest("running", said="QEMU: paused"), RUNNING, FRESH, "hung x86_64.stage2.a: it stands still: QEMU: paused"),
        (Guest("running", said="QEMU: paused"), None, FRESH, "hung: it stands still: QEMU: paused"),
        (Guest("running", said="QEMU: paused"), OK, FRESH, "ending: it says ok: 3 steps"),
        (UP, RUNNING, QUIET, "hung x86_64.stage2.a: it does nothing, and says nothing"),
        (UP, OK, FRESH, "ending: it says ok: 3 steps"),
        (UP, FAILED, FRESH, "ending b: it says failed b: 1 of 3 done"),
        (UP, ERROR, STUCK, "ending: it says error: no space left on its disk"),
        (OFF, OK, FRESH, "ok: 3 steps"),
        (OFF, FAILED, FRESH, "failed b: 1 of 3 done"),
        (OFF, ERROR, FRESH, "error: no space left on its disk"),
        (Guest("ended", "crash"), OK, FRESH, "ok: 3 steps"),
        (Guest("absent"), OK, FRESH, "ok: 3 steps"),
        (OFF, RUNNING, FRESH, "broken x86_64.stage2.a: the machine was switched off"),
        (OFF, None, FRESH, "broken: the machine was switched off before its first step"),
        (OFF, replace(RUNNING, now=()), FRESH, "broken: the machine was switched off between two steps"),
        (Guest("ended", "crash", "code 3"), None, FRESH, "broken: the machine crashed before its first step (code 3)"),
        (Guest("ended", "destroyed"), RUNNING, STUCK, "broken x86_64.stage2.a: the machine was destroyed"),
        (Guest("ended", "killed", "exit status 137"), None, LATE,
         "broken: the machine was killed before its first step (exit status 137)"),
        (Guest("absent"), None, FRESH, "broken: the machine ended before its first step"),
        (Guest("unknown", said="refused"), RUNNING, STUCK,
         "unreachable x86_64.stage2.a: was running x86_64.stage2.a: 1 of 3 done; refused"),
        (Guest("unknown"), OK, FRESH, "unreachable: was ending: it says ok: 3 steps"),
    ],
)  # fmt: skip
def test_the_table(guest: Guest, record: Record | None, clock: Clock, expected: str) -> None:
    assert str(decide(guest, record, clock)) == expected


def test_who_says_that_it_is_done_has_to_end() -> None:
    ending = decide(UP, OK, FRESH)
    assert not ending.is_overdue
    late = decide(UP, OK, replace(FRESH, now=FRESH.beat + USUAL_PATIENCE.end + 1))
    assert (late.kind, late.is_overdue, late.is_over) == ("ending", True, False)


powers = st.sampled_from([*Power.__args__])  # type: ignore[attr-defined]
machines = st.builds(Guest, powers, st.sampled_from([*How.__args__]), st.text(max_size=5))  # type: ignore[attr-defined]
records = st.sampled_from([None, RUNNING, OK, FAILED, ERROR])
times = st.floats(0.0, 1e9)
clocks = st.builds(Clock, times, times, times, times, times)


@given(machines, records, clocks)
def test_a_state_can_not_lie(guest: Guest, record: Record | None, clock: Clock) -> None:
    state = decide(guest, record, clock)
    results: dict[StateKind, Record] = {"ok": OK, "failed": FAILED, "error": ERROR}
    if state.kind in results:  # only the runner says so, in a final record, and only of a machine that has ended
        assert record == results[state.kind]
        assert guest.power in ("absent", "ended")
    assert state.is_over == (guest.power in ("absent", "ended"))
    assert (state.kind == "unreachable") == (guest.power == "unknown")
    if guest.power in ("absent", "ended") and (record is None or not record.is_final):
        assert state.kind in ("broken", "absent")


def fresh(now: float = 100.0) -> Watched:
    return Watched(RUN, Clock(now, now, now, now, now))


def test_a_record_of_another_run_is_none() -> None:
    other = replace(OK, run="c0ffee00-0000-4000-8000-000000000002")
    assert fresh().seen(OFF, other, 101.0).state().kind == "broken"
    assert fresh().seen(UP, other, 101.0).state().kind == "starting"


def test_half_a_record_does_not_undo_the_one_before() -> None:
    watch = fresh().seen(UP, RUNNING, 101.0).seen(UP, OK, 102.0).seen(UP, None, 103.0)
    assert watch.state().kind == "ending"
    assert watch.seen(OFF, None, 104.0).state().kind == "ok"


def test_a_clock_that_stands_is_noticed_by_ours() -> None:
    watch = fresh()
    for second in range(0, 101, 10):
        watch = watch.seen(UP, RUNNING, 101.0 + second)
    assert watch.state().why == "its clock stands"
    assert watch.seen(UP, replace(RUNNING, time=1001), 200.0).state().kind == "running"


def after(seconds: int, **changes: int) -> BuilderState:
    """The state after a while in which the runner writes, and these figures grow by so much a second."""
    watch = fresh()
    for second in range(0, seconds, 30):
        grown = {name: getattr(RUNNING, name) + by * second for name, by in changes.items()}
        watch = watch.seen(UP, replace(RUNNING, time=1000 + second, **grown), 100.0 + second)
    return watch.state()


def test_who_neither_works_nor_speaks_hangs() -> None:
    assert after(int(USUAL_PATIENCE.quiet) + 60).why == "it does nothing, and says nothing"
    assert (
        after(int(USUAL_PATIENCE.quiet) + 60, busy=2).why == "it does nothing, and says nothing"
    )  # that is the runner itself
    assert after(int(USUAL_PATIENCE.quiet) + 60, busy=90).kind == "running"  # compiles
    assert after(int(USUAL_PATIENCE.quiet) + 60, log=1).kind == "running"


def test_who_was_away_comes_back() -> None:
    watch = fresh().seen(UP, RUNNING, 101.0)
    away = watch.seen(Guest("unknown", said="no route"), None, 110.0).seen(
        Guest("unknown", said="refused"), None, 5000.0
    )
    state = away.state()
    assert (state.kind, state.since) == ("unreachable", 4899.0)
    assert state.why == "was running x86_64.stage2.a: 1 of 3 done; refused"
    assert away.seen(UP, replace(RUNNING, time=6000, busy=90000), 5001.0).state().kind == "running"
    assert away.seen(OFF, OK, 5001.0).state().kind == "ok"


def test_the_last_lines_of_a_console() -> None:
    assert last_lines_of("one\r\n\r\n two \r\rthree\n", 2) == [" two", "three"]
