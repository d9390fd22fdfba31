# SPDX-License-Identifier: GPL-3.0-or-later

import os
from pathlib import Path

import pytest
from unit.samples import tree

from ruckus_aux.artifacts.compare import differences
from ruckus_aux.artifacts.intake import tree_hash


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two that are the same."""
    one, other = (tree(tmp_path / name, bin__a="a" * 3_000_000, bin__b="", etc__c="c") for name in ("one", "other"))
    for top in (one, other):
        (top / "etc/link").symlink_to("c")
        (top / "etc/again").hardlink_to(top / "etc/c")
    return one, other


def remake(path: Path, text: str = "c") -> None:
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        ("bin/a", lambda path: path.open("r+b").write(b"aab"), "3000000 bytes, different from byte 3 on"),
        (
            "bin/a",
            lambda path: path.open("ab").write(b"a"),
            "3000000 and 3000001 bytes, different from byte 3000001 on",
        ),
        ("bin/b", lambda path: path.write_text("b"), "0 and 1 bytes, different from byte 1 on"),
        ("bin/b", lambda path: path.unlink(), "only in the first"),
        ("bin/new", lambda path: path.mkdir(), "only in the second"),
        ("bin/b", lambda path: path.chmod(0o755), "modes 644 and 755"),
        ("bin", lambda path: path.chmod(0o700), "modes 755 and 700"),
        ("etc/link", lambda path: (path.unlink(), path.symlink_to("d")), "links to c and d"),
        ("etc/link", remake, "a symbolic link and a file"),
        ("bin/b", lambda path: (path.unlink(), path.mkdir()), "a file and a folder"),
        ("etc/c", remake, "the same file as etc/again and a file"),
    ],
)
def test_each_kind_of_difference(trees, path, change, said) -> None:  # type: ignore[no-untyped-def]
    one, other = trees
    assert list(differences(*trees)) == []
    assert tree_hash(one) == tree_hash(other)
    change(other / path)
    assert list(differences(*trees)) == [f"{path}: {said}"]
    assert tree_hash(one) != tree_hash(other)


def test_who_owns_it_and_when_it_was_changed_is_no_difference(trees: tuple[Path, Path]) -> None:
    os.utime(trees[1] / "bin/a", (1, 1))
    assert list(differences(*trees)) == []
