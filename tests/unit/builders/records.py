# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as a runner writes them."""

from ruckus_aux.builders.record import RECORD_FORMAT, RECORD_SIZE, Record

RUN = "c0ffee00-0000-4000-8000-000000000001"
RUNNING = Record(
    run=RUN,
    state="running",
    reason="",
    done=1,
    steps=3,
    now=("x86_64.stage2.a",),
    failed=(),
    time=1000,
    busy=50,
    log=10,
    free=1 << 20,
    archive=0,
)


def lines_of(record: Record) -> bytes:
    lines = [RECORD_FORMAT, f"run {record.run}", f"state {record.state}"]
    lines += [f"reason {record.reason}"] if record.reason else []
    lines += [f"steps {record.done} {record.steps}", f"now {' '.join(record.now)}", f"failed {' '.join(record.failed)}"]
    lines += [f"time {record.time}", f"busy {record.busy} 0 0", f"log {record.log}", f"free {record.free}"]
    lines += [f"archive {record.archive}"] if record.archive else []
    return "\n".join([*lines, "end", ""]).encode().ljust(RECORD_SIZE, b"\0")
