# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a build, and what other processes read of it."""

import io
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from unit.samples import built

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.runs.display import colored, render_state
from ruckus_aux.runs.status import ArchProgress, State, Watch, from_json, jobs_in_use, state_to_json
from ruckus_aux.settings.journal import Journal, Sample
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.gate import Running
from ruckus_aux.steps.graph import combined
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import MB

STATE = State(
    run="2026-11-23T03:00:00Z",
    pid=1,
    started=1000.0,
    now=1754.0,
    archs=(ArchProgress("i686", 3, 11, 2500.0), ArchProgress("x86_64", 12, 12, 0.0)),
    running=(Running("r", "i686", StepName("hostprep/gmp"), "/w", 1700.0, 100 * MB, 10 * MB, 71 * MB, 60.0),),
    jobs=2,
    cpus=2,
    processors=2,
    busy=1.97,
    memory=5100 * MB,
    total=25_000 * MB,
    left=4000.0,
)


def shown(state: State, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(render_state(state))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_live_view_has_what_a_waiting_person_wants_to_know() -> None:
    lines = shown(STATE).strip().splitlines()
    assert "elapsed 12:34   left about 1:06:40   jobs 2 of 2   busy 2.0   memory 5100 MB of 25.0 GB" in lines[0]
    assert lines[1].startswith("i686")
    assert "3 of 11" in lines[1]
    assert "41:40 CPU left" in lines[1]
    assert lines[2].split()[-1] == "made"
    assert lines[3].split() == ["i686:", "hostprep/gmp", "0:54", "longer", "than", "the", "usual", "0:30", "71", "MB"]
    assert "jobs ? of 2" in shown(replace(STATE, jobs=-1))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_figure_is_broken_over_two_lines(width: int) -> None:
    text = shown(STATE, width)
    for figure in ("left about 1:06:40", "jobs 2 of 2", "busy 2.0", "memory 5100 MB of 25.0 GB"):
        assert figure in text


def test_how_long_a_step_usually_takes_is_shown_while_it_takes_no_longer() -> None:
    early = replace(STATE, now=1720.0)
    assert "0:20  of about 0:30" in shown(early)


def test_a_state_survives_its_file() -> None:
    assert from_json(state_to_json(STATE)) == STATE
    for text in ("", "{}", '{"archs": [], "running": []}', "[]"):
        with pytest.raises(ValueError):
            from_json(text)


@pytest.mark.parametrize(
    ("line", "styles"),
    [
        ("  BUILT    i686/cross/gcc", ["green"]),
        ("ruckus: error: no luck", ["red"]),
        ("make: *** [x] Error 1", ["red"]),
        ("something else", []),
        ("", []),
    ],
)
def test_lines_are_colored_by_what_they_say(line: str, styles: list[str]) -> None:
    text = colored(line)
    assert text.plain == line
    assert [str(span.style) for span in text.spans] == styles


def test_watching(settings: Settings, recipes: Path, tmp_path: Path) -> None:
    plan = evaluate(settings)
    watch = Watch(tmp_path, "r", combined([(plan, plan.of_profile())]), 2)
    before = watch.state(os.getpid())
    assert [(arch.made, arch.steps) for arch in before.archs] == [(0, 4)]
    assert before.left > 0
    built(plan, *plan.steps)
    after = watch.state(os.getpid())
    assert [(arch.made, arch.cpu_left) for arch in after.archs] == [(4, 0)]
    assert after.left == 0
    watch.record(after)
    watch.record(after)
    assert from_json((tmp_path / "status.json").read_text()) == after
    assert len(Journal(tmp_path / "journal.sqlite").rows(Sample)) == 1, "not at every look"


def test_what_is_left_shrinks_while_one_step_runs(
    settings: Settings, recipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = evaluate(settings)
    targets = combined([(plan, plan.of_profile())])
    watch = Watch(tmp_path, "r", targets, 2)
    longest = max(targets, key=lambda target: target.cost)

    def left(elapsed: float) -> tuple[float, float]:
        began = time.time() - elapsed
        running = Running("r", "x86_64", longest.step.name, "/w", began, 0, 0, 0, longest.cost)
        monkeypatch.setattr(watch, "_running", lambda: [running])
        state = watch.state(os.getpid())
        return state.left, state.archs[0].cpu_left

    for first, second, third in zip(left(0.0), left(1.0), left(2.0), strict=True):
        assert first > second > third
    assert left(1e6) == left(2e6) > (0.0, 0.0), "it still runs"


def test_more_jobs_than_processors_make_nothing_faster(
    settings: Settings, recipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ruckus_aux.runs.status.processors", lambda: 2)
    plan = evaluate(settings)
    targets = combined([(plan, plan.of_profile())])
    two, many = (Watch(tmp_path, "r", targets, jobs).state(os.getpid()) for jobs in (2, 8))
    assert many.left == two.left
    assert (two.processors, many.processors, many.cpus) == (2, 2, 8)
    running = replace(STATE, jobs=8, cpus=8, now=1720.0)
    assert "0:20  of about 0:30" in shown(running)


@pytest.mark.parametrize("free", [0, 1, 3])
def test_jobs_in_use_are_the_tokens_that_are_missing(free: int) -> None:
    """As make has it: both ends of one pipe with a byte for each free slot, and another for what it says."""
    reader, writer = os.pipe()
    output, said = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(said, 1)
        os.dup2(said, 2)
        for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - {1, 2, reader, writer}:
            with suppress(OSError):
                os.close(descriptor)
        os.write(writer, b"+" * free)
        os.kill(os.getpid(), signal.SIGSTOP)  # wait to be looked at
        os._exit(0)
    try:
        os.waitpid(child, os.WUNTRACED)
        assert jobs_in_use(child, 4) == 4 - free
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for descriptor in (reader, writer, output, said):
            os.close(descriptor)
    assert jobs_in_use(child, 4) == -1
