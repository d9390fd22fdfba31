# SPDX-License-Identifier: GPL-3.0-or-later

import errno
from pathlib import Path

import pytest
import sarge
from pytest_subprocess import FakeProcess

from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.host.toolchain import distribution, fingerprint, tool_version
from ruckus_aux.words.errors import RuckusError


def test_status_and_output(fp: FakeProcess) -> None:
    fp.register(["mke2fs", "x"], stdout="done\n", returncode=3)
    assert run(["mke2fs", "x"], check=False) == (3, "done\n")


def test_a_failure_says_what_was_run_and_shows_its_last_words(fp: FakeProcess) -> None:
    fp.register(["cp", "a b", "c"], stdout="\n".join(f"line {n}" for n in range(20)), returncode=1)
    with pytest.raises(RuckusError) as caught:
        run(["cp", "a b", "c"])
    assert caught.value.message == "'cp 'a b' c' failed with exit status 1"
    assert caught.value.hint.splitlines() == [f"line {n}" for n in range(10, 20)]


def test_a_command_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **kwargs: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(sarge, "Popen", missing)
    with pytest.raises(RuckusError, match="nothing: command not found"):
        run(["nothing"])


def test_output_that_is_not_utf8_does_no_harm(fp: FakeProcess) -> None:
    fp.register(["tar"], stdout=b"\xff\xfe\n")
    assert run(["tar"])[1] == "��\n"


def test_the_fingerprint_is_of_versions_only(host: FakeProcess) -> None:
    assert fingerprint() == "gcc 12 | g++ 12 | ld 12 | getconf 12 | make 12 | debian 12"


def programs(folder: Path, version: str) -> str:
    """A folder of programs that say how old they are and in what language."""
    folder.mkdir()
    for name in ("gcc", "g++", "ld", "getconf", "make", "bison"):
        (folder / name).write_text(f'#!/bin/sh\necho {name} {version} "$LC_ALL$GREETING"\n')
        (folder / name).chmod(0o755)
    return str(folder)


def test_versions_are_those_of_the_programs_that_a_step_runs(
    fp: FakeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fp.allow_unregistered(True)
    monkeypatch.setitem(STEP_ENVIRONMENT, "PATH", programs(tmp_path / "usr", "12"))
    monkeypatch.setenv("PATH", programs(tmp_path / "mine", "99"))
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("GREETING", "hello")
    assert fingerprint().startswith("gcc 12 C | g++ 12 C |")
    assert tool_version("bison") == "bison 12 C"


def test_a_tool_that_no_step_would_find(fp: FakeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fp.allow_unregistered(True)
    monkeypatch.setitem(STEP_ENVIRONMENT, "PATH", str(tmp_path))
    monkeypatch.setenv("PATH", programs(tmp_path / "mine", "99"))
    with pytest.raises(RuckusError, match=f"bison: command not found in {tmp_path}"):
        tool_version("bison")


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ({"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}, "debian 12"),
        ({"ID": "debian", "VERSION_CODENAME": "forky"}, "debian forky"),
        ({"ID": "arch", "BUILD_ID": "rolling"}, "arch"),
    ],
)
def test_the_distribution_and_its_release(release: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert distribution() == name
