# SPDX-License-Identifier: GPL-3.0-or-later
"""`make check-system`: each fault is found, in files that real tools have made."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from integration.real import run
from integration.small import STEP, Small
from integration.test_in_the_system import program
from unit.samples import installed, settings_in

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.manifest import Fetched, File, sha256_of, write_record
from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.abis import Abis
from ruckus_aux.systems.compilers import check_compilers
from ruckus_aux.systems.merged import Merged
from ruckus_aux.systems.packages import check_packages
from ruckus_aux.systems.testbed import cross_testbed, native_testbed
from ruckus_aux.words.errors import RuckusError

LOADER = "-Wl,--dynamic-linker=/tools-x86_64/lib64/ld-linux-x86-64.so.2"
ALONE = ("gcc", "-nostdlib", "-x", "c", "-", "-o")
SOME = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("some")
recipe.step("stage1")(lambda sh: sh.sh("true"))
"""
PROGRAM, LIBRARY = "int right(void); void _start(void) { right(); }", "int right(void) { return 1; }"


def configured(folder: Path, arch: str = "x86_64") -> Settings:
    settings = settings_in(folder / "tree", folder, arch, 2)
    (settings.recipes / "check-system").mkdir(parents=True)
    return settings


class System:
    """The artifact of a step, with what a compiler and a linker make of it."""

    def __init__(self, folder: Path) -> None:
        self.settings = configured(folder)
        self.folder = folder / "artifact"
        self.tools = self.folder / "tools-x86_64"
        for name in ("bin", "lib", "lib64"):
            (self.tools / name).mkdir(parents=True)
        self.compile(LIBRARY, "lib64/libright.so", "-shared", "-fPIC")
        self.compile(PROGRAM, "bin/right", LOADER)
        shutil.copy2(self.tools / "lib64/libright.so", self.tools / "lib64/ld-linux-x86-64.so.2")

    def compile(self, text: str, name: str, *options: str) -> None:
        libraries = [] if "-shared" in options else [f"-L{self.tools}/lib64", "-lright"]
        path = self.tools / name
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([*ALONE, path, *options, *libraries], input=text, text=True, check=True)

    def of_32_bits(self, name: str, *options: str) -> None:
        """Assemble a file for i386, and link it: that takes no libraries."""
        source = "    .globl right\nright: ret\n"
        subprocess.run(["as", "--32", "-o", self.folder / "object"], input=source, text=True, check=True)
        run("ld", "-m", "elf_i386", *options, "-o", self.tools / name, self.folder / "object", cwd=self.folder)
        (self.folder / "object").unlink()

    def faults(self) -> dict[str, list[str]]:
        """What is wrong with each file that has anything wrong."""
        installed(self.settings, "x86_64/stage1/some", self.folder)
        merged = Merged(self.settings)
        files = merged.check()
        (elf,) = Abis(self.settings, merged).check()
        assert not files[0].faults
        said: dict[str, list[str]] = {}
        for fault in elf.faults:
            path, what = fault.message.removeprefix(f"{self.settings.clfs}/").split(maxsplit=1)
            said.setdefault(path, []).append(what)
            assert "./ruckus show x86_64/stage1/some" in fault.hint
        return said


def test_a_system_for_two_abis(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.of_32_bits("lib/libright.so", "-shared")
    system.compile(PROGRAM, "libexec/more/right", LOADER, "-Wl,-rpath,$ORIGIN/../../lib64")
    assert system.faults() == {}


def test_each_fault_is_named_with_file_and_value(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.compile(PROGRAM, "bin/of-the-host", "-Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2")
    system.compile(PROGRAM, "bin/strays", LOADER, "-Wl,-rpath,/usr/lib:$ORIGIN/../../usr")
    system.compile(LIBRARY, "lib64/libelsewhere.so", "-shared", "-fPIC", "-Wl,-soname,libnowhere.so")
    elsewhere = f"-Wl,--no-as-needed,{system.tools}/lib64/libelsewhere.so"
    system.compile("int x;", "lib64/libneeds.so", "-shared", "-fPIC", elsewhere)
    system.of_32_bits("lib64/libnarrow.so", "-shared")
    system.of_32_bits("lib/libnarrow.so", "-shared", "-soname", "libnarrow.so")
    shutil.copy2(system.tools / "lib64/libright.so", system.tools / "lib/libwide.so")
    run("ar", "rc", system.tools / "lib64/libold.a", system.tools / "lib/libnarrow.so", cwd=tmp_path)
    (system.tools / "bin/damaged").write_bytes((system.tools / "bin/right").read_bytes()[:100])
    program = system.folder / "cross-tools-x86_64/bin/x86_64-ruckus-linux-gnu-gcc"
    program.parent.mkdir(parents=True)
    shutil.copy2(system.tools / "bin/of-the-host", program)
    wide, narrow = "Advanced Micro Devices X86-64, 64 bits", "Intel 80386, 32 bits"
    tools = "tools-x86_64"
    loader = f"/{tools}/lib64/ld-linux-x86-64.so.2"
    found = system.faults()
    assert "the file is not that big" in found.pop(f"{tools}/bin/damaged")[0]
    assert found == {
        f"{tools}/bin/of-the-host": [f"is started by /lib64/ld-linux-x86-64.so.2, and has to be by {loader}"],
        f"{tools}/bin/strays": ["looks for libraries in /usr/lib", "looks for libraries in /usr"],
        f"{tools}/lib64/libneeds.so": [f"needs libnowhere.so, and none for {wide} is in /{tools}/lib64"],
        f"{tools}/lib64/libnarrow.so": [f"is for {narrow}, and has to be for {wide}"],
        f"{tools}/lib64/libold.a": [f"is for {narrow}, and has to be for {wide}"],
        f"{tools}/lib/libwide.so": [f"is for {wide}, and has to be for {narrow}"],
        "cross-tools-x86_64/bin/x86_64-ruckus-linux-gnu-gcc": [
            "needs libright.so, which is not the host's C library",
        ],
    }


@pytest.fixture
def cross(tmp_path: Path) -> Settings:
    """A build directory whose cross compilers are this host's, for programs that start with a loader of the system."""
    settings = configured(tmp_path, "x86_64-64")
    tools, compilers = (Path(f"{settings.clfs}{prefix}") for prefix in (settings.prefix_tools, settings.prefix_cross))
    for folder in (tools / "lib", tools / "bin", compilers / "bin"):
        folder.mkdir(parents=True)
    shutil.copy2("/lib64/ld-linux-x86-64.so.2", tools / "lib")
    script(tools / "bin/localedef", "cp -r /usr/lib/locale/C.utf8 ./C.UTF-8")
    loader = f"-Wl,--dynamic-linker={settings.prefix_tools}/lib/ld-linux-x86-64.so.2"
    for name in ("gcc", "g++"):
        script(compilers / "bin" / f"x86_64-ruckus-linux-gnu-{name}", f'exec {name} {loader} "$@"')
    return settings


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def found_of_cross(settings: Settings) -> dict[str, list[RuckusError]]:
    with cross_testbed(settings) as testbed:
        findings = check_compilers(testbed, "cross", settings.prefix_cross, "x86_64-ruckus-linux-gnu-")
        return {finding.subject: list(finding.faults) for finding in findings}


def test_a_cross_compiler_whose_programs_work(cross: Settings) -> None:
    assert found_of_cross(cross) == {"cross C, 64 bits": [], "cross C++, 64 bits": []}
    assert not list(cross.work("x86_64-64/check").iterdir())


def test_a_cross_compiler_that_cannot_link_and_one_for_another_loader(cross: Settings) -> None:
    compilers = Path(f"{cross.clfs}{cross.prefix_cross}/bin")
    script(compilers / "x86_64-ruckus-linux-gnu-gcc", 'exec gcc -B/nowhere -nostartfiles "$@" /nowhere/crt1.o')
    script(compilers / "x86_64-ruckus-linux-gnu-g++", 'exec g++ "$@"')
    found = found_of_cross(cross)
    (broken,), (other,) = found["cross C, 64 bits"], found["cross C++, 64 bits"]
    assert broken.message == "x86_64-64/check/cross-gcc-64: exit status 1"
    assert "/nowhere/crt1.o" in broken.hint
    kept = cross.work("x86_64-64/check/cross-gcc-64") / "output"
    assert f"kept: {kept.parent}" in broken.hint
    assert "/nowhere/crt1.o" in kept.read_text()
    assert "started by /lib64/ld-linux-x86-64.so.2" in other.message
    assert f"started by {cross.prefix_tools}/lib/ld-linux-x86-64.so.2" in other.hint


def test_packages_are_built_in_the_system_with_their_own_scripts(tmp_path: Path) -> None:
    settings = replace(configured(tmp_path), isolation="bwrap")
    (settings.recipes / "sources.toml").write_text("")
    folder = settings.recipes / "check-system"
    (tmp_path / "good-1").mkdir()
    (tmp_path / "good-1/hello").write_text("hello\n")
    settings.sources.mkdir(parents=True)
    manifest = ""
    for name in ("good", "bad"):
        tarball = settings.sources / f"{name}-1.tar"
        run("tar", "-cf", tarball, "good-1", cwd=tmp_path)
        file = File(tarball.name, sha256_of(tarball))
        write_record(settings.sources, name, Fetched("upstream", "1", (file,), "here"))
        manifest += f'[{name}]\nversion = "1"\nfile = "{file.name}"\nsha256 = "{file.sha256}"\n'
    (folder / "sources.toml").write_text(manifest)
    (folder / "good.sh").write_text('read -r word <"$SRC/hello"; [ "$word" = hello ]; cd "$OUT"')
    (folder / "bad.sh").write_text('echo "its tests fail"; exit 3')
    system = tmp_path / "system"
    for name in ("sh", "tar", "mkdir"):
        program(system, name)
    (system / "bin").mkdir()
    (system / "bin/sh").symlink_to("/tools-x86_64/bin/sh")
    (settings.recipes / "profiles").mkdir()
    (settings.recipes / "profiles/tiny.toml").write_text('steps = ["stage1/some"]')
    (settings.recipes / "some.py").write_text(SOME)
    plan = evaluate(settings)
    step = plan["x86_64/stage1/some"]
    ended = os.stat(system).st_mtime_ns + 10**9
    Store(settings.cache).add(step.key, system, step.name, inside=Path("/ruckus"), ended=ended)
    with native_testbed(plan) as testbed:
        good, bad = check_packages(testbed)
    assert (good.subject, good.result, good.faults) == ("native good 1", "ok", ())
    assert bad.faults[0].message == "x86_64/check/bad: exit status 3"
    assert bad.faults[0].hint.startswith("its tests fail\n")


def test_what_is_not_there_is_not_checked_and_what_is_wrong_is_an_error(small: Small) -> None:
    """As typed: for a system of one file."""
    small.recipe('mkdir "$OUT/bin"; echo good >"$OUT/bin/small"')
    said = small.run("check", status=1)
    assert f"1 of the system's 1 steps are not built: {STEP}" in said
    assert f"run: make -C {small.folder}/one -k bootstrap" in said
    small.run()
    process = small.start("check", "--json")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    results = {line["subject"]: line["result"] for line in json.loads(output)}
    assert results == {
        "files": "ok",
        "scripts": "ok",
        "ELF files": "ok",
        **dict.fromkeys(("cross C", "cross C++", "native programs", "boot"), "skipped"),
    }
    small.recipe('mkdir "$OUT/bin"; echo "$SRC" >"$OUT/bin/small"')
    small.run()
    said = small.run("check", status=1)
    assert f"{small.folder}/one/baby/bin/small holds the build's path /ruckus/src" in said
    assert f"./ruckus show {STEP}" in said
