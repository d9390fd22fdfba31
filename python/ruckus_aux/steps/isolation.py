# SPDX-License-Identifier: GPL-3.0-or-later
"""Where steps can run on this host, tried with what a step uses, and which of the host's tools they find there.

Run as `python -m ruckus_aux.steps.isolation KIND NAME... -- NAME...` by m4/ruckus_host_tools.m4.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ruckus_aux.host import mounts
from ruckus_aux.host.commands import STEP_ENVIRONMENT, run
from ruckus_aux.steps import bubble
from ruckus_aux.steps.kinds import KINDS
from ruckus_aux.steps.workplace import Room
from ruckus_aux.words.errors import RuckusError

COMPILERS, LIBELF = "compilers", "libelf"  # found when a program can be made
_WITH_ALL = 'gcc hello.c -o hello && g++ hello.cc -o hello && echo "found compilers"'
_WITH_LIBELF = 'gcc elf.c -o elf -lelf && echo "found libelf"'
_PROGRAMS = {
    "hello.c": '#include <stdio.h>\nint main (void) { return puts ("") < 0; }\n',
    "hello.cc": "#include <iostream>\nint main () { std::cout << std::endl; }\n",
    "elf.c": "#include <libelf.h>\nint main (void) { return elf_version (EV_CURRENT) == EV_NONE; }\n",
}
_PACKAGES = {"bwrap": "bubblewrap", "setpriv": "util-linux"}
# What a kernel says for itself: a file below /proc/sys, the value that forbids user namespaces, and the cure.
_SWITCHES = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps user namespaces from programs without a profile (Ubuntu 23.10 and later)",
        "give bwrap one (apt-get install apparmor-profiles; ln -s"
        " /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/; systemctl reload apparmor),"
        " or: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "user namespaces are for root only on this host",
        "sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    (
        "user/max_user_namespaces",
        "0",
        "this host allows no user namespaces",
        "sysctl -w user.max_user_namespaces=10000",
    ),
)


@dataclass(frozen=True)
class Fault:
    """Why there is no sandbox here.

    said: what was tried, in its own words.
    reason: what that means, where it is known.
    cure: what somebody with the rights to do so can do about it.
    """

    said: str
    reason: str = ""
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.said} ({self.reason})" if self.reason else self.said

    def lines(self) -> list[str]:
        """What a person has to know."""
        return [f"no sandbox: {self}", *([f"to have one: {self.cure}"] if self.cure else [])]


def trial(kind: str, script: str, files: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a script where a step of this kind of isolation would run, with nothing in its view.

    Args:
        kind: a name in KINDS.
        script: what /bin/sh runs in its working folder.
        files: what is there, by name.

    Returns:
        Its exit status, and what it said.

    Raises:
        RuckusError: when nothing can be tried.
    """
    workplace = KINDS[kind](("/cross-tools", "/tools", "/hostprep"))
    with _scratch() as folder:
        room = Room(folder / "work", folder / "view")
        workplace.prepare(room.work)
        workplace.show(room.view, (), ["elfutils"])
        for file, text in (files or {}).items():
            (room.work / "files" / file).write_text(text)
            (room.work / "files" / file).chmod(0o644)
        command = workplace.command(room, ["/bin/sh", "-c", script])
        return run(
            command.words,
            env=STEP_ENVIRONMENT,
            replace_env=True,
            cwd=room.work,
            check=False,
            descriptors=command.descriptors,
        )


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that is removed afterwards; RuckusError when there can be none."""
    try:
        with TemporaryDirectory(prefix="ruckus-") as name:
            yield Path(name)
    except OSError as error:
        raise RuckusError(f"no temporary folder: {error}", "make room in /tmp, or set TMPDIR") from error


@cache
def fault() -> Fault | None:
    """Why steps can't run in a sandbox here; None when they can."""
    if name := bubble.lacking():
        return Fault(f"{name} is not installed", cure=f"apt-get install {_PACKAGES[name]}")
    status, output = trial("bwrap", "test -r /proc/self/status && echo works >out/works")
    if status == 0:
        return None
    said = f"bwrap was tried: {' '.join(output.split()) or f'exit status {status}'}"
    return Fault(said, *_explained(output))


def choose(wish: str) -> tuple[str, Fault | None]:
    """The kind that configure settles on, and why that is not a sandbox, where that was left to it.

    wish: a name in KINDS; for all else, of which configure knows "auto" only, the host is tried.
    """
    if wish in KINDS:
        return wish, None
    reason = fault()
    return "none" if reason else "bwrap", reason


def _explained(output: str) -> tuple[str, str]:
    """The reason and the cure for what bwrap said; both empty when unknown."""
    if "Unknown option" in output:
        return "it is older than 0.5", "install a newer bubblewrap"
    if "PR_SET_SECCOMP" in output:
        return "this kernel has no filters of system calls", "use one with CONFIG_SECCOMP_FILTER"
    if not any(str(mount.point) == "/" for mount in mounts.mounted()):
        return "a chroot whose top is no mount point", "enter it with systemd-nspawn, or what else makes it a container"
    if "/ slave" in output:
        return "a container in which nothing may be mounted", "start it with --security-opt apparmor=unconfined"
    if "mount proc" in output:
        return (
            "a container that hides parts of /proc",
            "start it with --security-opt systempaths=unconfined (podman: unmask=ALL)",
        )
    for name, value, reason, cure in () if bubble.changes_user() else _SWITCHES:  # root needs no user namespaces
        if _read(Path("/proc/sys", name)).strip() == value:
            return reason, f"as root: {cure}"
    if re.search(r"^Seccomp:\s*2", _read(Path("/proc/self/status")), re.MULTILINE):
        return (
            "a filter of system calls, which containers have",
            "start the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined",
        )
    if not os.path.exists("/proc/self/ns/user"):
        return "this kernel has no user namespaces", "use one with CONFIG_USER_NS, or build as root"
    return "", ""


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def found(kind: str, programs: Iterable[str], tools: Iterable[str]) -> tuple[set[str], str]:
    """Which of the host's programs steps find.

    Args:
        kind: of isolation, a name in KINDS.
        programs: names that have to be in PATH.
        tools: names of what has to say its version, too.

    Returns:
        Their names, with COMPILERS and LIBELF, and what the compilers said.

    Raises:
        RuckusError: when nothing runs there.
    """
    script = f"""
        for name in {shlex.join(programs)}; do command -v "$name" >/dev/null 2>&1 && echo "found $name"; done
        for name in {shlex.join(tools)}; do "$name" --version >/dev/null 2>&1 && echo "found $name"; done
        cd files && cp * ../out/ && cd ../out
        {_WITH_ALL}
        {_WITH_LIBELF}
        exit 0
    """
    status, output = trial(kind, script, _PROGRAMS)
    if status != 0:
        raise RuckusError(f"nothing runs where steps do: {output.strip()}", f"tried with --with-isolation={kind}")
    return set(re.findall(r"^found (\S+)$", output, re.MULTILINE)), output


def main(arguments: list[str]) -> int:
    """Print what was found, in one line; what was said goes to standard error."""
    kind, *names = arguments
    middle = names.index("--")
    try:
        answer, output = found(kind, names[:middle], names[middle + 1 :])
    except RuckusError as error:
        print(f"configure: error: {error.message}\n  {error.hint}", file=sys.stderr)
        return 1
    print(output, file=sys.stderr)
    print(" ".join(sorted(answer)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
