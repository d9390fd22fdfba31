# SPDX-License-Identifier: GPL-3.0-or-later

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ruckus_aux.settings.installed import installed
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import Stamp, stamps
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSTALLED
from ruckus_aux.words.step_name import StepName

FILES = ("bin/a", "bin/b", "share/empty/", os.fsdecode(b"share/\xff"))


def stamp(settings: Settings, step: str, key: str, *files: str, replaces: tuple[str, ...] = ()) -> Stamp:
    name = StepName(f"x86_64/cross/{step}")
    path = settings.stamps / f"{name}.{key}"
    made = Stamp(path, name, key, settings.clfs, tuple(map(StepName, replaces)), {}, files)
    made.announce()
    return made


def known(settings: Settings) -> dict[str, list[Path]]:
    with installed(settings) as index:
        return {name: sorted(owner.path for owner in index.owners(name, settings.clfs)) for name in FILES}


def truth(settings: Settings) -> dict[str, list[Path]]:
    found = list(stamps(settings, pending=True))
    return {name: sorted(stamp.path for stamp in found if name in stamp.files) for name in FILES}


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["announce", "complete", "reopen", "remove", "look", "damage", "lose"]),
            st.sampled_from(["one", "two", "three"]),
            st.sets(st.sampled_from(FILES)),
        ),
        max_size=12,
    )
)
def test_it_says_what_the_stamps_say_whatever_happened(
    settings: Settings, changes: list[tuple[str, str, set[str]]]
) -> None:
    for path in settings.buildroot.rglob("*.*"):
        path.unlink()
    for number, (change, step, files) in enumerate(changes):
        mine = [other for other in stamps(settings, pending=True) if other.step.package == step]
        if change == "announce":
            stamp(settings, step, f"k{number}", *files)
        elif change == "look":
            known(settings)
        elif change == "damage" and (settings.buildroot / INSTALLED).exists():
            (settings.buildroot / INSTALLED).write_bytes(b"SQLite format 3\0 or so")
        elif change == "lose":
            (settings.buildroot / INSTALLED).unlink(missing_ok=True)
        for other in mine:
            if change == "complete" and other.is_pending:
                other.pending.rename(other.path.with_suffix(""))
            elif change == "reopen":
                other.reopen()
            elif change == "remove":
                other.path.unlink()
    assert known(settings) == truth(settings)


def test_what_is_known_is_not_read_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    one = stamp(settings, "one", "k", "bin/a", replaces=("x86_64/cross/two", "x86_64/cross/three"))
    assert known(settings)["bin/a"] == [one.pending]
    one.complete()
    monkeypatch.setattr("ruckus_aux.settings.installed.read_stamp", lambda path: pytest.fail(f"{path} is read"))
    with installed(settings) as index:
        (owner,) = index.owners("bin/a", settings.clfs)
    assert (owner.path, owner.step, owner.key) == (one.path, one.step, one.key)
    assert (owner.root, owner.replaces) == (one.root, one.replaces)


def test_an_index_of_another_version_is_made_anew(settings: Settings) -> None:
    one = stamp(settings, "one", "k", "bin/a")
    with sqlite3.connect(settings.buildroot / INSTALLED) as connection:
        connection.executescript("CREATE TABLE stamp (x); PRAGMA user_version = 99;")
    assert known(settings)["bin/a"] == [one.pending]


def test_one_that_cannot_be_kept_is_made_for_this_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    one = stamp(settings, "one", "k", "bin/a")
    connect = sqlite3.connect

    def full(path: Path | str) -> sqlite3.Connection:
        connection = connect(path)
        if path != ":memory:":
            connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", full)
    with installed(settings) as index:
        assert [owner.path for owner in index.owners("bin/a", settings.clfs)] == [one.pending]


def test_damage_that_is_found_late_is_said_and_gone(settings: Settings) -> None:
    one = stamp(settings, "one", "k", *(f"share/{number}" for number in range(2000)), "bin/a")
    known(settings)
    path = settings.buildroot / INSTALLED
    content = path.read_bytes()
    start = 3 * 4096  # the page at which the table of files begins
    path.write_bytes(content[:start] + b"\xff" * (len(content) - start))
    with pytest.raises(RuckusError, match="was damaged"), installed(settings) as index:
        for number in range(2000):
            index.owners(f"share/{number}", settings.clfs)
    assert known(settings)["bin/a"] == [one.pending]
