# SPDX-License-Identifier: GPL-3.0-or-later
"""A step's script is run: its output is kept and can't be rewritten, and it leaves no process behind."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ruckus_aux.host import process
from ruckus_aux.host.process import Usage, run_script

Runner = Callable[..., Usage]
HEADER = "# a header\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs shell code with its output in tmp_path/log, where a header is already."""
    monkeypatch.setattr(process, "GRACE", 0.5)
    monkeypatch.setattr(process, "_LOOK", 0.05)

    def run(text: str, limit: float = 60.0) -> Usage:
        with (tmp_path / "log").open("wb", buffering=0) as log:
            log.write(HEADER.encode())
            environment = {"PATH": "/usr/bin:/bin", "MARK": str(tmp_path)}
            command = ["/bin/sh", "-c", text]
            return run_script(command, environment, (), tmp_path, log, verbose=False, report=print, limit=limit)

    return run


def left_by(tmp_path: Path) -> list[psutil.Process]:
    """The processes that a test's script has started and that are still there."""
    found = []
    for candidate in psutil.process_iter():
        try:
            if candidate.environ().get("MARK") == str(tmp_path):
                found.append(candidate)
        except psutil.Error:
            continue
    return found


def test_both_outputs_and_the_exit_status(run: Runner, tmp_path: Path) -> None:
    assert run("echo one; echo two >&2; exit 3").status == 3
    assert (tmp_path / "log").read_text() == f"{HEADER}one\ntwo\n"


@pytest.mark.parametrize(
    "attack",
    [
        "echo warning > /dev/stderr",
        "echo warning > /proc/self/fd/1",
        f"{sys.executable} -c 'import os; os.write(1, b\"warning\\n\"); os.ftruncate(1, 0)' 2>/dev/null",
        f'{sys.executable} -c \'import os; os.write(1, b"warning\\n"); os.pwrite(1, b"lies", 0)\' 2>/dev/null',
    ],
)
def test_what_stands_in_the_log_stays(run: Runner, tmp_path: Path, attack: str) -> None:
    run(f"echo before; {attack}; echo after")
    assert (tmp_path / "log").read_text() == f"{HEADER}before\nwarning\nafter\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_script_that_becomes_another_user_can_open_its_output_by_name(run: Runner, tmp_path: Path) -> None:
    run("setpriv --reuid=65534 --clear-groups sh -c 'echo warning > /dev/stderr'")
    assert (tmp_path / "log").read_text() == f"{HEADER}warning\n"


@pytest.mark.parametrize(
    "daemon", ["sleep 60 &", "setsid sleep 60 &", "setsid sh -c 'trap : TERM; setsid sleep 60 & setsid yes' &"]
)
def test_it_ends_with_its_script_whatever_that_has_left_behind(run: Runner, tmp_path: Path, daemon: str) -> None:
    started = time.monotonic()
    assert run(f"{daemon} echo done; exit 4").status == 4
    assert time.monotonic() - started < 30, "the daemons have our pipe for a minute"
    assert "done\n" in (tmp_path / "log").read_text()
    assert left_by(tmp_path) == []


def test_a_script_that_says_nothing_more_is_waited_for(run: Runner) -> None:
    assert run("exec > /dev/null 2>&1; sleep 0.3; exit 5").status == 5


def test_interrupted_it_leaves_no_process(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(log: object, block: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("trap : TERM; setsid sleep 60 & echo now; while :; do sleep 60; done")
    assert left_by(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGHUP])
def test_it_ignores_no_signal_though_we_do(run: Runner, number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert run(f"kill -{int(number)} $$").status == -number
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_what_takes_too_long_is_stopped_and_its_children_first(run: Runner, tmp_path: Path) -> None:
    usage = run("sh -c 'trap \"echo asked to end; exit\" TERM; sleep 60 & wait'; echo and goes on", limit=0.2)
    assert usage.stopped
    assert "asked to end\nand goes on\n" in (tmp_path / "log").read_text()
    assert run("sleep 60; trap : TERM; while :; do sleep 60; done", limit=0.2).stopped
    assert left_by(tmp_path) == []


def test_what_it_cost(run: Runner) -> None:
    usage = run(f"{sys.executable} -c 'x = bytearray(50_000_000); sum(range(3_000_000))'")
    assert usage.user > 0.02
    assert usage.memory > 50_000
    assert not usage.stopped
