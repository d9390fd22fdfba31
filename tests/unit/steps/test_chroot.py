# SPDX-License-Identifier: GPL-3.0-or-later

import os
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import tree

from ruckus_aux.host import machines
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import bubble
from ruckus_aux.steps.chroot import Chroot, Usr
from ruckus_aux.steps.workplace import Room
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import CHECK


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """With a system that has its own of what every sandbox has."""
    for name in ("bin", "dev", "etc", "proc", "ruckus", "tmp"):
        (tmp_path / "view" / name).mkdir(parents=True)
    for name in ("passwd", "profile"):
        (tmp_path / "view/etc" / name).write_text("")
    (tmp_path / "view/lib64").symlink_to("lib")
    return Room(tmp_path / "work", tmp_path / "view")


def command(room: Room, machine: str = os.uname().machine) -> list[str]:
    return Chroot(("/cross-tools", "/tools"), machine, "/cross-tools").command(room, ["/bin/sh", "script"]).words


def test_the_view_is_the_system(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubble, "changes_user", lambda: False)
    words = command(room)
    shown = {words[i + 2]: words[i + 1] for i, word in enumerate(words) if word == "--ro-bind"}
    own = {f"/ruckus/{name}": f"{room.work}/{name}" for name in ("sources", "files", "etc")}
    assert shown == {"/bin": f"{room.view}/bin", "/etc/profile": f"{room.view}/etc/profile"} | own
    links = {words[i + 2]: words[i + 1] for i, word in enumerate(words) if word == "--symlink"}
    assert links == {"/lib64": "lib", "/etc/passwd": "/ruckus/etc/passwd", "/etc/group": "/ruckus/etc/group"}
    assert words[-3:] == ["--", "/bin/sh", "script"]


@pytest.mark.parametrize("root", [True, False])
def test_whoever_makes_it_the_script_is_in_a_user_namespace(
    room: Room, monkeypatch: pytest.MonkeyPatch, root: bool
) -> None:
    """Root's own would let it change the host's device nodes: root becomes USER first, in a sandbox on the host."""
    monkeypatch.setattr(bubble, "changes_user", lambda: root)
    words = command(room)
    assert [Path(word).name for word in words].count("bwrap") == (2 if root else 1)
    inner = words[len(words) - words[::-1].index(words[0]) - 1 :]
    assert inner[inner.index("--unshare-user") :][:5] == ["--unshare-user", "--uid", "65533", "--gid", "65533"]
    assert ("--unshare-user" in words[: -len(inner)], "--reuid=65533" in words) == (False, root)


def test_another_machine_than_this_is_asked_for(room: Room) -> None:
    assert [Path(word).name for word in command(room, "i686")[:3]] == ["setarch", "i686", "bwrap"]
    assert Path(command(room)[0]).name == "bwrap"


def test_its_view_is_the_system_as_it_is_merged_without_the_cross_toolchain(tmp_path: Path, fp: FakeProcess) -> None:
    fp.pass_command(["cp", fp.any()], occurrences=2)
    fp.pass_command(["rm", fp.any()], occurrences=2)
    first = tree(tmp_path / "first", tools__bin__mount="BusyBox", opt__cross__bin__gcc="for the host")
    second = tree(tmp_path / "second", tools__bin__mount="util-linux")
    Chroot(("/opt/cross", "/tools"), "x86_64", "/opt/cross").show(tmp_path / "view", [first, second], ())
    assert {str(path.relative_to(tmp_path / "view")) for path in (tmp_path / "view").rglob("*")} == {
        *("opt", "tools", "tools/bin", "tools/bin/mount")
    }
    assert (tmp_path / "view/tools/bin/mount").read_text() == "util-linux"
    assert (first / "tools/bin/mount").read_text() == "BusyBox"


def test_what_this_machine_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "runs_programs_of", lambda machine: False)
    with pytest.raises(RuckusError, match="runs no programs for i686") as caught:
        Chroot((), "i686", "").prepare(tmp_path / "work")
    assert "--builder=qemu" in caught.value.hint
    assert not (tmp_path / "work").exists()


def test_its_programs_are_the_systems(settings: Settings) -> None:
    path = step_environment(settings, CHECK, Path("/ruckus"), {})["PATH"]
    assert path == "/bin:/usr/bin:/sbin:/usr/sbin:/tools-x86_64/bin:/tools-x86_64/sbin"


ELF = "\177ELF"
TEMPORARY = {
    **dict.fromkeys(("bin/grep", "bin/sed", "bin/ip", "sbin/init", "lib/libgcc_s.so.1"), ELF),
    **dict.fromkeys(("include/zlib.h", "include/c++/map", "lib/pkgconfig/zlib.pc", "share/pkgconfig/x.pc"), ""),
    **{"lib/libz.so.1": ELF, "lib/libbfd-2.44.so": ELF, "lib/libc.so": "GROUP ( libc.so.6 )", "lib/libz.a": "!<arch>"},
    **{"lib/libstdc++.so.6": ELF, "lib/libstdc++.a": "!<arch>", "lib/gcc/libgcc.a": "!<arch>"},
    "lib/expect5/libexpect5.so": ELF,
}


def show_usr(tmp_path: Path, fp: FakeProcess, arch: str) -> Path:
    fp.allow_unregistered(True)  # cp
    temporary = tree(tmp_path / "temporary", **{f"tools/{name}": text for name, text in TEMPORARY.items()})
    (temporary / "tools/lib/libz.so").symlink_to("libz.so.1")
    (temporary / "tools/lib/libexpect5.so").symlink_to("expect5/libexpect5.so")  # where the loader finds it
    names = ("usr/bin/sed", "usr/sbin/ip", "usr/lib/libgcc_s.so.1", "usr/include/stdio.h")
    final = tree(tmp_path / "final", **dict.fromkeys(names, "final"))
    workplace = Usr(("/cross-tools", "/tools"), "x86_64", "/cross-tools", "/tools", ARCHITECTURES[arch])
    workplace.gather(tmp_path / "programs", [temporary])
    workplace.show(tmp_path / "view", [final], (), tmp_path / "programs")
    return tmp_path / "view"


def test_the_final_system_is_built_by_programs_that_have_their_final_paths(tmp_path: Path, fp: FakeProcess) -> None:
    view = show_usr(tmp_path, fp, "x86_64")
    links = {path.name: os.readlink(path) for path in [*view.glob("usr/*bin/*")] if path.is_symlink()}
    assert links == {"grep": "/tools/bin/grep", "init": "/tools/sbin/init"}
    assert [(view / name).read_text() for name in ("usr/bin/sed", "usr/lib/libgcc_s.so.1")] == ["final", "final"]
    assert {path.name: os.readlink(path) for path in view.glob("usr/lib*/*") if path.is_symlink()} == {
        "libstdc++.so.6": "/tools/lib/libstdc++.so.6"
    }
    assert {path.name: os.readlink(path) for path in view.iterdir() if path.is_symlink()} == {
        **{"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
    }


def test_headers_and_libraries_of_the_temporary_system_are_hidden(tmp_path: Path, fp: FakeProcess) -> None:
    assert not any((show_usr(tmp_path, fp, "x86_64") / "tools").iterdir()), "they are shown there"
    shown = tmp_path / "programs/tools"
    assert sorted(str(path.relative_to(shown)) for path in shown.glob("[il]*/*")) == [
        *("include/c++", "lib/expect5", "lib/gcc", "lib/libbfd-2.44.so", "lib/libexpect5.so", "lib/libgcc_s.so.1"),
        *("lib/libstdc++.a", "lib/libstdc++.so.6", "lib/libz.so.1"),
    ]
    assert not (shown / "share/pkgconfig").exists()


def test_what_a_step_declares_of_the_temporary_system_is_whole(tmp_path: Path, fp: FakeProcess) -> None:
    """final/linux-headers compiles programs before there is a final C library."""
    fp.allow_unregistered(True)  # cp
    names = ("tools/include/stdio.h", "tools/lib/libc.a", "tools/lib/libc.so.6")
    library = tree(tmp_path / "library", **dict.fromkeys(names, ELF))
    other = tree(tmp_path / "other", **{"tools/include/zlib.h": ""})
    workplace = Usr((), "x86_64", "/cross-tools", "/tools", ARCHITECTURES["x86_64"])
    programs = tmp_path / "programs"
    workplace.gather(programs, [library, other], [library])
    assert sorted(str(path.relative_to(programs)) for path in programs.rglob("*.*")) == sorted(names)


def test_the_temporary_programs_are_shown_at_their_place(tmp_path: Path, fp: FakeProcess) -> None:
    view = show_usr(tmp_path, fp, os.uname().machine)
    workplace = Usr((), os.uname().machine, "/cross-tools", "/tools", ARCHITECTURES["x86_64"])
    words = workplace.command(Room(tmp_path / "work", view, programs=tmp_path / "programs"), ["true"]).words
    sources = [words[i + 1] for i, word in enumerate(words) if word == "--ro-bind" and words[i + 2] == "/tools"]
    assert sources == [f"{view}/tools", f"{tmp_path}/programs/tools"]


def test_on_a_pure_64_bit_system_the_standard_loader_is_found(tmp_path: Path, fp: FakeProcess) -> None:
    assert os.readlink(show_usr(tmp_path, fp, "x86_64-64") / "lib64") == "usr/lib"
