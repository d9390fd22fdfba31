# SPDX-License-Identifier: GPL-3.0-or-later
"""A bubblewrap sandbox as a workplace.

In it a step sees the host's /usr read-only, the artifacts of its declared dependencies at the prefixes, and
one writable folder, /ruckus; no network, no home, no other file of the host. Paths are the same for everybody, so
that what a compiler writes into its output is, too, and so is the user that a step is: USER, without any rights. An
ordinary user is USER in a user namespace. Root makes the sandbox, and has its script run as USER itself: a namespace
alone would leave it root's ownership of the kernel's files. What namespaces do not keep apart, a filter of system calls
does (host/syscalls.py). See bwrap(1), setpriv(1), user_namespaces(7).
"""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.host.syscalls import system_call_filter
from ruckus_aux.steps.headers import INCLUDE, link_headers
from ruckus_aux.steps.workplace import OBJECTS_LOG, HostCommand, Room, Workplace, make_folders
from ruckus_aux.words.paths import BEHIND, HOST_FOLDERS, INSIDE, USER

_COMPILERS = ("gcc", "g++", "cc", "c++")
_CCACHE_COMPILERS = "/usr/local/ccache"  # where a step that shares objects has links to ccache, called like these
_CCACHE = INSIDE / "ccache"
# What of the host's root is needed to run a compiler. Symbolic links (/lib -> usr/lib) stay links.
_ETC = ("alternatives", "ld.so.cache")
# The host's users are nothing that a step may depend on.
_USERS = {
    "passwd": f"root:x:0:0:root:/:/bin/sh\nruckus:x:{USER}:{USER}:Ruckus:{INSIDE}:/bin/sh\n",
    "group": f"root:x:0:\ntty:x:5:\nruckus:x:{USER}:\n",
}
_READ = ("sources", "files", "etc")  # folders of the working folder that a step only reads
_NAMESPACES = tuple(f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try"))
# chown, setgid, setuid, setpcap, sys_admin: what making a sandbox for somebody else takes; see capabilities(7).
_RIGHTS = sum(1 << number for number in (0, 6, 7, 8, 21))
# What of the host's libraries pkg-config knows, which is more than a step may.
_PKGCONFIG = ("share/pkgconfig", "lib*/pkgconfig", "lib/*/pkgconfig")


@cache
def ccache_program() -> str | None:
    """Where steps find ccache; None where they find none."""
    return shutil.which("ccache", path=STEP_ENVIRONMENT["PATH"])


@cache
def changes_user() -> bool:
    """Whether we can make a sandbox for USER, and hand files over: as root, who may be a container's.

    Where root's namespace has no other user, or root lacks rights, we are as an ordinary user is.
    """
    status = Path("/proc/self/status").read_text()
    rights = re.search(r"^CapEff:\s*(\w+)", status, re.MULTILINE)
    able = rights is not None and int(rights[1], 16) & _RIGHTS == _RIGHTS
    return os.geteuid() == 0 and able and all(_is_mapped(kind) for kind in ("uid", "gid"))


def _is_mapped(kind: str) -> bool:
    lines = [line.split() for line in Path(f"/proc/self/{kind}_map").read_text().splitlines()]
    return any(int(first) <= USER < int(first) + int(count) for first, _, count in lines)


def lacking() -> str:
    """The first program that the sandbox needs and this host does not have; "" when all are there."""
    wanted = {"bwrap": None} | ({"setpriv": STEP_ENVIRONMENT["PATH"]} if changes_user() else {})
    return next((name for name, path in wanted.items() if shutil.which(name, path=path) is None), "")


@dataclass(frozen=True)
class Sandbox(Workplace):
    """A sandbox for each script, with the same paths and the same user for everybody."""

    title: ClassVar[str] = "a bubblewrap sandbox"
    links: ClassVar[bool] = False

    @classmethod
    def notes(cls, *, sharing: bool) -> list[str]:
        """What would make it faster."""
        if sharing and not ccache_program():
            return ["no ccache in /usr/bin: what architectures could share of it is compiled for each of them"]
        return []

    def inside(self, work: Path) -> Path:
        """It is the same folder for all."""
        return INSIDE

    def prepare(self, work: Path, source: Path | None = None) -> None:
        """Make a working folder in which a script can write, and read what is put there."""
        make_folders(work, (*_READ, "out"))
        for name, text in _USERS.items():
            (work / "etc" / name).write_text(text)
            (work / "etc" / name).chmod(0o644)
        self.give(work, work / "out")

    def give(self, *things: Path | int) -> None:
        """Hand them over to USER, where scripts are not ours."""
        if changes_user():
            for thing in things:
                os.chown(thing, USER, USER)

    def shares(self, objects: Path) -> bool:
        """Make the folder USER's; where it is someone else's already, or there is no ccache, nothing is shared."""
        if not ccache_program():
            return False
        try:
            objects.mkdir(parents=True, exist_ok=True)
            if changes_user() and (owner := objects.stat().st_uid) != USER:
                if owner != 0:
                    return False
                run(["chown", "-R", "--no-dereference", f"{USER}:{USER}", objects])
        except PermissionError:
            return False
        return True

    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str]) -> None:
        """Hard links to the artifacts, and symbolic ones to the headers of the host that the step sees."""
        for prefix in self.prefixes:
            Path(f"{view}{prefix}").mkdir(parents=True, exist_ok=True)
        for artifact in artifacts:
            run(["cp", "-al", f"{artifact}/.", f"{view}/"])
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

    def command(self, room: Room, program: Sequence[str], *, terminal: bool = False) -> HostCommand:
        """bwrap(1), with what it shows in its words."""
        rights, beginning = _as_user()
        # As process 1 the script is bwrap's own child, which it waits for: else nobody learns what it cost.
        words = [_program("bwrap"), *_NAMESPACES, "--cap-drop", "ALL", *rights]
        refused = os.memfd_create("filter")
        os.pwrite(refused, system_call_filter(), 0)
        words += ["--as-pid-1", "--die-with-parent", "--hostname", "ruckus", "--seccomp", str(refused)]
        words += [] if terminal else ["--new-session"]
        words += [*_host(room.view), *self._step(room)]
        # Only /ruckus, /tmp and /dev/shm can be written to, by whoever it is.
        for path in ("/usr/local", "/proc", "/dev", "/"):
            words += ["--remount-ro", path]
        return HostCommand([*words, "--chdir", str(INSIDE), "--", *beginning, *program], (refused,))

    def _step(self, room: Room) -> list[str]:
        """Words that show what is the step's own."""
        words = _bind("--bind", str(room.fifo), str(room.fifo)) if room.fifo else []
        for prefix in self.prefixes:
            words += _bind("--ro-bind", f"{room.view}{prefix}", prefix)
        words += ["--bind", str(room.work), str(INSIDE)]
        for name in _READ:
            words += ["--ro-bind", str(room.work / name), str(INSIDE / name)]
        if room.source:
            words += ["--ro-bind", str(room.source), str(INSIDE / "src")]
        if room.objects and (linked := ccache_program()):
            words += ["--bind", str(room.objects), str(_CCACHE), "--perms", "0755", "--dir", _CCACHE_COMPILERS]
            for name in _COMPILERS:
                words += ["--symlink", linked, f"{_CCACHE_COMPILERS}/{name}"]
        return words

    def as_owner(self, command: Sequence[str]) -> list[str]:
        """In a namespace in which we are root."""
        return ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--dev-bind", "/", "/", "--", *command]


def _host(view: Path) -> list[str]:
    """Words that show what a step sees of the host, and make an empty world around it."""
    words: list[str] = []
    for name in HOST_FOLDERS:
        path = f"/{name}"
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    words += ["--tmpfs", "/usr/local"]
    words += ["--ro-bind-try", str(INCLUDE), str(BEHIND), "--ro-bind-try", f"{view}{INCLUDE}", str(INCLUDE)]
    for folder in sorted({path.resolve() for pattern in _PKGCONFIG for path in Path("/usr").glob(pattern)}):
        words += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    for name in _ETC:
        words += _bind("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    for name in _USERS:
        words += ["--symlink", str(INSIDE / "etc" / name), f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for path in ("/tmp", "/dev/shm"):
        words += ["--perms", "1777", "--tmpfs", path]
    return words


def _program(name: str, path: str | None = None) -> str:
    """Where a program is: never looked for in the step's PATH, nor in a relative one from its working folder."""
    return os.path.abspath(shutil.which(name, path=path) or f"/usr/bin/{name}")


def _bind(option: str, source: str, target: str) -> list[str]:
    """Words that show a step a path of the host, below folders that it may enter whoever made the sandbox."""
    parents = reversed(Path(target).parents[:-1])
    return [*(word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))), option, source, target]


def _as_user() -> tuple[list[str], list[str]]:
    """Options of bwrap and the beginning of a program that have it run as USER, without any rights."""
    if not changes_user():
        return ["--unshare-user", "--uid", str(USER), "--gid", str(USER)], []
    kept = [word for name in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}")]
    setpriv = [_program("setpriv", STEP_ENVIRONMENT["PATH"]), f"--reuid={USER}", f"--regid={USER}"]
    setpriv += ["--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    # A shell of root's stays process 1: only root may end it, and when bwrap is killed, it ends with all the others.
    return kept, ["/bin/sh", "-c", '"$@"; exit $?', "sh", *setpriv, "--"]
