# SPDX-License-Identifier: GPL-3.0-or-later
"""The system that was built as a workplace: its own programs, and nothing of the host but the kernel.

A step sees what its artifacts have, read-only, at the paths that the booted system has them at, but for the cross
toolchain, whose programs are for the host; and what every sandbox has (bubble.py). Root has it made by USER, in a
sandbox with the host's programs that shows USER even what is root's alone: the system may lack the program by which
root becomes USER, and a namespace in which root is USER would leave it root's ownership of the host's device nodes.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from ruckus_aux.host import machines
from ruckus_aux.host.commands import STEP_ENVIRONMENT
from ruckus_aux.host.trees import remove
from ruckus_aux.steps.bubble import (
    USERS,
    Bubble,
    as_user,
    bind,
    bwrap,
    in_namespace,
    program_path,
    show_entry,
)
from ruckus_aux.steps.workplace import HostCommand, Room
from ruckus_aux.words.architecture import Architecture, merged_root
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import HOST_FOLDERS, INSIDE

_PROGRAMS = ("bin", "sbin")
_FOLDERS = ("etc", "root", "run", "tmp", "usr/include", "usr/share", "var")
# What the temporary compiler brings, and no final package does before the final compiler: links to its libraries are
# needed to run what it has compiled.
_COMPILERS = ("c++", "libatomic", "libgcc", "libssp", "libstdc++", "libsupc++")
_OWN = ("dev", "etc", "proc", "tmp", INSIDE.name)  # what a sandbox has in place of a system's


def check_machine(machine: str) -> None:
    """Raise RuckusError when this machine can't run the programs of one, by what `uname -m` calls that."""
    if not machines.runs_programs_of(machine):
        raise RuckusError(
            f"this processor, or this kernel, runs no programs for {machine}",
            "build on a machine that does, or have the system build on one of its own: invoke build --builder=qemu",
        )


@dataclass(frozen=True)
class Chroot(Bubble):
    """The system of a step's artifacts.

    machine: what `uname -m` has to print there.
    prefix_cross: where the cross toolchain is, which it does not have.
    """

    machine: str
    prefix_cross: str

    title: ClassVar[str] = "the system that is built"
    links: ClassVar[bool] = False
    _LINK: ClassVar[tuple[str, ...]] = ("cp", "-al", "--remove-destination")

    @classmethod
    def notes(cls, *, sharing: bool) -> list[str]:
        """Nothing."""
        return []

    def prepare(self, work: Path, source: Path | None = None) -> None:
        """Make it, if this machine can run the system's programs."""
        check_machine(self.machine)
        super().prepare(work, source)

    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str], programs: Path | None = None) -> None:
        """Hard links to the artifacts, where those of a step that replaces others come later, as they are merged."""
        super().show(view, artifacts, tools, programs)
        remove(Path(f"{view}{self.prefix_cross}"))

    def shares(self, objects: Path) -> bool:
        """Never: ccache is the host's."""
        return False

    def environment(self, room: Room, environment: Mapping[str, str]) -> dict[str, str]:
        """As it is."""
        return dict(environment)

    def command(self, room: Room, program: Sequence[str], *, terminal: bool = False) -> HostCommand:
        """bwrap(1), as the machine that the system was built for."""
        words, descriptors = self._enclosed(room, program, in_namespace(self.user), terminal=terminal)
        rights, beginning = as_user(self.user)
        if beginning:
            words = bwrap(["--unshare-pid", *rights], _host_with(words), [*beginning, *words])
        if os.uname().machine != self.machine:
            words = [program_path("setarch", STEP_ENVIRONMENT["PATH"]), self.machine, *words]
        return HostCommand(words, descriptors)

    def _system(self, room: Room) -> list[str]:
        """All of the view, but for what every sandbox has of its own."""
        words = _entries(room.view, "/", _OWN) + _entries(room.view / "etc", "/etc/", USERS)
        for name in USERS:
            words += ["--symlink", str(INSIDE / "etc" / name), f"/etc/{name}"]
        return words


@dataclass(frozen=True)
class Usr(Chroot):
    """The root in which final packages are built, by the programs of the temporary system.

    A step sees what those need to run, and nothing of what packages of the temporary system are compiled or linked
    with: headers and libraries are those of the final packages that it declares. Whatever final program it does not
    declare, it finds as a link to the temporary one, by the path that the final one will have (CLFS: Creating Essential
    Symlinks): so that is the path that configure scripts write into what they install.

    prefix_tools: where the temporary system is. arch: the architecture.
    """

    prefix_tools: str
    arch: Architecture

    @property
    def gathers_at(self) -> str:
        """PREFIX_TOOLS."""
        return self.prefix_tools

    def gather(self, programs: Path, system: Iterable[Path], declared: Iterable[Path] = ()) -> None:
        """The temporary system, without what is there to compile more of it, unless a step declares that."""
        super().show(programs, system, ())
        remove(*_for_compilers(Path(f"{programs}{self.prefix_tools}")))
        super().show(programs, declared, ())

    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str], programs: Path | None = None) -> None:
        """What the step declares, a place for the temporary system's programs, and links to those that it lacks."""
        temporary = Path(f"{programs}{self.prefix_tools}")
        Path(f"{view}{self.prefix_tools}").mkdir(parents=True, exist_ok=True)
        for folder in (*_FOLDERS, *(f"usr/{target}" for target in merged_root(self.arch).values())):
            (view / folder).mkdir(parents=True, exist_ok=True)
        for name, target in merged_root(self.arch).items():
            (view / name).symlink_to(f"usr/{target}")
        super().show(view, artifacts, tools)
        for program in temporary.glob("*bin/*"):
            if not any(os.path.lexists(view / "usr" / folder / program.name) for folder in _PROGRAMS):
                self._link(program.relative_to(temporary), view)
        for library in temporary.glob("lib*/*.so.*"):
            path = library.relative_to(temporary)
            if path.name.startswith(_COMPILERS) and not os.path.lexists(view / "usr" / path):
                self._link(path, view)

    def _system(self, room: Room) -> list[str]:
        """The view, and the temporary system's programs at their place."""
        return [*super()._system(room), "--ro-bind", f"{room.programs}{self.prefix_tools}", self.prefix_tools]

    def _link(self, path: Path, view: Path) -> None:
        """Let something of the temporary system be found in /usr."""
        (view / "usr" / path).symlink_to(f"{self.prefix_tools}/{path}")


def _for_compilers(prefix: Path) -> list[Path]:
    """The headers and libraries below a prefix that are there for programs that are still to be compiled."""
    libraries = [path for path in prefix.glob("lib*/*") if path.suffix in (".a", ".o") or _leads_linkers(path)]
    paths = [*prefix.glob("include/*"), *libraries, *prefix.glob("lib*/pkgconfig"), *prefix.glob("share/pkgconfig")]
    return [path for path in paths if not path.name.startswith(_COMPILERS)]


def _leads_linkers(library: Path) -> bool:
    """Whether only linkers use a file.

    libbfd-2.44.so is a library itself, and libz.so a link to one, libc.so a script. Expect's library is in a folder:
    programs find it by a link of the same name.
    """
    if library.is_symlink():
        return library.suffix == ".so" and library.readlink().name != library.name
    return library.suffix == ".so" and not library.read_bytes().startswith(b"\177ELF")


def _host_with(inner: Sequence[str]) -> list[str]:
    """Words that show the host's programs, and what an inner bwrap shows, below folders that everybody may enter."""
    words = [word for name in HOST_FOLDERS for word in show_entry(f"/{name}", f"/{name}")]
    words += show_entry("/etc/ld.so.cache", "/etc/ld.so.cache")
    # The host's /proc: bwrap would cover parts of another for root, and below that, USER could mount none.
    words += ["--bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    shown = [source for option, source in pairwise(inner) if option in ("--bind", "--ro-bind")]
    return [*words, *(word for source in shown for word in bind("--bind", source, source))]


def _entries(folder: Path, target: str, without: Collection[str]) -> list[str]:
    """Words that show what is in a folder."""
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [word for name in names if name not in without for word in show_entry(f"{folder}/{name}", target + name)]
