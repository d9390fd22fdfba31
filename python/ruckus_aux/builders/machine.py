# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of builder can do, what is written down before a machine starts, and what comes home from it."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from ruckus_aux.builders.reach import Reach
from ruckus_aux.builders.record import Record, read_machine_record
from ruckus_aux.builders.state import Clock, Guest, Patience, Watched
from ruckus_aux.host.root import Command, Root
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.plan import Step
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.paths import START
from ruckus_aux.words.records import read_record

IMAGE = "disk.ext4"  # in a builder's folder
RUCKUS_WORDS = "ruckus_words"  # of Start.more: about the device with Ruckus, for `start` in guest/


@dataclass(frozen=True)
class Start:
    """All that a restarted Ruckus has to know about a machine: written before it starts, removed when it is settled.

    arch: of its system. run: a UUID, which the runner puts into its records.
    began: seconds since 1970. vcpus: virtual processors. memory: MiB.
    auto: whether it builds at once, and powers off at the end; else somebody logs in.
    steps: what it builds: keys by names of steps, each after what it needs.
    more: what only its kind knows, such as the accelerator or the dom0. by: the run of this host's that starts it.
    goes_on: whether there is more to build, in a next machine, whose system has what this one makes.
    """

    arch: str
    run: str
    began: float
    vcpus: int
    memory: int
    auto: bool
    steps: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    goes_on: bool = False

    def write(self, folder: Path) -> None:
        """Write it down in a builder's folder, so that it outlives us and a power cut."""
        write_whole(folder / START, json.dumps(asdict(self), indent=1), lasting=True)

    def words(self, device: str) -> list[str]:
        """What its kernel's command line says to `start` in guest/; device: of results, as the machine calls it."""
        words = kernel_words(device, self.run, str(self.vcpus), auto=self.auto)
        return [*words, *self.more.get(RUCKUS_WORDS, "").split()]

    def patience(self, usual: Patience) -> Patience:
        """How long its machine may take, as a rule so long: one that does not build at once waits for somebody."""
        return usual if self.auto else replace(usual, start=math.inf)

    def watch(self, now: float) -> Watched:
        """What is known of its machine, when nobody has looked at it yet; now: in seconds of a monotonic clock."""
        begun = now - max(0.0, time.time() - self.began)
        return Watched(self.run, Clock(now, begun, beat=now, moved=now, asked=now))


def kernel_words(device: str, run: str, jobs: str, *, auto: bool) -> list[str]:
    """What a machine's kernel is told for `start` in guest/.

    Args:
        device: Of results, as the machine calls it.
        run: A Start's.
        jobs: How many at a time.
        auto: Whether it builds at once.
    """
    words = [f"ruckus.result={device}", f"ruckus.run={run}", f"ruckus.jobs={jobs}"]
    return [*words, "ruckus.stage2=auto"] if auto else words


def read_start(folder: Path) -> Start | None:
    """What was written down in a builder's folder; None when no machine was started there.

    Raises RuckusError when the file can't be read.
    """
    path = folder / START
    try:
        return read_record(Start, path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise RuckusError(f"{path}: {error}", f"if no machine runs, remove it: rm {path}") from error


def forget_start(folder: Path) -> None:
    """Remove what was written down: the machine is settled."""
    (folder / START).unlink(missing_ok=True)


class Sight(NamedTuple):
    """What is seen of a machine at a moment: itself, and the first RECORD_SIZE bytes of its results device."""

    guest: Guest
    record: bytes = b""

    def read(self) -> Record | None:
        """The record that it shows."""
        return read_machine_record(self.record)


@dataclass
class Harvest:
    """What came home.

    made: steps whose artifacts are in the store now. failed: steps whose logs say that they failed.
    problems: what was refused, and why.
    """

    made: list[Step] = field(default_factory=list)
    failed: list[Step] = field(default_factory=list)
    problems: Mistakes = field(default_factory=Mistakes)


class Image(Protocol):
    """The disk that a machine starts with; disks.py makes it."""

    image: Path

    def make(self, start: Start) -> str:
        """Make it, and return what tells it from others."""

    def size(self, start: Start) -> int:
        """Bytes that the disk is to have; where the image is smaller, its file system grows."""

    def results_size(self, start: Start) -> int:
        """Bytes."""

    def remove(self) -> None:
        """Remove it."""


class Lender(Protocol):
    """What domains get the device with Ruckus from; ruckus_device.py has it."""

    @property
    def words(self) -> str:
        """For the kernel's command line; "" when there is no such device."""

    def lend(self, access: Root, arch: str) -> str:
        """Lend it; returns what the domain gets."""

    def take_back(self, access: Root, lent: str) -> None:
        """Take it back."""

    def lent_path(self, arch: str) -> str:
        """What `lend` returns, as far as that is known before."""

    def commands(self, arch: str) -> Iterator[Command]:
        """What root does for that."""


class Disk(NamedTuple):
    """A machine's disk: an image file of this user's, or a device, which `root` may mount."""

    path: str
    root: Root | None = None


class Builder(Protocol):
    """One machine, for one build directory; whatever may take long has a time limit of its own.

    A machine goes on when Ruckus ends, and is known by its Start record to the next one. `look` alone is called all
    the time; what a machine has done is read from its results device when it has ended.
    """

    @property
    def name(self) -> str:
        """As people call it: its architecture, and where it is, if that is not here."""

    @property
    def kind(self) -> str:
        """As --builder calls it."""

    @property
    def group(self) -> str:
        """Builders of one group are asked one after the other: those on one host."""

    @property
    def folder(self) -> Path:
        """Where everything of it is kept on this host: its Start record, and what its console says."""

    def check(self, start: Start) -> None:
        """Raise RuckusError, with the way out, when the machine can't be started; nothing is changed."""

    def start(self, start: Start) -> None:
        """Put its disks together, and start it; returns when it runs. The Start record is written in between.

        Raises RuckusError when it can't be started; nothing of it runs then.
        """

    def look(self) -> Sight:
        """What is seen of it now; what can't be asked is a Guest of power "unknown", and no error."""

    def stop(self) -> None:
        """Switch it off, whatever it does. What its disk has stays, and `start` continues with it."""

    def results(self) -> AbstractContextManager[BinaryIO]:
        """Its results device, from the beginning, when it has ended."""

    def disk(self) -> Disk:
        """Its disk, whether it runs or not, to be read; RuckusError when it has none, or none that is here."""

    def settle(self, *, keep: bool) -> None:
        """Give back what was lent to it, and remove what only a running machine needs; its Start record last.

        keep: whether its disk has what is not at home yet, for the next start to continue with.
        """

    def last_words(self) -> str:
        """The end of what its console said."""

    def reach(self) -> Reach | None:
        """How it is reached over ssh while it runs; None when there is no way."""

    def shell(self) -> int:
        """Let the user have a shell in it, on this terminal; returns the exit status."""

    def watch_console(self) -> int:
        """Show its console on this terminal, until the user has enough; returns the exit status."""
