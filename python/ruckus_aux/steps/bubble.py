# SPDX-License-Identifier: GPL-3.0-or-later
"""What workplaces have in common that bubblewrap makes, whichever system they show.

A script has one writable folder, /ruckus; no network, no home. Paths are the same for everybody, so that what a
compiler writes into its output is, too, and so is the user that a script is: USER, without any rights. An ordinary user
is USER in a user namespace. What namespaces do not keep apart, a filter of system calls does (host/syscalls.py). See
bwrap(1), setpriv(1), user_namespaces(7).
"""

import os
import re
import shutil
from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Self

from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.host.syscalls import system_call_filter
from ruckus_aux.host.trees import make_folders
from ruckus_aux.steps.workplace import HostCommand, Room, Workplace
from ruckus_aux.words.paths import INSIDE, OTHER_USER, USER

USERS = ("passwd", "group")  # of /etc: neither the host's users nor a system's are anything a step may depend on
_READ = ("sources", "files", "etc")  # folders of the working folder that a step only reads
_NAMESPACES = tuple(f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try"))
# chown, setgid, setuid, setpcap, sys_admin: what making a sandbox for somebody else takes; see capabilities(7).
_RIGHTS = sum(1 << number for number in (0, 6, 7, 8, 21))


@cache
def changes_user() -> bool:
    """Whether we can make a sandbox for another user, and hand files over: as root, who may be a container's.

    Where root's namespace does not have these users, or root lacks rights, we are as an ordinary user is.
    """
    status = Path("/proc/self/status").read_text()
    rights = re.search(r"^CapEff:\s*(\w+)", status, re.MULTILINE)
    able = rights is not None and int(rights[1], 16) & _RIGHTS == _RIGHTS
    return os.geteuid() == 0 and able and all(_is_mapped(kind) for kind in ("uid", "gid"))


def _is_mapped(kind: str) -> bool:
    lines = [line.split() for line in Path(f"/proc/self/{kind}_map").read_text().splitlines()]
    ranges = [range(int(first), int(first) + int(count)) for first, _, count in lines]
    return all(any(user in numbers for numbers in ranges) for user in (USER, OTHER_USER))


def lacking() -> str:
    """The first program that a sandbox needs and this host does not have; "" when all are there."""
    wanted = {"bwrap": None} | ({"setpriv": STEP_ENVIRONMENT["PATH"]} if changes_user() else {})
    return next((name for name, path in wanted.items() if shutil.which(name, path=path) is None), "")


def program_path(name: str, path: str | None = None) -> str:
    """Where a program of this host is: never looked for in the step's PATH, nor from its working folder.

    Args:
        name: The program.
        path: Where to look for it; None: in our own PATH.
    """
    return os.path.abspath(shutil.which(name, path=path) or f"/usr/bin/{name}")


def bind(option: str, source: str, target: str) -> list[str]:
    """Words that show a step a path of the host, below folders that it may enter whoever made the sandbox.

    Args:
        option: bwrap's, such as --ro-bind.
        source: The path.
        target: Where the step sees it.
    """
    parents = reversed(Path(target).parents[:-1])
    return [*(word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))), option, source, target]


def show_entry(source: str, target: str) -> list[str]:
    """Words that show a step a file or folder, read-only; a symbolic link (/lib -> usr/lib) stays one.

    Args:
        source: Its path; nothing is shown where there is none.
        target: What the step calls it.
    """
    if os.path.islink(source):
        return ["--symlink", os.readlink(source), target]
    return bind("--ro-bind", source, target) if os.path.exists(source) else []


def bwrap(rights: Iterable[str], words: Iterable[str], program: Iterable[str]) -> list[str]:
    """The command that runs a program as process 1 in a sandbox, which ends with us.

    As process 1 it is bwrap's own child, which it waits for: else nobody learns what it cost.

    Args:
        rights: Options that say who it is and what it may do.
        words: Options that say what it sees.
        program: Its words.
    """
    return [
        program_path("bwrap"),
        "--cap-drop",
        "ALL",
        *rights,
        "--as-pid-1",
        "--die-with-parent",
        *words,
        "--",
        *program,
    ]


def in_namespace(user: int) -> list[str]:
    """Options of bwrap that have a program run as a user in a namespace, which an ordinary user may."""
    return ["--unshare-user", "--uid", str(user), "--gid", str(user)]


def as_user(user: int) -> tuple[list[str], list[str]]:
    """Options of bwrap and the beginning of a program that have it run as a user, without any rights.

    The beginning is the host's programs: where root makes the sandbox, they have to be there.
    """
    if not changes_user():
        return in_namespace(user), []
    kept = [word for name in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}")]
    setpriv = [program_path("setpriv", STEP_ENVIRONMENT["PATH"]), f"--reuid={user}", f"--regid={user}"]
    setpriv += ["--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    # A shell of root's stays process 1: only root may end it, and when bwrap is killed, it ends with all the others.
    return kept, ["/bin/sh", "-c", '"$@"; exit $?', "sh", *setpriv, "--"]


def user_files(name: str = "ruckus", user: int = USER) -> dict[str, str]:
    """USERS, wherever steps run, with root and the user that they are.

    Args:
        name: The user's, and that of its group.
        user: The number of both.
    """
    passwd = f"root:x:0:0:root:/:/bin/sh\n{name}:x:{user}:{user}:{name.capitalize()}:{INSIDE}:/bin/sh\n"
    return dict(zip(USERS, (passwd, f"root:x:0:\ntty:x:5:\n{name}:x:{user}:\n"), strict=True))


@dataclass(frozen=True)
class Bubble(Workplace):
    """A sandbox for each script, with the same paths and the same user for everybody.

    user: the number of the user that scripts are, and of its group. name: of both, and of the machine.
    """

    user: int = field(default=USER, kw_only=True)
    name: str = field(default="ruckus", kw_only=True)

    _LINK: ClassVar[tuple[str, ...]] = ("cp", "-al")

    def inside(self, work: Path) -> Path:
        """It is the same folder for all."""
        return INSIDE

    def prepare(self, work: Path, source: Path | None = None) -> None:
        """Make a working folder in which a script can write, and read what is put there."""
        make_folders(work, (*_READ, "out"))
        for file, text in user_files(self.name, self.user).items():
            (work / "etc" / file).write_text(text)
            (work / "etc" / file).chmod(0o644)
        self.give(work, work / "out")

    def give(self, *things: Path | int) -> None:
        """Hand them over to the user, where scripts are not ours."""
        if changes_user():
            for thing in things:
                os.chown(thing, self.user, self.user)

    def show(self, view: Path, artifacts: Iterable[Path], tools: Collection[str], programs: Path | None = None) -> None:
        """Hard links to the artifacts."""
        view.mkdir(parents=True, exist_ok=True)
        view.chmod(0o755)  # whatever our umask is
        for artifact in artifacts:
            run([*self._LINK, f"{artifact}/.", f"{view}/"])

    def command(self, room: Room, program: Sequence[str], *, terminal: bool = False) -> HostCommand:
        """bwrap(1), with what it shows in its words."""
        rights, beginning = as_user(self.user)
        return self._enclosed(room, [*beginning, *program], rights, terminal=terminal)

    def _enclosed(self, room: Room, program: Sequence[str], rights: Iterable[str], *, terminal: bool) -> HostCommand:
        """The command that runs a program in what the room and the kind of place show, with some rights."""
        refused = os.memfd_create("filter")
        os.pwrite(refused, system_call_filter(), 0)
        words = [*_NAMESPACES, "--hostname", self.name, "--seccomp", str(refused)]
        words += [] if terminal else ["--new-session"]
        words += [*self._system(room), "--proc", "/proc", "--dev", "/dev"]
        for path in ("/tmp", "/dev/shm"):
            words += ["--perms", "1777", "--tmpfs", path]
        words += [*self._step(room), "--chdir", str(INSIDE)]
        # Only /ruckus, /tmp and /dev/shm can be written to, by whoever it is.
        for path in ("/proc", "/dev", "/"):
            words += ["--remount-ro", path]
        return HostCommand(bwrap(rights, words, program), (refused,))

    @abstractmethod
    def _system(self, room: Room) -> list[str]:
        """Words that show the system around a step, in a world that is empty otherwise."""

    def _step(self, room: Room) -> list[str]:
        """Words that show what is the step's own."""
        words = bind("--bind", str(room.fifo), str(room.fifo)) if room.fifo else []
        words += ["--bind", str(room.work), str(INSIDE)]
        for name in _READ:
            words += ["--ro-bind", str(room.work / name), str(INSIDE / name)]
        if room.source:
            words += ["--ro-bind", str(room.source), str(INSIDE / "src")]
        return words

    def elsewhere(self, tools: Collection[str]) -> Self:
        """With another user, and another name of user and machine."""
        return replace(self, user=OTHER_USER, name="other")
