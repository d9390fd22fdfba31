# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.host import mounts
from ruckus_aux.host.mounts import holding, parse

LINE = (
    "36 35 253:3 / /media/baby\\040one rw,noatime shared:1 master:2 - ext4 /dev/mapper/vg00-baby--x rw,errors=continue"
)


def test_a_line_with_optional_fields_and_an_escape() -> None:
    (mount,) = parse(LINE)
    assert (mount.device, mount.point, mount.kind) == ("253:3", Path("/media/baby one"), "ext4")
    assert mount.options == ("rw", "noatime")


def test_a_line_without_optional_fields_and_a_broken_one() -> None:
    assert [mount.kind for mount in parse("1 0 0:1 / / rw - rootfs rootfs rw\n1 2 3\n\n")] == ["rootfs"]


def test_of_mounts_on_one_another_the_last_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    lines = ("1 0 8:1 / / rw - ext4 /dev/a rw", "2 1 8:2 / /m rw - ext4 /dev/b rw", "3 2 8:3 / /m rw - ext4 /dev/c rw")
    table.write_text("\n".join(lines))
    monkeypatch.setattr(mounts, "MOUNTINFO", table)
    found = [holding(Path(path)) for path in ("/m/folder", "/other")]
    assert [mount and mount.source for mount in found] == ["/dev/c", "/dev/a"]


# The kernel escapes these four, and writes the rest as it is.
@given(
    st.lists(st.text(st.characters(min_codepoint=9, max_codepoint=126, exclude_characters="/\r\x0b\x0c"), min_size=1))
)
def test_every_name_comes_back(names: list[str]) -> None:
    names = [name for name in names if name.isprintable() or set(name) & {"\t", "\n"}]
    names = [name for name in names if name not in (".", "..") and all(c.isprintable() or c in "\t\n" for c in name)]
    path = "/" + "/".join(names)
    escaped = path
    for character in "\\ \t\n":
        escaped = escaped.replace(character, f"\\{ord(character):03o}")
    (mount,) = parse(f"36 35 8:1 / {escaped} rw - ext4 /dev/sda1 rw")
    assert str(mount.point) == str(Path(path))
