# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of Ruckus that runs as root: the commands that there are, and how they are run.

A command is a tuple of words, made by one of the functions here and by nothing else, so that what `invoke verify-sudo`
asks for and what a build runs are the same words. They are run through `sudo -n`, which never asks for a password, or
as they are when this process is root's; each is written into the journal with its exit status.
"""

import math
import os
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import sarge

from ruckus_aux.host import mounts
from ruckus_aux.host.commands import run
from ruckus_aux.host.hosts import ENVIRONMENT, PATH, Host, gave_up, not_found
from ruckus_aux.host.signals import held_back, let_through
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command

Command = tuple[str, ...]

_LOOK = 0.1  # seconds between two looks at whether data moves


class Shape(str):
    """A word of a command that is not known beforehand: its text is its form, as a sudoers glob without any `*`.

    sample: a word of this form.
    """

    sample: str

    def __new__(cls, glob: str, sample: str) -> "Shape":
        """Make one."""
        word = super().__new__(cls, glob)
        word.sample = sample
        return word


def program(name: str) -> str:
    """The absolute path of one of root's programs on this machine; RuckusError when it is not installed."""
    path = shutil.which(name, path=PATH)
    if path is None:
        raise not_found(name)
    return path


class Here:
    """This machine."""

    name = "this machine"

    @property
    def by_root(self) -> bool:
        """Whether we are root."""
        return os.geteuid() == 0

    def program(self, name: str) -> str:  # noqa: D102 - as Host says; so for the others
        return program(name)

    def same_file(self, path: str, other: str) -> bool:  # noqa: D102
        return mounts.same_file(path, other)

    def run(self, words: Sequence[str], *, text: bytes = b"", limit: float = math.inf) -> tuple[int, str]:  # noqa: D102
        until = time.monotonic() + limit

        def watch() -> None:
            if time.monotonic() > until:
                raise gave_up(words, limit, "here")

        return run(
            words, env=ENVIRONMENT, check=False, detached=True, text=text, watch=watch if limit < math.inf else None
        )

    def pipe(  # noqa: D102
        self, words: Sequence[str], *, source: BinaryIO | None = None, target: BinaryIO, limit: float = math.inf
    ) -> tuple[int, str]:
        complaints = sarge.Capture()
        job = sarge.Command(list(words), stdout=target, stderr=complaints, env=ENVIRONMENT)
        with open(os.devnull, "rb") as nothing:
            try:
                job.run(input=source or nothing, async_=True)
            except ValueError as error:  # sarge's way of saying that there is no such command
                raise not_found(words[0]) from error
        try:
            _wait(job, lambda: (_position(source), _position(target)), gave_up(words, limit, "here"), limit)
        except BaseException:
            job.kill()
            raise
        status = int(job.wait())
        complaints.close()
        return status, complaints.bytes.decode(errors="replace")


def _position(file: BinaryIO | None) -> int:
    """Where a file's descriptor is, which a child shares; 0 for a pipe."""
    with suppress(OSError):
        return os.lseek(file.fileno(), 0, os.SEEK_CUR) if file else 0
    return 0


def _wait(job: sarge.Command, position: Callable[[], object], error: RuckusError, limit: float) -> None:
    """Wait for a command while data moves."""
    last, since = position(), time.monotonic()
    while job.process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            job.process.wait(_LOOK)
        if (now := position()) != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > limit:
            raise error


HERE = Here()


def as_command(name: str, *words: str | Path, at: Host = HERE) -> Command:
    """A command of root's.

    Args:
        name: Its program.
        words: Its arguments.
        at: The machine that it is for.

    Raises:
        RuckusError: The program is not installed there.
    """
    return (at.program(name), *(word if isinstance(word, str) else str(word) for word in words))


def only_roots(folder: Path, user: int = 0) -> None:
    """Make sure that only root can replace what is in a folder: anyone else could redirect root's commands.

    Args:
        folder: The folder. It and each link and folder on the way to it are checked; root will create what is missing.
        user: Another user who may do so, because root does only what this user wants there.

    Raises:
        RuckusError: It is writable by others.
    """
    for path, name in _on_the_way_to(folder):
        if not path.exists():
            return
        status = path.stat()
        others = status.st_mode & 0o022 and not (status.st_mode & stat.S_ISVTX and _owner(path, name) in (0, user))
        if status.st_uid not in (0, user) or others:
            raise RuckusError(f"{path} can be changed by others than root", "who would lead root elsewhere with links")


def _owner(folder: Path, name: str) -> int | None:
    """The owner of a folder's entry: in a sticky folder such as /tmp, only they can replace it."""
    path = folder / name
    return path.lstat().st_uid if name and os.path.lexists(path) else None


def _on_the_way_to(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folders in which the kernel looks up names of a path, links followed, each with the name; "" in the last."""
    here, names = Path("/"), list(folder.parts[1:])
    for _ in range(256):  # then it is a circle of links
        yield here, names[0] if names else ""
        if not names:
            return
        here, link = here / names.pop(0), here
        if here.is_symlink():
            names = [*here.readlink().parts, *names]
            here = link
            if names[0] == "/":
                here, names = Path("/"), names[1:]
        elif here.name == "..":
            here = here.parent.parent
    raise RuckusError(f"{folder}: too many levels of symbolic links", "give the folder that it leads to")


@dataclass(frozen=True)
class Rooted:
    """A command that ran as root.

    time: when it began, in seconds since 1970. output: its end, when the exit status is not 0.
    """

    run: str
    time: float
    command: str
    status: int
    output: str = ""


class Recorder(Protocol):
    """What remembers the commands that ran as root, and more: the journal."""

    path: Path

    def add(self, row: Any) -> None:  # noqa: ANN401 - rows are of many kinds
        """Record a row."""

    def rows(self, kind: type[Any], run: str = "") -> list[Any]:
        """The rows of a kind, all or those of one run.

        Args:
            kind: The class of the rows.
            run: The name of the run; "" for all.
        """


@dataclass(frozen=True)
class Root:
    """Who runs commands as root.

    journal: of all that was run as root. name: of the run that they belong to.
    dry: print the commands that change something, instead of running them.
    sudo: whether they need root at all. host: the machine that they run on.
    """

    journal: Recorder
    name: str
    dry: bool = False
    sudo: bool = True
    host: Host = HERE

    def ordinary(self) -> "Root":
        """The same without root's rights."""
        return replace(self, sudo=False)

    def run(self, command: Command, *, check: bool = True, text: bytes = b"") -> tuple[int, str]:
        """Run a command that changes something; in a dry run, print it.

        Ctrl-C waits for commands of root's, and stops others.

        Args:
            command: Its words.
            check: Whether an exit status other than 0 is an error.
            text: What it reads.

        Returns:
            Its exit status, and what it printed.

        Raises:
            RuckusError: It failed, with `check`.
        """
        if self.dry:
            print(f"{self._where}{shlex.join(self._words(command))}")
            return 0, ""
        return self.ask(command, check=check, text=text)

    def ask(self, command: Command, *, check: bool = True, text: bytes = b"") -> tuple[int, str]:
        """Run a command that changes nothing, even in a dry run.

        Args:
            command: Its words.
            check: Whether an exit status other than 0 is an error.
            text: What it reads.

        Returns:
            Its exit status, and what it printed.

        Raises:
            RuckusError: It failed, with `check`.
        """
        started = time.time()
        words = self._words(command)
        with held_back() if self.sudo else let_through():
            status, output = self.host.run(words, text=text)
            if self.sudo and not self.dry:  # a dry run leaves no trace
                said = output.strip()[-500:] if status else ""
                self._record(Rooted(self.name, started, f"{self._where}{shlex.join(command)}", status, said))
        if check and status != 0:
            tail = "\n".join(output.strip().splitlines()[-10:])
            if output.startswith("sudo:"):
                tail += f"\nsee which commands sudo has to allow: {invoke_command('verify-sudo')}"
            raise RuckusError(f"{self._where}'{shlex.join(words)}' failed with exit status {status}", tail)
        return status, output

    @property
    def _where(self) -> str:
        return "" if self.host is HERE else f"{self.host.name}: "

    def _words(self, command: Command) -> list[str]:
        return as_root(command, self.host) if self.sudo else list(command)

    def _record(self, row: Rooted) -> None:
        try:
            self.journal.add(row)
        except (RuckusError, OSError) as error:  # what was done matters more
            print(f"ruckus: warning: {self.journal.path}: {error}; ran: {row.command}", file=sys.stderr)


def as_root(command: Sequence[str], host: Host = HERE) -> list[str]:
    """The words that run a command as root; sudo never asks for a password, and takes no other user for root.

    Args:
        command: Its words.
        host: Where it runs.
    """
    return list(command) if host.by_root else ["sudo", "-n", "-u", "root", *command]
