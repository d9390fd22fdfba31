# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox on the host's system as a workplace, the usual one.

A step sees the host's /usr read-only, the artifacts of its declared dependencies at the prefixes, and what every
sandbox has (bubble.py); no other file of the host. Root makes the sandbox, and has its script run as USER itself: a
namespace alone would leave it root's ownership of the kernel's files.
"""

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Self

from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.steps import bubble
from ruckus_aux.steps.bubble import USERS, Bubble, bind, show_entry
from ruckus_aux.steps.headers import INCLUDE, link_headers
from ruckus_aux.steps.workplace import OBJECTS_LOG, Room
from ruckus_aux.words.paths import BEHIND, HOST_FOLDERS, INSIDE, USER

_COMPILERS = ("gcc", "g++", "cc", "c++")
_CCACHE_COMPILERS = "/usr/local/ccache"  # where a step that shares objects has links to ccache, called like these
_CCACHE = INSIDE / "ccache"
_ETC = ("alternatives", "ld.so.cache")  # what of /etc is needed to run a compiler
# Programs that builds look for and that hosts have or not: what uses one has to declare it.
_OPTIONAL = (
    *("m4", "bison", "flex", "bc", "autoconf", "autoheader", "automake", "aclocal", "libtoolize", "autopoint", "gperf"),
    *("msgfmt", "gmsgfmt", "msgmerge", "xgettext", "makeinfo", "help2man", "doxygen", "dot", "asciidoc", "xmlto"),
    *("xsltproc", "sphinx-build", "pahole", "rustc", "bindgen", "cargo", "clang", "swig", "git", "svn", "pkg-config"),
    *(
        "runtest",
        "expect",
        "tclsh",
        "gdb",
        "valgrind",
        "lz4",
        "lzop",
        "zstd",
        "cpio",
        "rsync",
        "file",
        "cmake",
        "meson",
    ),
)
# What of the host's libraries pkg-config knows, which is more than a step may.
_PKGCONFIG = ("share/pkgconfig", "lib*/pkgconfig", "lib/*/pkgconfig")


@cache
def ccache_program() -> str | None:
    """Where steps find ccache; None where they find none."""
    return shutil.which("ccache", path=STEP_ENVIRONMENT["PATH"])


@dataclass(frozen=True)
class Sandbox(Bubble):
    """A sandbox with the host's programs; hidden: those of them that can't be run."""

    hidden: tuple[str, ...] = field(default=(), kw_only=True)

    title: ClassVar[str] = "a bubblewrap sandbox"
    links: ClassVar[bool] = False

    @classmethod
    def notes(cls, *, sharing: bool) -> list[str]:
        """What would make it faster."""
        if sharing and not ccache_program():
            return ["no ccache in /usr/bin: what architectures could share of it is compiled for each of them"]
        return []

    def shares(self, objects: Path) -> bool:
        """Make the folder USER's; where it is someone else's already, or there is no ccache, nothing is shared."""
        if not ccache_program():
            return False
        try:
            objects.mkdir(parents=True, exist_ok=True)
            if bubble.changes_user() and (owner := objects.stat().st_uid) != USER:
                if owner != 0:
                    return False
                run(["chown", "-R", "--no-dereference", f"{USER}:{USER}", objects])
        except PermissionError:
            return False
        return True

    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str], programs: Path | None = None) -> None:
        """Hard links to the artifacts, and symbolic ones to the headers of the host that the step sees."""
        for prefix in self.prefixes:
            Path(f"{view}{prefix}").mkdir(parents=True, exist_ok=True)
        super().show(view, artifacts, tools, programs)
        if INCLUDE.is_dir():
            link_headers(Path(f"{view}{INCLUDE}"), tools)

    def environment(self, room: Room, environment: Mapping[str, str]) -> dict[str, str]:
        """With objects to share, the host's compilers, and only they, are called through ccache(1).

        That is never part of a key, because objects are the same.
        """
        if not room.objects:
            return dict(environment)
        path = environment["PATH"].split(":")
        path.insert(path.index("/usr/bin"), _CCACHE_COMPILERS)
        return {
            **environment,
            "PATH": ":".join(path),
            "CCACHE_DIR": str(_CCACHE),
            "CCACHE_TEMPDIR": "/tmp",
            "CCACHE_COMPILERCHECK": "content",
            "CCACHE_EXTRAFILES": "/usr/bin/as",  # it makes the object, and ccache looks at the compiler only
            "CCACHE_MAXSIZE": "5G",
            "CCACHE_STATSLOG": str(INSIDE / OBJECTS_LOG),
        }

    def elsewhere(self, tools: Collection[str]) -> Self:
        """Also without programs that the step does not declare, of those that not every host has."""
        paths = {Path("/usr/bin", name).resolve() for name in _OPTIONAL if name not in tools}
        hidden = sorted(str(path) for path in paths if path.is_file() and Path("/usr") in path.parents)
        return replace(super().elsewhere(tools), hidden=tuple(hidden))

    def _system(self, room: Room) -> list[str]:
        """What a step sees of the host, and the prefixes."""
        words = [word for name in HOST_FOLDERS for word in show_entry(f"/{name}", f"/{name}")]
        words += [word for path in self.hidden for word in ("--ro-bind", "/dev/null", path)]
        words += ["--tmpfs", "/usr/local"]
        words += ["--ro-bind-try", str(INCLUDE), str(BEHIND), "--ro-bind-try", f"{room.view}{INCLUDE}", str(INCLUDE)]
        for folder in sorted({path.resolve() for pattern in _PKGCONFIG for path in Path("/usr").glob(pattern)}):
            words += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
        words += [word for name in _ETC for word in show_entry(f"/etc/{name}", f"/etc/{name}")]
        for name in USERS:
            words += ["--symlink", str(INSIDE / "etc" / name), f"/etc/{name}"]
        for prefix in self.prefixes:
            words += bind("--ro-bind", f"{room.view}{prefix}", prefix)
        if room.objects and (linked := ccache_program()):
            words += ["--perms", "0755", "--dir", _CCACHE_COMPILERS]
            for name in _COMPILERS:
                words += ["--symlink", linked, f"{_CCACHE_COMPILERS}/{name}"]
        return [*words, "--remount-ro", "/usr/local"]

    def _step(self, room: Room) -> list[str]:
        """Its shared objects, too."""
        shared = ["--bind", str(room.objects), str(_CCACHE)] if room.objects else []
        return [*super()._step(room), *shared]
