# SPDX-License-Identifier: GPL-3.0-or-later

import os
from dataclasses import replace
from pathlib import Path

import pytest
from unit.samples import installed, tree

from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.merged import Merged

STEP = "x86_64/stage1/some"


@pytest.fixture
def system(settings: Settings, tmp_path: Path) -> Path:
    """A system with a shell; what is added to the folder before `found` is merged as well."""
    folder = tmp_path / "system"
    (folder / "bin").mkdir(parents=True)
    (folder / "tools-x86_64/bin").mkdir(parents=True)
    (folder / "tools-x86_64/bin/sh").write_bytes(b"a shell\0")
    (folder / "bin/sh").symlink_to("/tools-x86_64/bin/sh")
    (folder / "bin/mtab").symlink_to("/proc/mounts")
    script(folder / "bin/script", "#!/bin/sh\n")
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def found(settings: Settings, system: Path) -> list[str]:
    installed(settings, STEP, system)
    return [fault.message for finding in Merged(settings).check() for fault in finding.faults]


def test_a_system_that_is_as_it_should_be(settings: Settings, system: Path) -> None:
    assert found(settings, system) == []
    files, scripts = Merged(settings).check()
    assert (files.result, files.detail) == ("ok", "4, without paths of the build")
    assert (scripts.result, scripts.detail) == ("ok", "1")


def test_a_file_that_is_gone(settings: Settings, system: Path) -> None:
    installed(settings, STEP, system)
    (settings.clfs / "tools-x86_64/bin/sh").unlink()
    files, scripts = Merged(settings).check()
    gone, nowhere = (settings.clfs / name for name in ("tools-x86_64/bin/sh", "bin/sh"))
    assert {fault.message for fault in files.faults} == {
        f"{gone} is gone",
        f"{nowhere} leads to /tools-x86_64/bin/sh, which is not there",
    }
    assert all("./ruckus show x86_64/stage1/some" in fault.hint for fault in files.faults)
    assert scripts.detail == "1; for some, /bin/sh is still to come"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_only_root_can_read_is_counted(settings: Settings, system: Path) -> None:
    installed(settings, STEP, system)
    (settings.clfs / "bin/script").chmod(0)
    files, _ = Merged(settings).check()
    assert (files.result, files.detail) == ("ok", "4, without paths of the build; 1 of them only root can read")


@pytest.mark.parametrize(
    "text",
    ["CC=/ruckus/src/gcc", '#include "/ruckus/build/x.h"', "-L/hostprep/lib", "{srcdir}/packages", "root={clfs}/etc"],
)
def test_paths_of_the_build_in_a_text(settings: Settings, system: Path, text: str) -> None:
    text = text.format(srcdir=settings.srcdir, clfs=settings.clfs)
    (system / "bin/config").write_text(text)
    assert f"{settings.clfs}/bin/config holds the build's path " in found(settings, system)[0]


def test_what_a_compiler_notes_for_debuggers_is_no_harm_nor_is_a_comment(settings: Settings, system: Path) -> None:
    (system / "bin/header").write_text(
        "/* made of\n * /ruckus/src/Caps */\n# by /hostprep/bin/m4\n#include <stdio.h>\n"
    )
    (system / "bin/program").write_bytes(b"\x7fELF\0/ruckus/src/main.c\0")
    assert found(settings, system) == []


@pytest.mark.parametrize("name", ["usr/lib/debug/usr/bin/program.debug", "usr/bin/program", "usr/include/header.h"])
def test_the_final_system_has_them_for_debuggers_only(settings: Settings, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "system"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"/* \0made of /ruckus/src/x.h */\n")
    final = settings.of_final()
    installed(final, "x86_64/final/some", folder)
    (files, _), wrong = Merged(final).check(), "debug" not in name
    assert [fault.message for fault in files.faults] == [f"{final.clfs}/{name} holds the build's path /ruckus/src"][
        :wrong
    ]


def test_of_the_final_system_a_script_is_what_can_be_run(settings: Settings, tmp_path: Path) -> None:
    """All else is an example; what runs a script has to be there, whatever prefix that is below."""
    final, text = settings.of_final(), "#!/opt/bin/perl\n"
    folder = tree(tmp_path / "system", usr__bin__script=text, usr__share__example=text)
    (folder / "usr/bin/script").chmod(0o755)
    installed(final, "x86_64/final/some", folder)
    _, scripts = Merged(final).check()
    said = [fault.message for fault in scripts.faults]
    assert said == [f"{final.clfs}/usr/bin/script is run by /opt/bin/perl, which is not there"]
    assert scripts.detail == "1"


def test_what_only_debuggers_read_is_nothing_that_is_linked(settings: Settings, tmp_path: Path) -> None:
    final = settings.of_final()
    folder = tree(tmp_path / "system", usr__bin__program="\177ELF", usr__lib__debug__usr__bin__program="\177ELF")
    installed(final, "x86_64/final/some", folder)
    merged = Merged(final)
    merged.check()
    assert merged.linked == ["/usr/bin/program"]


@pytest.mark.parametrize(
    ("text", "wrong"), [("", 1), ("timestamp\n", 1), (".TH GCC 1\n", 0), ("\n.so man1/gcc.1\n", 0)]
)
def test_a_manual_is_one(settings: Settings, tmp_path: Path, text: str, wrong: int) -> None:
    folder, final = tmp_path / "system", settings.of_final()
    (folder / "usr/share/man/man1").mkdir(parents=True)
    (folder / "usr/share/man/man1/gcc.1").write_text(text)
    installed(final, "x86_64/final/some", folder)
    said = [fault.message for fault in Merged(final).check()[0].faults]
    assert said == [f"{final.clfs}/usr/share/man/man1/gcc.1 is no manual"] * wrong


@pytest.mark.parametrize("place", ["/cross-tools-x86_64", "/tools-x86_64", "/hostprep", "{clfs}"])
def test_the_final_system_names_nothing_of_the_temporary_one(settings: Settings, tmp_path: Path, place: str) -> None:
    settings = replace(settings, clfs=tmp_path / "mounted")
    place = place.format(clfs=settings.clfs)
    folder, final = tmp_path / "system", settings.of_final()
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "usr/bin/program").write_bytes(f"\0{place}/lib\0".encode())
    installed(final, "x86_64/final/some", folder)
    said = [fault.message for fault in Merged(final).check()[0].faults]
    assert f"{final.clfs}/usr/bin/program holds the build's path {place}" in said


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("vim/tools https://tools.ietf.org ../tools/x /tools-x86_64", ""),
        ("-L/tools/lib", "/tools"),
        ("prefix=/cross-tools\n", "/cross-tools"),
        # A source tree in such a folder as examples are of; /etc stands for /src, which this machine may lack.
        ("rsync /etc/somebody/else /usr/share/etc/passwd", ""),
        ("install /etc/passwd", "/etc/passwd"),
    ],
)
def test_usual_names_of_folders(settings: Settings, tmp_path: Path, text: str, place: str) -> None:
    settings = replace(settings, prefix_tools="/tools", prefix_cross="/cross-tools", srcdir=Path("/etc"))
    folder, final = tmp_path / "system", settings.of_final()
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "usr/bin/program").write_text(text)
    installed(final, "x86_64/final/some", folder)
    said = [fault.message for fault in Merged(final).check()[0].faults]
    assert said == [f"{final.clfs}/usr/bin/program holds the build's path {place}"] * bool(place)


def test_a_path_of_the_build_folder_in_a_program(settings: Settings, system: Path) -> None:
    (system / "bin/program").write_bytes(f"\0{settings.buildroot}\0".encode())
    assert found(settings, system) == [f"{settings.clfs}/bin/program holds the build's path {settings.buildroot}"]


@pytest.mark.parametrize("target", ["/hostprep/bin/m4", "/ruckus/out/bin/m4"])
def test_a_link_to_what_only_the_build_has(settings: Settings, system: Path, target: str) -> None:
    (system / "bin/m4").symlink_to(target)
    message = f"{settings.clfs}/bin/m4 leads to {target}, of the build"
    assert message in found(settings, system)


def test_a_script_of_a_program_that_is_nowhere(settings: Settings, system: Path) -> None:
    (system / "bin/Module.pm").write_text("#!./perl\n")  # which nobody executes
    script(system / "bin/perl-script", "#! /tools-x86_64/bin/perl -w\n")
    script(system / "bin/no-script", "#!no\n")
    script(system / "bin/later", "#!/usr/bin/python\n")
    assert set(found(settings, system)) == {
        f"{settings.clfs}/bin/perl-script is run by /tools-x86_64/bin/perl, which is not there",
        f"{settings.clfs}/bin/no-script is run by no, which is not there",
    }
    assert Merged(settings).check()[1].detail == "4; for some, /usr/bin/python is still to come"


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        *(
            (line, "")
            for line in ("env perl", "env /usr/bin/perl", "env -S perl -w", "env -vS A=b perl -w", "env -Sperl")
        ),
        *((line, "") for line in ("env --split-string=perl -w", "env -S -u HOME -i A=perl perl -w", "perl -w env x")),
        ("env python3", "python3"),
        ("env -S -i python3 -u", "python3"),
        ("env /usr/bin/python3", "/usr/bin/python3"),
        ("env perl -w", "perl -w"),  # to env, this is one name
        ("env2 perl", "/usr/bin/env2"),
    ],
)
def test_what_env_runs(settings: Settings, tmp_path: Path, line: str, lost: str) -> None:
    folder, final = tmp_path / "system", settings.of_final()
    (folder / "usr/bin").mkdir(parents=True)
    for name in ("env", "perl"):
        (folder / "usr/bin" / name).write_bytes(b"a program\0")
    script(folder / "usr/bin/script", f"#! /usr/bin/{line}\n")
    installed(final, "x86_64/final/some", folder)
    scripts = Merged(final).check()[1]
    message = f"{final.clfs}/usr/bin/script is run by {lost}, which is not there"
    assert [fault.message for fault in scripts.faults] == [message] * bool(lost)


def test_what_env_runs_may_be_still_to_come(settings: Settings, system: Path) -> None:
    (system / "bin/env").write_bytes(b"a program\0")
    script(system / "bin/later", "#!/bin/env python3\n")
    script(system / "bin/now", "#!/bin/env sh\n")
    assert found(settings, system) == []
    assert Merged(settings).check()[1].detail == "3; for some, python3 is still to come"


def test_links_are_followed_as_in_the_booted_system(settings: Settings) -> None:
    merged = Merged(settings)
    for name, target in {"lib": "usr/lib", "usr/lib/c": "../../tools/c", "tools": "/opt/t", "a": "b", "b": "a"}.items():
        path = settings.clfs / name
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    assert merged.follow("/usr/lib/c") == "/opt/t/c"
    assert merged.follow("/lib/x/../y") == "/usr/lib/y"
    assert merged.follow("/../tools") == "/opt/t"
    assert merged.follow("/a") in ("/a", "/b")
