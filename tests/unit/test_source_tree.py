# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the files of the source tree as such."""

from collections.abc import Iterator
from pathlib import Path

from unit.samples import TOP

from ruckus_aux import __version__

LICENSE_LINE = "SPDX-License-Identifier: GPL-3.0-or-later"
FOLDERS = ("python", "packages", "tests", "build-aux", "m4", ".ci")
GENERATED = ("install-sh", "missing")  # by autogen.sh


def files() -> Iterator[Path]:
    """The files of the source tree, in a clone and in a release tarball."""
    yield from (TOP / name for name in ("autogen.sh", "configure.ac", "Makefile.am", "tasks.py"))
    for folder in FOLDERS:
        yield from (path for path in (TOP / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def is_program(path: Path) -> bool:
    """Whether a file is a program of Ruckus's own: steps' golden scripts and files of the systems built are not."""
    if path.suffix in (".py", ".m4", ".ac", ".am", ".html", ".in"):
        return True
    inside = path.relative_to(TOP).parts
    return (
        inside[0] not in ("packages", "tests")
        and path.name not in GENERATED
        and (path.suffix == ".sh" or path.read_bytes()[:2] == b"#!")
    )


def test_every_program_names_its_license() -> None:
    programs = [path for path in files() if is_program(path)]
    without = [str(path.relative_to(TOP)) for path in programs if LICENSE_LINE not in path.read_text("utf-8")[:300]]
    assert not without, f"put '# {LICENSE_LINE}' on the first line of: {' '.join(without)}"
    assert TOP / "build-aux" / "lib.sh" in programs
    assert TOP / "build-aux" / "check" in programs


def test_the_newest_changes_are_those_of_this_version() -> None:
    headings = [line for line in (TOP / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## ")]
    assert headings[0].split()[1] == __version__


def test_no_change_is_named_twice() -> None:
    """As it can be after a merge: .gitattributes has CHANGELOG.md merged line by line."""
    lines = [line for line in (TOP / "CHANGELOG.md").read_text("utf-8").splitlines() if len(line) > 40]
    assert [line for line in set(lines) if lines.count(line) > 1] == []
