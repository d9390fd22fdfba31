# SPDX-License-Identifier: GPL-3.0-or-later
"""The record that the runner keeps on its machine's results device: how it goes, and how it went.

It is the first 4096 bytes: lines of ASCII from a first that tells the format to one that says `end`, padded with NUL.
Whatever runs in the machine can write there, so a record is as described here, with no contradiction in it, or it is
none. From ARCHIVE on, there is a tar archive of what the run brings home, which is written before a final record.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from ruckus_aux.words.terminal import printable

RECORD_SIZE = 4096  # bytes
ARCHIVE = 1 << 20  # bytes: where the archive begins
RECORD_FORMAT = "ruckus-builder 1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
_RUN = re.compile(r"[0-9a-f-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,15}")
_PADDING = "\0"

RunnerState = Literal["running", "ok", "failed", "error"]
_STATES: dict[str, RunnerState] = {state: state for state in get_args(RunnerState)}


@dataclass(frozen=True)
class Record:
    """What the runner says.

    run: of which start of the machine.
    state: a build failed when a step did; an error is one of the machine, such as a full disk.
    reason: of an error.
    done, steps: how many steps are done, of how many.
    now, failed: steps that run, and that have failed, as far as there was room for their names.
    time: the machine's clock, in seconds since 1970.
    busy: how long its processors have worked, in hundredths of a second.
    log: how long all logs are, in KiB.
    free: KiB that are free on its disk.
    archive: how many MiB the archive has, rounded up; 0 when it is not there, or not whole.
    """

    run: str
    state: RunnerState
    reason: str
    done: int
    steps: int
    now: tuple[str, ...]
    failed: tuple[str, ...]
    time: int
    busy: int
    log: int
    free: int
    archive: int

    @property
    def is_final(self) -> bool:
        """Whether it is the last one of its run."""
        return self.state != "running"


def read_machine_record(data: bytes) -> Record | None:
    """The record that these bytes hold; None when they hold none, or only a part of one."""
    text = data[:RECORD_SIZE].decode("ascii", errors="replace")
    body, end, padding = text.partition("\nend\n")
    first, *lines = body.split("\n")
    if first != RECORD_FORMAT or not end or padding.strip(_PADDING):
        return None
    fields = dict(line.split(" ", 1) for line in lines if " " in line)  # lines of a later version mean nothing here
    try:
        record = _record(fields)
    except (KeyError, ValueError):
        return None
    return None if _contradicts_itself(record) else record


def _record(fields: dict[str, str]) -> Record:
    done, steps = map(_number, fields["steps"].split(" "))
    if not _RUN.fullmatch(fields["run"]):
        raise ValueError(fields["run"])
    return Record(
        run=fields["run"],
        state=_STATES[fields["state"]],
        reason=printable(fields.get("reason", "")),
        done=done,
        steps=steps,
        now=_names(fields.get("now", "")),
        failed=_names(fields.get("failed", "")),
        time=_number(fields["time"]),
        busy=sum(map(_number, fields["busy"].split())),
        log=_number(fields["log"]),
        free=_number(fields["free"]),
        archive=_number(fields.get("archive", "0")),
    )


def _contradicts_itself(record: Record) -> bool:
    return (
        record.done > record.steps
        or (record.state in ("ok", "failed") and not record.archive)
        or (record.state == "ok" and (record.done < record.steps or bool(record.failed)))
        or (record.state == "failed" and not record.failed)
        or (record.state == "error") != bool(record.reason)
    )


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    """Names of steps; the last one may be cut off, where there was no room for more."""
    return tuple(name for name in text.split() if _NAME.fullmatch(name))
