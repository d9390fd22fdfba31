# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs that are fetched from a machine: which, how much of them, and what a machine that lies comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from ruckus_aux.builders import guest_logs
from ruckus_aux.builders.guest_logs import LogFolder, fetch_logs, fetched_folder, folder_below
from ruckus_aux.host.root import Here
from ruckus_aux.words.errors import RuckusError


@dataclass
class Talker(Here):
    """A host that says what the test wants: a listing, and contents by the last word of a command."""

    listing: bytes
    contents: dict[str, bytes] = field(default_factory=dict)
    complaints: str = ""
    asked: list[list[str]] = field(default_factory=list)

    def pipe(
        self, words: Sequence[str], *, source: BinaryIO | None = None, target: BinaryIO, limit: float = 0
    ) -> tuple[int, str]:
        assert source is None
        assert limit > 0
        shell, option, script, _, *command = words
        assert [shell, option, script.partition("head -c")[0]] == ["sh", "-c", '"$@" | ']
        if command[0] == "sh":
            target.write(self.listing)
        else:
            _, _, offset, path = command
            self.asked.append([offset, path])
            target.write(self.contents[path][int(offset) - 1 :])
        return 0, self.complaints


def names(place: LogFolder, folder: Path) -> list[tuple[str, int, bytes]]:
    return [(log.step, log.attempt, path.read_bytes()) for log, path in fetch_logs(place, "i686", folder).logs]


def test_only_what_is_new_is_fetched_whatever_its_name_is_now(tmp_path: Path) -> None:
    host = Talker(b"7 4 i686.stage2.m4.log\n", {"/l/i686.stage2.m4.log": b"four"})
    place = LogFolder("so", host, "/l")
    assert names(place, tmp_path) == [("i686/stage2/m4", 0, b"four")]
    assert names(place, tmp_path) == [("i686/stage2/m4", 0, b"four")]
    assert host.asked == [["+1", "/l/i686.stage2.m4.log"]]
    host.listing = b"7 6 i686.stage2.m4.log.1\n9 3 i686.stage2.m4.log\n"
    host.contents = {"/l/i686.stage2.m4.log": b"new", "/l/i686.stage2.m4.log.1": b"fourth"}
    assert names(place, tmp_path) == [("i686/stage2/m4", 1, b"fourth"), ("i686/stage2/m4", 0, b"new")]
    assert host.asked[1:] == [["+5", "/l/i686.stage2.m4.log.1"], ["+1", "/l/i686.stage2.m4.log"]]
    host.listing = b"7 2 i686.stage2.m4.log.1\n"  # what a disk has not got yet
    assert names(place, tmp_path) == [("i686/stage2/m4", 1, b"fourth")]


@pytest.mark.parametrize(
    "listing",
    [
        b"",
        b"1 1 make.log\n",
        b"1 1 x86_64.stage2.m4.log\n",
        b"1 1 ../i686.stage2.m4.log\n",
        b"1 1 i686.stage2.a b.log\n1 1 i686.stage2.$(id).log\n",
        b"x 1 i686.stage2.m4.log\n1 -1 i686.stage2.m4.log\n1 99999999999999999 i686.stage2.m4.log\n",
        b"1 1 i686.stage2..log.x\n\xff\x00\n",
    ],
)
def test_what_is_not_called_as_a_log_is_left_alone(tmp_path: Path, listing: bytes) -> None:
    host = Talker(listing)
    assert names(LogFolder("so", host, "/l"), tmp_path) == []
    assert host.asked == []


def test_a_machine_can_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_logs, "LARGEST", 5)
    monkeypatch.setattr(guest_logs, "_MOST", 7)
    listing = b"1 6 i686.stage2.a.log\n2 4 i686.stage2.b.log\n"
    host = Talker(listing, {"/l/i686.stage2.a.log": b"12345", "/l/i686.stage2.b.log": b"12"})
    found = fetch_logs(LogFolder("so", host, "/l"), "i686", tmp_path)
    assert [path.read_bytes() for _, path in found.logs] == [b"12345", b"12"]
    assert [problem.partition(": ")[0] for problem in found.problems] == ["i686/stage2/a", "i686/stage2/b"]
    more = Talker(b"3 2 i686.stage2.c.log\n", {"/l/i686.stage2.c.log": b"123"})
    with pytest.raises(RuckusError, match="it sends more than there is"):
        fetch_logs(LogFolder("so", more, "/l"), "i686", tmp_path)
    monkeypatch.setattr(guest_logs, "_PATIENCE", -1.0)
    with pytest.raises(RuckusError, match="or takes too long"):
        fetch_logs(LogFolder("so", Talker(listing), "/l"), "i686", tmp_path / "other")


def test_complaints_are_passed_on_but_for_the_usual_ones(tmp_path: Path) -> None:
    usual = "debugfs 1.47.0 (5-Feb-2023)\n/ruckus-build/native/log: File not found by ext2_lookup\n"
    assert names(LogFolder("so", Talker(b"", complaints=usual), "/l"), tmp_path) == []
    broken = Talker(b"", complaints=f"{usual}\x1b[2JBad magic number in super-block\n")
    with pytest.raises(RuckusError, match=r"^its logs can't be read so: \\x1b\[2JBad magic number in super-block$"):
        fetch_logs(LogFolder("so", broken, "/l"), "i686", tmp_path)


def test_what_was_fetched_of_another_disk_goes(tmp_path: Path, fp: object) -> None:
    (tmp_path / "disk.id").write_text("a" * 64)
    fetched_folder(tmp_path).mkdir(parents=True)
    assert fetched_folder(tmp_path).name == "a" * 32
    assert fetched_folder(tmp_path).exists()
    (tmp_path / "disk.id").write_text("b" * 64)
    fp.pass_command(["rm", "-rf", "--", str(tmp_path / "fetched" / ("a" * 32))])  # type: ignore[attr-defined]
    assert fetched_folder(tmp_path).name == "b" * 32
    assert list((tmp_path / "fetched").iterdir()) == []


def test_no_link_leads_from_a_mounted_system_into_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "ruckus-build/native"
    folder.mkdir(parents=True)
    assert folder_below(tmp_path) == str(tmp_path.resolve() / "ruckus-build/native/log")
    (folder / "log").symlink_to("/var/log")
    with pytest.raises(RuckusError, match="is no plain folder"):
        folder_below(tmp_path)
