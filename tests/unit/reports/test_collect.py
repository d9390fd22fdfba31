# SPDX-License-Identifier: GPL-3.0-or-later

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruckus_aux.reports.collect import BuildDirectory, CollectedLog, collect, print_index
from ruckus_aux.settings.journal import Journal, MachineRun
from ruckus_aux.steps.logs import set_aside
from ruckus_aux.words.errors import RuckusError

LOG = """# run      {run}
# step     {step}
# output:
{output}

# end      now
# status   {status}
# wall     61.0 s
"""


def write(folder: Path, name: str, step: str, run: str = "r1", status: int = 0, output: str = "fine") -> Path:
    path = folder / "log" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LOG.format(run=run, step=step, status=status, output=output))
    return path


@pytest.fixture
def source(tmp_path: Path) -> BuildDirectory:
    folder = tmp_path / "build"
    write(folder, "i686/cross/gcc.log", "i686/cross/gcc")
    write(folder, "hostprep/gmp.log", "hostprep/gmp", status=2, output="gmp.c:1:1: error: bad luck")
    write(folder, "i686/cross/gcc.log.1", "i686/cross/gcc", run="r0")
    return BuildDirectory("i686", folder)


def test_logs_go_to_their_run_architecture_and_stage(source: BuildDirectory, tmp_path: Path) -> None:
    found, unreadable = collect([source], tmp_path / "logs")
    assert unreadable == []
    assert (tmp_path / "logs/r1/i686/cross/gcc.log").read_text().startswith("# run      r1")
    assert (tmp_path / "logs/r1/i686/hostprep/gmp.log").exists()
    assert (tmp_path / "logs/r0/i686/cross/gcc.log").exists()
    first, second = sorted(found["r1"], key=lambda line: line.step)
    assert (first.step, first.status, first.error) == ("hostprep/gmp", 2, ("gmp.c:1:1: error: bad luck",))
    assert (second.step, second.seconds, second.error) == ("i686/cross/gcc", 61.0, ())
    page = (tmp_path / "logs/r1/index.html").read_text()
    assert page.index("bad luck") < page.index("i686/cross/gcc")


def test_every_attempt_keeps_its_log(source: BuildDirectory, tmp_path: Path) -> None:
    for number in range(12):
        set_aside(source.folder / "log/hostprep/gmp.log")
        write(source.folder, "hostprep/gmp.log", "hostprep/gmp", run=f"later{number:02}")
    (source.folder / "log/hostprep/gmp.log").unlink()  # killed before the script began
    found, _ = collect([source], tmp_path / "logs")
    runs = [run for run, lines in found.items() if any(line.step == "hostprep/gmp" for line in lines)]
    assert runs == ["r1", *(f"later{number:02}" for number in range(11))]


def test_only_one_run(source: BuildDirectory, tmp_path: Path) -> None:
    found, _ = collect([source], tmp_path / "logs", "r0")
    assert list(found) == ["r0"]
    assert not (tmp_path / "logs/r1").exists()


def test_nothing_is_overwritten(source: BuildDirectory, tmp_path: Path) -> None:
    collect([source], tmp_path / "logs")
    write(source.folder, "i686/cross/gcc.log", "i686/cross/gcc", output="another attempt in the same run")
    for _ in range(2):  # and what is there already is not collected again
        collect([source], tmp_path / "logs")
    names = sorted(path.name for path in (tmp_path / "logs/r1/i686/cross").iterdir())
    assert names == ["gcc.2.log", "gcc.log"]
    assert "fine" in (tmp_path / "logs/r1/i686/cross/gcc.log").read_text()


def test_a_log_that_has_grown_takes_the_place_of_its_beginning(source: BuildDirectory, tmp_path: Path) -> None:
    log = source.folder / "log/i686/cross/gcc.log"
    log.write_text("# run      r1\n# output:\nhalf")
    collect([source], tmp_path / "logs")
    log.write_text("# run      r1\n# output:\nhalf and half\n\n# end      now\n# status   0\n")
    found, _ = collect([source], tmp_path / "logs")
    assert [line.status for line in found["r1"] if line.step == "i686/cross/gcc"] == [0]
    copies = tmp_path / "logs/r1/i686/cross"
    assert os.listdir(copies) == ["gcc.log"]
    assert (copies / "gcc.log").read_bytes() == log.read_bytes()
    index = json.loads((copies.parents[1] / "index.json").read_text())["logs"]
    assert [line["status"] for line in index if line["step"] == "i686/cross/gcc"] == [0]


def test_the_console_of_a_machine_that_runs_is_no_earlier_ones(source: BuildDirectory, tmp_path: Path) -> None:
    Journal(source.folder / "journal.sqlite").add(MachineRun("r1", "i686", "qemu", "a-start", 1.0, 2.0, "ok: 3 steps"))
    builder = source.folder / "builder"
    builder.mkdir()
    (builder / "console.log").write_text("Linux version")
    assert "i686/builder/console" in [line.step for line in collect([source], tmp_path / "logs")[0]["r1"]]
    (builder / "start.json").touch()
    assert "i686/builder/console" not in [line.step for line in collect([source], tmp_path / "more")[0]["r1"]]


class Unplugged:
    """A place that is not there any more."""

    def logs(self, unreadable: list[str]) -> Iterator[CollectedLog]:
        unreadable.append("builder7: Connection reset by peer")
        return iter(())


def test_what_cannot_be_read_is_listed_and_the_rest_collected(
    source: BuildDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source.folder / "log/i686/cross/gone.log").symlink_to("nowhere")
    found, unreadable = collect([Unplugged(), source], tmp_path / "logs")
    assert len(found["r1"]) == 2
    assert [line.rpartition(": ")[2] for line in unreadable] == [
        "Connection reset by peer",
        "not a plain file",
    ]
    print_index(found, unreadable, tmp_path / "logs")
    assert "not collected: builder7" in capsys.readouterr().err
    assert "builder7" in (tmp_path / "logs/r1/index.html").read_text()


def test_a_later_collection_keeps_what_an_earlier_one_has_found(source: BuildDirectory, tmp_path: Path) -> None:
    collect([source], tmp_path / "logs")
    write(tmp_path / "other", "x86_64/cross/gcc.log", "x86_64/cross/gcc")
    collect([BuildDirectory("x86_64", tmp_path / "other")], tmp_path / "logs")
    steps = [log["step"] for log in json.loads((tmp_path / "logs/r1/index.json").read_text())["logs"]]
    assert steps == ["hostprep/gmp", "i686/cross/gcc", "x86_64/cross/gcc"], "the failed step is still on top"


def test_a_build_directory_in_which_nothing_was_built(tmp_path: Path) -> None:
    assert collect([BuildDirectory("i686", tmp_path)], tmp_path / "logs") == ({}, [])


def test_an_interrupted_log_has_no_status(source: BuildDirectory, tmp_path: Path) -> None:
    text = "# run      r2\n# step     i686/cross/gcc\n# output:\nhalf\n\n# interrupted now\n"
    (source.folder / "log/i686/cross/gcc.log").write_text(text)
    found, _ = collect([source], tmp_path / "logs", "r2")
    assert found["r2"][0].status is None
    assert "interrupted" in (tmp_path / "logs/r2/index.html").read_text()


def test_results_of_tests_are_in_the_index(source: BuildDirectory, tmp_path: Path) -> None:
    results = "35 passed, 0 failed, 2 expected to fail"
    write(source.folder, "i686/final/gmp-check.log", "i686/final/gmp-check", output=f"ruckus: tests: {results}")
    found, _ = collect([source], tmp_path / "logs", "r1")
    assert {line.step: line.tests for line in found["r1"] if line.tests} == {"i686/final/gmp-check": results}
    assert f"<td>{results}</td>" in (tmp_path / "logs/r1/index.html").read_text()


def test_no_logs_at_all(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(RuckusError, match="no logs to collect"):
        print_index(*collect([BuildDirectory("i686", tmp_path)], tmp_path / "logs"), tmp_path / "logs")


@pytest.mark.parametrize(
    ("header", "run"),
    [
        ("# run      r1\n# step     ../../../../etc/passwd\n", "r1"),
        ("# run      ../../elsewhere\n# step     x\n", "unknown-run"),
        ("# run      /etc\n", "unknown-run"),
        ("# run      .\n", "unknown-run"),
        ("# run\n\0", "unknown-run"),
    ],
)
def test_a_log_is_named_by_where_it_was_and_not_by_what_it_says(tmp_path: Path, header: str, run: str) -> None:
    log = tmp_path / "build/log/i686/cross/gcc.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"{header}# output:\n\n# end      x\n# status   --1\n# wall     inf s\n")
    found, unreadable = collect([BuildDirectory("i686", tmp_path / "build")], tmp_path / "logs")
    assert unreadable == []
    (line,) = found[run]
    assert (line.step, line.file, line.status, line.seconds) == ("i686/cross/gcc", "i686/cross/gcc.log", None, 0.0)
    copies = list((tmp_path / "logs").rglob("*.log"))
    assert copies == [tmp_path / "logs" / run / "i686/cross/gcc.log"]


def test_nothing_is_collected_through_a_link(source: BuildDirectory, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (source.folder / "log/i686/cross/link.log").symlink_to(tmp_path / "secret")
    (tmp_path / "logs/r1").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs/r1/i686").symlink_to(tmp_path / "elsewhere")
    _, unreadable = collect([source], tmp_path / "logs")
    assert list((tmp_path / "elsewhere").rglob("*.log")) == []
    assert len(unreadable) == 3
    assert any("link.log: not a plain file" in line for line in unreadable)


def test_a_pipe_among_the_logs_lets_nobody_wait(source: BuildDirectory, tmp_path: Path) -> None:
    os.mkfifo(source.folder / "log/i686/cross/fifo.log")
    found, unreadable = collect([source], tmp_path / "logs")
    assert len(found["r1"]) == 2
    assert unreadable == [f"{source.folder}/log/i686/cross/fifo.log: not a plain file"]


def test_what_was_collected_is_not_read_again(
    source: BuildDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = collect([source], tmp_path / "logs")
    monkeypatch.setattr("ruckus_aux.reports.collect.copy_without_secrets", None)
    assert collect([source], tmp_path / "logs") == (first, [])


def test_secrets_are_blanked_and_the_index_says_so(source: BuildDirectory, tmp_path: Path) -> None:
    write(source.folder, "i686/cross/gcc.log", "i686/cross/gcc", output="API_TOKEN=abc PASSWORD=xyz")
    found, _ = collect([source], tmp_path / "logs")
    assert "API_TOKEN=*** PASSWORD=***\n" in (tmp_path / "logs/r1/i686/cross/gcc.log").read_text()
    assert {line.step: line.blanked for line in found["r1"]} == {"hostprep/gmp": 0, "i686/cross/gcc": 2}
    assert "2 secrets blanked" in (tmp_path / "logs/r1/index.html").read_text()
    assert collect([source], tmp_path / "logs")[0] == found


def test_the_index_names_the_machine(source: BuildDirectory, tmp_path: Path) -> None:
    found, _ = collect([source], tmp_path / "logs")
    assert {line.machine for line in found["r1"]} == {os.uname().nodename}


def test_what_a_machine_brought_and_its_console_belong_to_the_run_that_waited(
    source: BuildDirectory, tmp_path: Path
) -> None:
    Journal(source.folder / "journal.sqlite").add(
        MachineRun("r1", "i686", "qemu", "a-uuid", began=1.0, ended=2.0, state="ok")
    )
    write(source.folder, "i686/stage2/bison.log", "i686/stage2/bison", run="a-uuid")
    (source.folder / "builder").mkdir()
    (source.folder / "builder/console.log").write_text("Linux version 6.12\n")
    found, unreadable = collect([source], tmp_path / "logs")
    machines = {line.step: line.machine for line in found["r1"]}
    assert unreadable == []
    assert machines["i686/stage2/bison"] == machines["i686/builder/console"] == "i686, qemu"
    assert machines["i686/cross/gcc"] == os.uname().nodename
    assert {line.status for line in found["r1"] if "builder" in line.step} == {0}
    assert (tmp_path / "logs/r1/i686/builder/console.log").read_text() == "Linux version 6.12\n"
    assert (tmp_path / "logs/r1/i686/stage2/bison.log").exists()
