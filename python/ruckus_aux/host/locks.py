# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks between processes: held while a file descriptor is open, so they end with their process, however it ends."""

import errno
import fcntl
import hashlib
import json
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psutil

from ruckus_aux.host.commands import user_name
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command

PATIENCE = 2.0  # seconds that are waited without a word
_NOTE = 1 << 16  # characters of a note that are read
NONE = -1  # no descriptor
POLL = 1.0  # seconds between two looks at whether a lock is free by now, at most


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as it has noted in the lock's file.

    what: the step or the like that it works on, folder: the build directory.
    pid, host, space: its process, on which machine, in which PID namespace.
    """

    what: str
    folder: str
    pid: int
    host: str
    space: str

    def __str__(self) -> str:
        text = f"process {self.pid} on {self.host} has {self.what} in {self.folder}"
        if (self.host, self.space) == _here():
            try:
                if psutil.Process(self.pid).status() == psutil.STATUS_STOPPED:
                    text += f", which is stopped; it goes on with: kill -CONT {self.pid}"
            except psutil.NoSuchProcess:
                text += ", which is gone; something that it has started still runs"
        return "".join(letter if letter.isprintable() else "?" for letter in text)


def _here() -> tuple[str, str]:
    """This machine, and this process's PID namespace."""
    with suppress(OSError):
        return socket.gethostname(), os.readlink("/proc/self/ns/pid")
    return socket.gethostname(), ""


@contextmanager
def held(path: Path, what: str = "", folder: Path | None = None) -> Iterator[int]:
    """Hold the lock that a file stands for, after waiting for the process that holds it now (flock(2)).

    Yields its descriptor: a child that inherits it keeps the lock when we are killed. The holder may remove the file.

    Args:
        path: The file, which is created.
        what: What it is held for, such as a step. While it waits, a line names the holder; those who wait for us print
            this.
        folder: The build directory of that.
    """
    with _locked(path, what) as file:
        if what:
            with suppress(OSError):  # nobody needs it but who waits
                path.write_text(json.dumps(asdict(Holder(what, str(folder), os.getpid(), *_here()))))
        yield file.fileno()


def _locked(path: Path, what: str) -> TextIO:
    """Open a file and lock it, which may take long."""
    began, pause, said = time.monotonic(), 0.005, ""
    flags = os.O_RDONLY  # a step's script inherits it, and has nothing to write there
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            file = stack.enter_context(_opened_with(path, flags))
            try:
                while not _try(file):
                    if what and time.monotonic() - began > PATIENCE and (other := holder(file)) != said:
                        print(f"  WAITING  {what}: {other}", flush=True)
                        said = other
                    time.sleep(pause)
                    pause = min(POLL, 2 * pause)
            except OSError as error:
                if error.errno != errno.EBADF or flags == os.O_RDWR:
                    raise
                flags = os.O_RDWR  # NFS locks what can be written to, no other
                continue
            if _stands_for(file, path):
                stack.pop_all()
                return file


def _opened_with(path: Path, flags: int) -> TextIO:
    return open(path, opener=lambda name, _: os.open(name, flags | os.O_CREAT | os.O_CLOEXEC, 0o666))


def _try(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stands_for(file: TextIO, path: Path) -> bool:
    """Whether a lock's file still has its path: whoever held it may have removed it."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    return False


def holder(file: TextIO) -> str:
    """Who holds a lock, in words."""
    try:
        file.seek(0)
        return str(Holder(**json.loads(file.read(_NOTE))))
    except (OSError, ValueError, TypeError):
        return f"another process holds {file.name}"


@contextmanager
def try_held(path: Path) -> Iterator[int | None]:
    """Hold a lock if nobody else does; yields its descriptor as `held` does, or None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        yield file.fileno() if _try(file) and _stands_for(file, path) else None


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock that a file stands for; the file may be missing, and is not created."""
    try:
        with path.open() as file:
            return _try(file)
    except FileNotFoundError:
        return True


@dataclass(frozen=True)
class Named:
    """A lock on a device or another thing that several users and build folders may want.

    Its file can bear a note that outlives its holder: of something that goes on when Ruckus is gone. It is read and
    written through the descriptor, because others may put something else in the file's place at any time.

    descriptor: of the file; NONE when the lock is not held, in a dry run.
    """

    name: str
    descriptor: int = NONE

    @property
    def note(self) -> str:
        """What a holder has noted and not withdrawn; notes of root and of this user only are believed.

        Raises RuckusError when someone else has left a note.
        """
        text = os.pread(self.descriptor, _NOTE, 0).decode(errors="replace").strip()
        owner = os.fstat(self.descriptor).st_uid
        if text and owner not in (0, os.getuid()):
            raise RuckusError(
                f"{lock_file(self.name)}: {user_name(owner)} has noted there: {text}",
                "let that user go on, or root remove it",
            )
        return text

    def way_out(self, folder: Path) -> str:
        """The command that undoes what a note is about; folder: of the build."""
        return invoke_command("volume-release", f"--build-dir={folder}", f"--device={self.name}")

    def write(self, note: str) -> None:
        """Leave a note, or withdraw it by an empty one."""
        try:
            with Path(f"/proc/self/fd/{self.descriptor}").open("w") as file:
                file.write(f"{note}\n" if note else "")
        except OSError as error:
            raise RuckusError(
                f"{lock_file(self.name)}: {error.strerror}",
                "it is another user's: let that user go on, or root remove it",
            ) from error


@contextmanager
def named(name: str) -> Iterator[Named]:
    """Hold the lock on a thing that is known by its name.

    A detached command that is run meanwhile (commands.run) holds it, too: until it ends, should we be killed.
    Raises RuckusError at once when another process holds it.
    """
    path = lock_file(name)
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise RuckusError(f"another Ruckus process is working with {name}", f"who: fuser -v {path}") from error
    os.set_inheritable(descriptor, True)
    try:
        yield Named(name, descriptor)
    finally:
        os.close(descriptor)


def note_on(name: str) -> str:
    """What is noted on a thing, whoever holds its lock; "" when nothing is. Raises RuckusError as Named.note does."""
    path = lock_file(name)
    if not os.path.lexists(path):
        return ""
    descriptor = _opened(path)
    try:
        return Named(name, descriptor).note
    finally:
        os.close(descriptor)


def lock_file(name: str) -> Path:
    """The file that stands for a thing, the same for all users of a machine."""
    readable = re.sub("[^A-Za-z0-9_.+-]", "-", name)[-80:].strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return _folder() / f"ruckus-{readable}-{digest}.lock"


def _folder() -> Path:
    """A folder that all users may write to; /run/lock is such a one on some distributions, and root's on others."""
    locks = Path("/run/lock")
    return locks if locks.is_dir() and locks.stat().st_mode & 0o1002 == 0o1002 else Path("/tmp")


def _opened(path: Path) -> int:
    """A descriptor of a file in a folder of all users; one of another user may be locked, but not written.

    Raises RuckusError when something else has its name, such as a link, or a second name of a file elsewhere.
    """
    try:
        with suppress(FileExistsError):
            made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            os.fchmod(made, 0o644)  # whatever the umask is
            os.close(made)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would let us wait
    except OSError as error:
        raise RuckusError(f"{path}: {error.strerror}", "let root see what it is, and remove it") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(descriptor)
        raise RuckusError(f"{path} is not a plain file", "let root see what it is, and remove it")
    return descriptor
