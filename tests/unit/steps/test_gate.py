# SPDX-License-Identifier: GPL-3.0-or-later

import fcntl
import json
import threading
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ruckus_aux.host import limits
from ruckus_aux.host.limits import Memory
from ruckus_aux.steps import gate
from ruckus_aux.steps.gate import Gate, Running, pressure
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import MB

Usage = namedtuple("Usage", "free")


@pytest.fixture
def wanted(tmp_path: Path) -> Running:
    return Running("run", "i686", StepName("i686/cross/gcc"), str(tmp_path), 1.0, 2000 * MB, 300 * MB)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A machine with 8 GB of memory of which 4 are free, 1 GB of free disk, and no pressure."""
    figures: dict[str, float] = {"available": 4000e6, "free": 1000e6, "pressure": 0.0}
    monkeypatch.setattr(gate, "_POLL", 0.01)
    monkeypatch.setattr(limits, "memory", lambda: Memory(figures["available"], 8000e6))
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(figures["free"]))
    monkeypatch.setattr(gate, "pressure", lambda: figures["pressure"])
    return figures


def other(wanted: Running, **changes: Any) -> Running:
    return replace(wanted, step=StepName("i686/cross/binutils"), **changes)


def test_what_runs_is_announced_and_taken_back(tmp_path: Path, wanted: Running) -> None:
    with Gate(tmp_path).admitted(wanted) as ticket:
        ticket.write(1234)
        (running,) = Gate(tmp_path).running()
        assert running == replace(wanted, used=1234, started=running.started)
        assert time.time() - running.started < 60, "when it was let in, not when it came"
    assert Gate(tmp_path).running() == []
    assert [path.name for path in (tmp_path / "running").iterdir()] == ["gate"]


def test_the_same_process_number_in_two_containers_with_one_cache(tmp_path: Path, wanted: Running) -> None:
    with Gate(tmp_path).admitted(wanted), Gate(tmp_path).admitted(replace(wanted, memory=10)):
        assert {running.memory for running in Gate(tmp_path).running()} == {wanted.memory, 10}


def test_what_a_killed_process_announced_counts_for_nothing(tmp_path: Path, wanted: Running) -> None:
    folder = tmp_path / "running"
    folder.mkdir()
    (folder / "1.x.lock").touch()
    (folder / "1.x.json").write_text(json.dumps(wanted.__dict__))
    assert Gate(tmp_path).running() == []
    with Gate(tmp_path).admitted(wanted):
        assert not (folder / "1.x.lock").exists(), "it is swept away"


@pytest.mark.parametrize(
    ("figures", "step", "waits"),
    [
        ({}, {"memory": 100 * MB, "disk": 10 * MB}, ""),
        ({"available": 2300e6}, {"memory": 100 * MB, "disk": 10 * MB}, "2000 MB of memory"),
        (
            {},
            {"memory": 3000 * MB, "disk": 10 * MB},
            "2000 MB of memory",
        ),  # the other may still take what it has not yet
        ({}, {"memory": 3000 * MB, "disk": 10 * MB, "used": 2500 * MB}, ""),
        ({"pressure": 50.0}, {"memory": 100 * MB, "disk": 10 * MB}, "wait for memory"),
        ({"free": 350e6}, {"memory": 100 * MB, "disk": 100 * MB}, "300 MB of disk"),
    ],
)
def test_a_step_waits_while_another_takes_what_it_needs(
    tmp_path: Path,
    wanted: Running,
    machine: dict[str, float],
    capsys: pytest.CaptureFixture[str],
    figures: dict[str, float],
    step: dict[str, int],
    waits: str,
) -> None:
    machine.update(figures)
    passed = threading.Event()

    def second() -> None:
        with Gate(tmp_path).admitted(wanted):
            passed.set()

    thread = threading.Thread(target=second)
    with Gate(tmp_path).admitted(other(wanted, memory=100 * MB, disk=10 * MB)) as ticket:
        ticket.running = other(wanted, **step)
        ticket.write(step.get("used", 0))
        thread.start()
        assert passed.wait(0.3) == (not waits)
    thread.join(5)
    assert passed.is_set(), "it goes on when the other has ended"
    said = capsys.readouterr().out
    assert waits in said
    assert said.count("WAITING") == bool(waits), "once, not at every look"


def test_the_only_step_never_waits_for_memory(tmp_path: Path, wanted: Running, machine: dict[str, float]) -> None:
    machine.update({"available": 0.0, "pressure": 99.0})
    with Gate(tmp_path).admitted(wanted):
        pass


def test_too_little_disk_is_an_error_when_nobody_can_give_some_back(
    tmp_path: Path, wanted: Running, machine: dict[str, float]
) -> None:
    machine["free"] = 100e6
    refusal = rf"i686/cross/gcc needs 300 MB of disk, and {tmp_path} has 100 MB free"
    with pytest.raises(RuckusError, match=refusal), Gate(tmp_path).admitted(wanted):
        pass
    assert Gate(tmp_path).running() == []


def test_alone_means_that_nothing_runs_beside(tmp_path: Path, wanted: Running) -> None:
    """It waits for who runs, and who comes later waits for it."""
    order = []

    def retry() -> None:
        with Gate(tmp_path).admitted(wanted, alone=True):
            order.append(f"alone beside {len(Gate(tmp_path).running()) - 1}")
            time.sleep(0.2)
            order.append("alone ends")

    def late() -> None:
        with Gate(tmp_path).admitted(other(wanted, memory=1)):
            order.append("late")

    with Gate(tmp_path).admitted(other(wanted, memory=1)):
        first = threading.Thread(target=retry)
        first.start()
        time.sleep(0.1)
        second = threading.Thread(target=late)
        second.start()
        time.sleep(0.1)
        order.append("first ends")
    first.join(5)
    second.join(5)
    assert order == ["first ends", "alone beside 0", "alone ends", "late"]


def test_the_announcement_is_locked_by_who_made_it(tmp_path: Path, wanted: Running) -> None:
    with (
        Gate(tmp_path).admitted(wanted) as ticket,
        ticket.path.with_suffix(".lock").open() as file,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some avg10=12.50 avg60=1.00 avg300=0.10 total=99\nfull avg10=0.00 avg60=0 avg300=0 total=0\n", 12.5),
        ("", 0.0),
        ("nonsense\n", 0.0),
        ("some avg10=x\n", 0.0),
    ],
)
def test_pressure(tmp_path: Path, text: str, expected: float) -> None:
    (tmp_path / "memory").write_text(text)
    assert pressure(tmp_path / "memory") == expected
    assert pressure(tmp_path / "missing") == 0.0
