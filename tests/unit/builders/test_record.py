# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a builder: whole and without a contradiction, or none."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.builders.records import RUNNING, lines_of

from ruckus_aux.builders.record import RECORD_SIZE, read_machine_record


def test_a_record_is_read_as_it_was_written() -> None:
    for record in (
        RUNNING,
        replace(RUNNING, state="ok", done=3, now=(), archive=7),
        replace(RUNNING, state="failed", failed=("x86_64.stage2.b",), now=(), archive=1),
        replace(RUNNING, state="error", reason="no space left on its disk", now=()),
    ):
        assert read_machine_record(lines_of(record)) == record


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RUNNING, state="ok", done=3, archive=0),  # says that it is done, but brought nothing home
        replace(RUNNING, state="ok", done=2, archive=1),
        replace(RUNNING, state="ok", done=3, failed=("a",), archive=1),
        replace(RUNNING, state="failed", archive=1),  # of which step?
        replace(RUNNING, state="error"),  # of what kind?
        replace(RUNNING, reason="all is well"),
        replace(RUNNING, done=4),
        replace(RUNNING, run="x y"),
        replace(RUNNING, run=""),
    ],
)
def test_what_contradicts_itself_is_no_record(wrong: object) -> None:
    assert read_machine_record(lines_of(wrong)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ruckus-builder 1", b"ruckus-builder 2"),
        (b"state running", b"state fine"),
        (b"steps 1 3", b"steps 1"),
        (b"steps 1 3", b"steps 1 " + b"9" * 400),
        (b"time 1000", b"time -1"),
        (b"time 1000", "time ²".encode()),
        (b"busy 5", b"busy x"),
        (b"\nend\n", b"\n"),
        (b"\0", b"x"),
    ],
)
def test_spoiled_records(old: bytes, new: bytes) -> None:
    data = lines_of(RUNNING)
    assert old in data
    assert read_machine_record(data.replace(old, new, 1)) is None


def test_lines_of_a_later_version_mean_nothing() -> None:
    data = lines_of(RUNNING).replace(b"\nend\n", b"\nweather fine\nodd\n\nend\n", 1)[:RECORD_SIZE]
    assert read_machine_record(data) == RUNNING


def test_a_name_of_a_step_is_no_path() -> None:
    data = lines_of(RUNNING).replace(b"x86_64.stage2.a", b"../../etc/passwd a/b .hidden fine-1.0")
    record = read_machine_record(data)
    assert record
    assert record.now == ("fine-1.0",)


@given(st.integers(0, RECORD_SIZE), st.binary(max_size=40))
def test_a_part_of_a_record_is_none_or_the_whole(cut: int, other: bytes) -> None:
    """Half of a record may be followed by what an earlier one has left, or by anything."""
    data = lines_of(RUNNING)
    record = read_machine_record(data[:cut] + other + data[cut + len(other) :])
    assert record is None or not record.is_final


@given(st.binary(max_size=RECORD_SIZE))
def test_no_bytes_are_an_error(data: bytes) -> None:
    assert read_machine_record(data) is None
