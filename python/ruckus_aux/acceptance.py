"""`ruckus check`: what must be true of a finished system, whoever built it and wherever.

The cross compiler makes programs for every ABI that run with the C library under PREFIX_TOOLS; no file holds a path of
the build directory, and no program looks for libraries outside the prefixes; the system boots.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ruckus_aux import sandbox
from ruckus_aux.boot import boot
from ruckus_aux.errors import RuckusError
from ruckus_aux.host import run
from ruckus_aux.settings import Settings
from ruckus_aux.store import Store, listing

_HELLO = """\
#include <limits.h>
#include <stdio.h>
int main(void) { printf("hello, %d bits, %d\\n", (int)(CHAR_BIT * sizeof(void *)), LONG_BIT); return 0; }
"""
_BATCH = 200  # files on one command line


def check(settings: Settings) -> None:
    """Check a finished system, and say what was found good; RuckusError names what was not."""
    _check_programs(settings)
    _check_files(settings)
    boot(settings)
    print("all checks passed")


def _check_programs(settings: Settings) -> None:
    """Compile, inspect and run a program for each ABI, where the prefixes are those of $CLFS."""
    view = Store(settings.cache).scratch("view")
    work = settings.work("check")
    for folder in ("sources", "files"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    for prefix in (settings.prefix_cross, settings.prefix_tools, settings.prefix_hostprep):
        there = Path(f"{view}{prefix}")
        there.parent.mkdir(parents=True, exist_ok=True)
        root = settings.buildroot if prefix == settings.prefix_hostprep else settings.clfs
        there.symlink_to(f"{root}{prefix}")
    (work / "hello.c").write_text(_HELLO)
    inside = sandbox.inside(settings, work)
    environment = sandbox.environment(settings, inside, {})
    target = settings.arch.target
    for abi in settings.arch.abis:
        hello = f"{inside}/hello-{abi.bits}"
        script = (
            f"{target}-gcc {abi.flag if len(settings.arch.abis) > 1 else ''} -D_GNU_SOURCE {inside}/hello.c -o {hello}"
            f" && {target}-readelf -l {hello} && {hello}"
        )
        command = sandbox.command(settings, work, view, ["/bin/sh", "-c", script])
        _, output = run(["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command])
        loader = f"{settings.prefix_tools}/{abi.libdir}/{abi.loader}"
        if f"interpreter: {loader}]" not in output or f"hello, {abi.bits} bits, {abi.bits}" not in output:
            raise RuckusError(f"a {abi.bits}-bit program is not as it should be: {hello}", output)
        print(f"ok: a program made with {target}-gcc {abi.flag} runs with {loader}")


def _check_files(settings: Settings) -> None:
    """Look into every file of $CLFS for paths of the build, and into ELF files for where they look for libraries."""
    files = [settings.clfs / name for name in listing(settings.clfs) if not name.endswith("/")]
    regular = [path for path in files if path.is_file() and not path.is_symlink()]
    paths = {str(path) for path in (settings.buildroot, settings.builddir, settings.clfs, settings.cache)}
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
