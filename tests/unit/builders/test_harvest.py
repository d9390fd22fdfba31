# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine brings home, and what it would like to."""

import tarfile
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.builders.conftest import A, B, artifact, end, log, start_of, tar

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.harvest import harvest
from ruckus_aux.builders.machine import Harvest, Start
from ruckus_aux.builders.record import ARCHIVE
from ruckus_aux.builders.unpacking import unpack_tree
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.words.errors import RuckusError

DOTTED_A, DOTTED_B = A.replace("/", "."), B.replace("/", ".")


def brought(plan: Plan, archive: bytes, start: Start | None = None) -> Harvest:
    return harvest(plan, "played", start or start_of(plan), BytesIO(bytes(ARCHIVE) + archive + bytes(4096)))


def whole(plan: Plan, start: Start, **more: bytes) -> bytes:
    files: dict[str, str | bytes] = {
        f"log__{DOTTED_A}.log": log(A),
        f"log__{DOTTED_B}.log": log(B),
        f"artifacts__{DOTTED_A}.tar": artifact("a"),
        f"artifacts__{DOTTED_B}.tar": artifact("b"),
        **more,
    }
    return tar(**files, end=end(start, A, B))


def test_artifacts_are_stored_and_logs_are_at_their_places(plan: Plan) -> None:
    start = start_of(plan)
    found = brought(plan, whole(plan, start, log__make=b"make"), start)
    assert ([step.name for step in found.made], found.failed, found.problems.errors) == ([A, B], [], [])
    assert (Store(plan.settings.cache).tree(plan[A].key) / "share/a").read_text() == "text"
    assert f"said by {B}" in plan.settings.log(B).read_text()
    again = brought(plan, whole(plan, start), start)  # the same, as Ruckus was killed before it was settled
    assert again.problems.errors == []
    assert not plan.settings.log(B).with_name("b.log.1").exists()


def test_the_same_key_with_other_files_is_reported_and_what_is_stored_stays(plan: Plan) -> None:
    start = start_of(plan)
    brought(plan, whole(plan, start), start)
    other = {f"artifacts__{DOTTED_A}.tar": artifact("a", "other")}
    found = brought(plan, whole(plan, start, **other), start)
    assert [error.message for error in found.problems.errors] == [
        f"{A}: the machine made other files than {Store(plan.settings.cache).tree(plan[A].key)} has, under the same key"
    ]
    assert (Store(plan.settings.cache).tree(plan[A].key) / "share/a").read_text() == "text"


def test_what_failed_has_its_log_and_its_row(plan: Plan) -> None:
    start = start_of(plan)
    files: dict[str, str | bytes] = {
        f"log__{DOTTED_A}.log": log(A),
        f"log__{DOTTED_B}.log": f"# run {start.run}\n# start 2026-11-26T13:00:00Z\n{log(B, 2)}# wall 7.0 s\n",
        f"artifacts__{DOTTED_A}.tar": artifact("a"),
    }
    found = brought(plan, tar(**files, end=end(start, A)), start)
    assert ([step.name for step in found.made], [step.name for step in found.failed]) == ([A], [B])
    made, failed = Journal(plan.settings.journal).rows(Entry)
    assert (made.step, made.outcome, made.status, made.reason, made.started) == (A, "built", 0, "", start.began)
    assert (failed.step, failed.outcome, failed.status, failed.reason) == (B, "failed", 2, "in played: exit status 2")
    assert (failed.started, failed.wall) == (1795698000.0, 7.0)
    assert {made.machine, failed.machine} == {start.run}
    assert Journal(plan.settings.journal).built() == {}, "what it cost there is no cost here"
    brought(plan, tar(**files, end=end(start, A)), start)
    assert len(Journal(plan.settings.journal).rows(Entry)) == 2


@pytest.mark.parametrize("last", ["", "run another\nmade x86_64.stage2.a 0\n", "made x86_64.stage2.a\n"])
def test_without_the_right_end_nothing_was_made_but_logs_are_kept(plan: Plan, last: str) -> None:
    files: dict[str, str | bytes] = {f"log__{DOTTED_A}.log": log(A), f"artifacts__{DOTTED_A}.tar": artifact("a")}
    found = brought(plan, tar(**files, **({"end": last} if last else {})))
    assert found.made == []
    assert plan.settings.log(A).exists()
    assert plan[A].key not in Store(plan.settings.cache)


def test_only_what_was_asked_for_is_taken(plan: Plan) -> None:
    start = start_of(plan)
    other = replace(start, steps={**start.steps, A: "0" * 32})
    found = brought(plan, whole(plan, other), start)
    assert "which nobody asked for" in found.problems.errors[0].message
    assert [step.name for step in found.made] == [B]
    lying = brought(plan, tar(end=end(start, A)), start)
    assert "brought nothing" in lying.problems.errors[0].message


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


@pytest.mark.parametrize(
    "hostile",
    [
        member("../../etc/passwd"),
        member("/etc/passwd"),
        member("log/../../x"),
        member("log/.hidden"),
        member("log/x", tarfile.SYMTYPE, "/etc/passwd"),
        member("log/x", tarfile.LNKTYPE, "end"),
        member("log/x", tarfile.FIFOTYPE),
        member("log/x", tarfile.CHRTYPE),
        member("\x1b[2Jlog/x"),
        member("artifacts/x.tar", tarfile.GNUTYPE_SPARSE),
    ],
)
def test_hostile_members_are_refused_and_the_rest_is_taken(
    plan: Plan, tmp_path: Path, hostile: tarfile.TarInfo
) -> None:
    start = start_of(plan)
    first = tar(bad=hostile).rstrip(b"\0").ljust(512, b"\0")
    found = brought(plan, first + whole(plan, start), start)
    assert (
        "nothing that a runner brings" in found.problems.errors[0].message
        or "damaged" in found.problems.errors[0].message
    )
    assert not (tmp_path / "etc").exists()
    assert found.made or "damaged" in found.problems.errors[0].message


@pytest.mark.parametrize(
    "members",
    [
        [member("../up")],
        [member("/absolute")],
        [member("a/../../b")],
        [member("link", tarfile.SYMTYPE, "/tmp"), member("link/inside")],  # through a link
        [member("link", tarfile.SYMTYPE, "/tmp/target"), member("link")],
        [member("hard", tarfile.LNKTYPE, "/etc/passwd")],
        [member("hard", tarfile.LNKTYPE, "../../outside")],
        [member("pipe", tarfile.FIFOTYPE)],
        [member("node", tarfile.BLKTYPE)],
        [member("file"), member("file/below")],
        [member("s", tarfile.SYMTYPE, "")],
    ],
)
def test_hostile_artifacts_are_refused(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    (tmp_path / "x.tar").write_bytes(tar(**{str(number): one for number, one in enumerate(members)}))
    before = set(tmp_path.rglob("*"))
    with pytest.raises(RuckusError):
        unpack_tree(tmp_path / "x.tar", tmp_path / "tree")
    assert all(path.is_relative_to(tmp_path / "tree") for path in set(tmp_path.rglob("*")) - before)


def test_links_lead_where_they_lead_on_the_system(tmp_path: Path) -> None:
    members = [member("a"), member("b", tarfile.LNKTYPE, "a"), member("c", tarfile.SYMTYPE, "/tools/bin/sh")]
    (tmp_path / "x.tar").write_bytes(tar(**{str(number): one for number, one in enumerate(members)}))
    unpack_tree(tmp_path / "x.tar", tmp_path / "tree")
    assert (tmp_path / "tree/a").samefile(tmp_path / "tree/b")
    assert str((tmp_path / "tree/c").readlink()) == "/tools/bin/sh"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3000), st.binary(max_size=600))
def test_spoiled_archives_are_no_bug(tmp_path: Path, position: int, other: bytes) -> None:
    data = artifact("a")
    (tmp_path / "x.tar").write_bytes(data[:position] + other + data[position + len(other) :])
    tree = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
    with suppress(RuckusError):
        unpack_tree(tmp_path / "x.tar", tree)
