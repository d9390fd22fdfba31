# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobserver of the make that runs us, handed on to the makes inside a step.

See "Sharing Job Slots with GNU make" in the GNU make manual. A step is itself a job of that make and holds its own
slot; what its makes need beyond that, they take from the pool. So no step ever says -j.
"""

import array
import fcntl
import os
import re
import stat
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_LOOKS, _PAUSE = 5, 0.05  # how often the pool is counted before something is done about it, and seconds between


@dataclass(frozen=True)
class Jobserver:
    """A pool that a child can join; an empty one when make runs without, or can't reach us.

    makeflags: for the child's environment.
    descriptors: of a pipe, to be inherited by the child.
    fifo: the named pipe of make 4.4 and later, to be visible to the child.
    """

    makeflags: str = ""
    descriptors: tuple[int, ...] = ()
    fifo: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a child's environment needs to join the pool."""
        return {"MAKEFLAGS": self.makeflags} if self.makeflags else {}


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def from_makeflags(makeflags: str) -> Jobserver:
    """The pool that a MAKEFLAGS variable names.

    make closes the descriptors of a recipe that is not marked `+`, and their numbers may since have been given to
    other files, which a make inside would then read and write: they are used only if they are pipes.
    """
    words = makeflags.partition(" -- ")[0].split()
    auth = next((word for word in reversed(words) if re.match(r"--jobserver-(auth|fds)=", word)), "")
    kept = " ".join(word for word in words if re.fullmatch(r"-j\d*", word))
    value = auth.partition("=")[2]
    if value.startswith("fifo:"):
        fifo = Path(value.removeprefix("fifo:"))
        return Jobserver(f"{kept} {auth}".strip(), fifo=fifo) if _is_fifo(fifo) else Jobserver()
    match = re.fullmatch("([0-9]{1,9}),([0-9]{1,9})", value)
    if not match:
        return Jobserver()
    descriptors = (int(match[1]), int(match[2]))
    if not all(_is_pipe(descriptor) for descriptor in descriptors):
        return Jobserver()
    return Jobserver(f"{kept} {auth}".strip(), descriptors)


def _is_fifo(path: Path) -> bool:
    try:
        return path.is_fifo()
    except OSError:  # a name too long, a folder that is not ours
        return False


def only_asks(environment: Mapping[str, str]) -> bool:
    """Whether make was called with -n, -q or -t: it still runs lines marked `+`, which must then do nothing."""
    return bool(set("nqt") & set(flags(environment)))


def flags(environment: Mapping[str, str]) -> str:
    """The single-letter options that make was called with, such as "kn" for -k -n."""
    first = environment.get("MAKEFLAGS", "").partition(" ")[0]
    return "" if first.startswith("-") or "=" in first else first


def lost(pool: Jobserver, make: int) -> int:
    """How many of a pool's tokens are gone with makes that were killed, as it is known while no script runs.

    Each step that make has started holds a token, but for one, which has the slot of make itself; all others are in
    the pipe, or lost. The least of some looks counts: make may have taken a token, and not started the step yet.

    Args:
        pool: of the run.
        make: the process that has started the steps; a pool that it shares with others can't be counted.

    Raises:
        OSError, psutil.Error: when that process, or the pool, can't be looked at.
    """
    size = re.search(r"-j(\d+)", pool.makeflags)
    if size is None or "--jobserver-" in psutil.Process(make).environ().get("MAKEFLAGS", ""):
        return 0
    least = int(size[1])
    for look in range(_LOOKS):
        if look:
            time.sleep(_PAUSE)
        least = min(least, int(size[1]) - _free(pool) - len(psutil.Process(make).children()))
        if least <= 0:
            return 0
    return least


def put_back(pool: Jobserver, tokens: int) -> None:
    """Return lost tokens to a pool.

    Args:
        pool: Where they were lost.
        tokens: How many.

    Raises:
        OSError: The pool can't be written to.
    """
    with _end(pool, os.O_WRONLY) as descriptor:
        os.write(descriptor, b"+" * tokens)


def _free(pool: Jobserver) -> int:
    """The tokens that are in the pool now."""
    found = array.array("i", [0])
    with _end(pool, os.O_RDONLY) as descriptor:
        fcntl.ioctl(descriptor, termios.FIONREAD, found)
    return found[0]


@contextmanager
def _end(pool: Jobserver, mode: int) -> Iterator[int]:
    """One end of a pool's pipe."""
    if pool.fifo is None:
        yield pool.descriptors[mode == os.O_WRONLY]
        return
    descriptor = os.open(pool.fifo, mode | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
