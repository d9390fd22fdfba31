# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus check`: what must be true of a finished system, whoever built it and wherever.

The cross compiler makes programs for every ABI that run with the C library under PREFIX_TOOLS; no file holds a path of
the build directory, and no program looks for libraries outside the prefixes; the system boots.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import run
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.steps.workplace import Room, Workplace
from ruckus_aux.systems.boot import boot
from ruckus_aux.words.architecture import Abi
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import STAGES

# By compiler driver: the file's name, and a program that says how wide its pointers are.
_PROGRAMS = {
    "gcc": (
        "hello.c",
        """\
#include <limits.h>
#include <stdio.h>
int main(void) { printf("hello, %d bits, %d\\n", (int)(CHAR_BIT * sizeof(void *)), LONG_BIT); return 0; }
""",
    ),
    "g++": (
        "hello.cc",
        """\
#include <climits>
#include <iostream>
#include <stdexcept>
int main() {
    try { throw std::runtime_error("hello"); }
    catch (const std::exception &e) {
        std::cout << e.what() << ", " << CHAR_BIT * sizeof(void *) << " bits, " << LONG_BIT << std::endl;
    }
}
""",
    ),
}
_BATCH = 200  # files on one command line


def check(settings: Settings, workplace: Workplace) -> None:
    """Check a finished system, and say what was found good.

    Args:
        settings: of its build directory.
        workplace: where its steps run, and so its compiler does.

    Raises:
        RuckusError: names what was not.
    """
    _check_programs(settings, workplace)
    _check_files(settings)
    boot(settings, workplace)
    if settings.xen_version:
        boot(settings, workplace, xen=True)
    print("all checks passed")


def _check_programs(settings: Settings, workplace: Workplace) -> None:
    """Compile, inspect and run a program for each ABI, in C and, when the full gcc is there, in C++."""
    work = settings.work("check")
    workplace.prepare(work)
    with _finished_view(settings) as view:
        room = Room(work, view)
        for driver, (name, text) in _PROGRAMS.items():
            compiler = f"{settings.arch.target}-{driver}"
            if Path(f"{settings.clfs}{settings.prefix_cross}/bin/{compiler}").exists():
                (work / name).write_text(text)
                for abi in settings.arch.abis:
                    _check_program(settings, workplace, room, f"{compiler} -D_GNU_SOURCE", name, abi)


@contextmanager
def _finished_view(settings: Settings) -> Iterator[Path]:
    """A view in which the prefixes are those of the finished system."""
    with Store(settings.cache).scratch("view") as view:
        for prefix in (settings.prefix_cross, settings.prefix_tools, settings.prefix_hostprep):
            there = Path(f"{view}{prefix}")
            there.parent.mkdir(parents=True, exist_ok=True)
            root = settings.buildroot if prefix == settings.prefix_hostprep else settings.clfs
            Path(f"{root}{prefix}").mkdir(parents=True, exist_ok=True)
            there.symlink_to(f"{root}{prefix}")
        yield view


def _check_program(settings: Settings, workplace: Workplace, room: Room, compiler: str, name: str, abi: Abi) -> None:
    inside = workplace.inside(room.work)
    flag = abi.flag if len(settings.arch.abis) > 1 else ""
    program = f"{inside}/{name}-{abi.bits}"
    readelf = f"{settings.arch.target}-readelf"
    script = f"{compiler} {flag} {inside}/{name} -o {program} && {readelf} -l {program} && {program}"
    environment = step_environment(settings, STAGES["stage1"], inside, {})
    command = workplace.command(room, ["/bin/sh", "-c", script])
    _, output = run(command.words, env=environment, replace_env=True, descriptors=command.descriptors)
    loader = f"{settings.prefix_tools}/{abi.libdir}/{abi.loader}"
    if f"interpreter: {loader}]" not in output or f"hello, {abi.bits} bits, {abi.bits}" not in output:
        raise RuckusError(f"a {abi.bits}-bit program is not as it should be: {program}", output)
    print(f"ok: a {abi.bits}-bit program made with {compiler.split()[0]} runs with {loader}")


def _check_files(settings: Settings) -> None:
    """Look into every file of $CLFS for paths of the build, and into ELF files for where they look for libraries."""
    files = [stamp.root / name for stamp in stamps(settings) if stamp.root == settings.clfs for name in stamp.files]
    regular = [path for path in files if path.is_file() and not path.is_symlink()]
    places = (settings.srcdir, settings.buildroot, settings.builddir, settings.clfs, settings.cache)
    paths = {str(path) for path in places}
    forbidden = [path.encode() for path in paths]
    elf = []
    for path in regular:
        content = path.read_bytes()
        for word in forbidden:
            if word in content:
                raise RuckusError(f"{path} holds the build's path {word.decode()}", "its recipe lets it leak in")
        if content.startswith(b"\x7fELF"):
            elf.append(path)
    print(f"ok: none of {len(regular)} files holds a path of the build")
    prefixes = (settings.prefix_cross, settings.prefix_tools)
    for program, directory in library_paths(elf):
        if not directory.startswith((*prefixes, "$ORIGIN")):
            raise RuckusError(
                f"{program} looks for libraries in {directory}", "its recipe must not give it this run path"
            )
    print(f"ok: none of {len(elf)} ELF files looks for libraries outside of the prefixes")


def library_paths(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Each directory in the RPATH or RUNPATH of ELF files, with the file's name."""
    remaining = list(files)
    while remaining:
        batch, remaining = remaining[:_BATCH], remaining[_BATCH:]
        # Two files at least, so that readelf prints names. Archives and objects have no dynamic section: no error.
        _, output = run(["readelf", "-d", *batch, batch[0]], check=False)
        name = ""
        for line in output.splitlines():
            if line.startswith("File: "):
                name = line.removeprefix("File: ")
            match = re.search(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", line)
            if match:
                yield from ((name, directory) for directory in match[1].split(":") if directory)
