# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.host.commands import STEP_ENVIRONMENT
from ruckus_aux.host.folders import within
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import sandbox
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.workplace import Room
from ruckus_aux.words import paths
from ruckus_aux.words.stage import STAGES

ROOM = Room(Path("/b/work"), Path("/b/view"))


def command(settings: Settings, *program: str, room: Room = ROOM) -> list[str]:
    return workplace_of(settings, STAGES["cross"]).command(room, program).words


def environment(settings: Settings, room: Room = ROOM) -> dict[str, str]:
    place = workplace_of(settings, STAGES["cross"])
    return place.environment(room, step_environment(settings, STAGES["cross"], place.inside(room.work), {}))


def binds(words: list[str], option: str) -> dict[str, str]:
    return {words[i + 2]: words[i + 1] for i, word in enumerate(words) if word == option}


def test_the_prefixes_are_the_views_and_read_only(settings: Settings) -> None:
    words = command(settings, "/bin/sh", "script")
    shown = binds(words, "--ro-bind")
    assert shown["/tools-x86_64"] == "/b/view/tools-x86_64"
    assert shown["/cross-tools-x86_64"] == "/b/view/cross-tools-x86_64"
    assert binds(words, "--bind") == {"/ruckus": "/b/work"}
    assert words[-3:] == ["--", "/bin/sh", "script"]


def test_no_network_and_no_home(settings: Settings) -> None:
    words = command(settings, "true")
    assert "--unshare-net" in words
    assert not any(word.startswith(("/home", "/root", "/var", "/srv")) for word in words)


def test_elsewhere_a_step_has_no_program_that_it_does_not_declare(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_OPTIONAL", ("cat", "chmod", "nothing-of-this-name"))
    words = workplace_of(settings, STAGES["cross"]).elsewhere(["chmod"]).command(ROOM, ["true"]).words
    assert [path for path, shown in binds(words, "--ro-bind").items() if shown == "/dev/null"] == ["/usr/bin/cat"]
    assert "/dev/null" not in binds(command(settings, "true"), "--ro-bind").values()


def test_a_named_pipe_is_visible(settings: Settings) -> None:
    words = command(settings, "true", room=replace(ROOM, fifo=Path("/tmp/GMfifo1")))
    assert binds(words, "--bind")["/tmp/GMfifo1"] == "/tmp/GMfifo1"


def test_the_compilers_of_a_step_that_shares_objects_are_links_of_ours_to_ccache(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the distribution has such links, or none."""
    ccache = tmp_path / "ccache"
    ccache.write_text("#!/bin/sh\n")
    ccache.chmod(0o755)
    monkeypatch.setitem(STEP_ENVIRONMENT, "PATH", str(tmp_path))
    sandbox.ccache_program.cache_clear()
    assert sandbox.ccache_program() == str(ccache)
    room = replace(ROOM, objects=Path("/c/gcc"))
    words = command(settings, "true", room=room)
    path = workplace_of(settings, STAGES["cross"]).environment(room, {"PATH": "/hostprep/bin:/usr/bin:/bin"})["PATH"]
    sandbox.ccache_program.cache_clear()
    links = {link: target for link, target in binds(words, "--symlink").items() if target == str(ccache)}
    folders = {str(Path(link).parent) for link in links}
    assert {Path(link).name for link in links} == {"gcc", "g++", "cc", "c++"}
    assert path.split(":") == ["/hostprep/bin", *folders, "/usr/bin", "/bin"]


def test_without_isolation_the_program_runs_as_it_is(settings: Settings) -> None:
    plain = replace(settings, isolation="none")
    assert command(plain, "/bin/sh", "x") == ["/bin/sh", "x"]
    assert environment(plain)["SRC"] == "/b/work/src"


def test_the_environment_is_the_same_for_everybody(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment(settings)
    for name in ("CFLAGS", "PATH", "LANG", "HOME", "MAKEFLAGS", "CONFIG_SITE"):
        monkeypatch.setenv(name, "/strange")
    elsewhere = replace(settings, buildroot=Path("/b2"), cpucount=99)
    assert environment(elsewhere, replace(ROOM, work=Path("/b2/work"))) == before
    assert before["SRC"] == "/ruckus/src"
    assert before["PATH"].split(":")[:2] == ["/cross-tools-x86_64/bin", "/hostprep/bin"]


@given(st.lists(st.sampled_from(["usr", "etc", "opt", "tools", "lib", "ruckus"]), min_size=1))
def test_what_the_sandbox_takes_from_the_host_can_be_told_from_the_rest(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert any(within(path, taken) for taken in paths.RESERVED) == (parts[0] not in ("opt", "tools"))
