# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a run afterwards: history, report, trace, estimate."""

import json
import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.host.locks import held
from ruckus_aux.host.process import Usage
from ruckus_aux.reports.history import RunHistory, StepHistory, find, record, repeating_command, runs
from ruckus_aux.reports.page import data, html, lanes, trace, write
from ruckus_aux.reports.table import cost_table
from ruckus_aux.settings.journal import End, Entry, Journal, MachineRun, Run, Sample
from ruckus_aux.steps import logs
from ruckus_aux.steps.outcome import outcome_line
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import readable_size

NAME = "2026-11-23T03:00:00Z"
BUILT = Entry(NAME, "i686/cross/gcc", "k1", "built", 0, 100.0, 50.0, 80.0, 10.0, 1.0, 900_000, 5, 6, 1_500_000, 0, 9)
LOG = """# run      {run}
# step     i686/cross/gcc
# start    1970-01-01T00:02:00Z
# environment:
#   A=b
# output:
{output}

# end      2026-11-23T03:01:00Z
# status   {status}
# wall     50.0 s
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a build of two architectures."""
    journal = Journal(tmp_path / "journal.sqlite")
    folders = "\n".join(str(tmp_path / arch) for arch in ("i686", "x86_64"))
    journal.add(Run(NAME, 90.0, "i686,x86_64", folders, 2, "--arch-list=i686,x86_64 '--configure=A=b c'"))
    journal.add(Sample(NAME, 95.0, 1.5, 800, 2, "i686/cross/gcc"))
    journal.add(Sample(NAME, 140.0, 2.0, 1600, 2, "i686/cross/gcc"))
    add(tmp_path, "i686", BUILT)
    return tmp_path


def add(folder: Path, arch: str, entry: Entry, output: str = "fine") -> None:
    Journal(folder / arch / "journal.sqlite").add(entry)
    log = folder / arch / "log" / f"{entry.step}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(LOG.format(run=entry.run, output=output, status=entry.status))


def of(folder: Path, name: str = "") -> RunHistory:
    return record(folder, find(folder, name))


def test_how_a_run_ended(folder: Path) -> None:
    assert of(folder).status == "killed"
    assert of(folder).ended == 150.0, "when something was last heard of it"
    with held(folder / "run.lock"):
        assert of(folder).status == "running"
    for status, word in ((0, "succeeded"), (2, "failed"), (130, "interrupted")):
        Journal(folder / "journal.sqlite").add(End(NAME, 200.0, status, 110.0, 91.0))
        assert of(folder).status == word
    assert repeating_command(of(folder).run).endswith("invoke build --arch-list=i686,x86_64 '--configure=A=b c'")


def test_a_run_is_found_by_the_beginning_of_its_name(folder: Path) -> None:
    later = replace(runs(folder)[0], run="2026-11-24T03:00:00Z")
    Journal(folder / "journal.sqlite").add(later)
    assert find(folder) == later
    assert find(folder, "2026-11-23").run == NAME
    with pytest.raises(RuckusError, match="several runs begin"):
        find(folder, "2026")
    with pytest.raises(RuckusError, match="no run begins"):
        find(folder, "1999")
    with pytest.raises(RuckusError, match="no run has been recorded"):
        find(folder / "elsewhere")


def test_what_sharing_saved(folder: Path) -> None:
    step = replace(BUILT, step="x86_64/cross/gcc", key="k2", user=15.0, system=5.0, hits=8, misses=1)
    add(folder, "x86_64", step)
    add(folder, "x86_64", replace(BUILT, step="hostprep/gmp", outcome="stored", user=0.0, system=0.0, key="k3"))
    add(folder, "i686", replace(BUILT, run="earlier", step="hostprep/gmp", key="k3", user=40.0, system=2.0))
    saved = {row.entry.step: row.saved for row in of(folder).rows}
    assert saved == {"i686/cross/gcc": 0.0, "x86_64/cross/gcc": 70.0, "hostprep/gmp": 42.0}


def test_what_was_installed_and_what_tests_said(folder: Path) -> None:
    add(folder, "i686", replace(BUILT, step="i686/final/zlib-32", key="k1", artifact=3_000_000))
    add(folder, "i686", replace(BUILT, step="i686/final/zlib-check-32", key="k2", artifact=0, tests="7 passed"))
    text = html(of(folder), folder / "reports")
    installed = text[text.index("<h2>Installed by what this run has built</h2>") : text.index("<h2>Tests</h2>")]
    assert "3.0 MB in all" in installed
    assert "zlib-check-32" not in installed
    assert "<td>7 passed</td>" in text


def test_a_failure_comes_with_its_first_error_and_log(folder: Path) -> None:
    failed = replace(BUILT, outcome="failed", status=2, step="i686/cross/binutils")
    add(folder, "i686", failed, output="gcc -c x.c\nx.c:1:2: error: <no> & luck\nmake: *** [x.o] Error 1")
    (row,) = [row for row in of(folder).rows if row.entry.outcome == "failed"]
    assert row.error[0] == "x.c:1:2: error: <no> & luck"
    text = html(of(folder), folder / "reports")
    assert text.index("&lt;no&gt; &amp; luck") < text.index("<h2>Time</h2>"), "on top, and not as HTML"
    assert 'href="../i686/log/i686/cross/binutils.log"' in text


def test_what_is_no_log_lets_nobody_wait(folder: Path) -> None:
    log = folder / "i686/log/i686/cross/gcc.log"
    log.unlink()
    os.mkfifo(log)
    assert [row.log for row in of(folder).rows] == [None]


def test_the_log_of_another_run_is_not_this_ones(folder: Path) -> None:
    (folder / "i686/log/i686/cross/gcc.log").write_text(LOG.format(run="another", output="", status=0))
    assert of(folder).rows[0].log is None


def test_report_files(folder: Path) -> None:
    page = write(of(folder), folder / "reports" / NAME)
    assert page.name == "index.html"
    report = json.loads((page.parent / "report.json").read_text())
    assert report["steps"][0]["step"] == "i686/cross/gcc"
    assert report["samples"][1]["busy"] == 2.0
    assert report["idle"] == pytest.approx(0.125)
    assert "http" not in page.read_text(), "nothing is loaded from anywhere"


def test_a_figure_reads_the_same_wherever_it_is(folder: Path) -> None:
    """The memory of one step: on the terminal, in its log, in the table of costs, and on the page."""
    add(folder, "i686", BUILT)
    log = logs.ending(Usage(0, 50.0, 80.0, 10.0, BUILT.memory, BUILT.peak), BUILT.started)
    page = html(of(folder), folder)
    for text in (outcome_line(BUILT), cost_table([BUILT]), log, page):
        assert re.search(r"\b922 MB", text), text
    for text in (log, page, readable_size(BUILT.together)):
        assert re.search(r"\b1536 MB", text), text


def test_trace(folder: Path) -> None:
    events = trace(of(folder))["traceEvents"]
    (step,) = [event for event in events if event["ph"] == "X"]
    assert (step["ts"], step["dur"], step["name"]) == (100_000_000, 50_000_000, "i686/cross/gcc")
    assert [event["args"]["MB"] for event in events if event["name"] == "memory"] == [800, 1600]


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 100)), max_size=20))
def test_steps_of_a_lane_never_overlap(times: list[tuple[float, float]]) -> None:
    rows = [StepHistory("i686", replace(BUILT, started=start, wall=wall), None) for start, wall in times]
    found = lanes(rows)
    assert sum(map(len, found)) == len(rows)
    for lane in found:
        for one, next_one in pairwise(lane):
            assert one.entry.started + one.entry.wall <= next_one.entry.started


def test_what_systems_built_by_themselves_is_shown_with_where(folder: Path) -> None:
    start, later = "c0ffee00-0000-4000-8000-000000000001", "2026-11-23T09:00:00Z"
    journal = Journal(folder / "x86_64/journal.sqlite")
    add(folder, "i686", replace(BUILT, step="i686/stage2/m4", started=160.0))
    add(folder, "i686", replace(BUILT, step="i686/stage2/perl", started=210.0, outcome="failed"))
    journal.add(MachineRun(later, "x86_64 in xen1", "xen", start, 500.0, 600.0, "failed x86_64.stage2.b: 1 of 2 done"))
    bad = replace(BUILT, run=later, step="x86_64/stage2/b", started=510.0, outcome="failed", machine=start)
    add(folder, "x86_64", bad, output="x.c:1:2: error: no luck")
    log = folder / "x86_64/log/x86_64/stage2/b.log"
    log.write_text(log.read_text().replace(later, start).replace("00:02:00", "00:08:40"))
    add(folder, "x86_64", replace(BUILT, run=later, step="x86_64/stage2/a", outcome="stored"))
    Journal(folder / "journal.sqlite").add(End(NAME, 400.0, 1, 310.0, 91.0))
    found = of(folder)
    assert [(one.arch, one.where, one.began, one.ended, one.state) for one in found.builders] == [
        ("i686", "chroot", 160.0, 260.0, "1 steps built, not i686/stage2/perl"),
        ("x86_64", "x86_64 in xen1, xen", 500.0, 600.0, "failed x86_64.stage2.b: 1 of 2 done"),
    ]
    where = {row.entry.step: row.where for row in found.rows}
    assert where == {
        "i686/cross/gcc": "", "i686/stage2/m4": "chroot", "i686/stage2/perl": "chroot",
        "x86_64/stage2/b": "x86_64 in xen1, xen",
    }  # fmt: skip
    report = json.loads((write(found, folder / "reports").parent / "report.json").read_text())
    assert report["builders"][1]["where"] == report["steps"][-1]["where"] == "x86_64 in xen1, xen"
    text = html(found, folder)
    assert "error: no luck" in text
    assert text.index("<td>failed x86_64.stage2.b: 1 of 2 done</td>") < text.index("<h2>Steps</h2>")
    assert "x86_64/stage2/b" not in text[text.index("<h2>Time</h2>") : text.index("<h2>Built")], "it was after the run"
    Journal(folder / "journal.sqlite").add(replace(found.run, run="2026-11-23T08:00:00Z", started=450.0))
    assert [one.where for one in of(folder, NAME).builders] == ["chroot"]


def test_what_failed_outside_of_steps_is_on_top(folder: Path) -> None:
    Journal(folder / "journal.sqlite").add(End(NAME, 200.0, 1, 110.0, 91.0, "ruckus boot --once: exit status 1"))
    text = html(of(folder), folder)
    assert text.index("boot --once: exit status 1") < text.index("<h2>Time</h2>")


def test_a_run_in_which_nothing_happened_has_a_report(folder: Path) -> None:
    empty = RunHistory(runs(folder)[0], None, False, (), ())
    assert data(empty)["steps"] == []
    assert "<h2>Processors busy" not in html(empty, folder)
