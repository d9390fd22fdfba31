# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ruckus_aux.storage.layout import Layout, builddir_of, chosen, clfs_of, layout, volume_name
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import VOLUMES
from ruckus_aux.words.terminal import size_in_bytes

I686 = ARCHITECTURES["i686"]


def test_systems_are_in_plain_folders_by_default(tmp_path: Path) -> None:
    assert clfs_of(tmp_path, I686) == tmp_path / "baby-i686"
    assert builddir_of(tmp_path, I686) == tmp_path / "baby-i686/ruckus-build"


def test_a_layout_is_remembered_and_not_changed_by_the_way(tmp_path: Path) -> None:
    chosen(tmp_path, volumes="lvm", group="vg1", mount_base="/mnt", size="").save(tmp_path)
    assert clfs_of(tmp_path, I686) == Path("/mnt/baby-i686")
    assert chosen(tmp_path, volumes="", group="vg1") == layout(tmp_path)
    assert chosen(tmp_path, size="20G").size == "20G", "new volumes may be larger"
    with pytest.raises(RuckusError, match="otherwise already: --group=vg1") as caught:
        chosen(tmp_path, group="vg0")
    assert "volume-remove" in caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{", '{"backend": "tape"}', '{"colour": "red"}', '{"base": "/a b"}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / VOLUMES).write_text(text)
    with pytest.raises(RuckusError, match=VOLUMES):
        layout(tmp_path)


def test_every_wrong_value_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(RuckusError) as caught:
        chosen(tmp_path, volumes="tape", file_system="fat", mount_base="media", group="-x", pool="..", size="10")
    for word in ("--volumes=tape", "--file-system=fat", "--mount-base=media", "--group=-x", "--pool=..", "--size=10"):
        assert word in caught.value.hint


@given(st.integers(1, 999_999), st.sampled_from("MGT"))
def test_sizes_are_those_of_lvm(number: int, unit: str) -> None:
    assert size_in_bytes(f"{number}{unit}") == number * 1024 ** (" KMGT".index(unit))


@given(st.text())
def test_nothing_else_is_a_size(text: str) -> None:
    assume(not (text[:-1].isdecimal() and text[-1:] in "MGT"))
    with pytest.raises(RuckusError):
        size_in_bytes(text)


@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=12), st.sampled_from(("base", "group", "pool")))
def test_what_a_layout_allows_needs_no_quotes(text: str, field: str) -> None:
    values = {"base": f"/{text}"} if field == "base" else {field: text}
    try:
        Layout(backend="lvm", **values).check()
    except RuckusError:
        return
    assert not set(text) & set(" \t\n\"'\\*?[]$;&|<>(){}!~`#,:=")
    assert ".." not in values.get("base", "").split("/")


def test_no_snapshot_has_the_name_of_a_volume() -> None:
    volumes = {volume_name(arch) for arch in ARCHITECTURES.values()}
    assert not volumes & {volume_name(arch, "64") for arch in ARCHITECTURES.values()}


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "a b", "x" * 60])
def test_names_that_no_snapshot_may_have(name: str) -> None:
    with pytest.raises(RuckusError, match="not a name for a snapshot"):
        volume_name(I686, name)


@given(st.sampled_from(("dir", "loop", "lvm")), st.sampled_from(("1G", "10G")), st.sampled_from(("", "thin")))
def test_options_say_what_is_not_the_default(backend: str, size: str, pool: str) -> None:
    options = Layout(backend=backend, size=size, pool=pool).options()
    given = dict(option.removeprefix("--").split("=") for option in options)
    assert given.get("volumes", "dir") == backend
    assert given.get("size", "10G") == size
    assert given.get("pool", "") == pool
