# SPDX-License-Identifier: GPL-3.0-or-later

import sqlite3
from dataclasses import replace
from pathlib import Path

from ruckus_aux.reports.table import cost_table
from ruckus_aux.settings.journal import Entry, Journal, Made
from ruckus_aux.steps.outcome import outcome_line
from ruckus_aux.words.terminal import duration, label

ENTRY = Entry("r", "x86_64/cross/binutils", "k", "built", 0, 0.0, 72.0, 100.0, 17.0, 0.5, 150528, 10**8, 10**7)


def test_the_last_successful_build_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.sqlite")
    assert journal.last_built() == {}
    for entry in (ENTRY, replace(ENTRY, user=50.0), replace(ENTRY, outcome="failed", user=1.0)):
        journal.add(entry)
    journal.add(replace(ENTRY, outcome="stored", user=0.0))
    assert journal.last_built() == {ENTRY.step: replace(ENTRY, user=50.0)}
    assert [entry.cpu for entry in journal.built()[ENTRY.step]] == [117.0, 67.0]


def test_a_journal_of_an_earlier_version_gets_the_new_columns(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.sqlite") as old:
        columns = [name for name in ENTRY.__dict__ if name not in ("peak", "hits", "misses", "reason")]
        old.execute(f"CREATE TABLE entry (id INTEGER PRIMARY KEY, {', '.join(columns)})")
        values = [getattr(ENTRY, name) for name in columns]
        old.execute(f"INSERT INTO entry ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", values)
    journal = Journal(tmp_path / "journal.sqlite")
    assert journal.rows(Entry) == [ENTRY]
    journal.add(replace(ENTRY, peak=7, reason="signal SIGSEGV"))
    assert [(entry.peak, entry.reason) for entry in journal.rows(Entry, "r")] == [(0, ""), (7, "signal SIGSEGV")]


def test_reading_changes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.add(ENTRY)
    before = journal.path.read_bytes()
    assert journal.rows(Made) == []
    assert journal.path.read_bytes() == before


def test_every_entry_is_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal.add(ENTRY)
    journal.add(ENTRY)
    with sqlite3.connect(journal.path) as connection:
        assert connection.execute("SELECT count(*), max(key) FROM entry").fetchone() == (2, "k")


def test_the_line_of_a_finished_step() -> None:
    words = outcome_line(ENTRY).split()
    assert words[:5] == ["BUILT", ENTRY.step, "1:12", "cpu", "117"]
    assert words[-2:] == ["154", "MB"]
    assert "cpu" not in outcome_line(replace(ENTRY, outcome="stored"))


def test_color_on_a_terminal_only() -> None:
    assert label("failed", terminal=True) == "\033[31mFAILED  \033[0m"
    assert label("failed", terminal=False) == "FAILED  "


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.6, 61, 3600, 36061)] == [
        "0:00",
        "1:00",
        "1:01",
        "1:00:00",
        "10:01:01",
    ]


def test_the_table_adds_up() -> None:
    table = cost_table([ENTRY, replace(ENTRY, step="x86_64/cross/gcc", memory=1024 * 1024)]).splitlines()
    assert table[2] == "| x86_64/cross/binutils | 1:12 | 117 s | 154 MB | 100 MB | 10 MB |"
    assert table[4].endswith("| 2:24 | 234 s | 1074 MB | 100 MB | 20 MB |")
    assert table[-1] == "Ruckus's own work in these steps: 1.0 CPU s, 0.43 % of theirs."
