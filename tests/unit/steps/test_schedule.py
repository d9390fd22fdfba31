# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.steps.schedule import PARALLEL, parallelism, remaining, schedule

# A tool for all, a compiler, two libraries that need it, and a kernel that the last step does without.
NEEDS = {"tool": [], "gcc": ["tool"], "libc32": ["gcc"], "libc64": ["gcc"], "linux": ["gcc"], "sh": ["libc64"]}
CPU = {"tool": 4.0, "gcc": 20.0, "libc32": 6.0, "libc64": 9.0, "linux": 8.0, "sh": 3.0}
SERIAL = {"tool": 1.0, "gcc": 0.0, "libc32": 0.5, "libc64": 0.0, "linux": 0.0, "sh": 1.0}


def test_one_processor_does_one_after_the_other() -> None:
    made = schedule(NEEDS, CPU, 1, SERIAL)
    assert made.wall == pytest.approx(sum(CPU.values()))
    assert made.path == (("tool", 4.0), ("gcc", 20.0), ("libc64", 9.0), ("sh", 3.0))


def test_two_processors() -> None:
    # tool alone on one of them: 4. gcc on both: 10. Two of the three may begin, those with the longest way to go:
    # libc64 (4.5 + 3 s) and libc32 (6 CPU s, half of them serial: 4.5 s) before linux (4 s); one processor each, so
    # libc32 ends after 6, and libc64 has 3 left. It and linux: 3, and sh begins beside linux with 5 left: 3, and the
    # other 2 are linux's alone on both: 1.
    made = schedule(NEEDS, CPU, 2, SERIAL)
    assert made.wall == pytest.approx(4 + 10 + 6 + 3 + 3 + 1)
    assert made.path == (("tool", 4.0), ("gcc", 10.0), ("libc64", 4.5), ("sh", 3.0))


def test_a_machine_that_is_large_enough_takes_its_critical_path() -> None:
    made = schedule(NEEDS, CPU, 1000, SERIAL)
    assert made.wall == pytest.approx(sum(seconds for _, seconds in made.path), abs=0.01)
    assert [name for name, _ in made.path] == ["tool", "gcc", "libc64", "sh"]
    assert dict(made.path)["gcc"] == pytest.approx(20 / 1000)


def test_what_was_not_measured_keeps_some_processors_busy() -> None:
    assert schedule({"a": []}, {"a": 12.0}, 64, {}).wall == pytest.approx(12 / PARALLEL)
    assert schedule({"a": []}, {"a": 12.0}, 2, {}).wall == pytest.approx(6)


def test_nothing_to_do() -> None:
    assert schedule({}, {}, 4, {}).wall == 0
    assert schedule({"stored": []}, {"stored": 0.0}, 4, {}).path == ()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, float], dict[str, float]]:
    """Steps that need earlier ones, their CPU seconds, and what is known of their serial shares."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 12)))]
    needs = {name: draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else [] for i, name in enumerate(names)}
    cpu = {name: draw(st.floats(0, 1000)) for name in names}
    return needs, cpu, draw(st.dictionaries(st.sampled_from(names), st.floats(0, 1)))


@given(graphs(), st.integers(1, 100))
def test_a_schedule_is_between_its_bounds(
    graph: tuple[dict[str, list[str]], dict[str, float], dict[str, float]], cpus: int
) -> None:
    needs, cpu, serial = graph
    made = schedule(needs, cpu, cpus, serial)
    path, share = sum(seconds for _, seconds in made.path), sum(cpu.values()) / cpus
    some = 1e-6 * (1 + sum(cpu.values()))
    assert max(path, share) - some <= made.wall <= path + share + some
    assert path == pytest.approx(
        max(remaining(needs, {x: cpu[x] / parallelism(cpus, serial.get(x)) for x in cpu}).values())
    )
    more = schedule(needs, cpu, 2 * cpus, serial)
    assert sum(seconds for _, seconds in more.path) <= path + some


@given(graphs())
def test_the_remaining_path_of_any_graph(
    graph: tuple[dict[str, list[str]], dict[str, float], dict[str, float]],
) -> None:
    needs, cpu, _ = graph
    left = remaining(needs, cpu)
    for name in needs:
        assert left[name] == cpu[name] + max((left[other] for other in needs if name in needs[other]), default=0.0)
