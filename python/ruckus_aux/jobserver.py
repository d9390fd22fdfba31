"""The jobserver of the make that runs us, handed on to the makes inside a step.

See "Sharing Job Slots with GNU make" in the GNU make manual. A step is itself a job of that make and holds its own
slot; what its makes need beyond that, they take from the pool. So no step ever says -j.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
        return Jobserver(f"{kept} {auth}".strip(), fifo=fifo) if fifo.is_fifo() else Jobserver()
    match = re.fullmatch("([0-9]{1,9}),([0-9]{1,9})", value)
    if not match:
        return Jobserver()
    descriptors = (int(match[1]), int(match[2]))
    if not all(_is_pipe(descriptor) for descriptor in descriptors):
        return Jobserver()
    return Jobserver(f"{kept} {auth}".strip(), descriptors)


def only_asks(environment: Mapping[str, str]) -> bool:
    """Whether make was called with -n, -q or -t: it runs lines marked `+` all the same, and they must do nothing."""
    return bool(set("nqt") & set(flags(environment)))


def flags(environment: Mapping[str, str]) -> str:
    """The single-letter options that make was called with, such as "kn" for -k -n."""
    first = environment.get("MAKEFLAGS", "").partition(" ")[0]
    return "" if first.startswith("-") or "=" in first else first
