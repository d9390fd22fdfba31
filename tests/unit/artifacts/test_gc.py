# SPDX-License-Identifier: GPL-3.0-or-later
"""What no plan needs and nobody used of late goes, and nothing else, whatever happens meanwhile."""

import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_subprocess import FakeProcess
from unit.samples import configured, tree

from ruckus_aux.artifacts import contents, gc
from ruckus_aux.artifacts import store as store_module
from ruckus_aux.artifacts.gc import Collector, Retention, limits
from ruckus_aux.artifacts.registry import Uses, forget, known, register, used_by, uses_to_json
from ruckus_aux.artifacts.store import Store, StoredArtifact
from ruckus_aux.host.locks import held
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.manifest import Fetched, File, write_record
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDS, CACHE_NAMES

DAY = 86400
OLD, STEP = "a" * 32, "x86_64/cross/other-64"


@pytest.fixture
def plan(settings: Settings, recipes: Path, fp: FakeProcess) -> Plan:
    """A build directory that was made in, 99 days ago; only its plan needs the one artifact that there is."""
    fp.pass_command(["rm", fp.any()], occurrences=1000)
    settings.builddir.mkdir()
    configured(settings.builddir)
    take_folders(settings)
    plan = evaluate(settings)
    store(settings.cache, plan[STEP].key, 0)
    register(plan)
    answers(fp, used_by(plan))
    age(settings.cache / BUILDS / "begun", 99)
    age(record(plan.settings.cache, plan[STEP].key), 99)
    return plan


def answers(fp: FakeProcess, uses: Uses) -> None:
    """What `ruckus uses` says in a build directory."""
    fp.register([uses.builddir / "ruckus", "uses"], occurrences=10, stdout=uses_to_json(uses))


def recorded(cache: Path, name: str, uses: Uses, days: float) -> None:
    """The record of a build directory, of its last make so many days ago."""
    age(tree(cache / BUILDS, **{f"{name}.json": uses_to_json(uses)}) / f"{name}.json", days)


def record(cache: Path, key: str) -> Path:
    return Store(cache).folder / "records" / f"{key}.json"


def age(path: Path, days: float) -> Path:
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


def store(cache: Path, key: str, days: float, step: str = STEP, size: int = 1) -> Path:
    """An artifact that was used so many days ago."""
    artifact = tree(cache / "store" / key, **{"share__file": "x" * size})
    tree(cache / "store" / "records", **{f"{key}.json": json.dumps(asdict(StoredArtifact(step, "")))})
    age(record(cache, key), days)
    return artifact


def object_of(cache: Path, family: str, days: float, name: str = "8bgnb7b0ter2c2d95r8derhn6vmj7d0R") -> Path:
    folder = cache / "ccache" / family / "b"
    tree(folder, **{name: "x" * 5000, "stats": ""})
    age(folder / "stats", days)
    return age(folder / name, days)


def collect(plan: Plan, *, dry_run: bool = False, forgotten: tuple[Path, ...] = (), **stays: object) -> None:
    Collector(plan.settings.cache, Retention(**stays), dry_run=dry_run).run([plan.settings.builddir], forgotten)  # type: ignore[arg-type]


def keys(plan: Plan) -> set[str]:
    return set(Store(plan.settings.cache).keys())


def everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def test_what_no_plan_needs_goes_when_it_was_not_used_for_long(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    cache, needed = plan.settings.cache, plan[STEP].key
    store(cache, OLD, 31)
    store(cache, "b" * 32, 29)
    store(cache, "c" * 32, 40, "x86_64/source/libz")
    collect(plan)
    assert keys(plan) == {needed, "b" * 32}
    assert {path.stem for path in (cache / "store/records").iterdir()} == keys(plan)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{cache}, of 1 build directory"
    assert re.fullmatch(r"  KEPT     1 artifacts +0\.0 MB   plans need them", lines[1])
    assert lines[2].endswith("used in the last 30 days")
    assert re.fullmatch(rf"  REMOVED  {STEP} +0\.0 MB   used last on \d{{4}}-\d\d-\d\d", lines[3])
    assert lines[4].split()[:2] == ["REMOVED", "x86_64/source/libz"]
    assert lines[5] == "freed 0.0 MB of 0.0 MB"


def test_a_make_counts_as_a_use_of_its_whole_plan(plan: Plan) -> None:
    """Also when its steps are merged, and nothing of the store is looked at."""
    register(plan)
    old_key = plan[STEP].key
    (plan.settings.recipes / "other.py").unlink()
    register(evaluate(plan.settings))
    assert time.time() - Store(plan.settings.cache).last_used(old_key) < 60


def test_a_dry_run_says_the_same_and_changes_nothing(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    cache = plan.settings.cache
    store(cache, OLD, 31, size=100_000)
    object_of(cache, "gcc%20x86", 50)
    tree(cache / "store/tmp/view.x", file="")
    tree(cache / "store/views/0", file="")
    before = everything(cache)
    collect(plan, dry_run=True, downloads=True)
    assert everything(cache) == before
    would = capsys.readouterr().out
    collect(plan, downloads=True)
    assert keys(plan) == {plan[STEP].key}
    did = capsys.readouterr().out
    assert would.splitlines()[0].endswith(": a dry run")
    for conditional, plain in (
        ("KEEP  ", "KEPT  "),
        ("REMOVE ", "REMOVED"),
        (": a dry run", ""),
        ("would free", "freed"),
    ):
        would = would.replace(conditional, plain)
    assert would == did


def test_down_to_a_size_what_was_used_longest_ago_goes_first(plan: Plan) -> None:
    cache, needed = plan.settings.cache, plan[STEP].key
    for number, days in enumerate((1, 5, 4)):
        store(cache, str(number) * 32, days, size=100_000)
    collect(plan, max_size=250_000)
    assert keys(plan) == {needed, "0" * 32, "2" * 32}, "no more than it takes"
    collect(plan, max_size=1, keep=3)
    assert keys(plan) == {needed, "0" * 32}, "both limits hold"
    collect(plan, max_size=1)
    assert keys(plan) == {needed}, "what a plan needs stays, however large it is"


@pytest.mark.parametrize(
    ("keep", "size", "said"),
    [("x", "", "--keep=x: not a number of days"), ("-1", "", "--keep=-1"), ("", "10", "--max-size=10: not a size")],
)
def test_limits_that_are_none(keep: str, size: str, said: str) -> None:
    with pytest.raises(RuckusError, match=re.escape(said)):
        limits(keep, size, downloads=False)


def test_limits_as_they_are_typed() -> None:
    assert limits("", "", downloads=False).days == 30
    assert limits("7", "2G", downloads=True) == Retention(7, 2 << 30, downloads=True)
    assert limits("", "2G", downloads=False).days == 0


def test_a_plan_that_cannot_be_evaluated_keeps_everything(plan: Plan, fp: FakeProcess, tmp_path: Path) -> None:
    """Unless it is said not to count; then its record goes, too."""
    cache, other = plan.settings.cache, tmp_path / "other"
    store(cache, OLD, 99)
    other.mkdir()
    configured(other)
    recorded(cache, "other", Uses(other, socket.gethostname(), cache, ("d" * 32,), ()), 0)
    said = "ruckus: error: packages/gcc/recipe.py: NameError: name 'sh' is not defined\n"
    fp.register([other / "ruckus", "uses"], returncode=1, stdout=said, occurrences=2)
    before = everything(cache)
    with pytest.raises(RuckusError, match="nothing was removed") as caught:
        collect(plan, keep=0)
    assert f"{other}: packages/gcc/recipe.py: NameError: name 'sh' is not defined" in caught.value.message
    assert f": {other}/ruckus gc --forget={other}" in caught.value.hint
    changed = {path for path, state in everything(cache).items() if state != before.get(path)}
    assert changed <= {str(cache / "store/locks")}
    collect(plan, keep=0, forgotten=(other,))
    assert keys(plan) == {plan[STEP].key}
    assert [entry.uses.builddir for entry in known(cache)] == [plan.settings.builddir]


@pytest.mark.parametrize("machine", ["another", socket.gethostname()])
def test_a_build_directory_that_cannot_be_found_counts_for_a_while(
    plan: Plan, machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be on a volume that isn't mounted, or on another host."""
    cache = plan.settings.cache
    uses = Uses(Path("/gone"), machine, cache, (OLD,), ())
    recorded(cache, "gone", uses, 29)
    store(cache, OLD, 99)
    collect(plan)
    assert OLD in keys(plan)
    recorded(cache, "gone", uses, 31)
    collect(plan)
    assert OLD not in keys(plan)
    assert not (cache / BUILDS / "gone.json").exists()
    assert "FORGOT   /gone, made last on " in capsys.readouterr().out


def test_a_build_directory_that_now_has_another_cache_counts_as_gone(
    plan: Plan, fp: FakeProcess, tmp_path: Path
) -> None:
    cache, other = plan.settings.cache, tmp_path / "other"
    other.mkdir()
    configured(other)
    recorded(cache, "other", Uses(other, socket.gethostname(), cache, (OLD,), ()), 31)
    answers(fp, Uses(other, socket.gethostname(), tmp_path, (OLD,), ()))
    store(cache, OLD, 99)
    collect(plan)
    assert OLD not in keys(plan)


def test_a_record_that_cannot_be_read_keeps_everything(plan: Plan) -> None:
    cache = plan.settings.cache
    store(cache, OLD, 99)
    tree(cache / BUILDS, **{"x.json": '{"builddir": 1}'})
    with pytest.raises(RuckusError, match=r"x\.json: ") as caught:
        collect(plan)
    assert f"rm {cache / BUILDS / 'x.json'}" in caught.value.hint
    assert OLD in keys(plan)


def test_what_was_used_before_build_directories_were_known_counts_as_used_then(plan: Plan) -> None:
    """Of the build directory of an earlier version, say, in which there was no make since."""
    cache = plan.settings.cache
    store(cache, OLD, 99)
    age(cache / BUILDS / "begun", 29)
    collect(plan)
    assert OLD in keys(plan)
    collect(plan, keep=28)
    assert OLD not in keys(plan)


def test_what_is_dated_in_the_future_stays(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    store(plan.settings.cache, OLD, -9)
    collect(plan, keep=0)
    assert OLD in keys(plan)
    assert "dated in the future" in capsys.readouterr().out


def test_objects_go_by_their_age_those_of_an_earlier_layout_too(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    cache = plan.settings.cache
    old, hit = object_of(cache, "gcc%20x86", 31), object_of(cache, "gcc%20x86", 1, "7fhjnrvpg1ot5konfe8tlo55h9fm1qM")
    other = object_of(cache, "binutils%20", 99)
    flat = object_of(cache, "f", 99)
    precious = [tree(cache / "ccache/notes", **{"thesis.txt": ""}) / "thesis.txt", cache / "ccache/gcc%20x86/b/stats"]
    (cache / "ccache/gcc%20x86/c").symlink_to(tree(cache.parent / "mine", b__8bgnb7b0ter2c2d95r8derhn6vmj7d0R=""))
    precious.append(cache.parent / "mine/b/8bgnb7b0ter2c2d95r8derhn6vmj7d0R")
    for path in precious:
        age(path, 99)
    collect(plan)
    assert not old.exists()
    assert hit.exists()
    assert not other.parents[1].exists(), "nothing but bookkeeping was left"
    assert not flat.parents[1].exists()
    assert all(path.exists() for path in precious)
    output = capsys.readouterr().out
    assert re.search(r"KEPT     1 compiled objects .*used in the last 30 days", output)
    assert re.search(r"REMOVED  1 compiled objects of gcc x86 ", output)
    assert re.search(r"REMOVED  1 compiled objects of an earlier version ", output)


def test_downloads_go_only_when_that_is_asked_for(
    plan: Plan, fp: FakeProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = plan.settings.cache
    sources = tree(cache / "sources", **{"old-1.tar": "x", "zlib-1.3.tar.xz": "", "apt__lists": ""})
    write_record(sources, "zlib", Fetched("upstream", "1.3", (File("zlib-1.3.tar.xz", "aa"),), "https://example.org/"))
    register(evaluate(plan.settings))
    collect(plan, keep=0)
    assert len(list(sources.iterdir())) == 4
    assert "--downloads removes what no plan needs" in capsys.readouterr().out
    with held(sources / "lock"):
        collect(plan, keep=0, downloads=True)
    assert len(list(sources.iterdir())) == 5
    collect(plan, keep=0, downloads=True)
    assert {path.name for path in sources.iterdir()} == {"zlib.json", "zlib-1.3.tar.xz", "lock"}


def test_nothing_goes_while_a_build_uses_the_store(plan: Plan) -> None:
    cache, needed = plan.settings.cache, plan[STEP].key
    store(cache, OLD, 99)
    with Store(cache).claim(needed, STEP, Path("/b")), pytest.raises(RuckusError, match=f"in use: .*{STEP} in /b"):
        collect(plan)
    with Store(cache).scratch("view"), pytest.raises(RuckusError, match="in use"):
        collect(plan)
    assert OLD in keys(plan)
    collect(plan)
    assert OLD not in keys(plan)


def test_a_build_that_begins_meanwhile_keeps_the_rest(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = plan.settings.cache
    for key in "abc":
        store(cache, key * 32, 99, size=100_000)
    retire, claims = Store.retire, []

    def then_a_step_begins(self: Store, key: str, is_unused: Callable[[], bool]) -> bool:
        result = retire(self, key, is_unused)
        claims.append(Store(cache).claim("e" * 32, STEP, Path("/b")))
        claims[-1].__enter__()
        return result

    monkeypatch.setattr(Store, "retire", then_a_step_begins)
    with pytest.raises(RuckusError, match="in use"):
        collect(plan)
    claims[0].__exit__(None, None, None)
    assert len(keys(plan)) == 3
    assert "freed 0.1 MB of 0.3 MB" in capsys.readouterr().out


def test_what_a_make_comes_to_need_meanwhile_stays(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = plan.settings.cache
    store(cache, OLD, 99)

    def survey(*arguments: object, **options: object) -> list[contents.Item]:
        items = contents.contents(*arguments, **options)  # type: ignore[arg-type]
        tree(cache / BUILDS, **{"new.json": uses_to_json(Uses(Path("/new"), "another", cache, (OLD,), ()))})
        return items

    monkeypatch.setattr(gc, "contents", survey)
    collect(plan)
    assert OLD in keys(plan)


@pytest.mark.parametrize("removed", [False, True])
def test_an_interrupted_one_leaves_the_store_whole_and_the_next_goes_on(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, removed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Interrupted before an artifact is renamed, or when half of it is removed."""
    cache, needed = plan.settings.cache, plan[STEP].key
    artifact = store(cache, OLD, 99)

    def interrupted(path: Path, *_: object) -> None:
        if removed:
            (path / "file").unlink(missing_ok=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patches, pytest.raises(KeyboardInterrupt):
        patches.setattr(store_module, "remove", interrupted)
        if not removed:
            patches.setattr(Path, "rename", interrupted)
        collect(plan)
    assert artifact.exists() == (not removed)
    assert "freed 0.0 MB" in capsys.readouterr().out
    collect(plan)
    assert keys(plan) == {needed}
    assert list((cache / "store/tmp").iterdir()) == []
    assert {path.stem for path in (cache / "store/records").iterdir()} == {needed}
    assert ("1 leftovers" in capsys.readouterr().out) == removed


def test_what_another_user_has_there_stays(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = plan.settings.cache
    store(cache, OLD, 99)
    object_of(cache, "gcc%20x86", 99)
    monkeypatch.setattr(contents.os, "geteuid", lambda: os.getuid() + 1)  # type: ignore[attr-defined]
    items = contents.contents(cache, [used_by(plan)], downloads=True)
    assert {item.reason for item in items} == {contents.NEEDED, contents.FOREIGN}


def test_a_cache_that_is_not_ones_own(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuckusError, match="is not a cache of Ruckus"):
        Collector(tmp_path, Retention())
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(RuckusError, match="is the cache of"):
        Collector(plan.settings.cache, Retention())


def test_what_locks_and_records_are_left_of_is_forgotten_and_views_go(plan: Plan) -> None:
    cache, needed = plan.settings.cache, plan[STEP].key
    with Store(cache).claim(OLD), Store(cache).claim(needed):
        pass
    tree(cache / "store/views/0", file="")
    collect(plan)
    assert {path.name for path in (cache / "store/locks").iterdir()} == {needed, "scratch"}
    assert not (cache / "store/views").exists()


def test_the_registry(plan: Plan) -> None:
    settings = plan.settings
    (entry,) = known(settings.cache)
    assert entry.uses == used_by(plan)
    assert entry.is_here
    assert BUILDS in CACHE_NAMES
    begun = (settings.cache / BUILDS / "begun").stat().st_mtime
    age(entry.path, 9)
    register(plan)
    assert time.time() - known(settings.cache)[0].made < 60
    assert (settings.cache / BUILDS / "begun").stat().st_mtime == begun
    forget(settings)
    assert known(settings.cache) == []


KEYS = [letter * 32 for letter in "012345"]
AGES = st.floats(0, 90)
PLANS = st.tuples(st.sets(st.sampled_from(KEYS)), AGES)


def quickly_removed(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    artifacts=st.dictionaries(st.sampled_from(KEYS), AGES),
    here=st.sets(st.sampled_from(KEYS)),
    elsewhere=st.lists(PLANS, max_size=3),
    keep=st.none() | st.integers(0, 90),
    max_size=st.none() | st.integers(0, 60_000),
    since=AGES,
)
def test_whatever_there_is_what_a_plan_needs_stays(
    fp: FakeProcess,
    artifacts: dict[str, float],
    here: set[str],
    elsewhere: list[tuple[set[str], float]],
    keep: int | None,
    max_size: int | None,
    since: float,
) -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(store_module, "remove", quickly_removed):
        cache, build = Path(folder, "cache"), Path(folder, "build")
        tree(cache, **{".ruckus": "", f"{BUILDS}__begun": ""})
        age(cache / BUILDS / "begun", since)
        uses = Uses(build, socket.gethostname(), cache, tuple(here), ())
        answers(fp, uses)
        for number, (needed, days) in enumerate(elsewhere):
            other = Uses(Path(f"/{number}"), "another", cache, tuple(needed), ())
            recorded(cache, str(number), other, days)
        for key, days in artifacts.items():
            store(cache, key, days, size=10_000)
        Collector(cache, Retention(keep, max_size)).run([build])
        left = set(Store(cache).keys())
        assert left <= artifacts.keys()
        counted = 30 if keep is None else keep
        for needed in [here, *(needed for needed, days in elsewhere if days < counted)]:
            assert needed & artifacts.keys() <= left
        shortest = keep if keep is not None else 30 if max_size is None else 0
        if since < shortest:
            assert left == artifacts.keys()
        assert {key for key, days in artifacts.items() if days < shortest} <= left
        every = {key for needed, _ in elsewhere for key in needed} | here
        if since > shortest and max_size is None:
            assert left <= every | {key for key, days in artifacts.items() if days < shortest + 0.01}
        if max_size is not None and len(artifacts) * 8192 <= max_size // 2:
            assert left == artifacts.keys()
