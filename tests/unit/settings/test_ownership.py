# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders are Ruckus's, and a cache is one user's."""

import errno
import os
import re
from pathlib import Path

import pytest
from unit.samples import TOP, no_builder

from ruckus_aux.runs.request import Request
from ruckus_aux.runs.run import Build
from ruckus_aux.settings.ownership import check_own_cache, explained, is_closed, take_folders
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILD_NAMES, BUILDROOT_NAMES, CACHE_NAMES


def test_a_cache_of_another_user_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    take_folders(settings)
    take_folders(settings)
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    with pytest.raises(RuckusError, match=f"{settings.cache} is the cache of .*, and a cache has one owner") as error:
        check_own_cache(settings.cache)
    assert "--with-cache=FOLDER" in error.value.hint


def test_a_cache_for_several_to_choose_from_is_the_first_ones(tmp_path: Path) -> None:
    check_own_cache(tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    os.chmod(tmp_path / "cache", 0o2775)
    check_own_cache(tmp_path / "cache")


@pytest.mark.parametrize("name", ["status.json", "run.lock", "hostprep"])
def test_a_build_folder_with_a_file_of_the_users_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    request = Request((ARCHITECTURES["x86_64"],), tmp_path, TOP, "python3", "tiny", 1)
    with pytest.raises(RuckusError, match=f"{name} is there already, and Ruckus did not make it"):
        Build(request, "run", no_builder).run(lambda watch: pytest.fail("nothing is shown"))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(
    ("folder", "names"),
    [("BUILDROOT", BUILDROOT_NAMES), ("cache", CACHE_NAMES), ("`--build-dir` of `invoke build`", BUILD_NAMES)],
)
def test_the_manual_lists_the_names_that_are_taken(folder: str, names: tuple[str, ...]) -> None:
    text = (TOP / "docs" / "configure.md").read_text()
    (row,) = re.findall(rf"^\| {re.escape(folder)} \| (.*) \|$", text, re.MULTILINE)
    assert sorted(row.replace("`", "").split(", ")) == sorted(names)


@pytest.mark.parametrize(
    ("user", "owner", "mode", "closed"),
    [(1000, 0, 0o755, True), (1000, 1000, 0o755, False), (0, 0, 0o755, False), (1000, 0, 0o775, False)],
)
def test_a_system_is_closed_when_it_is_roots(
    monkeypatch: pytest.MonkeyPatch, user: int, owner: int, mode: int, closed: bool
) -> None:
    status = os.stat_result((0o40000 | mode, 1, 1, 2, owner, owner, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: status)
    assert is_closed(Path("/media/baby"), user) is closed


def refused(settings: Settings, path: Path) -> RuckusError:
    with pytest.raises(RuckusError) as caught, explained(settings):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return caught.value


def test_what_a_user_denies_himself_is_said_with_its_mode(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever has what is above the build directory: /home is root's."""
    real = Path.lstat
    other = os.stat_result((0o40755, 1, 1, 2, 54321, 54321, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "lstat", lambda path: other if path == tmp_path else real(path))
    (settings.builddir / "a b").mkdir(parents=True)
    (settings.builddir / "a b/file").touch(0o000)
    error = refused(settings, settings.builddir / "a b/file")
    assert (
        error.message
        == f"{settings.builddir}/a b/file: Permission denied: {settings.builddir}/a b/file is yours, with mode 000"
    )
    assert error.hint == f"let yourself use it: chmod u+rw '{settings.builddir}/a b/file'"
    settings.builddir.chmod(0o555)
    error = refused(settings, settings.builddir / "stamps.lock")
    assert error.message.endswith(f"/stamps.lock: Permission denied: {settings.builddir} is yours, with mode 555")
    assert error.hint == f"let yourself use it: chmod u+w {settings.builddir}"
    other = os.stat_result((0o40755, 1, 1, 2, 54321, 54321, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "lstat", lambda path: other if path == settings.builddir else real(path))
    error = refused(settings, settings.builddir / "stamps.lock")
    assert error.message.endswith(f"/stamps.lock: Permission denied: {settings.builddir} belongs to 54321")
    assert "bootstrap-reopen" in error.hint


def test_what_is_no_part_of_a_build_is_not_explained_by_it(settings: Settings, tmp_path: Path) -> None:
    for path in (tmp_path / "elsewhere", settings.builddir / "fine"):
        with pytest.raises(PermissionError), explained(settings):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))


def test_what_is_not_there_is_open(tmp_path: Path) -> None:
    assert not is_closed(tmp_path / "baby", 1000)
